"""Retention: each clock deletes what it says when it says so, never lowers a number, and a hold stops its own petition only."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from core import clock, rotation
from core.db import db
from core.jobs import Job
from core.spreadsheets.xlsx import write_xlsx
from core.vault import VaultKey
from operations import retention_run
from petitions import confirmation_services, deadlines, list_services, services
from petitions.counting import tallies
from petitions.invitations.models import Invitation
from petitions.keeping import clearing, holds
from petitions.keeping import rotation as petition_rotation
from petitions.models import Petition, Signature, Submission, Suppression
from petitions.persons import open_person
from petitions.states import InvitationKind, InvitationState, PetitionState, SignatureState, SubmissionState
from tests.petitions.conftest import Campaign
from tests.petitions.test_lost_key import lost_key

DAY = timedelta(days=1)
MakeCampaign = Callable[..., Campaign]


def run(campaign: Campaign, after: timedelta = timedelta(0)) -> dict[str, int]:
    """Retention as at a later moment; what it emptied."""
    with campaign.app.app_context():
        return dict(retention_run.run(clock.now() + after).emptied)


def end(campaign: Campaign, *, delivered: bool = True, **values: Any) -> None:
    """Closes the petition and, unless told, notes its delivery."""
    closed = {"state": PetitionState.DELIVERED if delivered else PetitionState.CLOSED, "closes_at": clock.now()}
    with campaign.app.app_context():
        given = {**closed, **({"delivered_at": clock.now()} if delivered else {}), **values}
        db.session.execute(update(Petition).where(Petition.id == campaign.id).values(given))
        db.session.commit()


def rows(campaign: Campaign) -> list[Signature]:
    with campaign.app.app_context():
        theirs = select(Signature).where(Signature.petition_id == campaign.id).order_by(Signature.id)
        return list(db.session.scalars(theirs))


def names(campaign: Campaign) -> list[str]:
    """Whose name can still be opened."""
    with campaign.app.app_context():
        petition = db.session.get_one(Petition, campaign.id)
        theirs = select(Signature).where(Signature.petition_id == campaign.id, Signature.blob.is_not(None))
        return [open_person(petition, row)["name"] for row in db.session.scalars(theirs.order_by(Signature.id))]


def test_what_nobody_confirmed_goes_after_three_weeks_and_not_a_day_before(campaign: Campaign) -> None:
    campaign.sign()
    campaign.work()
    run(campaign, 20 * DAY)
    assert campaign.submissions()[0].blob is not None
    assert run(campaign, 22 * DAY)["unconfirmed"] == 1
    [submission] = campaign.submissions()
    assert (submission.state, submission.blob, submission.email_index) == (SubmissionState.EXPIRED, None, None)


def test_who_is_only_counted_loses_name_and_address_a_week_after_confirming(campaign: Campaign) -> None:
    campaign.signed("ada@example.org", name="Ada Counted", visibility="counted")
    campaign.signed("bob@example.org", name="Bob Counted", visibility="counted", updates="y")
    campaign.signed("cyd@example.org", name="Cyd Listed")
    run(campaign, 6 * DAY)
    assert names(campaign) == ["Ada Counted", "Bob Counted", "Cyd Listed"]
    assert run(campaign, 8 * DAY)["counted"] == 1
    assert names(campaign) == ["Bob Counted", "Cyd Listed"]
    ada = rows(campaign)[0]
    assert ada.blob is ada.key_id is ada.data_key_id is None and ada.cleared_at and ada.email_index
    assert campaign.count() == campaign.valid() == 3


def test_who_was_cleared_early_can_still_withdraw_and_cannot_sign_twice(campaign: Campaign) -> None:
    campaign.signed("ada@example.org", visibility="counted")
    link = campaign.mails("ada@example.org")[-1].links["withdraw"]
    run(campaign, 8 * DAY)
    campaign.sign("ada@example.org")
    campaign.work()
    assert "confirm" not in campaign.mails("ada@example.org")[-1].links
    assert campaign.press(link).status_code == 303
    assert campaign.count() == campaign.valid() == 0


def test_after_the_delivery_only_those_stay_who_want_updates(campaign: Campaign) -> None:
    campaign.signed("ada@example.org", name="Ada Public", visibility="public")
    campaign.signed("bob@example.org", name="Bob Updates", visibility="public", updates="y")
    campaign.signed("cyd@example.org", name="Cyd Listed")
    end(campaign)
    run(campaign, 90 * DAY)
    assert len(names(campaign)) == 3
    assert run(campaign, 92 * DAY)["signatures"] == 2
    ada, bob, cyd = rows(campaign)
    assert names(campaign) == ["Bob Updates"] and bob.public_name == "Bob Updates"
    for gone in (ada, cyd):
        assert gone.state == SignatureState.VALID and gone.cleared_at
        assert gone.blob is gone.email_index is gone.public_name is gone.key_id is None
    sent = {one.public_id: one.email_index for one in campaign.submissions()}
    assert sent == {ada.public_id: None, bob.public_id: bob.email_index, cyd.public_id: None}
    with campaign.app.app_context():
        assert [row.public_name for row in list_services.public_list(campaign.id, limit=9)] == ["Bob Updates"]
        assert [line.name for line in list_services.signatures_for(db.session.get_one(Petition, campaign.id))] == [
            "Bob Updates"
        ]


def test_retention_never_lowers_the_number_and_a_recount_agrees(campaign: Campaign) -> None:
    for number, choice in enumerate(("public", "recipients", "counted")):
        campaign.signed(f"p{number}@example.org", visibility=choice)
    end(campaign)
    run(campaign, 400 * DAY)
    assert names(campaign) == [] and campaign.count() == 3
    with campaign.app.app_context():
        assert tallies.drift() == {}
    assert campaign.client.get(f"/petitions/{campaign.slug}/count.json").json == {"signatures": 3}


def test_twelve_months_after_closing_everybody_goes_without_any_delivery(campaign: Campaign) -> None:
    campaign.signed("bob@example.org", visibility="public", updates="y")
    end(campaign, delivered=False)
    run(campaign, 364 * DAY)
    assert len(names(campaign)) == 1
    run(campaign, 366 * DAY)
    [bob] = rows(campaign)
    assert bob.blob is bob.email_index is bob.public_name is None and campaign.valid() == 1
    assert campaign.submissions()[0].email_index is None


def test_a_delivery_while_people_sign_starts_no_clock_and_one_before_closing_counts_from_there(
    campaign: Campaign,
) -> None:
    campaign.signed()
    with campaign.app.app_context():
        db.session.execute(update(Petition).values(delivered_at=clock.now() - 200 * DAY))
        db.session.commit()
    run(campaign, 300 * DAY)
    assert names(campaign)
    end(campaign, delivered_at=clock.now() - 200 * DAY)
    run(campaign, 89 * DAY)
    assert names(campaign)
    run(campaign, 92 * DAY)
    assert not names(campaign)


def test_a_petition_won_without_a_closing_time_gets_its_clock(campaign: Campaign) -> None:
    campaign.signed()
    end(campaign, delivered=False, state=PetitionState.VICTORY, closes_at=None)
    run(campaign)
    run(campaign, 366 * DAY)
    assert not names(campaign)


@pytest.mark.parametrize("state", [PetitionState.VICTORY, PetitionState.ARCHIVED])
def test_what_ends_before_its_closing_time_has_closed_then(campaign: Campaign, state: PetitionState) -> None:
    with campaign.app.app_context():
        petition = db.session.get_one(Petition, campaign.id)
        petition.closes_at = clock.now() + 900 * DAY
        if state == PetitionState.ARCHIVED:
            petition.state = PetitionState.CLOSED
        services.move(petition, state)
        db.session.commit()
        assert clock.now() - DAY < petition.closes_at <= clock.now()
        earlier = petition.closes_at = clock.now() - 5 * DAY
        services.move(petition, PetitionState.ARCHIVED) if state == PetitionState.VICTORY else None
        assert petition.closes_at == earlier


def test_a_legal_hold_stops_one_petition_and_no_other(make_campaign_of: MakeCampaign) -> None:
    held, free = make_campaign_of(), make_campaign_of()
    for campaign in (held, free):
        campaign.signed("ada@example.org", name="Ada Held", visibility="public")
        campaign.signed("bob@example.org", name="Bob Held", visibility="counted")
        campaign.sign("cyd@example.org")
        campaign.work()
    with held.app.app_context():
        holds.hold(db.session.get_one(Petition, held.id), "A court", actor="olga@example.org")
        db.session.commit()
    for campaign in (held, free):
        end(campaign)
    before = rows(held)
    run(held, 400 * DAY)
    with held.app.app_context(), time_machine.travel(clock.now() + 400 * DAY):
        confirmation_services.expire()
    assert [(row.blob, row.public_name, row.email_index) for row in rows(held)] == [
        (row.blob, row.public_name, row.email_index) for row in before
    ]
    assert [one.blob is None for one in held.submissions() if one.petition_id == held.id] == [True, True, False]
    assert names(held) == ["Ada Held", "Bob Held"] and names(free) == []
    assert all(one.blob is None for one in free.submissions() if one.petition_id == free.id)
    with held.app.app_context():
        holds.lift(db.session.get_one(Petition, held.id), "It is over", actor="olga@example.org")
        db.session.commit()
    run(held, 400 * DAY)
    assert names(held) == []


def test_a_hold_stops_no_withdrawal(campaign: Campaign) -> None:
    campaign.signed()
    with campaign.app.app_context():
        holds.hold(db.session.get_one(Petition, campaign.id), "A court", actor="cli")
        db.session.commit()
    campaign.press(campaign.mails()[-1].links["withdraw"])
    assert campaign.count() == 0 and not names(campaign)


def test_suppressions_and_invitations_go_with_the_clocks(campaign: Campaign) -> None:
    campaign.signed("ada@example.org")
    campaign.press(campaign.mails("ada@example.org")[-1].links["disown"])
    campaign.work()
    with campaign.app.app_context():
        named = {"petition_id": campaign.id, "blob": b"x", "country": "IE"}
        for number, state in enumerate((InvitationState.DECLINED, InvitationState.APPROVED)):
            shown = {"public_name": "Nora Notable"} if state == InvitationState.APPROVED else {}
            index = bytes([number]) * 32
            db.session.add(
                Invitation(
                    public_id=f"{number}" * 22,
                    kind=InvitationKind.NOTABLE,
                    state=state,
                    email_index=index,
                    **named,
                    **shown,
                )
            )
        db.session.commit()
    end(campaign)
    run(campaign, 2 * DAY)
    assert campaign.fresh(select(func.count()).select_from(Suppression)) == 0
    run(campaign, 92 * DAY)
    with campaign.app.app_context():
        declined, approved = db.session.scalars(select(Invitation).order_by(Invitation.id)).all()
        assert declined.blob is declined.email_index is None and approved.public_name == "Nora Notable"
    run(campaign, 366 * DAY)
    with campaign.app.app_context():
        approved = db.session.scalars(select(Invitation).order_by(Invitation.id.desc())).first()
        assert approved is not None and approved.public_name is approved.blob is approved.email_index is None


def test_a_mail_that_waits_about_somebody_cleared_is_taken_back(campaign: Campaign) -> None:
    campaign.signed()
    with campaign.app.app_context():
        theirs = Job.key.startswith("mail:confirmed:")
        db.session.execute(
            update(Job).where(theirs).values(state="queued", blob=b"sealed", run_at=clock.now() + 500 * DAY)
        )
        db.session.commit()
    end(campaign)
    run(campaign, 92 * DAY)
    assert campaign.fresh(select(func.count()).where(Job.kind == "mail", Job.blob.is_not(None))) == 0


def test_mail_files_go_after_their_own_week_and_younger_ones_stay(campaign: Campaign) -> None:
    campaign.sign()
    campaign.work()
    folder = campaign.app.config["UNDERSIGNED"].mail_folder
    (folder / "notes.txt").write_text("not ours")
    run(campaign, 6 * DAY)
    assert len(campaign.mails()) == 1
    run(campaign, 8 * DAY)
    assert campaign.mails() == [] and (folder / "notes.txt").exists()


def test_a_draft_of_an_export_that_was_killed_goes_after_an_hour(campaign: Campaign) -> None:
    settings = campaign.app.config["UNDERSIGNED"]
    campaign.signed(name="Zenobia Sentinel")
    with campaign.app.app_context():
        rows = [(line.name, 1) for line in list_services.signatures_for(db.session.get_one(Petition, campaign.id))]
    left_behind = write_xlsx(("Name", "No."), rows, folder=settings.drafts_folder)
    next(left_behind)
    [draft] = settings.drafts_folder.iterdir()
    run(campaign, timedelta(minutes=59))
    assert draft.exists()
    (draft / "still-written").touch()
    hour_ago = (clock.now() - timedelta(hours=1)).timestamp()
    os.utime(draft, (hour_ago, hour_ago))
    run(campaign, timedelta(minutes=2))
    assert draft.exists()
    assert run(campaign, timedelta(minutes=61))["drafts"] == 1
    assert not draft.exists() and run(campaign, timedelta(minutes=62)) == {}
    left_behind.close()


def test_the_second_run_finds_nothing_and_the_key_changes_once_a_clock(campaign: Campaign) -> None:
    campaign.signed()
    end(campaign)
    assert run(campaign, 92 * DAY)
    assert run(campaign, 93 * DAY) == {}
    with campaign.app.app_context():
        petition = db.session.get_one(Petition, campaign.id)
        assert len(db.session.scalars(select(VaultKey).where(VaultKey.scope == petition.scope)).all()) == 2
        assert rotation.retired() == []


def test_a_lost_key_stops_its_petition_alone_and_deletes_nothing_of_it(make_campaign_of: MakeCampaign) -> None:
    lost, free = make_campaign_of(), make_campaign_of()
    for campaign in (lost, free):
        campaign.signed(visibility="public")
        end(campaign)
    with lost_key(lost), lost.app.app_context():
        report = retention_run.run(clock.now() + 92 * DAY)
    assert report.stopped == [lost.slug]
    assert names(lost) and not names(free)
    assert lost.fresh(select(func.count()).where(Job.kind == "alarm")) >= 1


def test_a_petition_that_lost_its_indexes_may_not_open_again(campaign: Campaign) -> None:
    campaign.signed()
    end(campaign, delivered=False)
    with campaign.app.app_context():
        assert not deadlines.ran_out(db.session.get_one(Petition, campaign.id))
    run(campaign, 366 * DAY)
    with campaign.app.app_context():
        petition = db.session.get_one(Petition, campaign.id)
        assert deadlines.ran_out(petition)
        petition.closes_at = None
        with pytest.raises(services.NotReady, match="cannot open again"):
            services.publish(petition)


def test_of_what_was_sent_only_that_of_a_standing_index_stays(make_campaign_of: MakeCampaign) -> None:
    """Rows without an index stand among both, and another petition's signature keeps nothing here."""
    campaign, other = make_campaign_of(), make_campaign_of()
    for who in ("kept", "gone"):
        campaign.signed(f"{who}@example.org", name=who.title())
    other.signed("other@example.org")
    campaign.sign("unopened@example.org")  # without an index: no worker has come to it
    with campaign.app.app_context():
        gone = db.session.scalars(select(Submission).order_by(Submission.id)).all()[1]
        theirs = {row.public_id: row for row in db.session.scalars(select(Signature))}
        theirs[gone.public_id].email_index = None
        other_one = db.session.scalars(select(Signature).where(Signature.petition_id == other.id)).one()
        other_one.email_index = gone.email_index
        db.session.commit()
        petition = db.session.get_one(Petition, campaign.id)
        assert sum(clearing.submissions(petition)) == 2
    left = [row.blob is not None or row.email_index is not None for row in campaign.submissions()]
    assert left == [True, False, True, False]


