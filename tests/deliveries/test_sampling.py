"""Samples: an official draws lines by a seed of theirs, an organiser agrees, those who may be asked answer, a share is told."""

import hashlib
import re
import threading
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, text, update

from cases.models import Case
from core import clock, unsubscribes
from core.audit import AuditEntry
from core.db import db
from core.jobs import Job
from core.switches import forget, turn
from deliveries.models import Delivery, LinePart
from deliveries.sampling.drawing import draw
from deliveries.sampling.models import Sample
from deliveries.states import DeliveryState, SampleState
from tests.core.smtp import receiving
from tests.deliveries.sampled import QUESTION, Sampled, address, make_sampled
from tests.petitions.own_pages import letters

DELIVERY = "dAbCdEfGhIjKlMnOpQrStU"
VECTOR = [25, 84, 91, 138, 209, 299, 328, 435, 488, 506, 522, 564, 627, 637, 746, 775, 781, 804, 809, 994]
S = SampleState


@pytest.fixture
def sampled(app: Flask) -> Sampled:
    return make_sampled(app)


def again(seed: str, delivery: str, size: int, lines: int) -> list[int]:
    """What the page tells everybody to do, in other words than the code's."""
    drawn: list[int] = []
    counter = 0
    while len(drawn) < size:
        lines_of_text = ["undersigned/sample/v1", delivery, str(size), seed, str(counter)]
        value = int(hashlib.sha256("\n".join(lines_of_text).encode()).hexdigest()[:16], 16)
        if value < (2**64 // lines) * lines and value % lines + 1 not in drawn:
            drawn.append(value % lines + 1)
        counter += 1
    return sorted(drawn)


def test_the_test_vector_of_the_decision_record_is_drawn() -> None:
    assert draw("5 17 23 31 40 44", delivery=DELIVERY, size=20, lines=1000) == VECTOR
    adr = (Path(__file__).parents[2] / "docs/adr/0036-sampling.md").read_text()
    assert ", ".join(map(str, VECTOR)) in adr and DELIVERY in adr


@pytest.mark.parametrize(("size", "lines"), [(20, 100), (50, 100), (100, 100), (200, 1_000_000), (3, 3)])
def test_anybody_draws_the_same_lines_again(size: int, lines: int) -> None:
    for seed in ("5", "2026-11-28: 4, 8, 15", "9" * 200):
        drawn = draw(seed, delivery=DELIVERY, size=size, lines=lines)
        assert drawn == again(seed, DELIVERY, size, lines)
        assert len(set(drawn)) == size and min(drawn) >= 1 and max(drawn) <= lines


def test_no_line_is_drawn_more_often_than_another() -> None:
    """Of 3/4 of what eight bytes can say, a remainder alone would draw the lower third twice as often."""
    lines = 3 * 2**62
    drawn = [draw(str(seed), delivery=DELIVERY, size=1, lines=lines)[0] for seed in range(3000)]
    low = sum(number <= 2**62 for number in drawn)
    assert 880 < low < 1120


def test_another_size_or_delivery_draws_other_lines() -> None:
    """One seed twice, with one line more, would tell what the one answered."""
    first = draw("5", delivery=DELIVERY, size=20, lines=1000)
    assert len(set(first) & set(draw("5", delivery=DELIVERY, size=21, lines=1000))) < 10
    assert draw("5", delivery=DELIVERY[::-1], size=20, lines=1000) != first


def test_an_official_draws_lines_and_sees_their_numbers_and_no_name(sampled: Sampled) -> None:
    answer = sampled.ask(seed="  4 8  15 ", size=40)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{sampled.page}#samples")
    [sample] = sampled.samples()
    assert sample.numbers == again("4 8 15", sampled.delivery, 40, 100)
    page = sampled.shown()
    assert ", ".join(map(str, sample.numbers)) in page and "Person" not in page and "@example.org" not in page
    assert ">4 8 15<" in page


def test_the_check_page_leads_there_only_while_samples_are_offered(sampled: Sampled) -> None:
    def leads(fresh: str) -> bool:  # the page is kept for a second
        answer = sampled.campaign.client.get(f"/deliveries/{sampled.delivery}?{fresh}")
        assert answer.status_code == 200
        return f'href="{sampled.page}"' in answer.text

    assert leads("first")
    shut(sampled, "off")
    assert not leads("second")


def test_whoever_may_approve_hears_of_it_and_nobody_is_written_to_before(sampled: Sampled) -> None:
    sampled.ask()
    sampled.campaign.work()
    told = [mail for mail in sampled.campaign.mails() if "sample" in mail.text]
    assert {mail.to for mail in told} == {"olga@example.org"} and sampled.delivery in told[0].text
    assert sampled.links() == {} and sampled.samples()[0].state == S.ASKED


def test_an_organiser_approves_and_it_stands_in_the_chain(sampled: Sampled) -> None:
    sampled.ask(seed="4 8 15")
    assert ">4 8 15<" in sampled.office.get(sampled.desk)
    assert sampled.approve() == sampled.desk
    with sampled.app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.act == "sample.approved")).one()
        assert (entry.actor, entry.subject) == ("olga@example.org", f"{sampled.campaign.slug}:{sampled.delivery}")


