"""The chapter "encoder", and figures that it alone draws."""
