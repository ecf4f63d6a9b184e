"""Everything that a delivery's sheets say, read from the database once, so that no two of them differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from email.utils import parseaddr
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app

from config import Settings
from core import clock, languages, site_signature
from core.db import db
from deliveries.asking import criteria_of
from deliveries.documents import numbers
from deliveries.documents.numbers import Numbers
from deliveries.models import Delivery
from petitions.invitations import services as invitations
from petitions.models import Petition
from petitions.versions import translations

ENGLISH = "en"  # of the site's own words where they are not translated


@dataclass(frozen=True)
class Texts:
    """The petition as it goes to the recipient; `signed_in`: the language under which people signed it, where it is another."""

    language: str
    title: str
    letter: str
    first_signatory: str
    first_signatory_role: str
    signed_in: str = ""


@dataclass(frozen=True)
class Signer:
    """Who is named in the letter itself. `size`: how many members an organisation says that it has."""

    name: str
    role: str
    affiliation: str
    country: str
    size: int | None


@dataclass(frozen=True)
class Facts:
    """`delivery`: its public id, empty where a list is exported without one. `note`: the log's checkpoint, signed."""

    delivery: str
    day: date
    language: str
    texts: Texts
    recipient: Mapping[str, str]
    members: tuple[Signer, ...]
    notables: tuple[Signer, ...]
    organisations: tuple[Signer, ...]
    numbers: Numbers
    columns: tuple[str, ...]
    countries: tuple[str, ...]
    since: date | None
    count_only: bool
    purpose: str
    delete_by: date | None
    dangerous: bool
    cover_code: str | None
    note: str
    organisation: str
    controller: str
    contact: str
    server: str
    fingerprint: str

    @property
    def check(self) -> str:
        """Where anybody checks a file of this delivery."""
        return f"{self.server}/deliveries/{self.delivery}"

    @property
    def words_language(self) -> str:
        """The language of what the sheets say by themselves: the delivery's, where the site has it."""
        return self.language if self.language in languages.of_pages() else ENGLISH


def facts_of(
    delivery: Delivery,
    *,
    cover_code: str | None = None,
    checkpoint_note: str = "",
    by_country: Mapping[str, int] | None = None,
) -> Facts:
    """The facts of a delivery as things stand; `by_country`: its lines by country code, counted here where nobody did before.

    The petition's row must show what is stored, not what a blurred case shows the public."""
    petition, settings = delivery.petition, _settings()
    since = db.session.get(Delivery, delivery.since_id) if delivery.since_id else None
    shown = invitations.shown(petition.id)
    return Facts(
        delivery=delivery.public_id,
        day=(delivery.made_at or clock.now()).astimezone(ZoneInfo(petition.time_zone)).date(),
        language=delivery.language,
        texts=_texts(petition, delivery.language),
        recipient=delivery.recipient,
        members=_signers(shown.members),
        notables=_signers(shown.notables),
        organisations=_signers(shown.organisations),
        numbers=numbers.of(
            petition,
            criteria_of(since, tuple(delivery.countries or ())),
            by_country=by_country,
            told=not delivery.count_only and bool({"country", "country_code"} & {*delivery.columns}),
        ),
        columns=tuple(delivery.columns),
        countries=tuple(delivery.countries or ()),
        since=since.made_at.astimezone(ZoneInfo(petition.time_zone)).date() if since and since.made_at else None,
        count_only=bool(delivery.count_only),
        purpose=delivery.purpose or "",
        delete_by=delivery.delete_by,
        dangerous=petition.case.dangerous,
        cover_code=cover_code,
        note=checkpoint_note,
        organisation=settings.organisation,
        controller=settings.data_controller,
        contact=settings.mail_reply_to or parseaddr(settings.mail_from)[1],
        server=settings.server_url,
        fingerprint=site_signature.fingerprint(site_signature.public_key()),
    )


def _settings() -> Settings:
    settings: Settings = current_app.config["UNDERSIGNED"]
    return settings


def _texts(petition: Petition, language: str) -> Texts:
    """In the delivery's language where the petition has been translated into it, else as it was signed."""
    first = {"first_signatory": petition.first_signatory, "first_signatory_role": petition.first_signatory_role}
    found = translations.find(petition, language)
    if found is None or not found.letter:
        return Texts(petition.language, petition.title, petition.letter, **first)
    return Texts(language, found.title or petition.title, found.letter, **first, signed_in=petition.language)


def _signers(rows: Sequence[Any]) -> tuple[Signer, ...]:
    return tuple(
        Signer(row.public_name, row.public_role or "", row.public_affiliation or "", row.country, row.public_size)
        for row in rows
    )
