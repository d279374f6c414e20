"""``{{NAME}}`` in configs: how a reference becomes a value at the last moment, and how values stay unseen.

A reference is an environment variable's name. It is resolved only when a client connects. The values of fields
marked ``secret``, and the passwords of URLs, are remembered for the life of the session (:mod:`mason.sessions`), and
``scrub`` takes them out of any text that is about to be printed, logged or stored, in whichever of the usual spellings
they stand there. Where nobody knows which session it is (in a thread that a library started), those of all are taken
out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from mason.errors import SettingsError
from mason.sessions import around, current

if TYPE_CHECKING:
    import logging

Path: TypeAlias = "tuple[str | int, ...]"
"""Where a value stands in a configuration: ``("auth", "key")``."""

REDACTED = "REDACTED"
# Patterns are texts here, compiled when one is needed: most commands see neither a reference nor a password.
_REFERENCE = r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}"
# Values shorter than this are not scrubbed: replacing every "1" in a text would hide more than it protects.
_SHORTEST = 4
# What is this long stands nowhere by chance, and a line of this length is a part of a key.
_TELLING = 8
_LONG = 12
_PASSWORD = r"://[^\s/?#@:]*:([^\s/@]+)@"


def is_reference(value: object) -> bool:
    """Whether ``value`` is one ``{{NAME}}`` and nothing else."""
    return isinstance(value, str) and "{{" in value and re.fullmatch(_REFERENCE, value.strip()) is not None


def references(value: object) -> list[str]:
    """The names of all references in ``value``, in texts, lists and mappings."""
    if isinstance(value, str):
        return re.findall(_REFERENCE, value) if "{{" in value else []
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return [name for each in inner for name in references(each)]


def refers_in_host(url: str) -> bool:
    """Whether a URL has references in its host or path: then whoever writes the URL sends what they stand for to a
    machine of their choice. One that is a reference as a whole, or has some for user and password, does not."""
    if is_reference(url):
        return False
    place = url.partition("://")[2] or url
    return bool(references(place.rpartition("@")[2]))


def secret_values(value: Any, schema: Any) -> Iterator[tuple[Path, Any]]:
    """What stands where a client's schema says ``"secret": true``, however deep, each with its place below ``value``.

    Of a property that is secret as a whole nothing below it is listed.
    """
    if not isinstance(schema, Mapping):
        # JSON Schema allows true and false where a property is described.
        return
    if schema.get("secret") is True:
        yield (), value
        return
    for step, inner in _inner(value):
        for place, found in secret_values(inner, property_schema(schema, step)):
            yield (step, *place), found


def property_schema(schema: Any, step: str | int) -> Any:
    """What a schema says of the property or item ``step``; an empty schema where it says nothing."""
    if not isinstance(schema, Mapping):
        return {}
    if isinstance(step, int):
        return schema.get("items", {})
    return schema.get("properties", {}).get(step, schema.get("additionalProperties", {}))


def _inner(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, Mapping):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def redact(value: Any, schema: Any) -> Any:
    """A configuration (or a part of one) with what is secret in it replaced, fit to be shown."""
    if isinstance(schema, Mapping) and schema.get("secret") is True:
        return REDACTED
    if isinstance(value, Mapping):
        return {name: redact(inner, property_schema(schema, name)) for name, inner in value.items()}
    if isinstance(value, list):
        return [redact(inner, property_schema(schema, number)) for number, inner in enumerate(value)]
    return value


def without_secrets(value: Any, schema: Any) -> Any:
    """A configuration (or a part of one) without what is secret in it, and without URLs that hold a password."""
    if isinstance(value, Mapping):
        inner = {name: (each, property_schema(schema, name)) for name, each in value.items()}
        return {name: without_secrets(each, of) for name, (each, of) in inner.items() if not _is_secret(each, of)}
    if isinstance(value, list):
        of = property_schema(schema, 0)
        return [without_secrets(each, of) for each in value if not _is_secret(each, of)]
    return value


def _is_secret(value: Any, schema: Any) -> bool:
    is_marked = isinstance(schema, Mapping) and schema.get("secret") is True
    return is_marked or (isinstance(value, str) and any(passwords_in(value)))


def resolve(
    configuration: Mapping[str, Any], schema: Mapping[str, Any], environment: Mapping[str, str], *, where: str
) -> dict[str, Any]:
    """The configuration with all references replaced by values of ``environment``.

    Values of secret fields are remembered for :func:`scrub`, and the passwords of URLs wherever they stand. Raises
    ``SettingsError`` that names every variable which is not set, and ``where`` (``client glue of config 1``) it is
    wanted.
    """
    missing = sorted({name for name in references(configuration) if name not in environment})
    if missing:
        names = ", ".join(missing)
        raise SettingsError(f"Not set: {names}, wanted by {where}. Set it in the environment or in a .env file.")
    remember_secrets(configuration, schema, environment)
    return {name: _filled(value, environment) for name, value in configuration.items()}


def _filled(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return re.sub(_REFERENCE, lambda match: environment[match[1]], value)
    if isinstance(value, Mapping):
        return {key: _filled(inner, environment) for key, inner in value.items()}
    return [_filled(inner, environment) for inner in value] if isinstance(value, list) else value


def remember_secrets(
    configuration: Mapping[str, Any], schema: Mapping[str, Any], environment: Mapping[str, str]
) -> None:
    """Remember what is secret in a configuration before anybody resolves it; references that are not set are left."""
    for _, value in secret_values(configuration, schema):
        for name in references(value):
            remember(environment.get(name, ""))
    for name in references(configuration):
        for password in passwords_in(environment.get(name, "")):
            remember(password)


def passwords_in(text: str) -> Iterator[str]:
    """The passwords of the URLs in ``text``, as they stand there and as they are meant."""
    for password in re.findall(_PASSWORD, text) if "://" in text else ():
        from urllib.parse import unquote

        yield from {password, unquote(password)}


def remember(value: str) -> None:
    """From now on :func:`scrub` takes ``value`` out of every text of this session."""
    current().own(_Known).add(value)


def remember_all(value: Any) -> None:
    """Remember every text and number in ``value``, but for what is a reference."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            remember_all(each)
    elif value is not None and not isinstance(value, bool) and not is_reference(value):
        remember(str(value))


