"""Everything about one sentence: its trace, changed versions of it, and two models compared on it."""
