"""Trigger rules: whether a node of a DAG begins, given how its dependencies ended. Pure.

The words and what they mean are Airflow's (``airflow.ti_deps.deps.trigger_rule_dep``). A failed dependency is one that
is ``failed`` or ``upstream_failed``:

============  ========================  ==========================  ============================  ===================
rule          all succeeded             some skipped, none failed   some failed, the others may   some failed, all
                                                                    still run                     have ended
============  ========================  ==========================  ============================  ===================
all_success   begins                    ``skipped``                 ``upstream_failed`` at once   ``upstream_failed``
none_failed   begins                    begins                      ``upstream_failed`` at once   ``upstream_failed``
all_done      begins                    begins                      waits                         begins
one_failed    ``skipped``               ``skipped``                 begins at once                begins
============  ========================  ==========================  ============================  ===================

Columns one and two speak of dependencies that have all ended: until then every rule waits. A node without
dependencies begins, whatever its rule says.

There is one difference. When a dependency was skipped, Airflow's ``all_success`` skips the node at once, so that a
failure of another dependency comes too late to make it ``upstream_failed``, or does not, by chance. Here it
waits for the others, and the status is the same however many nodes run at a time.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

TRIGGER_RULES = ("all_success", "one_failed", "all_done", "none_failed")
"""When a step runs, depending on how its dependencies ended; the first where nothing was said."""

Verdict: TypeAlias = Literal["begin", "skipped", "upstream_failed"]


def verdict(rule: str, *, waiting: int, failed: int, skipped: int) -> Verdict | None:
    """What becomes of a node with this rule (one of ``TRIGGER_RULES``); ``None`` as long as that is open.

    Of its dependencies ``waiting`` have not ended, ``failed`` have failed, ``skipped`` were skipped, and the rest
    succeeded. Once there is a verdict, no dependency that ends later changes it. A node without dependencies is not
    asked about.
    """
    if failed and rule != "all_done":
        return "begin" if rule == "one_failed" else "upstream_failed"
    if waiting:
        return None
    if rule == "one_failed" or (rule == "all_success" and skipped):
        return "skipped"
    return "begin"
