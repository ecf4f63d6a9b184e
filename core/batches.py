"""Long sequences, some of their members at once."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
AT_ONCE = 500


def batches(members: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    """The members in order: what is done once a batch costs little for each. The last batch may be smaller, none is empty."""
    waiting = iter(members)
    while batch := list(islice(waiting, size)):
        yield batch
