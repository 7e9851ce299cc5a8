"""The chapter "positions", and figures that it alone draws."""
