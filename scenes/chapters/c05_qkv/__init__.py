"""The chapter "qkv", and figures that it alone draws."""
