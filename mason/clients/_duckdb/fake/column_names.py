"""What a column's name says of its values: English words, however joined (``zipCode``, ``zip_code``, "Zip Code").

The last words decide, the longest match first: ``billing_street_address`` is a street, ``email_address`` an e-mail.
"""

from __future__ import annotations

import re

from mason.values import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name says. Types win: a type that cannot hold this uses what fits of it.

    ``text`` names a text of :mod:`text`; where there is none, texts are values of the type ``natural``. Numbers
    go from ``low`` to ``high`` with ``decimals``, dates and times from the day ``first`` to ``last``. ``personal``
    values are never taken from data that is imitated.
    """

    text: str = ""
    natural: str = ""
    low: int | None = None
    high: int | None = None
    decimals: int = 0
    skewed: bool = False
    first: str = "2020-01-01"
    last: str = "2025-12-31"
    key: bool = False
    reference: bool = False
    share: bool = False
    personal: bool = False


NOTHING = Meaning()
"""The meaning of a name that says nothing."""

_FLAG = Meaning(natural="BOOLEAN")
_MONEY = Meaning(natural="DECIMAL(12,2)", low=1, high=1000, decimals=2, skewed=True)
_COUNT = Meaning(natural="INTEGER", low=1, high=100, skewed=True)
_SHARE = Meaning(natural="DECIMAL(5,2)", share=True)


def _person(text: str) -> Meaning:
    return Meaning(text=text, personal=True)


def _made(natural: str) -> Meaning:
    return Meaning(natural=natural, last="2023-12-31")


def _changed(natural: str) -> Meaning:
    # What is changed is changed after it was made: the two ranges do not overlap.
    return Meaning(natural=natural, first="2024-01-01")


_MEANINGS: dict[str, Meaning] = {
    words: meaning
    for joined, meaning in {
        "first name, given name, forename, middle name": _person("first_name"),
        "last name, surname, family name": _person("last_name"),
        "name, full name, customer, employee, contact name, display name": _person("name"),
        "email, e mail, mail, email address, mail address": _person("email"),
        "phone, phone number, telephone, mobile, mobile number, cell phone, fax": _person("phone"),
        "user name, login, nickname, handle, user": _person("username"),
        "street, street address, address, address line, street name": _person("street"),
        "ip, ip address, ip v 4, remote addr": _person("ip"),
        "ip v 6": _person("ipv6"),
        "iban, bank account, account iban": _person("iban"),
        "city, town, city name": Meaning(text="city"),
        "state, province, state name": Meaning(text="state"),
        "country, country name, nation": Meaning(text="country"),
        "country code, country iso": Meaning(text="country_code"),
        "zip, zip code, postal code, post code, postcode": Meaning(text="zip", low=10000, high=99999),
        "company, company name, employer, organization, organisation, vendor, supplier, manufacturer, brand": Meaning(
            text="company"
        ),
        "job, job title, occupation, profession, position": Meaning(text="job"),
        "url, link, website, web site, homepage, uri": Meaning(text="url"),
        "domain, domain name, host, host name": Meaning(text="domain"),
        "user agent": Meaning(text="user_agent"),
        "uuid, guid": Meaning(natural="UUID"),
        "product, product name, item, item name, article": Meaning(text="product"),
        "color, colour": Meaning(text="color"),
        "currency, currency code": Meaning(text="currency"),
        "gender, sex": Meaning(text="gender"),
        "language": Meaning(text="language"),
        "status": Meaning(text="status"),
        "code, number, reference, ref, sku, serial": Meaning(text="code"),
        "title, subject, headline, label, caption, event name, file name, category name": Meaning(text="title"),
        "description, comment, comments, text, note, notes, summary, message, body, content, remark, remarks, review, "
        "bio": Meaning(text="sentences"),
        "latitude, lat": Meaning(natural="DECIMAL(9,6)", low=-90, high=90, decimals=6),
        "longitude, lon, lng": Meaning(natural="DECIMAL(9,6)", low=-180, high=180, decimals=6),
        "age": Meaning(natural="INTEGER", low=18, high=90),
        "price, amount, cost, total, subtotal, fee, salary, revenue, balance, payment, discount amount": _MONEY,
        "quantity, qty, count, number of, units, stock": _COUNT,
        "percent, percentage, pct, rate, ratio, share": _SHARE,
        "rating, stars": Meaning(natural="INTEGER", low=1, high=5),
        "year": Meaning(natural="INTEGER", low=2000, high=2025),
        "birth year": Meaning(natural="INTEGER", low=1945, high=2005),
        "month": Meaning(natural="INTEGER", low=1, high=12),
        "day": Meaning(natural="INTEGER", low=1, high=28),
        "hour": Meaning(natural="INTEGER", low=0, high=23),
        "minute, second": Meaning(natural="INTEGER", low=0, high=59),
        "birth date, birth day, birthday, date of birth, dob, born": Meaning(
            natural="DATE", first="1945-01-01", last="2005-12-31", personal=True
        ),
        "date": Meaning(natural="DATE"),
        "at, time, timestamp, datetime, date time, ts": Meaning(natural="TIMESTAMP"),
        "created, created at, creation date, registered, registered at, signup date, inserted at": _made("TIMESTAMP"),
        "created date, created on, registered on": _made("DATE"),
        "updated, updated at, modified, modified at, changed at, last seen, last login": _changed("TIMESTAMP"),
        "updated date, updated on, modified date, modified on": _changed("DATE"),
        "verified, enabled, active, deleted, flag": _FLAG,
        "id": Meaning(natural="UUID", key=True),
    }.items()
    for words in (name.replace(" ", "") for name in joined.split(", "))
}
# Before these, "name" is a person's; after any other word it is the name of a thing.
_PEOPLE = frozenset(
    [
        "customer",
        "client",
        "user",
        "employee",
        "person",
        "contact",
        "owner",
        "author",
        "member",
        "guest",
        "patient",
        "student",
        "teacher",
        "driver",
        "passenger",
        "manager",
        "buyer",
        "seller",
        "sender",
        "recipient",
        "receiver",
        "cardholder",
        "holder",
    ]
)
# Words that say more of a value, never what it is.
_TRAILING = frozenset(["usd", "eur", "gbp", "chf", "jpy", "net", "gross", "en", "de", "fr", "local", "utc"])
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+")


def meaning_of(name: str) -> Meaning:
    """What ``name`` says; :data:`NOTHING` where that is nothing."""
    words = [word.lower() for word in _WORD.findall(name)]
    whole = "".join(words)
    if whole in _MEANINGS:
        return _MEANINGS[whole]
    while len(words) > 1 and (words[-1].isdigit() or words[-1] in _TRAILING):
        words.pop()
    if len(words) > 1 and words[0] in ("is", "has"):
        return _FLAG
    if len(words) > 1 and words[0] in ("num", "count", "number"):
        return _COUNT
    for start in range(len(words)):
        last = "".join(words[start:])
        if last not in _MEANINGS:
            continue
        if last == "id" and start:
            return Meaning(natural="UUID", reference=True)
        if last == "name" and start and words[start - 1] not in _PEOPLE:
            return _MEANINGS["title"]
        return _MEANINGS[last]
    return NOTHING
