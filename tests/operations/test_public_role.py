"""The public server without a keystore, under a PostgreSQL role with only the rights that it needs: every public act works."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app import create_app
from cases.models import Case, CaseStatus
from core.db import Base, db
from core.vault import SITE, ensure_scope
from operations.public_rights import RIGHTS
from petitions.models import Petition
from tests.conftest import BASE, MIGRATIONS, new_postgresql
from tests.donations.conftest import DONOR, World
from tests.donations.events import completed, invoice_paid, send, subscription
from tests.donations.own_pages import Visitor
from tests.donations.pages import give
from tests.operations.test_backup import run
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
        dispose(app)
    assert not list(folders[1].rglob("*.json")), "the public server wrote keys"


def dispose(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


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
    split.post(f"{last.own}/own/erase")
    split.post(f"{page}/organisation", **UNION)
    assert [letter.to for letter in letters(inside)][-1] == UNION["email"]


def test_who_never_signed_can_say_so_on_the_public_server(split: Split) -> None:
    split.public.sign("bob@example.org")
    split.inside.work()
    link = re.search(r"/signatures/[\w-]{43}/disown", letters(split.inside, "bob@example.org")[-1].text)
    assert link
    split.post(link[0])
    assert split.inside.fresh(text("SELECT count(*) FROM suppressions")) == 1


def test_a_donor_and_a_visitor_find_everything(split: Split) -> None:
    page, client = f"/petitions/{split.public.slug}", split.public.client
    paths = ("/", "/privacy", "/cases/", f"/cases/{split.case}", "/petitions/", page, f"{page}.json", f"{page}/count.json",
             f"{page}/signatories", f"{page}/sheet.pdf", f"{page}/challenge.json", "/donate",
             "/healthz", "/readyz")  # fmt: skip
    assert {path: status for path in paths if (status := client.get(path).status_code) != 200} == {}
    give(client)  # it is stored before Stripe is asked, which is away in this test
    assert split.inside.fresh(text("SELECT count(*) FROM donations")) == 1


def test_a_donor_can_do_everything_on_the_public_server(split: Split) -> None:
    inside, public = World(split.inside.app), Visitor(World(split.public.app))
    gift = inside.gift(1000, frequency="monthly")
    for body in (subscription(gift), invoice_paid(gift), completed(gift)):
        assert send(public.client, body).status_code == 200
    split.post("/donations/manage", email=DONOR)
    own = Visitor(inside).own()
    public.page(own)
    wishes: dict[str, dict[str, str]] = {
        "postal": {"name": "Dana", "street": "1 Quay", "place": "Dublin", "country": "IE"}, "forget": {}, "unlist": {},
        "data": {}, "links": {},
    }  # fmt: skip
    moved = inside.gift(1000, frequency="monthly")
    for body in (subscription(moved), invoice_paid(moved), completed(moved)):
        assert send(public.client, body).status_code == 200
    with split.inside.app.app_context():
        db.session.get_one(Case, moved.case_id).status = CaseStatus.WON
        db.session.commit()
    inside.work()
    split.post(f"{own}/fund/{moved.public_id}", choice="fund:")
    assert split.inside.fresh(text("SELECT answer FROM fund_questions")) == "moved"
    changes: dict[str, dict[str, str]] = {"amount": {"amount": "12"}, "pause": {"months": "1"}, "stop": {}}
    for act, fields in changes.items():
        split.post(f"{own}/gift/{gift.public_id}/{act}", **fields)
    for act, fields in wishes.items():
        split.post(f"{own}/own/{act}", **fields)
    own = Visitor(inside).own()
    split.post(f"{own}/own/email", email="second@example.org")
    split.post(Visitor(inside).proof("second@example.org"))
    own = Visitor(inside).own("second@example.org")
    split.post(f"{own}/own/erase")
    assert inside.donations()[-1].blob is None


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
