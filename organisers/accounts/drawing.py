"""The QR code that an authenticator app reads."""

import io

import segno
from flask_babel import gettext as _
from markupsafe import Markup


def qr_code(text: str) -> Markup:
    """The text as an SVG that stands in the page itself: no address of its own leads to a secret."""
    drawn = io.BytesIO()
    segno.make(text, error="m").save(
        drawn, kind="svg", border=4, dark="#000", light="#fff", omitsize=True, xmldecl=False, svgns=False,
        title=_("Code for the app"),
    )  # fmt: skip
    return Markup(drawn.getvalue().decode())  # noqa: S704 - segno's own drawing; it escapes the title
