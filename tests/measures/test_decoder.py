import numpy as np
from small import traced

from transformer_core.tracing.trace import NamedTensor

PAIRS = "batch head query key"


def written():
    labels = {"position": ("<start>", "el"), "vocab": ("<end>", "el", "la")}
    probs = np.array([[[0.125, 0.5, 0.375], [0.25, 0.25, 0.5]]])
    return traced(
        {"probs": ("batch position vocab", probs, labels), "logits": ("batch position vocab", np.log(probs), labels)}
    )


def test_the_next_word_is_told_by_its_id_where_pieces_have_one_label_and_the_end_another_name():
    labels = {"position": ("</s>", "…x"), "vocab": ("</s>", "…x", "…x")}
    probs = np.array([[[0.125, 0.5, 0.375], [0.25, 0.25, 0.5]]])
    trace = traced({"probs": ("batch position vocab", probs, labels)})
    trace.tensors["embed_tgt.ids"] = NamedTensor("embed_tgt.ids", np.array([[0, 2]]), ("batch", "position"))
    trace.about["end"] = 0
    assert trace["true_probs"].values.tolist() == [[0.375, 0.25]]


def test_words_that_fit_alike_stand_in_the_order_of_the_vocabulary():
    logits = np.zeros((1, 1, 60))
    logits[..., ::3] = 1
    trace = traced({"logits": ("batch position vocab", logits, {"position": ("<start>",)})})
    assert trace["word_order"].values.tolist() == [[[*range(0, 60, 3), *(w for w in range(60) if w % 3)]]]


def test_without_a_known_end_the_next_word_is_told_by_its_name():
    trace = written()
    trace.tensors["embed_tgt.ids"] = NamedTensor("embed_tgt.ids", np.array([[1, 2]]), ("batch", "position"))
    assert trace["true_probs"].values.tolist() == [[0.5, 0.25]]
