"""Who may open what: each office route times each role times one's own object and another's, asked with a real client.

This table is the promise; organisers/permissions.py must keep it. A new office route needs a row in both."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from core import clock
from core.db import db
from organisers import permissions, services
from organisers.accounts.models import CodeApp, Membership, OfficeRole, OfficeSession
from organisers.models import Organiser
from petitions.models import Petition
from tests.conftest import BASE, app_for_this_test
from tests.factories import make_petition
from tests.organisers.conftest import CSRF, Office, enter
from tests.organisers.office_world import Things, make_things
from tests.petitions.conftest import Campaign

# Roles: Owner, oRganiser, Moderator, Treasurer, Viewer. Object: how the address leads to a case, where it does; "." means
# that any case will do, and that the page shows one's own only. Wants: a second factor (personal), one given within five
# minutes (step-up), or any fresh proof (proof).
MATRIX = """
# endpoint                roles  object     wants
prove                     ORMTV  .          .
prove_by_passkey          ORMTV  .          .
passkey_challenge         ORMTV  .          .
logout                    ORMTV  .          .
kept_form                 ORMTV  .          .
drop_kept_form            ORMTV  .          .
account                   ORMTV  .          .
end_session               ORMTV  .          .
end_other_sessions        ORMTV  .          .
factor_list               ORMTV  .          proof
change_address            ORMTV  .          proof
begin_code_app            ORMTV  .          proof
confirm_code_app          ORMTV  .          proof
passkey_options           ORMTV  .          proof
add_passkey               ORMTV  .          proof
rename_factor             ORMTV  .          proof
remove_factor             ORMTV  .          proof
new_recovery_codes        ORMTV  .          proof
dashboard                 ORMTV  .          .
colleagues                O----  .          personal
invite_colleague          O----  .          personal step-up
resend_office_invitation  O----  .          personal step-up
revoke_office_invitation  O----  .          personal step-up
colleague                 O----  .          personal step-up
take_role                 O----  .          personal step-up
close_account             O----  .          personal step-up
reopen_account            O----  .          personal step-up
audit_chain               O----  .          personal
switch_page               O----  .          .
turn_switches             O----  .          .
country_off               O----  .          .
country_on                O----  .          .
set_domain_rule           O----  .          .
remove_domain_rule        O----  .          .
mail_again                O----  .          .
new_case                  OR---  everywhere .
case                      ORM-V  case       .
edit_case                 OR---  case       .
safety                    OR---  case       .
new_event                 OR---  case       .
edit_event                OR---  case       .
remove_event              OR---  case       .
new_person                OR---  case       .
edit_person               OR---  case       .
remove_person             OR---  case       .
new_petition              OR---  case       .
import_cases              O----  everywhere .
check_cases               O----  everywhere .
import_petitions          OR---  .          .
check_petitions           OR---  .          .
draft_imports             OR---  .          .
draft_import              OR---  .          .
take_back_drafts          OR---  .          .
petition                  ORM-V  petition   .
counting                  ORM-V  petition   .
edit_petition             OR---  petition   .
act                       OR---  petition   .
recount                   OR---  petition   .
new_recipient             OR---  petition   .
edit_recipient            OR---  petition   .
remove_recipient          OR---  petition   .
delivery_list             OR---  petition   personal
new_delivery              OR---  petition   personal
delivery                  OR---  petition   personal
approve_delivery          OR---  petition   personal step-up
refuse_delivery           OR---  petition   personal
cancel_delivery           OR---  petition   personal
fetch_delivery            OR---  petition   personal step-up
show_cover_code           OR---  petition   personal step-up
search                    ORM--  petition   personal
show_names                ORM--  petition   personal
retention                 OR---  petition   .
record_delivery           OR---  petition   .
delivery_record           OR---  petition   .
note_hand_over            OR---  petition   .
note_reply                OR---  petition   .
reply_as_answer           OR---  petition   .
add_delivery_paper        OR---  petition   .
open_delivery_paper       OR---  petition   personal
turn_delivery_paper       OR---  petition   personal
correction_note           OR---  petition   .
pass_on_corrections       OR---  petition   .
send_clerk_link           OR---  petition   personal step-up
revoke_clerk_link         OR---  petition   .
hold                      OR---  petition   .
lift_hold                 OR---  petition   .
erase                     OR---  petition   step-up
invitation_list           OR---  petition   personal
new_invitation            OR---  petition   personal
new_invitations           OR---  petition   personal
act_on_invitation         OR---  petition   personal
move_invitation           OR---  petition   personal
act_on_all_invitations    OR---  petition   personal
paper                     OR---  petition   personal
paper_batch               OR---  petition   personal
new_paper                 OR---  petition   personal
more_paper                OR---  petition   personal
take_back_paper           OR---  petition   personal
take_back_paper_line      OR---  petition   personal
import_paper              OR---  petition   personal
check_paper_import        OR---  petition   personal
run_paper_import          OR---  petition   personal
held                      ORM--  petition   personal
judge_held                ORM--  petition   personal
undo_held                 ORM--  petition   personal
signal_list               ORM--  .          .
settle_signal             ORM--  signal     .
dismiss_signal            ORM--  signal     .
invalidate_signal         ORM--  signal     personal
invalidation_list         ORM--  petition   .
new_invalidation          ORM--  petition   personal
invalidation              ORM--  petition   personal
start_invalidation        ORM--  petition   personal step-up
act_on_invalidation       ORM--  petition   step-up
moderation_room           ORM--  .          personal
approve_ticked            ORM--  .          personal
undo_last                 ORM--  .          personal
judge_wall_words          ORM--  words      personal
judge_claim               ORM--  petition   personal
turn_comments             OR---  case       .
comment                   ORM--  case       personal
solidarity_letter         ORM--  case       .
judge_comment             ORM--  case       personal
reply_to_comment          ORM--  case       personal
open_comment_address      ORM--  case       personal step-up
import_list               OR---  petition   personal
new_import                OR---  petition   personal
signature_import          OR---  petition   personal
understand_import         OR---  petition   personal
refused_lines             OR---  petition   personal
act_on_import             OR---  petition   personal step-up
remove_imported_line      OR---  petition   personal step-up
site                      O----  .          .
check_site                O----  .          .
choose_licence            O----  .          .
sample_list               OR---  petition   .
approve_sample            OR---  petition   step-up
refuse_sample             OR---  petition   .
update_list               OR---  petition   .
new_update                OR---  petition   .
update                    OR---  petition   .
edit_update               OR---  petition   .
translate_update          OR---  petition   .
test_update               OR---  petition   .
send_update               OR---  petition   step-up
act_on_update             OR---  petition   .
preview                   OR---  .          .
answer_petition           OR---  petition   .
win_petition              OR---  petition   .
translation_list          OR---  petition   .
translate_petition        OR---  petition   .
remove_translation        OR---  petition   .
case_translations         OR---  case       .
translate_case            OR---  case       .
translate_part            OR---  case       .
remove_case_translation   OR---  case       .
move_person               OR---  case       .
case_images               OR---  case       .
edit_image                OR---  case       .
image_file                OR---  case       .
remove_image              OR---  case       .
make_initials             OR---  case       step-up
protection_page           OR---  case       .
shield                    OR---  case       .
record_consent            OR---  case       .
open_consent              OR---  case       personal step-up
withdraw_consent          OR---  case       .
set_review                OR---  case       .
gift_list                 OR-T-  .          .
gift                      OR-T-  gift       .
open_donor                O--T-  gift       personal step-up
refund                    O--T-  gift       step-up
offline_gifts             O--T-  .          .
offline_gift              O--T-  .          .
new_offline_gift          O--T-  .          personal
open_offline_donor        O--T-  .          personal step-up
take_back_offline_gift    O--T-  .          step-up
dispute_list              O--T-  .          .
stripe_events             O--T-  .          .
settle_event              O--T-  .          .
settle_declines           O--T-  .          .
settle_fraud              O--T-  .          .
books                     O--T-  .          .
reconcile_books           O--T-  .          .
export_books              O--T-  .          personal step-up
rates                     O--T-  .          .
enter_rate                O--T-  .          .
describe_general_fund     O--T-  .          .
patron_levels             O--T-  .          .
new_patron_level          O--T-  .          .
edit_patron_level         O--T-  .          .
retire_patron_level       O--T-  .          .
tax_receipts              O--T-  .          .
tax_receipt               O--T-  .          .
new_tax_registration      O--T-  .          .
retire_tax_registration   O--T-  .          .
issue_tax_receipt_anew    O--T-  .          .
export_tax_receipts       O--T-  .          personal step-up
open_tax_receipt          O--T-  .          personal step-up
"""
LETTERS = dict(zip("ORMTV", OfficeRole, strict=True))
WHAT_TO_DO = (
    "Say who may open {names}: a row in PERMISSIONS of organisers/permissions.py, and the same as a line of MATRIX in "
    "tests/organisers/test_permissions.py (roles, what its address leads to, what proof it wants). An argument that these "
    "tests do not know yet is filled in tests/organisers/office_world.py."
)


@dataclass(frozen=True)
class Line:
    endpoint: str
    roles: frozenset[OfficeRole]
    object: str
    wants: frozenset[str]

    @property
    def of_case(self) -> bool:
        return self.object not in (".", "everywhere")


def read(line: str) -> Line:
    endpoint, roles, thing, *wants = line.split()
    allowed = frozenset(LETTERS[letter] for letter in roles if letter != "-")
    return Line(endpoint, allowed, thing, frozenset(wants) - {"."})


LINES = {line.endpoint: line for line in map(read, filter(lambda text: text and text[0] != "#", MATRIX.splitlines()))}
# These end the session that asks, or make the account another one: asked last, each by itself.
ENDS = ("logout",)


def test_every_office_route_stands_in_the_table(apps: dict[str, Flask]) -> None:
    routes = {rule.endpoint.removeprefix("office.") for rule in office_rules(apps["sqlite"])} - permissions.DOORS
    assert routes - LINES.keys() == set(), WHAT_TO_DO.format(names=sorted(routes - LINES.keys()))
    assert LINES.keys() - routes == set(), "there is no such route any more"


def test_the_office_enforces_what_the_table_says(apps: dict[str, Flask]) -> None:
    assert permissions.PERMISSIONS.keys() == LINES.keys(), WHAT_TO_DO.format(
        names=sorted(permissions.PERMISSIONS.keys() ^ LINES.keys())
    )
    for name, line in LINES.items():
        rule = permissions.PERMISSIONS[name]
        wants = {"personal": rule.personal, "step-up": rule.step_up, "proof": rule.proof}
        assert line.wants == {word for word, wanted in wants.items() if wanted}, name
        assert (set(rule.who or OfficeRole), rule.case is not None) == (line.roles, line.of_case), name


def test_a_route_that_stands_in_no_row_is_refused(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {name: rule for name, rule in permissions.PERMISSIONS.items() if name != "audit_chain"}
    office = enter(app)
    office.get("/office/audit")
    monkeypatch.setattr(permissions, "PERMISSIONS", rows)
    answer = office.client.get("/office/audit")
    assert answer.status_code == 403 and "Nobody has decided yet" in answer.text


@dataclass
class Asker:
    """Somebody with one role, in one case where the role is for cases, who asks every route."""

    app: Flask
    role: OfficeRole
    office: Office = field(init=False)
    own: Things = field(init=False)

    def __post_init__(self) -> None:
        self.office = enter(self.app, f"{self.role}@example.org")
        self.renew()

    def renew(self) -> None:
        """New things of one's own: what was asked for may have changed the ones before."""
        with self.app.app_context():
            me = self.me()
            self.own = make_things(me)
            db.session.execute(delete(Membership).where(Membership.organiser_id == me.id))
            limited = self.role not in (OfficeRole.OWNER, OfficeRole.TREASURER)
            row = Membership(organiser_id=me.id, role=self.role, case_id=self.own.case_id if limited else None)
            db.session.add(row)
            # the apps that the things brought must not ask for their code: nothing of this is about factors
            moment = clock.now()
            mine = update(OfficeSession).where(OfficeSession.organiser_id == me.id)
            db.session.execute(mine.values(factor_at=moment, stepped_up_at=moment))
            db.session.commit()

    def me(self) -> Organiser:
        return db.session.scalars(select(Organiser).where(Organiser.email == f"{self.role}@example.org")).one()

    def ask(self, rule: Rule, method: str, things: Things) -> TestResponse:
        name = rule.endpoint.removeprefix("office.")
        values = {key: value for key, value in things.of(name).items() if key in rule.arguments}
        assert values.keys() == rule.arguments, WHAT_TO_DO.format(names=[name, *(rule.arguments - values.keys())])
        built = rule.build(values, append_unknown=False)
        assert built is not None, rule
        if method == "GET":
            return self.office.client.get(built[1])
        return self.office.client.post(built[1], data={"csrf_token": self.office.token()})


