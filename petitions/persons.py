"""The sealed person data of a submission, or of the signature that it became."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy.exc import NoResultFound

from core.keystore import KeyMissing
from core.vault import Sealed, SealedRow, VaultError, vault
from petitions.models import Petition, Signature, Submission

SEALED_CONTEXT = "undersigned/sig/v1"
UNREADABLE = (VaultError, KeyMissing, NoResultFound, LookupError, ValueError)


def open_person(petition: Petition, row: Submission | Signature) -> dict[str, Any]:
    """Name, email and the rest of what was typed; needs the keystore. Raises one of UNREADABLE."""
    sealed = Sealed(str(row.key_id), str(row.data_key_id), row.blob or b"")
    return vault().open(sealed, scope=petition.scope, context=SEALED_CONTEXT, public_id=row.public_id)


def opener(petition: Petition) -> Callable[[str, str, bytes, str], dict[str, Any]]:
    """open_person for many rows of a petition: takes key id, data-key id, blob, public id."""
    return vault().opener(petition.scope, SEALED_CONTEXT)


def batch_opener(petition: Petition) -> Callable[[Iterable[SealedRow]], list[dict[str, Any]]]:
    """`opener` for rows that come in batches."""
    return vault().batch_opener(petition.scope, SEALED_CONTEXT)


def public_affiliation(person: Mapping[str, Any]) -> str | None:
    """Role and affiliation as the site shows them beside a public name."""
    return ", ".join(filter(None, (person["role"], person["affiliation"])))[:200] or None
