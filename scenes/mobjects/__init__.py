"""What the lecture draws with: words, tokens, tensors, bars, formulas and diagrams that know their sources."""
