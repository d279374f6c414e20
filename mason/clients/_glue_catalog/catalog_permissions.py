"""What Glue has to allow for verbs of the catalog, per database and table. Pure.

Each action on a table is asked for the catalog, the database and the table alike
(https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mason.clients._aws.bucket_permissions import on_objects, url_of
from mason.engines.permissions import Permission

_NAMES = ("glue:GetDatabases", "glue:GetDatabase", "glue:GetTables")
"""What a name that is not found is compared with."""

_OF_VERBS: Mapping[str, tuple[str, ...]] = {
    "list_databases": ("glue:GetDatabases",),
    "get_database": ("glue:GetDatabase", "glue:GetDatabases"),
    "list_tables": ("glue:GetDatabase", "glue:GetDatabases", "glue:GetTables"),
    "get_table": (*_NAMES, "glue:GetTable"),
    "list_partitions": (*_NAMES, "glue:GetPartitions", "glue:GetTable"),
    "table_ddl": (*_NAMES, "glue:GetTable"),
    "create_database": ("glue:CreateDatabase", "glue:GetDatabase"),
    "create_table": (
        *_NAMES,
        "glue:BatchCreatePartition",
        "glue:CreateDatabase",
        "glue:CreateTable",
        "glue:GetPartitions",
        "glue:GetTable",
    ),
    "get_job": (*_NAMES, "glue:GetTable"),
    "cancel_job": (*_NAMES, "glue:GetTable"),
    "delete_table": (*_NAMES, "glue:DeleteTable", "glue:GetTable"),
}


def arn(configuration: Mapping[str, Any], service: str, resource: str) -> str:
    """The ARN of a resource of the configuration's region and account, as far as these are known."""
    region = configuration.get("aws_region") or "*"
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    return f"arn:{partition}:{service}:{region}:{configuration.get('catalog_id') or '*'}:{resource}"


def of_catalog(
    configuration: Mapping[str, Any], verb: str, arguments: Mapping[str, Any], root: str
) -> Iterator[Permission]:
    """What a verb of the metastore needs."""
    actions = _OF_VERBS.get(verb, ())
    if verb == "create_table" and arguments.get("overwrite") is not False:
        actions = (*actions, "glue:UpdateTable")
    if actions:
        database, table = named(arguments.get("database")), named(arguments.get("table"))
        yield Permission(tuple(sorted(set(actions))), table_arns(configuration, database, table))
    if verb == "list_partitions":
        # Of a table whose partitions Athena works out, the folders are listed.
        yield from on_objects(url_of(None, root), ())
    if verb in ("plan_table", "create_table"):
        # Folders of partitions are looked for.
        definition = arguments.get("definition")
        location = definition.get("location") if isinstance(definition, Mapping) else None
        yield from on_objects(url_of(location, root), ())


def table_arns(configuration: Mapping[str, Any], database: str, table: str) -> tuple[str, ...]:
    """The ARNs of the catalog, of a database and of a table in it."""
    resources = ("catalog", f"database/{database}", f"table/{database}/{table}")
    return tuple(arn(configuration, "glue", each) for each in resources)


def named(name: Any) -> str:
    """A name as it stands in an ARN; ``*`` for one that is not known."""
    return name.lower() if isinstance(name, str) and "{{" not in name else "*"
