"""The command `lecture`: `main` gathers the commands, a file for each group of them."""
