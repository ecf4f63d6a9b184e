"""Who gets no mail: rules in their order, each of which holds a submission in silence, or lets it pass.

The first ones hold for good. The others wait for an organiser: one that was released passes them, and so does whoever signs
from a domain that an organiser trusts. No rule holds for a number alone: 300 people of one hall share a network, a union's
members a domain, and a viral hour has a thousand strangers. What else must coincide stands in ALIKE."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import Connection, func, select

from core import unsubscribes
from core.db import db
from core.limits import TOR
from core.mailboxes import mail_domains
from core.mailboxes.mail_servers import mail_servers
from core.remembered import Remembered
from petitions.abuse import proofs, signals
from petitions.abuse.crowds import Crowd, Group, Seen, look
from petitions.abuse.models import DomainRule
from petitions.invitations import mails as invitation_mails
from petitions.invitations.models import Invitation
from petitions.models import Petition, Submission, Suppression
from petitions.states import HeldReason, RuleAction

MAILS_AN_ADDRESS = 5
CROWDED = {"bucket": 100, "domain": 30}  # signings in a day before anybody looks at what they share
ALIKE = {  # the part of a crowd from which on it is one person at work
    "bucket": {"names": 0.4, "shape": 0.5, "tags": 0.3, "unconfirmed": 0.95},
    "domain": {"names": 0.4, "shape": 0.5, "tags": 0.3, "unconfirmed": 0.95, "strangers": 0.6},
}
SAME_NAME = 8  # times in a day …
SAME_NAME_SHARE = 0.01  # … and part of all who signed the petition in it
NO_NETWORK = ("unknown", TOR)


@dataclass(frozen=True)
class Subject:
    """What is judged: a submission, what was typed, and the crowd that it comes in."""

    submission: Submission
    person: Mapping[str, Any]
    domain: str
    crowd: Crowd
    seen: Seen

    def group(self, kind: str) -> Group | None:
        """Its group of that kind, where that is a crowd."""
        key = next((key for key in self.seen.groups if key.startswith(f"{kind}:")), "")
        group = self.crowd.groups.get(key)
        return group if group is not None and group.size >= CROWDED[kind] else None


Rule = Callable[[Subject], HeldReason | None]


def held(petition: Petition, submission: Submission, person: Mapping[str, Any]) -> HeldReason | None:
    """Why this submission gets no mail, or None."""
    crowd = _crowd(petition)
    seen = crowd.note(submission, person) if _limits() else look(submission, person)
    subject = Subject(submission, person, mail_domains.domain_of(person["email"]), crowd, seen)
    spared = submission.released_at is not None or _action(subject.domain) == RuleAction.TRUST
    rules = FOR_GOOD if spared else FOR_GOOD + REVIEWED_RULES + (BY_LIMITS if _limits() else ())
    return next((reason for reason in (rule(subject) for rule in rules) if reason is not None), None)


def suppressed(subject: Subject) -> HeldReason | None:
    key = (subject.submission.petition_id, subject.submission.email_index)
    return HeldReason.SUPPRESSED if db.session.get(Suppression, key) is not None else None


def unsubscribed(subject: Subject) -> HeldReason | None:
    stopped = unsubscribes.is_stopped(unsubscribes.token_of(subject.person["email"]))
    return HeldReason.UNSUBSCRIBED if stopped else None


def enough_mails(subject: Subject) -> HeldReason | None:
    return HeldReason.MAIL_LIMIT if mails_sent(subject.submission) >= MAILS_AN_ADDRESS else None


def trap(subject: Subject) -> HeldReason | None:
    return HeldReason.TRAP if subject.submission.trapped else None


def domain(subject: Subject) -> HeldReason | None:
    return HeldReason.DOMAIN if _action(subject.domain) == RuleAction.HOLD else None


def disposable(subject: Subject) -> HeldReason | None:
    return HeldReason.DISPOSABLE if mail_domains.disposable(subject.domain) else None


def no_mail_server(subject: Subject) -> HeldReason | None:
    return HeldReason.NO_MAIL_SERVER if mail_servers().missing(subject.domain) else None


def wave(subject: Subject) -> HeldReason | None:
    """What belongs to a wave that organisers were told of waits for them together with it."""
    signal = signals.wave_of(subject.submission, subject.person) if _limits() else None
    if signal is None:
        return None
    subject.submission.cluster_id = signal.cluster_id
    return HeldReason.WAVE if signals.holds(signal) else None


def one_network(subject: Subject) -> HeldReason | None:
    group = None if subject.submission.bucket in NO_NETWORK else subject.group("bucket")
    return HeldReason.BUCKET if group and alike("bucket", group) else None


def one_domain(subject: Subject) -> HeldReason | None:
    """A domain that strangers share is left out: there the crowd is everybody."""
    group = None if mail_domains.shared(subject.domain) else subject.group("domain")
    return HeldReason.VELOCITY if group and alike("domain", group) else None


def one_name(subject: Subject) -> HeldReason | None:
    everybody = subject.crowd.groups["all"]
    times = everybody.names[subject.seen.name]
    often = times >= SAME_NAME and times >= SAME_NAME_SHARE * everybody.size
    return HeldReason.VELOCITY if often else None


FOR_GOOD: tuple[Rule, ...] = (suppressed, unsubscribed, enough_mails)
REVIEWED_RULES: tuple[Rule, ...] = (trap, wave, domain, disposable)
BY_LIMITS: tuple[Rule, ...] = (no_mail_server, one_network, one_domain, one_name)  # reviewed too; none with LIMITS=off


def doubted(petition: Petition, invitation: Invitation, email: str) -> bool:
    """Whether an organisation that somebody entered is mailed only after an organiser's yes: its address has had its mails,
    its domain is held or takes none, or the petition is under attack and the form brings no proof of work."""
    name = mail_domains.domain_of(email)
    if mails_sent(invitation) >= MAILS_AN_ADDRESS:
        return True
    if _action(name) == RuleAction.TRUST:
        return False
    bad = _action(name) == RuleAction.HOLD or mail_domains.disposable(name)
    return bad or proofs.wanted(petition.id) or (_limits() and mail_servers().missing(name))


def alike(kind: str, group: Group) -> bool:
    """Whether a crowd is too much alike to be many people."""
    shares = group.shares()
    return any(shares[name] >= least for name, least in ALIKE[kind].items())


def mails_sent(row: Submission | Invitation) -> int:
    """How many mails this address was promised for this petition, those that invite an organisation or a person included."""
    same = (Submission.petition_id == row.petition_id, Submission.email_index == row.email_index)
    mailed = db.session.scalar(select(func.coalesce(func.sum(Submission.mails), 0)).where(*same)) or 0
    return mailed + invitation_mails.promised_to(row.petition_id, row.email_index)


def tor_crowd(submission: Submission) -> int:
    """How many signed this petition through Tor within the day."""
    same = (Submission.petition_id == submission.petition_id, Submission.bucket == TOR)
    return db.session.scalar(select(func.count()).select_from(Submission).where(*same)) or 0


def prepare(petitions: Iterable[Petition]) -> None:
    """Brings the crowds up to date, before a batch is judged."""
    if _limits():
        for petition in petitions:
            _crowd(petition).catch_up(petition)


def _crowd(petition: Petition) -> Crowd:
    crowds: dict[str, Crowd] = current_app.extensions.setdefault("crowds", {})
    crowd = crowds.setdefault(petition.public_id, Crowd())
    crowd.drop_old()
    return crowd


def _limits() -> bool:
    return bool(current_app.config["UNDERSIGNED"].limits)


def _action(domain: str) -> RuleAction | None:
    """An organiser's word on the domain, or on the nearest that it lies in."""
    words = _domain_rules.get(None)
    return next((words[name] for name in mail_domains.above(domain) if name in words), None)


def _read(connection: Connection, nothing: None) -> dict[str, RuleAction]:
    rows = connection.execute(select(DomainRule.domain, DomainRule.action))
    return {row.domain: row.action for row in rows}


_domain_rules: Remembered[None, dict[str, RuleAction]] = Remembered(_read)
