"""The chapter "feed_forward", and figures that it alone draws."""