def test_those_who_ticked_are_written_to_by_the_mail_server_and_nobody_else(app: Flask) -> None:
    sampled = make_sampled(app, lines=200, every=2)
    with receiving(app) as server:
        sampled.asked(size=60)
        mails = [mail for mail in server.inbox.mails() if QUESTION.search(str(mail.get_body(("plain",)).get_content()))]  # type: ignore[union-attr]
    assert {mail["To"] for mail in mails} == sampled.expected() and len(mails) >= 10
    assert len(mails) == len(sampled.questions()) == sampled.samples()[0].mailed
    secrets = {QUESTION.search(mail.get_body(("plain",)).get_content())[1] for mail in mails}  # type: ignore
    assert len(secrets) == len(mails)
    for mail in mails:
        words = (sampled.campaign.slug, "etition", "Signed", "sign")
        assert mail["Subject"] == "A question, which you need not answer"
        assert not any(word in mail["Subject"] for word in words)
        for body in (mail.get_body(("plain",)), mail.get_body(("html",))):
            text_of = body.get_content()
            for way in ("/withdraw", "/disown", "/unsubscribe/", "/questions/"):
                assert way in text_of, way
            assert "voluntary" in text_of and "told to nobody" in text_of
        assert mail["List-Unsubscribe"]


def test_no_row_says_in_which_order_people_stand_on_the_list(sampled: Sampled) -> None:
    sampled.asked(size=50)
    ids = [question.signature_id for question in sampled.questions()]
    assert len(ids) == 50 and ids != sorted(ids)  # one in 50! by chance
    keys = sampled.campaign.fresh(select(func.count()).where(Job.key.like("mail:sample:%")))
    assert keys == 50


def test_who_left_was_corrected_or_wants_no_mail_is_not_asked(sampled: Sampled) -> None:
    sampled.ask(size=50)
    first, second, third, fourth = sampled.samples()[0].numbers[:4]
    with sampled.app.app_context():
        part = db.session.get_one(LinePart, (sampled.delivery_id, 1 if first <= 50 else 51))
        packed = bytearray(part.signature_ids)
        packed[(first - part.first) * 8 : (first - part.first) * 8 + 8] = bytes(8)
        part.signature_ids = bytes(packed)
        unsubscribes.stop(unsubscribes.token_of(address(second)))
        ids = b"".join(db.session.scalars(select(LinePart.signature_ids).order_by(LinePart.first)))
        gone, cleared = (int.from_bytes(ids[(number - 1) * 8 : number * 8], "big") for number in (third, fourth))
        db.session.execute(text("UPDATE signatures SET state = 'invalidated' WHERE id = :id"), {"id": gone})
        db.session.execute(text("UPDATE signatures SET cleared_at = confirmed_at WHERE id = :id"), {"id": cleared})
        db.session.commit()
    sampled.approve()
    sampled.campaign.work()
    silent = {address(number) for number in (first, second, third, fourth)}
    assert sampled.links().keys() == sampled.expected() - silent
    assert sampled.samples()[0].mailed == 46


def test_who_leaves_while_the_mail_waits_is_not_written_to(sampled: Sampled) -> None:
    sampled.ask(size=50)
    sampled.approve()
    with sampled.app.app_context():
        turn(actor="cli", mailing=False)
        db.session.commit()
    forget()
    sampled.campaign.work()
    assert len(sampled.questions()) == 50 and sampled.links() == {}
    number = sampled.samples()[0].numbers[0]
    with sampled.app.app_context():
        public_id = db.session.scalars(text("SELECT public_id FROM signatures ORDER BY id")).all()[number - 1]
        db.session.execute(
            text(
                "UPDATE signatures SET state = 'withdrawn', blob = NULL, email_index = NULL WHERE public_id = :id"
            ), {"id": public_id},
        )  # fmt: skip
        turn(actor="cli", mailing=True)
        db.session.commit()
    forget()
    sampled.campaign.work()
    assert sampled.links().keys() == sampled.expected() - {address(number)}


