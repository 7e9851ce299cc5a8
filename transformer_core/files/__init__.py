"""Read and write files safely: whole or not at all, and without executing anything in them."""

from pathlib import Path

_CORE = Path(__file__).resolve().parents[1]
#: Trained models, experiments, catalogues: beside the packages in a checkout, inside of the core when installed.
ASSETS = next((folder for folder in (_CORE / "assets", _CORE.parent / "assets") if folder.is_dir()), _CORE / "assets")
