"""The chapter "training", and figures that it alone draws."""