@pytest.mark.parametrize("role", OfficeRole)
def test_each_role_opens_what_the_table_says_and_nothing_else(app: Flask, role: OfficeRole) -> None:
    other = of_somebody_else(app)
    asker = Asker(app, role)
    limited = role not in (OfficeRole.OWNER, OfficeRole.TREASURER)
    wrong = []
    for rule, method in requests(app):
        line = LINES[rule.endpoint.removeprefix("office.")]
        allowed = role in line.roles and not (limited and line.object == "everywhere")
        answer = asker.ask(rule, method, asker.own)
        if (answer.status_code in (403, 404)) == allowed or (not allowed and answer.status_code != 403):
            wrong.append(f"{role} {method} {rule.rule}, their own: {answer.status_code}")
        if answer.status_code >= 500:
            wrong.append(f"{role} {method} {rule.rule}: {answer.status_code}")
        if allowed and method == "POST" and answer.status_code == 303:
            asker.renew()
        if limited and line.of_case:
            answer = asker.ask(rule, method, other)
            if answer.status_code != (404 if allowed else 403):
                wrong.append(f"{role} {method} {rule.rule}, another's: {answer.status_code}")
    assert wrong == []


def test_anothers_object_looks_like_one_that_is_not_there(app: Flask) -> None:
    other = of_somebody_else(app)
    asker = Asker(app, OfficeRole.ORGANISER)
    missing = Things(0, {**other.values, "case_id": 999, "petition_id": 999, "public_id": "a" * 22}, {})
    for name in ("case", "petition", "gift", "held", "delivery", "fetch_delivery"):
        [rule] = [rule for rule in office_rules(app) if rule.endpoint == f"office.{name}"]
        method = "GET" if "GET" in (rule.methods or ()) else "POST"
        pages = [re.sub(CSRF, "", asker.ask(rule, method, things).text) for things in (other, missing)]
        assert pages[0] == pages[1], name


