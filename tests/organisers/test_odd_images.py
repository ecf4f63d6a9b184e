"""Pictures that hide something, or say odd things of themselves: taken without it, or refused in a sentence."""

import io
import struct
from typing import Any

import pytest
from flask import Flask
from PIL import Image, ImageCms, ImageStat
from sqlalchemy import select

from cases.models import ImageFile
from core.db import db
from tests.organisers.conftest import Office
from tests.organisers.test_case_safety import case_number, named_case
from tests.organisers.test_images import add, drawn, upload

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
HIDDEN, SIZE = (250, 5, 5), (200, 100)
ORIENTATION, MODEL, GPS = 0x0112, 0x0110, 0x8825
ASCII, SHORT, LONG, RATIONAL, UNKNOWN = 2, 3, 4, 5, 99


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def bodies(app: Flask) -> list[Image.Image]:
    """The sharp files that were made, the smallest first."""
    with app.app_context():
        sharp = select(ImageFile.body).where(ImageFile.blurred.is_(False)).order_by(ImageFile.width, ImageFile.id)
        return [Image.open(io.BytesIO(body)) for body in db.session.scalars(sharp)]


def under_glass() -> Image.Image:
    """Red under what is wholly transparent, but for a blue corner."""
    image = Image.new("RGBA", SIZE, (*HIDDEN, 0))
    image.paste((0, 0, 255, 255), (0, 0, 50, 50))
    return image


def palette() -> bytes:
    image = Image.new("P", SIZE, 1)
    image.putpalette([0, 0, 255, *HIDDEN])
    return saved(image, "PNG", transparency=1, icc_profile=PROFILE)


HIDING: dict[str, Any] = {
    "png": lambda: saved(under_glass(), "PNG"),
    "png with a profile": lambda: saved(under_glass(), "PNG", icc_profile=PROFILE),
    "webp with a profile": lambda: saved(under_glass(), "WEBP", exact=True, lossless=True, icc_profile=PROFILE),
    "grey with a profile": lambda: saved(Image.new("LA", SIZE, (10, 0)), "PNG", icc_profile=PROFILE),
    "one colour": lambda: saved(Image.new("RGB", SIZE, HIDDEN), "PNG", transparency=HIDDEN, icc_profile=PROFILE),
    "one grey": lambda: saved(Image.new("L", SIZE, 10), "PNG", transparency=10), "palette": palette,
}  # fmt: skip


@pytest.mark.parametrize("name", HIDING)
def test_a_colour_under_what_is_transparent_is_gone(app: Flask, office: Office, name: str) -> None:
    named_case(app)
    add(office, case_number(app), HIDING[name]())
    made = bodies(app)
    assert made and all(min(image.convert("RGB").getpixel((150, 80))) > 250 for image in made), "it is white there"


def test_grey_in_sixteen_bits_keeps_its_shades(app: Flask, office: Office) -> None:
    named_case(app)
    image = Image.new("I;16", (256, 100))
    image.putdata([(place % 256) * 257 for place in range(25600)])
    add(office, case_number(app), saved(image, "PNG"))
    for made in bodies(app):
        assert abs(made.convert("L").getpixel((128, 50)) - 128) < 6
        assert made.convert("L").getpixel((4, 50)) < 12


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_what_moves_the_first_picture_is_taken(app: Flask, office: Office, kind: str) -> None:
    named_case(app)
    frames = [Image.new("RGB", SIZE, colour) for colour in ("red", "green", "blue")]
    add(office, case_number(app), saved(frames[0], kind, save_all=True, append_images=frames[1:]))
    for made in bodies(app):
        red, green, blue = made.convert("RGB").getpixel((100, 50))
        assert red > 240 and green < 15 and blue < 15 and getattr(made, "n_frames", 1) == 1


def test_printers_colours_with_a_profile_that_does_not_fit_are_taken(app: Flask, office: Office) -> None:
    named_case(app)
    add(office, case_number(app), saved(Image.new("CMYK", SIZE, (0, 255, 255, 0)), "JPEG", icc_profile=PROFILE))
    red, green, blue = bodies(app)[0].convert("RGB").getpixel((100, 50))
    assert red > 200 and green < 60 and blue < 60


