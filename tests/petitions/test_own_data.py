"""Everything that is stored, mailed as a file: complete by the schema, and to the address that signed."""

import json
import re
from datetime import timedelta
from typing import Any

import time_machine
from sqlalchemy import LargeBinary, select

from core import clock, job_names
from core.db import Base, db
from core.jobs import Job
from petitions.models import Signature, Submission
from petitions.own_page import data as own_page_data
from petitions.own_page.data import GIVEN, NOT_GIVEN
from tests.petitions.conftest import Campaign
from tests.petitions.own_pages import ask_for_link, letters, own_page, press

# What holds nothing about a signatory, and why; a new table fails until it stands here or in the file.
OTHERS = {
    "petition_versions": "published", "petition_translations": "published",
    "petitions": "published", "recipients": "published", "cases": "published",
    "people": "published", "events": "published", "case_consents": "of people held and who speaks for them",
    "gone_addresses": "hashes of addresses",
    "case_images": "published", "case_image_files": "published",
    "case_translations": "published", "person_translations": "published", "event_translations": "published",
    "donations": "of donors, who are told apart", "payments": "of donors",
    "invoice_payments": "of donors", "refunds": "of donors", "disputes": "of donors", "refund_requests": "of donors",
    "subscriptions": "of donors", "agreed_amounts": "of donors", "stripe_events": "of donors",
    "balance_transactions": "of donors", "payouts": "sums",
    "memberships": "of organisers", "office_sessions": "of organisers", "code_apps": "of organisers",
    "passkeys": "of organisers", "recovery_codes": "of organisers", "office_invitations": "of organisers",
    "email_changes": "of organisers", "kept_forms": "of organisers",
    "organisers": "of organisers", "roles": "of organisers",
    "organiser_roles": "of organisers", "login_links": "of organisers", "audit_entries": "what organisers did",
    "audit_heads": "what organisers did", "audit_checkpoints": "what organisers did", "page_counts": "sums",
    "tallies": "sums", "tally_changes": "sums of the next second",
    "milestones": "sums", "margins": "sums, rounded", "vault_keys": "public keys", "data_keys": "sealed keys, of many",
    "switches": "what organisers turned", "mail_hours": "sums", "signals": "of crowds", "domain_rules": "of domains",
    "invalidations": "conditions, never a person's row", "spent_proofs": "puzzles, without who solved them",
    "comments": "of people who write under a case, under no index of an address",
    "reports": "what visitors report, without who did", "moderation_acts": "what organisers did",
    "held_judgements": "which submissions organisers judged together, until it can be undone no more",
    "draft_imports": "of cases and petitions", "draft_import_rows": "of cases and petitions",
    "deliveries": "of officials", "delivery_files": "hashes of files that went out",
    "delivery_line_parts": "which row stands on which line of a list that went out",
    "delivery_corrections": "line numbers", "clerk_links": "of officials", "delivery_papers": "of officials",
    "samples": "of officials", "sample_questions": "who was asked, without a name, until it is answered",
    "log_chunks": "published", "log_checkpoints": "published", "log_waiting": "hashes, of many",
    "logged_lines": "hashes of the line that the file holds itself",
    "currency_rates": "of currencies", "offline_gifts": "of donors",
    "wall_entries": "of donors", "general_fund": "published", "patron_levels": "published", "patron_minimums": "published",
    "decline_waves": "sums", "fraud_warnings": "of donors",
    "donors": "of donors, who are told apart by a key of their own", "donor_links": "of donors", "fund_questions": "of donors",
    "tax_registrations": "of the organisation", "tax_counters": "sums", "tax_receipts": "of donors",
    "tax_receipt_lines": "of donors",
    "paper_batches": "what an organiser typed, by pile",
    "signature_imports": "what an organiser took over, by file", "import_parts": "files that wait a few days, sealed, of many",
    "import_refusals": "lines that stayed out, by their number",
    "site_checks": "of the site",
    "updates": "what organisers wrote", "update_counts": "sums",
}  # fmt: skip


