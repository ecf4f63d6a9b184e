"""A million signatures of one petition, truly sealed, as signing leaves them: hours, countries, names shown, tallies."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum
from typing import Any

from sqlalchemy import insert

from bench import signatures
from bench.ground import SLUG, Site
from core import clock
from core.db import db
from core.vault import vault
from petitions import consent
from petitions.counting import margins, tallies
from petitions.models import Petition, Signature, Submission
from petitions.services import get_public
from petitions.states import SubmissionState, Visibility

AT_ONCE = 10_000
COUNTRIES = ("IE",) * 5 + ("FR",) * 3 + ("DE", "KZ", "PL", "JP", "BR", "AT")
SHOWN_OF = 10  # one in ten shows their name
HOURS = 24 * 60


def fill(site: Site, wanted: int) -> None:
    """`wanted` confirmed signatures, each with its submission, and the tallies of them; committed."""
    with site.app.app_context():
        petition = get_public(SLUG)
        vault().prepare(petition.scope)
        made = rows(petition, wanted)
        while chunk := list(itertools.islice(made, AT_ONCE)):
            write(Submission, [submission(row) for row in chunk])
            write(Signature, chunk)
            tallies.change_many(petition.id, 1, [Moved(row) for row in chunk])
            db.session.commit()
            vault().prepare(petition.scope)
        while tallies.fold():
            pass
        margins.take_all()


class Moved:
    """What `tallies.change_many` reads of a row."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.country, self.source = row["country"], row["source"]
        self.confirmed_at, self.method = row["confirmed_at"], row["method"]


def rows(petition: Petition, wanted: int) -> Iterator[dict[str, Any]]:
    digests = {choice: consent.digest_of(petition, choice) for choice in Visibility}
    first = clock.to_hour(clock.now()) - timedelta(hours=HOURS)
    for number, row in enumerate(signatures.rows(petition, wanted)):
        hour = first + timedelta(hours=number * HOURS // wanted)
        visibility = Visibility.RECIPIENTS if number % SHOWN_OF else Visibility.PUBLIC
        yield {
            **row, "country": COUNTRIES[number % len(COUNTRIES)], "visibility": visibility,
            "consent_digest": digests[visibility], "signed_at": hour, "confirmed_at": hour,
            "public_name": f"Ada Example {number}" if visibility == Visibility.PUBLIC else None,
        }  # fmt: skip


def submission(row: dict[str, Any], state: SubmissionState = SubmissionState.CONFIRMED) -> dict[str, Any]:
    """The submission that a signature came of."""
    same = (
        "public_id", "petition_id", "key_id", "data_key_id", "country", "visibility", "source", "consent_digest",
        "email_index", "index_version",
    )  # fmt: skip
    mailed = state == SubmissionState.MAILED
    return {
        **{name: row[name] for name in same}, "state": state, "blob": row["blob"] if mailed else None, "code_tries": 0,
        "proved": False, "trapped": False, "mails": 1 if mailed else 2, "received_at": row["signed_at"],
        "mailed_at": row["signed_at"],
    }  # fmt: skip


def write(table: Any, values: list[dict[str, Any]]) -> None:
    """COPY on PostgreSQL, one prepared statement on SQLite."""
    if db.engine.dialect.name != "postgresql":
        db.session.execute(insert(table.__table__), values)
        return
    columns = list(values[0])
    statement = f"COPY {table.__tablename__} ({', '.join(columns)}) FROM STDIN"
    cursor: Any = db.session.connection().connection.cursor()
    with cursor, cursor.copy(statement) as copy:
        for row in values:
            copy.write_row([plain(row[name]) for name in columns])


def plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
