"""Passkeys (WebAuthn): asked for with the owner's PIN, finger or face, bound to this site's own host name."""

import ipaddress
import secrets
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import select, update
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from config import Settings
from core import audit
from core.db import db, insert
from organisers.accounts import notices
from organisers.accounts.factors import passkeys_of
from organisers.accounts.models import OfficeSession, Passkey
from organisers.models import Organiser

REQUIRED = UserVerificationRequirement.REQUIRED
LONGEST_ID = 1023  # bytes. Source: WebAuthn Level 3, 4 (credential id)


class PasskeyRefused(ValueError):
    """The browser's answer does not hold: another challenge, site, key, or without its owner's PIN, finger or face."""


def offered() -> bool:
    """Whether this site can have passkeys: browsers bind them to a host name, never to a bare number."""
    try:
        ipaddress.ip_address(_host())
    except ValueError:
        return True
    return False


def creation_options(session: OfficeSession) -> str:
    """What the browser is asked to make a passkey of, as JSON; on this device, in a manager, or on a key."""
    organiser = session.organiser
    return options_to_json(
        generate_registration_options(
            rp_id=_host(), rp_name=_settings().organisation, user_name=organiser.email,
            user_id=organiser.fs_uniquifier.encode(), challenge=_new_challenge(session),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED, user_verification=REQUIRED
            ),
            exclude_credentials=_named(organiser),
        )
    )  # fmt: skip


def request_options(session: OfficeSession) -> str:
    """What one of the account's passkeys is asked to sign, as JSON."""
    return options_to_json(
        generate_authentication_options(
            rp_id=_host(), challenge=_new_challenge(session), allow_credentials=_named(session.organiser),
            user_verification=REQUIRED,
        )
    )  # fmt: skip


def add(session: OfficeSession, answer: str, *, name: str) -> None:
    """Keeps the passkey that the browser has made, once whoever offers it; its owner is told by mail.

    Raises PasskeyRefused. The vault is prepared for SITE."""
    challenge, organiser = _spent_challenge(session), session.organiser
    try:
        made = verify_registration_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=_host(),
            expected_origin=_settings().server_url, require_user_verification=True,
        )  # fmt: skip
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:  # a damaged body is no fault of ours
        raise PasskeyRefused from error
    if len(made.credential_id) > LONGEST_ID:
        raise PasskeyRefused
    values = {
        "organiser_id": organiser.id, "name": name, "credential_id": made.credential_id,
        "public_key": made.credential_public_key, "sign_count": made.sign_count,
    }  # fmt: skip
    row = insert(Passkey).values(values).on_conflict_do_nothing(index_elements=["credential_id"])
    if db.session.scalar(row.returning(Passkey.id)) is None:
        raise PasskeyRefused
    audit.record("organiser.factor_added", organiser.email, actor=organiser.email, factor="passkey")
    notices.tell(organiser, "passkey added")


def check(session: OfficeSession, answer: str) -> None:
    """The account's owner has signed the challenge with one of its passkeys. Raises PasskeyRefused."""
    challenge, organiser = _spent_challenge(session), session.organiser
    try:
        given = parse_authentication_credential_json(answer)
        passkey = _of(organiser, base64url_to_bytes(given.id))
        signed = verify_authentication_response(
            credential=given, expected_challenge=challenge, expected_rp_id=_host(),
            expected_origin=_settings().server_url, credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count, require_user_verification=True,
        )  # fmt: skip
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise PasskeyRefused from error
    passkey.sign_count = signed.new_sign_count
    audit.record("organiser.factor_given", organiser.email, actor=organiser.email, factor="passkey")


def _of(organiser: Organiser, credential_id: bytes) -> Passkey:
    mine = select(Passkey).where(Passkey.organiser_id == organiser.id, Passkey.credential_id == credential_id)
    passkey = db.session.scalar(mine)
    if passkey is None:
        raise PasskeyRefused
    return passkey


def _new_challenge(session: OfficeSession) -> bytes:
    session.challenge = secrets.token_bytes(32)
    db.session.flush()
    return session.challenge


def _spent_challenge(session: OfficeSession) -> bytes:
    """What the browser was to sign; good for one answer, whichever that is."""
    challenge = session.challenge
    spent = update(OfficeSession).where(OfficeSession.id == session.id, OfficeSession.challenge == challenge)
    if (
        challenge is None
        or db.session.execute(spent.values(challenge=None).returning(OfficeSession.id)).scalar() is None
    ):
        raise PasskeyRefused
    return challenge


def _named(organiser: Organiser) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in passkeys_of(organiser)]


def _host() -> str:
    return str(urlsplit(_settings().server_url).hostname)


def _settings() -> Settings:
    settings: Settings = current_app.config["UNDERSIGNED"]
    return settings
