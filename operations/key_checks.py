"""The doctor's look at the keys: is every private key here that a public one promises, and is it kept from others?"""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from config import Settings
from core.db import db
from core.keystore import KeyMissing
from core.vault import VaultError, VaultKey, vault
from operations.findings import Finding, failed, warning, well

LOST = (
    "Bring the keystore back from its own copy: without it no name and no address sealed to this key can ever be read."
)


def site_key(settings: Settings) -> Finding:
    """Prints the public half: it is the setting that a public server needs."""
    if not settings.holds_keystore:
        return well("site key", f"SITE_PUBLIC_KEY={settings.site_public_key}; this role holds no keystore.")
    own = vault().keystore.site_public_key()
    if settings.site_public_key not in (None, own):
        return failed(
            "site key", f"The keystore's is {own}, SITE_PUBLIC_KEY is another: one of them is of another site."
        )
    return well("site key", f"SITE_PUBLIC_KEY={own}")


def scope_keys(settings: Settings) -> Finding:
    """Every active public key is signed by the site key and, where the keystore is held, has its private half here."""
    active = db.session.scalars(select(VaultKey).where(VaultKey.retired_at.is_(None)).order_by(VaultKey.scope)).all()
    broken = [f"{key.scope}: {fault}" for key in active if (fault := _fault(key, settings))]
    if broken:
        return failed("vault keys", f"{'; '.join(broken)}. {LOST}")
    return well("vault keys", f"{len(active)} in use, all signed{' and here' if settings.holds_keystore else ''}.")


def _fault(key: VaultKey, settings: Settings) -> str | None:
    try:
        vault().verify(key.scope, key.id, key.public_key, key.signature)
        if settings.holds_keystore and bytes(vault().keystore.scope_key(key.id).private.public_key) != key.public_key:
            return f"scope-{key.id}.json holds another key"
    except VaultError:
        return "the site key did not sign it"
    except KeyMissing:
        return f"scope-{key.id}.json is not in the keystore"
    except (ValueError, KeyError):
        return f"scope-{key.id}.json is damaged"
    return None


def keystore_rights(settings: Settings) -> Finding:
    if not settings.holds_keystore:
        return well("keystore rights", "This role holds no keystore.")
    return _rights("keystore rights", settings.keystore, settings.keystore.glob("*"))


def secrets_rights(settings: Settings) -> Finding:
    return _rights("secrets rights", settings.data, [settings.data / "settings.env"])


def _rights(about: str, folder: Path, files: Iterator[Path] | list[Path]) -> Finding:
    """Nobody but the site's own user may look: folders 0700, files 0600."""
    open_ones = [path for path in (folder, *files) if path.exists() and path.stat().st_mode & 0o077]
    if open_ones:
        named = " ".join(str(path) for path in open_ones[:5])
        return warning(about, f"Other users of this machine can read what is secret. Run: chmod go= {named}")
    return well(about, "Nobody else can read it.")


CHECKS = (site_key, scope_keys, keystore_rights, secrets_rights)
