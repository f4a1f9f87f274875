"""Names that programs written for 0.1 import: each leads to where its functions live now."""

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVED = {
    "kampass.engine.downloads": "kampass.render.files",
    "kampass.engine.pictures": "kampass.render.charts",
    "kampass.workspace.history": "kampass.workspace",
    "kampass.workspace.history.published": "kampass.workspace.published",
    "kampass.workspace.history.restatement": "kampass.workspace.restated",
}


class MovedNames:
    """Finds a module under the name that the documentation of 0.1 gave it; asked last.

    A finder and a loader by its methods: to import their base classes costs more than all else
    here.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The way to a moved module; None for every other name."""
        del path, target
        known = name in MOVED
        return ModuleSpec(name, self, is_package=True) if known else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """A module that answers with the names of the one that took its place."""
        home = importlib.import_module(MOVED[spec.name])
        made = ModuleType(spec.name, home.__doc__)

        def found(name: str) -> object:
            # What imports ask of a module (its path, its file) is its own, not its home's.
            if name.startswith("__"):
                raise AttributeError(name)
            return getattr(home, name)

        made.__getattr__ = found  # type: ignore[method-assign]
        return made

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to run."""


def install() -> None:
    """Ask here for what nobody else finds; once."""
    if not any(isinstance(finder, MovedNames) for finder in sys.meta_path):
        sys.meta_path.append(MovedNames())
