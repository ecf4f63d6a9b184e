"""A signed text changes with a reason, is kept and told; texts in other languages; Markdown seen before it is saved."""

import json
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from core.db import db
from petitions.models import ConsentText, Petition, Recipient
from petitions.states import PetitionState
from petitions.updates.models import Update
from petitions.versions import services as versions
from petitions.versions.models import PetitionVersion
from tests.organisers.conftest import Office
from tests.organisers.test_petition_states import letters, page, public, read
from tests.organisers.test_petitions import RECIPIENT, fields_of, only
from tests.petitions.conftest import Campaign, make_campaign

WHY = "The court has\nset another date."
GERMAN = {"title": "Lasst sie frei", "ask": "Wir bitten.", "letter": "Sehr geehrter Herr,\n\nlasst sie *frei*."}


@pytest.fixture
def campaign(office: Office) -> Campaign:
    """Petition that one person has signed."""
    made = make_campaign(office.app)
    made.signed("ada@example.org")
    return made


def kept(app: Flask) -> list[tuple[int, str, str]]:
    """(number, letter, reason) of the versions."""
    with app.app_context():
        rows = db.session.scalars(select(PetitionVersion).order_by(PetitionVersion.number)).all()
        return [(row.number, row.texts[row.language]["letter"], row.reason) for row in rows]


def consents(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.max(ConsentText.version))) or 0


def recipient(app: Flask) -> int:
    with app.app_context():
        return db.session.scalars(select(Recipient.id).order_by(Recipient.id)).all()[0]


def test_before_the_first_signature_a_text_changes_freely(app: Flask, office: Office) -> None:
    made = make_campaign(app)
    assert kept(app) == [(1, "Release them.", "")]
    assert 'name="reason"' not in office.get(f"{page(made)}/edit")
    office.saved(f"{page(made)}/edit", **fields_of(only(app), letter="Free them."))
    office.saved(f"{page(made)}/recipients/{recipient(app)}", **{**RECIPIENT, "name": "B. Recipient"})
    assert kept(app) == [(1, "Free them.", "")] and "was changed" not in public(made)
    assert "has not been changed" in public(made, "/versions")


def test_who_is_about_to_confirm_has_signed_the_text_too(app: Flask, office: Office) -> None:
    made = make_campaign(app)
    made.sign("ada@example.org")
    answer = office.post(f"{page(made)}/edit", **fields_of(only(app), letter="Free them."))
    assert answer.status_code == 422 and only(app).letter == "Release them."


@pytest.mark.parametrize("field", ["title", "ask", "letter", "first_signatory", "first_signatory_role"])
def test_a_signed_text_changes_only_with_a_reason(app: Flask, office: Office, campaign: Campaign, field: str) -> None:
    before, versions_before = only(app), consents(app)
    typed = fields_of(before, **{field: "Quite Another"})
    answer = office.post(f"{page(campaign)}/edit", **typed)
    assert answer.status_code == 422 and "Say in a sentence or two why you change it" in unescape(answer.text)
    assert "Quite Another" in answer.text and getattr(only(app), field) == getattr(before, field)
    assert len(kept(app)) == 1
    office.saved(f"{page(campaign)}/edit", **typed, reason=WHY)
    assert getattr(only(app), field) == "Quite Another"
    assert [(number, why) for number, _letter, why in kept(app)] == [(1, ""), (2, WHY)]
    assert consents(app) == versions_before + (field in ("title", "letter"))


def test_what_is_no_part_of_the_text_changes_freely(app: Flask, office: Office, campaign: Campaign) -> None:
    office.saved(f"{page(campaign)}/edit", **fields_of(only(app), goal="900", sources="a b"))
    assert len(kept(app)) == 1 and only(app).goal == 900


