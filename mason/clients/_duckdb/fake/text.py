"""Texts by what they are: pools of words that the library knows, drawn from by SQL, and texts put together from them.

Nothing here can be somebody's by accident: mail and web addresses lie under the names that are reserved for examples
(RFC 2606), telephone numbers in the exchange 555, IP addresses in networks that are not routed (RFC 1918, RFC 3849).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from mason.clients._duckdb.fake.column import TextShape
from mason.clients._duckdb.fake.dice import Dice
from mason.clients._duckdb.quoting import identifier, literal
from mason.errors import MissingDependencyError

if TYPE_CHECKING:
    import duckdb
    import mimesis

# How often the library is asked for each pool. A draw from a pool costs in proportion to the pool's size: with these,
# a million rows of one text take a tenth of a second.
_DRAWS = 2_000
_LONGEST = 2_000
# Texts of letters are put together from pieces of these lengths, of the shortest by which four of them suffice: more
# pieces give more different texts, and cost more.
_PIECES = (4, 10, 40)
_ALPHABETS = {
    "digits": "0123456789",
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "lower": "abcdefghijklmnopqrstuvwxyz0123456789",
    "mixed": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
}
_STATUS = ("active", "inactive", "pending", "completed", "cancelled")
_MATERIALS = [
    "Bamboo",
    "Ceramic",
    "Copper",
    "Cotton",
    "Glass",
    "Leather",
    "Linen",
    "Oak",
    "Steel",
    "Stone",
    "Walnut",
    "Wool",
]
_THINGS = [
    "Backpack",
    "Basket",
    "Bench",
    "Blanket",
    "Bottle",
    "Bowl",
    "Chair",
    "Clock",
    "Desk",
    "Jacket",
    "Kettle",
    "Lamp",
    "Mug",
    "Notebook",
    "Shelf",
    "Table",
]


class Texts:
    """Texts of one seed in one connection, which keeps the pools in variables of its own.

    A pool is a variable and no table, because a join would decide on the order of the rows.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, seed: int) -> None:
        self._connection = connection
        self._seed = seed
        self._sizes: dict[str, int] = {}

    def text(self, what: str, dice: Dice) -> str:
        """The SQL of one text; ``what`` is a composition or a pool."""
        compose = _COMPOSED.get(what)
        return compose(self, dice) if compose else self.draw(what, dice.part(what))

    def shaped(self, shape: TextShape, dice: Dice) -> str:
        """The SQL of a text that looks as ``shape`` says; lengths are cut at 2,000 characters."""
        shortest, longest = min(shape.shortest, _LONGEST), min(shape.longest, _LONGEST)
        words = shape.letters == "words"
        width = next((piece for piece in _PIECES if longest <= 4 * piece), _PIECES[-1])
        pool = f"{shape.letters} {width}"
        if words:
            # The widths are what the shortest texts of the pools have at least.
            pool, width = ("paragraph", 80) if longest > 40 else ("ten words", 19)
        pieces = [self.draw(pool, dice.part(f"piece {index}")) for index in range(-(-longest // width))]
        if not pieces:
            return "''"
        length = (
            str(shortest) if shortest == longest else f"{shortest} + {dice.below(longest - shortest + 1, 'length')}"
        )
        # No text ends with a space: its last character would be lost to whoever trims.
        joined = "left(" + (" || ' ' || " if words else " || ").join(pieces) + f", {length})"
        return f"regexp_replace({joined}, ' $', '.')" if words else joined

    def draw(self, pool: str, dice: Dice) -> str:
        """The SQL that draws from a pool."""
        variable = self._variable(pool)
        return f"getvariable({literal(variable)})[1 + {dice.below(self._sizes[pool])}]"

    def person(self, dice: Dice, form: str) -> str:
        """A person's name and a number, another one for each of some ten million rows at least."""
        first, last = self._variable("first_login"), self._variable("last_login")
        firsts, lasts = self._sizes["first_login"], self._sizes["last_login"]
        person = dice.part("person").permuted(firsts * lasts * 100)
        return (
            f"getvariable({literal(first)})[1 + {person} % {firsts}] || {literal(form)} || "
            f"getvariable({literal(last)})[1 + {person} // {firsts} % {lasts}] || {person} // {firsts * lasts}"
        )

    def _variable(self, pool: str) -> str:
        variable = f"mason_fake_{pool}_{self._seed}"
        if pool not in self._sizes:
            values = _pool(pool, self._seed)
            self._connection.execute(f"SET VARIABLE {identifier(variable)} = {literal(values)}")
            self._sizes[pool] = len(values)
        return variable


def _pool(name: str, seed: int) -> list[str]:
    """The distinct values of a pool, in the order in which they were drawn."""
    try:
        import mimesis
        from mimesis.locales import Locale
    except ImportError as error:
        raise MissingDependencyError("Making up data", "fake") from error
    make = _POOLS[name](mimesis.Generic(Locale.EN, seed=f"{seed} {name}"))
    return list(dict.fromkeys(make() for _ in range(_DRAWS)))


def _login(make: Callable[[], str]) -> Callable[[], str]:
    return lambda: re.sub(r"[^a-z]", "", make().lower())


def _title(fake: mimesis.Generic) -> str:
    return " ".join(fake.text.words(quantity=fake.random.randint(2, 4))).capitalize()


def _characters(alphabet: str, length: int) -> Callable[[mimesis.Generic], Callable[[], str]]:
    return lambda fake: lambda: "".join(fake.random.choices(alphabet, k=length))


_POOLS: dict[str, Callable[[mimesis.Generic], Callable[[], str]]] = {
    "first_name": lambda fake: fake.person.first_name,
    "last_name": lambda fake: fake.person.last_name,
    "first_login": lambda fake: _login(fake.person.first_name),
    "last_login": lambda fake: _login(fake.person.last_name),
    "street_name": lambda fake: lambda: f"{fake.address.street_name()} {fake.address.street_suffix()}",
    "city": lambda fake: fake.address.city,
    "state": lambda fake: fake.address.state,
    "country": lambda fake: fake.address.country,
    "country_code": lambda fake: fake.address.country_code,
    "company": lambda fake: fake.finance.company,
    "job": lambda fake: fake.person.occupation,
    "user_agent": lambda fake: fake.internet.user_agent,
    "product": lambda fake: (
        lambda: " ".join((fake.text.color(), fake.random.choice(_MATERIALS), fake.random.choice(_THINGS)))
    ),
    "color": lambda fake: fake.text.color,
    "currency": lambda fake: lambda: fake.finance.currency_iso_code(allow_random=True),
    "gender": lambda fake: fake.person.gender,
    "language": lambda fake: fake.person.language,
    "status": lambda fake: lambda: fake.random.choice(_STATUS),
    "word": lambda fake: _login(fake.text.word),
    "words": lambda fake: lambda: " ".join(fake.text.words(quantity=2)),
    "title": lambda fake: lambda: _title(fake),
    "sentences": lambda fake: lambda: fake.text.text(quantity=fake.random.randint(1, 3)),
    "paragraph": lambda fake: lambda: fake.text.text(quantity=5),
    "ten words": lambda fake: lambda: " ".join(fake.text.words(quantity=10)),
    **{
        f"{name} {length}": _characters(alphabet, length) for name, alphabet in _ALPHABETS.items() for length in _PIECES
    },
}


def _phone(texts: Texts, dice: Dice) -> str:
    number = dice.below(8_000_000)
    return f"'+1-' || (200 + {number} // 10000) || '-555-' || lpad(CAST({number} % 10000 AS VARCHAR), 4, '0')"


def _iban(texts: Texts, dice: Dice) -> str:
    # German: 18 digits, and two before them so that the whole is 1 modulo 97 (ISO 13616); 131400 stands for DE00.
    account = dice.below(10**18)
    check = f"98 - ({account} % 97 * 1000000 + 131400) % 97"
    return f"'DE' || lpad(CAST({check} AS VARCHAR), 2, '0') || lpad(CAST({account} AS VARCHAR), 18, '0')"


def _address(dice: Dice) -> str:
    number = dice.below(2**24)
    return f"'10.' || {number} // 65536 || '.' || {number} // 256 % 256 || '.' || {number} % 256"


def _domain(texts: Texts, dice: Dice) -> str:
    return f"{texts.draw('word', dice.part('one'))} || {texts.draw('word', dice.part('two'))} || '.example'"


def _email(texts: Texts, dice: Dice) -> str:
    places = "['@example.com', '@example.org', '@example.net']"
    return f"{texts.person(dice, '.')} || {places}[1 + {dice.below(3, 'place')}]"


_COMPOSED: dict[str, Callable[[Texts, Dice], str]] = {
    "name": lambda texts, dice: (
        f"{texts.draw('first_name', dice.part('first'))} || ' ' || {texts.draw('last_name', dice.part('last'))}"
    ),
    "email": _email,
    "username": lambda texts, dice: texts.person(dice, "_"),
    "phone": _phone,
    "street": lambda texts, dice: f"{dice.whole(1, 9999)} || ' ' || {texts.draw('street_name', dice.part('street'))}",
    "zip": lambda texts, dice: f"lpad(CAST({dice.whole(501, 99950)} AS VARCHAR), 5, '0')",
    "domain": _domain,
    "url": lambda texts, dice: (
        f"'https://www.' || {_domain(texts, dice)} || '/' || {texts.draw('word', dice.part('path'))}"
    ),
    "ip": lambda texts, dice: _address(dice),
    "ipv6": lambda texts, dice: (
        f"'2001:db8::' || lower(to_hex({dice.below(65536)}) || ':' || to_hex({dice.below(65536, 'low')}))"
    ),
    "iban": _iban,
    "code": lambda texts, dice: f"{texts.draw('upper 4', dice.part('one'))} || '-' || {texts.draw('upper 4', dice)}",
}
