"""The trace of a forward pass: how it is written, and how each of its numbers was made."""
