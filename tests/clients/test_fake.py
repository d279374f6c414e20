"""Made-up rows: the same for a seed whatever happens around them, of exactly the types asked for, and plausible."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from mason.clients._duckdb.fake import FakeColumn, select
from mason.clients._duckdb.fake.column import TextShape
from mason.clients._duckdb.quoting import identifier
from mason.errors import EngineError, MissingDependencyError

TYPES = [
    *(f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")),
    "FLOAT",
    "DOUBLE",
    "DECIMAL(1,0)",
    "DECIMAL(4,4)",
    "DECIMAL(10,2)",
    "DECIMAL(38,0)",
    "DECIMAL(38,38)",
    "BIGNUM",
    "BOOLEAN",
    "VARCHAR",
    "DATE",
    "TIME",
    "TIME_NS",
    "TIME WITH TIME ZONE",
    "TIMESTAMP",
    "TIMESTAMP_S",
    "TIMESTAMP_MS",
    "TIMESTAMP_NS",
    "TIMESTAMP WITH TIME ZONE",
    "INTERVAL",
    "UUID",
    "BLOB",
    "BIT",
    "JSON",
    "ENUM('a', 'it''s', 'ü')",
    "INTEGER[]",
    "VARCHAR[][]",
    "FLOAT[3]",
    'STRUCT(a INTEGER, "b ""c" VARCHAR[], e STRUCT(d DATE))',
    "MAP(VARCHAR, INTEGER)",
    "MAP(INTEGER, STRUCT(a UUID)[])",
    "STRUCT(a INTEGER[2])[2]",
    "MAP(INTEGER[2], FLOAT[2])",
    "UNION(f FLOAT[2], i INTEGER)",
    'UNION(num INTEGER, "a text" VARCHAR)',
    "STRUCT(m MAP(DATE, DECIMAL(5,2)[2]), j JSON)[]",
]
# Names of every kind: those that say nothing, those of texts, of numbers, of moments, of shares and of keys.
NAMES = ("x", "email", "price", "latitude", "year", "created_at", "rate", "id", "customer_id", "quantity", "is_new")


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def made(
    connection: duckdb.DuckDBPyConnection, *columns: FakeColumn, size: int = 1000, seed: int = 7
) -> list[tuple[Any, ...]]:
    """The rows, every value as text: Python has no type for some."""
    sql = select(connection, columns, size=size, seed=seed)
    return connection.execute(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({sql})").fetchall()


def values(connection: duckdb.DuckDBPyConnection, name: str, kind: str = "VARCHAR", **facts: Any) -> list[Any]:
    sql = select(connection, [FakeColumn(name, kind, **facts)], size=1000, seed=7)
    rows = connection.execute(sql).fetchall()
    assert len(rows) == 1000
    return [value for (value,) in rows]


@pytest.mark.parametrize("name", NAMES)
def test_every_type_is_exactly_as_asked_for_and_has_no_nulls(connection, name):
    columns = [FakeColumn(f"{name} {place}" if place else name, kind) for place, kind in enumerate(TYPES)]
    sql = select(connection, columns, size=300, seed=1)
    described = [(row[0], row[1]) for row in connection.execute(f"DESCRIBE {sql}").fetchall()]
    assert described == [(column.name, column.type) for column in columns]
    counts = ", ".join(f"count({identifier(column.name)})" for column in columns)
    assert set(connection.execute(f"SELECT {counts} FROM ({sql})").fetchone()) == {300}


def test_the_same_seed_gives_the_same_rows_whatever_the_threads(connection):
    columns = [FakeColumn(f"c{place}", kind, null_share=0.1) for place, kind in enumerate(TYPES)]
    columns += [FakeColumn(name, "VARCHAR") for name in NAMES]
    rows = made(connection, *columns, size=5000)
    for threads in (1, 5):
        with duckdb.connect(config={"threads": threads}) as other:
            other.execute("SET TimeZone = 'UTC'")
            assert made(other, *columns, size=5000) == rows


def test_other_seeds_and_other_columns_give_other_rows(connection):
    columns = [FakeColumn("one", "BIGINT"), FakeColumn("two", "BIGINT"), FakeColumn("email", "VARCHAR")]
    first, other = made(connection, *columns), made(connection, *columns, seed=8)
    for column in range(3):
        assert [row[column] for row in first] != [row[column] for row in other]
    assert [row[0] for row in first] != [row[1] for row in first]
    # What a column holds does not depend on its neighbours, nor the first rows on how many follow.
    assert made(connection, columns[1], size=100) == [(row[1],) for row in first[:100]]


def test_draws_of_two_columns_do_not_depend_on_each_other(connection):
    rows = made(connection, FakeColumn("a", "BOOLEAN"), FakeColumn("b", "BOOLEAN"), size=10_000)
    alike = sum(a == b for a, b in rows)
    assert 4_800 < alike < 5_200


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_sizes(connection, size):
    rows = made(connection, FakeColumn("id", "INTEGER"), FakeColumn("name", "VARCHAR"), size=size)
    assert [row[0] for row in rows] == [str(number) for number in range(1, size + 1)]


def test_a_file_holds_the_rows_in_their_order(connection, tmp_path):
    sql = select(connection, [FakeColumn("id", "INTEGER"), FakeColumn("city", "VARCHAR")], size=300_000, seed=1)
    connection.execute(f"COPY ({sql}) TO '{tmp_path}/t.parquet'")
    file = f"read_parquet('{tmp_path}/t.parquet', file_row_number=true)"
    assert connection.execute(f"SELECT count(*) FROM {file} WHERE id = file_row_number + 1").fetchone() == (300_000,)
    assert connection.execute(f"SELECT id, city FROM {file} EXCEPT ALL ({sql})").fetchall() == []


@pytest.mark.parametrize(
    "name",
    ['a "quoted" name', "it's", "日本語", "select", "", "row", "made up", "made up 0", "a.b", "$1", "x;--", "ß\n"],
)
def test_odd_names(connection, name):
    columns = [
        FakeColumn(name or " ", "INTEGER[][]"),
        FakeColumn("row ", 'STRUCT("row" INTEGER)'),
        FakeColumn("v", "INT"),
    ]
    sql = select(connection, columns, size=3, seed=1)
    relation = connection.sql(sql)
    assert relation.columns == [name or " ", "row ", "v"]
    assert len(relation.fetchall()) == 3


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("first_name", r"[A-Z]\S+"),
        ("lastName", r"\S.+"),
        ("Customer Name", r"\S+ \S.*"),
        ("email_address", r"[a-z]+\.[a-z]+\d{1,2}@example\.(com|org|net)"),
        ("username", r"[a-z]+_[a-z]+\d{1,2}"),
        ("phoneNumber", r"\+1-[2-9]\d\d-555-\d{4}"),
        ("billing_street_address", r"\d{1,4} [A-Z].*"),
        ("country_code", r"[A-Z]{2}"),
        ("ZIPCode", r"\d{5}"),
        ("url", r"https://www\.[a-z]+\.example/[a-z]+"),
        ("domain", r"[a-z]+\.example"),
        ("ip", r"10\.\d{1,3}\.\d{1,3}\.\d{1,3}"),
        ("ipv6", r"2001:db8::[0-9a-f]{1,4}:[0-9a-f]{1,4}"),
        ("order_id", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ("currency", r"[A-Z]{3}"),
        ("latitude", r"-?\d{1,2}\.\d{6}"),
        ("age", r"[1-9]\d"),
        ("total_price_usd", r"\d{1,4}\.\d\d"),
        ("created_at", r"202[0-3]-\d\d-\d\d \d\d:\d\d:\d\d"),
        ("updatedAt", r"202[45]-\d\d-\d\d \d\d:\d\d:\d\d"),
        ("birth_date", r"(19|20)\d\d-\d\d-\d\d"),
        ("is_active", r"true|false"),
        ("invoice_number", r"[A-Z0-9]{4}-[A-Z0-9]{4}"),
        ("description", r"\S+ \S+ .*"),
        ("product", r"[A-Z]\S*( \S+)+"),
        ("anything", r"\S+ \S+"),
    ],
)
def test_texts_by_name(connection, name, pattern):
    assert [value for value in values(connection, name) if not re.fullmatch(pattern, value)] == []


@pytest.mark.parametrize("name", ["city", "state", "country", "company", "job_title", "colour", "gender", "language"])
def test_words_by_name_are_not_those_of_a_name_that_says_nothing(connection, name):
    assert set(values(connection, name)).isdisjoint(values(connection, "anything"))


def test_ibans_have_the_right_check_digits(connection):
    for iban in values(connection, "iban"):
        assert int(f"{iban[4:]}1314{iban[2:4]}") % 97 == 1


def test_emails_do_not_repeat(connection):
    rows = made(connection, FakeColumn("email", "VARCHAR"), size=300_000)
    assert len({email.partition("@")[0] for (email,) in rows}) == 300_000


@pytest.mark.parametrize(
    ("name", "kind", "low", "high"),
    [
        ("age", "TINYINT", 18, 90),
        ("price", "DOUBLE", 1, 1000),
        ("amount", "DECIMAL(3,2)", 1, 9.99),
        ("quantity", "SMALLINT", 1, 100),
        ("percent", "INTEGER", 0, 100),
        ("pct", "DECIMAL(5,2)", 0, 100),
        ("rate", "DOUBLE", 0, 1),
        ("rate", "DECIMAL(5,4)", 0, 1),
        ("year", "SMALLINT", 2000, 2025),
        ("month", "UTINYINT", 1, 12),
        ("hour", "BIGINT", 0, 23),
        ("longitude", "FLOAT", -180, 180),
        ("user_id", "BIGINT", 1, 100),
    ],
)
def test_numbers_by_name(connection, name, kind, low, high):
    found = [float(value) for value in values(connection, name, kind)]
    assert low <= min(found) < low + (high - low) / 4
    assert high >= max(found) > high - (high - low) / 4


def test_an_id_that_does_not_fit_starts_again(connection):
    assert values(connection, "id", "TINYINT")[125:129] == [126, 127, 1, 2]
    assert values(connection, "id", "DECIMAL(2,1)")[8:10] == [9, 1]


def test_a_name_of_more_than_the_type_holds(connection):
    assert 0 <= min(values(connection, "year", "TINYINT")) <= max(values(connection, "year", "TINYINT")) <= 127


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        ("TINYINT", "-128", "127"),
        ("BIGINT", str(-(2**63)), str(2**63 - 1)),
        ("UBIGINT", str(2**64 - 5), str(2**64 - 1)),
        ("HUGEINT", str(-(2**127)), str(2**127 - 1)),
        ("UHUGEINT", "0", str(2**128 - 1)),
        ("DECIMAL(4,2)", "-12.50", "99.99"),
        ("DECIMAL(38,10)", "-1.5", "9999999999999999999999999999.0000000001"),
        ("DOUBLE", "-1e308", "1.7e308"),
        ("DOUBLE", "0.25", "0.5"),
        ("FLOAT", "0.1", "0.3"),
        ("DATE", "0044-03-15 (BC)", "2013-01-01"),
        ("TIME", "08:00:00.25", "17:30:00"),
        ("TIMESTAMP", "1969-12-31 23:59:59.5", "1970-01-01 00:00:00.25"),
        ("TIMESTAMP_S", "2013-01-01 00:00:00", "2013-01-01 00:00:09"),
        ("TIMESTAMP_MS", "2013-01-01 00:00:00.001", "2013-01-01 00:00:00.009"),
        ("TIMESTAMP_NS", "2013-01-01 00:00:00.000000001", "2013-01-01 00:00:00.000000009"),
        ("TIMESTAMP WITH TIME ZONE", "2013-01-01 00:00:00+00", "2013-06-01 00:00:00+00"),
        ("INTERVAL", "-3 days -00:00:01", "4 years"),
    ],
)
def test_values_stay_between_smallest_and_largest(connection, kind, least, most):
    sql = select(connection, [FakeColumn("x", kind, min=least, max=most)], size=5000, seed=1)
    low, high = (f"CAST('{bound}' AS {kind})" for bound in (least, most))
    answer = connection.execute(f"SELECT count(*), count(DISTINCT x) > 3 FROM ({sql}) WHERE x BETWEEN {low} AND {high}")
    assert answer.fetchone() == (5000, True)


def test_steps(connection):
    assert {value * 100 % 1 for value in values(connection, "x", "DOUBLE", min="1.0", max="9.0", step="1")} == {0}
    cents = values(connection, "x", "DOUBLE", min="0.1", max="9.99", step="0.01")
    assert all(value == round(value, 2) for value in cents)
    days = values(connection, "x", "TIMESTAMP", min="2013-01-01 00:00:00", max="2013-12-31 00:00:00", step="day")
    assert {(day.hour, day.minute, day.second) for day in days} == {(0, 0, 0)}


def test_few_distinct_numbers_stay_few(connection):
    found = set(values(connection, "x", "BIGINT", min="0", max="1000000", distinct=11))
    assert found == {number * 100_000 for number in range(11)}


def test_keys_stay_unique_and_within_their_bounds_while_these_suffice(connection):
    found = values(connection, "x", "INTEGER", min="-5", max="2000000000", unique=True)
    assert len(set(found)) == 1000
    assert -5 <= min(found) <= max(found) <= 2_000_000_000
    assert values(connection, "x", "INTEGER", min="11", max="20", unique=True) == list(range(11, 1011))
    assert set(values(connection, "x", "TINYINT", min="118", max="127", unique=True)) == set(range(118, 128))


def test_values_are_drawn_with_their_shares(connection):
    shares = (("it's", 0.5), ("a\0b", 0.25), ("", 0.25))
    found = values(connection, "email", values=shares, null_share=0.2)
    counts = {value: found.count(value) for value in set(found)}
    assert counts == {
        "it's": pytest.approx(400, abs=60),
        "a\0b": pytest.approx(200, abs=50),
        "": pytest.approx(200, abs=50),
        None: pytest.approx(200, abs=50),
    }
    assert set(values(connection, "x", "INTEGER", values=(("7", 1.0),))) == {7}


def test_nulls_only_where_facts_say_so(connection):
    assert values(connection, "x", "INTEGER", null_share=1.0) == [None] * 1000
    assert None not in values(connection, "x", "INTEGER")


@pytest.mark.parametrize(
    ("shape", "pattern"),
    [
        (TextShape(3, 9, "digits"), r"\d{3,9}"),
        (TextShape(5, 5, "upper"), r"[A-Z0-9]{5}"),
        (TextShape(1, 2, "lower"), r"[a-z0-9]{1,2}"),
        (TextShape(0, 4), r"[A-Za-z0-9]{0,4}"),
        (TextShape(0, 0), r""),
        (TextShape(10, 30, "words"), r"\w.{9,29}"),
        (TextShape(300, 400, "words"), r"\w.{299,399}"),
        (TextShape(5000, 10**9), r"\w{2000}"),
    ],
)
def test_texts_have_the_shape_that_was_seen(connection, shape, pattern):
    found = values(connection, "anything", text=shape)
    assert [text for text in found if not re.fullmatch(pattern, text, re.DOTALL)] == []


def test_the_elements_of_a_list_mean_what_its_name_says(connection):
    for mails in values(connection, "emails", "VARCHAR[]"):
        assert mails
        assert all("@example." in mail for mail in mails)
    assert {len(value) for value in values(connection, "x", "INTEGER[]")} == {1, 2, 3, 4}


def test_a_type_without_values(connection):
    with pytest.raises(EngineError) as raised:
        select(connection, [FakeColumn("place", "GEOMETRY")], size=1, seed=1)
    assert str(raised.value) == (
        "Values of the type GEOMETRY (column place) cannot be made up. Leave the column out, or give it another type."
    )


def test_without_the_library_words_name_the_extra_and_numbers_are_made(connection, monkeypatch):
    # An entry of None is how Python itself says that a module cannot be imported.
    monkeypatch.setitem(sys.modules, "mimesis", None)
    with pytest.raises(MissingDependencyError) as raised:
        select(connection, [FakeColumn("name", "VARCHAR")], size=1, seed=1)
    assert str(raised.value) == ("Making up data needs packages that are not installed. Run: pip install 'mason[fake]'")
    assert made(connection, FakeColumn("id", "INTEGER"), size=1) == [("1",)]


def test_a_connection_that_is_locked_will_do(connection):
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    assert len(made(connection, FakeColumn("name", "VARCHAR"), size=3)) == 3


def test_memory_does_not_grow_with_the_rows():
    # The rows alone are 80 MB.
    with duckdb.connect(config={"threads": 2, "memory_limit": "40MB", "temp_directory": ""}) as connection:
        columns = [FakeColumn("id", "BIGINT"), FakeColumn("uuid", "UUID"), FakeColumn("name", "VARCHAR")]
        sql = select(connection, columns, size=2_000_000, seed=1)
        counts = connection.execute(f"SELECT count(id), count(uuid), count(name) FROM ({sql})").fetchone()
        assert counts == (2_000_000,) * 3
        with pytest.raises(duckdb.OutOfMemoryException):
            connection.execute(f"CREATE TABLE t AS {sql}")
