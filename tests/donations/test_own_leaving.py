"""A donor who leaves: what goes, what stays, what Stripe is asked to forget; and the file of all that is stored."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import LargeBinary, select

from core import clock
from core.db import Base, db
from core.jobs import Job
from donations.models import Donation
from donations.own_page import data as own_data
from donations.own_page import keeping
from donations.own_page.data import GIVEN, NOT_GIVEN
from donations.own_page.models import Donor
from donations.subscriptions.models import Subscription
from tests.donations.conftest import DONOR, World, sibling
from tests.donations.events import completed, invoice_paid, refund, send
from tests.donations.own_pages import Visitor, donation
from tests.donations.stripe_account import Account
from tests.donations.test_own_page import account as account
from tests.donations.test_own_page import count, given
from tests.donations.test_own_page import visitor as visitor

# What holds nothing about a donor, and why; a new table fails until it stands here or in the file.
OTHERS = {
    "petition_versions": "published", "petition_translations": "published",
    "petitions": "published", "recipients": "published", "cases": "published", "people": "published", "events": "published",
    "case_consents": "of people held and who speaks for them", "gone_addresses": "hashes of addresses",
    "case_images": "published", "case_image_files": "published",
    "case_translations": "published", "person_translations": "published", "event_translations": "published",
    "general_fund": "published", "patron_levels": "published", "patron_minimums": "published",
    "submissions": "of signatories", "signatures": "of signatories", "signature_tokens": "of signatories",
    "consent_texts": "of signatories", "suppressions": "of signatories", "invitations": "of signatories",
    "signals": "of crowds", "domain_rules": "of domains", "invalidations": "of signatories", "paper_batches": "of signatories",
    "comments": "of people who write under a case", "reports": "what visitors report, without who did",
    "moderation_acts": "what organisers did", "held_judgements": "what organisers did",
    "deliveries": "of officials", "delivery_files": "of officials", "delivery_line_parts": "of signatories",
    "delivery_corrections": "of signatories", "clerk_links": "of officials", "delivery_papers": "of officials",
    "samples": "of officials", "sample_questions": "of signatories", "log_chunks": "published",
    "log_checkpoints": "published", "log_waiting": "hashes", "logged_lines": "of signatories",
    "draft_imports": "of cases and petitions", "draft_import_rows": "of cases and petitions",
    "signature_imports": "of signatories", "import_parts": "of signatories", "import_refusals": "of signatories",
    "site_checks": "of the site",
    "tallies": "sums", "tally_changes": "sums", "milestones": "sums", "margins": "sums", "mail_hours": "sums",
    "memberships": "of organisers", "office_sessions": "of organisers", "code_apps": "of organisers",
    "passkeys": "of organisers", "recovery_codes": "of organisers", "office_invitations": "of organisers",
    "email_changes": "of organisers", "kept_forms": "of organisers",
    "organisers": "of organisers", "roles": "of organisers", "organiser_roles": "of organisers",
    "login_links": "of organisers", "audit_entries": "what organisers did", "audit_heads": "what organisers did",
    "audit_checkpoints": "what organisers did", "page_counts": "sums",
    "vault_keys": "public keys", "data_keys": "sealed keys, of many", "switches": "what organisers turned",
    "spent_proofs": "puzzles, without who solved them", "currency_rates": "of currencies",
    "offline_gifts": "given outside the site: their donors write to the treasurer, who entered them",
    "stripe_events": "that Stripe told us something, by its number", "balance_transactions": "Stripe's account",
    "payouts": "sums", "decline_waves": "sums", "tax_registrations": "of the organisation", "tax_counters": "sums",
    "updates": "what organisers wrote", "update_counts": "sums",
    "update_marks": "a hash that nobody finds without the address, for a week",
    "mail_bounces": "a hash that nobody finds without the address, for a year",
}  # fmt: skip
ASKED = {"jobs"}  # in the file by what they are called, without what they hold
TAG = "Zenobia Sentinel"


def test_every_column_is_given_or_left_out_for_a_reason() -> None:
    assert GIVEN.keys() == NOT_GIVEN.keys()
    for model, given_columns in GIVEN.items():
        columns = {column.key for column in model.__table__.columns}
        assert set(given_columns) | set(NOT_GIVEN[model]) == columns, model.__name__
        assert not set(given_columns) & set(NOT_GIVEN[model]) and all(NOT_GIVEN[model].values()), model.__name__


def test_every_table_is_in_the_file_or_about_somebody_else() -> None:
    told = {str(model.__tablename__) for model in GIVEN}  # type: ignore[attr-defined]
    undecided = {table.name for table in Base.metadata.sorted_tables} - told - OTHERS.keys() - ASKED
    assert undecided == set(), "is it about a donor? Then donations/own_page/data.py must give it"
    assert not told & OTHERS.keys()


def test_the_file_holds_what_was_typed_and_what_is_stored(world: World, visitor: Visitor) -> None:
    gift = given(world, 2500, frequency="monthly")
    assert send(world.app.test_client(), refund(gift, 500)).status_code == 200
    own = visitor.own()
    visitor.press(own, "postal", name=TAG, street="1 Quay", postal_code="", place="Dublin", country="IE")
    world.work()
    assert visitor.press(own, "data").status_code == 303 and visitor.press(own, "data").status_code == 303
    mails = [mail for mail in world.mails_to(DONOR) if mail["Subject"] == "The file that you asked for"]
    assert len(mails) == 1
    attached = next(mails[0].iter_attachments())
    assert attached.get_filename() == "gifts.json"
    file = json.loads(attached.get_content())
    assert file["donors"][0]["sealed"] == {
        "name": TAG, "email": DONOR, "postal": {"street": "1 Quay", "postal_code": "", "place": "Dublin", "country": "IE"},
    }  # fmt: skip
    assert file["donations"][0]["sealed"]["name"] == "Dana Donor" and file["payments"][0]["amount"] == 2500
    assert file["subscriptions"][0]["id"] == f"sub_{gift.public_id}" and file["donor_links"]
    for model, columns in GIVEN.items():
        for told in file[str(model.__tablename__)]:  # type: ignore[attr-defined]
            assert set(columns) == told.keys() - {"sealed"}, model.__name__


def test_every_job_that_names_a_donors_number_is_in_the_file(world: World, visitor: Visitor) -> None:
    gift = given(world, frequency="monthly")
    own = visitor.own()
    visitor.press_on(own, gift.public_id, "pause", months="1")
    for act, fields in (("email", {"email": "second@example.org"}), ("unlist", {}), ("data", {}), ("links", {})):
        visitor.press(own, act, **fields)
    world.work()
    with world.app.app_context():
        donor = db.session.scalars(select(Donor)).one()
        marks = (donor.public_id, gift.public_id)
        named = {job.key for job in db.session.scalars(select(Job)) if any(mark in (job.key or "") for mark in marks)}
        file = own_data.collect(donor, {"email": DONOR})
    assert named and named <= {job["key"] for job in file["jobs"]}


def test_who_erases_stops_giving_and_is_named_nowhere(account: Account) -> None:
    world = account.stand.world
    gift, once = account.given(1000, frequency="monthly"), account.given(2500)
    visitor = Visitor(world)
    own = visitor.own()
    visitor.press(own, "postal", name=TAG, street="1 Quay", postal_code="", place="Dublin", country="IE")
    world.work()
    before = world.raised(once), world.raised(gift)
    assert visitor.press(own, "erase").location.endswith("/mail/erased")
    assert visitor.client.get(own).status_code == 404
    world.work()
    account.stand.deliver()
    world.work()
    assert visitor.subjects()[-1] == visitor.subjects()[3] == "Your data were deleted"
    with world.app.app_context():
        donor = db.session.scalars(select(Donor)).one()
        assert (donor.blob, donor.email_index, donor.postal_at) == (None, None, None) and donor.erased_at
        for row in db.session.scalars(select(Donation)):
            assert (row.blob, row.form_key, row.cancel_token, row.session_url, row.show_name) == (
                None,
                None,
                "",
                None,
                False,
            )
        subscription = db.session.scalars(select(Subscription)).one()
        assert subscription.status == "canceled"
        assert not [job for job in db.session.scalars(select(Job).where(Job.blob.is_not(None)))]
        customer = subscription.customer_id
    assert (world.raised(once), world.raised(gift)) == before
    assert account.ask(lambda v1: v1.customers.retrieve(customer))["deleted"] is True
    visitor.ask_for_link()
    assert visitor.subjects()[-1] == "Your data were deleted"


def test_stripe_is_asked_again_to_forget_until_it_answers(account: Account) -> None:
    world = account.stand.world
    account.given(1000, frequency="monthly")
    own = Visitor(world).own()
    Visitor(world).press(own, "erase")
    World(sibling(world.app, STRIPE_API_BASE="http://127.0.0.1:9")).work()
    waiting = (Job.kind == "donations.forget_customer", Job.state == "queued")
    assert count(world, Job, *waiting) == 1
    with world.app.app_context():
        db.session.execute(db.update(Job).where(Job.state == "queued").values(run_at=Job.created_at))
        db.session.commit()
    world.work()
    assert count(world, Job, *waiting) == 0


def test_a_gift_after_erasing_is_a_new_donors(world: World, visitor: Visitor) -> None:
    given(world)
    visitor.press(visitor.own(), "erase")
    world.work()
    given(world, 4000)
    page = visitor.page(visitor.own())
    assert "€40" in page and "€25" not in page and count(world, Donor) == 2


def test_late_news_of_an_erased_gift_is_counted_and_writes_to_nobody(world: World, visitor: Visitor) -> None:
    gift = given(world)
    visitor.press(visitor.own(), "erase")
    mails = len(world.mails_to(DONOR))
    late = world.gift(1000)
    assert send(world.app.test_client(), refund(gift, 500)).status_code == 200
    assert send(world.app.test_client(), completed(late)).status_code == 200
    assert world.raised(gift) == {"EUR": 2000}
    assert len(world.mails_to(DONOR)) == mails + 1  # the new gift's receipt


def test_a_name_is_taken_off_the_wall_at_once(world: World, visitor: Visitor) -> None:
    gift = given(world)
    with world.app.app_context():
        db.session.execute(db.update(Donation).values(show_name=True))
        db.session.commit()
    world.work()
    assert "Dana Donor" in visitor.client.get(f"/donate/{gift.slug}").text
    own = visitor.own()
    assert "Take my name down" in visitor.page(own)
    assert visitor.press(own, "unlist").status_code == 303
    assert "Dana Donor" not in visitor.client.get(f"/donate/{gift.slug}?currency=EUR").text
    assert "Take my name down" not in visitor.page(own)


@pytest.fixture
def back_in_time(world: World, tmp_path: Path) -> Callable[[Callable[[], object]], None]:
    """Makes a backup, does something, lets the worker journal it, and restores the backup over it."""

    def run(*arguments: str) -> None:
        result = world.app.test_cli_runner().invoke(args=list(arguments))
        assert result.exit_code == 0, result.output

    def go(act: Callable[[], object]) -> None:
        file = str(tmp_path / "site.tar.gz")
        run("backup", file)
        act()
        world.work()
        run("restore", file, "--force")

    return go


def test_an_old_backup_brings_no_erased_donor_back(world: World, visitor: Visitor, back_in_time: Any) -> None:
    gift, other = given(world), given(world, 1000)
    own = visitor.own()
    back_in_time(lambda: visitor.press(own, "erase"))
    assert donation(world, gift.public_id).blob is donation(world, other.public_id).blob is None
    assert count(world, Donor, Donor.blob.is_not(None)) == 0 and visitor.client.get(own).status_code == 404


def test_an_old_backup_shows_no_name_that_was_taken_down(world: World, visitor: Visitor, back_in_time: Any) -> None:
    gift = given(world)
    with world.app.app_context():
        db.session.execute(db.update(Donation).values(show_name=True))
        db.session.commit()
    own = visitor.own()
    back_in_time(lambda: visitor.press(own, "unlist"))
    assert donation(world, gift.public_id).show_name is False and donation(world, gift.public_id).blob


def test_an_old_backup_opens_no_ended_link(world: World, visitor: Visitor, back_in_time: Any) -> None:
    given(world)
    own = visitor.own()
    back_in_time(lambda: visitor.press(own, "links"))
    assert visitor.client.get(own).status_code == 404
    visitor.ask_for_link()  # the one that was mailed instead is not in the backup
    assert visitor.client.get(visitor.own()).status_code == 200


def test_what_names_a_donor_is_sealed_in_every_table(world: World, visitor: Visitor) -> None:
    """The database as a thief reads it."""
    given(world, frequency="monthly")
    visitor.press(visitor.own(), "postal", name=TAG, street="1 Quay", postal_code="", place="Dublin", country="IE")
    visitor.press(visitor.own(), "email", email="second@example.org")
    world.work()
    with world.app.app_context():
        for table in Base.metadata.sorted_tables:
            for row in db.session.execute(select(table)):
                clear = [
                    value
                    for column, value in zip(table.columns, row, strict=True)
                    if not isinstance(column.type, LargeBinary)
                ]
                for secret in (TAG, DONOR, "1 Quay", "second@example.org", "Dana Donor"):
                    assert secret not in str(clear), table.name


def test_a_form_whose_payment_page_was_left_is_emptied_after_thirty_days(world: World, visitor: Visitor) -> None:
    left, paid = world.gift(), given(world)
    world.work()
    with time_machine.travel(clock.now() + timedelta(days=29)):
        retain(world)
        assert donation(world, left.public_id).blob
    with time_machine.travel(clock.now() + timedelta(days=31)):
        retain(world)
    assert donation(world, left.public_id).blob is None and donation(world, paid.public_id).blob


def test_money_that_comes_after_all_keeps_its_donor(world: World) -> None:
    """A payment is known, though nobody told of its session's end."""
    gift = world.gift(frequency="monthly")
    assert send(world.app.test_client(), invoice_paid(gift)).status_code == 200
    with time_machine.travel(clock.now() + timedelta(days=40)):
        retain(world)
    assert donation(world, gift.public_id).blob


def test_ten_years_after_the_last_payment_a_donor_is_forgotten(world: World, visitor: Visitor) -> None:
    with time_machine.travel("2026-06-01 12:00Z"):
        gift = given(world)
        world.work()
    for year, stands in (("2036-12-31", True), ("2037-01-01", False)):
        with time_machine.travel(f"{year} 12:00Z"):
            retain(world)
            assert (donation(world, gift.public_id).blob is not None) is stands
    assert count(world, Donor, Donor.blob.is_not(None)) == 0 and world.raised(gift) == {"EUR": 2500}


def test_who_still_gives_is_not_forgotten(world: World) -> None:
    with time_machine.travel("2026-06-01 12:00Z"):
        gift = given(world, frequency="monthly")
        world.work()
    with time_machine.travel("2037-01-01 12:00Z"):
        retain(world)
    assert donation(world, gift.public_id).blob


def retain(world: World) -> None:
    with world.app.app_context():
        keeping.run(clock.now())