def test_every_column_is_given_or_left_out_for_a_reason() -> None:
    assert GIVEN.keys() == NOT_GIVEN.keys()
    for model, given in GIVEN.items():
        columns = {column.key for column in model.__table__.columns}
        assert set(given) | set(NOT_GIVEN[model]) == columns, model.__name__
        assert not set(given) & set(NOT_GIVEN[model]) and all(NOT_GIVEN[model].values()), model.__name__


def test_every_table_is_in_the_file_or_about_somebody_else() -> None:
    told = {str(model.__tablename__) for model in GIVEN}  # type: ignore[attr-defined]
    undecided = {table.name for table in Base.metadata.sorted_tables} - told - OTHERS.keys()
    assert undecided == set(), "is it about a signatory? Then petitions/own_page/data.py must give it"


def test_no_table_is_named_that_is_no_more() -> None:
    assert OTHERS.keys() <= {table.name for table in Base.metadata.sorted_tables}


def test_no_table_of_others_holds_the_index_of_an_address() -> None:
    about = {table.name for table in Base.metadata.sorted_tables if "email_index" in table.columns}
    assert about & OTHERS.keys() == {"donors"}


def test_the_file_holds_what_was_typed_and_what_is_stored(campaign: Campaign) -> None:
    typed = {
        "name": "Zenobia Sentinel", "role": "Secretary", "affiliation": "Workers", "postal_code": "D02",
        "comment": "Çünkü", "updates": "y", "visibility": "public",
    }  # fmt: skip
    own = own_page(campaign, "zenobia@example.org", **typed)
    answer = press(campaign, own, "data")
    assert answer.status_code == 303 and "on its way" in campaign.client.get(answer.location).text
    campaign.work()
    letter = letters(campaign)[-1]
    assert letter.to == "zenobia@example.org" and list(letter.files) == ["signature.json"]
    file: dict[str, Any] = letter.files["signature.json"]
    with campaign.app.app_context():
        row, submission = db.session.scalars(select(Signature)).one(), db.session.scalars(select(Submission)).one()
    stored = file["signatures"][0]
    assert {key: stored["sealed"][key] for key in typed if key not in ("updates", "visibility")} == {
        key: value for key, value in typed.items() if key not in ("updates", "visibility")
    }
    assert (stored["sealed"]["updates"], stored["sealed"]["email"]) == (True, "zenobia@example.org")
    assert row.email_index is not None and stored["email_index"] == row.email_index.hex()
    assert stored["confirmed_at"] == row.confirmed_at.isoformat() and stored["public_name"] == "Zenobia Sentinel"
    assert [one["public_id"] for one in file["submissions"]] == [submission.public_id]
    assert {one["purpose"] for one in file["signature_tokens"]} == {"confirm", "withdraw", "disown", "manage"}
    assert {one["kind"] for one in file["jobs"]} >= {"mail", "petitions.confirmed"}
    assert [one["digest"] for one in file["consent_texts"]] == [row.consent_digest]
    assert "Release them." in file["consent_texts"][0]["text"]
    for model, columns in GIVEN.items():
        for told in file[str(model.__tablename__)]:  # type: ignore[attr-defined]
            assert set(told) - {"sealed"} == set(columns)


def test_the_file_holds_no_secret_that_could_act(campaign: Campaign) -> None:
    own = own_page(campaign)
    press(campaign, own, "data")
    campaign.work()
    text = json.dumps(letters(campaign)[-1].files["signature.json"])
    secrets = {secret for letter in letters(campaign) for secret in re.findall(r"/([\w-]{43})(?![\w-])", letter.text)}
    assert len(secrets) > 6 and not [secret for secret in secrets if secret in text]
    with campaign.app.app_context():
        for table in Base.metadata.sorted_tables:
            digests = [c for c in table.columns if isinstance(c.type, LargeBinary) and "digest" in c.name]
            for column in digests:
                assert not [one for one in db.session.scalars(select(column)) if one and one.hex() in text]


