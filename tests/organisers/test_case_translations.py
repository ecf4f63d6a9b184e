"""A case in other languages: written in the office beside the original, read under an address of its own."""

import json
import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from cases.models import Case, Event, Person
from cases.translations import services as translations
from cases.translations.models import CaseTranslation, EventTranslation, PersonTranslation
from core.db import db
from petitions.models import Petition
from tests.factories import make_case
from tests.organisers.conftest import Office
from tests.organisers.test_case_safety import CYRILLIC, NAME, named_case
from tests.organisers.test_cases import CASE
from tests.organisers.test_petition_texts import GERMAN
from tests.petitions.conftest import Campaign

ARABIC = {
    "title": "أطلقوا سراح المثال",
    "lede": "جملة واحدة.",
    "story": "قصة *قصيرة*.",
    "fund_title": "صندوق",
    "fund_text": "ما يدفع.",
}
TABLES = (CaseTranslation, PersonTranslation, EventTranslation)


@pytest.fixture
def campaign(office: Office) -> Campaign:
    """A case with one person, one event and a petition, in English."""
    return named_case(office.app)


def home(app: Flask) -> str:
    with app.app_context():
        return f"/office/cases/{db.session.scalars(select(Case.id).where(Case.slug == 'the-case')).one()}"


def parts(app: Flask) -> tuple[str, str]:
    """The pages on which the person and the event are edited."""
    with app.app_context():
        case = db.session.scalars(select(Case).where(Case.slug == "the-case")).one()
        return f"{home(app)}/people/{case.people[0].id}", f"{home(app)}/events/{case.events[0].id}"


def translated(page: str, language: str = "ar") -> str:
    """Where what stands on this page of the office is translated."""
    case, room, part = page.rsplit("/", 2)
    return f"{case}/translations/{language}/{room}/{part}"


def read(app: Flask, path: str, status: int = 200) -> str:
    """A public page as it is now, past the page cache."""
    answer = app.test_client().get(f"{path}?now")
    assert answer.status_code == status, (path, answer.status_code)
    return answer.text


def kept(app: Flask) -> list[int]:
    """How many rows each table holds."""
    with app.app_context():
        return [db.session.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES]


def change(app: Flask, kind: type[Any], **values: Any) -> None:
    with app.app_context():
        row = db.session.scalars(select(kind).order_by(kind.id)).all()[0]
        for name, value in values.items():
            setattr(row, name, value)
        db.session.commit()


def test_a_case_is_read_in_another_language(app: Flask, office: Office, campaign: Campaign) -> None:
    read(app, "/ar/cases/the-case", 404)
    assert "Read it in:" not in read(app, "/cases/the-case")
    office.saved(f"{home(app)}/translations/ar", **ARABIC)
    shown = read(app, "/ar/cases/the-case")
    assert f'<h1 lang="ar" dir="rtl">{ARABIC["title"]}</h1>' in shown and f"<title>{ARABIC['title']}" in shown
    assert '<div lang="ar" dir="rtl"><p>قصة <em>قصيرة</em>.</p>' in shown
    assert f'<h2 id="fund-title" lang="ar" dir="rtl">{ARABIC["fund_title"]}</h2>' in shown
    server = app.config["UNDERSIGNED"].server_url
    assert f'<link rel="canonical" href="{server}/ar/cases/the-case">' in shown
    for page in (shown, read(app, "/cases/the-case")):
        for code, path in (("en", "/cases/the-case"), ("ar", "/ar/cases/the-case")):
            assert f'<link rel="alternate" hreflang="{code}" href="{server}{path}">' in page
    assert '<a href="/cases/the-case" lang="en" hreflang="en">English</a> (original)' in shown
    assert ARABIC["title"] not in read(app, "/cases/the-case")
    assert json.loads(read(app, "/cases/the-case.json"))["languages"] == ["en", "ar"]
    assert f'<link rel="canonical" href="{server}/cases/the-case">' in read(app, "/en/cases/the-case")
    for unknown in ("de", "tlh", "office"):
        read(app, f"/{unknown}/cases/the-case", 404)
    assert office.acts()[-1] == ("case.translated", "the-case")


