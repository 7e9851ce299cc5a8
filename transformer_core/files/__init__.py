"""Read and write files safely: whole or not at all, and without executing anything in them."""

from pathlib import Path

#: The trained models and the recorded experiments, beside the packages in a checkout and when installed.
ASSETS = Path(__file__).resolve().parents[2] / "assets"
