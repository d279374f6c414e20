"""The metastore of ``redshift``: schemas of one database, and the tables and views in them."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from mason.clients._postgres.server_metastore import CAPABILITIES, ServerMetastore
from mason.engines.capabilities import Capabilities


class RedshiftMetastore(ServerMetastore):
    """Names are kept in lower case."""

    supports: ClassVar[frozenset[str]] = ServerMetastore.supports
    capabilities: ClassVar[Capabilities] = replace(CAPABILITIES, longest_name=127, name_case="lower")
