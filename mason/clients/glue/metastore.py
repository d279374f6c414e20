"""The metastore of ``glue``: its catalog."""

from __future__ import annotations

from mason.clients._glue_catalog.catalog_metastore import CatalogMetastore


class GlueMetastore(CatalogMetastore):
    """All that is shared with other clients over the catalog, and nothing else."""
