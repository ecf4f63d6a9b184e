"""The public server without a keystore, under a PostgreSQL role with only the rights that it needs: every public act works."""

import io
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO

import pytest
from flask_migrate import upgrade
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from app import create_app
from cases.models import Case, CaseStatus
from core.db import Base, db
from core.vault import SITE, ensure_scope
from operations.public_rights import RIGHTS
from petitions.models import Petition
from tests.cases.conftest import OWN
from tests.conftest import BASE, MIGRATIONS, close, new_postgresql
from tests.deliveries.clerking import pack_for
from tests.deliveries.factory import CSV, make_delivery
from tests.deliveries.sampled import make_sampled
from tests.donations.conftest import DONOR, World, text_of
from tests.donations.endings import LINK, QUESTION
from tests.donations.events import completed, invoice_paid, invoice_payment_paid, refund, send, subscription
from tests.donations.own_pages import Visitor
from tests.donations.pages import give
from tests.donations.tax import Tax
from tests.operations.test_backup import run
from tests.organisers.conftest import enter
from tests.petitions.conftest import Campaign, make_campaign
from tests.petitions.own_pages import letters

UNION = {
    "name": "Union of Examples",
    "size": "5",
    "country": "IE",
    "contact": "Kim Example",
    "email": "union@example.org",
}


@dataclass
class Split:
    """One database, the worker's and office's app, and the public one with its campaign."""

    inside: Campaign
    public: Campaign
    case: str

    def post(self, path: str, wanted: int = 303, **fields: str) -> str:
        """Posts a form; where it leads."""
        answer = self.public.client.post(path, data={"token": self.public.token(), **fields})
        assert answer.status_code == wanted, (path, answer.status_code)
        self.inside.work()
        return answer.headers.get("Location", "")


@pytest.fixture(scope="module")
def split(postgresql_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Split]:
    url, role = new_postgresql(postgresql_uri), f"public_{secrets.token_hex(4)}"
    folders = [tmp_path_factory.mktemp(name) for name in ("inside", "public")]
    inside = create_app({**BASE, "UNDERSIGNED_DATA": str(folders[0]), "DATABASE_URL": url})
    with inside.app_context():
        upgrade(str(MIGRATIONS))
        ensure_scope(SITE)
        campaign = make_campaign(inside)
        case = db.session.get_one(Petition, campaign.id).case.slug
        with db.engine.begin() as connection:
            connection.execute(text(f"CREATE ROLE {role} LOGIN"))
            for statement in run(inside, "public-rights", role).output.splitlines():
                connection.execute(text(statement))
        key = inside.extensions["vault"].keystore.site_public_key()
    theirs = {name: value for name, value in BASE.items() if name != "OFFICE_SECRET_KEY"}
    url = url.replace("//postgres:", f"//{role}:", 1)
    assert role in url
    public = create_app(
        {**theirs, "UNDERSIGNED_DATA": str(folders[1]), "ROLE": "public", "SITE_PUBLIC_KEY": key, "DATABASE_URL": url}
    )
    yield Split(campaign, Campaign(public, campaign.id, campaign.slug), case)
    for app in (inside, public):
        close(app)
    assert not list(folders[1].rglob("*.json")), "the public server wrote keys"


def test_every_table_has_a_line() -> None:
    assert RIGHTS.keys() == {table.name for table in Base.metadata.sorted_tables} | {"alembic_version"}


def test_a_signatory_can_do_everything_on_the_public_server(split: Split) -> None:
    inside, public, page = split.inside, split.public, f"/petitions/{split.public.slug}"
    thanks = public.sign("ada@example.org").headers["Location"]
    token = thanks.split("t=")[1]
    inside.work()
    split.post(f"{page}/thanks/again", t=token)
    thanks = split.post(f"{page}/thanks/address", t=token, email="new@example.org")
    split.post(f"{page}/thanks", t=thanks.split("t=")[1], code=inside.mails("new@example.org")[-1].code)
    own = letters(inside, "new@example.org")[-1].own
    wishes: dict[str, dict[str, str]] = {
        "visibility": {"visibility": "counted"}, "name": {"name": "Ada New"}, "updates": {"updates": "yes"}, "data": {},
        "links": {},
    }  # fmt: skip
    for act, fields in wishes.items():
        split.post(f"{own}/own/{act}", **fields)
    split.post("/signatures/manage", email="new@example.org", petition=public.slug)
    last = letters(inside, "new@example.org")[-1]
    split.post(last.unsubscribe, 200, stop="yes")
    split.post(f"{last.unsubscribe}/undo")
    assert split.public.client.get(last.own).status_code == 200
    split.post(f"{last.own}/own/erase")
    split.post(f"{page}/organisation", **UNION)
    assert [letter.to for letter in letters(inside)][-1] == UNION["email"]


