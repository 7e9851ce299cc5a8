"""Transformers against LSTMs: the chapter, and what it alone draws."""

from scenes.chapters.c03_lstm.chapter import AgainstLSTM, verdict_on

__all__ = ["AgainstLSTM", "verdict_on"]
