"""What Glue has to allow for verbs of the scheduler: crawlers and triggers. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mason.clients._glue_catalog.catalog_permissions import arn, named, table_arns
from mason.engines.permissions import Permission

_OF_VERBS: Mapping[str, tuple[str, ...]] = {
    "get_schedule": ("glue:GetCrawler",),
    "put_schedule": ("glue:CreateCrawler", "glue:GetCrawler", "glue:UpdateCrawler"),
    "trigger_schedule": ("glue:GetCrawler", "glue:StartCrawler"),
    "delete_schedule": ("glue:DeleteCrawler", "glue:GetCrawler"),
    "get_job": ("glue:GetCrawler",),
    "cancel_job": ("glue:GetCrawler", "glue:StopCrawler"),
}
_OF_TRIGGERS: Mapping[str, tuple[str, ...]] = {
    "get_schedule": ("glue:GetTrigger",),
    "put_schedule": (
        "glue:CreateTrigger",
        "glue:GetTrigger",
        "glue:StartTrigger",
        "glue:StopTrigger",
        "glue:UpdateTrigger",
    ),
    "trigger_schedule": ("glue:GetTrigger",),
    "delete_schedule": ("glue:DeleteTrigger", "glue:GetTrigger"),
}


def of_crawlers(configuration: Mapping[str, Any], verb: str, arguments: Mapping[str, Any]) -> Iterator[Permission]:
    """What a verb of the scheduler needs. Who makes a crawler hands its role on."""
    # A name that is not found is compared with all others; a listing has no resource of its own.
    yield Permission(("glue:GetCrawlers", "glue:GetTriggers"), ("*",))
    if verb not in _OF_VERBS:
        return
    name = named(arguments.get("name")) if "name" in arguments else "*"
    if verb in _OF_TRIGGERS:
        yield Permission(_OF_TRIGGERS[verb], (arn(configuration, "glue", f"trigger/{name}"),))
    if verb == "trigger_schedule":
        # A trigger starts a crawler of another name.
        name = "*"
    if verb == "put_schedule":
        # Whose crawler made the table that a trigger refreshes.
        yield Permission(("glue:GetDatabase", "glue:GetTable", "glue:GetTables"), table_arns(configuration, "*", "*"))
    yield Permission(_OF_VERBS[verb], (arn(configuration, "glue", f"crawler/{name}"),))
    role = str(configuration.get("crawler_role") or "*")
    if verb == "put_schedule":
        yield Permission(("iam:PassRole",), (role if role.startswith("arn:") else f"arn:aws:iam::*:role/{role}",))