LISTS = {"/office/": "petition", "/office/signals": "petition", "/office/gifts": "gift"}
STARTS = (
    "/office/", "/office/cases/{case_id}", "/office/petitions/{petition_id}", "/office/gifts", "/office/gifts/{public_id}",
    "/office/signals", "/office/moderation",
)  # fmt: skip
LINK = re.compile(r'href="(/office/[^"?#]*)')


def test_lists_show_the_things_of_ones_own_cases_only(app: Flask) -> None:
    other = of_somebody_else(app)
    asker, owner = Asker(app, OfficeRole.ORGANISER), Asker(app, OfficeRole.OWNER)
    own, theirs = marks(app, asker.own), marks(app, other)
    for path, kind in LISTS.items():
        page = asker.office.get(path)
        assert own[kind] in page and theirs[kind] not in page, path
        assert theirs[kind] in owner.office.get(path), path
    assert theirs["case"] not in asker.office.get("/office/") and theirs["case"] not in asker.office.get(
        "/office/gifts"
    )
    page = asker.office.get("/office/moderation?kind=wall")
    assert own["words"] in page and theirs["words"] not in page


def marks(app: Flask, things: Things) -> dict[str, str]:
    """How things stand in a page."""
    with app.app_context():
        petition = db.session.get_one(Petition, things.values["petition_id"])
        return {
            "petition": f">{petition.title}<", "gift": f"/{things.values['public_id']}", "case": f">{petition.case.title}<",
            "words": f"/office/wall/{things.values['entry_id']}/",
        }  # fmt: skip


