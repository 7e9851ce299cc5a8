"""From 2017 to today: the chapter, and what it alone draws."""
