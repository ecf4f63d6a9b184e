"""An organiser's Markdown as plain text, for mail programs that show nothing else."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import count

from markdown_it.token import Token

from core.text import MARKDOWN

QUOTE = "> "
REMEMBERED = 32  # texts: a mailing renders few of them, many times


@lru_cache(maxsize=REMEMBERED)
def plain(text: str) -> str:
    """Paragraphs, lists and quotations as a letter would have them; a link is followed by its address."""
    return "\n\n".join(_blocks(MARKDOWN.parse(text))).strip()


def _blocks(tokens: Iterable[Token]) -> Iterator[str]:
    quoted, lists, mark = 0, [], ""
    for token in tokens:
        quoted += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        if token.type in ("bullet_list_open", "ordered_list_open"):
            lists.append(count(int(token.attrs.get("start", 1))) if token.type == "ordered_list_open" else None)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif token.type == "list_item_open":
            mark = f"{next(lists[-1])}. " if lists[-1] else "- "
        elif (said := _said(token)) is not None:
            yield _indented(mark + said, quoted, len(lists))
            mark = ""


def _said(token: Token) -> str | None:
    """What a block says; None where it only begins or ends something."""
    if token.type == "inline":
        return _line(token.children or [])
    return {"fence": token.content.rstrip(), "code_block": token.content.rstrip(), "hr": "* * *"}.get(token.type)


def _indented(block: str, quoted: int, depth: int) -> str:
    first = QUOTE * quoted + "  " * max(0, depth - 1)
    return "\n".join(first + line for line in block.split("\n"))


def _line(tokens: Iterable[Token]) -> str:
    said, targets = "", []
    for token in tokens:
        if token.type == "link_open":
            targets.append((str(token.attrs["href"]), len(said)))
        elif token.type == "link_close":
            target, start = targets.pop()
            said += "" if said[start:] in (target, target.removeprefix("mailto:")) else f" <{target}>"
        else:
            said += "\n" if token.type in ("softbreak", "hardbreak") else token.content
    return said
