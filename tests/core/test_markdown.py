"""Markdown: an organiser's text as HTML in which nothing runs and nothing is fetched."""

import time
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.text import TAGS, markdown

SCHEMES = ("http:", "https:", "mailto:", "/", "#", "?")


class Tags(HTMLParser):
    """Every tag and attribute of a document."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    return Tags(markdown(text)).found


def test_markdown_makes_its_html() -> None:
    html = markdown("A *b* **c**\n\n> q\n\n- l\n\n[x](https://example.org/a?b=1&c=2)")
    for piece in (
        "<em>b</em>",
        "<strong>c</strong>",
        "<blockquote>",
        "<li>l</li>",
        'href="https://example.org/a?b=1&amp;c=2"',
    ):
        assert piece in html
    assert markdown(None) == markdown("") == ""


def test_links_do_not_tell_where_they_stood() -> None:
    assert tags("[x](https://example.org)")[1] == ("a", {"href": "https://example.org", "rel": "noopener noreferrer"})


@pytest.mark.parametrize(
    ("text", "tag"),
    [("# h", "h3"), ("## h", "h3"), ("### h", "h3"), ("#### h", "h4"), ("###### h", "h4"), ("h\n===", "h3")],
)
def test_headings_go_below_the_pages_own(text: str, tag: str) -> None:
    assert markdown(text) == f"<{tag}>h</{tag}>\n"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<svg onload=alert(1)>",
        "a <b onclick=x>b</b>",
        "<!-- x -->",
        "<style>*{}</style>",
        "<p>x</p>",
        "&lt;script&gt;",
    ],
)
def test_raw_html_is_shown_as_text(text: str) -> None:
    assert {tag for tag, _ in tags(text)} <= {"p"}
    assert "&lt;" in markdown(text)


@pytest.mark.parametrize(
    "link",
    [
        "[x](javascript:alert(1))", "[x](JaVaScript:alert(1))", "[x](&#106;avascript:x)", "<javascript:alert(1)>",
        "[x](java\tscript:x)",
        "[x](vbscript:x)", "[x](data:text/html,x)", "[x][y]\n\n[y]: javascript:x", "[x](\x01javascript:x)",
        "[x](file:///etc/passwd)",
    ],
)  # fmt: skip
def test_a_link_that_runs_is_dropped(link: str) -> None:
    for tag, attributes in tags(link):
        assert tag != "a" or str(attributes.get("href", "/")).startswith(SCHEMES)


@pytest.mark.parametrize(
    "text", ["![x](https://example.org/x.png)", "![x][y]\n\n[y]: https://example.org/x.png", "<img src=x>"]
)
def test_images_are_not_fetched(text: str) -> None:
    assert "img" not in {tag for tag, _ in tags(text)}
    assert ">x</a>" in markdown(text) or "&lt;img src=x" in markdown(text)


PIECES = st.sampled_from(
    [
        "<script",
        ">",
        "<",
        "javascript:",
        "](",
        "[",
        "![",
        ")",
        "`",
        "*",
        "_",
        "&",
        "#",
        "\n",
        "onload=",
        '"',
        "x",
        "//",
        "&#60;",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES).map("".join) | st.text(st.characters(exclude_categories=["Cs"])))
@example("<script>" * 20)
@example("\x00<script>")
def test_whatever_is_written_only_allowed_tags_come_out(text: str) -> None:
    assert "<script" not in markdown(text).lower()
    for tag, attributes in tags(text):
        assert tag in TAGS
        assert set(attributes) <= {"href", "rel"}
        assert not (attributes.get("href") or "").lower().lstrip().startswith(("javascript", "data", "vbscript"))


@pytest.mark.parametrize(
    "piece",
    [
        "[",
        "*a_",
        "`",
        "> ",
        "![a](",
        "<a",
        "- ",
        "&#0;",
        "a\n",
        "[[a]",
        "[](",
        "<!--",
        "``` `",
        "1. ",
        "**a *b ",
        "[a]: <",
        "[a]:x\n",
        "\\",
    ],
)
def test_pathological_text_takes_bounded_time(piece: str) -> None:
    start = time.thread_time()  # the processor's, which others who keep it busy do not lengthen
    markdown(piece * (20_000 // len(piece)))
    assert time.thread_time() - start < 3
