"""The chapter "residual", and figures that it alone draws."""
