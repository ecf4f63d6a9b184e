"""Codes that a telephone reads, drawn as SVG."""

import io

import segno

INK = "#17202a"


def svg(said: str, *, title: str, border: int = 4) -> str:
    """The QR code of an address as an SVG document; `border` is its quiet zone, which paper gives by itself."""
    drawn = io.BytesIO()
    segno.make(said, error="m").save(
        drawn, kind="svg", border=border, dark=INK, light="#fff", omitsize=True, title=title, xmldecl=False
    )
    return drawn.getvalue().decode()
