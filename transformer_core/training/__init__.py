"""Train a model: batches of token ids, the training loop, and a state from which it resumes to the bit."""
