"""Time zones by their names. The names are the system's, or those of the package ``tzdata``, which comes with Mason for
systems that have none."""

from __future__ import annotations

from datetime import timezone, tzinfo
from functools import cache

from mason.resources.wording import nearest, quoted


class ZoneError(ValueError):
    """A time zone that nobody knows. ``remedy`` says which one was probably meant."""

    def __init__(self, message: str, remedy: str) -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message} ({remedy})")


@cache
def find_zone(name: str) -> tzinfo:
    """The time zone of an IANA name, such as ``Europe/Berlin`` or ``UTC``. Raises ``ZoneError``."""
    if name == "UTC":
        return timezone.utc
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        # ValueError: a path that leads out of the folder of zones. OSError: a folder of it, such as Europe.
        pass
    known = zoneinfo.available_timezones()
    if not known:
        raise ZoneError(f"there is no time zone {quoted(name)}: this system has none", "run: pip install tzdata")
    # Most who miss the name write the city, or another case.
    folded = {zone.lower(): zone for zone in known} | {zone.rpartition("/")[2].lower(): zone for zone in known}
    meant = nearest(name.lower().replace(" ", "_"), folded)
    remedy = f"did you mean {folded[meant]}?" if meant else "write its IANA name, such as Europe/Berlin, or UTC"
    raise ZoneError(f"there is no time zone {quoted(name)}", remedy)
