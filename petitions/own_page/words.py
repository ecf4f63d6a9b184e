"""What a signatory's own page says: of what stands, of each act before it is done, and once it is done."""

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import get_locale
from flask_babel import gettext as _

from core import clock, countries
from petitions import consent
from petitions.models import Petition, Signature, Submission
from petitions.own_page.services import Standing
from petitions.states import LISTED, SignatureState


class Words(NamedTuple):
    """Title, sentence and button of an act, and what is to be known besides; `danger`: something is lost."""

    title: str
    sentence: str
    button: str
    danger: bool = False
    more: str = ""


def state_of(standing: Standing) -> str:
    """How it stands with the signature, in one or two sentences."""
    if isinstance(standing.row, Submission) and standing.row.import_id is not None:
        return _(
            "You signed on another site, and the organisers took your signature over. It is named apart from those that were "
            "confirmed here, and your name is shown to nobody."
        )
    if not isinstance(standing.row, Signature):
        return _(
            "Nothing is counted yet. To confirm, use the link or the code in the mail in which we asked you to. "
            "This page cannot do it for you."
        )
    if standing.row.state == SignatureState.INVALIDATED:
        return _(
            "Your signature is not counted at present: the organisers have set it aside while they look into a group of "
            "signatures. You need not do anything. If you want, you can still withdraw it or have it erased."
        )
    return _("Your signature counts.")


def cleared() -> str:
    """Why a page offers nothing that needs the address."""
    return _(
        "Your name and address have been deleted, as we promised to who is only counted. So there is no name left to "
        "correct, and no address to which we could mail news, a file or a new link. You can still leave by this page."
    )


def facts(standing: Standing) -> list[tuple[str, str]]:
    """What is stored in clear, by name; days in the petition's time zone."""
    row, petition = standing.row, standing.petition
    assert row is not None
    known = [
        (_("To"), consent.recipients_named(petition)),
        (_("Signed on"), _day(row.signed_at if isinstance(row, Signature) else row.received_at, petition)),
        (_("Country"), countries.name_of(row.country)),
        (_("Your choice"), consent.sentences(petition)[row.visibility]),
    ]
    if isinstance(row, Signature):
        known.insert(2, (_("Confirmed"), _day(row.confirmed_at, petition)))
        known.append((_("Public"), _on_site(standing, row)))
        if row.state == SignatureState.VALID and row.visibility in LISTED:
            known.append((_("Public log"), _in_log(row)))
    return known


def _on_site(standing: Standing, row: Signature) -> str:
    if standing.notable and standing.notable.public_name:
        return _("Your name stands on this site, among the notable signatories.")
    return _("Your name stands on this site.") if row.public_name else _("Your name does not stand on this site.")


def _in_log(row: Signature) -> str:
    """No more than this: whoever could show a receipt could be made to show it."""
    if current_app.extensions["is_logged"](row):
        return _("Your signature is included.")
    return _("Your signature will be included within a day.")


def _day(moment: datetime, petition: Petition) -> str:
    return clock.day(moment.astimezone(ZoneInfo(petition.time_zone)).date(), str(get_locale() or "en"))


def words(act: str) -> Words:
    """What an act's page says."""
    return {
        "visibility": Words(
            _("Who may see my name"),
            _(
                "You can narrow this at any time, and it holds at once. A list that was handed over before cannot be "
                "called back. It can never be widened."
            ),
            _("Narrow it now"),
        ),
        "name": Words(
            _("Correct my name"),
            _(
                "What stands now is sealed, and this page cannot open it. So write all three lines as they shall stand; "
                "a line that you leave empty is removed. It holds within a few minutes."
            ),
            _("Correct it"),
        ),
        "updates": Words(
            _("News about the case"),
            _(
                "Whether you wanted news is sealed, and this page cannot open it. Press what you want from now on; it "
                "holds within a few minutes, whatever you chose before."
            ),
            _("Send me news"),
        ),
        "data": Words(
            _("Everything that is stored about me"),
            _(
                "We mail you a file with it, to the address that you signed with. Your name stands in it in clear: ask "
                "for it only where nobody else reads your mail. You can ask once an hour."
            ),
            _("Mail me my data"),
        ),
        "links": Words(
            _("Did somebody else see my mail?"),
            _(
                "Then make the links to this page useless, this one too. We mail you a new one. Links that only withdraw, "
                "or say that you never signed, go on working."
            ),
            _("Make my old links useless"),
        ),
        "notable": Words(
            _("Among the notable signatories"),
            _(
                "You signed by invitation, too. There your name and role stand for everybody, once an organiser has approved "
                "it, whatever you chose when you signed here. You can take them off: it holds at once, and your signature "
                "goes on counting."
            ),
            _("Take my name off there"),
        ),
        "withdraw": Words(
            _("Withdraw my signature"),
            _(
                "Your name, your address and all else that is sealed are deleted at once, and the number goes down by one. "
                "What stays is a line without a name: your country, your choice, the hour. You may sign again."
            ),
            _("Withdraw my signature"),
            danger=True,
        ),
        "erase": Words(
            _("Erase everything"),
            _(
                "Your name, your address and all else that is sealed are deleted at once, and so are your country, your "
                "choice and the way you came. The number goes down by one."
            ),
            _("Erase everything"),
            danger=True,
            more=_(
                "What stays is an empty line with a random number and times, by which a restored backup is emptied as well. "
                "Until they are overwritten, backups hold what you sent, encrypted. A list that was handed over before "
                "cannot be called back."
            ),
        ),
        "disown": Words(
            _("I never signed this"),
            _(
                "Whatever was signed with your address is deleted, and the number goes down by one. Until the petition "
                "closes we keep a fingerprint of your address and nothing else, so that nobody can use it there again. "
                "You could not sign it yourself in that time."
            ),
            _("I never signed this"),
            danger=True,
        ),
    }[act]


def done(act: str) -> str | None:
    """What the page says after an act; None for one that is no act."""
    return {
        "visibility": _("Done. It holds from now on."),
        "notable": _("Done. You do not stand among the notable signatories any more."),
        "name": _("Thank you. The corrected name will stand within a few minutes."),
        "updates": _("Thank you. It will hold within a few minutes."),
        "data": _("The file is on its way to the address that you signed with. It may take a few minutes."),
    }.get(act)
