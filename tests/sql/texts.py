"""Tables of SQL that tests of translations share: a table, and a text for what has to come out of it."""

from __future__ import annotations

import re

from mason.errors import TranslationError
from mason.sql.dialects import translate

STAFF = {
    "staff": {
        "id": "INTEGER",
        "dept": "VARCHAR",
        "pay": "DECIMAL(10,2)",
        "hired": "DATE",
        "rate": "DOUBLE",
        "seen": "TIMESTAMP",
        "ok": "BOOLEAN",
        "tiny": "TINYINT",
    }
}


def expression(written: str, to: str) -> str:
    """What becomes of an expression over the table."""
    text = translate(f"SELECT {written} AS x FROM staff", STAFF, to=to).text
    found = re.fullmatch(r'SELECT (.*) AS "x" FROM "staff" AS "staff"', text)
    assert found is not None, text
    return found[1].replace('"staff".', "")


def query(written: str, to: str) -> str:
    """What becomes of a query of the table."""
    return (
        translate(written, STAFF, to=to).text.replace('"staff".', "").replace(' FROM "staff" AS "staff"', " FROM staff")
    )


def refusal(written: str, to: str) -> str:
    """Why a query is refused, without its place; empty where it is not."""
    try:
        translate(written, STAFF, to=to)
    except TranslationError as error:
        return f"{error.reason}. {error.remedy}"
    return ""


def notes(written: str, to: str) -> list[str]:
    """What is noted of a query."""
    return [each.why for each in translate(written, STAFF, to=to).notes]
