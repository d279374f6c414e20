"""What Glue has to allow for verbs of the scheduler. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mason.clients._glue_catalog.catalog_permissions import arn, named
from mason.engines.permissions import Permission

_OF_VERBS: Mapping[str, tuple[str, ...]] = {
    "get_schedule": ("glue:GetCrawler",),
    "put_schedule": ("glue:CreateCrawler", "glue:GetCrawler", "glue:UpdateCrawler"),
    "trigger_schedule": ("glue:GetCrawler", "glue:StartCrawler"),
    "delete_schedule": ("glue:DeleteCrawler", "glue:GetCrawler"),
    "get_job": ("glue:GetCrawler",),
    "cancel_job": ("glue:GetCrawler", "glue:StopCrawler"),
}


def of_crawlers(configuration: Mapping[str, Any], verb: str, arguments: Mapping[str, Any]) -> Iterator[Permission]:
    """What a verb of the scheduler needs. Who makes a crawler hands its role on."""
    # A name that is not found is compared with all others; a listing has no resource of its own.
    yield Permission(("glue:GetCrawlers",), ("*",))
    if verb not in _OF_VERBS:
        return
    name = named(arguments.get("name")) if "name" in arguments else "*"
    yield Permission(_OF_VERBS[verb], (arn(configuration, "glue", f"crawler/{name}"),))
    role = str(configuration.get("crawler_role") or "*")
    if verb == "put_schedule":
        yield Permission(("iam:PassRole",), (role if role.startswith("arn:") else f"arn:aws:iam::*:role/{role}",))
