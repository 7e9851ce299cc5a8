"""Questions and answers: the chapter, and what it alone draws."""