def test_a_translated_page_is_cached_and_sets_no_cookie(app: Flask, office: Office, campaign: Campaign) -> None:
    office.saved(f"{home(app)}/translations/ar", **ARABIC)
    answer = app.test_client().get("/ar/cases/the-case")
    assert "s-maxage=1" in answer.headers["Cache-Control"] and "Set-Cookie" not in answer.headers
    again = app.test_client().get("/ar/cases/the-case", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert ARABIC["title"] not in app.test_client().get("/cases/the-case").text


def test_people_and_events_are_translated_and_the_rest_is_marked_as_the_original(
    app: Flask, office: Office, campaign: Campaign
) -> None:
    change(app, Person, about="A printer.", held_at="The prison of the city")
    office.saved(f"{home(app)}/translations/ar", title=ARABIC["title"])
    person, event = map(translated, parts(app))
    office.saved(person, about="عامل مطبعة")
    office.saved(event, title="في المحكمة", body="أدخلوها.")
    shown = read(app, "/ar/cases/the-case")
    assert '<p class="meta" lang="ar" dir="rtl">عامل مطبعة</p>' in shown
    assert '<dd lang="en" dir="ltr">The prison of the city</dd>' in shown
    assert '<h3 lang="ar" dir="rtl">في المحكمة</h3>' in shown and '<div lang="ar" dir="rtl"><p>أدخلوها.</p>' in shown
    assert '<p class="lede" lang="en" dir="ltr">' in shown
    assert [act for act, _ in office.acts()][-2:] == ["person.translated", "event.translated"]
    change(app, Person, about="")
    assert "عامل مطبعة" not in read(app, "/ar/cases/the-case"), "what the original says no more is said in no language"


def test_a_part_left_empty_is_read_in_the_original_again(app: Flask, office: Office, campaign: Campaign) -> None:
    office.saved(f"{home(app)}/translations/ar", **ARABIC)
    person, event = map(translated, parts(app))
    office.saved(person, sentence="خمسة عشر يوما")
    office.saved(event, title="في المحكمة")
    assert kept(app) == [1, 1, 1]
    office.saved(person, sentence="")
    office.saved(event, title="", body="")
    assert kept(app) == [1, 0, 0]
    assert '<dd lang="en" dir="ltr">15 days</dd>' in read(app, "/ar/cases/the-case")


def test_a_part_waits_for_its_case(app: Flask, office: Office, campaign: Campaign) -> None:
    person, _event = map(translated, parts(app))
    for answer in (office.client.get(person), office.post(person, sentence="خمسة عشر يوما")):
        assert answer.status_code == 303 and answer.headers["Location"] == f"{home(app)}/translations/ar"
    assert "Begin with the texts of the case itself." in office.get(f"{home(app)}/translations/ar")
    with app.app_context(), pytest.raises(translations.TranslationNotFound):
        translations.write(db.session.scalars(select(Person)).one(), "ar", actor="cli", sentence="خمسة عشر يوما")
    assert kept(app) == [0, 0, 0]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Case, {"lede": "Another."}),
        (Person, {"sentence": "20 days"}),
        (Event, {"body": "Another."}),
        (Case, {"language": "de"}),
    ],
)
def test_a_translation_older_than_its_original_is_marked_in_the_office(
    app: Flask, office: Office, campaign: Campaign, kind: type[Any], values: dict[str, str]
) -> None:
    case, (person, event) = f"{home(app)}/translations/ar", map(translated, parts(app))
    typed = {case: ARABIC, person: {"sentence": "خمسة عشر يوما"}, event: {"title": "في المحكمة", "body": "أدخلوها."}}
    for page, texts in typed.items():
        office.saved(page, **texts)
    change(app, Case, fund_goal=500, country="DE")
    change(app, Person, other_spellings="")
    for page in (f"{home(app)}/translations", *typed, home(app)):
        assert "ot yet up to date" not in office.get(page), page
    change(app, kind, **values)
    for page in (f"{home(app)}/translations", home(app)):
        assert "ot yet up to date" in office.get(page), page
    old = [page for page in typed if "The original has changed since" in office.get(page)]
    assert old == ([{Case: case, Person: person, Event: event}[kind]] if "language" not in values else list(typed))
    for page in old:
        office.saved(page, **typed[page])
    assert "ot yet up to date" not in office.get(f"{home(app)}/translations")


def test_the_office_says_what_is_not_translated_yet(app: Flask, office: Office, campaign: Campaign) -> None:
    listed = f"{home(app)}/translations"
    assert "Original" in office.get(listed) and "Up to date" not in office.get(listed)
    office.saved(f"{listed}/ar", **ARABIC)
    assert "Up to date" in office.get(listed) and "2 people and events are not translated" in office.get(listed)
    person, event = map(translated, parts(app))
    assert person in office.get(f"{listed}/ar") and event in office.get(f"{listed}/ar")
    office.saved(person, sentence="خمسة عشر يوما")
    assert "One person or event is not translated" in office.get(listed)
    change(app, Person, sentence="")  # nothing left to translate of the person
    assert person not in office.get(f"{listed}/ar")


