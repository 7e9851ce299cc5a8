"""A translator made of two LSTMs, without and with attention, to compare with the Transformer."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from transformer_core.attention import STREAM
from transformer_core.decoding.sampling import before
from transformer_core.tracing.tap import Tap, tap_at

STATES = "batch position d_state"
Memory = tuple[Tensor, tuple[Tensor, Tensor]]


class LSTMTranslator(nn.Module):
    """p(target | source) by a chain: h_t, c_t = LSTM(x_t, h_{t-1}, c_{t-1}), over the source, then over the target.

    The decoder starts from the encoder's last state, one vector (and its cell) for the whole sentence. With attention
    every decoder state also takes a blend of all encoder states: out = tanh(W_c [Σ_j softmax_j(h_t W_a e_j) e_j; h_t]).
    The output shares its table with the target embedding, as in the Transformer.

    Sources: Hochreiter and Schmidhuber 1997; Sutskever, Vinyals and Le 2014 (here the source is not reversed);
    attention: Luong, Pham and Manning 2015, equations 5, 7 and 8 ("general").
    """

    def __init__(
        self, source_vocab: int, target_vocab: int, d_model: int, d_state: int, attends: bool, seed: int = 0
    ) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.embed_src, self.embed_tgt = nn.Embedding(source_vocab, d_model), nn.Embedding(target_vocab, d_model)
            self.encoder = nn.LSTM(d_model, d_state, batch_first=True)
            self.decoder = nn.LSTM(d_model, d_state, batch_first=True)
            #: What its tensors are called in a trace.
            self.path = "lstm_with_attention" if attends else "lstm"
            self.w_a = nn.Linear(d_state, d_state, bias=False) if attends else None
            self.w_c = nn.Linear(2 * d_state if attends else d_state, d_model)
            for table in (self.embed_src, self.embed_tgt):
                nn.init.normal_(table.weight, std=d_model**-0.5)

    def forward(
        self,
        source_ids: Tensor,
        target_ids: Tensor,
        source_padding: Tensor | None = None,
        target_padding: Tensor | None = None,  # noqa: ARG002 - the chain runs forward: what comes later is not seen
    ) -> Tensor:
        """The logits after every target token, "batch position vocab"; ids and padding are "batch position"."""
        memory = self.encode(source_ids, source_padding)
        return self.decode(target_ids, memory[0], memory[1], source_padding)[0]

    def encode(self, source_ids: Tensor, source_padding: Tensor | None = None) -> Memory:
        """All states of the source, "batch position d_state", and the last one with its cell."""
        tap = tap_at(f"{self.path}.encoder")
        source_ids = tap("ids", source_ids, "batch position")
        x = tap("embedded", self.embed_src(source_ids) * self.embed_src.embedding_dim**0.5, STREAM, source_ids)
        if source_padding is None:
            states, last = self.encoder(x)
        else:
            lengths = (~source_padding).sum(1).cpu()
            packed, last = self.encoder(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
            states, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
        states = tap("states", states, STATES, x)
        _inside(tap, self.encoder, x, states)
        if tap.wants("last_state", "last_cell"):
            for name, tensor in zip(("last_state", "last_cell"), last, strict=True):
                tap(name, tensor[0], "batch d_state", states)
        return states, last

    def decode(
        self, target_ids: Tensor, states: Tensor, last: tuple[Tensor, Tensor], source_padding: Tensor | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The logits after every token of `target_ids`, and the state to go on from."""
        tap = tap_at(f"{self.path}.decoder")
        target_ids = tap("ids", target_ids, "batch position")
        y = tap("embedded", self.embed_tgt(target_ids) * self.embed_tgt.embedding_dim**0.5, STREAM, target_ids)
        handed = last
        h, last = self.decoder(y, last)
        own = h = tap("states", h, STATES, y, states)
        _inside(tap, self.decoder, y, h, handed)
        if self.w_a is not None:
            q = tap("q", self.w_a(h), "batch query d_head", own)
            if tap.wants("k"):
                tap("k", states[:], "batch key d_head", states)
            scores = tap("scores", q @ states.mT, "batch query key", q, states)
            if source_padding is not None:
                scores = scores.masked_fill(source_padding[:, None, :], float("-inf"))
            weights = tap("weights", scores.softmax(-1), "batch query key", own, states)
            h = torch.cat([tap("z", weights @ states, "batch query d_head", weights, states), h], -1)
        out = tap("out", self.w_c(h).tanh(), STREAM, own)
        logits = F.linear(out, self.embed_tgt.weight)
        return tap("logits", logits, "batch position vocab", own, states), last

    @torch.no_grad()
    def greedy(
        self, source_ids: Tensor, start: int, end: int, longest: int, source_padding: Tensor | None = None
    ) -> list[list[int]]:
        """y_t = argmax p(y | y_<t, source), until `end`; the ids written for each source, without the marks."""
        states, last = self.encode(source_ids, source_padding)
        token = torch.full((len(source_ids), 1), start)
        written, done = [], torch.zeros(len(source_ids), dtype=torch.bool)
        for _ in range(longest):
            logits, last = self.decode(token, states, last, source_padding)
            token = logits.argmax(-1)
            written.append(token)
            done |= token[:, 0] == end
            if bool(done.all()):
                break
        return [before(end, row) for row in torch.cat(written, 1).tolist()]


