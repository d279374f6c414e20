"""Partition projection: Athena works out the folders of partitions from a table's parameters, and needs no registration
of each. Pure.

A table by days gets a folder every day, which nobody registers at midnight. So where one of the keys is a date, and the
folders that are there are just those that would be worked out, most of them, the table says how: dates up to today,
numbers and words as they are found. Partitions are registered all the same: other readers than Athena know nothing of
projection. https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from math import prod
from typing import Any

ENABLED = "projection.enabled"
_TEMPLATE = "storage.location.template"
_MOST_WORDS = 100
_NUMBERS = ("tinyint", "smallint", "int", "bigint")


def projection_of(described: Mapping[str, Any], partitions: Sequence[Mapping[str, Any]], today: date) -> dict[str, str]:
    """The parameters that a table gets beside its own; empty where projection does not fit.

    - ``described``: its ``TableInput``.
    - ``partitions``: the ``PartitionInput`` of each folder that is there.
    - ``today``: in UTC, as Athena has it.
    """
    keys = described["PartitionKeys"]
    place = described["StorageDescriptor"]["Location"].rstrip("/")
    if not any(each["Type"] == "date" for each in keys) or not partitions:
        return {}
    rows = [each["Values"] for each in partitions]
    template = _template(place, keys, rows, [each["StorageDescriptor"]["Location"] for each in partitions])
    projected = [_of_key(each, [row[number] for row in rows], today) for number, each in enumerate(keys)]
    if not template or not all(projected):
        return {}
    found = {ENABLED: "true", _TEMPLATE: template}
    counts = []
    for told in projected:
        assert told is not None, "all of them are there"
        counts.append(told[1])
        found |= told[0]
    # Athena lists each folder that it works out: many that are not there make queries slow.
    return found if prod(counts) <= 2 * len(rows) else {}


def is_projected(parameters: Mapping[str, str]) -> bool:
    """Whether Athena works out the partitions of a table with these parameters."""
    return parameters.get(ENABLED, "").lower() == "true"


def is_by_folders(described: Mapping[str, Any]) -> bool:
    """Whether the partitions that Athena works out for a table are folders ``key=value``: others may be laid out in any
    way."""
    template = (described.get("Parameters") or {}).get(_TEMPLATE, "").rstrip("/")
    if not template:
        return True
    place = described["StorageDescriptor"]["Location"].rstrip("/")
    parts = template.removeprefix(place).strip("/").split("/") if template.startswith(f"{place}/") else []
    keys = [each["Name"] for each in described["PartitionKeys"]]
    return [part.partition("=")[2] for part in parts] == [f"${{{key}}}" for key in keys]


def _template(
    place: str, keys: Sequence[Mapping[str, Any]], rows: Sequence[Sequence[str]], places: Sequence[str]
) -> str:
    """Where the folders of all rows are; empty where one is elsewhere, as one whose value is escaped in its name."""
    names = [part.partition("=")[0] for part in places[0].removeprefix(place).strip("/").split("/")]
    if len(names) != len(keys) or any("$" in name for name in (place, *names)):
        return ""
    made = ["/".join([place, *(f"{name}={value}" for name, value in zip(names, row, strict=True))]) for row in rows]
    if made != [each.rstrip("/") for each in places]:
        return ""
    return "/".join([place, *(f"{name}=${{{each['Name']}}}" for name, each in zip(names, keys, strict=True))])


def _of_key(key: Mapping[str, Any], values: Sequence[str], today: date) -> tuple[dict[str, str], int] | None:
    """The parameters of one key, and how many values they make today; ``None`` where there is no way to say them."""
    name, kind, found = f"projection.{key['Name']}", key["Type"], sorted(set(values))
    if kind == "date":
        days = _days(found)
        if not days:
            return None
        last = "NOW" if days[-1] <= today else found[-1]
        told = {f"{name}.type": "date", f"{name}.format": "yyyy-MM-dd", f"{name}.range": f"{found[0]},{last}"}
        return {**told, f"{name}.interval": "1", f"{name}.interval.unit": "DAYS"}, (
            max(days[-1], today) - days[0]
        ).days + 1
    if kind in _NUMBERS and all(value.isdigit() and str(int(value)) == value for value in found):
        numbers = sorted(map(int, found))
        if any(later - earlier > 1 for earlier, later in pairwise(numbers)):
            return None
        return {f"{name}.type": "integer", f"{name}.range": f"{numbers[0]},{numbers[-1]}"}, len(numbers)
    plain = all(value == value.strip() and value and "," not in value for value in found)
    if kind == "string" and plain and len(found) <= _MOST_WORDS:
        return {f"{name}.type": "enum", f"{name}.values": ",".join(found)}, len(found)
    return None


def _days(values: Sequence[str]) -> list[date]:
    try:
        found = [date.fromisoformat(each) for each in values]
    except ValueError:
        # NULL, or no day.
        return []
    # Others than yyyy-MM-dd are read, too, by newer Pythons.
    return found if [each.isoformat() for each in found] == list(values) else []
