"""The worker's part of invitations: it alone opens what is sealed, mails, and writes what may be shown."""

from datetime import timedelta

from sqlalchemy import func, select, update

from core import clock
from core.db import db
from core.jobs import Handler, Job, NotNow
from core.mailboxes import mail_servers
from core.mailboxes.mail_domains import domain_of
from core.switches import switches
from core.tokens import digest
from core.vault import vault
from core.worker import Tick
from petitions.abuse import rules
from petitions.invitations import exits as invitation_exits
from petitions.invitations import mails as invitation_mails
from petitions.invitations import people as invitation_people
from petitions.invitations.models import Invitation
from petitions.models import Petition, Signature, Suppression
from petitions.persons import public_affiliation
from petitions.states import InvitationKind, InvitationState, PetitionState, SignatureState, Visibility

MOST_PROPOSALS = 30  # of colleagues, through one link
REMIND_BEFORE = timedelta(days=3)
NOT_SOONER = timedelta(days=2)  # after the invitation itself
SHOWN = {
    InvitationKind.MEMBER: (InvitationState.CONFIRMED, InvitationState.APPROVED),
    InvitationKind.NOTABLE: (InvitationState.APPROVED,), InvitationKind.ORGANISATION: (InvitationState.APPROVED,),
}  # fmt: skip


def propose(job: Job) -> None:
    """A colleague whom somebody named through their own link: kept for an organiser's yes, and mailed to nobody."""
    petition, sealed = db.session.get_one(Petition, job.args["petition"]), job.sealed()
    country, proposed_by = sealed.pop("country"), job.args["invitation"]
    vault().prepare(petition.scope)
    named = select(func.count()).where(Invitation.proposed_by == proposed_by)
    if (db.session.scalar(named) or 0) >= MOST_PROPOSALS:
        return
    added = invitation_people.add(
        petition, kind=InvitationKind.MEMBER, country=country, person=sealed, proposed_by=proposed_by
    )
    if added is not None:
        invitation_people.tell_organisers(petition)


def organisation(job: Job) -> None:
    """An organisation that somebody entered on the petition's page: its contact is asked first, or an organiser where the
    rules that hold a signature speak against writing to that address.

    While a switch is off that was still on when the form was sent, it waits."""
    petition, sealed = db.session.get_one(Petition, job.args["petition"]), job.sealed()
    country, trapped = sealed.pop("country"), sealed.pop("trapped")
    if trapped or not petition.open:
        return
    if not switches().takes_from(country):
        raise NotNow
    mail_servers.look_up([domain_of(sealed["email"])])
    vault().prepare(petition.scope)
    added = invitation_people.add(petition, kind=InvitationKind.ORGANISATION, country=country, person=sealed)
    if added is None:
        return
    if rules.doubted(petition, db.session.get_one(Invitation, added), sealed["email"]):
        return invitation_people.tell_organisers(petition)  # who may invite it all the same
    invitation_people.invite(petition, Invitation.id == added)


def invite(job: Job) -> None:
    """Mails an invitation whose mail is due; to a mailbox that said "I never signed this" nothing goes."""
    row = db.session.get_one(Invitation, job.args["invitation"])
    if row.state != InvitationState.INVITED or invitation_mails.promised(row.public_id) >= invitation_mails.INVITATIONS:
        return
    petition = db.session.get_one(Petition, row.petition_id)
    if db.session.get(Suppression, (row.petition_id, row.email_index)) is not None:
        return _mark_undelivered(row.id)
    person = invitation_people.opener(petition)(row)
    secret = invitation_people.secret_of(row, person)
    asked = (Invitation.id == row.id, Invitation.state == InvitationState.INVITED)
    invitation_people.changed(update(Invitation).where(*asked).values(digest=digest(secret)))
    invitation_mails.promise_invitation(petition, row, person, secret)


def undelivered(job: Job) -> None:
    """The mailbox refused the mail, or wants none from this site: the office's list says so."""
    _mark_undelivered(job.args["invitation"])


