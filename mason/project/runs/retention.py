"""Which runs are forgotten: old ones beyond the newest, so that a history does not grow for ever.

A run is removed when it is neither among the newest ``keep_runs`` nor of the last ``keep_days`` days (``history:`` in
``mason.yaml``), and with it the journal that this machine has of it. What goes on is never removed, and neither is what
can still be resumed within these days. Journals of which this state has no record, such as those of other projects, are
removed by the same rule, with no smaller numbers than the usual ones: what other projects say is not known here.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from mason.errors import MasonError, StateError, StateFormatError
from mason.home import mason_home
from mason.ownership import make_private
from mason.project.opened import Project
from mason.runtime.records import moment_of
from mason.runtime.run_part import is_part, whole_of
from mason.settings import History
from mason.state import journal
from mason.state.lock import who
from mason.values import dataclass

_DAY = 24 * 3600
# How long a run may wait for this. What is left is done when the next one begins.
_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Pruned:
    """The ids of the runs and of the journals without a run that were removed, or would be; oldest first.

    ``complete`` is false where there was no time for all.
    """

    runs: tuple[str, ...]
    journals: tuple[str, ...]
    complete: bool = True


def prune(project: Project, *, dry_run: bool = False, seconds: float | None = None) -> Pruned:
    """Remove what is not kept, in at most so many ``seconds``. Raises ``StateError``."""
    now = datetime.now(timezone.utc)
    end = None if seconds is None else time.monotonic() + seconds
    kept = project.settings.history
    known = project.store.list_runs()
    runs: list[str] = []
    journals: list[str] = []
    for run_id in _old_runs(project, known, now - timedelta(days=kept.keep_days)):
        if end is not None and time.monotonic() > end:
            return Pruned(tuple(runs), (), complete=False)
        if dry_run or journal.remove_journal(run_id):
            if not dry_run:
                project.store.delete_run(run_id)
            runs.append(run_id)
    for run_id in _old_journals(known, kept, now):
        if end is not None and time.monotonic() > end:
            return Pruned(tuple(runs), tuple(journals), complete=False)
        if dry_run or journal.remove_journal(run_id):
            journals.append(run_id)
    return Pruned(tuple(runs), tuple(journals))


def prune_daily(project: Project) -> None:
    """As :func:`prune`, at most once a day on this machine. What fails is told to the log: a run need not know."""
    marker = _marker(project)
    with contextlib.suppress(OSError):
        if _is_fresh(marker):
            return
    # Imported here: of the runs of a day, all others begin sooner.
    import logging

    log = logging.getLogger("mason")
    try:
        # Made first: where this cannot be done, or not to the end, it is not tried with every run.
        make_private(marker.parent)
        marker.touch(mode=0o600)
        pruned = prune(project, seconds=_SECONDS)
        if not pruned.complete:
            marker.unlink(missing_ok=True)
    except OSError as error:
        log.info("old runs stay in the history: %s", error)
    except MasonError as error:
        log.warning("Old runs stay in the history: %s", error)
    else:
        log.info("removed %d old runs and %d old journals", len(pruned.runs), len(pruned.journals))


def _marker(project: Project) -> Path:
    name = hashlib.sha256(project.store.url.encode()).hexdigest()[:16]
    return mason_home() / journal.FOLDER / f".pruned-{name}"


def _is_fresh(marker: Path) -> bool:
    try:
        # Either way: a clock may have been set back.
        return abs(time.time() - marker.stat().st_mtime) < _DAY
    except FileNotFoundError:
        return False


def _old_runs(project: Project, known: list[str], before: datetime) -> Iterator[str]:
    """The runs beyond the newest that ended before then, oldest first. Only those that may be are read."""
    whole = [run_id for run_id in known if not is_part(run_id)]
    newest = set(whole[-project.settings.history.keep_runs :])
    for run_id in known:
        # The steps that a scheduler had done one by one go with their run.
        if whole_of(run_id) in newest:
            continue
        begun = _begun(run_id)
        if begun is not None and begun >= before:
            continue
        try:
            record = project.store.get_run(run_id)
        except StateFormatError:
            # Nobody can read it, and its id tells how old it is.
            record = {}
        except StateError:
            if run_id in project.store.list_runs():
                raise
            # Another process removed it.
            continue
        if _is_old(run_id, record, begun, before):
            yield run_id


def _is_old(run_id: str, record: Mapping[str, Any], begun: datetime | None, before: datetime) -> bool:
    told = [moment_of(record.get(name)) for name in ("started_at", "resumed_at", "finished_at")]
    moments = [moment for moment in (begun, *told) if moment is not None]
    if not moments or max(moments) >= before or journal.is_going_on(run_id):
        return False
    # Whether it goes on can be found out only where it runs.
    host = str(record.get("run_by", "")).rpartition("@")[2]
    return record.get("status") != "running" or host == who().rpartition("@")[2]


def _old_journals(known: list[str], kept: History, now: datetime) -> Iterator[str]:
    """The journals without a record beyond the newest that were last written to before the days that are kept."""
    usual = History()
    before = now - timedelta(days=max(kept.keep_days, usual.keep_days))
    found = journal.list_journals()
    recorded = set(known)
    for run_id, written in found[: -max(kept.keep_runs, usual.keep_runs)]:
        if run_id not in recorded and written < before:
            yield run_id


def _begun(run_id: str) -> datetime | None:
    """When a run began, as its id tells."""
    try:
        return datetime.strptime(run_id.partition(".")[0], "%Y%m%dT%H%M%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
