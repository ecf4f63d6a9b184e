"""Form encoding with brackets, as Stripe's clients send it: `line_items[0][price_data][currency]=eur`."""

import re
from collections.abc import Iterable

from .errors import InvalidRequest
from .jsons import Json

MAX_PARAMETERS = 1000
MAX_DEPTH = 8
_NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")


def _steps(name: str) -> list[str]:
    matched = _NAME.match(name)
    if not matched:
        raise InvalidRequest(f"Invalid parameter name: {name}", param=name)
    steps = [matched[1], *re.findall(r"\[([^\[\]]*)\]", matched[2])]
    if len(steps) > MAX_DEPTH:
        raise InvalidRequest(f"Parameter nested too deeply: {name}", param=name)
    return steps


def _place(tree: Json, steps: list[str], name: str, text: str) -> None:
    for step in steps[:-1]:
        tree = tree.setdefault(step, {})
        if not isinstance(tree, dict):
            raise InvalidRequest(f"Invalid parameter: {name} is both a value and an object", param=name)
    last = steps[-1] or str(len(tree))  # `expand[]=x` appends
    if last in tree:
        raise InvalidRequest(f"Parameter given twice: {name}", param=name)
    tree[last] = text


def parse(pairs: Iterable[tuple[str, str]]) -> Json:
    """The nested parameters; lists are objects with the keys "0", "1" and so on. Raises InvalidRequest."""
    tree: Json = {}
    for count, (name, text) in enumerate(pairs):
        if count >= MAX_PARAMETERS:
            raise InvalidRequest(f"More than {MAX_PARAMETERS} parameters")
        _place(tree, _steps(name), name, text)
    return tree
