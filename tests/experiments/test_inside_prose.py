"""The recorded inside of a real language model, against a forward pass of its file in NumPy alone."""

import numpy as np
import pytest

from transformer_core.pretrained.model_packages import PACKAGES
from transformer_core.studies.experiments import inside_prose
from transformer_core.studies.experiments.language_model import HALF, PAIRS, PROMPTS, language_model, repeated
from transformer_core.studies.experiments.parts import areas
from transformer_core.tracing.trace import Trace

EXACT = 2e-3


@pytest.fixture(scope="module")
def run():
    return Trace({}).under("experiment.inside_prose")


def test_what_tells_words_apart_is_a_count_of_pairs():
    units, these = np.random.default_rng(0).normal(size=(9, 4)), np.arange(9) % 3 == 0
    counted = [
        np.mean([units[i, unit] > units[j, unit] for i in np.flatnonzero(these) for j in np.flatnonzero(~these)])
        for unit in range(4)
    ]
    assert areas(units, these[:, None])[:, 0] == pytest.approx(counted)


def test_heads_with_names_are_counted_once_each_and_those_that_rest_are_sinks():
    scores = {
        "sink": np.array([[0.9, 0.9, 0.1, 0.2]]),
        "previous": np.array([[0.0, 0.0, 0.6, 0.1]]),
        "induction": np.array([[0.8, 0.1, 0.0, 0.1]]),
    }
    found = inside_prose.names(scores)
    assert (found["named"].tolist(), int(found["resting"])) == ([2, 1, 1, 1], 1)


class Numpy:
    """A Llama of a GGUF file by its formulas: adjacent pairs are turned, and heads share keys and values."""

    def __init__(self, path):
        gguf = pytest.importorskip("gguf")
        reader = gguf.GGUFReader(path)
        self.w = {t.name: gguf.dequantize(t.data, t.tensor_type).astype(np.float32) for t in reader.tensors}
        self.field = {name: one.contents() for name, one in reader.fields.items() if name.startswith("llama.")}

    def norm(self, x, name):
        eps = self.field["llama.attention.layer_norm_rms_epsilon"]
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + eps) * self.w[name]

    def turned(self, x):
        """Each pair of neighbours by its own angle times the position; x is head × position × d_head."""
        wide = x.shape[-1]
        angles = np.arange(x.shape[1])[:, None] * self.field["llama.rope.freq_base"] ** (-np.arange(0, wide, 2) / wide)
        even, odd = x[..., ::2], x[..., 1::2]
        both = [even * np.cos(angles) - odd * np.sin(angles), even * np.sin(angles) + odd * np.cos(angles)]
        return np.stack(both, -1).reshape(x.shape)

    def read(self, ids):
        """Weights, lengths of values and activations of units of all layers, and the stream before and after each."""
        w, heads, shared = self.w, self.field["llama.attention.head_count"], self.field["llama.attention.head_count_kv"]
        x = w["token_embd.weight"][ids]
        self.weights, self.lengths, self.units, self.stream = [], [], [], [x]
        for layer in range(self.field["llama.block_count"]):
            at = f"blk.{layer}"
            y = self.norm(x, f"{at}.attn_norm.weight")
            q, k, v = (
                (y @ w[f"{at}.attn_{name}.weight"].T).reshape(len(ids), count, -1).swapaxes(0, 1)
                for name, count in (("q", heads), ("k", shared), ("v", shared))
            )
            k, own = np.repeat(self.turned(k), heads // shared, 0), np.repeat(v, heads // shared, 0)
            scores = self.turned(q) @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1])
            scores = np.where(np.tril(np.ones(scores.shape[1:], bool)), scores, -np.inf)
            powers = np.exp(scores - scores.max(-1, keepdims=True))
            weights = powers / powers.sum(-1, keepdims=True)
            x = x + (weights @ own).swapaxes(0, 1).reshape(len(ids), -1) @ w[f"{at}.attn_output.weight"].T
            y = self.norm(x, f"{at}.ffn_norm.weight")
            gate = y @ w[f"{at}.ffn_gate.weight"].T
            units = gate / (1 + np.exp(-gate)) * (y @ w[f"{at}.ffn_up.weight"].T)
            x = x + units @ w[f"{at}.ffn_down.weight"].T
            self.weights.append(weights)
            self.lengths.append(np.linalg.norm(v, axis=-1))
            self.units.append(units)
            self.stream.append(x)
        return self

    def lens(self):
        """Probabilities at the last token, as if each layer were the last."""
        table = self.w.get("output.weight", self.w["token_embd.weight"])
        logits = np.stack([self.norm(x[-1], "output_norm.weight") for x in self.stream]) @ table.T
        powers = np.exp(logits - logits.max(-1, keepdims=True))
        return powers / powers.sum(-1, keepdims=True)


@pytest.fixture(scope="module")
def model():
    if PACKAGES["smollm2"].path is None:
        pytest.skip("smollm2 is not installed: lecture models install smollm2")
    return Numpy(PACKAGES["smollm2"].path)


