"""Registrations with tax offices: at most one of a country is in use; a changed one is a new row, for receipts name theirs."""

from collections.abc import Sequence

from sqlalchemy import select, update

from core import audit, clock
from core.db import RowNotFound, db, insert
from donations.tax.models import TaxRegistration

LONGEST_ID = 2**31
IN_USE = TaxRegistration.retired_at.is_(None)


class RegistrationNotFound(RowNotFound):
    """No registration has this number."""


class PrefixTaken(ValueError):
    """A registration of this or another country has begun its numbers with these letters."""


class RetiredAlready(ValueError):
    """The registration went out of use before."""


def register(
    *, country: str, legal_name: str, address: str, number: str, office: str, wording: str, prefix: str, actor: str
) -> TaxRegistration:
    """Takes a registration into use, and the one before it of the same country out of use. Raises PrefixTaken."""
    # The audit chain comes first: its lock lets one organiser register after the other, so that the later one wins.
    audit.record("tax_registration.entered", prefix, actor=actor, country=country, number=number)
    now = clock.now()
    db.session.execute(update(TaxRegistration).where(TaxRegistration.country == country, IN_USE).values(retired_at=now))
    values = {
        "country": country, "legal_name": legal_name, "address": address, "number": number, "office": office,
        "wording": wording, "prefix": prefix, "created_at": now, "created_by": actor,
    }  # fmt: skip
    new = insert(TaxRegistration).values(values).on_conflict_do_nothing(index_elements=["prefix"])
    registration_id = db.session.execute(new.returning(TaxRegistration.id)).scalar()
    if registration_id is None:
        raise PrefixTaken(prefix)
    return db.session.get_one(TaxRegistration, registration_id)


def retire(registration: TaxRegistration, *, actor: str) -> None:
    """Takes a registration out of use: no receipt is issued for its country any more. Raises RetiredAlready."""
    mine = (TaxRegistration.id == registration.id, IN_USE)
    retired = update(TaxRegistration).where(*mine).values(retired_at=clock.now()).returning(TaxRegistration.id)
    if db.session.execute(retired).scalar() is None:
        raise RetiredAlready(registration.prefix)
    audit.record("tax_registration.retired", registration.prefix, actor=actor, country=registration.country)


def find(registration_id: int) -> TaxRegistration | None:
    return db.session.get(TaxRegistration, registration_id) if registration_id < LONGEST_ID else None


def get(registration_id: int) -> TaxRegistration:
    """Raises RegistrationNotFound."""
    found = find(registration_id)
    if found is None:
        raise RegistrationNotFound(str(registration_id))
    return found


def in_use(country: str) -> TaxRegistration | None:
    """The registration under which receipts are issued to donors of this country now."""
    return db.session.scalar(select(TaxRegistration).where(TaxRegistration.country == country, IN_USE))


def countries_in_use() -> Sequence[str]:
    """The countries whose donors can get a tax receipt."""
    return db.session.scalars(select(TaxRegistration.country).where(IN_USE).order_by(TaxRegistration.country)).all()


def list_all() -> Sequence[TaxRegistration]:
    """Every registration by country, the newest of each first."""
    query = select(TaxRegistration).order_by(TaxRegistration.country, TaxRegistration.id.desc())
    return db.session.scalars(query).all()
