"""Faults of references are told together with those of documents, as far as it is clear what is referred to."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Mason

GOOD = "type: operator\nnamespace: a\ncommand: good\ndo:\n  - storage.list_paths: {path: x}\n"
BAD = "type: operator\nnamespace: a\ncommand: bad\nnonsense: 1\ndo:\n  - storage.list_paths: {path: x}\n"
FLOW = """\
type: workflow
namespace: a
command: flow
dag:
  - {id: one, namespace: a, command: good}
  - {id: two, namespace: a, command: bad}
  - {id: three, namespace: a, command: gone}
"""


def said(mason: Mason) -> list[str]:
    told = mason("plan")
    assert told.code == 1
    return [line.removeprefix("Error: ").split(" (")[0] for line in told.err.splitlines() if line.startswith("Error: ")]


def test_references_are_looked_at_beside_documents_with_faults(mason: Mason, folder: Path) -> None:
    (folder / "good.yaml").write_text(GOOD)
    (folder / "bad.yaml").write_text(f"{BAD}---\n{FLOW}")
    lines = said(mason)
    assert lines == [
        "bad.yaml:4: unknown key 'nonsense'",
        "bad.yaml:14: step three uses operator.a.gone, which is neither in these files nor in the state",
    ]


def test_what_a_fault_hides_may_be_what_is_referred_to(mason: Mason, folder: Path) -> None:
    (folder / "good.yaml").write_text(GOOD)
    (folder / "flow.yaml").write_text(FLOW)
    (folder / "bad.yaml").write_text(BAD.replace("namespace: a", "namespace: 'a b'"))
    lines = said(mason)
    assert lines
    assert all(line.startswith("bad.yaml:") for line in lines)
    (folder / "bad.yaml").write_text("type: operator\n  namespace: a\n")
    assert [line.partition(":")[0] for line in said(mason)] == ["bad.yaml"]


def test_doubles_are_found_beside_faults(mason: Mason, folder: Path) -> None:
    (folder / "good.yaml").write_text(GOOD)
    (folder / "mixed.yaml").write_text(f"{BAD}---\n{GOOD}")
    assert [line.partition(":")[0] for line in said(mason)] == ["mixed.yaml", "mixed.yaml"]
