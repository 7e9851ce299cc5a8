"""The chapter "interpretation", and figures that it alone draws."""
