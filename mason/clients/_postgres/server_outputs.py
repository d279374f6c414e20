"""Outputs that are tables of the server, ``table://SCHEMA/NAME``: made, filled, checked and named in one transaction.

Readers see the table that was there before, or the whole new one. Until the end it has a name of its own, so that
nobody waits for it; a table that is replaced is locked only for the moment in which the names change.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.quoting import identifier, qualified
from mason.clients._postgres.made_marks import is_made, marked, parted
from mason.clients._postgres.server_catalog import known_schema
from mason.clients._postgres.server_names import url_of
from mason.engines.models import Job
from mason.errors import ConflictError

if TYPE_CHECKING:
    from mason.clients._postgres.server_catalog import Entry
    from mason.clients._postgres.server_client import ServerClient
    from mason.clients._postgres.server_connections import Transaction
    from mason.clients._postgres.server_reading import ServerQuery


class ServerOutput:
    """The table ``name`` of ``schema`` that the job ``job_id`` makes."""

    def __init__(self, client: ServerClient, schema: str, name: str, job_id: str) -> None:
        self._client, self._job_id = client, job_id
        self._schema, self._name = client.kept("schema", schema), client.kept("table", name)
        self._staged = f"mason_{secrets.token_hex(12)}"
        self._url = url_of(self._schema, self._name)

    @property
    def everything(self) -> str:
        """The query for all rows that were written so far."""
        return f"SELECT * FROM {qualified(self._schema, self._staged)}"

    def check(self, transaction: Transaction, *, overwrite: bool) -> None:
        """Raises ``NotFoundError`` for the schema, and ``ConflictError`` where the table is there and is not to be
        replaced, or not Mason's to replace."""
        known_schema(self._client.catalog, transaction, self._schema)
        self._refuse(self._client.catalog.entry(transaction, self._schema, self._name), overwrite=overwrite)

    def fill(self, transaction: Transaction, query: ServerQuery) -> int:
        """Make the table under a name of its own, with the rows of a query; how many they are."""
        staged = qualified(self._schema, self._staged)
        if not query.types:
            return transaction.run(f"CREATE TABLE {staged} AS\n{query.text}")
        # As the query means them: a server keeps no digits for decimals that are computed.
        kinds = [self._client.dialect.type_name(each) or "text" for each in query.types]
        columns = ", ".join(f"{identifier(name)} {kind}" for (name, _), kind in zip(query.columns, kinds, strict=True))
        transaction.run(f"CREATE TABLE {staged} ({columns})")
        return transaction.run(f"INSERT INTO {staged}\n{query.text}")

    def publish(self, transaction: Transaction, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Give the table its name; the manifest. It is there for others when the transaction is committed."""
        before = self._client.catalog.entry(transaction, self._schema, self._name)
        if before is not None:
            self._refuse(before, overwrite=True)
            transaction.run(f"DROP TABLE {qualified(self._schema, self._name)}")
        transaction.run(f"ALTER TABLE {qualified(self._schema, self._staged)} RENAME TO {identifier(self._name)}")
        mark = marked(parted(before.comment)[0] if before is not None else "", {"job": self._job_id, **facts})
        transaction.run(f"COMMENT ON TABLE {qualified(self._schema, self._name)} IS {self._client.text(mark)}")
        return manifest_of(self._client, transaction, self._schema, self._name, facts)

    def _refuse(self, found: Entry | None, *, overwrite: bool) -> None:
        if found is None:
            return
        if not overwrite:
            raise ConflictError(f"{self._url} exists already. Ask for overwrite to replace it.")
        if found.kind == "view" or not is_made(found.comment):
            what = "a view" if found.kind == "view" else "a table that Mason did not make"
            raise ConflictError(
                f"{self._url} is {what}, and replacing it would lose what it holds. Write to another name, or delete "
                "it first (table delete with delete_files)."
            )


def manifest_of(
    client: ServerClient, transaction: Transaction, schema: str, name: str, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """What there is to tell of a table that was made; ``facts`` are ``rows``, and more where a job counted them."""
    columns = client.catalog.columns(transaction, schema, name)
    size = client.catalog.size(transaction, schema, name)
    return {
        "output": url_of(schema, name),
        "format": client.format_name,
        "files": [],
        "schema": [{"name": each.name, "type": each.said} for each in columns],
        **({} if size is None else {"bytes": size}),
        **facts,
    }


def remade(client: ServerClient, transaction: Transaction, made: Entry) -> Job:
    """The job that made a table, of which nothing is left but the mark."""
    _, facts = parted(made.comment)
    told = dict(facts or {})
    job_id = str(told.pop("job", ""))
    manifest = manifest_of(client, transaction, made.schema, made.name, told)
    logs = ("Its record was lost; the table that it made says what it did.",)
    return Job(job_id, "succeeded", "execution.query", logs, manifest, engine="execution")
