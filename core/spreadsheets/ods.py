"""ODS (OpenDocument 1.3), written as it is read: no draft, and never more than a batch of rows in memory."""

import re
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from core.batches import batches
from core.spreadsheets import ROWS_A_SHEET, sheets, shown, title
from core.tables import NOTHING, About, Cell, Row

MEDIA_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
URN = "urn:oasis:names:tc:opendocument:xmlns:"
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
PREFIXES = {name: name for name in ("office", "style", "table", "text", "meta")} | {"fo": "xsl-fo-compatible"}
NAMES = " ".join(f'xmlns:{name}="{URN}{path}:1.0"' for name, path in PREFIXES.items()) + ' office:version="1.3"'
BOLD = 'fo:font-weight="bold" style:font-weight-asian="bold" style:font-weight-complex="bold"'
OPENING = (
    f"{XML}<office:document-content {NAMES}><office:automatic-styles>"
    f'<style:style style:name="heading" style:family="table-cell"><style:text-properties {BOLD}/></style:style>'
    "</office:automatic-styles><office:body><office:spreadsheet>"
)
CLOSING = "</office:spreadsheet></office:body></office:document-content>"
MANIFEST = f"""{XML}<manifest:manifest xmlns:manifest="{URN}manifest:1.0" manifest:version="1.3">
<manifest:file-entry manifest:full-path="/" manifest:version="1.3" manifest:media-type="{MEDIA_TYPE}"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>
<manifest:file-entry manifest:full-path="meta.xml" manifest:media-type="text/xml"/>
</manifest:manifest>
"""
FOLDED = re.compile(r"^ +| +$|(?<= ) +", re.MULTILINE)  # spaces of which a reader of XML would leave one or none
LINE_END = re.compile(r"\r\n|\r|\n")


class _Outlet:
    """A file that only goes on: what was written since is taken away, and no size is filled in afterwards."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def write(self, some: bytes) -> int:
        self._waiting.append(bytes(some))
        return len(some)

    def flush(self) -> None:
        """Nothing lies behind."""

    def take(self) -> bytes:
        taken, self._waiting = b"".join(self._waiting), []
        return taken


def write_ods(
    header: Row,
    rows: Iterable[Row],
    about: About = NOTHING,
    *,
    sheet: str = "Signatures",
    rows_a_sheet: int = ROWS_A_SHEET,
) -> Iterator[bytes]:
    """ODS, every text a string cell; `about` becomes user-defined document properties. Raises CellTooLong."""
    outlet = _Outlet()
    with ZipFile(outlet, "w", ZIP_DEFLATED, compresslevel=4) as archive:  # type: ignore[call-overload]
        archive.writestr("mimetype", MEDIA_TYPE, ZIP_STORED)  # first and as it is: by this a file is known
        archive.writestr("META-INF/manifest.xml", MANIFEST)
        archive.writestr("meta.xml", _meta(about))
        with archive.open("content.xml", "w") as content:
            for part in _content(header, rows, sheet, rows_a_sheet):
                content.write(part.encode())
                yield outlet.take()
    yield outlet.take()


def _meta(about: About) -> str:
    told = "".join(
        f"<meta:user-defined meta:name={quoteattr(name)}>{escape(value)}</meta:user-defined>"
        for name, value in about.items()
    )
    return f"{XML}<office:document-meta {NAMES}><office:meta>{told}</office:meta></office:document-meta>"


def _content(header: Row, rows: Iterable[Row], sheet: str, rows_a_sheet: int) -> Iterator[str]:
    heading = _row(header, ' table:style-name="heading"')
    yield OPENING
    for place, its_rows in enumerate(sheets(rows, rows_a_sheet), 1):
        name = quoteattr(title(sheet, place))
        yield f"<table:table table:name={name}><table:table-header-rows>{heading}</table:table-header-rows>"
        for batch in batches(its_rows):
            yield "".join(map(_row, batch))
        yield "</table:table>"
    yield CLOSING


def _row(cells: Row, style: str = "") -> str:
    return f"<table:table-row>{''.join([_cell(cell, style) for cell in cells])}</table:table-row>\n"


def _cell(cell: Cell, style: str) -> str:
    if not isinstance(cell, str):
        kind = f'office:value-type="float" office:value="{cell}"'
    elif cell:
        kind = 'office:value-type="string"'
    else:
        return "<table:table-cell/>"
    return f"<table:table-cell{style} {kind}><text:p>{_text(str(cell))}</text:p></table:table-cell>"


def _text(text: str) -> str:
    text = escape(shown(text)).replace("\t", " ")  # LibreOffice 7.4 loses a <text:tab/>
    text = FOLDED.sub(lambda spaces: f'<text:s text:c="{len(spaces[0])}"/>', text)
    return LINE_END.sub("</text:p><text:p>", text)
