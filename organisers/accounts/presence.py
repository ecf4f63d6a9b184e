"""Who is at the other end of this request: the session that the cookie names, what its owner may, and entering."""

from flask import current_app, g, request, session
from flask_security import current_user
from flask_security.utils import login_user

from core.db import db
from organisers.accounts import factors, sessions
from organisers.accounts.models import OfficeSession
from organisers.accounts.scope import NOTHING, Cases, Scope, scope_of
from organisers.models import Organiser
from organisers.permissions import OWN_PROVEN, Rule, Who, rule_of

COOKIE = "entered"
WANTED = "after_factor"  # in the session: the page that led to setting up a factor


def load(_user_id: str) -> Organiser | None:
    """Flask-Login's loader: the owner of the session that the cookie's secret names, as the server keeps it."""
    found = sessions.find(str(session.get(COOKIE, "")))
    g.office_session = found
    return found.organiser if found else None


def here() -> OfficeSession:
    """This request's session; only for who has entered."""
    found: OfficeSession = g.office_session
    return found


def over() -> OfficeSession | None:
    """The session that this request's cookie named until it ran out by itself, if its owner had entered wholly."""
    found = sessions.run_out(str(session.get(COOKIE, "")))
    if found is None or (found.factor_at is None and factors.has_any(found.organiser)):
        return None
    return found


def organiser() -> Organiser:
    found: Organiser = current_user._get_current_object()
    return found


def has_factor() -> bool:
    return factors.has_any(organiser())


def half_entered() -> bool:
    """Whether the second factor of the account is still to be given."""
    return here().factor_at is None and has_factor()


def proof_is_due(rule: Rule) -> bool:
    """Whether the rule wants a proof that is younger than the session's last one."""
    if sessions.is_proven(here()):
        return False
    return rule.proof or (rule.step_up and has_factor())


def factor_is_missing(rule: Rule) -> bool:
    """Whether the page shows personal data and the account has no second factor; on one's own machine that may be."""
    wanted = rule.personal or rule.step_up
    return wanted and not current_app.config["UNDERSIGNED"].loopback and not has_factor()


def scope() -> Scope:
    """What the organiser's roles reach; read once a request."""
    if "office_scope" not in g:
        entered = current_user.is_authenticated and not half_entered()
        g.office_scope = scope_of(organiser()) if entered else NOTHING
    found: Scope = g.office_scope
    return found


def cases_of(who: Who) -> Cases:
    """The cases that the organiser's roles among these reach: what a list shows."""
    return scope().cases(who)


def may(endpoint: str, case_id: int | None = None) -> bool:
    """For templates: whether the endpoint's page would open, for this case or for any."""
    rule = rule_of(endpoint)
    if rule is None or (rule.who and not scope().has(rule.who, everywhere=rule.everywhere)):
        return False
    return case_id is None or scope().reaches(case_id, rule.who)


def proven_lately() -> bool:
    return not proof_is_due(OWN_PROVEN)


def enter(organiser: Organiser, *, by: str, factor_given: bool = False) -> None:
    """A fresh session for the organiser: nothing that stood in the cookie before stays. Commits."""
    browser = sessions.browser_of(request.user_agent.string)
    proven = factor_given or not factors.has_any(organiser)
    secret = sessions.begin(organiser, by=by, browser=browser, proven=proven, factor_given=factor_given)
    session.clear()
    login_user(organiser, remember=False)
    session[COOKIE] = secret
    db.session.commit()


def prove(*, factor: bool) -> None:
    """Somebody has just proved who they are; their cookie gets a new secret."""
    session[COOKIE] = sessions.prove(here(), factor=factor)
    g.pop("office_scope", None)
