"""A project as people of Mason 1.x have it: YAML without today's words, and Python beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Mason

CONFIG = """\
metastore_engine: local
storage_engine: local
execution_engine: local
scheduler_engine: local
clients:
  local:
    configuration: {root: .}
"""

COLUMNS_YAML = """\
type: "operator"
namespace: "club"
command: "columns"
description: "What is known of members"
parameters:
  required:
    - folder
    - file
  optional:
    - first_row
"""

COLUMNS = """\
from mason.clients.response import Response
from mason.configurations.config import Config
from mason.engines.metastore.models.table.table import (
    Table,
)
from mason.operators.operator_definition import OperatorDefinition
from mason.operators.operator_response import OperatorResponse
from mason.parameters.validated_parameters import ValidatedParameters
from mason.util.environment import MasonEnvironment


class ClubColumns(OperatorDefinition):
    def run(
        self, env: MasonEnvironment, config: Config, parameters: ValidatedParameters, resp: Response
    ) -> OperatorResponse:
        folder, file = parameters.get_required("folder"), parameters.get_required("file")
        options = {"read_headers": parameters.get_optional("first_row") is not None}
        found, answered = config.metastore().get_table(folder, file, options=options, response=resp)
        if isinstance(found, Table):
            answered.add_info(f"{found.name} has {len(found.column_names())} columns")
        return OperatorResponse(answered, found)
"""


def put(folder: Path, name: str, yaml: str, python: str = "") -> None:
    """An operator or workflow in a folder of its own, as 1.x wants it."""
    place = folder / name
    place.mkdir(parents=True)
    kind = "workflow" if "workflow" in yaml.partition("\n")[0] else "operator"
    (place / f"{kind}.yaml").write_text(yaml)
    if python:
        (place / "__init__.py").write_text(python)


@pytest.fixture
def standard(mason: Mason, club: Path) -> Mason:
    """The club with the standard operators, not applied yet; config 1 is local."""
    (club / "mason.yaml").unlink()
    assert mason("init").code == 0
    return mason


@pytest.fixture
def club(folder: Path) -> Path:
    """A config without type or id, an operator in Python of 1.x, and data."""
    (folder / "mason.yaml").write_text("name: club\n")
    (folder / "configs").mkdir()
    (folder / "configs" / "first.yaml").write_text(CONFIG)
    put(folder / "operators", "club/columns", COLUMNS_YAML, COLUMNS)
    (folder / "club" / "2013").mkdir(parents=True)
    (folder / "club" / "2013" / "members.csv").write_text("name,age,height\nAnn,31,1.7\nBob,44,1.8\n")
    return folder
