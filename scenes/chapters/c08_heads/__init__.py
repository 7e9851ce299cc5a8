"""The chapter "heads", and figures that it alone draws."""
