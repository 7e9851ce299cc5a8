"""The chapter "inference", and figures that it alone draws."""
