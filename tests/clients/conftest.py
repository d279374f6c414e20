"""A client ``local`` over an empty folder, and short ways to put files there and to ask it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mason.clients.local import LocalClient
from mason.engines.execution import Execution
from mason.engines.metastore import Metastore
from mason.engines.models import Rows
from mason.engines.storage import Storage
from mason.errors import MasonError


@dataclass
class Local:
    """The engines of one client over ``root``."""

    root: Path
    client: LocalClient

    @property
    def metastore(self) -> Metastore:
        engine = self.client.engine("metastore")
        assert isinstance(engine, Metastore)
        return engine

    @property
    def storage(self) -> Storage:
        engine = self.client.engine("storage")
        assert isinstance(engine, Storage)
        return engine

    @property
    def execution(self) -> Execution:
        engine = self.client.engine("execution")
        assert isinstance(engine, Execution)
        return engine

    def put(self, path: str, content: str | bytes) -> Path:
        """Write a file as it stands: no translation of line ends."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def columns(self, table: str, **options: Any) -> dict[str, str]:
        """Names and types of a table of the database ``data``."""
        schema = self.metastore.get_table("data", table, **options).schema
        assert schema is not None
        return {column.name: column.type for column in schema.columns}

    def rows(self, table: str, sql: str = "SELECT * FROM $table", **options: Any) -> list[tuple[Any, ...]]:
        """The rows of a table of the database ``data``."""
        answer = self.execution.query(sql, table=self.metastore.get_table("data", table, **options))
        assert isinstance(answer, Rows)
        return list(answer.rows)

    def ask(self, sql: str, **options: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement without a table of its own."""
        answer = self.execution.query(sql, **options)
        assert isinstance(answer, Rows)
        return list(answer.rows)


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Local:
    # What was found in files is remembered there.
    monkeypatch.setenv("MASON_HOME", str(tmp_path / "home"))
    return make(tmp_path / "project")


def make(folder: Path, /, **configuration: Any) -> Local:
    """A client over a folder, which is made."""
    folder.mkdir(exist_ok=True)
    return Local(folder, LocalClient(configuration, base=folder))


def without_privileges(local: Local, call: str) -> str:
    """What ``call`` of a ``client`` gives, or how it is refused, to a person whom the file system can refuse something;
    root is not one."""
    plain = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"] if os.geteuid() == 0 else []
    if plain and shutil.which(plain[0]) is None:
        pytest.skip("needs setpriv to give up root's privileges")
    return subprocess.run(
        [*plain, sys.executable, "-c", _WITHOUT_PRIVILEGES.format(call=call), str(local.root)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    ).stdout.rstrip("\n")


_WITHOUT_PRIVILEGES = """
import sys
from pathlib import Path

from mason.clients.local import LocalClient
from mason.errors import EngineError

client = LocalClient({{}}, base=Path(sys.argv[1]))
try:
    print({call})
except EngineError as error:
    print(type(error).__name__, error, sep=": ")
"""


def refusal(call: Callable[..., object], *arguments: object, **options: object) -> str:
    """The kind and text of the error that a call raises."""
    with pytest.raises(MasonError) as raised:
        call(*arguments, **options)
    return f"{type(raised.value).__name__}: {raised.value}"
