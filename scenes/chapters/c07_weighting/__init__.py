"""The chapter "weighting", and figures that it alone draws."""