def test_the_dashboards_numbers_are_those_of_ones_own_cases(app: Flask) -> None:
    asker, owner = Asker(app, OfficeRole.VIEWER), Asker(app, OfficeRole.OWNER)
    with app.app_context():
        elsewhere = make_petition()
        campaign = Campaign(app, elsewhere.id, elsewhere.slug)
    campaign.sign("ada@example.org")
    campaign.work()
    waiting = 'Waiting for confirmation</span><strong class="big"><a href="#petitions">{}<'
    assert waiting.format(1) in owner.office.get("/office/") and waiting.format(0) in asker.office.get("/office/")
    assert "Donations</span>" in owner.office.get("/office/") and "Donations</span>" not in asker.office.get("/office/")


def test_a_page_shows_no_link_that_leads_to_a_refusal(app: Flask) -> None:
    for role in OfficeRole:
        asker = Asker(app, role)
        ours = {name: asker.own.values[name] for name in ("case_id", "petition_id", "public_id")}
        pages = [asker.office.client.get(path.format(**ours)) for path in STARTS]
        links = {link for page in pages if page.status_code == 200 for link in LINK.findall(page.text)}
        assert len(links) > 1
        for link in sorted(links):
            assert asker.office.client.get(link).status_code not in (403, 404), (role, link)


