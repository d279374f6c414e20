"""The metastore of ``athena``: Glue's catalog, of which Athena reads folders only."""

from __future__ import annotations

from mason.clients._glue_catalog.catalog_metastore import CatalogMetastore
from mason.clients._tables.formats import ending_of
from mason.errors import EngineError


class AthenaMetastore(CatalogMetastore):
    """As Glue's, with locations that Athena reads."""

    def _check_location(self, location: str) -> None:
        super()._check_location(location)
        if ending_of(location.rpartition("/")[2]).format:
            folder = location.rpartition("/")[0]
            raise EngineError(
                f"Athena reads folders; {location} is a file. Give the folder {folder}: all files in it are read."
            )
