"""Voice: from the words of a step to its sound. Pictures are drawn without it: they only know how long it lasts."""
