"""The name that `scenes` has where it is installed, for a checkout: what imports it runs in both places.

docs/decisions/0046-one-name-when-installed.md says why there are two.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import scenes


class _Scenes(MetaPathFinder, Loader):
    """Finds each module of `scenes` under the other name: the same module, and no copy of it."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        return ModuleSpec(fullname, self) if fullname.startswith("transformer_lecture.") else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(spec.name.replace("transformer_lecture", "scenes", 1))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own specification back, which the import has replaced."""
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state


sys.meta_path.insert(0, _Scenes())
sys.modules[__name__] = scenes
