"""From what a verb is given to a statement of Athena's: one SELECT, in its dialect, over tables that it knows."""

from __future__ import annotations

from collections.abc import Sequence

from mason.clients._aws.aws_client import AwsClient
from mason.clients._duckdb.quoting import qualified
from mason.clients._glue_catalog.catalog_requests import GlueCatalog
from mason.clients._glue_catalog.table_inputs import table_of
from mason.clients._statements.asked import Relation, Statement
from mason.clients._statements.given_queries import GivenQueries
from mason.clients._tables.formats import ending_of
from mason.engines.models import Table
from mason.errors import EngineError, NotFoundError
from mason.sql.translations import Translation

DIALECT = "athena"
_CATALOGS = ("glue", "athena")


class WrittenSql(GivenQueries):
    """Makes statements for one client."""

    dialect = DIALECT

    def __init__(self, client: AwsClient) -> None:
        self._client = client
        self._catalog = GlueCatalog(client.aws, str(client.configuration.get("catalog_id", "")))

    def name_of(self, table: Table) -> str:
        """The name of a table in Athena's SQL. Raises ``EngineError`` for one that is not in the catalog as it is."""
        place = table.location.path if table.location else ""
        if not table.database or not table.name:
            raise EngineError("Athena reads tables of Glue's catalog, and this one is not in it. Register it first.")
        if ending_of(place.rpartition("/")[2]).format:
            raise EngineError(
                f"Athena reads folders, and the table {table.database}.{table.name} is the file {place}. Register the "
                "folder that it is in."
            )
        if not self._is_catalogs(table):
            self._check_registered(table, place)
        return qualified(table.database.lower(), table.name.lower())

    def relation(self, table: Table) -> Relation:
        """A table as statements of Mason's own read it."""
        self.name_of(table)
        return Relation(tuple(self.columns(table).items()), f"{table.database.lower()}.{table.name.lower()}")

    def statement(self, statement: Statement) -> Translation:
        """A statement of Mason's own in Athena's words. Raises ``TranslationError``."""
        from mason.sql import dialects

        places = {each.name: _dotted(each.name) for each in statement.reads}
        return dialects.translate(statement.sql, statement.tables, to=DIALECT, places=places)

    def converted(
        self, table: Table, columns: Sequence[str], partition_columns: Sequence[str], sample_size: int | None
    ) -> str:
        """The rows of a table with some of its ``columns`` (all without any), those of partitions last, as UNLOAD wants
        them."""
        from mason.clients._statements.choosing import converted

        whole = self.relation(table)
        kinds = dict(whole.columns)
        first = [each for each in whole.columns if each[0] not in partition_columns]
        last = [(name, kinds[name]) for name in partition_columns if name in kinds]
        relation = Relation((*first, *last), whole.name)
        found = converted(relation, columns=columns, partition_columns=partition_columns, sample_size=sample_size)
        return self.statement(found).text

    def find(self, database: str, name: str) -> Table:
        """A table by its name. Raises ``NotFoundError``."""
        if self._client.find_table is not None:
            return self._client.find_table(database, name)
        return table_of(self._catalog.table(database, name))

    def _is_catalogs(self, table: Table) -> bool:
        """Whether the config's metastore is the catalog itself, from which the table comes then."""
        if self._client.find_table is None:
            return True
        metastores = [each for each in self._client.neighbours.values() if "metastore" in each.get("engines", ())]
        return bool(metastores) and all(each.get("type") in _CATALOGS for each in metastores)

    def _check_registered(self, table: Table, place: str) -> None:
        try:
            found = table_of(self._catalog.table(table.database, table.name), schema=False)
        except NotFoundError as error:
            raise EngineError(
                f"Athena reads tables of Glue's catalog, and {table.database}.{table.name} is not there. Register it "
                "with table infer and a config whose metastore is glue or athena."
            ) from error
        there = found.location.path if found.location else ""
        if there.rstrip("/") != place.rstrip("/"):
            raise EngineError(
                f"The table {table.database}.{table.name} is at {place or 'no place'}, and Glue's catalog has it at "
                f"{there or 'no place'}: Athena would read other files. Let both name one place."
            )


def _dotted(name: str) -> str:
    return qualified(*name.split(".", 1))
