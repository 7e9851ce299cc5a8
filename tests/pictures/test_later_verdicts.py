"""What chapters 9 to 14 and 16 say hangs on the trace: where the fact is another one, so is the sentence."""

from __future__ import annotations

from walking import SENTENCES, chapters, findings, name_of

CHAPTERS = {name_of(chapter): chapter for chapter in chapters()}


def test_the_numbers_of_a_formula_are_listed_among_what_a_step_showed() -> None:
    record = findings(CHAPTERS["feed_forward"], SENTENCES[0], "dark").records[2]
    shown = {(span.source.name, span.source.index): span.shown for span in record.spans.values()}
    factors = "encoder.0.self_attn.factors"
    assert {index: text for (name, index), text in shown.items() if name.endswith(".factors")} == {
        (0,): "2",
        (1,): "−0.5",
    }, factors