def remind(job: Job) -> None:
    """Mails the one reminder."""
    row = db.session.get_one(Invitation, job.args["invitation"])
    if row.state == InvitationState.INVITED:
        petition = db.session.get_one(Petition, row.petition_id)
        person = invitation_people.opener(petition)(row)
        secret = invitation_people.secret_of(row, person)
        invitation_mails.promise_reminder(petition, row, person, secret)


def signed(job: Job) -> None:
    """After a yes: shows a member's name, and mails everybody the way to take it back."""
    row = db.session.get_one(Invitation, job.args["invitation"])
    if row.state in invitation_exits.SIGNED:
        petition = db.session.get_one(Petition, row.petition_id)
        person = invitation_people.opener(petition)(row)
        secret = invitation_people.secret_of(row, person)
        invitation_mails.promise_signed(petition, row, person, secret)
        _show(petition, row)


def publish(job: Job) -> None:
    """After an organiser's yes: shows the name; after a correction: shows it as it is now."""
    row = db.session.get_one(Invitation, job.args["invitation"])
    if row.state in invitation_exits.SIGNED:
        _show(db.session.get_one(Petition, row.petition_id), row)


def correct(job: Job) -> None:
    """Keeps how somebody wants their role to read, for an organiser to take over."""
    row = db.session.get_one(Invitation, job.args["invitation"])
    petition, asked = db.session.get_one(Petition, row.petition_id), job.sealed()
    vault().prepare(petition.scope)
    invitation_people.hold(row)
    if row.blob is None:  # it has ended since
        return
    invitation_people.reseal(petition, row, {**invitation_people.opener(petition)(row), "asked": asked})
    invitation_people.tell_organisers(petition)


def tend() -> bool:
    """The worker's tick: reminds once before the deadline, and ends what is over. Commits."""
    now = clock.now()
    closing = select(Petition.closes_at).where(Petition.id == Invitation.petition_id).scalar_subquery()
    until = func.coalesce(closing, Invitation.expires_at)
    open_ones = select(Petition.id).where(Petition.state == PetitionState.OPEN)
    due = (
        Invitation.state == InvitationState.INVITED, Invitation.reminded_at.is_(None), Invitation.digest.is_not(None),
        Invitation.invited_at < now - NOT_SOONER, until > now, until <= now + REMIND_BEFORE,
        Invitation.petition_id.in_(open_ones),
    )  # fmt: skip
    found = db.session.scalar(select(Invitation.id).where(*due).limit(1)) is not None
    if found:
        invitation_people.remind(*due)
        db.session.commit()
    return invitation_exits.expire() or found


def _show(petition: Petition, row: Invitation) -> None:
    """Writes the public columns where the row's state allows it at this very moment."""
    person = invitation_people.opener(petition)(row)
    allowed = (Invitation.id == row.id, Invitation.state.in_(SHOWN[row.kind]), Invitation.blob.is_not(None))
    public = {
        "public_name": person["name"], "public_role": person["role"] or None,
        "public_affiliation": person["affiliation"] or None, "public_size": person.get("size"),
    }  # fmt: skip
    if invitation_people.changed(update(Invitation).where(*allowed).values(public)):
        stands = (
            Signature.id == row.signature_id, Signature.state == SignatureState.VALID,
            Signature.visibility == Visibility.PUBLIC,
        )  # fmt: skip
        named = {"public_name": person["name"], "public_affiliation": public_affiliation(person)}
        db.session.execute(update(Signature).where(*stands).values(named))


def _mark_undelivered(invitation_id: int) -> None:
    asked = (Invitation.id == invitation_id, Invitation.state == InvitationState.INVITED)
    invitation_people.changed(update(Invitation).where(*asked).values(invited_at=None))


JOBS: dict[str, Handler] = {
    "invitations.propose": propose, "invitations.organisation": organisation, "invitations.invite": invite,
    "invitations.undelivered": undelivered, "invitations.remind": remind, "invitations.signed": signed,
    "invitations.publish": publish, "invitations.correct": correct,
}  # fmt: skip
TICKS = (Tick(tend, every=300.0),)