def test_before_confirming_the_file_holds_what_was_sent(campaign: Campaign) -> None:
    campaign.sign(name="Zenobia Sentinel")
    campaign.work()
    press(campaign, letters(campaign)[-1].own, "data")
    campaign.work()
    file = letters(campaign)[-1].files["signature.json"]
    assert file["signatures"] == [] and file["submissions"][0]["sealed"]["name"] == "Zenobia Sentinel"


def test_the_file_holds_nobody_elses_rows(campaign: Campaign) -> None:
    campaign.signed("eve@example.org", name="Eve Other")
    campaign.signed("fay@example.org", name="Fay Other")
    own = own_page(campaign)
    press(campaign, own, "data")
    campaign.work()
    text = json.dumps(letters(campaign)[-1].files["signature.json"])
    assert "Other" not in text and text.count('"email_index"') == 2


def test_the_file_names_every_job_that_was_promised_under_a_row_of_theirs(campaign: Campaign) -> None:
    signed = campaign.sign("slip@example.org", visibility="public")
    thanks = f"/petitions/{campaign.slug}/thanks"
    campaign.press(f"{thanks}/again", t=signed.location.partition("?t=")[2])
    campaign.press(f"{thanks}/address", t=signed.location.partition("?t=")[2], email="ada@example.org")
    campaign.work()
    campaign.work()
    campaign.press(campaign.mails("ada@example.org")[-1].links["confirm"])
    campaign.work()
    own = letters(campaign, "ada@example.org")[-1].own
    press(campaign, own, "name", name="Ada Right")
    press(campaign, own, "visibility", visibility="counted")
    ask_for_link(campaign)
    press(campaign, own, "links")
    campaign.work()
    press(campaign, letters(campaign)[-1].own, "data")
    campaign.work()
    told = {job["key"] for job in letters(campaign)[-1].files["signature.json"]["jobs"]}
    with campaign.app.app_context():
        row = db.session.scalars(select(Signature)).one()
        named = set(db.session.scalars(select(Job.key).where(Job.key.contains(row.public_id))))
        earlier = {f"then:{job}" for job in db.session.scalars(select(Job.public_id))}
    assert len(named) >= 10 and {key.partition(":")[0] for key in named} >= {"mail", "confirmed", "own", "journal"}
    assert named - told == {key for key in named if key.startswith("mail:own_data")}, (
        "the file's own mail comes after it"
    )
    assert told <= named and not told & earlier


def test_jobs_are_found_by_the_index_of_their_names(campaign: Campaign) -> None:
    own_page(campaign)
    with campaign.app.app_context():
        query = job_names.named(own_page_data.JOB_NAMES, db.session.scalars(select(Signature.public_id)).one())
        sql = str(query.compile(db.engine, compile_kwargs={"literal_binds": True}))
        with db.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # the table is small
                plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {sql}")]
            else:
                plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]
    ranges = [line for line in plan if "key>" in line or "Index Cond: (((key)::text >=" in line]
    assert len(ranges) == len(own_page_data.JOB_NAMES) and not [line for line in plan if "SCAN jobs" in line], plan


def test_the_file_is_mailed_once_an_hour(campaign: Campaign) -> None:
    own = own_page(campaign)
    with time_machine.travel(clock.to_hour(clock.now()) + timedelta(hours=1)):
        for _ in range(3):
            assert press(campaign, own, "data").status_code == 303
            campaign.work()
        assert len([letter for letter in letters(campaign) if letter.files]) == 1
    with time_machine.travel(clock.to_hour(clock.now()) + timedelta(hours=2)):
        press(campaign, own, "data")
        campaign.work()
        assert len([letter for letter in letters(campaign) if letter.files]) == 2