def test_a_comment_is_written_reported_and_taken_back_on_the_public_server(split: Split) -> None:
    with split.inside.app.app_context():
        case = db.session.scalars(select(Case).where(Case.slug == split.case)).one()
        case.comments_open, case_id = True, case.id
        db.session.commit()
    page = f"/cases/{split.case}/comments"
    words = {"kind": "solidarity", "name": "Zenobia", "email": "zenobia@example.org", "text": "Strength"}
    own = OWN.search(split.public.client.get(split.post(page, **words)).text)
    number = split.inside.fresh(text("SELECT max(id) FROM comments"))
    enter(split.inside.app).saved(f"/office/cases/{case_id}/comments/{number}/approve", seen="held")
    assert "Strength" in split.public.client.get(f"{page}?before={number + 1}").text and own
    split.post(f"/reports/comment/{number}", reason="danger", text="Look at it")
    split.post(f"/reports/comment/{number}", reason="danger", text="Look again")
    split.post(own[1])
    assert "Strength" not in split.public.client.get(f"{page}?before={number + 1}").text


def test_a_sample_is_asked_for_and_answered_on_the_public_server(split: Split) -> None:
    sampled = make_sampled(split.inside.app)
    split.post(sampled.page, seed="5", size="40")
    sampled.approve()
    sampled.campaign.work()
    yes, no, *_others = sampled.links().values()
    assert split.public.client.get(yes).status_code == 200
    split.post(yes, answer="yes")
    told = split.public.client.get(split.post(no, answer="no")).text
    assert [(sample.yes, sample.no) for sample in sampled.samples()] == [(1, 1)]
    split.post(re.search(r"/signatures/[\w-]{43}/disown", told)[0])  # type: ignore[index]
    refused(
        split, "UPDATE samples SET yes = 40", "UPDATE samples SET state = 'asking'", "DELETE FROM sample_questions",
        "SELECT signature_ids FROM delivery_line_parts", "INSERT INTO sample_questions (sample_id) VALUES (1)",
    )  # fmt: skip


def test_who_never_signed_can_say_so_on_the_public_server(split: Split) -> None:
    split.public.sign("bob@example.org")
    split.inside.work()
    link = re.search(r"/signatures/[\w-]{43}/disown", letters(split.inside, "bob@example.org")[-1].text)
    silenced = text("SELECT count(*) FROM suppressions")
    before = split.inside.fresh(silenced)
    assert link
    split.post(link[0])
    assert split.inside.fresh(silenced) == before + 1


def test_a_donor_and_a_visitor_find_everything(split: Split) -> None:
    page, client = f"/petitions/{split.public.slug}", split.public.client
    paths = ("/", "/privacy", "/cases/", f"/cases/{split.case}", "/petitions/", page, f"{page}.json", f"{page}/count.json",
             f"{page}/signatories", f"{page}/log", f"{page}/updates.atom", f"{page}/sheet.pdf", f"{page}/challenge.json",
             "/donate", "/healthz", "/readyz")  # fmt: skip
    assert {path: status for path in paths if (status := client.get(path).status_code) != 200} == {}
    give(client)  # it is stored before Stripe is asked, which is away in this test
    assert split.inside.fresh(text("SELECT count(*) FROM donations")) == 1


def test_a_list_is_checked_on_the_public_server(split: Split) -> None:
    public_id = make_delivery(split.inside.app, split.inside.id, cover_code_digest=sha256(b"CODE").digest())
    client, page = split.public.client, f"/deliveries/{public_id}"
    paths = (
        "/deliveries/check",
        page,
        f"{page}/manifest.json",
        f"{page}/manifest.json.sig",
        "/deliveries/verify_delivery.py",
    )
    assert {path: status for path in paths if (status := client.get(path).status_code) != 200} == {}
    assert public_id in client.get(f"/petitions/{split.public.slug}?fresh").text
    answer = client.post("/deliveries/check", data={"file": (BytesIO(CSV), "list.csv")})
    assert answer.status_code == 200 and "The file is genuine" in answer.text
    assert client.post("/deliveries/check", data={"delivery": public_id, "code": "code"}).status_code == 200


def test_a_donor_can_do_everything_on_the_public_server(split: Split) -> None:
    inside, public = World(split.inside.app), Visitor(World(split.public.app))
    tax, gift = Tax(split.inside.app), inside.gift(1000, frequency="monthly")
    tax.register()
    for body in (subscription(gift), invoice_paid(gift), completed(gift)):
        assert send(public.client, body).status_code == 200
    split.post("/donations/manage", email=DONOR)
    own = Visitor(inside).own()
    public.page(own)
    wishes: dict[str, dict[str, str]] = {
        "postal": {"name": "Dana", "street": "1 Quay", "place": "Dublin", "country": "IE"}, "forget": {}, "unlist": {},
        "data": {}, "links": {},
    }  # fmt: skip
    changes: dict[str, dict[str, str]] = {"amount": {"amount": "12"}, "pause": {"months": "1"}, "stop": {}}
    for act, fields in changes.items():
        split.post(f"{own}/gift/{gift.public_id}/{act}", **fields)
    for act, fields in wishes.items():
        split.post(f"{own}/own/{act}", **fields)
    inside.work()
    back = refund(gift, 400, payment_intent=f"pi_in_{gift.public_id}_1")
    for body in (invoice_payment_paid(gift), back):
        assert send(public.client, body).status_code == 200
    inside.work()
    assert [(amount, valid) for _, amount, valid in tax.receipts()] == [(1000, False), (600, True)]
    own = Visitor(inside).own()
    page = public.page(own)
    assert "-00001" in page and "-00002" in page
    split.post(f"{own}/own/tax")
    split.post(f"{own}/own/email", email="second@example.org")
    split.post(Visitor(inside).proof("second@example.org"))
    own = Visitor(inside).own("second@example.org")
    split.post(f"{own}/own/erase")
    assert inside.donations()[-1].blob is None


