"""The English-Spanish translator of the lecture: its grammar, training, evaluation and roles of heads."""