def forget() -> None:
    """Remember nothing any more: for a session that goes on as if it were another one."""
    current().own(_Known).clear()


def are_known(*, sure: bool = False) -> bool:
    """Whether any value is remembered; with ``sure`` none that is only likely to be a secret."""
    return any(not sure or any(each.sure for each in known.hidden) for known in _known())


def holds(text: str) -> bool:
    """Whether a secret stands in ``text`` that is too long (8 characters) to be a word that stands there by chance.

    What is only likely to be a secret (``DB_PASSWORD=postgres``) is none here."""
    hidden = _hidden(_known())
    return any(each.sure and each.take_out(text) != text for each in hidden if len(each.value) >= _TELLING)


class _Known:
    """The secrets that one session knows."""

    def __init__(self) -> None:
        self.values: set[str] = set()
        # The longest first, so that a secret which contains another one goes whole. Replaced and never changed: other
        # threads are reading it.
        self.hidden: tuple[_Hidden, ...] = ()
        # Those of them that look like numbers, as numbers.
        self.numbers: set[int | float] = set()

    def add(self, value: str, *, sure: bool = True) -> None:
        # Files and pipes end what they hold with a new line, which whoever uses it cuts off again.
        value = value.strip()
        if len(value) < _SHORTEST:
            return
        if value in self.values:
            for each in self.hidden:
                each.sure = each.sure or (sure and each.value == value)
            return
        if "\n" in value:
            # Whoever prints a key may print a part of it. Its first line and its last one say only that it is one.
            for line in value.splitlines():
                if len(line) >= _LONG and not line.startswith("-----"):
                    self.add(line.strip().rstrip("="), sure=sure)
        numbers = {*_as_numbers(value)}
        self.numbers.update(numbers)
        self.values.add(value)
        self.hidden = _longest_first([*self.hidden, _Hidden(value, {*_coded(value), *map(str, numbers)}, sure)])

    def clear(self) -> None:
        self.values.clear()
        self.numbers.clear()
        self.hidden = ()


def _known() -> list[_Known]:
    """What is known here and must not be shown; empty where that is nothing."""
    return [known for session in around() if (known := session.own(_Known)).hidden]


def _hidden(known: Sequence[_Known]) -> Sequence[_Hidden]:
    if len(known) == 1:
        return known[0].hidden
    return _longest_first([each for one in known for each in one.hidden])


