"""The lecture, one file a chapter."""
