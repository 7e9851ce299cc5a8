"""Chapters that are no part of the lecture: `lecture compare` makes them of a pair of models."""
