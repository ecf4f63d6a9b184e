"""How far the making of a pack has come: told on a connection of its own, so that no write lock is held for minutes; and
whether it shall go on."""

import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from core import slow_jobs
from core.db import db
from deliveries.formats import FORMATS
from deliveries.models import Delivery
from deliveries.states import DeliveryState

STAGES: dict[str, Any] = {  # in their order; a format's stage is called as it is in FORMATS
    "log": _l("Bringing the public log up to date"),
    "lines": _l("Freezing the list"),
    "letter": _l("Setting the letter"),
    **{name: _l("Writing %(format)s", format=name.upper()) for name in FORMATS},
    "proofs": _l("Writing the proofs"),
    "annex": _l("Setting the annex"),
    "closing": _l("Closing the pack"),
}
PACE = 1.0  # seconds between two looks
OFTEN = 200  # rows between two looks at the clock
Item = TypeVar("Item")


class Stopped(Exception):
    """Somebody has cancelled the delivery, or it is otherwise no longer being made."""


class Progress:
    def __init__(self, delivery_id: int) -> None:
        self.delivery_id = delivery_id
        self.stage, self.done, self.total = "", 0, 0
        self._next = 0.0

    def begin(self, stage: str, total: int = 0) -> None:
        """A further stage of so many steps; told at once. Raises Stopped, Stopping."""
        self.stage, self.total, self._next = stage, total, 0.0
        self.tell(0)

    def look(self) -> None:
        """`tell` where nothing is counted."""
        self.tell(self.done)

    def tell(self, done: int) -> None:
        """To be called often; writes about once a second. Raises Stopped, Stopping."""
        self.done = done
        if time.monotonic() < self._next:
            return
        slow_jobs.heed()
        self._write()
        self._next = time.monotonic() + PACE

    def over(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items of a stage, counted as they go by."""
        for number, item in enumerate(items):
            if number % OFTEN == 0:
                self.tell(number)
            yield item

    def _write(self) -> None:
        mine = (Delivery.id == self.delivery_id, Delivery.state == DeliveryState.MAKING)
        values = {"stage": self.stage, "done": self.done, "total": self.total}
        try:
            with db.engine.begin() as own:
                going_on = own.execute(update(Delivery).where(*mine).values(values).returning(Delivery.id)).scalar()
        except OperationalError:  # SQLite, and somebody writes for long: the next second will do
            return
        if going_on is None:
            raise Stopped(self.stage)
