"""Glue's catalog as a metastore: what the clients ``glue`` and ``athena`` share, since Athena's tables are Glue's.

``catalog_requests`` makes the requests, ``table_inputs`` says how tables stand there, ``partition_folders`` finds
partitions, ``projection`` says where Athena works them out, and ``catalog_metastore`` is the engine.
"""

__all__ = [
    "catalog_metastore",
    "catalog_permissions",
    "catalog_requests",
    "partition_folders",
    "projection",
    "table_inputs",
]
