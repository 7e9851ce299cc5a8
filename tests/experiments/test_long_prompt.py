"""A prompt on its way to an answer: the experiment at a tiny size, what the lecture claims, and the model of others."""

import numpy as np
import pytest
import torch

from transformer_core.pretrained.model_packages import PACKAGES
from transformer_core.studies.experiments import long_prompt as experiment
from transformer_core.tracing.trace import Trace

WORDS = 30


@pytest.fixture(scope="module")
def run():
    return Trace({}).under("experiment.long_prompt")


def test_the_pair_that_stands_first_in_the_table_is_merged_first():
    table = {("b", "c"): 1, ("a", "b"): 2, ("a", "bc"): 3, ("c", "d"): 4}
    names, made = experiment.merged("abcd", table)
    assert names == ["a", "b", "c", "d", "bc", "abc"]
    assert made[4:] == [(1, 1, 2), (3, 0, 4)]


def test_surprise_is_minus_the_logarithm_to_base_two_of_what_the_true_token_had(small_decoder):
    ids = torch.tensor([[1, 7, 3, 3, 9]])
    found = experiment.read(small_decoder, ids)
    with torch.no_grad():
        probs = small_decoder(None, ids)[0].softmax(-1)
    assert found["surprise"] == pytest.approx([-np.log2(float(probs[i, ids[0, i + 1]])) for i in range(4)])
    assert found["probs"] == pytest.approx(probs[-1].numpy())
    assert (found["weights"].shape, found["stream"].shape) == ((3, 6, 5), (4, 5, 24))


def test_nothing_before_a_changed_token_moves_and_at_the_input_it_moves_alone(small_decoder):
    one, other = (experiment.read(small_decoder, torch.tensor([[1, 2, word, 4, 5]]))["stream"] for word in (3, 8))
    moved = experiment.apart(one, other)
    assert (moved[:, :2] == 0).all()
    assert (moved[0] > 0).tolist() == [False, False, True, False, False]
    assert (moved[-1, 2:] > 0).all()


def test_what_the_lecture_says_of_the_long_text(run):
    name = int(run["name"])
    labels = run["text_0"].labels["position"]
    assert (labels[name], labels.count("Max"), run["next_0"].labels["step"]) == ("Max", 1, ("Max",))
    assert (run["text_1"].labels["position"][name], run["next_1"].labels["step"]) == ("Charlie", ("Charlie",))
    assert run["best_attention"].largest()[0] == "Max"
    assert run["attention"].largest()[0] == labels[0]
    moved = run["apart"].values
    assert (moved[:, :name] == 0).all()
    assert (moved[-1, name:] > 0).all()
    assert np.flatnonzero(moved[0]).tolist() == [name]
    assert float(run["loss"]) == pytest.approx(run["surprise"].values.mean())
    assert float(run["perplexity"]) == pytest.approx(2 ** float(run["loss"]))


def test_the_head_that_looks_most_at_the_name_works_against_it_and_others_carry_it(run):
    whole, without_one, without_all = run["looking_off"].values
    assert whole == pytest.approx(run["next_0"].values[0], abs=1e-6)
    assert without_one > whole > 2 * without_all
    assert run["heads_off"].values.tolist() == [0, *experiment.OFF]


def test_a_word_is_one_token_and_a_rare_one_is_not(run):
    for which, tokens in ((0, 1), (1, 4)):
        tree = run.under(f"merge_{which}")
        used = {*tree["left"].values.tolist(), *tree["right"].values.tolist()}
        assert len(tree["place"]) - len(used - {-1}) == tokens


def test_the_sentence_is_as_sure_for_what_is_made_up_and_the_name_is_not(run):
    sure = run["sure"].values
    assert abs(sure[0, 0] - sure[1, 0]) < 0.05
    assert sure[0, 1] > 2 * sure[1, 1]
    assert (run["right"].values[5:] == 0).all()
    assert run["right"].values.sum() == float(run["right_count"]) == 4
    recalled = run["recalled"].values[:, 0]
    assert recalled[0] > 100 * recalled[1]
    assert run["bare"].labels["step"] == (experiment.END,)


def test_what_is_listed_in_two_places_is_the_same(run):
    assert run["likely"].values.sum() + float(run["likely_others"]) == pytest.approx(1)
    assert run["likely"].values[0] == pytest.approx(run["next_0"].values[0], abs=1e-5)
    assert run["recalled_first"].values[0] == pytest.approx(run["recalled"].values[0, 0], abs=1e-5)
    assert run["after_is_0"].values[0] == pytest.approx(run["answer_0"].values[5], abs=1e-5)


def test_a_wrong_name_that_is_written_is_said_again(run):
    again = run["named_again"]
    assert again.labels["choice"] == again.labels["rank"] == run["likely"].labels["rank"][:2]
    (right, _), (left, wrong) = again.values
    assert right > wrong > 4 * left
    assert run["told_attention"].largest()[0] == experiment.TOLD_NAME.strip()