def _inside(tap: Tap, chain: nn.LSTM, x: Tensor, states: Tensor, handed: tuple[Tensor, Tensor] | None = None) -> None:
    """Tap the gates and cells that `states` were made with: torch keeps none of them.

    i, f, o = sigmoid(x W + h U + b), g = tanh(x W + h U + b), c = f c' + i g, with h and c' of the word before.
    """
    if not tap.wants("states_before", "cells_before", "i", "f", "g", "o", "cells"):
        return
    zero = torch.zeros_like(states[:, :1])
    hidden, cell = (part[0][:, None] for part in handed) if handed else (zero, zero)
    hidden = tap("states_before", torch.cat([hidden, states[:, :-1]], 1), "batch position d_before", states)
    (weight, recurrent, bias, other), *_ = chain.all_weights
    i, f, g, o = (F.linear(x, weight, bias) + F.linear(hidden, recurrent, other)).chunk(4, -1)
    gates = {"i": i.sigmoid(), "f": f.sigmoid(), "g": g.tanh(), "o": o.sigmoid()}
    for name, gate in gates.items():
        tap(name, gate, STATES, x, hidden)
    cells = [cell]
    for at in range(x.shape[1]):
        i, f, g = (gates[name][:, at : at + 1] for name in "ifg")
        cells.append(f * cells[-1] + i * g)
    tap("cells_before", torch.cat(cells[:-1], 1), STATES, x)
    tap("cells", torch.cat(cells[1:], 1), STATES, x)


def parameters_of(model: LSTMTranslator) -> Iterator[tuple[str, Tensor, str]]:
    """Name, tensor and axes of what an LSTM translator has learned; of the two biases of torch, their sum."""
    sides = ("encoder", model.encoder, model.embed_src), ("decoder", model.decoder, model.embed_tgt)
    for side, chain, table in sides:
        yield f"{side}.table", table.weight, "vocab d_model"
        (weight, recurrent, bias, other), *_ = chain.all_weights
        gates = zip("ifgo", weight.chunk(4), recurrent.chunk(4), (bias + other).chunk(4), strict=True)
        for gate, w, u, b in gates:
            yield f"{side}.w_{gate}", w.T, "d_model d_state"
            yield f"{side}.u_{gate}", u.T, "d_before d_state"
            yield f"{side}.b_{gate}", b, "d_state"
    if model.w_a is not None:
        yield "decoder.w_q", model.w_a.weight.T, "d_state d_head"
        yield "decoder.w_c", model.w_c.weight[:, : -model.decoder.hidden_size].T, "d_head d_model"
    yield "decoder.w_h", model.w_c.weight[:, -model.decoder.hidden_size :].T, "d_state d_model"
    yield "decoder.b_c", model.w_c.bias, "d_model"
    yield "decoder.w", model.embed_tgt.weight.T, "d_model vocab"
