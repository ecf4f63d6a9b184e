"""Withdrawing and disowning: one press, everything gone, the number follows."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from core import clock
from core.db import db
from core.jobs import Job
from petitions import confirmation_services, signature_services
from petitions.models import Signature, Submission, Suppression
from petitions.states import SignatureState, SubmissionState
from tests.conftest import files_with
from tests.petitions.conftest import Campaign


def test_withdrawing_empties_the_rows_and_lowers_the_number_once(campaign: Campaign) -> None:
    campaign.signed("ada@example.org", visibility="public")
    withdraw = campaign.mails("ada@example.org")[-1].links["withdraw"]
    assert campaign.client.get(withdraw).status_code == 200 and campaign.count() == 1
    for _ in range(3):
        answer = campaign.press(withdraw)
        assert answer.status_code == 303
        assert "deleted" in campaign.client.get(answer.headers["Location"]).text
    assert campaign.count() == campaign.valid() == 0
    with campaign.app.app_context():
        signature, submission = (
            db.session.scalars(select(Signature)).one(),
            db.session.scalars(select(Submission)).one(),
        )
    assert (signature.state, signature.exit_reason) == (SignatureState.WITHDRAWN, "withdrawn")
    assert signature.blob is None and signature.email_index is None and signature.public_name is None
    assert submission.blob is None and submission.email_index is None
    assert "Ada Example" not in campaign.client.get(f"/petitions/{campaign.slug}/signatories").text


def test_who_withdrew_may_sign_afresh_but_an_old_link_does_not_sign_again(campaign: Campaign) -> None:
    campaign.sign("ada@example.org")
    old = campaign.signed("ada@example.org")
    waiting = campaign.mails("ada@example.org")[0].links["confirm"]
    campaign.press(campaign.mails("ada@example.org")[-1].links["withdraw"])
    campaign.press(old.links["confirm"])
    campaign.press(waiting)
    assert campaign.count() == 0
    campaign.signed("ada@example.org")
    assert campaign.count() == 1


def test_withdrawing_before_confirming_ends_the_link(campaign: Campaign) -> None:
    campaign.sign()
    campaign.work()
    links = campaign.mails()[0].links
    campaign.press(links["withdraw"])
    campaign.press(links["confirm"])
    assert campaign.count() == 0
    assert campaign.submissions()[0].state == SubmissionState.EXPIRED


def test_disowning_silences_the_address_for_this_petition(campaign: Campaign) -> None:
    campaign.signed("ada@example.org")
    answer = campaign.press(campaign.mails("ada@example.org")[-1].links["disown"])
    assert answer.status_code == 303 and campaign.count() == 0
    before = len(campaign.mails())
    assert campaign.sign("ada@example.org").status_code == 303
    campaign.work()
    assert len(campaign.mails()) == before
    with campaign.app.app_context():
        assert db.session.scalars(select(Suppression)).one().petition_id == campaign.id
        assert db.session.scalars(select(Signature.exit_reason)).one() == "disowned"


def test_every_leaving_is_journalled_beside_the_keystore_and_can_be_replayed(campaign: Campaign) -> None:
    campaign.signed("ada@example.org")
    with campaign.app.app_context():
        public_id = db.session.scalars(select(Signature.public_id)).one()
        before = list(campaign.app.extensions["vault"].keystore.read_journal())
    campaign.press(campaign.mails("ada@example.org")[-1].links["withdraw"])
    campaign.work()
    journal = list(campaign.app.extensions["vault"].keystore.read_journal())
    assert ("withdrawn", public_id) in journal and ("withdrawn", public_id) not in before
    assert "ada" not in repr(journal)


def test_replaying_a_journal_takes_a_restored_signature_out_again(campaign: Campaign) -> None:
    campaign.signed("ada@example.org")
    with campaign.app.app_context():
        public_id = db.session.scalars(select(Signature.public_id)).one()
        for _ in range(2):
            signature_services.replay("disowned", public_id)
        signature_services.replay("withdrawn", "unknown-id")
        signature_services.replay("erased-donor", public_id)
        db.session.commit()
        assert db.session.scalars(select(Suppression)).one()
    assert campaign.count() == campaign.valid() == 0


def test_the_links_of_a_mail_that_is_done_with_do_not_claim_that_a_newer_signature_is_gone(campaign: Campaign) -> None:
    old = campaign.signed("ada@example.org").links
    campaign.press(old["withdraw"])
    campaign.signed("ada@example.org", visibility="public")
    for act in ("withdraw", "disown"):
        shown = campaign.client.get(old[act]).text
        assert "<button" not in shown and "not write to it again" not in shown and "newest mail" in shown
        done = campaign.client.get(campaign.press(old[act]).headers["Location"]).text
        assert "not on this petition" not in done and "newest mail" in done
    assert campaign.count() == 1


def test_a_withdrawn_name_is_in_no_file_of_sqlite(campaign: Campaign) -> None:
    name, data = "Zenobia Sentinel", campaign.app.config["UNDERSIGNED"].data

    def named() -> list[str]:
        return [file for file in files_with(name, data) if file.startswith("undersigned.sqlite3")]

    campaign.signed("ada@example.org", name=name, visibility="public")
    with campaign.app.app_context():
        assert named() or db.engine.dialect.name != "sqlite"
    campaign.press(campaign.mails("ada@example.org")[-1].links["withdraw"])
    campaign.work()
    assert named() == []


@pytest.mark.parametrize("end", ["withdrawn", "expired"])
def test_a_mail_that_never_left_keeps_no_address_of_who_left(campaign: Campaign, end: str) -> None:
    campaign.sign("ada@example.org")
    campaign.work()
    link = campaign.mails()[0].links["withdraw"]
    with campaign.app.app_context():
        job = db.session.scalars(select(Job).where(Job.kind == "mail")).one()
        job.state, job.blob = "dead", b"sealed name and address"  # as after twelve refusals of a mail server
        db.session.execute(update(Submission).values(expires_at=clock.now() - timedelta(seconds=1)))
        db.session.commit()
        if end == "expired":
            confirmation_services.expire()
    if end == "withdrawn":
        campaign.press(link)
    assert campaign.fresh(select(func.count()).where(Job.kind == "mail", Job.blob.is_not(None))) == 0
