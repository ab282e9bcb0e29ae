"""Gradio without what these pages do not use; import it from here alone: ``from … import gr``.

Half of importing Gradio 6.31 goes into rewriting type stubs beside its own sources, class by
class, which no server needs (nor always may: the folder can be read-only). pandas is imported for
figures that come later, and waits until somebody touches it; IPython for a notebook's commands,
and is left out where no notebook runs.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
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


class _Later(Loader):
    """Loads a module when one of its names is first asked for, by whichever thread.

    The standard library's ``LazyLoader``, on Python 3.11.7, shows other threads a module that is
    half there.
    """

    def __init__(self, inner: Loader) -> None:
        self._inner = inner
        self._lock = threading.RLock()
        self._begun = False

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__class__ = _Waiting

    def load(self, module: ModuleType) -> None:
        """Load it; a thread that comes meanwhile waits, the loading one sees what is there."""
        with self._lock:
            if not self._begun:
                self._begun = True
                self._inner.exec_module(module)
                module.__class__ = ModuleType


class _Waiting(ModuleType):
    """A module that is not loaded yet."""

    def __getattr__(self, name: str) -> object:
        spec = self.__spec__
        assert spec is not None
        assert isinstance(spec.loader, _Later)
        spec.loader.load(self)
        try:
            return self.__dict__[name]
        except KeyError:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from None


class _Finder(MetaPathFinder):
    """Finds two modules as everybody does, and has them loaded otherwise."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in (STUBS, LATER):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = (_WithoutStubs if fullname == STUBS else _Later)(spec.loader)
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