def test_a_refusal_says_who_may(app: Flask) -> None:
    asker = Asker(app, OfficeRole.VIEWER)
    answer = asker.office.client.get("/office/books")
    assert answer.status_code == 403 and "Owner, Treasurer" in answer.text and "Ask an owner" in answer.text


def test_without_a_factor_personal_data_stays_shut_on_a_public_address(app: Flask) -> None:
    """The way there: to setting a factor up, with the page that was wanted kept; everything else opens."""
    public = at_a_public_address(app)
    asker = Asker(public, OfficeRole.OWNER)
    for rule, method in requests(public):
        with public.app_context():
            db.session.execute(delete(CodeApp))
            db.session.commit()
        line = LINES[rule.endpoint.removeprefix("office.")]
        if line.wants & {"personal", "step-up"}:
            answer = asker.ask(rule, method, asker.own)
            assert answer.status_code == 303 and answer.headers["Location"] == "/office/account/factors", line.endpoint
        elif line.wants == frozenset() and method == "GET":
            answer = asker.ask(rule, method, asker.own)
            assert answer.headers.get("Location") != "/office/account/factors", line.endpoint


def test_a_proof_older_than_five_minutes_is_asked_for_anew(app: Flask) -> None:
    asker = Asker(app, OfficeRole.OWNER)
    for rule, method in requests(app):
        line = LINES[rule.endpoint.removeprefix("office.")]
        if not line.wants & {"step-up", "proof"} and method == "POST":
            continue
        for age, due in ((timedelta(minutes=4, seconds=50), False), (timedelta(minutes=5, seconds=10), True)):
            set_proof(asker, age)
            if not due and method == "POST":
                continue  # it would be done
            answer = asker.ask(rule, method, asker.own)
            asked = answer.headers.get("Location", "").startswith("/office/login/proof")
            assert asked == (due and bool(line.wants & {"step-up", "proof"})), (line.endpoint, age)


def of_somebody_else(app: Flask) -> Things:
    with app.app_context():
        somebody = services.ensure_organiser("somebody.else@example.org")
        db.session.commit()
        return make_things(somebody)


def set_proof(asker: Asker, age: timedelta) -> None:
    with asker.app.app_context():
        mine = update(OfficeSession).where(OfficeSession.organiser_id == asker.me().id)
        db.session.execute(mine.values(stepped_up_at=clock.now() - age))
        db.session.commit()


def at_a_public_address(app: Flask) -> Flask:
    """The same site under an address that others can reach."""
    settings = app.config["UNDERSIGNED"]
    there = {
        "SERVER_URL": "http://campaign.example", "LIMITS": "on", "SMTP_URL": "smtp://localhost", "MAIL_FROM": "a@example.org",
        "ORGANISATION": "O", "DATA_CONTROLLER": "D", "STRIPE_SECRET_KEY": "", "UNDERSIGNED_DATA": str(settings.data),
        "DATABASE_URL": settings.database_url, "STRIPE_API_BASE": "", "STRIPE_WEBHOOK_SECRETS": "",
    }  # fmt: skip
    made = app_for_this_test({**BASE, **there})
    made.test_client_class = client_of("http://campaign.example")
    return made


def client_of(base_url: str) -> Any:
    class There(FlaskClient):
        def open(self, *args: Any, **kwargs: Any) -> TestResponse:
            kwargs.setdefault("base_url", base_url)
            return super().open(*args, **kwargs)

    return There


def office_rules(app: Flask) -> Iterator[Rule]:
    yield from (rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("office."))


def requests(app: Flask) -> list[tuple[Rule, str]]:
    """Every request that the office takes behind its doors; what ends a session last."""
    last: Callable[[Rule], bool] = lambda rule: rule.endpoint.removeprefix("office.") in ENDS  # noqa: E731
    rules = [rule for rule in office_rules(app) if rule.endpoint.removeprefix("office.") not in permissions.DOORS]
    return [
        (rule, method) for rule in sorted(rules, key=lambda rule: (last(rule), rule.rule))
        for method in ("GET", "POST") if method in (rule.methods or ())
    ]  # fmt: skip
