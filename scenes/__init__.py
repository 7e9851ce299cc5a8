"""Pictures: chapters, the mobjects they are made of, and the way from steps to files."""
