"""HTML that another system exported, as Markdown or as plain text; what it would run, hide or embed is left out."""

import re
from html.parser import HTMLParser

TAGS = r"p|br|div|span|strong|b|em|i|u|a|ul|ol|li|blockquote|h[1-6]|img|table|tr|td|hr|font|script|style|iframe"
MARKUP = re.compile(rf"</?(?:{TAGS})\b[^<>]*>|<!--", re.IGNORECASE)
ENTITY = re.compile(r"&(?:[a-z]{2,8}|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
UNSEEN = frozenset({"script", "style", "iframe", "object", "svg", "template", "head", "title", "textarea", "select"})
BLOCKS = frozenset(
    {"p", "div", "ul", "ol", "blockquote", "table", "tr", "section", "article", "header", "footer", "pre"}
)
MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*"}
SPECIAL = re.compile(r"([\\`*_\[\]<>])")
AT_START = re.compile(r"(?m)^(\s*)([#+-]|\d+[.)])(?=\s)")
BREAK = "  "  # at the end of a line: the next one begins below it
SAFE = re.compile(r"(?:https?://|mailto:)[^\s<>()]+", re.IGNORECASE)


def is_html(text: str) -> bool:
    return bool(MARKUP.search(text) or ENTITY.search(text))


def to_markdown(text: str) -> str:
    """Paragraphs, headings, lists, quotations, emphasis and links; a text without markup stays as it is."""
    return _read(text, plain=False) if is_html(text) else text


def to_plain(text: str) -> str:
    """The words alone, in paragraphs."""
    return _read(text, plain=True) if is_html(text) else text


def _read(text: str, *, plain: bool) -> str:
    reader = _Reader(plain=plain, breaks=not MARKUP.search(text))
    reader.feed(text)
    reader.close()
    lines = [line.strip() + ("  " if line.endswith(BREAK) else "") for line in reader.text().split("\n")]
    return re.sub(r"(?:[ ]*\n){3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    """Collects the words. `breaks`: line ends mean something, since the text has entities only."""

    def __init__(self, *, plain: bool, breaks: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.plain, self.breaks = plain, breaks
        self.parts: list[str] = []
        self.lists: list[int | None] = []  # of each list that is open the number of its last point; None: no numbers
        self.links: list[str] = []
        self.unseen = 0
        self.begins = ""  # what stands before the next words: of a heading or a quotation

    def text(self) -> str:
        return "".join(self.parts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSEEN:
            self.unseen += 1
        elif tag == "a":
            self._open_link(dict(attrs).get("href") or "")
        elif tag in MARKS:
            self._mark(MARKS[tag])
        elif tag in BLOCKS or _level(tag):
            self._block(tag)
        else:
            self._sign(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN:
            self.unseen = max(0, self.unseen - 1)
        elif tag == "a" and self.links:
            self._close_link(self.links.pop())
        elif tag in MARKS:
            self._mark(MARKS[tag])
        elif tag in BLOCKS or _level(tag):
            if tag in ("ul", "ol") and self.lists:
                self.lists.pop()
            self.parts.append("\n\n" if not self.lists else "\n")

    def handle_data(self, data: str) -> None:
        if self.unseen:
            return
        if not self.breaks:
            data = re.sub(r"\s+", " ", data)
        if not self.plain:
            data = AT_START.sub(r"\1\\\2", SPECIAL.sub(r"\\\1", data))
        if data.strip():
            data, self.begins = self.begins + (data.lstrip() if self.begins else data), ""
        self.parts.append(data)

    def _sign(self, tag: str) -> None:
        if tag == "br":
            self.parts.append("\n" if self.plain else f"{BREAK}\n")
        elif tag == "hr":
            self.parts.append("\n\n")
        elif tag == "li":
            self._point()

    def _block(self, tag: str) -> None:
        if tag in ("ul", "ol"):
            self.lists.append(0 if tag == "ol" else None)
            self.parts.append("\n\n" if len(self.lists) == 1 else "\n")
            return
        self.parts.append("\n\n" if not self.lists else "")
        if not self.plain:
            self.begins = "> " if tag == "blockquote" else f"{'#' * _level(tag)} " if _level(tag) else self.begins

    def _point(self) -> None:
        number = self.lists[-1] if self.lists else None
        if number is not None:
            self.lists[-1] = number + 1
        self.parts.append("\n" + (f"{number + 1}. " if number is not None else "- "))

    def _mark(self, sign: str) -> None:
        if not self.plain and not self.unseen:
            self.parts.append(sign)

    def _open_link(self, href: str) -> None:
        address = href.strip() if SAFE.fullmatch(href.strip()) else ""
        self.links.append(address)
        if address and not self.plain and not self.unseen:
            self.parts.append("[")

    def _close_link(self, address: str) -> None:
        if address and not self.unseen:
            self.parts.append(f" ({address})" if self.plain else f"]({address})")


def _level(tag: str) -> int:
    return int(tag[1]) if re.fullmatch(r"h[1-6]", tag) else 0
