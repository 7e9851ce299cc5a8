"""A model as data, and the scripts that run it in a browser and explain every number of the run."""