def test_what_follows_is_begins_like_a_name_or_does_not():
    assert experiment.is_name(("The", "capital", "is", "Oslo"))
    assert not experiment.is_name(("The", "capital", "is", "a", "city"))
    assert not experiment.is_name(("Il", "Cor"))


def test_names_alone_are_compared(run):
    named = run["named"].values.astype(bool)
    assert [int(half.sum()) for half in np.split(named, 2)] == [4, 3]
    first = [
        run[f"answer_{at}"].values[run[f"answer_{at}"].labels["step"].index("is") + 1] for at in np.flatnonzero(named)
    ]
    assert [np.mean(first[:4]), np.mean(first[4:])] == pytest.approx(run["sure_of_names"].values)


# The same file, read by the library of others.


@pytest.fixture(scope="module")
def theirs():
    path = PACKAGES["smollm2"].path
    if path is None:
        pytest.skip("smollm2 is not installed: lecture models install smollm2")
    transformers = pytest.importorskip("transformers")
    given = {"gguf_file": path.name}
    model = transformers.AutoModelForCausalLM.from_pretrained(
        path.parent, dtype=torch.float32, attn_implementation="eager", **given
    )
    return model.eval(), transformers.AutoTokenizer.from_pretrained(path.parent, **given)


def read(theirs, text):
    model, tokens = theirs
    ids = tokens(text, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        return ids[0], model(ids, output_attentions=True, output_hidden_states=True)


def softmax(row):
    powers = np.exp(row.double().numpy() - float(row.max()))
    return powers / powers.sum()


@pytest.mark.slow
def test_two_readings_are_those_of_transformers(run, theirs):
    seen = [read(theirs, experiment.TEXT.format(name)) for name in experiment.NAMES]
    ids, out = seen[0]
    logits = out.logits[0]
    surprise = [-np.log2(softmax(logits[i])[ids[i + 1]]) for i in range(len(ids) - 1)]
    assert run["surprise"].values == pytest.approx(surprise, abs=2e-3)
    for which, (_, one) in enumerate(seen):
        assert run[f"next_{which}"].values == pytest.approx([softmax(one.logits[0, -1]).max()], abs=1e-4)
    weights = torch.stack(out.attentions)[:, 0, :, -1].numpy()
    assert run["attention"].values == pytest.approx(weights.mean((0, 1)), abs=1e-5)
    layer, head = (int(one) - 1 for one in run["best_head"].values)
    assert run["best_attention"].values == pytest.approx(weights[layer, head], abs=1e-4)
    name = int(run["name"])
    assert weights[:, :, name].max() == pytest.approx(run["best_attention"].values[name], abs=1e-4)
    # The last of their hidden states has been through the norm.
    first, second = (torch.stack(one.hidden_states[:-1])[:, 0].numpy() for _, one in seen)
    moved = np.linalg.norm(first - second, axis=-1) / np.linalg.norm(first, axis=-1)
    assert run["apart"].values[:-1] == pytest.approx(moved, abs=1e-3)


@pytest.mark.slow
def test_merges_and_chats_are_those_of_transformers(run, theirs):
    model, tokens = theirs
    for which, word in enumerate(experiment.MERGED):
        tree = run.under(f"merge_{which}")
        names, used = tree["place"].labels["node"], {*tree["left"].values.tolist(), *tree["right"].values.tolist()}
        roots = [name for node, name in enumerate(names) if node not in used]
        assert sorted(piece.replace("Ġ", "␣") for piece in tokens.tokenize(word)) == sorted(roots)
    asked = [{"role": "user", "content": experiment.QUESTION.format("France")}]
    assert tokens.apply_chat_template(asked, tokenize=False, add_generation_prompt=True) == experiment.chat(
        asked[0]["content"]
    )
    texts = [experiment.chat(*turns) + experiment.BEGUN for turns in (experiment.TOLD, experiment.TOLD[-1:])]
    mary = tokens(experiment.TOLD_NAME)["input_ids"][-1]
    told = [softmax(read(theirs, text)[1].logits[0, -1])[mary] for text in texts]
    assert run["recalled"].values[:, 0] == pytest.approx(told, abs=1e-4)
    for at, country in enumerate((*experiment.CAPITALS, *experiment.INVENTED)):
        start = tokens(experiment.chat(experiment.QUESTION.format(country)), return_tensors="pt")["input_ids"]
        labels = run[f"answer_{at}"].labels["step"]
        out = model.generate(
            start, attention_mask=torch.ones_like(start), max_new_tokens=len(labels), do_sample=False, pad_token_id=0
        )
        said = tokens.decode(out[0, start.shape[1] :])
        assert said.replace(" ", "") == "".join(labels)
