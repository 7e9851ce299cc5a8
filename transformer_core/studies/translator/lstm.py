"""What the lecture compares the Transformer with: a translator made of two LSTMs, without and with attention."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from transformer_core.attention import STREAM
from transformer_core.decoding.sampling import before
from transformer_core.tracing.tap import tap_at

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
        x = tap("embedded", self.embed_src(source_ids) * self.embed_src.embedding_dim**0.5, STREAM)
        if source_padding is None:
            states, last = self.encoder(x)
        else:
            lengths = (~source_padding).sum(1).cpu()
            packed, last = self.encoder(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
            states, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
        return tap("states", states, STATES, x), last

    def decode(
        self, target_ids: Tensor, states: Tensor, last: tuple[Tensor, Tensor], source_padding: Tensor | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The logits after every token of `target_ids`, and the state to go on from."""
        tap = tap_at(f"{self.path}.decoder")
        y = tap("embedded", self.embed_tgt(target_ids) * self.embed_tgt.embedding_dim**0.5, STREAM)
        h, last = self.decoder(y, last)
        own = h = tap("states", h, STATES, y, states)
        if self.w_a is not None:
            scores = self.w_a(h) @ states.mT
            if source_padding is not None:
                scores = scores.masked_fill(source_padding[:, None, :], float("-inf"))
            weights = tap("weights", scores.softmax(-1), "batch query key", own, states)
            h = torch.cat([weights @ states, h], -1)
        logits = F.linear(self.w_c(h).tanh(), self.embed_tgt.weight)
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
