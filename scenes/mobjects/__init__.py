"""Primitives of the lecture: words, tokens, tensors, bars, formulas and diagrams that know their sources."""
