"""The tree of a beam search adds up, and holds what was kept and what was given up."""

import pytest
import torch
from core_models import error, model, paddings, sentences

from transformer_core.beam import beam
from transformer_core.decoding import greedy, sample
from transformer_core.tap import record

START, END = 1, 2
WORDS = tuple(f"w{i}" for i in range(13))


def searched(width=3, end=END, longest=7, watched=None, **choices):
    watched = watched or model(norm_order="pre", tied_output=False)
    source, _ = sentences()
    hidden, _ = paddings(source, source)
    return watched, beam(watched, source, START, end, width, longest, hidden, **choices)


def test_every_score_is_the_sum_that_the_model_gives_to_the_branch():
    watched, trees = searched()
    source, _ = sentences()
    hidden, _ = paddings(source, source)
    for at, tree in enumerate(trees):
        for node in range(1, len(tree.token)):
            ids = torch.tensor([START, *tree.token[tree.branch(node)]])
            logs = watched(source[at : at + 1], ids[None, :-1], hidden[at : at + 1])[0].log_softmax(-1)
            each = logs.gather(-1, ids[1:, None])
            assert tree.score[node].item() == pytest.approx(each.sum().item(), rel=1e-12)
            assert tree.log_prob[node].item() == pytest.approx(each[-1].item(), rel=1e-10, abs=1e-12)


def test_each_step_keeps_the_best_that_do_not_end_and_finishes_the_best_that_do():
    _, trees = searched(length_penalty=0.6)
    for tree in trees:
        for step in range(1, int(tree.step.max()) + 1):
            here = tree.step == step
            assert tree.score[here].tolist() == sorted(tree.score[here].tolist(), reverse=True)
            ends = (tree.token[here] == END) | (step == 7)
            assert tree.finished[here].tolist() == [bool(e) and rank < 3 for rank, e in enumerate(ends)]
            best = [rank for rank, e in enumerate(ends) if not e][:3]
            assert tree.kept[here].nonzero().flatten().tolist() == best
        assert all(tree.kept[parent] for parent in tree.parent[1:])
        assert torch.allclose(tree.final[1:], tree.score[1:] / tree.step[1:].double() ** 0.6, rtol=1e-12)
        finals = tree.final[list(tree.hypotheses)]
        assert finals.tolist() == sorted(tree.final[tree.finished].tolist(), reverse=True)[: len(finals)]
        assert tree.best.nonzero().flatten().tolist() == [0, *tree.branch(tree.hypotheses[0])]
    assert len({tuple(tree.token.tolist()) for tree in trees}) > 1


def test_a_cache_changes_neither_tree_nor_logits():
    runs = []
    for cached in (True, False):
        with record(only=["step.*.logits"]) as tape:
            _, trees = searched(cached=cached, end=-1)
        runs.append((trees, tape))
    (trees, cached), (others, uncached) = runs
    for tree, other in zip(trees, others, strict=True):
        assert torch.equal(tree.token, other.token)
        assert torch.equal(tree.parent, other.parent)
        assert error(tree.score, other.score) <= 1e-12
    assert all(error(cached[name][:, -1], uncached[name][:, -1]) <= 1e-12 for name in cached)


def test_a_beam_of_one_is_greedy_and_scores_as_the_sampler_does():
    watched, trees = searched(width=1, early="full")
    source, _ = sentences()
    hidden, _ = paddings(source, source)
    assert [tree.ids() for tree in trees] == greedy(watched, source, START, END, 7, hidden)
    written = sample(watched, source, START, END, 7, hidden, temperature=0)
    for at, tree in enumerate(trees):
        length = int(tree.step.max())
        assert tree.score[tree.hypotheses[0]].item() == pytest.approx(written.log_prob[at, :length].sum().item())


def test_a_source_among_others_is_searched_as_if_it_were_alone():
    watched, trees = searched()
    source, _ = sentences()
    alone = beam(watched, source[:1], START, END, 3, 7)[0]
    assert torch.equal(alone.token, trees[0].token)
    assert alone.hypotheses == trees[0].hypotheses


def test_the_tree_is_named_along_its_nodes_with_their_words():
    _, (tree, *_) = searched()
    found = tree.tensors(WORDS)
    assert set(found) == {f"beam.{n}" for n in ("token", "parent", "step", "log_prob", "score", "final", "kept",
                                                 "finished", "best", "hypotheses")}  # fmt: skip
    assert found["beam.score"].axes == ("node",)
    assert found["beam.score"].label("node", 0) == "w1"
    winner = found["beam.hypotheses"].pick(rank=0)
    assert found["beam.final"].pick(node=int(winner)) == max(tree.final[tree.finished])


def test_a_width_that_the_vocabulary_cannot_fill_is_refused():
    with pytest.raises(ValueError, match="no beam of width 7"):
        searched(width=7)
