"""Values that readers change without a word, in families: a column is of one family, with a few values of others.

Nothing here knows how Mason reads. Texts are what stands in a file; :mod:`laws` says what may become of them.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

MARKERS = (
    "NULL",
    "null",
    "NA",
    "N/A",
    "n/a",
    "#N/A",
    "None",
    "nil",
    "-",
    "?",
    r"\N",
    "NaN",
    "__HIVE_DEFAULT_PARTITION__",
)
"""Texts that some readers take for no value."""

TRUTHS = ("true", "false", "TRUE", "False", "t", "f", "T", "yes", "no", "Y", "n", "on", "off", "1", "0")
SPACES = ("\u00a0", "\u2003", "\u202f", "\ufeff", "\u200b", "\t", "  ", "\u3000", "\u2028", "\x85", "\x0b", "\x0c")
INFINITIES = ("inf", "-inf", "nan", "NaN", "Infinity", "-Infinity", "INF", "+inf", "infinity")
NESTED = ('{"a": 1}', "[1, 2]", "{}", "[]", '{"a": {"b": null}}', "null", '"x"')
ZONES = ("Z", "+00", "+02:00", "-0330", "+05:45", " CET", " America/New_York", "z", "+2", " +02:00")


def whole(random: Random) -> str:
    return str(random.choice((random.randrange(-9, 10), random.randrange(10**6), random.getrandbits(31))))


def long_whole(random: Random) -> str:
    return str(random.choice((-1, 1)) * random.randrange(10 ** random.choice((15, 17, 18, 19, 20, 38, 39, 45))))


def at_the_edge(random: Random) -> str:
    edge = random.choice((2**31, 2**53, 2**63, 2**64, 10**38, 2**127))
    return str(random.choice((1, -1)) * edge + random.choice((-1, 0, 1)))


def padded(random: Random) -> str:
    return f"{random.randrange(1000):05}" if random.random() < 0.8 else f"0{random.randrange(10)}.50"


def code(random: Random) -> str:
    return random.choice(
        (
            f"{random.randrange(100)}E{random.randrange(20)}",
            f"{random.randrange(10)}e{random.randrange(400)}",
            f"{random.randrange(10)}d{random.randrange(9)}",
            f"0x{random.getrandbits(16):X}",
            f"0b{random.getrandbits(4):b}",
            f"{random.randrange(1000)}f",
            f"{random.randrange(10)}_{random.randrange(1000):03}",
            f"+{random.randrange(100)}",
            f"{random.randrange(10)}L",
            f"{random.randrange(20)}/{random.randrange(20)}",
            f"{random.randrange(1, 13)}-{random.randrange(1, 28)}",
            f"{random.randrange(10)}-{random.randrange(10)}-{random.randrange(10)}",
            "1,5",
            ".5",
            "5.",
            "-",
            ".",
            "-.5",
            "--1",
            "1-",
            "(5)",
            "5 %",
            "50%",
            "$5",
            "€ 5",
            "-0",
            "-0.0",
            "0.0",
            "00",
            "1 2",
            "٣",
            "²",
        )
    )


def scientific(random: Random) -> str:
    value = random.uniform(1, 10) * 10.0 ** random.randrange(-30, 30)
    return random.choice((repr(value), f"{value:e}", f"{value:.3E}", f"{value:.0e}", f"{value:g}"))


def fraction(random: Random) -> str:
    return repr(round(random.uniform(-1000, 1000), random.randrange(1, 6)))


def full_fraction(random: Random) -> str:
    value = random.uniform(-1, 1) * 10.0 ** random.randrange(-5, 18)
    return random.choice((repr(value), f"{value:.17g}", f"{value:.20f}", f"{value:.12f}"))


def money(random: Random) -> str:
    return f"{random.randrange(10 ** random.randrange(1, 8)) / 100:.2f}"


def grouped(random: Random) -> str:
    number = random.randrange(10 ** random.randrange(1, 9))
    return random.choice(
        (f"{number:,}", f"{number:,}".replace(",", "."), f"{number / 100:,.2f}", f"{number:,}".replace(",", " "))
    )


def day(random: Random) -> str:
    year = random.choice((2024, 1999, 1, 999, 1582, 1899, 1900, 2262, 9999, 10000))
    month, date = random.randrange(1, 13), random.randrange(1, 29)
    return random.choice(
        (f"{year:04}-{month:02}-{date:02}",) * 6 + (f"{year:04}-02-29", f"{year:04}-{month}-{date}", f"{year:04}-13-01")
    )


def local_day(random: Random) -> str:
    month, date, year = random.randrange(1, 13), random.randrange(1, 29), random.randrange(1950, 2050)
    mark = random.choice("/.-")
    parts = random.choice(((month, date), (date, month)))
    shown = f"{year}" if random.random() < 0.6 else f"{year % 100:02}"
    both = (f"{parts[0]:02}", f"{parts[1]:02}") if random.random() < 0.7 else tuple(map(str, parts))
    return random.choice((mark.join((*both, shown)), mark.join((shown, *both)), f"{year}{month:02}{date:02}"))


def clock(random: Random) -> str:
    hour, minute, second = random.randrange(24), random.randrange(60), random.randrange(60)
    exact = f"{hour:02}:{minute:02}:{second:02}"
    return random.choice(
        (exact,) * 6
        + (f"{exact}.{random.randrange(10**6):06}", f"{exact}.5", f"{exact}.1234567", f"{hour}:{minute:02}", "24:00:00")
        + (f"{exact} PM", f"{hour + 24}:{minute:02}:{second:02}", f"{exact}+02", "23:59:60", f"{hour:02}:{minute:02}")
    )


def moment(random: Random) -> str:
    year = random.choice((2024, 1969, 1, 1677, 2262, 9999))
    date = f"{year:04}-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}"
    exact = f"{date}{random.choice(' T')}{random.randrange(24):02}:{random.randrange(60):02}"
    seconds = f"{exact}:{random.randrange(60):02}"
    return random.choice(
        (seconds,) * 6
        + (f"{seconds}.{random.randrange(10**6):06}", f"{seconds}.{random.randrange(10**9):09}", f"{seconds}.1000000")
        + (exact, f"{date} 24:00:00", f"{seconds}.", f"{seconds},5", f"{date}  10:00:00", f"{date} 1:02:03")
    )


def zoned(random: Random) -> str:
    return moment(random) + random.choice(ZONES[:5] if random.random() < 0.8 else ZONES)


def words(random: Random) -> str:
    return random.choice(("x", "Rome", "a b", "ü", "日本", "it's", "e", "E5x", "Inf.", "May 5", "5 Jan 2024", "null x"))


def punctuated(random: Random) -> str:
    marks = (
        '"',
        "'",
        ",",
        ";",
        "\t",
        "|",
        "\n",
        "\r\n",
        "\r",
        "#",
        "--",
        "\\",
        "`",
        " ",
        '""',
        "\\n",
        "{",
        "=1+1",
        "@",
    )
    return "".join(random.choice((random.choice(marks), random.choice("ab1"))) for _ in range(random.randrange(1, 7)))


def spaced(random: Random) -> str:
    inner = random.choice((whole, words, day, fraction))(random)
    space = random.choice((" ", *SPACES))
    return random.choice((space + inner, inner + space, space, space + inner + space))


def identifier(random: Random) -> str:
    digits = f"{random.getrandbits(128):032x}"
    found = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    return random.choice((found, found.upper(), f"{{{found}}}", digits))


def one_of(*texts: str) -> Callable[[Random], str]:
    return lambda random: random.choice(texts)


FAMILIES: tuple[Callable[[Random], str], ...] = (
    whole, whole, long_whole, at_the_edge, padded, code, scientific, fraction, full_fraction, money, grouped, day,
    local_day, clock, moment, zoned, words, punctuated, spaced, identifier, one_of(*MARKERS), one_of(*TRUTHS),
    one_of("true", "false"), one_of(*INFINITIES), one_of(*NESTED), one_of(""),
)  # fmt: skip
"""What makes a value, one function for each kind of trouble."""


def column(random: Random, rows: int) -> list[str | None]:
    """The values of one column: of one family mostly, the strange ones late where there is one."""
    family = random.choice(FAMILIES)
    values: list[str | None] = [family(random) for _ in range(rows)]
    if random.random() < 0.4:
        for _ in range(random.choice((1, 1, 2, rows // 2))):
            place = rows - 1 if random.random() < 0.5 else random.randrange(rows)
            values[place] = random.choice(FAMILIES)(random)
    if random.random() < 0.35:
        share = random.choice((0.1, 0.5, 0.9, 1.0))
        values = [None if random.random() < share else value for value in values]
    return values


def names(random: Random, count: int) -> list[str]:
    """Names of columns: usual ones, or such as need quotes, differ in case only, are empty, or are there twice."""
    usual = [f"c{index}" for index in range(count)]
    if random.random() < 0.8:
        return usual
    odd = (
        "", " ", "a", "A", "a", "select", 'q"q', "x,y", "2021", "1.5", "true", "a.b", "ü", "tab\tname", "new\nline",
        "sep=;", "#", "null", "NaN", "column0", "a_1", "filename", "file_path", "c 1", "İ", "ß", "SS", "*", "?",
        "2024-01-05",
    )  # fmt: skip
    return [random.choice(odd) if random.random() < 0.5 else name for name in usual]