def test_a_change_stands_on_the_page_and_whoever_signed_is_told(app: Flask, office: Office, campaign: Campaign) -> None:
    office.saved(
        f"{page(campaign)}/edit", **fields_of(only(app), letter="Release them.\n\nAt <b>once</b>."), reason=WHY
    )
    shown = public(campaign)
    assert "The text was changed on" in shown and WHY in shown
    history = public(campaign, "/versions")
    assert "Added: </span>At <b>once</b>." in history and "<p" in history and WHY in history
    assert "At <b>once" not in campaign.client.get(f"/petitions/{campaign.slug}/versions").text  # it is text, no markup
    document = json.loads(public(campaign, ".json"))
    assert document["version"] == 2 and document["links"]["versions"].endswith("/versions")
    campaign.work()
    assert letters(campaign, "The court has > set another date.") == ["ada@example.org"]
    with app.app_context():
        assert db.session.scalars(select(Update.key)).one().endswith(":2")
    assert ("petition.edited", campaign.slug) in office.acts() and "set another date" in office.get("/office/audit")


def test_the_older_text_can_be_read_beside_the_new_one(app: Flask, office: Office, campaign: Campaign) -> None:
    office.saved(f"{page(campaign)}/edit", **fields_of(only(app), letter="Free them."), reason="Clearer.")
    office.saved(
        f"{page(campaign)}/edit", **fields_of(only(app), title="Free them", letter="Free them."), reason="Shorter."
    )
    history = public(campaign, "/versions")
    assert history.index("Shorter.") < history.index("Clearer.") < history.index("The text of")
    for words in ("Removed: </span>Release them.", "Added: </span>Free them.", "<p>Release them.</p>"):
        assert words in history, words


def test_to_whom_the_letter_goes_is_part_of_what_was_signed(app: Flask, office: Office, campaign: Campaign) -> None:
    where = f"{page(campaign)}/recipients"
    first = recipient(app)
    second = {**RECIPIENT, "name": "B. Recipient"}
    for path in (f"{where}/new", f"{where}/{first}"):
        answer = office.post(path, **second)
        assert answer.status_code == 422 and "why you change it" in answer.text, path
    assert "B. Recipient" not in public(campaign)
    office.saved(f"{where}/new", **second, reason="A second office decides.")
    assert office.post(f"{where}/{first}/remove").status_code == 422
    assert "A. Recipient" in public(campaign)
    office.saved(f"{where}/{first}/remove", reason="The first office is closed.")
    assert [why for _number, _letter, why in kept(app)] == [
        "",
        "A second office decides.",
        "The first office is closed.",
    ]
    history = public(campaign, "/versions")
    assert "Removed: </span>A. Recipient, Secretary" in history and "Added: </span>B. Recipient" in history
    assert ("recipient.removed", campaign.slug) in office.acts()


def test_a_withdrawn_signature_was_one(app: Flask, office: Office, campaign: Campaign) -> None:
    campaign.press(campaign.mails("ada@example.org")[-1].links["withdraw"])
    with app.app_context():
        assert campaign.valid() == 0 and versions.signed(db.session.get_one(Petition, campaign.id))


def test_a_petition_is_read_in_another_language(app: Flask, office: Office, campaign: Campaign) -> None:
    assert campaign.client.get(f"/de/petitions/{campaign.slug}?now").status_code == 404
    office.saved(f"{page(campaign)}/translations/de", **GERMAN)
    shown = read(campaign, f"/de/petitions/{campaign.slug}")
    assert '<h1 lang="de" dir="ltr">Lasst sie frei</h1>' in shown and "lasst sie <em>frei</em>" in shown
    assert (
        "This is a translation." in shown and '<html lang="en"' in shown and '<blockquote lang="de" dir="ltr">' in shown
    )
    original = public(campaign)
    assert f'href="/de/petitions/{campaign.slug}" lang="de"' in original and "Lasst" not in original
    assert json.loads(public(campaign, ".json"))["languages"] == ["en", "de"]
    for unknown in ("ru", "en", "tlh", "office"):
        assert campaign.client.get(f"/{unknown}/petitions/{campaign.slug}").status_code in (
            404,
            200 if unknown == "en" else 404,
        )
    office.saved(f"{page(campaign)}/translations/de/remove")
    assert campaign.client.get(f"/de/petitions/{campaign.slug}?now").status_code == 404


