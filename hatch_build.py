"""Build the wheel: `scenes` goes into it as `transformer_lecture`, and `assets` into `transformer_core`.

A wheel shares one folder with all that is installed, and with the code of its user: there, `scenes` and `assets` would
be names of somebody else's (docs/decisions/0046-one-name-when-installed.md).
"""

import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: The package in an import or a text: `scenes.stage`, `from scenes import show`, 'scenes'.
NAMED = re.compile(r"(?<![\w.])scenes(?=\.[a-z_{]| import |')")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.py[cod]")


class Renamed(BuildHookInterface[Any]):
    """Hand a renamed copy of the packages to the wheel; a checkout that is installed in place stays as it is."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        self.made = Path(tempfile.mkdtemp(prefix="transformer-lecture-"))
        renamed = Path(shutil.copytree(root / "scenes", self.made / "transformer_lecture", ignore=LEFT_OUT))
        for file in renamed.rglob("*.py"):
            file.write_text(NAMED.sub("transformer_lecture", file.read_text(encoding="utf-8")), encoding="utf-8")
        build_data["force_include"] |= {
            str(renamed): "transformer_lecture",
            str(root / "assets"): "transformer_core/assets",
        }

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        if version != "editable":
            shutil.rmtree(self.made)
