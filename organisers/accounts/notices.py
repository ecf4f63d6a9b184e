"""Mail to whose account it is, when what lets in was changed: the one sign that somebody gets of a thief at work."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from core import clock, mail, relay
from core.tokens import digest, new_secret
from organisers.models import Organiser

CHANGES: Mapping[str, Any] = {
    "app added": _l("An app that makes codes was added as a second factor."),
    "app removed": _l("An app that makes codes was removed. Its codes let nobody in any more."),
    "passkey added": _l("A passkey was added as a second factor."),
    "passkey removed": _l("A passkey was removed. It lets nobody in any more."),
    "recovery codes": _l("New recovery codes were made. Those from before are worth nothing any more."),
    "password": _l("A new password was set. Every other session of the account has ended."),
    "factors reset": _l(
        "Whoever runs the site has taken the second factors off the account, as for somebody who has lost a phone. Every "
        "session of it has ended. Log in, and set up a new factor under “My account”."
    ),
}


def tell(organiser: Organiser, change: str) -> None:
    """Promises the mail that says what was changed, and when. The vault is prepared for SITE."""
    context = {"change": str(CHANGES[change]), "at": f"{clock.now():%Y-%m-%d %H:%M}"}
    key = f"office-changed:{digest(new_secret()).hex()}"
    mail.promise(
        "office_account_changed", to=organiser.email, key=key, context=context, priority=relay.TO_ORGANISERS,
        essential=True,
    )  # fmt: skip
