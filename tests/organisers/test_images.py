"""Pictures of a case: refused or made anew without what they tell, shown in sizes, blurred or hidden with their case."""

import io
import json
import re
import struct
import zlib
from typing import Any

import pytest
from flask import Flask
from PIL import Image, ImageCms
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from cases.images import MOST
from cases.models import Case, CaseImage, ImageFile
from cases.pictures import MOST_BYTES
from core.db import db
from core.guards import FORM_LIMIT
from petitions import services as petitions
from tests.organisers.conftest import Office
from tests.organisers.test_case_safety import NAMED, case_number, named_case, read
from tests.organisers.test_initials import fields

WORDS = {"alt": "Zarina Testova holds up a sheet.", "credit": "A. Photographer, CC BY 4.0", "person": ""}
GPS, CAMERA = 0x8825, "Sentinelcamera"
URL = re.compile(r"/images/[0-9a-f]{32}\.(?:webp|jpeg)")


def drawn(kind: str = "JPEG", size: tuple[int, int] = (1600, 800), mode: str = "RGB", **options: Any) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new(mode, size, "blue")
    image.paste(Image.new(mode, (size[0] // 2, size[1]), "red"), (0, 0))
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def telling() -> bytes:
    """A JPEG that tells where, with what and by whom it was taken, and lies on its side."""
    exif = Image.Exif()
    exif[0x0110], exif[0x0112] = CAMERA, 6  # model; turned by 90 degrees
    exif.get_ifd(GPS)[2] = (43.0, 15.0, 1.0)
    exif.get_ifd(GPS)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return drawn(exif=exif, comment=b"Sentinelcomment", icc_profile=profile)


def upload(office: Office, number: int, raw: bytes, name: str = "photo.jpg", **fields: str) -> TestResponse:
    given = {"csrf_token": office.token(), **WORDS, **fields, "picture": (io.BytesIO(raw), name)}
    return office.client.post(f"/office/cases/{number}/images", data=given, content_type="multipart/form-data")


def add(office: Office, number: int, raw: bytes | None = None, **fields: str) -> None:
    answer = upload(office, number, raw or drawn(), **fields)
    assert answer.status_code == 303, answer.text


def urls(app: Flask, path: str = "/cases/the-case") -> list[str]:
    return list(dict.fromkeys(URL.findall(read(app, path)[1])))


def fetch(app: Flask, url: str) -> TestResponse:
    return app.test_client().get(url)


def test_a_picture_is_shown_in_sizes_and_keeps_its_room(app: Flask, office: Office) -> None:
    named_case(app)
    add(office, case_number(app))
    page = read(app, "/cases/the-case")[1]
    assert 'width="1280" height="640"' in page and WORDS["alt"] in page and WORDS["credit"] in page
    widths = {}
    for url in urls(app):
        answer = fetch(app, url)
        picture = Image.open(io.BytesIO(answer.data))
        assert answer.mimetype == f"image/{url.rpartition('.')[2]}" and picture.format.lower() == answer.mimetype[6:]
        widths.setdefault(picture.format, set()).add(picture.width)
        assert picture.height * 2 == picture.width
        left, right = picture.getpixel((picture.width // 4, 9)), picture.getpixel((picture.width * 3 // 4, 9))
        assert left[0] > 200 > 60 > left[2] and right[2] > 200 > 60 > right[0]
    assert widths == {"WEBP": {320, 640, 1280}, "JPEG": {320, 640, 1280}}
    for path in ("/", "/cases/", "/petitions/the-petition"):
        assert set(urls(app, path)) <= set(urls(app)) and urls(app, path), path
    one = json.loads(read(app, "/cases/the-case.json")[1])["images"][0]
    assert one["url"].endswith(".jpeg") and (one["alt"], one["width"]) == (WORDS["alt"], 1280)
    for path in ("/cases/the-case", "/petitions/the-petition"):
        preview = re.search(r'og:image" content="http://localhost[:\d]*(/images/[^"]+)"', read(app, path)[1])
        assert preview and fetch(app, preview[1]).status_code == 200
    assert office.acts() == [("image.added", "the-case")]


def test_browsers_keep_a_file_for_good_and_caches_ask_again(app: Flask, office: Office) -> None:
    named_case(app)
    add(office, case_number(app))
    answer = fetch(app, urls(app)[0])
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable, s-maxage=1"
    again = app.test_client().get(urls(app)[0], headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and not again.data


def test_nothing_that_the_file_told_is_left(app: Flask, office: Office) -> None:
    named_case(app)
    raw = telling()
    assert CAMERA.encode() in raw and b"Exif" in raw and b"Sentinelcomment" in raw and b"ICC_PROFILE" in raw
    assert dict(Image.open(io.BytesIO(raw)).getexif().get_ifd(GPS))
    add(office, case_number(app), raw)
    with app.app_context():
        bodies = [bytes(body) for body in db.session.scalars(select(ImageFile.body).order_by(ImageFile.id))]
    assert len(bodies) == 8
    for body in bodies:
        for trace in (CAMERA.encode(), b"Exif", b"EXIF", b"Sentinelcomment", b"ICC", b"XMP", b"GPS"):
            assert trace not in body, trace
        picture = Image.open(io.BytesIO(body))
        assert not picture.getexif() and not picture.info.get("icc_profile")
        assert picture.height > picture.width, "it stands upright"


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "RGBA"), ("PNG", "P"), ("PNG", "L"), ("PNG", "1"), ("WEBP", "RGBA"), ("JPEG", "CMYK")]
)
def test_every_kind_of_picture_becomes_plain(app: Flask, office: Office, kind: str, mode: str) -> None:
    named_case(app)
    raw = io.BytesIO()
    Image.new(mode, (400, 300)).save(raw, kind)
    add(office, case_number(app), raw.getvalue())
    with app.app_context():
        sizes = {(file.width, file.height) for file in db.session.scalars(select(ImageFile)) if not file.blurred}
        assert sizes == {(320, 240), (400, 300)}, "nothing is blown up"
    assert all(Image.open(io.BytesIO(fetch(app, url).data)).mode == "RGB" for url in urls(app))


def bomb() -> bytes:
    """A PNG of a few hundred bytes that says it has 3,600,000,000 pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(60_000)))
        + chunk(b"IEND", b"")
    )


def words_bomb() -> bytes:
    """A PNG whose hidden text unfolds to 80 MB."""
    whole = drawn("PNG", (100, 100))
    text = b"Comment\0\0" + zlib.compress(b"x" * 80_000_000)
    chunk = struct.pack(">I", len(text)) + b"zTXt" + text + struct.pack(">I", zlib.crc32(b"zTXt" + text))
    return whole[:33] + chunk + whole[33:]


REFUSED: dict[str, tuple[Any, str]] = {
    "bomb": (bomb, "fewer pixels"), "words": (words_bomb, "damaged or cut short"),
    "large": (lambda: drawn("PNG", (9000, 9000), "1"), "fewer pixels"),
    "gif": (lambda: drawn("GIF"), "JPEG, PNG or WebP"),
    "svg": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "JPEG, PNG or WebP"),
    "page": (lambda: b"<html><script>alert(1)</script>", "JPEG, PNG or WebP"), "nothing": (lambda: b"", "JPEG, PNG or WebP"),
    "cut": (lambda: drawn()[:3000], "damaged or cut short"), "cut png": (lambda: drawn("PNG")[:300], "damaged or cut short"),
    "cut webp": (lambda: drawn("WEBP")[:200], "damaged or cut short"),
    "small": (lambda: drawn(size=(63, 900)), "at least 64 pixels"),
    "heavy": (lambda: drawn() + bytes(MOST_BYTES), "may have 10 MB"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_sound_picture_is_refused_in_a_sentence(app: Flask, office: Office, name: str) -> None:
    named_case(app)
    make, sentence = REFUSED[name]
    answer = upload(office, case_number(app), make())
    assert answer.status_code == 422 and sentence in answer.text and WORDS["credit"] in answer.text
    with app.app_context():
        assert db.session.scalar(select(CaseImage)) is None


def test_only_this_page_takes_a_large_body(app: Flask, office: Office) -> None:
    named_case(app)
    number = case_number(app)
    add(office, number, drawn("PNG", (700, 700)) + bytes(5_000_000))
    assert upload(office, number, bytes(MOST_BYTES + 2 * 1024 * 1024)).status_code == 413
    large = {"csrf_token": office.token(), "alt": "x" * (FORM_LIMIT + 1), "credit": "y"}
    for path in (
        f"/office/cases/{number}/images/1",
        f"/office/cases/{number}/freeze",
        f"/office/cases/{number}/consents",
    ):
        assert office.client.post(path, data=large).status_code == 413, path


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [("alt", "", "Say in a sentence what is to be seen"), ("credit", " ", "Say who took the picture"),
     ("person", "99", "from the list")],
)  # fmt: skip
def test_a_picture_comes_with_words_and_credit(
    app: Flask, office: Office, field: str, typed: str, sentence: str
) -> None:
    named_case(app)
    answer = upload(office, case_number(app), drawn(), **{field: typed})
    assert answer.status_code == 422 and sentence in answer.text


def test_a_blurred_case_shows_blurred_pictures_and_gives_out_no_sharp_one(app: Flask, office: Office) -> None:
    named_case(app)
    number = case_number(app)
    add(office, number)
    sharp = urls(app)
    office.saved(f"/office/cases/{number}/blur")
    petitions.forget()
    blurred = urls(app)
    assert len(blurred) == 2 and not set(blurred) & set(sharp)
    assert {fetch(app, url).status_code for url in sharp} == {404}
    page = read(app, "/cases/the-case")[1]
    assert 'width="1280" height="640"' in page and "Z. T. holds up a sheet." in page and not NAMED.search(page)
    assert json.loads(read(app, "/cases/the-case.json")[1])["images"][0]["alt"] == "Z. T. holds up a sheet."
    picture = Image.open(io.BytesIO(fetch(app, blurred[0]).data))
    steps = [picture.getpixel((x, 80))[0] - picture.getpixel((x + 1, 80))[0] for x in range(100, 220)]
    assert max(steps) < 12, "no edge is left where red meets blue"
    office.saved(f"/office/cases/{number}/unblur")
    assert urls(app) == sharp and {fetch(app, url).status_code for url in blurred} == {404}
    office.saved(f"/office/cases/{number}/freeze")
    assert urls(app) == [] and {fetch(app, url).status_code for url in (*sharp, *blurred)} == {404}


def test_a_drafts_pictures_are_the_offices_alone(app: Flask, office: Office) -> None:
    named_case(app)
    number = case_number(app)
    add(office, number)
    shown = urls(app)
    with app.app_context():
        db.session.execute(update(Case).values(status="draft"))
        db.session.commit()
    assert {fetch(app, url).status_code for url in shown} == {404}
    answer = office.client.get(f"/office/cases/{number}/images/1/picture")
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    assert Image.open(io.BytesIO(answer.data)).width == 320


def test_a_picture_of_a_person_stands_by_the_person_and_goes_with_them(app: Flask, office: Office) -> None:
    named_case(app)
    number = case_number(app)
    with app.app_context():
        person = db.session.scalars(select(Case)).one().people[0].id
    add(office, number, alt="The crowd.")
    add(office, number, drawn("PNG"), alt="A portrait.", person=str(person))
    people = read(app, "/cases/the-case")[1].partition('id="people-title"')[2]
    assert "A portrait." in people.partition("</ul>")[0] and "The crowd." not in people
    office.saved(f"/office/cases/{number}/people/{person}/remove")
    with app.app_context():
        assert db.session.scalars(select(CaseImage.alt)).all() == ["The crowd."]
        assert db.session.scalar(select(func.count()).select_from(ImageFile)) == 8


def test_words_are_edited_and_pictures_removed(app: Flask, office: Office) -> None:
    named_case(app)
    number = case_number(app)
    add(office, number)
    shown = urls(app)
    office.saved(f"/office/cases/{number}/images/1", alt="Another sentence.", credit="B. Photographer")
    assert "Another sentence." in read(app, "/cases/the-case")[1] and "B. Photographer" in office.get(
        f"/office/cases/{number}/images"
    )
    office.saved(f"/office/cases/{number}/images/1/remove")
    assert urls(app) == [] and {fetch(app, url).status_code for url in shown} == {404}
    with app.app_context():
        assert db.session.scalar(select(ImageFile)) is None
    assert [act for act, _ in office.acts()] == ["image.added", "image.edited", "image.removed"]


def test_a_case_holds_a_dozen_pictures(app: Flask, office: Office) -> None:
    named_case(app)
    number = case_number(app)
    tiny = drawn(size=(64, 64))
    for _ in range(MOST):
        add(office, number, tiny)
    answer = upload(office, number, tiny)
    assert answer.status_code == 422 and f"at most {MOST}" in answer.text


def test_the_words_of_a_picture_become_initials_too(app: Flask, office: Office) -> None:
    named_case(app)
    number = case_number(app)
    add(office, number)
    path = f"/office/cases/{number}/people/1/initials"
    given = fields(office, path)
    office.saved(path, **{name: given[name] for name in ("seen", "accept")})
    with app.app_context():
        assert db.session.scalars(select(CaseImage.alt)).one() == "Z. T. holds up a sheet."


def test_a_page_without_pictures_says_nothing_of_them(app: Flask) -> None:
    named_case(app)
    for path in ("/cases/the-case", "/petitions/the-petition", "/"):
        page = read(app, path)[1]
        assert "<img" not in page and "og:image" not in page, path
