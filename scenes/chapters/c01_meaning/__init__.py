"""The chapter "meaning", and figures that it alone draws."""
