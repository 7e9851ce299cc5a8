"""The tree of a beam search adds up, and holds what was kept and what was given up."""

import pytest
import torch
from core_models import error, model, paddings, sentences

from transformer_core.decoding.beam import _Search, beam
from transformer_core.decoding.sampling import greedy, sample
from transformer_core.tracing.tap import record

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
    for width in (0, 7):
        with pytest.raises(ValueError, match=rf"^no beam of width {width} over a vocabulary of 13 words$"):
            searched(width=width)
    assert {len(tree.hypotheses) for tree in searched(width=6)[1]} == {6}


@pytest.mark.usefixtures("_unchecked")
def test_another_word_for_when_to_stop_is_refused():
    with pytest.raises(ValueError, match=r'^no beam ends "Never": it ends when full, likely, never$'):
        searched(early="Never")


def test_without_a_wish_four_beams_write_at_most_64_tokens_with_a_cache_and_stop_when_nothing_better_is_likely():
    watched = model(max_positions=80)
    source, _ = sentences(batch=1)
    with record(only=["step.*.decoder.0.resid_pre"]) as tape:
        (tree,) = beam(watched, source, START, -1)
    assert int(tree.step.max()) == len(tape) == 64
    assert {tensor.shape[:2] for tensor in tape.values()} == {(4, 1)}
    with record(only=["step.*.decoder.0.resid_pre"]) as tape:
        beam(watched, source, START, -1, longest=3, cached=False)
    assert [tensor.shape[:2] for tensor in tape.values()] == [(4, 1), (4, 2), (4, 3)]
    free = searched(end=-1, width=4)[1]
    ends = {int(tree.token[tree.branch(tree.hypotheses[0])][1]) for tree in free}
    runs = {}
    for early, penalty in ((None, None), ("full", 1.0), ("likely", 1.0), ("never", 1.0), ("likely", 3.0)):
        wishes = {} if early is None else {"early": early, "length_penalty": penalty}
        runs[early, penalty] = [searched(end=end, width=4, longest=9, **wishes)[1] for end in ends]
    told = {key: [[(t.token.tolist(), t.final.tolist()) for t in one] for one in run] for key, run in runs.items()}
    assert told[None, None] == told["likely", 1.0]
    assert all(told[None, None] != told[key] for key in told if key not in {(None, None), ("likely", 1.0)})


def test_the_ids_of_a_hypothesis_end_before_its_end_mark():
    found = 0
    for end in range(13):
        _, trees = searched(end=end)
        for tree in trees:
            for rank, node in enumerate(tree.hypotheses):
                tokens = tree.token[tree.branch(node)].tolist()
                assert tree.ids(rank) == (tokens[:-1] if tokens[-1] == end else tokens)
                found += tokens[-1] == end
    assert found > 0


def test_a_tree_starts_at_its_start_with_nothing_behind_it():
    for dtype in (torch.float32, torch.float64):
        _, trees = searched(watched=model(dtype, norm_order="pre"))
        for tree in trees:
            first = [int(tree.token[0]), int(tree.parent[0]), int(tree.step[0])]
            assert first == [START, -1, 0]
            assert [float(part[0]) for part in (tree.log_prob, tree.score, tree.final)] == [0, 0, 0]
            assert [bool(part[0]) for part in (tree.kept, tree.finished, tree.best)] == [True, False, True]
            # Sums of many steps are held in double precision whatever the model computes in.
            assert tree.score.dtype == tree.final.dtype == torch.float64
            assert tree.best.dtype == torch.bool
            assert not tree.log_prob.requires_grad


def test_no_step_is_computed_once_every_source_is_settled():
    end = int(searched(end=-1)[1][0].token[1])
    with record(only=["step.*.logits"]) as tape:
        _, trees = searched(end=end, early="full", longest=12)
    assert len(tape) == max(int(tree.step.max()) for tree in trees) < 12


def test_what_the_model_holds_to_be_impossible_is_no_hypothesis():
    sure = torch.eye(13, dtype=torch.float64)[END].expand(3 * 3, 1, 13)
    with record(edit={"step.0.probs": lambda _: sure}):
        _, trees = searched(longest=2)
    for tree in trees:
        assert tree.hypotheses == (1,)
        assert tree.ids() == []


def settled(early, worst, best, longest=8, penalty=0.5, steps=4):
    """Return True if a search of two beams ends: 0 and `worst` are finished, `best` and a far lower score go on."""
    search = _Search(torch.zeros(1, dtype=torch.long), 2, END, longest, penalty, early)
    search.finished[0] = torch.tensor([0.0, worst])
    search.score[0] = torch.tensor([best, -50.0])
    return bool(search.settled(steps))


def test_a_search_ends_when_the_best_beginning_can_or_is_thought_to_change_nothing_more():
    nothing = float("-inf")
    # The best beginning is worth -2 / 2 = -1 at its length of now, -2 / sqrt(8) = -0.71 at the longest.
    assert [settled(early, -0.8, -2.0) for early in ("full", "likely", "never")] == [True, True, False]
    assert [settled(early, -0.7, -2.0) for early in ("full", "likely", "never")] == [True, True, True]
    assert [settled(early, -1.1, -2.0) for early in ("full", "likely", "never")] == [True, False, False]
    assert [settled(early, nothing, -2.0) for early in ("full", "likely", "never")] == [False] * 3
    assert settled("likely", -1.0, -2.0)  # as good is no better
    # Where length is a fault, the best that can come is at the length of now: -2 * 2 = -4.
    assert settled("never", -3.9, -2.0, penalty=-0.5)
    assert not settled("never", -4.1, -2.0, penalty=-0.5)
