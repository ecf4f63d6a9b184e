"""/dev/mail: the kept mails of a demo, and nothing else of that folder."""

from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from tests.conftest import BASE


def keep(app: Flask, name: str, *, text: str = "Text", subject: str = "Subject", to: str = "ada@example.org") -> None:
    message = EmailMessage()
    message["To"], message["Subject"], message["Date"] = to, subject, "Mon, 23 Nov 2026 10:00:00 +0000"
    message.set_content(text, cte="quoted-printable")
    folder: Path = app.config["UNDERSIGNED"].mail_folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.eml").write_bytes(bytes(message))


def test_mails_are_listed_newest_first_with_links(app: Flask, client: FlaskClient) -> None:
    keep(app, "20261123T100000000000-aa", subject="The older")
    keep(app, "20261124T100000000000-bb", subject="The newer")
    page = client.get("/dev/mail").text
    assert page.index("The newer") < page.index("The older")
    assert 'href="/dev/mail/20261124T100000000000-bb"' in page
    assert "ada@example.org" in page


def test_a_mail_is_shown_decoded_with_its_links_to_press(app: Flask, client: FlaskClient) -> None:
    keep(app, "a", text="Қайырлы күн, " + "ü" * 80 + "\nhttp://localhost/signatures/x-_1/confirm.\n", subject="Тақырып")
    page = client.get("/dev/mail/a").text
    for words in ("ada@example.org", "Тақырып", "Қайырлы күн", "ü" * 80):
        assert words in page
    link = "http://localhost/signatures/x-_1/confirm"
    assert f'<a href="{link}" rel="noopener noreferrer">{link}</a>.' in page


def test_a_mails_text_stays_text(app: Flask, client: FlaskClient) -> None:
    keep(app, "b", text='<script>x</script> http://localhost/"onmouseover="x javascript:alert(1)', subject="<b>S</b>")
    page = client.get("/dev/mail/b").text
    assert "<script>" not in page
    assert "<b>S</b>" not in page
    assert 'href="http://localhost/" rel' in page
    assert 'href="javascript' not in page


@pytest.mark.parametrize("mail_id", ["none", "..%2Fsettings.env", "../settings", "a.eml", "*", "%00", "x" * 300])
def test_other_names_are_not_found(app: Flask, client: FlaskClient, mail_id: str) -> None:
    keep(app, "a")
    assert client.get(f"/dev/mail/{mail_id}").status_code == 404


def test_an_empty_folder_says_how_to_get_a_mail(client: FlaskClient) -> None:
    assert "No mail yet." in client.get("/dev/mail").text


@pytest.mark.parametrize("changed", [{"SERVER_URL": "https://example.org"}, {"ROLE": "public"}])
def test_a_site_that_others_reach_has_no_such_page(tmp_path: Path, app: Flask, changed: dict[str, str]) -> None:
    key = app.extensions["vault"].keystore.site_public_key()
    needed = {
        "SMTP_URL": "smtp://127.0.0.1:9",
        "MAIL_FROM": "a@example.org",
        "ORGANISATION": "O",
        "DATA_CONTROLLER": "C",
    }
    given = {**BASE, **needed, "STRIPE_SECRET_KEY": "", "LIMITS": "on", "SITE_PUBLIC_KEY": key, **changed}
    other = create_app({**given, "UNDERSIGNED_DATA": str(tmp_path)})
    assert not [rule for rule in other.url_map.iter_rules() if rule.rule.startswith("/dev")]


def attach(app: Flask, name: str, *files: tuple[str, str, bytes]) -> None:
    message = EmailMessage()
    message["To"], message["Subject"], message["Date"] = (
        "ada@example.org",
        "With files",
        "Mon, 23 Nov 2026 10:00:00 +0000",
    )
    message.set_content("Text")
    for filename, kind, content in files:
        main, _, sub = kind.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=filename)
    folder: Path = app.config["UNDERSIGNED"].mail_folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.eml").write_bytes(bytes(message))


def test_what_is_attached_to_a_mail_is_listed_and_given_as_it_was(app: Flask, client: FlaskClient) -> None:
    pdf, json = b"%PDF-1.7 \x00\xff", '{"ü": 1}'.encode()
    attach(app, "c", ("receipt-2026-11-29.pdf", "application/pdf", pdf), ("signature.json", "application/json", json))
    page = client.get("/dev/mail/c").text
    assert '<a href="/dev/mail/c/attachments/1">receipt-2026-11-29.pdf</a>' in page and "signature.json</a>" in page
    for number, kind, content, name in (
        (1, "application/pdf", pdf, "receipt-2026-11-29.pdf"), (2, "application/json", json, "signature.json"),
    ):  # fmt: skip
        answer = client.get(f"/dev/mail/c/attachments/{number}")
        assert (answer.status_code, answer.mimetype, answer.data) == (200, kind, content)
        assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"
        assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Cache-Control"] == "no-store"


def test_a_hostile_file_name_stays_text_and_is_never_opened_in_the_page(app: Flask, client: FlaskClient) -> None:
    attach(app, "d", ('<b>"x"\u0430.html', "text/html", b"<script>alert(1)</script>"))
    assert "<b>" not in client.get("/dev/mail/d").text
    answer = client.get("/dev/mail/d/attachments/1")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "\n" not in answer.headers["Content-Disposition"]


def test_a_mail_without_files_lists_none(app: Flask, client: FlaskClient) -> None:
    keep(app, "e")
    assert "attachments" not in client.get("/dev/mail/e").text and "Attached" not in client.get("/dev/mail/e").text


@pytest.mark.parametrize("number", ["0", "2", "-1", "x", "99999999999999999999"])
def test_other_numbers_are_not_found(app: Flask, client: FlaskClient, number: str) -> None:
    attach(app, "f", ("a.pdf", "application/pdf", b"%PDF"))
    assert client.get("/dev/mail/f/attachments/1").status_code == 200
    assert client.get(f"/dev/mail/f/attachments/{number}").status_code == 404
    assert client.get("/dev/mail/none/attachments/1").status_code == 404
