"""Generate tokens from a model: greedy, sampling, beam search, with a KV cache."""
