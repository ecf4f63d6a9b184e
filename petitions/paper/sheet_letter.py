"""A letter's Markdown as plain blocks of text, for a page that is printed: no markup is left that could be evaluated."""

from collections.abc import Iterator
from typing import Any

from markdown_it.token import Token

from core.text import MARKDOWN

KINDS = {"heading_open": "heading", "blockquote_open": "quote"}


def blocks(letter: str) -> Iterator[dict[str, Any]]:
    """The letter's paragraphs, headings and items, each a list of runs of text; what Markdown cannot say here is text."""
    kinds, numbers = ["paragraph"], [0]
    for token in MARKDOWN.parse(letter):
        if token.type in ("fence", "code_block"):
            yield {"kind": "paragraph", "runs": [{"text": token.content.strip()}]}
        elif token.type == "inline":
            yield {"kind": kinds[-1], "number": numbers[-1], "runs": list(_runs(token))}
        elif token.nesting:
            (_enter if token.nesting > 0 else _leave)(token, kinds, numbers)


def _leave(token: Token, kinds: list[str], numbers: list[int]) -> None:
    if token.type in ("list_item_close", "heading_close", "blockquote_close"):
        kinds.pop()
    elif token.type in ("bullet_list_close", "ordered_list_close"):
        numbers.pop()


def _enter(token: Token, kinds: list[str], numbers: list[int]) -> None:
    """Keeps account of the lists, quotations and headings that a paragraph stands in; -1 is a list without numbers."""
    if token.type == "ordered_list_open":
        numbers.append(int(token.attrGet("start") or 1) - 1)
    elif token.type == "bullet_list_open":
        numbers.append(-1)
    elif token.type == "list_item_open":
        numbered = numbers[-1] >= 0
        numbers[-1] += numbered
        kinds.append("number" if numbered else "item")
    elif token.type in KINDS:
        kinds.append(KINDS[token.type])


def _runs(inline: Token) -> Iterator[dict[str, Any]]:
    strong = emphasised = 0
    for part in inline.children or ():
        if part.tag == "strong":
            strong += part.nesting
        elif part.tag == "em":
            emphasised += part.nesting
        elif part.type == "hardbreak":
            yield {"text": "\n"}
        elif part.type == "softbreak":
            yield {"text": " "}
        elif part.content:
            yield {"text": part.content, "strong": strong > 0, "emph": emphasised > 0}