def test_what_is_not_translated_is_read_in_the_original_and_marked(
    app: Flask, office: Office, campaign: Campaign
) -> None:
    office.saved(f"{page(campaign)}/translations/ar", **{**GERMAN, "title": "أطلقوا سراحهم"})
    office.saved(f"{page(campaign)}/close")
    office.saved(f"{page(campaign)}/answer", answer="Noted.", answered_on="2026-05-06", answer_source="")
    shown = read(campaign, f"/ar/petitions/{campaign.slug}")
    assert '<h1 lang="ar" dir="rtl">' in shown and '<div lang="en" dir="ltr"><p>Noted.</p>' in shown
    office.saved(f"{page(campaign)}/translations/ar", **GERMAN, answer="سجلنا")
    assert '<div lang="ar" dir="rtl"><p>سجلنا</p>' in read(campaign, f"/ar/petitions/{campaign.slug}")


def test_a_translation_older_than_the_original_is_marked_in_the_office(
    app: Flask, office: Office, campaign: Campaign
) -> None:
    office.saved(f"{page(campaign)}/translations/de", **GERMAN)
    assert "Not yet up to date" not in office.get(f"{page(campaign)}/translations")
    office.saved(f"{page(campaign)}/edit", **fields_of(only(app), goal="70"))
    assert "Not yet up to date" not in office.get(f"{page(campaign)}/translations")
    office.saved(f"{page(campaign)}/edit", **fields_of(only(app), letter="Free them."), reason="Clearer.")
    for path in ("/translations", "/translations/de"):
        assert "Not yet up to date" in office.get(f"{page(campaign)}{path}"), path
    assert "Translations not yet up to date" in office.get(page(campaign))
    office.saved(f"{page(campaign)}/translations/de", **GERMAN)
    assert "Not yet up to date" not in office.get(f"{page(campaign)}/translations")
    assert len(kept(app)) == 2  # a translation is nothing that people sign


def test_only_the_sites_languages_are_offered_and_all_needed_texts_asked_for(
    app: Flask, office: Office, campaign: Campaign
) -> None:
    for language in ("en", "tlh", "x"):
        assert office.client.get(f"{page(campaign)}/translations/{language}").status_code == 404
    assert "Original" in office.get(f"{page(campaign)}/translations")
    for field, sentence in (("title", "Translate the title"), ("letter", "Translate the letter")):
        answer = office.post(f"{page(campaign)}/translations/de", **{**GERMAN, field: ""})
        assert answer.status_code == 422 and sentence in answer.text


def test_a_preview_shows_the_form_again_and_saves_nothing(app: Flask, office: Office, campaign: Campaign) -> None:
    typed = fields_of(only(app), letter="Now *this*. <script>alert(1)</script>")
    answer = office.post(f"{page(campaign)}/edit", **typed, preview="yes")
    assert answer.status_code == 200 and "Now <em>this</em>." in answer.text and "<script>alert" not in answer.text
    assert only(app).letter == "Release them." and "js/preview.js" in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    with app.app_context():
        db.session.execute(update(Petition).values(state=PetitionState.CLOSED))
        db.session.commit()
    for path, fields in (
        ("answer", {"answer": "So *be* it.", "answered_on": "2026-05-06"}),
        ("victory", {"closing_lines": "So *be* it.", "won_on": "2026-05-06"}),
        ("translations/de", {**GERMAN, "letter": "So *be* it."}),
    ):
        shown = office.post(f"{page(campaign)}/{path}", **fields, preview="yes")
        assert shown.status_code == 200 and "So <em>be</em> it." in shown.text, path
    assert only(app).state == "closed" and campaign.client.get(f"/de/petitions/{campaign.slug}?now").status_code == 404


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("*so*", "<p><em>so</em></p>\n"),
        ("# Big", "<h3>Big</h3>\n"),
        ("<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>\n"),
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>\n"),
        ("![a](https://example.org/x.png)", None),
    ],
)
def test_the_preview_for_a_script_is_what_the_page_would_show(office: Office, typed: str, shown: str | None) -> None:
    answer = office.post("/office/preview", text=typed)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    assert answer.text == shown if shown else "<img" not in answer.text


def test_a_text_that_cannot_be_saved_is_told_in_the_preview(office: Office) -> None:
    answer = office.post("/office/preview", text="a" * 20_001)
    assert answer.status_code == 422 and "Shorten it to 20000 characters" in answer.text
    assert office.client.post("/office/preview", data={"text": "x"}).status_code == 400
