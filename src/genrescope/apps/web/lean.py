"""Gradio without what these pages do not use; import it from here alone: ``from … import gr``.

On two busy cores importing Gradio 6.31 took 3.4 s of the processor, so 1.3 s. Most of what is
saved went into rewriting type stubs beside its own sources, class by class, which no server needs
(nor always may: the folder can be read-only). pandas is imported for a cache that is not used
here, and IPython for a notebook's commands; the one is put off until somebody touches it, the
other left out where no notebook runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

__all__ = ["DataframeData", "gr"]

STUBS = "gradio.component_meta"
LATER = "pandas"
NOTEBOOK = "IPython"


class _WithoutStubs(Loader):
    """Loads a module, and has it write no stubs."""

    def __init__(self, inner: Loader) -> None:
        self._inner = inner

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._inner.exec_module(module)
        _write_no_stubs(module)


class _Finder(MetaPathFinder):
    """Finds two modules as everybody does, and has them loaded otherwise."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in (STUBS, LATER):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            loader = spec.loader
            spec.loader = _WithoutStubs(loader) if fullname == STUBS else LazyLoader(loader)
        return spec


def _write_no_stubs(module: ModuleType) -> None:
    def skip(*_: object) -> None:
        pass

    module.__dict__["create_or_modify_pyi"] = skip


@contextmanager
def _lean() -> Iterator[None]:
    """While this is entered, Gradio is imported without what the pages do not use."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # asked for at import
    finder, hides = _Finder(), NOTEBOOK not in sys.modules
    sys.meta_path.insert(0, finder)
    if hides:
        sys.modules[NOTEBOOK] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        if hides:
            del sys.modules[NOTEBOOK]
        if STUBS in sys.modules:  # somebody imported it before
            _write_no_stubs(sys.modules[STUBS])


with _lean():
    import gradio as gr
    from gradio.components.dataframe import DataframeData