def test_a_donor_whose_case_is_over_answers_on_the_public_server(split: Split) -> None:
    inside, public = World(split.inside.app), Visitor(World(split.public.app))
    gifts = [inside.gift(1000, frequency="monthly") for _ in range(2)]
    for gift in gifts:
        for body in (subscription(gift), invoice_paid(gift), completed(gift)):
            assert send(public.client, body).status_code == 200
        with split.inside.app.app_context():
            db.session.get_one(Case, gift.case_id).status = CaseStatus.CLOSED
            db.session.commit()
    links = [LINK.search(text_of(mail))[1] for mail in inside.mails() if mail["Subject"] == QUESTION]  # type: ignore[index]
    for link, choice in zip(links, ("fund:", "stop"), strict=True):
        assert public.client.get(link).status_code == 200
        assert split.post(link, choice=choice) == link
    assert (
        split.inside.fresh(text("SELECT string_agg(answer, ' ' ORDER BY answer) FROM fund_questions"))
        == "moved stopped"
    )
    assert send(public.client, invoice_paid(gifts[0], 2)).status_code == 200
    assert split.inside.fresh(text("SELECT count(*) FROM payments WHERE case_id IS NULL")) == 1


def test_a_clerk_can_do_everything_on_the_public_server(split: Split) -> None:
    """Which holds no keystore: of the data folder it shares the one with the copies."""
    inside, client = split.inside, split.public.client
    desk = pack_for(inside.app, inside, enter(inside.app))
    link, code = desk.send()
    shared = [app.config["UNDERSIGNED"].data / "clerk" for app in (split.public.app, inside.app)]
    shared[0].symlink_to(shared[1])
    assert desk.public_id in client.get(link).text
    split.post(f"{link}/files", 422, code="AAAAA-AAAAA")
    assert client.post(f"{link}/files", data={"token": split.public.token(), "code": code}).data == desk.pack
    assert split.post(f"{link}/received", file_number="III-7", answer_due="2026-12-24").startswith(link)
    upload = {"token": split.public.token(), "file": (io.BytesIO(b"Our answer."), "answer.txt")}
    assert client.post(f"{link}/reply", data=upload).status_code == 303
    inside.work()
    number, name = (
        split.inside.fresh(text("SELECT max(id) FROM delivery_papers")),
        "SELECT public_id FROM delivery_papers",
    )
    desk.office.saved(f"{desk.record}/papers/{number}/publish")
    desk.office.saved(
        desk.record, handed_on="2026-11-02", handed_how="post", handed_by="", file_number="", answer_due=""
    )
    path = f"/deliveries/papers/{split.inside.fresh(text(name))}"
    assert client.get(path).data == b"Our answer."
    assert path in client.get(f"/petitions/{split.public.slug}?handed").text
    assert [act for act, _ in desk.acts("clerk")] == ["delivery.fetched", "delivery.received", "delivery.replied"]
    assert split.inside.fresh(text("SELECT code_tries FROM clerk_links")) == 1
    refused(
        split, "UPDATE deliveries SET manifest = ''", "UPDATE clerk_links SET revoked_at = NULL", "DELETE FROM clerk_links",
        "UPDATE delivery_papers SET published_at = now()", "SELECT number FROM delivery_corrections",
    )  # fmt: skip
    with split.public.app.app_context():
        assert db.session.scalar(text("SELECT count(delivery_id) FROM delivery_corrections")) is not None


def test_what_is_the_offices_is_hidden_from_the_public_server(split: Split) -> None:
    hidden = [name for name, rights in RIGHTS.items() if not rights]
    assert {"organisers", "login_links", "audit_entries"} <= set(hidden)
    refused(split, *(f"SELECT 1 FROM {table}" for table in hidden))


def test_the_public_server_cannot_change_a_petition_or_turn_a_switch(split: Split) -> None:
    changes = ("UPDATE petitions SET title = ''", "UPDATE switches SET value = '1'", "UPDATE vault_keys SET scope = ''")
    refused(
        split, *changes, "DELETE FROM signatures", "DELETE FROM jobs", "INSERT INTO mail_hours VALUES (now(), 0, 0)"
    )


def refused(split: Split, *statements: str) -> None:
    for statement in statements:
        with split.public.app.app_context(), pytest.raises(ProgrammingError, match="permission denied"):
            db.session.execute(text(statement))
