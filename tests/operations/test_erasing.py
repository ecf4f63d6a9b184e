"""Erasing a petition: two steps in the office, everything personal gone, and no old backup brings it back."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from core import clock, rotation
from core.db import db
from core.jobs import Job
from core.vault import SITE, VaultKey, vault
from donations.models import Donation
from operations import key_rotation, retention_run
from petitions.abuse.models import Signal
from petitions.counting import tallies
from petitions.models import Petition, Signature, Submission
from petitions.persons import open_person
from petitions.states import PetitionState, SignalKind, SignatureState
from tests.operations.conftest import Elsewhere
from tests.operations.test_backup import both_ways, run
from tests.operations.test_doctor import findings
from tests.operations.test_keys import QUARTER, active, close, opened, scope_of, tend
from tests.organisers.conftest import enter
from tests.petitions.conftest import Campaign, make_campaign


def erase(campaign: Campaign) -> None:
    enter(campaign.app).saved(f"/office/petitions/{campaign.id}/erase", typed=campaign.slug)
    campaign.work()


def test_erasing_wants_the_petitions_address_typed(campaign: Campaign) -> None:
    campaign.signed()
    office, path = enter(campaign.app), f"/office/petitions/{campaign.id}/erase"
    assert campaign.slug in office.get(path)
    for typed in ("", "erase", campaign.slug.upper()):
        answer = office.post(path, typed=typed)
        assert answer.status_code == 422 and "There is a problem" in answer.text
    assert opened(campaign)
    assert office.saved(path, typed=f" {campaign.slug} ").endswith("/retention")
    assert ("petition.erased", campaign.slug) in office.acts()
    assert "is being erased" in office.get(f"/office/petitions/{campaign.id}/retention")
    assert office.post(path, typed=campaign.slug).status_code == 422, "twice is once"


def test_everything_goes_and_the_number_stays(campaign: Campaign) -> None:
    campaign.signed("ada@example.org", name="Ada Erased", visibility="public")
    campaign.sign("bob@example.org")
    campaign.work()
    old = active(campaign.app, scope_of(campaign))
    erase(campaign)
    with campaign.app.app_context():
        [row] = db.session.scalars(select(Signature)).all()
        assert row.blob is row.email_index is row.public_name is row.key_id is None
        assert row.state == SignatureState.VALID and row.cleared_at
        for sent in db.session.scalars(select(Submission)):
            assert sent.blob is sent.email_index is sent.code_digest is None
        assert rotation.named_in(old) == [] and not vault().keystore.holds(old)
        assert rotation.active(db.session.get_one(Petition, campaign.id).scope) is None
        assert db.session.scalar(select(func.count()).where(Job.kind == "mail", Job.blob.is_not(None))) == 0
        assert tallies.drift() == {}
        public_id = db.session.get_one(Petition, campaign.id).public_id
        assert ("petition-erased", public_id) in list(vault().keystore.read_journal())
    assert campaign.mails() == [] and campaign.count() == 1
    page = campaign.client.get(f"/petitions/{campaign.slug}")
    assert page.status_code == 200 and "Ada Erased" not in page.text
    assert campaign.sign("cyd@example.org").status_code == 409


def test_the_marks_by_which_a_wave_was_told_go_too(campaign: Campaign) -> None:
    other = make_campaign(campaign.app)
    mark = {"kind": SignalKind.ALIAS_RATE, "value": "mark-of-a-family", "first_at": clock.now(), "last_at": clock.now()}
    with campaign.app.app_context():
        for number, one in enumerate((campaign, other)):
            db.session.add(Signal(petition_id=one.id, cluster_id=f"c{number}", submissions=9, expected=1.0, **mark))
        db.session.commit()
    erase(campaign)
    with campaign.app.app_context():
        assert db.session.scalars(select(Signal.value).order_by(Signal.id)).all() == ["", "mark-of-a-family"]


def test_another_petition_keeps_its_people_and_its_mails(campaign: Campaign) -> None:
    other = make_campaign(campaign.app)
    campaign.signed("ada@example.org")
    other.signed("bob@example.org")
    erase(campaign)
    assert opened(other) == ["bob@example.org"] and other.count() == 1
    assert {mail.to for mail in other.mails()} == {"bob@example.org"}


def test_a_legal_hold_forbids_it(campaign: Campaign) -> None:
    campaign.signed()
    office, path = enter(campaign.app), f"/office/petitions/{campaign.id}"
    office.saved(f"{path}/hold", reason="A court demands it")
    answer = office.post(f"{path}/erase", typed=campaign.slug)
    assert answer.status_code == 422 and "lift it first" in answer.text
    office.saved(f"{path}/hold/lift", reason="The court has closed the case")
    office.saved(f"{path}/erase", typed=campaign.slug)
    assert [act for act, _ in office.acts()][-3:] == ["hold.set", "hold.lifted", "petition.erased"]


@pytest.mark.parametrize("times", [1, 2, 3, 5])
def test_an_erasure_that_is_killed_goes_on(campaign: Campaign, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    for number in range(3):
        campaign.signed(f"p{number}@example.org", visibility="public")
    enter(campaign.app).saved(f"/office/petitions/{campaign.id}/erase", typed=campaign.slug)
    with monkeypatch.context() as patch, campaign.app.app_context():
        left, commit = iter(range(times - 1)), db.session.commit

        def killed() -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt
            commit()

        patch.setattr(db.session, "commit", killed)
        with pytest.raises(KeyboardInterrupt):
            key_rotation.tend(clock.now())
        db.session.rollback()
    campaign.work()
    assert opened(campaign) == [] and campaign.count() == 3
    with campaign.app.app_context():
        assert db.session.scalar(select(func.count()).where(Signature.public_name.is_not(None))) == 0


@both_ways
def test_an_old_backup_brings_nobody_of_an_erased_petition_back(
    app: Flask, campaign: Campaign, elsewhere: Elsewhere, target: str, tmp_path: Path
) -> None:
    campaign.signed("ada@example.org", name="Ada Erased", visibility="public")
    campaign.sign("bob@example.org")
    campaign.work()
    other_petition = make_campaign(app)
    other_petition.signed("cyd@example.org")
    file = tmp_path / "site.tar.gz"
    run(app, "backup", str(file))
    erase(campaign)
    other = elsewhere(target)
    result = run(other, "restore", str(file))
    assert result.exit_code == 0, result.output
    restored = Campaign(other, campaign.id, campaign.slug)
    assert restored.client.get(f"/petitions/{campaign.slug}").status_code == 200
    assert restored.sign("new@example.org").status_code == 409
    with other.app_context():
        assert db.session.get_one(Petition, campaign.id).erased_at
        [row] = db.session.scalars(select(Signature).where(Signature.petition_id == campaign.id)).all()
        assert row.blob is row.email_index is row.public_name is None and row.state == SignatureState.VALID
        assert tallies.drift() == {} and tallies.total(campaign.id) == 1
        kept = db.session.scalars(select(Signature).where(Signature.petition_id == other_petition.id)).one()
        assert open_person(db.session.get_one(Petition, other_petition.id), kept)["email"] == "cyd@example.org"


@both_ways
def test_a_backup_from_before_a_rotation_gives_numbers_and_a_site_that_goes_on(
    app: Flask, campaign: Campaign, elsewhere: Elsewhere, target: str, tmp_path: Path
) -> None:
    campaign.signed("ada@example.org", name="Ada Public", visibility="public")
    campaign.sign("bob@example.org")
    campaign.work()
    file = tmp_path / "site.tar.gz"
    run(app, "backup", str(file))
    run(app, "keys", "rotate", "--all")
    tend(app, QUARTER)
    other = elsewhere(target)
    result = run(other, "restore", str(file))
    assert result.exit_code == 0, result.output
    restored = Campaign(other, campaign.id, campaign.slug)
    assert opened(restored) == [] and restored.count() == 1
    with other.app_context():
        [row] = db.session.scalars(select(Signature)).all()
        assert row.public_name == "Ada Public" and row.email_index, "the index key went on with the new pair"
        assert all(rotation.active(scope) for scope in (SITE, scope_of(restored)))
    assert findings(other)[1]["vault keys"]["level"] == "ok"
    restored.sign("ada@example.org")
    restored.work()
    assert "confirm" not in restored.mails("ada@example.org")[-1].links, "nobody signs twice after a restore"
    restored.signed("cyd@example.org")
    assert restored.count() == 2 and opened(restored)


@both_ways
def test_a_backup_from_before_the_clocks_brings_no_name_back(
    app: Flask, campaign: Campaign, elsewhere: Elsewhere, target: str, tmp_path: Path
) -> None:
    campaign.signed("ada@example.org", name="Ada Public", visibility="public")
    mail = campaign.signed("bob@example.org", updates="y")
    file = tmp_path / "site.tar.gz"
    run(app, "backup", str(file))
    campaign.press(mail.links["withdraw"])
    campaign.work()
    close(campaign)
    with app.app_context():
        db.session.execute(update(Petition).values(state=PetitionState.DELIVERED, delivered_at=clock.now()))
        db.session.commit()
        retention_run.run(clock.now() + timedelta(days=100))
    other = elsewhere(target)
    assert run(other, "restore", str(file)).exit_code == 0
    with other.app_context():
        rows = db.session.scalars(select(Signature).order_by(Signature.id)).all()
        assert [row.state for row in rows] == [SignatureState.VALID, SignatureState.WITHDRAWN]
        for row in rows:
            assert row.blob is row.email_index is row.public_name is None
        assert set(db.session.scalars(select(Submission.email_index))) == {None}, "the index key is a new one"
        assert tallies.drift() == {}


def test_donors_and_waiting_mails_of_a_lost_site_key_are_emptied_not_broken(
    app: Flask, campaign: Campaign, tmp_path: Path
) -> None:
    campaign.sign("ada@example.org")
    campaign.work()
    with app.app_context():
        vault().prepare(SITE)
        box = vault().seal(SITE, "undersigned/donation/v1", "d" * 22, {"name": "Dora"})
        names = {"key_id": box.key_id, "data_key_id": box.data_key_id, "blob": box.blob}
        db.session.add(Donation(public_id="d" * 22, amount=500, currency="EUR", frequency="once", **names))
        db.session.commit()
    file = tmp_path / "site.tar.gz"
    run(app, "backup", str(file))
    run(app, "keys", "rotate", "--site")
    tend(app, QUARTER)
    assert run(app, "restore", str(file), "--force").exit_code == 0
    with app.app_context():
        donation = db.session.scalars(select(Donation)).one()
        assert donation.blob is None and donation.amount == 500
        tonight = "donations.reconcile"  # promised for the night that comes
        states = set(db.session.scalars(select(Job.state).where(Job.kind != tonight)))
        assert states == {"done"}, "jobs that had nothing sealed are as they were"
        assert len(db.session.scalars(select(VaultKey).where(VaultKey.scope == SITE)).all()) == 2
    campaign.signed("bob@example.org")
