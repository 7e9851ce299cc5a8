"""The chapter "decoder", and figures that it alone draws."""
