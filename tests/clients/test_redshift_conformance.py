"""The client ``redshift`` keeps the contracts, over a PostgreSQL that stands in for Redshift: with views of the names
by which Redshift tells its tables, and a database that sorts by bytes. No Redshift is to be had."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mason.clients.redshift import RedshiftClient
from mason.engines.client import Client
from mason.engines.execution import Execution
from mason.engines.metastore import Metastore
from mason.engines.models import Table
from mason.engines.storage import Storage
from mason.errors import EngineError
from mason.testing import ExecutionSuite, MetastoreSuite
from mason.testing.table_work import NASTY
from tests.clients.test_postgres_conformance import PEOPLE
from tests.postgres_servers import SVV, LoadingStorage, connected, emptied, load
from tests.sql.real_postgres import Postgres, missing

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("redshift")]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    if reason := missing():
        pytest.skip(reason)
    made = Postgres(by_bytes=True)
    yield made
    made.close()


@pytest.fixture
def configuration(server: Postgres) -> Iterator[dict[str, Any]]:
    with emptied(server) as found:
        with connected(found) as connection:
            connection.execute(SVV.encode())
        yield {**found, "port": server.port, "sslmode": "disable"}


class _OnRedshift:
    @pytest.fixture
    def client(self, configuration: dict[str, Any], tmp_path: Path) -> Iterator[Client]:
        made = RedshiftClient(configuration, base=tmp_path)
        yield made
        made.close()

    @pytest.fixture
    def table(self, client: Client) -> Table:
        return load(client.configuration, "club", "people", PEOPLE)

    def storage_of(self, client: Client) -> Storage:
        return LoadingStorage(client.configuration, client.base, lower=True)


class TestMetastore(_OnRedshift, MetastoreSuite):
    @pytest.fixture
    def table(self, client: Client) -> Table:
        load(client.configuration, "club", "people", PEOPLE)
        return client.engine("metastore").get_table("club", "people")  # type: ignore[attr-defined]

    def test_long_names_are_kept_as_declared(self, metastore: Metastore, table: Table) -> None:
        """Redshift keeps 127 bytes, of which the stand-in cuts all but 63: longer ones are refused before."""
        metastore.create_table("long", "n" * 63, definition=table)
        assert metastore.get_table("long", "N" * 63).name == "n" * 63
        with pytest.raises(EngineError, match="keeps names of at most 127 characters"):
            metastore.create_table("long", "n" * 128, definition=table)

    def test_types_are_told_as_they_are(self, client: Client, metastore: Metastore, table: Table) -> None:
        with connected(client.configuration) as connection:
            connection.execute(
                "CREATE TABLE club.kinds (a smallint, b numeric(10,2), c varchar(9), d char(4), e timestamptz, f jsonb)"
            )
            connection.execute("COMMENT ON COLUMN club.kinds.b IS 'the price'")
            connection.execute("CREATE VIEW club.few AS SELECT a FROM club.kinds")
        found = metastore.get_table("club", "KINDS")
        assert found.types == {
            "a": "SMALLINT",
            "b": "DECIMAL(10,2)",
            "c": "VARCHAR",
            "d": "VARCHAR",
            "e": "TIMESTAMP WITH TIME ZONE",
            "f": "pg_catalog.jsonb",
        }
        assert found.notes == (
            "column e is of the type pg_catalog.timestamptz (TIMESTAMP WITH TIME ZONE), and is queried as text",
            "column f is of the type pg_catalog.jsonb, and is queried as text",
        )
        assert metastore.table_ddl("club", "kinds") == (
            'CREATE TABLE "club"."kinds" ("a" smallint, "b" numeric(10,2), "c" character varying(9), "d" character(4), '
            '"e" timestamp with time zone, "f" jsonb);'
        )
        view = metastore.get_table("club", "few")
        assert (view.kind, " ".join(str(view.options["sql"]).split())) == ("view", "SELECT kinds.a FROM club.kinds;")


class TestExecution(_OnRedshift, ExecutionSuite):
    @pytest.fixture
    def storage(self, client: Client) -> Storage:
        return self.storage_of(client)

    def test_summarize(self, execution: Execution, table: Table) -> None:
        """Whether a number is NaN is nothing that Redshift's documentation speaks of: such columns are refused."""
        with pytest.raises(EngineError) as raised:
            execution.summarize(table)
        assert str(raised.value) == (
            "Redshift cannot summarize column height as client local does: isnan is not known to be the same in "
            "Redshift. Leave such columns out, or use client local for it."
        )
        found = execution.summarize(table, columns=["id", "name"]).to_dicts()
        assert [(row["distinct"], row["min"], row["max"], row["mean"]) for row in found] == [
            (3, 1, 3, 2.0),
            (2, "Ann", "Bob", None),
        ]

    def test_summarize_values_at_the_edges(self, client: Client, execution: Execution) -> None:
        """As above: one of the columns is of numbers that may be NaN."""
        table = self.placed(client, "nasty", NASTY)
        with pytest.raises(EngineError, match="Redshift cannot summarize column score as client local does"):
            execution.summarize(table, top_values=1)

    def test_summarize_estimates(self, client: Client, execution: Execution) -> None:
        """The server is asked in words of Redshift's, which the stand-in does not know."""
        table = self.placed(client, "few", b"a\n1\n")
        with pytest.raises(EngineError, match='Redshift refused this: syntax error at or near "\\("'):
            execution.summarize(table, exact=False)
