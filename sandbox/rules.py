"""What a parameter may be. A rule takes its name and raw value, gives the checked value or raises InvalidRequest."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from .errors import InvalidRequest
from .jsons import Json

Rule = Callable[[str, Any], Any]


class Fields:
    """An object that has the known fields and no other."""

    def __init__(self, known: Mapping[str, Rule], required: tuple[str, ...] = ()) -> None:
        self.known = known
        self.required = required

    def __call__(self, name: str, value: Any) -> Json:
        if not isinstance(value, dict):
            raise InvalidRequest("Invalid object", param=name)
        unknown = [self._full(name, field) for field in value if field not in self.known]
        if unknown:
            plural = "s" if len(unknown) > 1 else ""
            message = f"Received unknown parameter{plural}: {', '.join(unknown)}"
            raise InvalidRequest(message, param=unknown[0], code="parameter_unknown")
        for field in self.required:
            if field not in value:
                full = self._full(name, field)
                raise InvalidRequest(f"Missing required param: {full}.", param=full, code="parameter_missing")
        return {field: self.known[field](self._full(name, field), raw) for field, raw in value.items()}

    @staticmethod
    def _full(name: str, field: str) -> str:
        return f"{name}[{field}]" if name else field


class Items:
    """A list of at most `most` things that each keep the same rule."""

    def __init__(self, rule: Rule, most: int = 100) -> None:
        self.rule = rule
        self.most = most

    def __call__(self, name: str, value: Any) -> list[Any]:
        if not isinstance(value, dict) or not all(key.isdecimal() for key in value):
            raise InvalidRequest("Invalid array", param=name)
        if len(value) > self.most:
            raise InvalidRequest(f"Array {name} exceeded maximum {self.most} allowed elements.", param=name)
        return [self.rule(f"{name}[{key}]", value[key]) for key in sorted(value, key=int)]


def text(most: int = 5000) -> Rule:
    """Some text of at most so many characters."""

    def check(name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise InvalidRequest(f"Invalid string: {name}", param=name)
        if not value:
            message = f"You passed an empty string for '{name}'. Leave the parameter out instead."
            raise InvalidRequest(message, param=name, code="parameter_invalid_empty")
        if len(value) > most:
            raise InvalidRequest(f"Invalid string: {name} must be at most {most} characters", param=name)
        return value

    return check


def choice(*allowed: str) -> Rule:
    """One of the given words."""

    def check(name: str, value: Any) -> str:
        if value not in allowed:
            raise InvalidRequest(f"Invalid {name}: must be one of {', '.join(allowed)}", param=name)
        return value

    return check


def whole(least: int, most: int) -> Rule:
    """A whole number within bounds; never a decimal or another script's digits."""

    def check(name: str, value: Any) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise InvalidRequest(f"Invalid integer: {value}", param=name, code="parameter_invalid_integer")
        if not least <= int(value) <= most:
            raise InvalidRequest(
                f"Invalid {name}: must be from {least} to {most}", param=name, code="parameter_invalid_integer"
            )
        return int(value)

    return check


def flag(name: str, value: Any) -> bool:
    """`true` or `false`."""
    if value not in ("true", "false"):
        raise InvalidRequest(f"Invalid boolean: {value}", param=name)
    return value == "true"


def url(name: str, value: Any) -> str:
    """An http or https address."""
    checked = text()(name, value)
    try:
        parts = urlsplit(checked)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", checked)
    except ValueError:
        valid = False
    if not valid:
        raise InvalidRequest("Not a valid URL", param=name, code="url_invalid")
    return checked


def email(name: str, value: Any) -> str:
    """Something with one @ and a dot behind it."""
    checked = text(800)(name, value)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", checked):
        raise InvalidRequest(f"Invalid email address: {checked}", param=name, code="email_invalid")
    return checked


def descriptor(name: str, value: Any) -> str:
    """What a bank statement may print: at most 22 characters, one letter at least, no brackets or quotes."""
    checked = text(22)(name, value)
    if re.search(r"[<>\\'\"*]", checked) or not re.search(r"[A-Za-z]", checked):
        raise InvalidRequest(f"Invalid statement descriptor: {checked}", param=name)
    return checked


def metadata(name: str, value: Any) -> dict[str, str]:
    """At most 50 pairs, keys to 40 characters, values to 500."""
    if not isinstance(value, dict):
        raise InvalidRequest("Metadata must be an object", param=name)
    if len(value) > 50 or any(len(key) > 40 for key in value):
        raise InvalidRequest("Metadata may have 50 keys of at most 40 characters.", param=name)
    filled = {key: raw for key, raw in value.items() if raw != ""}  # an empty value means "no such key"
    return {key: text(500)(f"{name}[{key}]", raw) for key, raw in filled.items()}


def changed_metadata(name: str, value: Any) -> dict[str, str | None] | None:
    """Metadata for an object that has some: None in the place of a value removes the key, None for all clears it."""
    if value == "":
        return None
    kept = metadata(name, value)
    return {key: kept.get(key) for key in value}


def with_metadata(known: dict[str, str], change: dict[str, str | None] | None) -> dict[str, str]:
    """What is left of known metadata after a change."""
    if change is None:
        return {}
    return {key: value for key, value in {**known, **change}.items() if value is not None}


def unix_time(name: str, value: Any) -> int:
    """Seconds since 1970."""
    return whole(0, 4_102_444_800)(name, value)


def or_empty(rule: Rule) -> Rule:
    """The rule, or an empty text, with which Stripe's clients clear a field; that gives None."""

    def check(name: str, value: Any) -> Any:
        return None if value == "" else rule(name, value)

    return check


EXPAND = Items(text(500), most=20)
