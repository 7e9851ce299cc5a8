"""Small experiments behind the lecture: each is a seeded function that this repository can rerun."""
