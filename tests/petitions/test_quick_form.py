"""The quick reading of the sign form takes nothing that the form itself would refuse, and reads the same from it."""

from typing import Any

import pytest
from flask import Flask, request
from hypothesis import given, settings
from hypothesis import strategies as st

from core.db import db
from core.forms import NO
from core.tokens import form_token
from petitions import quick_form
from petitions.forms import SignForm
from petitions.models import Petition
from tests.petitions.conftest import Campaign

PLAIN = {
    "name": "Ada Example", "email": "ada@example.org", "country": "IE", "visibility": "public", "updates": "y",
    "role": " Teacher ", "affiliation": "A School", "postal_code": "A1  B2", "comment": "Line\r\nline", "source": "leaflet",
}  # fmt: skip
LINES = st.one_of(
    st.text(max_size=140),
    st.sampled_from(["", " ", "\u202eadA", "see www.example.org", "Ада", "李", "x" * 130, "O’Brien\u0301"]),
)
ADDRESSES = st.one_of(
    st.emails(),
    st.sampled_from(["", "ada", "ada@@example.org", "a@b", " ada@example.org ", "ada@exämple.org", "ä@example.org"]),
)
POSTS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("name", "role", "affiliation", "postal_code", "comment", "source"), LINES), "email": ADDRESSES,
        "country": st.sampled_from(["IE", "XX", "", "ie"]), "visibility": st.sampled_from(["counted", "recipients", "all", ""]),
        **dict.fromkeys(("updates", "may_ask"), st.sampled_from([*map(str, NO), "y", "1", "on"])),
        "token": st.sampled_from(["", "1.x"]), "website": LINES, "altcha": LINES,
    },
)  # fmt: skip


def readings(app: Flask, petition_id: int, post: dict[str, str]) -> tuple[Any, Any]:
    """What the quick reading and the form make of a post; None where they refuse it."""
    with app.app_context():
        token = form_token()
    with app.test_request_context("/", method="POST", data={"token": token, **post}):
        form = SignForm(db.session.get_one(Petition, petition_id))
        return quick_form.read(request.form), form.signing() if form.validate() else None


@pytest.mark.parametrize("left_out", [None, "updates", "role", "source", "comment"])
def test_a_faultless_post_is_read_quickly_and_as_the_form_reads_it(campaign: Campaign, left_out: str | None) -> None:
    post = {name: value for name, value in PLAIN.items() if name != left_out}
    quick, slow = readings(campaign.app, campaign.id, post)
    assert quick == slow != None  # noqa: E711 - both, and not nothing
    assert quick.person["updates"] is (left_out != "updates")


def test_whatever_is_posted_the_quick_reading_never_differs_from_the_form(campaign: Campaign) -> None:
    @settings(max_examples=300, deadline=None)
    @given(POSTS)
    def check(post: dict[str, str]) -> None:
        quick, slow = readings(campaign.app, campaign.id, {**PLAIN, **post})
        assert quick in (None, slow)

    check()
