"""The chapter "inside", and figures that it alone draws."""
