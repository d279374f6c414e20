"""DuckDB's Python package, loaded without the part of it that takes longest and is not needed.

The package asks ``importlib.metadata`` for its own version, which takes two fifths of the time of its import. Where the
folder that is asked says the version by its name, the answer is put in place before.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

_NAME = "duckdb._version"


def load() -> None:
    """Import the package, where it is not yet. Raises ``ImportError``."""
    if "duckdb" in sys.modules:
        return
    from importlib import import_module

    import _duckdb

    made = version_module(Path(_duckdb.__file__).parent, str(_duckdb.__version__)) if _duckdb.__file__ else None
    if made is not None:
        sys.modules[_NAME] = made
        try:
            # As importing it from a file would do.
            vars(import_module("duckdb"))["_version"] = made
        except ImportError:
            # Another release, which keeps something else there: then as it loads itself.
            del sys.modules[_NAME]
    import_module("duckdb")


def version_module(packages: Path, version: str) -> ModuleType | None:
    """What DuckDB's module about its version comes to; ``None`` where the package that is installed in ``packages`` may
    have another version than the engine in it."""
    if not (packages / f"duckdb-{version}.dist-info").is_dir():
        return None
    made = ModuleType(_NAME)
    made.__dict__.update(
        __version__=version, __duckdb_version__=version, version=lambda: f"{version} (with duckdb {version})"
    )
    return made
