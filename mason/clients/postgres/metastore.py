"""The metastore of ``postgres``: schemas of one database, and the tables and views in them."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from mason.clients._postgres.server_metastore import CAPABILITIES, ServerMetastore
from mason.engines.capabilities import Capabilities


class PostgresMetastore(ServerMetastore):
    """Names are kept as they are written."""

    supports: ClassVar[frozenset[str]] = ServerMetastore.supports
    capabilities: ClassVar[Capabilities] = replace(CAPABILITIES, longest_name=63, name_case="kept")
