"""A case that ends while regular gifts go to it: what its organisers, its donors and the worker do then."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any

from sqlalchemy import select, update
from werkzeug.test import TestResponse

from cases.models import Case, CaseStatus
from core import clock
from core.db import db
from core.tokens import form_token
from core.vault import SITE, vault
from donations import checkout_services, services
from donations.models import Donation
from donations.moving.models import FundQuestion
from donations.subscriptions import services as subscriptions
from tests.donations.conftest import Gift, World, text_of
from tests.donations.own_pages import PAGE
from tests.donations.stripe_account import Account
from tests.factories import make_case

LINK = re.compile(r"http://[\w.:]+(/donations/manage/[\w-]{43}/fund/[\w-]{22})$", re.MULTILINE)
QUESTION, ENDED = "A question about your regular gift", "Your regular gift has ended"
MOVED, KEPT = "Your regular gift goes to another fund", "Your regular gift goes on"


@dataclass
class Endings:
    """Regular gifts at a stand's Stripe, and the cases that they are for."""

    account: Account

    @property
    def world(self) -> World:
        return self.account.stand.world

    def given(self, frequency: str = "monthly", **columns: Any) -> Gift:
        """A regular gift of 10 EUR whose first payment has come; `columns` of its row as a test wants them."""
        gift = self.account.given(1000, frequency=frequency)
        self.world.work()
        self.change(gift, **columns)
        return gift

    def change(self, gift: Gift, **columns: Any) -> None:
        with self.world.app.app_context():
            for name, value in columns.items():
                setattr(donation(gift), name, value)
            db.session.commit()

    def case(self, **columns: Any) -> tuple[int, str]:
        with self.world.app.app_context():
            made = make_case(**columns)
            return made.id, made.slug

    def turn(self, gift: Gift, status: CaseStatus, *, work: bool = True) -> None:
        """The case of a gift becomes so, and the worker has worked."""
        self.turn_case(gift.case_id, status, work=work)

    def turn_case(self, case_id: int | None, status: CaseStatus, *, work: bool = True) -> None:
        with self.world.app.app_context():
            db.session.get_one(Case, case_id).status = status
            db.session.commit()
        if work:
            self.settle()

    def settle(self) -> None:
        """Works until Stripe has heard everything and we have heard its news."""
        self.world.work()
        self.account.stand.deliver()
        self.world.work()

    def renew(self, gift: Gift) -> None:
        """The next month has come."""
        self.account.drive("subscriptions", self.subscription(gift), "renew")
        self.settle()

    def wish(self, gift: Gift, change: Callable[[Donation], None]) -> None:
        with self.world.app.app_context():
            change(donation(gift))
            db.session.commit()

    def subscription(self, gift: Gift) -> str:
        with self.world.app.app_context():
            return str(donation(gift).subscription_id)

    def standing(self, gift: Gift) -> tuple[str, Any]:
        """Its status and when it goes on, as we know them."""
        with self.world.app.app_context():
            found = subscriptions.find(donation(gift))
            assert found
            return str(found.status), found.resumes_at

    def pause_at_stripe(self, gift: Gift) -> Any:
        return self.account.ask(lambda v1: v1.subscriptions.retrieve(self.subscription(gift)))["pause_collection"]

    def fund(self, gift: Gift) -> int | None:
        with self.world.app.app_context():
            return donation(gift).case_id

    def raised(self, case_id: int | None) -> int:
        with self.world.app.app_context():
            return services.raised(case_id).get("EUR", 0)

    def questions(self) -> list[str]:
        """The answer of each question, `open` while there is none, in the order of asking."""
        with self.world.app.app_context():
            rows = db.session.scalars(select(FundQuestion).order_by(FundQuestion.asked_at))
            return [str(row.answer or "open") for row in rows]

    def shorten(self, left: timedelta = timedelta(0)) -> None:
        """So much time is left to answer, and the worker has not looked since."""
        with self.world.app.app_context():
            db.session.execute(update(FundQuestion).values(due_at=clock.now() + left))
            db.session.commit()

    def give_away(self, gift: Gift) -> None:
        """The gift is another mailbox's."""
        with self.world.app.app_context():
            vault().prepare(SITE)
            mine = donation(gift)
            person = {**checkout_services.open_donor(mine), "email": "other@example.org"}
            box = vault().seal(SITE, checkout_services.SEALED_CONTEXT, mine.public_id, person)
            mine.key_id, mine.data_key_id, mine.blob, mine.donor_id = box.key_id, box.data_key_id, box.blob, None
            db.session.commit()
        self.world.work()

    def subjects(self) -> list[str]:
        wanted = (QUESTION, ENDED, MOVED, KEPT)
        return [mail["Subject"] for mail in self.world.mails() if mail["Subject"] in wanted]

    def mail(self, subject: str) -> str:
        """The last mail with this subject."""
        return [text_of(mail) for mail in self.world.mails() if mail["Subject"] == subject][-1]

    @property
    def link(self) -> str:
        """Where the last question is answered."""
        found = LINK.search(self.mail(QUESTION))
        assert found
        return found[1]

    def link_in(self, subject: str, gift: Gift) -> str:
        """Where the question of a gift is answered, under the link of the last mail with this subject."""
        found = PAGE.search(self.mail(subject))
        assert found
        return f"{found[1]}/fund/{gift.public_id}"

    def page(self, link: str = "") -> str:
        answer = self.world.app.test_client().get(link or self.link)
        assert answer.status_code == 200
        return unescape(answer.text)

    def answer(self, choice: str | None, link: str = "", **fields: str) -> TestResponse:
        with self.world.app.test_request_context():
            token = form_token()
        given = {"token": token, **({"choice": choice} if choice is not None else {}), **fields}
        return self.world.app.test_client().post(link or self.link, data=given)

    def answered(self, choice: str, link: str = "") -> None:
        """An answer that is taken, and everything that follows from it."""
        assert self.answer(choice, link).status_code == 303
        self.settle()


def donation(gift: Gift) -> Donation:
    """Its row."""
    return db.session.scalars(select(Donation).where(Donation.public_id == gift.public_id)).one()