def _longest_first(hidden: Iterable[_Hidden]) -> tuple[_Hidden, ...]:
    return tuple(sorted(hidden, key=lambda each: len(each.value), reverse=True))


_NAMES = frozenset(
    {"credential", "credentials", "key", "pass", "passphrase", "passwd", "password", "pwd", "secret", "token"}
)
_WHOLE_NAMES = _NAMES - {"key", "pass", "pwd"}
_ENDINGS = ("password", "passwd", "secret", "token", "apikey")
# What is said of a secret, and is none: where it is kept, when it was made.
_NO_SECRETS = frozenset({"file", "path", "dir", "folder", "name", "sock", "type", "ttl", "expires", "expiration"})
# What everybody tries first is no secret, and stands in texts by chance.
_COMMON = frozenset({"password", "postgres", "changeme", "disabled", "required"})


def says_secret(name: str) -> bool:
    """Whether the name of a variable says that its value is secret: ``GITHUB_TOKEN``, ``PGPASSWORD``, ``SECRET``."""
    words = name.lower().split("_")
    if words[-1] in _NO_SECRETS:
        return False
    if len(words) == 1:
        return words[0] in _WHOLE_NAMES or words[0].endswith(_ENDINGS)
    return bool(_NAMES.intersection(words)) or words[-1].endswith(_ENDINGS)


def remember_likely(environment: Mapping[str, str]) -> None:
    """Remember what is likely to be secret in the environment, of which nobody may know that a config refers to it: the
    values of variables whose names say so, and the passwords of URLs such as ``AWS_ENDPOINT_URL``."""
    known = current().own(_Known)
    for name, value in environment.items():
        if len(value) >= _TELLING and says_secret(name) and value.lower() not in _COMMON:
            known.add(value, sure=False)
        elif "://" in value and "@" in value:
            for password in passwords_in(value):
                known.add(password, sure=False)


def _as_numbers(value: str) -> Iterator[int | float]:
    """The numbers that ``value`` may become where one is wanted."""
    for kind in (int, float):
        with suppress(ValueError, OverflowError):
            if len(str(number := kind(value)).removesuffix(".0")) >= _SHORTEST:
                yield number


class _Hidden:
    """One secret: what must stand in a text for it to be there at all, and what finds it however it is spelled."""

    __slots__ = ("_core", "_literal", "_pattern", "sure", "value")

    def __init__(self, value: str, literal: Iterable[str], sure: bool) -> None:
        self.value = value
        self.sure = sure
        self._literal = tuple(literal)
        # Nobody escapes letters and digits. To look for them takes a thousandth of the time of a pattern.
        self._core = max(re.findall("[A-Za-z0-9]+", value), key=len, default="")
        self._pattern: re.Pattern[str] | None = None

    def take_out(self, text: str) -> str:
        if self._core in text:
            self._pattern = self._pattern or re.compile(_pattern(self.value))
            text = self._pattern.sub(REDACTED, text)
        for each in self._literal:
            text = text.replace(each, REDACTED)
        return text


def _pattern(value: str) -> str:
    """What finds ``value`` in what Python, JSON, SQL, XML, shells, URLs and several of them in turn make of it.

    Lines may be indented, or marked as those of a diff are.
    """
    units = re.findall(r"\r?\n|\\+|'+|\"+|[A-Za-z0-9]+|.", value, re.DOTALL)
    return "".join(map(_ways, units))


# The backslashes before a character that was escaped up to five times. Without a limit, a text of nothing but
# backslashes would take the square of its length.
_ESCAPED, _MAYBE_ESCAPED = r"\\{1,31}", r"\\{0,31}"


def _ways(unit: str) -> str:
    """The pattern of a new line, of letters and digits, or of a character, which backslashes and quotes may repeat."""
    count, unit = (len(unit), unit[0]) if unit[0] in "\\'\"" else (1, unit)
    if unit.isascii() and unit.isalnum():
        return unit
    if unit.endswith("\n"):
        coded = "(?i:(?:%0d)?%0a|(?:&#(?:13|xd);)?&#(?:10|xa);)"
        return rf"(?:(?:\r?\n|(?:{_ESCAPED}r)?{_ESCAPED}n|{coded})[ \t>|#+-]{{0,40}})"
    ways = "|".join(_codes(unit))
    if unit == "\\":
        # Looked for from the first of many backslashes only.
        return rf"(?:(?<!\\)\\{{{count},}}|(?i:{ways}){{{count}}})"
    plain = _MAYBE_ESCAPED + re.escape(unit)
    # SQL and CSV double quotes. Not more than there have to be: what follows may be the quote around it all.
    doubled = rf"(?:{plain}){{0,{count}}}?" if unit in "'\"" else ""
    return rf"(?i:(?:{plain}){{{count}}}{doubled}|(?:{ways}){{{count}}})"


