"""Every act of the office and every disclosure leaves an entry in the audit chain: walked along the table of routes.

A new route that takes a form fails here until it is sent a form that holds (FORMS), or somebody says why it needs no entry
(WITHOUT), or which other test looks for its entry (ELSEWHERE)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import select, update
from werkzeug.routing import Rule

from cases.models import Case, Person
from core import clock
from core.audit import AuditEntry
from core.db import db
from core.switches import forget, turn
from deliveries.models import Delivery
from deliveries.states import DeliveryState
from donations.tax.models import TaxRegistration
from organisers import permissions
from organisers.accounts.models import OfficeRole
from organisers.permissions import PERMISSIONS
from petitions.models import Petition, Recipient
from petitions.states import PetitionState
from tests.organisers.audit_forms import form_of
from tests.organisers.test_permissions import Asker, office_rules

TODAY, LATER = clock.now().date().isoformat(), (clock.now().date() + timedelta(days=30)).isoformat()
WHY, SEEN = {"reason": "Because."}, {"seen": "held"}
PERSON = {"name": "Jane Example", "role": "Member", "country": "IE", "email": "jane@parliament.example"}
LINES = {"name-1": "Ada Example", "country-1": "IE"}
LEVEL = {"title": "Lamp", "thanks": "Thank you.", "minimums": "EUR 10"}
# What is typed into a form beyond what its page shows; a form that needs nothing more stands in none of these tables.
FORMS: dict[str, dict[str, str]] = {
    "account": {"password": "a long sentence of her own", "again": "a long sentence of her own"},
    "answer_petition": {"answer": "Noted.", "answered_on": TODAY}, "begin_code_app": {"name": "phone"},
    "change_address": {"email": "new.address@example.org"}, "choose_licence": {"licence": "cc-by"},
    "colleague": {"role": "viewer", "cases": "1"}, "country_off": {"country": "AT"},
    "edit_patron_level": LEVEL, "new_patron_level": LEVEL,
    "enter_rate": {"against": "EUR", "rate": "1.0834", "rated_on": TODAY, "source": "A bank"},
    "export_books": {"format": "csv", "month": TODAY[:7]}, "export_tax_receipts": {"year": TODAY[:4]},
    "note_hand_over": {"handed_on": TODAY, "handed_how": "in_person"}, "note_reply": {"reply": "Noted.", "replied_on": TODAY},
    "refuse_delivery": WHY, "send_clerk_link": {"email": "clerk@example.org"}, "pass_on_corrections": {"last": "1"},
    "hold": WHY, "lift_hold": WHY, "refund": {**WHY, "confirmed": "yes"}, "start_invalidation": WHY,
    "take_back_offline_gift": WHY,
    "judge_comment": SEEN, "judge_wall_words": SEEN, "invite_colleague": {"role": "viewer", "email": "kim@example.org"},
    "more_paper": LINES, "new_paper": {**LINES, "label": "Stall"},
    "new_case": {"title": "Free them", "slug": "free-them", "country": "KZ", "lede": "L.", "story": "S.", "status": "draft"},
    "new_event": {"happened_on": TODAY, "title": "Heard", "kind": "trial"},
    "new_invalidation": {"country": "IE"}, "new_invitation": PERSON,
    "new_invitations": {"lines": "Jane Example; Member; A Group; IE; jane@parliament.example"},
    "new_offline_gift": {"amount": "25.00", "reference": "line 1", "means": "cash", "given_on": TODAY, "currency": "EUR"},
    "new_person": {"name": "Ada Example"}, "new_petition": {"title": "Let them go", "slug": "let-them-go"},
    "new_recipient": {"name": "B. Other", "role": "Minister", "country": "AT", **WHY}, "remove_recipient": WHY,
    "edit_recipient": WHY, "new_tax_registration": {
        "country": "IE", "legal_name": "O", "address": "A", "number": "1", "office": "Revenue", "wording": "W", "prefix": "N",
    },
    "new_update": {"subject": "News", "body": "Something."}, "open_consent": {}, "record_delivery": {"on": TODAY, "days": "90"},
    "record_consent": {"person": "", "basis": "person", "means": "writing", "given_on": "2020-05-06", "note": "Said so."},
    "rename_factor": {"name": "my phone"}, "reply_to_comment": {"reply": "Thank you."},
    "safety": {"endangers": "no", "agreed": "yes", "reprisals": "no", "note": "Asked."}, "search": {"email": "ada@example.org"},
    "set_domain_rule": {"domain": "example.net", "action": "hold", **WHY}, "set_review": {"review_on": LATER},
    "translate_petition": {"title": "T", "ask": "A", "letter": "L"}, "turn_switches": {"comments": "off"},
    "translate_case": {"title": "Frei"}, "translate_part": {"name": "Adа", "about": "So"}, "move_person": {},
    "win_petition": {"closing_lines": "They are free.", "won_on": TODAY}, "erase": {},
}  # fmt: skip
# Acts that change nothing, or nothing but one's own form or session; each with its reason.
WITHOUT = {
    "logout": "it ends one's own session; that one entered is noted, and `end_session` for another one's",
    "prove": "a factor that fits is noted as organiser.factor_given (test_factors); without one nothing happens",
    "prove_by_passkey": "as `prove`", "passkey_challenge": "a random number for one's own browser",
    "passkey_options": "a random number for one's own browser", "add_passkey": "organiser.factor_added (test_passkeys)",
    "preview": "shows one's own words as readers will see them, and stores nothing",
    "drop_kept_form": "drops what one had typed oneself",
    "check_cases": "shows one's own file, stores nothing; taking it in is noted",
    "check_petitions": "as `check_cases`", "check_paper_import": "as `check_cases`",
    "confirm_code_app": "organiser.factor_added, with a code that fits (test_factors)",
    "begin_code_app": "an app counts, and is noted, once its first code fits",
}  # fmt: skip
# What needs a world of its own to succeed: the entry, and the test file that looks for it after that act.
ELSEWHERE = {
    "act_on_invitation": ("invitation.", "organisers/test_invitations.py"),
    "approve_ticked": ("moderation.", "organisers/test_moderation_room.py"),
    "case_images": ("image.added", "organisers/test_images.py"),
    "import_cases": ("cases.imported", "organisers/drafts/test_drafts.py"),
    "import_petitions": ("cases.imported", "organisers/drafts/test_drafts.py"),
    "take_back_drafts": ("taken_back", "organisers/drafts/test_drafts.py"),
    "import_paper": ("paper.entered", "organisers/test_paper_import.py"),
    "run_paper_import": ("paper.entered", "organisers/test_paper_import.py"),
    "take_back_paper_line": ("paper.line_taken_back", "organisers/test_paper.py"),
    "judge_claim": ("moderation.", "organisers/test_claims.py"),
    "judge_held": ("held.", "organisers/test_held_undone.py"),
    "undo_held": ("held.undone", "organisers/test_held_undone.py"),
    "undo_last": ("moderation.", "organisers/test_moderation_room.py"),
    "mail_again": ("held.released", "organisers/test_held_undone.py"),
    "make_initials": ("person.made_initials", "organisers/test_initials.py"),
    "move_invitation": ("invitation", "organisers/test_invitations.py"),
    "new_import": ("import.", "organisers/imports/test_imports.py"),
    "understand_import": ("import.", "organisers/imports/test_imports.py"),
    "remove_imported_line": ("import.", "organisers/imports/test_imports.py"),
    "open_tax_receipt": ("tax_receipt.opened", "organisers/test_tax.py"),
    "reconcile_books": ("books", "donations/test_reconcile.py"),
    "recount": ("recount", "organisers/test_counting.py"),
    "new_delivery": ("delivery.asked", "organisers/test_deliveries.py"),
    "fetch_delivery": ("delivery.fetched", "organisers/test_deliveries.py"),
    "show_cover_code": ("delivery.code_shown", "organisers/test_deliveries.py"),
    "add_delivery_paper": ("delivery.paper_added", "deliveries/test_record.py"),
    "reply_as_answer": ("petition.answered", "deliveries/test_record.py"),
}
# Pages that show data of people beyond what everybody may read, and how the chain learns of it.
MASKED = "names and addresses are masked until `show_names`, which is noted, lifts that for ten minutes"
DISCLOSING: dict[str, str] = {
    **dict.fromkeys(("held", "invitation_list", "invalidation", "paper_batch"), MASKED),
    "signature_import": "the first lines are masked always",
    "search": "the form's POST is noted, and shows its result",
    "refused_lines": "numbers of lines and reasons, nothing of a person",
    "import_list": "files and counts",
    "paper": "batches and counts",
    "new_paper": "an empty form",
    "more_paper": "an empty form",
    "import_paper": "an empty form",
    "new_import": "an empty form",
    "new_invalidation": "an empty form",
    "new_invitation": "an empty form",
    "new_invitations": "an empty form",
    "new_offline_gift": "an empty form",
    "moderation_room": "words that their writers meant for everybody, under the name they chose; no address",
    "comment": "as moderation_room; the address needs `open_comment_address`, which is noted",
    "colleagues": "colleagues' addresses, for owners",
    "colleague": "as colleagues",
    "invite_colleague": "an empty form",
    "audit_chain": "the chain itself, for owners",
    "delivery_list": "recipients, who are officials, and counts",
    "delivery": "as delivery_list; fetching and its code are noted",
    "new_delivery": "an empty form; its preview masks the names of signatories",
}


def switch_samples(asker: Asker) -> None:
    turn(actor="cli", sampling=True)


def switch_country_off(asker: Asker) -> None:
    turn(actor="cli", countries_off=("KZ",))


def hold_it(asker: Asker) -> None:
    petition(asker).legal_hold = "A court"


def close_it(asker: Asker) -> None:
    petition(asker).state = PetitionState.CLOSED


def deliver_it(asker: Asker) -> None:
    petition(asker).state, petition(asker).delivered_at = PetitionState.DELIVERED, clock.now()


def register(asker: Asker) -> None:
    db.session.execute(update(TaxRegistration).values(retired_at=clock.now()))  # one stands a country
    mine = update(TaxRegistration).where(TaxRegistration.id == asker.own.values["registration_id"])
    db.session.execute(mine.values(retired_at=None))


def second_person(asker: Asker) -> None:
    case = db.session.get_one(Case, asker.own.case_id)
    case.people.append(Person(name="Ben Example", position=-1))


def let_it_wait(asker: Asker) -> None:
    mine = update(Delivery).where(Delivery.id == asker.own.values["delivery_id"])
    db.session.execute(mine.values(state=DeliveryState.WAITING, created_by=asker.own.values["organiser_id"]))


def second_recipient(asker: Asker) -> None:
    db.session.add(Recipient(petition_id=asker.own.values["petition_id"], name="B. Other", position=2))


def petition(asker: Asker) -> Petition:
    return db.session.get_one(Petition, asker.own.values["petition_id"])


# How things must stand before an act can succeed.
BEFORE: dict[str, Callable[[Asker], None]] = {
    "approve_sample": switch_samples, "country_on": switch_country_off, "lift_hold": hold_it, "record_delivery": close_it,
    "answer_petition": deliver_it, "win_petition": deliver_it, "retire_tax_registration": register,
    "move_person": second_person, "remove_recipient": second_recipient,
    **dict.fromkeys(("approve_delivery", "refuse_delivery", "cancel_delivery"), let_it_wait),
    "erase": close_it,
}  # fmt: skip


ERROR = re.compile(r'<li><a href="(#[^<]*)')


@dataclass
class Walk:
    asker: Asker

    def act(self, rule: Rule, name: str) -> str:
        """What was wrong about the act; '' where it succeeded and left an entry."""
        app = self.asker.app
        with app.app_context():
            if name in BEFORE:
                BEFORE[name](self.asker)
                db.session.commit()
            slug = petition(self.asker).slug
        forget()
        values = {key: value for key, value in self.asker.own.of(name).items() if key in rule.arguments}
        built = rule.build(values, append_unknown=False)
        assert built is not None
        path = built[1]
        shown = form_of(self.asker.office.client.get(path.removesuffix("/read")).text, path)
        typed = {"typed": slug} if name == "erase" else FORMS.get(name, {})
        before = self.entries()
        answer = self.asker.office.post(path, **{**shown, **typed, "csrf_token": self.asker.office.token()})
        if answer.status_code not in (200, 303):
            said = ERROR.findall(answer.text)
            return f"{name} did not succeed ({answer.status_code}): put a form that holds into FORMS. {said}"
        return "" if self.entries() > before else f"{name} succeeded ({answer.status_code}) and left no entry"

    def entries(self) -> int:
        with self.asker.app.app_context():
            return len(db.session.scalars(select(AuditEntry.id)).all())


def acting(app: Flask) -> list[tuple[str, Rule]]:
    found = {
        rule.endpoint.removeprefix("office."): rule for rule in office_rules(app) if "POST" in (rule.methods or ())
    }
    return sorted((name, rule) for name, rule in found.items() if name not in permissions.DOORS)


def test_every_act_of_the_office_leaves_an_entry(app: Flask) -> None:
    asker, wrong = Asker(app, OfficeRole.OWNER), []
    for name, rule in acting(app):
        if name in WITHOUT or name in ELSEWHERE:
            continue
        if fault := Walk(asker).act(rule, name):
            wrong.append(fault)
        else:
            asker.renew()
    assert not wrong, "\n".join(wrong)


def test_every_exception_is_one_of_a_route_and_its_entry_is_looked_for(apps: dict[str, Flask]) -> None:
    names = {name for name, _rule in acting(apps["sqlite"])}
    assert (WITHOUT.keys() | ELSEWHERE.keys() | FORMS.keys() | BEFORE.keys()) - names == set(), "there is no such route"
    assert not WITHOUT.keys() & ELSEWHERE.keys()
    tests = Path(__file__).parent.parent
    assert {name for name, (act, file) in ELSEWHERE.items() if act not in (tests / file).read_text()} == set()


def test_every_page_with_data_of_people_says_how_the_chain_learns_of_it(apps: dict[str, Flask]) -> None:
    shown = {
        rule.endpoint.removeprefix("office.") for rule in office_rules(apps["sqlite"]) if "GET" in (rule.methods or ())
    }
    personal = {name for name in shown if name in PERMISSIONS and PERMISSIONS[name].personal}
    assert personal == DISCLOSING.keys(), "say in DISCLOSING how the chain learns of what such a page shows"
