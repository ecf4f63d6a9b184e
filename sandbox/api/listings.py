"""Pages of objects: the parameters that every list takes."""

from collections.abc import Callable, Mapping

from ..jsons import Json
from ..rules import EXPAND, Fields, Rule, text, unix_time, whole
from ..shapes import listing
from ..store import Ledger

COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
CREATED_RANGE = Fields({name: unix_time for name in COMPARISONS})


def created(name: str, value: object) -> dict[str, int]:
    """`created=1700000000` or `created[gte]=1700000000`."""
    return CREATED_RANGE(name, value) if isinstance(value, dict) else {"is": unix_time(name, value)}


ALWAYS: dict[str, Rule] = {
    "limit": whole(1, 100),
    "starting_after": text(500),
    "ending_before": text(500),
    "created": created,
    "expand": EXPAND,
}


def lister(kind: str, url: str, filters: Mapping[str, str]) -> Callable[[Ledger, Json], Json]:
    """A verb that lists one kind; `filters` names each parameter's place in the object (`$.status`).

    A place that begins with `hidden` is in what answers do not show."""
    rule = Fields({**ALWAYS, **dict.fromkeys(filters, text(500))})

    def show_page(ledger: Ledger, params: Json) -> Json:
        checked = rule("", params)
        conditions: list[tuple[str, object]] = [
            (f"json_extract({_column(place)}) = ?", checked[name]) for name, place in filters.items() if name in checked
        ]
        return show(ledger, kind, url, checked, conditions)

    return show_page


def _column(place: str) -> str:
    column, _, path = place.rpartition(" ")
    return f"{column or 'body'}, '{path}'"


def show(ledger: Ledger, kind: str, url: str, checked: Json, conditions: list[tuple[str, object]]) -> Json:
    """The list object for checked parameters and further SQL conditions."""
    cursor: dict[str, str] = {name: checked[name] for name in ("starting_after", "ending_before") if name in checked}
    items, has_more = ledger.page(
        kind,
        conditions + _created_conditions(checked.get("created", {})),
        limit=checked.get("limit", 10),
        cursor=cursor,
    )
    return listing(items, url, has_more)


def _created_conditions(wanted: dict[str, int]) -> list[tuple[str, object]]:
    return [(f"created {COMPARISONS.get(name, '=')} ?", moment) for name, moment in wanted.items()]