def test_an_index_moves_only_where_each_has_its_address(make_campaign_of: MakeCampaign) -> None:
    campaign, other = make_campaign_of(), make_campaign_of()
    for number in range(2):
        campaign.signed(f"p{number}@example.org")
    other.signed("other@example.org")
    end(campaign, closes_at=clock.now() - 9 * DAY)

    def may_move(**values: Any) -> bool:
        with campaign.app.app_context():
            db.session.execute(update(Signature).where(Signature.public_id == ada).values(values))
            db.session.commit()
            return petition_rotation.may_move_index(db.session.get_one(Petition, campaign.id), clock.now())

    ada, index = rows(campaign)[0].public_id, rows(campaign)[0].email_index
    assert may_move(public_name=None)
    assert not may_move(blob=None)  # confirming has handed the address on from its submission
    with campaign.app.app_context():
        db.session.execute(update(Signature).where(Signature.petition_id == other.id).values(email_index=index))
        db.session.commit()
    assert not may_move(blob=None)  # another petition's address helps nobody here
    with campaign.app.app_context():
        again = select(Submission).where(Submission.public_id == rows(campaign)[1].public_id)
        bob = db.session.scalars(again).one()
        bob.email_index, bob.blob = index, b"sealed"
        db.session.commit()
    assert may_move(blob=None)
    with campaign.app.app_context():
        db.session.execute(update(Submission).values(blob=None))
        db.session.commit()
    assert not may_move(blob=None)


@pytest.mark.parametrize(("now", "code"), [("2099-01-01", 0), ("2099-01-01T10:00+02:00", 0), ("soon", 2)])
def test_the_command_takes_a_day_and_says_what_it_did(app: Flask, campaign: Campaign, now: str, code: int) -> None:
    campaign.sign()
    campaign.work()
    result = app.test_cli_runner().invoke(args=["retention", "run", "--now", now])
    assert result.exit_code == code
    assert ("1 unconfirmed" in result.output) == (code == 0)
