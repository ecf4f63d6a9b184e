"""Text hygiene: what a person typed is kept (NFC), what could deceive a reader is refused."""

import re
import unicodedata

import nh3
from flask_babel import gettext as _
from markdown_it import MarkdownIt
from markupsafe import Markup

BIDI_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
INVISIBLE = frozenset("\u200b\u2060\ufeff\ufffd\u00ad")
ENDINGS = "com|net|org|info|biz|ru|cn|io|co|xyz|top|site|online|shop|club|link|app|dev|me|ly"
ADDRESS = re.compile(rf"\w+://|\bwww\.|\b[\w-]+\.(?:{ENDINGS})\b(?![\w'-])|\b[\w-]+\.[a-z]{{2,}}/\S", re.IGNORECASE)
MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable("image")
TAGS = {"p", "br", "em", "strong", "a", "ul", "ol", "li", "blockquote", "h3", "h4", "code", "pre", "hr"}


class TextError(ValueError):
    """Text that cannot be taken; the message tells the person what to change."""


def clean_line(text: str, longest: int) -> str:
    """One line as typed, in NFC, outer and repeated white space removed. Raises TextError."""
    line = " ".join(unicodedata.normalize("NFC", text).split(" ")).strip()
    _refuse_hidden(line, allowed="")
    line = re.sub(r"\s+", " ", line)
    _refuse_long(line, longest)
    return line


def clean_name(text: str, longest: int) -> str:
    """A line that names somebody: no web address in it, and at least one letter. Raises TextError."""
    name = clean_line(text, longest)
    if ADDRESS.search(name):
        raise TextError(_("Remove the web address: only names are printed on the list."))
    if name and not any(unicodedata.category(character)[0] == "L" for character in name):
        raise TextError(_("Write it in letters."))
    if any(len(marks) > 4 for marks in re.findall(r"[\u0300-\u036f\u0489]+", unicodedata.normalize("NFD", name))):
        raise TextError(_("Remove the stacked accents."))
    return name


def clean_text(text: str, longest: int) -> str:
    """Several lines as typed, in NFC, with plain line ends. Raises TextError."""
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").strip()
    _refuse_hidden(lines, allowed="\n\t")
    _refuse_long(lines, longest)
    return lines


def markdown(text: str | None) -> Markup:
    """An organiser's Markdown as safe HTML: no raw HTML, no images, links marked as foreign."""
    html = MARKDOWN.render(text or "")
    return Markup(nh3.clean(html, tags=TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto"}))  # noqa: S704 - just cleaned


def _refuse_hidden(text: str, *, allowed: str) -> None:
    for character in text:
        hidden = character in BIDI_OVERRIDES or character in INVISIBLE
        if hidden or (unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") and character not in allowed):
            raise TextError(_("Remove the hidden characters: type it again instead of pasting."))


def _refuse_long(text: str, longest: int) -> None:
    if len(text) > longest:
        raise TextError(
            _("Shorten it to %(longest)s characters; it has %(length)s.", longest=longest, length=len(text))
        )
