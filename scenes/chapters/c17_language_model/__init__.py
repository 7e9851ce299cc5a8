"""The chapter "language_model", and figures that it alone draws."""
