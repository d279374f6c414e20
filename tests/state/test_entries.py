"""Stored entries: a mapping like any other that decodes no more than it is asked for."""

from dataclasses import replace

import pytest

from mason.errors import NotFoundError, StateFormatError
from mason.project.applied import find
from mason.state.format import decode_lines, encode, lay_out
from mason.state.snapshot import Entry, Snapshot, StoredEntries
from mason.testing.stores import entry, resources

PLAIN = {f"operator.table.number{number}": entry(number) for number in range(5)}
FIRST, SECOND = list(PLAIN)[:2]


class Decoding:
    """Decodes lines as a store does, and remembers for which addresses it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, lines, addresses):
        self.asked.append(sorted(addresses))
        return decode_lines(lines, addresses)


@pytest.fixture
def decoding():
    return Decoding()


@pytest.fixture
def stored(decoding):
    written = lay_out(Snapshot(PLAIN), before=Snapshot())
    return StoredEntries(written.content, written.digests, written.starts, decoding)


def test_nothing_is_decoded_for_addresses_and_digests(stored, decoding):
    snapshot = Snapshot(stored)
    assert (list(stored), len(stored), sorted(stored)) == (list(PLAIN), 5, list(PLAIN))
    assert (FIRST in stored, "operator.table.other" in stored, 7 in stored) == (True, False, False)
    assert dict(snapshot.digests) == Snapshot(PLAIN).digests == {a: each.digest for a, each in PLAIN.items()}
    assert stored.get("operator.table.other") is None
    with pytest.raises(KeyError):
        stored["operator.table.other"]
    assert (stored == {}, stored == [*PLAIN], stored == stored, decoding.asked) == (False, False, True, [])


def test_an_entry_is_decoded_once(stored, decoding):
    assert stored[SECOND] == PLAIN[SECOND]
    assert stored[SECOND] is stored.get(SECOND)
    assert decoding.asked == [[SECOND]]


def test_a_selection_is_decoded_together(stored, decoding):
    stored[FIRST]
    last = list(PLAIN)[-1]
    assert list(stored.select([last, FIRST, SECOND]).items()) == [(a, PLAIN[a]) for a in (last, FIRST, SECOND)]
    assert decoding.asked == [[FIRST], [SECOND, last]]
    assert stored.select([]) == {}
    assert stored.select([SECOND] * 5) == {SECOND: PLAIN[SECOND]}
    assert Snapshot(PLAIN).select([last, FIRST]) == Snapshot(stored).select([last, FIRST])
    for snapshot in (Snapshot(PLAIN), Snapshot(stored)):
        with pytest.raises(KeyError):
            snapshot.select([FIRST, "operator.table.other"])


@pytest.mark.parametrize(
    "use",
    [
        dict,
        lambda mapping: {**mapping},
        lambda mapping: dict(mapping.items()),
        lambda mapping: dict(zip(mapping.keys(), mapping.values(), strict=True)),
        lambda mapping: {} | dict(mapping),
    ],
)
def test_all_are_decoded_together(stored, decoding, use):
    first = stored[SECOND]
    made = use(stored)
    assert list(made.items()) == list(PLAIN.items())
    assert made[SECOND] is first
    assert decoding.asked == [[SECOND], [address for address in PLAIN if address != SECOND]]


def test_equality(stored):
    changed = {**PLAIN, FIRST: entry(9)}
    for one, other in ((stored, PLAIN), (PLAIN, stored)):
        assert one == other
    for one, other in ((stored, changed), (changed, stored)):
        assert one != other
    assert stored != {address.replace("table", "other"): each for address, each in PLAIN.items()}
    assert Snapshot(stored, 3) == Snapshot(PLAIN, 3)
    assert Snapshot(PLAIN, 3) != Snapshot(stored, 4)
    assert repr(stored) == repr(PLAIN)


def test_only_what_is_new_is_encoded_again(stored):
    """Lines are taken over for the very objects that were given out, so the bytes are those of the first encoding."""
    given = {**stored, FIRST: entry(9), "operator.table.other": entry(10)}
    del given[SECOND]
    assert sorted(stored.strangers(given)) == [FIRST, "operator.table.other"]
    assert stored.strangers(PLAIN) == PLAIN
    written = lay_out(Snapshot(given, 2), before=Snapshot(stored))
    assert written.content == encode(Snapshot(given, 2))
    assert written.strangers(given) == {}


@pytest.mark.parametrize("before", [0, 1, 2, 7])
def test_any_change_gives_the_bytes_of_a_fresh_encoding(before):
    """Every way to change, add and remove up to seven entries, at the edges and between."""
    names = "acegikm"[:before]
    old = {f"config.{name}": Entry("config", name, {"id": name * 20}) for name in names}
    base = Snapshot(lay_out(Snapshot(old), before=Snapshot()), 1)
    for pattern in range(3**before):
        kept = dict(base.resources)
        for position, name in enumerate(names):
            doing = pattern // 3**position % 3
            if doing == 1:
                kept[f"config.{name}"] = Entry("config", "changed", {"id": "changed"})
            elif doing == 2:
                del kept[f"config.{name}"]
        for added in ({}, {f"config.{name}": Entry("config", name, {}) for name in "bbn"[: pattern % 4]}):
            snapshot = Snapshot({**kept, **added}, 2, "L", "2.0.0")
            written = lay_out(snapshot, before=base)
            assert written.content == encode(snapshot)
            fresh = StoredEntries(written.content, written.digests, written.starts, decode_lines)
            assert dict(fresh) == dict(written) == snapshot.resources
            assert list(fresh) == list(fresh.items().mapping) == sorted(snapshot.resources)


def test_lines_that_are_no_entries():
    written = lay_out(Snapshot(PLAIN), before=Snapshot())
    for starts in (
        [start + 1 for start in written.starts],
        [0] * 6,
        written.starts[1:2] + written.starts[1:],
    ):
        broken = StoredEntries(written.content, written.digests, starts, decode_lines)
        with pytest.raises(StateFormatError) as caught:
            broken[FIRST]
        assert str(caught.value) == (
            "The state does not hold what its index says. Delete the file .index beside state.json: "
            "Mason works without it, and makes it again."
        )


def test_written_entries_are_those_that_were_given():
    given = dict(reversed(resources(1, count=3).items()))
    written = lay_out(Snapshot(given), before=Snapshot())
    assert list(written.items()) == sorted(given.items())
    assert all(written[address] is given[address] for address in given)


def test_finding_decodes_only_what_is_found(stored, decoding):
    assert find(Snapshot(stored), "config") == {}
    with pytest.raises(NotFoundError):
        find(Snapshot(stored), "operator", ["table", "other"])
    assert find(Snapshot(stored), "operator", ["table", "number1"]) == {SECOND: PLAIN[SECOND]}
    assert decoding.asked == [[SECOND]]
    assert list(find(Snapshot(stored), "all").items()) == list(PLAIN.items())


def test_what_a_project_applied_is_found_without_decoding_what_others_did(stored, decoding):
    entries = {address: replace(entry, project="mine") for address, entry in PLAIN.items()}
    assert Snapshot(stored).applied_by("nobody", list(PLAIN)) == {}
    assert decoding.asked == []
    for snapshot in (Snapshot(entries), Snapshot(lay_out(Snapshot(entries), before=Snapshot()))):
        assert snapshot.applied_by("mine", [SECOND, FIRST]) == {SECOND: entries[SECOND], FIRST: entries[FIRST]}
        assert snapshot.applied_by("min", list(PLAIN)) == {}
