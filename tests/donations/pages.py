"""What a donor does on the page."""

import html
import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


def token(client: FlaskClient, address: str = "/donate") -> str:
    found = re.search(r'name="token" value="([^"]+)"', client.get(address).text)
    assert found
    return found[1]


def fields(client: FlaskClient, address: str = "/donate", **changes: Any) -> dict[str, Any]:
    """A form filled in; a field changed to None is not sent."""
    filled = {
        "amount": "", "preset": "25", "currency": "EUR", "frequency": "once", "name": "Dana Donor",
        "email": "donor@example.org", "token": token(client, address),
    }  # fmt: skip
    return {name: value for name, value in {**filled, **changes}.items() if value is not None}


def give(client: FlaskClient, address: str = "/donate", **changes: Any) -> TestResponse:
    return client.post(address, data=fields(client, address, **changes))


def value_of(page: str, name: str) -> str | None:
    """The value of a text control."""
    control = re.search(rf'<input[^>]*\bname="{name}"[^>]*>', page)
    value = re.search(r'\bvalue="([^"]*)"', control[0]) if control else None
    return html.unescape(value[1]) if value else None


def chosen(page: str, name: str) -> list[str]:
    """The values of the radio buttons or check boxes of that name which are set."""
    controls = [c for c in re.findall(r"<input[^>]*>", page) if f'name="{name}"' in c and re.search(r"\bchecked\b", c)]
    return [re.search(r'value="([^"]*)"', control)[1] for control in controls]  # type: ignore[index]
