"""How roles read."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l

from organisers.accounts.models import OfficeRole

ROLES = {
    OfficeRole.OWNER: _l("Owner"),
    OfficeRole.ORGANISER: _l("Organiser"),
    OfficeRole.MODERATOR: _l("Moderator"),
    OfficeRole.TREASURER: _l("Treasurer"),
    OfficeRole.VIEWER: _l("Viewer"),
}
# What each role is for, where one is chosen.
MAY = {
    OfficeRole.OWNER: _l("may do everything, and looks after accounts and switches"),
    OfficeRole.ORGANISER: _l("writes cases and petitions, hands lists over, moderates"),
    OfficeRole.MODERATOR: _l("judges what the public writes, who is notable, what is held, and waves of signatures"),
    OfficeRole.TREASURER: _l("looks after gifts, refunds, books and tax receipts, of all cases"),
    OfficeRole.VIEWER: _l("sees cases, petitions and their numbers, and no personal data"),
}


def list_of(roles: Iterable[OfficeRole]) -> str:
    """Owner, Treasurer."""
    return ", ".join(str(ROLES[role]) for role in roles)