@pytest.fixture(scope="module")
def ids(model):  # noqa: ARG001 - there are ids only where the model is
    tokenizer = language_model().tokenizer
    return lambda text: list(tokenizer.read(text).ids)


def place(run, name):
    layer, head = (run[name[0]].pick(**{name[1]: name[2]}).values - 1).astype(int)
    return layer, head


def test_every_weight_of_the_wall_is_that_of_the_queries_and_keys(run, model, ids):
    model.read(ids(PAIRS["animal"][0].format("tired")))
    assert np.abs(np.stack(model.weights) - run["wall"].values).max() < EXACT
    layer, head = place(run, ("best_heads", "kind", "induction"))
    assert model.lengths[layer][head // 3] == pytest.approx(run["values"].values, abs=EXACT * 10)


def test_a_name_that_returns_is_found_by_the_heads_that_are_shown(run, model, ids):
    model.read(ids(inside_prose.TWICE))
    for kind, choice in (("induction", "induction"), ("previous token", "previous")):
        layer, head = place(run, ("best_heads", "kind", kind))
        assert np.abs(model.weights[layer][head] - run["twice"].pick(choice=choice).values).max() < EXACT
    assert np.sort(model.lens()[-1])[::-1][: len(run["next"])] == pytest.approx(run["next"].values, abs=EXACT)


def test_the_lens_says_what_the_norm_and_the_table_make_of_each_layer(run, model, ids):
    probs = model.read(ids(PROMPTS["paris"])).lens()
    assert probs.max(-1) == pytest.approx(run["lens_likeliest"].values, abs=EXACT * 5)
    winner, ranks = probs[-1].argmax(), Trace({})["experiment.next_token.lens_rank"].values[0]
    assert ((probs > probs[:, [winner]]).sum(-1) + 1)[-8:].tolist() == ranks[-8:].tolist()


def test_a_unit_is_as_active_as_it_is_shown(run, model, ids):
    layer, unit = run["unit"].values.astype(int) - (1, 0)
    for at, text in enumerate(inside_prose.NEW_TEXTS):
        active = model.read(ids(text)).units[layer][1:, unit]
        assert active == pytest.approx(run[f"unit_text_{at}"].values[1:], abs=EXACT * 5)


def test_it_and_the_last_word_look_where_they_are_shown_to_look(run, model, ids):
    for which, word in zip(("first", "second"), PAIRS["animal"][1:3], strict=True):
        model.read(ids(PAIRS["animal"][0].format(word)))
        for row, query in (("it", -4), ("last", -1)):
            layer, head = place(run, ("look_heads", "row", row))
            assert model.weights[layer][head][query] == pytest.approx(run[f"{row}_{which}"].values, abs=EXACT)


def test_the_loss_of_each_word_is_that_after_the_noun_in_the_place_of_it(run, model, ids):
    words = run["noun_losses"].labels["position"]
    assert words == ("was", "too", "tired")
    table = model.w.get("output.weight", model.w["token_embd.weight"])
    for noun in run["noun_losses"].labels["choice"]:
        text = f"The animal didn't cross the street because the {noun} was too tired"
        row, asking = ids(text), slice(-len(words) - 1, -1)
        logits = model.norm(model.read(row).stream[-1][asking], "output_norm.weight") @ table.T
        largest = logits.max(-1)
        right = logits[range(len(words)), row[-len(words) :]]
        losses = largest + np.log(np.exp(logits - largest[:, None]).sum(-1)) - right
        assert losses == pytest.approx(run["noun_losses"].pick(choice=noun).values, abs=EXACT * 10)
    first, second = run["noun_losses"].pick(position=-1).values
    assert (first < second) == bool(run["taken_right"].pick(sentence="tired"))


def test_what_is_said_for_repeated_tokens_is_what_all_heads_make_likeliest(run, model, ids):  # noqa: ARG001
    row = repeated(language_model(), seed=0)[inside_prose.COPIED].tolist()
    kept = np.arange(HALF)[inside_prose.KEPT]
    asking = HALF - 1 + kept  # the places before the second copies
    model.read(row[: asking[-1] + 1])
    layer, head = place(run, ("best_heads", "kind", "induction"))
    assert model.weights[layer][head][asking, kept] == pytest.approx(run["copied_weight"].values, abs=EXACT)
    table = model.w.get("output.weight", model.w["token_embd.weight"])
    logits = model.norm(model.stream[-1][asking], "output_norm.weight") @ table.T
    assert logits.argmax(-1).tolist() == [row[at] for at in kept]
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    assert 1 / powers.sum(-1) == pytest.approx(run["said_0"].values, abs=EXACT * 5)


def test_the_words_of_time_are_as_many_as_is_said_and_the_new_ones_are_new():
    assert (len(inside_prose.OF_TIME), len(PAIRS)) == (7, 5)
    assert not inside_prose.OF_TIME & inside_prose.NEW_OF_TIME
    assert all(sum(word in text for text in inside_prose.NEW_TEXTS) == 1 for word in inside_prose.NEW_OF_TIME)
