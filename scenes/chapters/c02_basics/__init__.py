"""The chapter "basics", and figures that it alone draws."""
