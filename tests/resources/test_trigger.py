"""Trigger rules by themselves: what is decided while dependencies still run. The whole table is tested with walks."""

from __future__ import annotations

import pytest

from mason.resources.trigger import TRIGGER_RULES, verdict


@pytest.mark.parametrize(
    ("rule", "on_failure", "on_skip"),
    [
        ("all_success", "upstream_failed", None),
        ("none_failed", "upstream_failed", None),
        ("all_done", None, None),
        ("one_failed", "begin", None),
    ],
)
def test_what_is_decided_before_all_dependencies_have_ended(rule, on_failure, on_skip):
    assert verdict(rule, waiting=1, failed=0, skipped=0) is None
    assert verdict(rule, waiting=1, failed=1, skipped=0) == on_failure
    assert verdict(rule, waiting=1, failed=1, skipped=1) == on_failure
    assert verdict(rule, waiting=1, failed=0, skipped=1) == on_skip


@pytest.mark.parametrize("rule", TRIGGER_RULES)
def test_what_is_decided_stays_so_however_the_others_end(rule):
    for failed, skipped in ((1, 0), (0, 1), (1, 1), (0, 0)):
        early = verdict(rule, waiting=1, failed=failed, skipped=skipped)
        late = {
            verdict(rule, waiting=0, failed=failed, skipped=skipped),
            verdict(rule, waiting=0, failed=failed + 1, skipped=skipped),
            verdict(rule, waiting=0, failed=failed, skipped=skipped + 1),
        }
        assert early is None or late == {early}
