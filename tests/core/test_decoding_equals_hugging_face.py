"""On the same weights, greedy and beam search write what `generate` of Hugging Face writes."""

from itertools import product

import pytest
import torch
from foreign import gpt2, marian

from transformer_core.decoding.beam import beam
from transformer_core.decoding.sampling import before, greedy


@pytest.mark.parametrize(("theirs", "early"), [(True, "full"), (False, "likely"), ("never", "never")])
@pytest.mark.parametrize(("kind", "ends"), [(gpt2, (6, 12)), (marian, (14, 19))])
def test_all_hypotheses_are_those_of_hugging_face_with_their_scores(kind, ends, theirs, early):
    foreign, ours = kind()
    lengths = set()
    random = torch.Generator().manual_seed(0)
    source = torch.randint(3, 23, (4, 5), generator=random)
    source[1, 3:] = 0
    for end, width, penalty in product(ends, (2, 5), (-0.5, 0.0, 0.6, 2.0)):
        wishes = {"num_beams": width, "num_return_sequences": width, "length_penalty": penalty, "max_new_tokens": 12}
        how = wishes | {"early_stopping": theirs, "eos_token_id": end, "pad_token_id": 0, "do_sample": False}
        ids, padding, start = (source, source == 0, 0) if kind is marian else (None, None, source[:, :3])
        given, skip = (source, 1) if kind is marian else (start, 3)
        mask = (source != 0).long() if kind is marian else torch.ones_like(start)
        told = foreign.generate(given, attention_mask=mask, return_dict_in_generate=True, output_scores=True, **how)
        trees = beam(ours, ids, start, end, width, 12, padding, length_penalty=penalty, early=early)
        for at, row in enumerate(told.sequences[:, skip:].tolist()):
            tree, rank = trees[at // width], at % width
            found = tree.token[tree.branch(tree.hypotheses[rank])].tolist()
            assert found == row[: len(found)]
            assert {*row[len(found) :]} <= {0, end}
            # Theirs adds the scores up in float32.
            assert tree.final[tree.hypotheses[rank]].item() == pytest.approx(told.sequences_scores[at].item(), rel=3e-6)
            lengths.add(len(found))
    assert len(lengths) > 3


@pytest.mark.parametrize(("kind", "ends"), [(gpt2, (6, 12)), (marian, (14, 19))])
def test_greedy_writes_what_hugging_face_writes(kind, ends):
    foreign, ours = kind()
    source = torch.randint(3, 23, (6, 4), generator=torch.Generator().manual_seed(1))
    start, skip = (source, 4) if kind is gpt2 else (0, 1)
    written = set()
    for end in ends:
        how = {"eos_token_id": end, "pad_token_id": 0, "max_new_tokens": 12, "do_sample": False, "num_beams": 1}
        told = foreign.generate(source, attention_mask=torch.ones_like(source), **how)[:, skip:].tolist()
        found = greedy(ours, None if kind is gpt2 else source, start, end, 12)
        assert found == [before(end, row) for row in told]
        written |= {*map(tuple, found)}
    assert len(written) > 2
