"""Names of databases and tables: what people may choose, and what DuckDB keeps for itself."""

from __future__ import annotations

import duckdb
import pytest

from tests.clients.conftest import Local, make, refusal

RULE = (
    "EngineError: {!r} cannot be the name of a {}: it may not begin with a dot, nor hold a slash, a line break or "
    "another control character. All other characters are fine."
)


@pytest.fixture
def data(local: Local) -> Local:
    local.put("data/a.csv", "id,n\n1,x\n")
    return local


@pytest.mark.parametrize("name", ["../lake", "/abs", ".hid", "a\nb", "a\0", "a/b", "\x1b[0m", "\ud800", "a\u2028b"])
def test_names_that_are_refused(data: Local, name: str) -> None:
    create, definition = data.metastore.create_table, {"location": "data/a.csv"}
    assert refusal(create, name, "t", definition=definition) == RULE.format(name, "database")
    assert refusal(create, "lake", name, definition=definition) == RULE.format(name, "table")
    assert refusal(data.metastore.create_database, name) == RULE.format(name, "database")
    assert not (data.root / "warehouse").exists()


@pytest.mark.parametrize("name", ["", " "])
def test_names_that_are_empty(data: Local, name: str) -> None:
    create, definition = data.metastore.create_table, {"location": "data/a.csv"}
    assert refusal(create, name, "t", definition=definition) == "EngineError: A database needs a name."
    assert refusal(create, "lake", name, definition=definition) == "EngineError: A table needs a name."


@pytest.mark.parametrize("name", ["select", "a b", 'é"x', "it's", "x;y", "$t", "warehouse", "日本", "a.b", "-"])
def test_names_that_work(data: Local, name: str) -> None:
    for database, table in ((name, "t"), ("lake", name)):
        data.metastore.create_table(database, table, definition={"location": "data/a.csv"})
        quoted = ".".join('"' + each.replace('"', '""') + '"' for each in (database, table))
        assert data.ask(f"SELECT * FROM {quoted}") == [(1, "x")]
        assert [each.name for each in data.metastore.list_tables(database)] == [table]
        data.metastore.delete_table(database, table)
        assert data.metastore.list_tables(database) == []


def test_folders_keep_their_names(data: Local) -> None:
    data.put("deep/er/a.csv", "id\n2\n")
    data.metastore.create_table("deep/er", "t", definition={"location": "data/a.csv"})
    assert data.ask('SELECT * FROM "deep/er".t') == [(1, "x")]
    assert [table.name for table in data.metastore.list_tables("deep/er")] == ["a", "t"]


@pytest.mark.parametrize("name", ["temp", "system", "memory", "information_schema", "pg_catalog"])
def test_names_of_duckdb_itself(data: Local, name: str) -> None:
    told = (
        "EngineError: No table can be registered in database {}: DuckDB keeps the name for itself. Choose another one."
    )
    for each in (name, name.upper()):
        assert refusal(data.metastore.create_table, each, "t", definition={"location": "data/a.csv"}) == told.format(
            each
        )
        assert refusal(data.metastore.create_database, each) == told.format(each)
    data.put(f"{name}/f.csv", "id\n5\n")
    assert [database.name for database in data.metastore.list_databases()] == sorted(["data", name])
    table = data.metastore.get_table(name, "f")
    for sql in ("SELECT * FROM $table", "SELECT * FROM f"):
        assert data.ask(sql, table=table) == [(5,)]
    where = "this database" if name in ("information_schema", "pg_catalog") else name
    assert refusal(data.ask, f"SELECT * FROM {name}.f") == (
        f"EngineError: SQL cannot name the tables of {where}: DuckDB keeps the name for itself. Give database_name and "
        "table_name, and say $table; or rename the folder."
    )


def test_main(data: Local) -> None:
    assert refusal(data.metastore.create_database, "main") == (
        "ConflictError: Database main exists already: DuckDB makes it. It is listed once it holds a table."
    )
    data.metastore.create_table("main", "t", definition={"location": "data/a.csv"})
    assert data.ask("SELECT * FROM main.t") == [(1, "x")]
    data.put("main/f.csv", "id\n5\n")
    assert data.ask("SELECT * FROM main.f") == [(5,)]


@pytest.mark.parametrize("name", ["sales", "temp"])
def test_a_database_may_be_called_as_the_warehouse_is(data: Local, name: str) -> None:
    other = make(data.root, warehouse=f"{name}.duckdb")
    database = "sales"
    other.metastore.create_table(database, "t", definition={"location": "data/a.csv"})
    assert other.ask("SELECT * FROM sales.t") == [(1, "x")]
    with duckdb.connect(str(data.root / f"{name}.duckdb"), read_only=True) as connection:
        found = connection.execute("SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    assert found == [("sales", "t")]
    other.metastore.delete_table(database, "t")
    assert other.metastore.list_tables(database) == []
