"""Publishing of a rendered lecture: slides, clips for other tools, a page for the course."""
