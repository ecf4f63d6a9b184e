"""Text hygiene: what a person typed is kept (NFC), what could deceive a reader is refused."""

import re
import unicodedata
from functools import lru_cache
from itertools import groupby

import nh3
from flask_babel import gettext as _
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markupsafe import Markup

FORMATS = frozenset(
    "\u200c\u200d\u200e\u200f\u061c\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2"
)  # scripts need these
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufffc\ufffd")  # letters and signs by name, but nothing to see
REGION_FLAG = re.compile("\U0001f3f4[\U000e0061-\U000e007a]{4,6}\U000e007f")  # Scotland's is spelt in hidden letters
NEWER_EMOJI = range(0x1F000, 0x1FB00)  # a phone may know signs that our Unicode tables do not
MOST_MARKS = 4  # on one letter; Vietnamese needs two, Hebrew and Tibetan sometimes four
ENDINGS = "com|net|org|info|biz|ru|cn|io|co|xyz|top|site|online|shop|club|link|app|dev|me|ly"
ADDRESS = re.compile(rf"\w+://|\bwww\.|\b[\w-]+\.(?:{ENDINGS})\b(?![\w'-])|\b[\w-]+\.[a-z]{{2,}}/\S", re.IGNORECASE)
MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable("image")
REMEMBERED = 128  # texts: pages and mailings show the same few again and again
TAGS = {"p", "br", "em", "strong", "a", "ul", "ol", "li", "blockquote", "h3", "h4", "code", "pre", "hr"}


class TextError(ValueError):
    """Text that cannot be taken; the message tells the person what to change."""


def _lower_headings(state: StateCore) -> None:
    """The page has its h1 and h2; an organiser's headings go below them."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = "h3" if token.tag in ("h1", "h2", "h3") else "h4"


MARKDOWN.core.ruler.push("lower_headings", _lower_headings)


def clean_line(text: str, longest: int) -> str:
    """One line as typed, in NFC, outer and repeated white space removed. Raises TextError."""
    line = _nfc(text, longest).strip()
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
    if _most_marks(name) > MOST_MARKS:
        raise TextError(_("Remove the stacked accents."))
    return name


def clean_text(text: str, longest: int) -> str:
    """Several lines as typed, in NFC, with plain line ends. Raises TextError."""
    lines = _nfc(text, longest).replace("\r\n", "\n").replace("\r", "\n").strip()
    _refuse_hidden(lines, allowed="\n\t")
    _refuse_long(lines, longest)
    return lines


def clean_words(text: str, longest: int) -> str:
    """What a stranger writes for others to read: several lines, none of which reaches over its neighbours, and no tall gaps
    between them. Raises TextError."""
    words = re.sub(r"\n(?:[^\S\n]*\n){2,}", "\n\n", clean_text(text, longest))
    if _most_marks(words) > MOST_MARKS:
        raise TextError(_("Remove the stacked accents."))
    return words


@lru_cache(maxsize=REMEMBERED)
def markdown(text: str | None) -> Markup:
    """An organiser's Markdown as safe HTML: no raw HTML, no images, links marked as foreign."""
    html = MARKDOWN.render(text or "")
    return Markup(nh3.clean(html, tags=TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto"}))  # noqa: S704 - just cleaned


def _nfc(text: str, longest: int) -> str:
    _refuse_long(text, 4 * longest + 100)  # before normalizing: that is slow on a long run of combining marks
    return unicodedata.normalize("NFC", text)


def _refuse_hidden(text: str, *, allowed: str) -> None:
    if any(_hidden(character) and character not in allowed for character in REGION_FLAG.sub("", text)):
        raise TextError(_("Remove the hidden characters: type it again instead of pasting."))


def _hidden(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Cf":  # bidi overrides, zero-width spaces, tags
        return character not in FORMATS
    if category == "Cn":
        return ord(character) not in NEWER_EMOJI
    return category in ("Cc", "Cs", "Co") or character in BLANK


def _most_marks(name: str) -> int:
    """How many combining marks stand on one letter at most."""
    marks = (unicodedata.category(character) in ("Mn", "Me") for character in unicodedata.normalize("NFD", name))
    return max((len(list(run)) for is_mark, run in groupby(marks) if is_mark), default=0)


def _refuse_long(text: str, longest: int) -> None:
    if len(text) > longest:
        raise TextError(
            _("Shorten it to %(longest)s characters; it has %(length)s.", longest=longest, length=len(text))
        )
