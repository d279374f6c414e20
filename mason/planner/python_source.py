"""The only place that loads a person's Python: the class of an operator or workflow, from the source in the state.

Whoever reads the source from the store has verified it by its digest. It runs in this process, so some things cannot be
guarded against: ``os._exit`` ends the run without an answer (its record stays ``running``), and threads that outlive
what began them may print after the answer.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Generic, TypeVar

from mason.errors import MasonError, OperatorError

T = TypeVar("T")
R = TypeVar("R")

_numbers = itertools.count(1)


class PythonClass(Generic[T]):
    """One instance of the class ``name`` in ``source``, which is the content of a module as the state keeps it.

    The class must derive from ``base``; ``title`` (``Operator table:get``) stands before what is told of it. To be used
    as a context manager: in the end nothing of the source stays loaded or on the disk.
    """

    def __init__(self, source: bytes, name: str, base: type[Any], *, title: str) -> None:
        self._source = source
        self._name = name
        self._base = base
        self._title = title
        self._held = contextlib.ExitStack()
        self._instance: T | None = None
        self._unusable = ""

    def __enter__(self) -> PythonClass[T]:
        try:
            self._folder = self._held.enter_context(_materialized(json.loads(self._source)))
        except OSError as error:
            raise OperatorError(
                f"The Python files of {self._title} cannot be put into a temporary folder: {error.strerror}. Make room "
                "there, or set TMPDIR to another one."
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def call(self, do: Callable[[T], R]) -> R:
        """``do`` with the instance, which the first call makes; not again where that fails.

        Raises ``OperatorError`` that says what the person's code raised and where, be it to exit the process. A
        ``MasonError`` goes through as it is, and so does Ctrl-C, which only the main thread gets.
        """
        if self._unusable:
            raise OperatorError(self._unusable)
        try:
            with _forks_ended():
                if self._instance is None:
                    self._instance = self._made()
                return do(self._instance)
        except BaseException as error:
            ctrl_c = isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()
            told = str(error) if isinstance(error, MasonError) else f"{self._title} raised {self._said(error)}"
            if self._instance is None and not ctrl_c:
                self._unusable = told
            if ctrl_c or isinstance(error, MasonError):
                raise
            raise OperatorError(told) from error

    def _made(self) -> T:
        module = self._held.enter_context(_imported(self._folder, self._name))
        instance: T = getattr(module, self._name)()
        if not isinstance(instance, self._base):
            raise OperatorError(f"{self._title}: class {self._name} must derive from mason.{self._base.__name__}.")
        return instance

    def _said(self, error: BaseException) -> str:
        """The kind and the text of an exception, whose own code may fail as well, and where it comes from."""
        try:
            said = f"{type(error).__name__}: {error}"
        except Exception:  # noqa: BLE001 - how an exception tells itself is a person's code too
            said = type(error).__name__
        return f"{said} ({_place(error, self._folder)})"


@contextlib.contextmanager
def _forks_ended() -> Iterator[None]:
    """End every process that a person's code forked and let run on: all after this belongs to the one that began it.

    Such a child exits as one does that calls ``sys.exit`` or raises, without a traceback.
    """
    ours = os.getpid()
    code = 1
    try:
        yield
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        raise
    finally:
        if os.getpid() != ours:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
            os._exit(code)


@contextlib.contextmanager
def _materialized(files: Mapping[str, str]) -> Iterator[Path]:
    """The module's files in a folder of their own, for as long as the class is used."""
    import tempfile

    # Whoever still uses it when the walk has given its work up may hold on to files: that is no failure of the run.
    with tempfile.TemporaryDirectory(prefix="mason-python-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for relative, text in files.items():
            file = folder / relative
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        yield folder


@contextlib.contextmanager
def _imported(folder: Path, name: str) -> Iterator[ModuleType]:
    """The folder as a package, under a name that meets no other, so that ``from . import`` works in it.

    It is forgotten in the end: another run in this process may have another source, and another step the same one.
    """
    import importlib.util

    package = f"_mason_python_{next(_numbers)}_{name}"
    spec = importlib.util.spec_from_file_location(
        package, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[package] = module
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        for each in [each for each in tuple(sys.modules) if each == package or each.startswith(f"{package}.")]:
            del sys.modules[each]


def _place(error: BaseException, folder: Path) -> str:
    """``file:line`` of the last frame that is the person's own."""
    import traceback

    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(str(folder))]
    if not frames:
        return "outside of its own files"
    return f"{Path(frames[-1].filename).relative_to(folder).as_posix()}:{frames[-1].lineno}"
