"""How DuckDB reads objects of S3: its extension ``httpfs``, and the credentials as a secret of one connection.

The extension comes from the package ``duckdb-extension-httpfs``, because ``INSTALL`` would need the internet. URLs mean
one object each: neither wildcards nor questions in them mean anything, so every key can be read, and Mason lists what
there is. A secret is held by the connection, and gone with it; SQL of people cannot ask for it
(:mod:`mason.sql.functions`), and DuckDB shows none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mason.clients._duckdb.extensions import load_extension
from mason.clients._duckdb.quoting import identifier, literal
from mason.errors import EngineError
from mason.values import dataclass

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class ObjectAccess:
    """How the objects at URLs that begin with ``scope`` are reached.

    ``endpoint`` is the URL of a server that is none of Amazon's (empty: Amazon's), ``credentials`` gives access key,
    secret key and token as they hold now (``None``: there are none), and ``timeout`` is in seconds.
    """

    scope: str
    region: str
    endpoint: str
    credentials: Callable[[], tuple[str, str, str] | None]
    timeout: float = 60.0


def reach(connection: duckdb.DuckDBPyConnection, accesses: Iterable[ObjectAccess]) -> None:
    """Let a connection read objects. To be called before it is confined. Raises ``MissingDependencyError``."""
    import duckdb

    load_extension(connection, "httpfs", "Reading s3://", "aws")
    # A verb binds a table twice: what was asked for the first time is known the second time. A version that changes in
    # between shows by its ETag, which is compared with each part.
    settings = {
        "s3_url_compatibility_mode": True,
        "httpfs_connection_caching": True,
        "enable_http_metadata_cache": True,
        "parquet_metadata_cache": True,
    }
    for name, value in settings.items():
        # Else the cursors of the connection would not have it.
        connection.execute(f"SET GLOBAL {name} = {literal(value)}")
    for number, access in enumerate(accesses):
        connection.execute(f"SET GLOBAL http_timeout = {max(1, round(access.timeout))}")
        values = _values(access)
        given = ", ".join(f"{name} {literal(value)}" for name, value in values.items())
        try:
            connection.execute(f"CREATE TEMPORARY SECRET {identifier(f'mason_{number}')} (TYPE s3, {given})")
        except duckdb.Error:
            # What DuckDB says quotes the statement.
            raise EngineError(f"DuckDB does not take the credentials for {access.scope}. Check their form.") from None


def _values(access: ObjectAccess) -> dict[str, object]:
    values: dict[str, object] = {"SCOPE": access.scope, "REGION": access.region}
    found = access.credentials()
    if found is not None:
        key, secret, token = found
        values |= {"KEY_ID": key, "SECRET": secret, **({"SESSION_TOKEN": token} if token else {})}
    if access.endpoint:
        url = urlsplit(access.endpoint)
        place = url.netloc.rpartition("@")[2] + url.path.rstrip("/")
        values |= {"ENDPOINT": place, "URL_STYLE": "path", "USE_SSL": url.scheme == "https"}
    return values
