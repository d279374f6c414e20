"""The only place that loads a person's Python: the class of an operator or workflow, from the source in the state.

Whoever reads the source from the store has verified it by its digest. It runs in this process, so some things cannot be
guarded against: ``os._exit`` ends the run without an answer (its record stays ``running``), and threads that outlive
what began them may print after the answer.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Generic, TypeVar

from mason.engines import interrupts
from mason.errors import CancelledError, MasonError, OperatorError
from mason.resources.packed import unpacked
from mason.runtime.traces import trace_of

T = TypeVar("T")
R = TypeVar("R")

_numbers = itertools.count(1)
# Seconds between two looks at whether the work that imports a module was given up.
_LOOK = 0.05


class Modules:
    """What the Python operators of one run were imported from: each module once, however many steps share it.

    So they share what the module keeps, as in any program. One that has another content, or another class, is another
    module. To be closed in the end; what a thread uses that outlives the run is taken away when that is done with it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._modules: dict[tuple[bytes, str], _Module] = {}
        self._closed = False

    @contextlib.contextmanager
    def using(self, source: bytes, name: str) -> Iterator[_Module]:
        """The module of ``source`` with the class ``name``, which is there for as long as this lasts."""
        with self._lock:
            module = self._modules.get((source, name)) or _Module(source, name)
            if not self._closed:
                self._modules[source, name] = module
            module.users += 1
        try:
            yield module
        finally:
            with self._lock:
                module.users -= 1
                unused = self._closed and not module.users
            if unused:
                module.close()

    def close(self) -> None:
        """Forget them, and take their files from the disk."""
        with self._lock:
            self._closed = True
            unused = [module for module in self._modules.values() if not module.users]
            self._modules.clear()
        for module in unused:
            module.close()


class _Module:
    """The content of one module: its folder, and what was imported from there. Both are made when they are wanted."""

    def __init__(self, source: bytes, name: str) -> None:
        self.users = 0
        self._source = source
        self._name = name
        self._lock = threading.Lock()
        self._held = contextlib.ExitStack()
        self._folder: Path | None = None
        self._imported: ModuleType | None = None
        self._import: _Import | None = None

    def folder(self) -> Path:
        """Where its files are. Raises ``OSError`` where they cannot be written."""
        with self._lock:
            if self._folder is None:
                self._folder = self._held.enter_context(_materialized(self._files()))
            return self._folder

    def _files(self) -> dict[str, str]:
        """All names are looked at before the first file is written. Raises ``OperatorError``."""
        try:
            return unpacked(self._source)
        except ValueError as error:
            raise OperatorError(f"The Python source of {self._name} is not unpacked: {error}.") from error

    def imported(self) -> ModuleType:
        """The module. Raises what importing it raises; then the next one who asks imports it again.

        Who asks while another thread imports it waits for that one, unless its work is given up: that may never end.
        Raises ``CancelledError`` where who waits is given up.
        """
        folder = self.folder()
        while True:
            with self._lock:
                if self._imported is not None:
                    return self._imported
                ahead = self._import
                if ahead is None or _is_given_up(ahead.work):
                    self._import = mine = _Import()
                    break
            ahead.ended.wait(_LOOK)
            if _is_given_up(interrupts.current()):
                raise CancelledError(f"{self._name} was not imported: nobody waits for this work any more.")
        try:
            # A child that the module forks must not come to the lock, which another thread may have held by then.
            with _forks_ended():
                module = self._held.enter_context(_imported(folder, self._name))
            with self._lock:
                self._imported = self._imported or module
                return self._imported
        finally:
            with self._lock:
                if self._import is mine:
                    self._import = None
            mine.ended.set()

    def close(self) -> None:
        """Forget it, and take its files from the disk."""
        self._held.close()


class _Import:
    """One thread that imports a module, and for what work."""

    def __init__(self) -> None:
        self.work = interrupts.current()
        self.ended = threading.Event()


def _is_given_up(work: interrupts.Interruptible | None) -> bool:
    return work is not None and work.given_up


class PythonClass(Generic[T]):
    """One instance of the class ``name`` in ``source``, which is the content of a module as the state keeps it.

    The class must derive from ``base``; ``title`` (``Operator table:get``) stands before what is told of it. To be used
    as a context manager: in the end nothing of the source stays loaded or on the disk, unless it is among ``modules``,
    which others share.
    """

    def __init__(
        self, source: bytes, name: str, base: type[Any], *, title: str, modules: Modules | None = None
    ) -> None:
        self._source = source
        self._name = name
        self._base = base
        self._title = title
        self._modules = modules
        self._held = contextlib.ExitStack()
        self._instance: T | None = None
        self._unusable = ""
        self.trace = ""
        """Where what the last call raised comes from: the frames from the person's own on; empty where it returned."""

    def __enter__(self) -> PythonClass[T]:
        with contextlib.ExitStack() as held:
            modules = self._modules or held.enter_context(contextlib.closing(Modules()))
            self._module = held.enter_context(modules.using(self._source, self._name))
            try:
                self._folder = self._module.folder()
            except OSError as error:
                raise OperatorError(
                    f"The Python files of {self._title} cannot be put into a temporary folder: {error.strerror}. Make "
                    "room there, or set TMPDIR to another one."
                ) from error
            self._held = held.pop_all()
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
        self.trace = ""
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
            if ctrl_c:
                raise
            self.trace = trace_of(error, self._folder)
            if isinstance(error, MasonError):
                raise
            raise OperatorError(told) from error

    def _made(self) -> T:
        instance: T = getattr(self._module.imported(), self._name)()
        if not isinstance(instance, self._base):
            raise OperatorError(f"{self._title}: class {self._name} must derive from mason.{self._base.__name__}.")
        return instance

    def _said(self, error: BaseException) -> str:
        """The kind and the text of an exception, whose own code may fail as well, and where it comes from."""
        try:
            said = f"{type(error).__name__}: {error}".removesuffix(": ")
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
    # Imported here: most operators are sentences, and need nothing of this.
    from mason import temporary

    # Whoever still uses it when the walk has given its work up may hold on to files: that is no failure of the run.
    with temporary.folder("python") as folder:
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