def test_a_translation_is_removed_with_its_people_and_events(app: Flask, office: Office, campaign: Campaign) -> None:
    for language in ("ar", "de"):
        office.saved(f"{home(app)}/translations/{language}", **ARABIC)
        office.saved(translated(parts(app)[0], language), sentence="x")
        office.saved(translated(parts(app)[1], language), title="x")
    assert kept(app) == [2, 2, 2]
    office.saved(f"{home(app)}/translations/ar/remove")
    assert kept(app) == [1, 1, 1] and office.acts()[-1] == ("case.translation_removed", "the-case")
    read(app, "/ar/cases/the-case", 404)
    assert office.post(f"{home(app)}/translations/ar/remove").status_code == 404
    for page, left in zip(parts(app), ([1, 0, 1], [1, 0, 0]), strict=True):
        office.saved(f"{page}/remove")
        assert kept(app) == left


def test_a_case_that_is_deleted_takes_its_translations_along(app: Flask, office: Office) -> None:
    with app.app_context():
        number = make_case(slug="the-case").id
    office.saved(f"{home(app)}/translations/ar", **ARABIC)
    office.saved(translated(parts(app)[0]), sentence="x")
    with app.app_context():
        db.session.execute(db.delete(Case).where(Case.id == number))
        db.session.commit()
    assert kept(app) == [0, 0, 0]


def test_only_other_languages_are_offered_and_what_is_wrong_is_told_with_everything_kept(
    app: Flask, office: Office, campaign: Campaign
) -> None:
    for language in ("en", "tlh", "x"):
        assert office.client.get(f"{home(app)}/translations/{language}").status_code == 404
    for field, typed, sentence in (
        ("title", "", "Translate the title."),
        ("fund_title", "x" * 161, "Shorten it to 160"),
    ):
        answer = office.post(f"{home(app)}/translations/ar", **{**ARABIC, field: typed})
        assert answer.status_code == 422 and sentence in answer.text and ARABIC["lede"] in answer.text
    form = office.get(f"{home(app)}/translations/ar")
    assert 'name="urgency"' not in form, "the original says nothing there"
    assert re.search(r'<textarea[^>]*dir="rtl"[^>]* lang="ar"', form) and '<p lang="en" dir="ltr">' in form
    assert form.index('name="title"') < form.index('name="lede"') < form.index('name="story"')
    office.saved(f"{home(app)}/edit", **{**CASE, "language": "ar", "status": "active"})
    assert office.client.get(f"{home(app)}/translations/ar").status_code == 404
    assert office.client.get(f"{home(app)}/translations/en").status_code == 200
    with app.app_context():
        other = make_case().people[0].id
    assert office.client.get(f"{home(app)}/translations/en/people/{other}").status_code == 404


def test_a_translation_into_what_has_become_the_original_is_not_shown(
    app: Flask, office: Office, campaign: Campaign
) -> None:
    office.saved(f"{home(app)}/translations/de", **GERMAN | {"letter": ""})
    change(app, Case, language="de")
    assert "Read it in:" not in read(app, "/cases/the-case") and GERMAN["title"] not in read(app, "/de/cases/the-case")
    assert f'<h1 lang="de" dir="ltr">Free {NAME}</h1>' in read(app, "/cases/the-case")


def test_the_petition_tells_of_the_case_in_its_own_language(app: Flask, office: Office, campaign: Campaign) -> None:
    with app.app_context():
        petition = f"/office/petitions/{campaign.id}"
    office.saved(f"{petition}/translations/ar", **GERMAN)
    before = read(app, "/ar/petitions/the-petition")
    assert f'<h2 id="case-title" lang="en" dir="ltr"><a href="/cases/the-case">Free {NAME}</a></h2>' in before
    office.saved(f"{home(app)}/translations/ar", **ARABIC)
    office.saved(translated(parts(app)[0]), sentence="خمسة عشر يوما")
    office.saved(translated(parts(app)[1]), title="في المحكمة")
    shown = read(app, "/ar/petitions/the-petition")
    assert f'<h2 id="case-title" lang="ar" dir="rtl"><a href="/ar/cases/the-case">{ARABIC["title"]}</a></h2>' in shown
    for words in (
        '<dd lang="ar" dir="rtl">خمسة عشر يوما</dd>',
        '<h3 lang="ar" dir="rtl">في المحكمة</h3>',
        ARABIC["fund_text"],
    ):
        assert words in shown, words
    assert ARABIC["title"] not in read(app, "/petitions/the-petition")
    change(app, Case, language="ar")  # its texts are Arabic now, the petition's are English
    assert '<a href="/cases/the-case">' in read(app, "/petitions/the-petition")


