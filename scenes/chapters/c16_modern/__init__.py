"""From the first Transformer to today: the chapter, and what it alone draws."""