def _codes(unit: str) -> Iterator[str]:
    """Patterns of the codes that stand for a character."""
    encoded, code = unit.encode("utf-8", "replace"), ord(unit)
    halves = unit.encode("utf-16-be", "surrogatepass")
    # As Python's bytes, JSON, Python's texts, URLs and XML have it.
    yield "".join(rf"{_ESCAPED}x{byte:02x}" for byte in encoded)
    yield "".join(rf"{_ESCAPED}u{halves[at]:02x}{halves[at + 1]:02x}" for at in range(0, len(halves), 2))
    if code < 256:
        yield rf"{_ESCAPED}x{code:02x}"
    yield rf"{_ESCAPED}U{code:08x}"
    yield "".join(f"%{byte:02x}" for byte in encoded)
    yield rf"&#(?:0*{code}|x0*{code:x});"
    if unit in _NAMED:
        yield _NAMED[unit]


_NAMED = {
    "\t": _ESCAPED + "t",
    "\r": _ESCAPED + "r",
    "\b": _ESCAPED + "b",
    "\f": _ESCAPED + "f",
    " ": r"\+",
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;|'\"'\"'",
}
"""How else some characters are written, as patterns."""


def _coded(value: str) -> Iterator[str]:
    """What base64 makes of ``value``."""
    # Imported here: most commands know no secret.
    from base64 import b64encode, urlsafe_b64encode

    content = value.encode("utf-8", "replace")
    for encode in (b64encode, urlsafe_b64encode):
        # Inside of another text (user:password) it begins at any of three places. What its neighbours have a part in
        # is left out, and so is what is too short to be told from a word.
        for before in range(3):
            first, last = -(-8 * before // 6), (before + len(content)) * 8 // 6
            coded = encode(bytes(before) + content).decode()[first:last]
            if len(coded) >= _TELLING:
                yield coded


def scrub(text: str) -> str:
    """``text`` without any secret value that this session knows."""
    for hidden in _hidden(_known()):
        text = hidden.take_out(text)
    return _without_credentials(text)


# Up to what no URL holds: of a list of URLs and addresses, the text between two of them is no password.
_CREDENTIALS = r"""(://[^\s/?#@:"'<>{}]*:)[^\s/@"'<>{}]+(?=@)"""


def _without_credentials(text: str) -> str:
    """``text`` without the passwords of URLs, known or not: ``scheme://user:password@host``."""
    return re.sub(_CREDENTIALS, rf"\1{REDACTED}", text) if "://" in text and "@" in text else text


def scrub_all(value: Any) -> Any:
    """``value`` (JSON-ready data) with every text in it scrubbed, and every number that is itself a secret.

    To be used before encoding, where a text still looks like itself.
    """
    known = _known()
    return _scrubbed(value, _hidden(known), frozenset().union(*(each.numbers for each in known)))


def _scrubbed(value: Any, hidden: Sequence[_Hidden], numbers: frozenset[int | float]) -> Any:
    if isinstance(value, str):
        for each in hidden:
            value = each.take_out(value)
        return _without_credentials(value)
    if isinstance(value, (int, float)):
        return REDACTED if value in numbers and not isinstance(value, bool) else value
    if isinstance(value, Mapping):
        return {_scrubbed(str(key), hidden, numbers): _scrubbed(inner, hidden, numbers) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_scrubbed(inner, hidden, numbers) for inner in value]
    return value


def scrubbing_formatter(layout: str, shown: Callable[[str], str] = str) -> logging.Formatter:
    """A formatter of log lines that scrubs them, tracebacks included, whichever logger they come from; ``shown`` makes
    them fit for where they go."""
    # Imported here: only -l asks for a log.
    import logging

    class Scrubbing(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return shown(scrub(super().format(record)))

    return Scrubbing(layout)
