"""What Athena would have made of statements that moto takes and does not run: tables of CREATE TABLE AS, files of
UNLOAD. A proxy before moto puts them there when the query is asked how it goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from tests.clients.amazon import BUCKET, Account
from tests.clients.test_athena import queries
from tests.state.faults import PASS, Proxy, proxied

_TABLE = re.compile(r'CREATE TABLE "(\w+)"\."(\w+)".*external_location = \'([^\']+)\'', re.DOTALL)
_FOLDER = re.compile(r"UNLOAD .*TO '([^']+)'", re.DOTALL)


@contextmanager
def played(account: Account, content: bytes = b"rows") -> Iterator[Proxy]:
    """A proxy before the account's server, with ``content`` in each file that a statement writes."""
    made: set[str] = set()

    def plan(method: str, path: str) -> str:
        if between.targets[-1][2].endswith("GetQueryExecution"):
            for text in set(queries(account)) - made:
                made.add(text)
                _make(account, text, content)
        return PASS

    with proxied(account.endpoint) as between:
        between.plan = plan
        yield between


def _make(account: Account, text: str, content: bytes) -> None:
    table, folder = _TABLE.match(text), _FOLDER.match(text)
    place = table[3] if table else folder[1] if folder else ""
    if place:
        account.put(f"{place.partition(f'{BUCKET}/')[2]}2026_abc", content)
    if table:
        storage = {"Columns": [{"Name": "name", "Type": "string"}], "Location": place}
        described = {"Name": table[2], "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
        account.boto("glue").create_table(DatabaseName=table[1], TableInput=described)
