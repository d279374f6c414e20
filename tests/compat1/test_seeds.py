"""What the pages of Mason 1.x say works: their code, their YAML, and their commands in order, with local data.

The clients of the pages are services. Where a block needs one, what can be known without it is tested: that it loads,
that it is planned, and that a config without the client is refused by name.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from mason.clients import registry
from tests.compat1.conftest import CONFIG
from tests.compat1.seeds import block, blocks, commands, json_in, page, words

EXAMPLES = Path(__file__).parents[2] / "examples"
# The rows that the page's answer of table get was made from, as far as it tells.
ROWS = "test_column_1,test_column_2,test_column_3\na,1,2.5\nb,2,3.5\n"
OF_1X = """\
from mason.operators.operator_definition import OperatorDefinition


class {name}(OperatorDefinition):
    def run(self, env, config, parameters, response):
        return response
"""


@pytest.fixture
def newer() -> str:
    """The page of 1.6."""
    return page("mason get all")


@pytest.fixture
def older() -> str:
    """The page of 1.0x."""
    return page("mason register examples/operators/")


@pytest.fixture
def examples(folder: Path, newer: str) -> Path:
    """``mason/examples`` of the page: its own ``table get`` and workflows, the standard operators for the rest, and
    local clients in place of the services of its configs."""
    place = folder / "mason" / "examples"
    shutil.copytree(EXAMPLES / "operators", place / "operators")
    (place / "configs").mkdir()
    for number in range(1, 6):
        (place / "configs" / f"config_{number}.yaml").write_text(f'type: "config"\nid: {number}\n{CONFIG}')
    get = place / "operators" / "table" / "get"
    definition = json_in(dict(commands(newer))["mason get operator table get"])
    definition |= {"type": "operator", "supported_configurations": [{"metastore": "local"}]}
    (get / "operator.yaml").write_text(json.dumps(definition))
    (get / "__init__.py").write_text(block(newer, "class TableGet(OperatorDefinition)"))
    infer = place / "workflows" / "table" / "infer"
    infer.mkdir(parents=True)
    (infer / "workflow.yaml").write_text(block(newer, 'type: "workflow"', 'command: "infer"'))
    (infer / "__init__.py").write_text(block(newer, "class TableInfer(WorkflowDefinition)"))
    checked = place / "workflows" / "table" / "validated_infer"
    checked.mkdir(parents=True)
    told = json_in(dict(commands(newer))["mason get workflow table validated_infer"])
    (checked / "workflow.yaml").write_text(json.dumps({"type": "workflow", **told, "dag": told["dag"]["steps"]}))
    (folder / "mason-test-data" / "csv").mkdir(parents=True)
    (folder / "mason-test-data" / "csv" / "test.csv").write_text(ROWS)
    (folder / "merged").mkdir()
    (folder / "merged" / "part.csv").write_text(ROWS)
    return place


def test_the_commands_of_the_page_of_1_6_in_order(mason, folder, newer, examples):
    seen = []
    for typed, shown in commands(newer):
        if "<<" in typed:
            continue
        if typed.startswith("cat "):
            file = folder / words(typed)[0]
            file.parent.mkdir(exist_ok=True)
            file.write_text(shown)
            continue
        told = mason(*words(typed), answer="yes\n")
        # Config 3 of the page has Athena as metastore, which is why it is refused there: here it is local.
        fails = "Invalid Resource" in shown and "['athena']" not in shown
        assert told.code == int(fails), f"{typed}\n{told.err}"
        seen.append(typed)
    assert len(seen) == 20
    missing = mason("validate", "operator", "table", "get").err
    assert missing == (
        "Error: Required parameter not specified: database_name\nError: Required parameter not specified: table_name\n"
        "2 errors.\n"
    )


def test_the_answer_of_the_page_of_1_6(mason, newer, examples):
    assert mason("apply", "mason/examples/", "-y").code == 0
    assert mason("config", "-s", "5").code == 0
    typed, shown = next(
        (typed, shown) for typed, shown in commands(newer) if "run operator table get" in typed and '"Data"' in shown
    )
    (table,) = mason(*words(typed), "-y", "--legacy-json").json["Data"]
    (expected,) = json_in(shown[shown.index("\n{") :])["Data"]
    assert table.pop("DatabaseName") == "mason-test-data"
    # A blank before a name is left out today.
    for column in expected["Schema"]["Columns"]:
        column["Name"] = column["Name"].strip()
    assert table == expected
    for name in ("workflow table validated_infer", "operator table list"):
        shape = mason("get", *name.split(), "--legacy-json").json
        assert list(shape)[:3] == ["namespace", "command", "description"]
    told = json_in(dict(commands(newer))["mason get workflow table validated_infer"])
    assert mason("get", "workflow", "table", "validated_infer", "--legacy-json").json == told


def test_the_five_steps_of_the_page_run(mason, folder, newer, examples):
    assert mason("apply", "mason/examples/", "-y").code == 0
    shown = [shown for typed, shown in commands(newer) if typed.endswith("parameters/validated_infer.yaml")]
    first, second = (each for each in shown if "step_5" in each and "config_id" in each)
    (folder / "steps.yaml").write_text(first)
    told = mason("validate", "workflow", "table", "validated_infer", "-f", "steps.yaml")
    assert "Error: Step step_3: Required parameter not specified: table_name\n" in told.err
    (folder / "steps.yaml").write_text(second)
    told = mason("run", "workflow", "table", "validated_infer", "-f", "steps.yaml", "-y")
    assert told.code == 0, told.err
    assert re.search(r"succeeded: 5 succeeded\.", told.out), told.out


def test_the_first_three_statements_of_the_page(mason, newer, examples):
    assert mason("apply", "mason/examples/", "-y").code == 0
    assert mason("config", "-s", "1").code == 0
    values = {"<<DATABASE_NAME>>": "mason-test-data", "<<STORAGE_PATH>>": "merged/"}
    typed = [typed for typed, _ in commands(newer) if "<<" in typed]
    get, job, infer = (next(each for each in typed if name in each) for name in ("table get", "job get", "table infer"))
    for name, value in values.items():
        get, infer = get.replace(name, value), infer.replace(name, value)
    assert mason(*words(get.replace("<<TABLE_NAME>>", "csv/test.csv")), "-y").code == 0
    (done,) = mason(*words(infer.replace("<<TABLE_NAME>>", "merged")), "-y", "--json").json["Data"]
    told = mason(*words(job.replace("<<JOB_ID>>", done["job_id"])), "--json")
    assert told.json["Data"] == [done]


def test_a_workflow_for_glue_is_refused_by_name(mason, folder, newer, examples):
    assert mason("apply", "mason/examples/", "-y").code == 0
    (folder / "steps.yaml").write_text(block(newer, "step_1:", "config_id: 1", "storage_path", "test-database"))
    told = mason("validate", "workflow", "table", "infer", "-f", "steps.yaml", "-c", "1")
    assert "Workflow table:infer supports the schedulers glue, and config 1 has local" in told.err


def test_the_config_of_the_page_loads_where_its_clients_are(mason, folder, newer):
    told = json_in(dict(commands(newer))["mason get config 1"])
    given = {key.removesuffix("_client"): value for key, value in told.items() if key.endswith("_client")}
    # The page shows no secret, and what cannot be the name of a role: both are references here.
    shown = {"REDACTED", "test"}
    clients = {
        client["client_name"]: {
            "configuration": {
                key: f"{{{{{key.upper()}}}}}" if value in shown else value
                for key, value in client.items()
                if key != "client_name" and value is not None
            }
        }
        for named in given.values()
        for client in named
    }
    definition = {"type": "config", "id": told["id"], "clients": clients}
    definition |= {f"{role}_clients": [each["client_name"] for each in named] for role, named in given.items()}
    (folder / "config.yaml").write_text(json.dumps(definition))
    planned = mason("plan")
    missing = sorted(set(clients) - set(registry.names()))
    assert planned.code == int(bool(missing)), planned.err
    for name in missing:
        assert f"unknown client '{name}'" in planned.err


@pytest.mark.parametrize(
    ("command", "given", "client"),
    [("delete", "schedule_name:nightly", "glue"), ("merge", "output_path:a.csv,input_path:b", "s3")],
)
@pytest.mark.parametrize("which", ["newer", "older"])
def test_operators_of_the_pages_for_services_are_refused_by_name(mason, folder, request, which, command, given, client):
    text = request.getfixturevalue(which)
    yaml = block(text, 'type: "operator"', f'command: "{command}"')
    namespace = re.search(r'namespace: "(\w+)"', yaml)
    assert namespace is not None
    (folder / "operator.yaml").write_text(yaml)
    (folder / "__init__.py").write_text(OF_1X.format(name=f"{namespace[1].capitalize()}{command.capitalize()}"))
    (folder / "configs").mkdir()
    (folder / "configs" / "local.yaml").write_text(CONFIG)
    assert mason("apply", "-y").code == 0
    told = mason("validate", "operator", namespace[1], command, "-p", given, "-c", "0")
    assert f"Clients ['local'] do not include supported client {client}" in told.err


@pytest.mark.parametrize("which", ["newer", "older"])
def test_the_config_that_the_pages_begin_is_known_as_one(mason, folder, request, which):
    (folder / "config.yaml").write_text(block(request.getfixturevalue(which), "metastore_engine: glue", "clients:"))
    told = mason("plan")
    assert "config.yaml:5: clients must be a mapping" in told.err


def test_the_commands_of_the_page_of_1_0x_in_order(mason, folder, older):
    place = folder / "examples"
    shutil.copytree(EXAMPLES / "operators", place / "operators")
    (place / "configs").mkdir()
    for number in (1, 2):
        (place / "configs" / f"config_{number}.yaml").write_text(CONFIG)
    api = block(older, "OperatorApi.get").replace("<NAMESPACE>", "table").replace("COMMAND", "get")
    get = place / "operators" / "table" / "get"
    (get / "operator.yaml").write_text(
        "type: operator\nnamespace: table\ncommand: get\nparameters: {required: [database_name, table_name]}\n"
    )
    (get / "__init__.py").write_text(
        f"from api import operator_api as OperatorApi\n{api}\n"
        "def run(env, config, parameters, response):\n"
        '    names = [parameters.safe_get(name) for name in ("database_name", "table_name")]\n'
        "    return config.metastore.client.get_table(*names, response, {})[1]\n"
    )
    (place / "parameters").mkdir()
    (place / "parameters" / "table_get.yaml").write_text("database_name: mason-demo\ntable_name: test_table\n")
    (folder / "mason-demo").mkdir()
    (folder / "mason-demo" / "test_table.csv").write_text(ROWS)
    seen = []
    for typed, shown in commands(older):
        told = mason(*words(typed), answer="yes\n")
        assert told.code == int(typed == "mason run"), f"{typed}\n{told.err}"
        seen.append(typed)
        if '"Data"' in shown:
            (table,) = mason(
                "run", "operator", "table", "get", "-f", "examples/parameters/table_get.yaml", "-y", "--legacy-json"
            ).json["Data"]
            entry = shown[shown.index('"Data"') :]
            assert sorted(table) == sorted(set(re.findall(r'"(\w+)":', entry)) - {"Data", "SchemaType", "Columns"})
            assert sorted(table["Schema"]) == ["Columns", "SchemaType"]
    assert len(seen) == 10
    assert mason("config", "--json").json["current_config"] == "1"


def test_no_block_of_the_pages_is_overlooked(newer, older):
    code = [each for text in (newer, older) for each in blocks(text) if re.search(r"^(class|def|from) ", each, re.M)]
    assert len(code) == 3
