"""A model as data, and the scripts that run it in a browser and explain every number of the run."""

from pathlib import Path

#: The script that runs a model, and explains its numbers.
ENGINE = Path(__file__).with_name("engine.js")
