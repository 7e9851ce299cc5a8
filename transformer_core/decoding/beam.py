"""Beam search: several sentences at once, and the whole tree of those that were tried, kept and pruned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal, get_args

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from transformer_core.attention import Cache
from transformer_core.decoding.sampling import before, begin, named, next_probs
from transformer_core.model import Transformer
from transformer_core.tracing.tap import under, unseen
from transformer_core.tracing.trace import NamedTensor

Early = Literal["full", "likely", "never"]


@dataclass(frozen=True)
class Tree:
    """Every prefix of a sentence that a beam search scored, one node each: node 0 is the start, the others follow step
    by step, likeliest first.

    `token` is its last id, `parent` the prefix that it extends (-1 for the start), `step` its number of tokens,
    `log_prob` that of its last token, `score` the sum of log_prob along its branch, `final` the score over
    step^length_penalty. `kept` nodes were to be extended, `finished` ones ended (by the end mark, or at the longest) as
    one of the best; the others were pruned. `best` marks the branch of the winner.
    """

    token: Int[Tensor, " node"]
    parent: Int[Tensor, " node"]
    step: Int[Tensor, " node"]
    log_prob: Float[Tensor, " node"]
    score: Float[Tensor, " node"]
    final: Float[Tensor, " node"]
    kept: Bool[Tensor, " node"]
    finished: Bool[Tensor, " node"]
    best: Bool[Tensor, " node"]
    #: The nodes of the hypotheses that were left at the end, the winner first.
    hypotheses: tuple[int, ...]
    end: int

    def branch(self, node: int) -> list[int]:
        """The nodes from the first token to `node`."""
        return [*self.branch(int(self.parent[node])), node] if node > 0 else []

    def ids(self, rank: int = 0) -> list[int]:
        """The ids of the hypothesis of this rank, without the marks."""
        return before(self.end, self.token[self.branch(self.hypotheses[rank])].tolist())

    def tensors(self, words: Sequence[str], prefix: str = "beam.") -> dict[str, NamedTensor]:
        """Every field along "node", labelled by the word of each node; and `hypotheses`, node numbers along "rank"."""
        labels = {"node": tuple(words[i] for i in self.token.tolist())}
        values = {field.name: getattr(self, field.name) for field in fields(self)[:9]}
        ranks = {"hypotheses": torch.tensor(self.hypotheses)}
        return named(prefix, values, ("node",), labels) | named(prefix, ranks, ("rank",), {})


@torch.no_grad()
def beam(
    model: Transformer,
    source_ids: Int[Tensor, "batch key"] | None,
    start: int | Int[Tensor, "batch query"],
    end: int,
    width: int = 4,
    longest: int = 64,
    source_padding: Bool[Tensor, "batch key"] | None = None,
    cached: bool = True,
    *,
    length_penalty: float = 1.0,
    early: Early = "likely",
) -> list[Tree]:
    """The sentence with the largest Σ_t log p(y_t | y_<t, source) / length^length_penalty that a search over `width`
    prefixes at a time finds; the length counts the end mark.

    At each step the 2·width best continuations of the kept prefixes are candidates. Of the best `width`, those that
    end are finished; the best `width` that do not end are kept. `early` says when to stop, once `width` are finished:
    when "full" at once; when "likely" nothing better comes, that is, if the best prefix, over its length now, is no
    better than the worst finished one; "never" asks the same, over the length that would be best.
    Arguments as for `greedy`. The rows of a recorder's `step.{t}.*` are sources times width.

    Source: Sutskever et al. 2014, section 3.2 (beam search); Wu et al. 2016, section 7 (length normalisation).

    Raises:
        ValueError: as `greedy`; a width that is no number from 1 to half of the vocabulary; another word for `early`.
    """
    if early not in get_args(Early):
        raise ValueError(f'no beam ends "{early}": it ends when {", ".join(get_args(Early))}')
    if not 1 <= width <= model.config.target_vocab // 2:
        raise ValueError(f"no beam of width {width} over a vocabulary of {model.config.target_vocab} words")
    memory, target = begin(model, source_ids, start, source_padding)
    given, cache = target[:, -1], Cache() if cached else None
    if memory is None and cache is not None and target.shape[1] > 1:
        # All beams go on from one text: it is read once for all of them.
        with unseen():
            model.decode(target[:, :-1], cache=cache)
        cache = {path: (k.repeat_interleave(width, 0), v.repeat_interleave(width, 0)) for path, (k, v) in cache.items()}
    target = target.repeat_interleave(width, 0)
    memory, source_padding = (
        None if rows is None else rows.repeat_interleave(width, 0) for rows in (memory, source_padding)
    )
    search = _Search(given, width, end, longest, length_penalty, early)
    for step in range(longest):
        with under(f"step.{step}"):
            probs = next_probs(model, target, memory, source_padding, cache)
        rows, tokens = search.go_on(probs.log())
        target = torch.cat([target[rows], tokens[:, None]], 1)
        if bool(search.over.all()):
            break
        if cache:
            # The rows of one source share its memory: those keys and values stay where they are.
            cache.update({path: (k[rows], v[rows]) for path, (k, v) in cache.items() if ".self_attn" in path})
    return [search.tree(source) for source in range(len(given))]


class _Search:
    """The state of the beams of every source; a row of the model is source · width + beam."""

    def __init__(self, given: Tensor, width: int, end: int, longest: int, penalty: float, early: Early) -> None:
        self.given, self.width, self.end, self.longest, self.penalty, self.early = (
            given, width, end, longest, penalty, early)  # fmt: skip
        batch = len(given)
        # All beams of a source begin alike: at first only one of them counts.
        self.score = torch.full((batch, width), -torch.inf, dtype=torch.float64, device=given.device)
        self.score[:, 0] = 0.0
        self.node = torch.zeros(batch, width, dtype=torch.long, device=given.device)
        self.finished = torch.full_like(self.score, -torch.inf)
        self.finished_node = torch.full_like(self.node, -1)
        self.over = torch.zeros(batch, dtype=torch.bool, device=given.device)
        self.nodes: list[tuple[Tensor, ...]] = []
        self.length = torch.zeros(batch, dtype=torch.long)

    def go_on(self, log_probs: Float[Tensor, "batch vocab"]) -> tuple[Int[Tensor, " batch"], Int[Tensor, " batch"]]:
        """One step: the rows that are extended, and the token that each takes."""
        batch, vocab = len(self.given), log_probs.shape[-1]
        steps = len(self.nodes) + 1
        totals = self.score[..., None] + log_probs.view(batch, self.width, vocab)
        score, at = totals.flatten(1).topk(2 * self.width)
        came_from, token = at // vocab, at % vocab
        rows = came_from + self.width * torch.arange(batch, device=at.device)[:, None]
        numbers = torch.arange(2 * self.width, device=at.device) + 1 + 2 * self.width * (steps - 1)
        ends = token == self.end if steps < self.longest else torch.ones_like(token, dtype=torch.bool)
        wins = ends & (torch.arange(2 * self.width, device=at.device) < self.width) & ~self.over[:, None]

        final = score / steps**self.penalty
        merged = torch.cat([self.finished, final.masked_fill(~wins, -torch.inf)], 1)
        nodes = torch.cat([self.finished_node, numbers.expand(batch, -1)], 1)
        self.finished, best = merged.topk(self.width)
        self.finished_node = nodes.gather(1, best).masked_fill(self.finished.isinf(), -1)

        going, live = score.masked_fill(ends, -torch.inf).topk(self.width)
        kept = torch.zeros_like(ends).scatter(1, live, True) & ~ends
        parent = self.node.gather(1, came_from)
        self.nodes.append((token, parent, log_probs[rows, token], score, final, kept, wins))
        self.length = torch.where(self.over.cpu(), self.length, steps)
        self.score, self.node = going, numbers.expand(batch, -1).gather(1, live)
        self.over |= self.settled(steps)
        return rows.gather(1, live).flatten(), token.gather(1, live).flatten()

    def settled(self, steps: int) -> Bool[Tensor, " batch"]:
        """True for each source whose result no further step can, or is thought to, change."""
        worst = self.finished[:, -1]
        full = worst.isfinite()
        if self.early == "full":
            return full
        hoped = self.longest if self.early == "never" and self.penalty > 0 else steps
        hopeless: Tensor = self.score[:, 0] / hoped**self.penalty <= worst
        return full & hopeless

    def tree(self, source: int) -> Tree:
        """The nodes of one source, up to the step that settled it."""
        columns = [torch.cat([part[source] for part in parts]).cpu() for parts in zip(*self.nodes, strict=True)]
        size = 2 * self.width * int(self.length[source])
        first = (int(self.given[source]), -1, 0.0, 0.0, 0.0, True, False)
        token, parent, log_prob, score, final, kept, finished = (
            torch.cat([torch.tensor([value], dtype=column.dtype), column[:size]])
            for value, column in zip(first, columns, strict=True)
        )
        step = (torch.arange(size + 1) + 2 * self.width - 1) // (2 * self.width)
        hypotheses = tuple(node for node in self.finished_node[source].tolist() if node >= 0)
        best = torch.zeros(size + 1, dtype=torch.bool)
        node = hypotheses[0]
        while node >= 0:
            best[node], node = True, int(parent[node])
        return Tree(token, parent, step, log_prob, score, final, kept, finished, best, hypotheses, self.end)
