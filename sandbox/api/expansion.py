"""`expand[]`: an id in an answer is replaced by the object it names."""

from typing import Any

from ..errors import InvalidRequest
from ..jsons import Json
from ..store import Ledger


def expand(ledger: Ledger, answer: Json, wanted: Any) -> Json:
    """The answer with the wanted paths (`payment_intent.latest_charge`, `data.invoice`) filled in."""
    if not wanted:
        return answer
    if not isinstance(wanted, dict):
        raise InvalidRequest("Invalid array", param="expand")
    for path in wanted.values():
        _follow(ledger, answer, str(path).split("."), str(path))
    return answer


def _follow(ledger: Ledger, place: Json, steps: list[str], path: str) -> None:
    step, rest = steps[0], steps[1:]
    place[step] = _filled(ledger, place, step, path)
    if not rest:
        return
    inner = place[step]
    for each in inner if isinstance(inner, list) else [inner]:
        if isinstance(each, dict):
            _follow(ledger, each, rest, path)


def _filled(ledger: Ledger, place: Json, step: str, path: str) -> Any:
    value = place.get(step)
    if isinstance(value, str):
        value = ledger.find(value)
    elif value is None and step not in place:
        value = ledger.hidden(place.get("id", "")).get("expandable", {}).get(step)
    elif value is None or isinstance(value, dict | list):
        return value
    if value is None:
        raise InvalidRequest(f"This property cannot be expanded ({path}).", param="expand")
    return value