def exif(*entries: tuple[int, int, int, bytes], following: int = 0) -> bytes:
    """What a camera says, word for word: tag, type, count and four bytes of each entry."""
    rows = b"".join(struct.pack(">HHI", tag, kind, count) + value for tag, kind, count, value in entries)
    return b"Exif\0\0MM\0*" + struct.pack(">IH", 8, len(entries)) + rows + struct.pack(">I", following)


TURNED = (ORIENTATION, SHORT, 1, b"\0\6\0\0")
ODD: dict[str, tuple[bytes, bool]] = {  # and whether it says, besides, that the picture lies on its side
    "no such turn": (exif((ORIENTATION, SHORT, 1, b"\0\x4d\0\0")), False),
    "a turn in letters": (exif((ORIENTATION, ASCII, 4, b"six\0")), False),
    "a turn in parts": (exif((ORIENTATION, RATIONAL, 1, b"\0\0\0\x08")), False),
    "no end of turns": (exif((ORIENTATION, SHORT, 0xFFFFFFFF, b"\0\0\0\0")), False),
    "several turns": (exif((ORIENTATION, SHORT, 2, b"\0\6\0\6")), True),
    "a model in parts": (exif((MODEL, RATIONAL, 1, b"\0\0\0\x08"), TURNED), True),
    "a place in letters": (exif(TURNED, (GPS, ASCII, 4, b"\0\0\0\x08")), True),
    "a place in a circle": (exif(TURNED, (GPS, LONG, 1, b"\0\0\0\x08")), True),
    "an unknown type": (exif((MODEL, UNKNOWN, 1, b"abcd"), TURNED), True),
    "a circle": (exif(TURNED, following=8), True),
    "a resolution in letters": (exif(TURNED, (0x011A, ASCII, 4, b"x/y\0"), (0x0128, ASCII, 2, b"2\0\0\0")), True),
    "a number too large": (exif(TURNED, (0x0132, 9, 1, b"\xff\xff\xff\xff"), (0x9000, 13, 1, b"\xff" * 4)), True),
    "a letter as a number": (exif((0x0111, 7, 4, b"abcd"), (0x0117, 12, 1, b"\0\0\0\x08"), TURNED), True),
    "cut short": (exif(TURNED)[:20], False),
    "noise": (b"Exif\0\0" + bytes(range(256)), False),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_words_of_a_camera_are_ignored(app: Flask, office: Office, name: str) -> None:
    named_case(app)
    said, turned = ODD[name]
    for kind in ("JPEG", "PNG", "WEBP"):
        answer = upload(office, case_number(app), drawn(kind, (200, 100), exif=said))
        assert answer.status_code == 303, (kind, answer.text)
    made = bodies(app)
    assert len(made) == 6 and all((one.height > one.width) == turned and not one.getexif() for one in made)


@pytest.mark.parametrize("turn", range(2, 9))
def test_however_the_camera_was_held_the_picture_stands_upright(app: Flask, office: Office, turn: int) -> None:
    named_case(app)
    upright = Image.new("RGB", (96, 64), "white")
    upright.paste((0, 0, 0), (0, 0, 48, 32))  # the upper left is black
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[turn]
    lying = upright.transpose(Image.Transpose(undo))
    said = exif((ORIENTATION, SHORT, 1, b"\0" + bytes([turn]) + b"\0\0"))
    add(office, case_number(app), saved(lying, "PNG", exif=said))
    for made in bodies(app):
        assert made.size == (96, 64)
        assert [made.convert("L").getpixel(at) < 128 for at in ((10, 10), (86, 10), (10, 54), (86, 54))] == [
            True, False, False, False,
        ]  # fmt: skip


def test_a_tall_picture_is_blurred_as_much_along_its_length(app: Flask, office: Office) -> None:
    """A column of lines, such as a letter that was photographed: none can be told from the next."""
    named_case(app)
    image = Image.new("RGB", (80, 2400), "white")
    for top in range(0, 2400, 80):
        image.paste((0, 0, 0), (0, top, 80, top + 40))
    add(office, case_number(app), saved(image, "PNG"))
    with app.app_context():
        blurred = select(ImageFile.body).where(ImageFile.blurred.is_(True)).order_by(ImageFile.id)
        for body in db.session.scalars(blurred):
            assert ImageStat.Stat(Image.open(io.BytesIO(body)).convert("L")).stddev[0] < 12
