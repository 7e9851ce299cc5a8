"""The chapter "arguing", and figures that it alone draws."""