def test_where_too_few_may_be_asked_nobody_is_written_to(app: Flask) -> None:
    sampled = make_sampled(app, every=25)
    sampled.asked(size=50)
    [sample] = sampled.samples()
    assert (sample.state, sample.mailed, sampled.links(), sampled.questions()) == (S.CLOSED, 0, {}, [])
    assert "so nobody was written to" in sampled.shown()


def test_opening_the_link_changes_nothing_and_an_answer_counts_once(sampled: Sampled) -> None:
    sampled.asked(size=20)
    link = sampled.links().popitem()[1]
    page = sampled.campaign.client.get(link)
    assert page.status_code == 200 and page.headers["Cache-Control"] == "no-store" and "Set-Cookie" not in page.headers
    assert not any(question.answered for question in sampled.questions())
    for wrong in ("", "maybe"):
        assert sampled.answer(link, wrong).status_code == 422
    assert sampled.answer(link, token="").status_code == 422
    answer = sampled.answer(link)
    assert answer.status_code == 303
    assert "Your answer is counted" in sampled.campaign.client.get(answer.headers["Location"]).text
    for again_ in (sampled.answer(link, "no"), sampled.campaign.client.get(link)):
        assert again_.status_code == 404 and "This question is closed" in again_.text
    sampled.campaign.work()
    assert [(sample.yes, sample.no) for sample in sampled.samples()] == [(1, 0)]


def test_nothing_that_stays_says_who_answered_or_what(sampled: Sampled) -> None:
    sampled.asked(size=20)
    said = list(sampled.links().values())
    for link, word in zip(said[:3], ("yes", "no", "yes"), strict=True):
        sampled.answer(link, word)
    sampled.campaign.work()
    answered = [question for question in sampled.questions() if question.answered]
    assert len(answered) == 3
    assert {(one.signature_id, one.digest) for one in answered} == {(None, None)}
    with sampled.app.app_context():
        jobs = db.session.scalars(select(Job).where(Job.kind == "deliveries.sample_answer")).all()
        assert [(job.args, job.key, job.blob) for job in jobs] == [({}, None, None)] * 3
    assert [(sample.yes, sample.no) for sample in sampled.samples()] == [(2, 1)]


