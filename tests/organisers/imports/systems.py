"""Files as Change.org, Action Network, CiviCRM and SpeakOut export them, made from a seed: every twentieth line is broken.

Each maker knows which line it broke, and how, so that a test can ask for exactly these."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

FIRST = ("Ada", "Béla", "Çiğdem", "Dörte", "Émile", "Fatoş", "Gölnar", "Hélène", "Íris", "Jürgen")
LAST = ("Sample", "Muster", "Exemple", "Örnek", "Ejemplo", "Vzor")
PLACES = (
    ("Ireland", "IE"),
    ("Germany", "DE"),
    ("France", "FR"),
    ("Türkiye", "TR"),
    ("Spain", "ES"),
    ("United States", "US"),
)
LETTERS = "abcdefghij"

Row = dict[str, str]


@dataclass
class Made:
    """A file, and what must become of it: line → reason of those that stay out, and how many come in."""

    raw: bytes
    broken: dict[int, str] = field(default_factory=dict)
    good: int = 0


@dataclass(frozen=True)
class System:
    """How one system writes: the names of its columns, a person's row in them, and the whole as bytes."""

    header: str
    row: Callable[[Row], list[str]]
    encoding: str
    breaks: tuple[str, ...]
    every_cell_quoted: bool = False
    end: str = "\r\n"
    doubles_quotes: bool = True


SPEAKOUT = System(
    "Signature ID,Petition ID,Honorific,First Name,Last Name,Email Address,Address,City,State,Postal Code,Country,,,,,,,,"
    "Email Opt-in,Date Signed,Confirmation code,Confirmed,Custom Message,Language,IP Address,Anonymise",
    lambda p: [
        p["number"], "3", "", p["first"], p["last"], p["email"], "", p["city"], "", p["code"], p["country"], *[""] * 7,
        p["updates"], p["date"], "c0de", p["confirmed"], p["comment"], "en", "",
    ],
    "utf-16", ("email", "country", "no_name", "date", "quotes", "columns", "repeated", "unconfirmed"),
    every_cell_quoted=True, end="\n", doubles_quotes=False,
)  # fmt: skip
ACTION_NETWORK = System(
    "uuid,first_name,last_name,email,can2_phone,can2_user_address,can2_user_city,zip_code,country,can2_user_tags,"
    "can2_subscription_status,created_at,comments",
    lambda p: [
        f"{p['number']:0>8}-0000", p["first"], p["last"], p["email"], "", "", p["city"], p["code"], p["iso"], "petition",
        "subscribed" if p["updates"] == "1" else "unsubscribed", f"{p['date']} UTC", p["comment"],
    ],
    "utf-8", ("email", "country", "no_name", "date", "quotes", "columns", "repeated", "text"), end="\n",
)  # fmt: skip
CIVICRM = System(
    "Contact ID,Contact Type,Display Name,First Name,Last Name,Do Not Email,No Bulk Emails (User Opt Out),"
    "Current Employer,City,Postal Code,Country,Email,Activity Date",
    lambda p: [
        p["number"], "Individual", f"{p['first']} {p['last']}", p["first"], p["last"], "0", p["confirmed"], "", p["city"],
        p["code"], p["country"], p["email"], p["date"],
    ],
    "utf-8-sig", ("email", "country", "no_name", "date", "quotes", "columns", "repeated", "future"),
    every_cell_quoted=True,
)  # fmt: skip
CHANGE_ORG = System(
    "Name,City,State,Postal Code,Country,Signed On",
    lambda p: [f"{p['first']} {p['last']}".strip(), p["city"], "", p["code"], p["country"], p["american"]],
    "utf-8", ("country", "no_name", "date", "quotes", "columns", "repeated", "text"), end="\n",
)  # fmt: skip
SYSTEMS = {
    "speakout": SPEAKOUT, "action_network": ACTION_NETWORK, "civicrm": CIVICRM, "change_org": CHANGE_ORG,
}  # fmt: skip
BROKEN: dict[str, Row] = {
    "email": {"email": "nobody at example"}, "country": {"country": "Atlantis", "iso": "XX"},
    "no_name": {"first": "", "last": " "}, "date": {"date": "yesterday", "american": "yesterday"},
    "unconfirmed": {"confirmed": "0"}, "text": {"city": "x" * 101}, "future": {"date": "2090-01-01 10:00:00"},
}  # fmt: skip


def make(name: str, rows: int, *, seed: int = 7) -> Made:
    """A file of so many lines of that system."""
    system, random, made, lines, line = SYSTEMS[name], Random(seed), Made(b""), [SYSTEMS[name].header], 2
    last: Row = {}
    for number in range(rows):
        person, broken = _person(number, random), ""
        if number % 20 == 10:
            broken = system.breaks[number // 20 % len(system.breaks)]
            person |= last if broken == "repeated" else BROKEN.get(broken, {"comment": ""})
            made.broken[line] = broken
        else:
            made.good, last = made.good + 1, person
        text = _written(system, person, broken)
        lines.append(text)
        line += text.count("\n") + 1
    made.raw = (system.end.join(lines) + system.end).encode(system.encoding)
    return made


def _person(number: int, random: Random) -> Row:
    mark = "".join(LETTERS[int(digit)] for digit in f"{number:05}")
    country, iso = random.choice(PLACES)
    month, day = random.randint(1, 12), random.randint(1, 28)
    comment = random.choice(("", "", "", "Free them", "Free them,\nall of them", "=HYPERLINK(0)"))
    return {
        "number": str(number + 1), "first": random.choice(FIRST), "last": f"{random.choice(LAST)}-{mark.title()}",
        "email": f"{mark}@example.org", "city": "Town", "code": f"{number:05}", "country": country, "iso": iso,
        "updates": random.choice("01"), "confirmed": "1", "comment": comment,
        "date": f"2021-{month:02}-{day:02} 10:20:30", "american": f"{month}/{day}/2021",
    }  # fmt: skip


def _written(system: System, person: Row, broken: str) -> str:
    cells = system.row(person)
    if broken == "columns":
        cells = [*cells, "", "", "one too many"]
    if not system.every_cell_quoted:
        return _plainly(cells, broken)
    double = '""' if system.doubles_quotes else '"'
    written = [f'"{cell.replace(chr(34), double)}"' for cell in cells]
    return ",".join(written)[: -1 if broken == "quotes" else None]


def _plainly(cells: list[str], broken: str) -> str:
    if broken == "quotes":
        cells = [cell.replace("\n", " ").replace(",", " ") for cell in cells]
        return ",".join(cells).replace(",Town", ',"Town', 1)
    file = io.StringIO()
    csv.writer(file, lineterminator="").writerow(cells)
    return file.getvalue()
