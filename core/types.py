"""Column types that several rooms share."""

import enum
from typing import Any

from sqlalchemy import Enum


def one_of(values: type[enum.StrEnum], length: int = 20) -> Any:
    """A column that holds one of an enum's values, as text with a CHECK."""
    names = [member.value for member in values]
    return Enum(
        values, values_callable=lambda _: names, native_enum=False, create_constraint=True, length=length,
        name=values.__name__.lower(),
    )  # fmt: skip
