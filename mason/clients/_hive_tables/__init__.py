"""Tables as Hive describes them, which Glue's catalog and the Hive Metastore share: values in, values out.

A description is a mapping in the words of Glue's ``GetTable`` (``StorageDescriptor``, ``PartitionKeys``), which are
those of Hive's Thrift in another case. ``hive_tables`` turns tables into descriptions and back, ``hive_types`` their
types, ``hive_ddl`` writes the statement that makes one; ``partition_names`` and ``hadoop_locations`` know names
of folders and places.
"""

__all__ = ["hadoop_locations", "hive_ddl", "hive_tables", "hive_types", "partition_names"]