def test_the_case_leads_to_its_petitions_in_its_own_language(app: Flask, office: Office, campaign: Campaign) -> None:
    with app.app_context():
        petition = f"/office/petitions/{campaign.id}"
        title = campaign.fresh(select(Petition.title))
    office.saved(f"{home(app)}/translations/ar", **ARABIC)
    office.saved(f"{petition}/translations/de", **GERMAN)
    original = f'<h3 lang="en" dir="ltr"><a href="/petitions/the-petition">{title}</a></h3>'
    for path in ("/ar/cases/the-case", "/cases/the-case"):  # it is to be had in English and in German only
        assert original in read(app, path) and "/de/petitions" not in read(app, path)
    office.saved(f"{petition}/translations/ar", **GERMAN | {"title": ARABIC["title"]})
    shown = read(app, "/ar/cases/the-case")
    assert f'<h3 lang="ar" dir="rtl"><a href="/ar/petitions/the-petition">{ARABIC["title"]}</a></h3>' in shown
    assert '<a class="button" href="/ar/petitions/the-petition"' in shown and "/ar/petitions" not in read(app, "/")
    assert f'<p lang="ar" dir="rtl">{GERMAN["ask"]}</p>' in shown
    assert original in read(app, "/cases/the-case")
    change(app, Petition, language="ar")
    assert "/ar/petitions" not in read(app, "/ar/cases/the-case")


def test_a_blur_and_a_freeze_cover_translations(app: Flask, office: Office, campaign: Campaign) -> None:
    office.saved(f"{home(app)}/translations/ru", title=f"Свободу: {CYRILLIC}", lede=f"{NAME}.", story=CYRILLIC)
    office.saved(translated(parts(app)[0], "ru"), sentence=f"{CYRILLIC}: 15")
    office.saved(translated(parts(app)[1], "ru"), title=f"{CYRILLIC} в суде", body=CYRILLIC)
    assert CYRILLIC in read(app, "/ru/cases/the-case")
    office.saved(f"{home(app)}/blur")
    shown = read(app, "/ru/cases/the-case")
    assert "Тестова" not in shown and "Testova" not in shown and "Свободу: З. Т." in shown and "З. Т. в суде" in shown
    assert CYRILLIC in office.get(f"{home(app)}/translations/ru")
    assert "ot yet up to date" not in office.get(f"{home(app)}/translations")
    office.saved(f"{home(app)}/freeze")
    assert "Свободу" not in read(app, "/ru/cases/the-case", 409)
    assert json.loads(read(app, "/cases/the-case.json"))["languages"] == []


def test_a_preview_shows_the_form_again_and_saves_nothing(app: Flask, office: Office, campaign: Campaign) -> None:
    translate, (_person, event) = f"{home(app)}/translations/ar", parts(app)
    for page, field, typed in (
        (translate, "story", {"title": "T"}), (translate, "fund_text", {"title": "T"}),
        (f"{home(app)}/edit", "story", {**CASE, "title": "T", "status": "active"}),
        ("/office/cases/new", "fund_text", {**CASE, "title": "T"}),
        (event, "body", {"kind": "press", "happened_on": "2010-05-06", "title": "T"}),
        (f"{home(app)}/events/new", "body", {"kind": "press", "happened_on": "2010-05-06", "title": "T"}),
    ):  # fmt: skip
        answer = office.post(page, **{**typed, field: "So *be* it."}, preview="yes")
        assert answer.status_code == 200 and "So <em>be</em> it." in answer.text, (page, field)
        assert 'value="T"' in answer.text and "js/preview.js" in answer.text, (page, field)
    with app.app_context():
        assert [case.title for case in db.session.scalars(select(Case))] == [f"Free {NAME}"]
        assert [row.title for row in db.session.scalars(select(Event))] == [f"{NAME} in court"]
    assert kept(app) == [0, 0, 0] and office.acts() == []


def test_a_person_or_an_event_that_is_written_wrongly_comes_back_whole(
    app: Flask, office: Office, campaign: Campaign
) -> None:
    person, event = parts(app)
    said = {"name": "Made Up", "charge": "A charge", "other_spellings": "Made Upp", "release_due": "soon"}
    dated = {"kind": "press", "happened_on": "May", "title": "A headline", "body": "A *body*.", "source": "A court"}
    for page in (person, f"{home(app)}/people/new"):
        answer = office.post(page, **said)
        assert answer.status_code == 422 and all(typed in answer.text for typed in said.values()), page
    for page in (event, f"{home(app)}/events/new"):
        answer = office.post(page, **dated)
        assert answer.status_code == 422 and all(typed in answer.text for typed in dated.values()), page
    assert office.acts() == []