def test_of_two_answers_at_the_same_moment_one_counts(sampled: Sampled) -> None:
    sampled.asked(size=20)
    link, token = sampled.links().popitem()[1], sampled.campaign.token()
    gate, came = threading.Barrier(4), []

    def press(said: str) -> None:
        gate.wait()
        came.append(sampled.campaign.client.post(link, data={"answer": said, "token": token}).status_code)

    threads = [threading.Thread(target=press, args=(said,)) for said in ("yes", "no", "yes", "no")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sampled.campaign.work()
    assert sorted(came) == [303, 404, 404, 404]
    assert sum(sample.yes + sample.no for sample in sampled.samples()) == 1


def test_who_never_signed_is_led_to_the_way_out(sampled: Sampled) -> None:
    sampled.asked(size=20)
    before = sampled.campaign.valid()
    page = sampled.campaign.client.get(sampled.answer(sampled.links().popitem()[1], "no").headers["Location"]).text
    way_out = re.search(r'href="(/signatures/[\w-]{43}/disown)"', page)
    assert way_out and "I never signed this" in sampled.campaign.client.get(way_out[1]).text
    assert sampled.campaign.press(way_out[1]).status_code == 303
    assert sampled.campaign.valid() == before - 1
    assert sampled.campaign.fresh(text("SELECT count(*) FROM suppressions")) == 1


def test_the_mails_own_links_lead_out_and_to_the_own_page(sampled: Sampled) -> None:
    sampled.asked(size=20)
    to = sampled.links().popitem()[0]
    letter = letters(sampled.campaign, to)[-1]
    assert sampled.campaign.client.get(letter.own).status_code == 200
    assert sampled.campaign.client.get(letter.unsubscribe).status_code == 200
    before = sampled.campaign.valid()
    assert sampled.campaign.press(sampled.campaign.mails(to)[-1].links["withdraw"]).status_code == 303
    assert sampled.campaign.valid() == before - 1


def closed(sampled: Sampled, yes: int, no: int) -> str:
    """The page after a sample with so many answers has had its time."""
    sampled.asked(size=20)
    links = list(sampled.links().values())
    for link, said in zip(links, ["yes"] * yes + ["no"] * no, strict=False):
        assert sampled.answer(link, said).status_code == 303
    sampled.campaign.work()
    assert "percent" not in sampled.shown(), "while answers come in, each one would be seen"
    with time_machine.travel(clock.now() + timedelta(days=14, hours=2)):
        sampled.campaign.work()
    return sampled.shown()


@pytest.mark.parametrize(
    ("yes", "no", "says"), [(10, 0, "100 percent"), (11, 1, "91 percent"), (0, 10, "0 percent"), (9, 0, None)]
)
def test_a_share_is_told_once_it_is_closed_and_from_ten_answers(
    sampled: Sampled, yes: int, no: int, says: str | None
) -> None:
    page = closed(sampled, yes, no)
    assert (says in page) if says else ("percent" not in page and "Too few answered" in page)
    [sample] = sampled.samples()
    assert sample.state == S.CLOSED
    assert {(one.signature_id, one.digest) for one in sampled.questions()} == {(None, None)}


def test_after_its_time_a_link_is_closed_and_the_numbers_stand(sampled: Sampled) -> None:
    sampled.asked(size=20)
    link = sampled.links().popitem()[1]
    with time_machine.travel(clock.now() + timedelta(days=14, minutes=1)):
        assert sampled.answer(link).status_code == 404
        sampled.campaign.work()
        assert sampled.samples()[0].state == S.ASKING, "an answer of the last minute may still be on its way"
    with time_machine.travel(clock.now() + timedelta(days=14, hours=2)):
        sampled.campaign.work()
    assert [(one.state, one.yes, one.no) for one in sampled.samples()] == [(S.CLOSED, 0, 0)]


def shut(sampled: Sampled, how: str) -> None:
    changes = {
        "dangerous": update(Case).values(dangerous=True), "frozen": update(Case).values(frozen_at=clock.now()),
        "short": update(Delivery).values(lines=99), "counted": update(Delivery).values(count_only=True),
        "waiting": update(Delivery).values(state=DeliveryState.WAITING),
    }  # fmt: skip
    with sampled.app.app_context():
        if how == "off":
            turn(actor="cli", sampling=False)
        else:
            db.session.execute(changes[how])
        db.session.commit()
    forget()


@pytest.mark.parametrize("how", ["dangerous", "frozen", "short", "counted", "waiting", "off"])
def test_where_nobody_may_be_asked_the_page_is_not_there(sampled: Sampled, how: str) -> None:
    shut(sampled, how)
    nobodys = sampled.campaign.client.get("/deliveries/dnothing/sample")
    for answer in (sampled.campaign.client.get(sampled.page), sampled.ask()):
        assert (answer.status_code, answer.data) == (404, nobodys.data)
    assert sampled.samples() == []


@pytest.mark.parametrize("how", ["dangerous", "frozen", "off"])
def test_what_becomes_dangerous_meanwhile_stops_at_every_step(sampled: Sampled, how: str) -> None:
    sampled.ask(size=20)
    shut(sampled, how)
    where = f"{sampled.desk}/{sampled.samples()[0].id}/approve"
    assert sampled.office.saved(where) == sampled.desk and "Nobody is asked" in sampled.office.get(sampled.desk)
    assert sampled.samples()[0].state == S.ASKED
    sampled.campaign.work()
    assert (sampled.samples()[0].state, sampled.links()) == (S.REFUSED, {})


@pytest.mark.parametrize("how", ["dangerous", "frozen", "off"])
def test_a_mail_that_waits_does_not_go_once_the_case_is_dangerous(sampled: Sampled, how: str) -> None:
    sampled.ask(size=20)
    sampled.approve()
    with sampled.app.app_context():
        turn(actor="cli", mailing=False)
        db.session.commit()
    forget()
    sampled.campaign.work()
    assert len(sampled.questions()) == 20
    shut(sampled, how)
    with sampled.app.app_context():
        turn(actor="cli", mailing=True)
        db.session.commit()
    forget()
    sampled.campaign.work()
    assert sampled.links() == {} and sampled.samples()[0].state == S.CLOSED
    assert {(one.signature_id, one.digest) for one in sampled.questions()} == {(None, None)}


def test_an_approved_sample_of_a_case_that_is_dangerous_when_its_job_runs_asks_nobody(sampled: Sampled) -> None:
    sampled.ask(size=20)
    sampled.approve()
    shut(sampled, "dangerous")
    sampled.campaign.work()
    assert (sampled.questions(), sampled.links(), sampled.samples()[0].state) == ([], {}, S.CLOSED)


def test_no_answer_is_taken_once_the_case_is_dangerous(sampled: Sampled) -> None:
    sampled.asked(size=20)
    link = sampled.links().popitem()[1]
    shut(sampled, "dangerous")
    assert sampled.campaign.client.get(link).status_code == 404
    assert sampled.answer(link).status_code == 404
    assert not any(question.answered for question in sampled.questions())


@pytest.mark.parametrize("size", ["", "0", "19", "51", "many", "20.5", "-20", "²0", "9" * 9])
def test_a_size_out_of_bounds_is_refused_and_what_was_typed_stays(sampled: Sampled, size: str) -> None:
    answer = sampled.ask(seed="4 8 15", size=size)
    assert answer.status_code == 422 and "from 20 to 50" in answer.text and 'value="4 8 15"' in answer.text


@pytest.mark.parametrize("seed", ["", "   ", "9" * 201, "1\x002", "\u202e12", "Zarina Testova", "12 abc", ", .", "١٢٣"])
def test_a_seed_that_cannot_be_taken_is_refused(sampled: Sampled, seed: str) -> None:
    assert sampled.ask(seed=seed).status_code == 422
    assert sampled.samples() == []


def test_one_sample_is_open_at_a_time_a_seed_draws_once_and_a_day_has_three(sampled: Sampled) -> None:
    def refused(seed: str) -> str:
        answer = sampled.ask(seed=seed)
        assert answer.status_code == 409 and f'value="{seed}"' in answer.text
        return unescape(answer.text)

    assert sampled.ask(seed="1").status_code == 303
    assert "open already" in refused("2")
    sampled.office.saved(f"{sampled.desk}/{sampled.samples()[-1].id}/refuse")
    assert "drawn a sample of this list before" in refused("1")
    for seed in ("2", "3"):
        assert sampled.ask(seed=seed).status_code == 303
        sampled.office.saved(f"{sampled.desk}/{sampled.samples()[-1].id}/refuse")
    assert "samples of one day" in refused("4")
    with time_machine.travel(clock.now() + timedelta(days=1, minutes=1)):
        assert sampled.ask(seed="4").status_code == 303


def test_of_two_who_ask_at_once_one_is_told_to_wait(sampled: Sampled) -> None:
    token, gate, came = sampled.campaign.token(), threading.Barrier(3), []

    def send(seed: str) -> None:
        gate.wait()
        form = {"seed": seed, "size": "20", "token": token}
        came.append(sampled.campaign.client.post(sampled.page, data=form).status_code)

    threads = [threading.Thread(target=send, args=(seed,)) for seed in ("1", "2", "3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came) == [303, 409, 409] and len(sampled.samples()) == 1


def test_a_refused_sample_says_so(sampled: Sampled) -> None:
    sampled.ask()
    sampled.office.saved(f"{sampled.desk}/{sampled.samples()[0].id}/refuse")
    assert "did not take it up" in sampled.shown()


def test_what_nobody_decides_ends_by_itself(sampled: Sampled) -> None:
    sampled.ask()
    with time_machine.travel(clock.now() + timedelta(days=14, minutes=1)):
        sampled.campaign.work()
    assert sampled.samples()[0].state == S.REFUSED


def test_a_sample_is_decided_once(sampled: Sampled) -> None:
    sampled.ask()
    where = f"{sampled.desk}/{sampled.samples()[0].id}"
    sampled.office.saved(f"{where}/refuse")
    sampled.office.saved(f"{where}/approve")
    assert "gone on meanwhile" in sampled.office.get(sampled.desk)
    assert sampled.samples()[0].state == S.REFUSED
    assert sampled.office.client.get(f"{sampled.desk}/999/approve").status_code in (404, 405)
    assert sampled.office.post(f"{sampled.desk}/999/approve").status_code == 404


def test_the_database_holds_one_open_sample_a_delivery(sampled: Sampled) -> None:
    sampled.ask()
    with sampled.app.app_context():
        first = db.session.scalars(select(Sample)).one()
        db.session.add(Sample(public_id="x", delivery_id=first.delivery_id, seed="other", size=20, numbers=[]))
        with pytest.raises(Exception, match=r"ix_samples_open|samples\.delivery_id"):
            db.session.commit()
        db.session.rollback()
