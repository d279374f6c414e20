"""What was found and assumed when a table was read is told, in print and in JSON."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Mason

FOUND = (
    "column zip: read as text: 1 of 2,001 values is no number that would be written back as it stands "
    "(line 2002: '02134')"
)


def test_infer_and_get_tell_what_was_found(mason: Mason, folder: Path) -> None:
    assert mason("init", ".").code == 0
    assert mason("apply", "-y").code == 0
    (folder / "codes.csv").write_text("zip\n" + "10001\n" * 2000 + "02134\n")
    given = ("-p", "database_name:d,table_name:codes")
    done = mason("run", "operator", "table", "infer", *given, "-p", "path:codes.csv", "-y")
    assert done.code == 0, done.err
    assert f"  notes:\n    {FOUND}\n" in done.out
    got = mason("run", "operator", "table", "get", *given)
    assert got.out.endswith(f"\nNote: {FOUND}\n")
    (table,) = mason("run", "operator", "table", "get", *given, "--json").json["Data"]
    assert table["notes"] == [FOUND]
