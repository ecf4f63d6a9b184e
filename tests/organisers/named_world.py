"""A site in which everything that the public may ever read names the same person, and how each of its routes is reached."""

import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from html import unescape

from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from cases.comments.models import Comment
from cases.models import Case
from cases.translations import services as case_translations
from core import clock, tokens
from core.db import db
from core.switches import turn
from core.tokens import seal_query
from core.vault import SITE, vault
from deliveries.clerk import papers
from deliveries.models import Delivery
from deliveries.sampling.models import Sample, SampleQuestion
from deliveries.states import PaperKind, SampleState
from donations.wall.models import WallEntry
from petitions import services as petitions
from petitions.models import Petition, Signature
from petitions.states import PetitionState
from petitions.versions import services as versions
from petitions.versions import translations
from tests.cases.conftest import Wall
from tests.deliveries.clerking import pack_for
from tests.deliveries.factory import make_delivery
from tests.donations.conftest import World
from tests.donations.own_pages import Visitor
from tests.donations.test_wall import gift_by, pay
from tests.factories import make_petition
from tests.organisers.conftest import Office
from tests.organisers.test_case_safety import CYRILLIC, NAME, SURNAME, named_case
from tests.organisers.test_images import add, drawn, urls
from tests.petitions.conftest import Campaign
from tests.petitions.own_pages import letters
from tests.petitions.test_invitations import PEOPLE, Letter
from tests.updates.conftest import News

OLD = {"case": "free-zarina-testova", "petition": "release-zarina-testova", "won": "thank-zarina-testova"}
WORDS = {"message": f"For {SURNAME}", "tribute": "behalf", "tribute_name": NAME, "show_name": "y"}
OWN = ("visibility", "name", "updates", "data", "links", "withdraw", "erase", "disown")
OWN_GIFT = ("postal", "forget", "email", "unlist", "tax", "data", "links", "erase")


@dataclass
class NamedWorld:
    """The site before anything was done about the name; `links`: what people were mailed, by what it is."""

    app: Flask
    office: Office
    campaign: Campaign
    news: News
    wall: Wall
    links: dict[str, str] = field(default_factory=dict)
    pictures: list[str] = field(default_factory=list)
    sampled: str = ""

    def mails(self) -> list[str]:
        return sorted(path.name for path in self.app.config["UNDERSIGNED"].mail_folder.glob("*.eml"))

    def give(self, **form: str) -> None:
        pay(self.app, gift_by(self.app, self.case_slug, **{**WORDS, **form}))

    def judge_words(self, verdict: str = "approve") -> None:
        with self.app.app_context():
            waiting = db.session.scalars(select(WallEntry.id).where(WallEntry.words == "waiting")).all()
        for entry in waiting:
            self.office.saved(f"/office/wall/{entry}/words/{verdict}", seen="held")

    @property
    def reported(self) -> list[str]:
        """Where the first comment and the first words on the wall that are shown can be reported."""
        with self.app.app_context():
            comment = db.session.scalar(select(func.min(Comment.id)).where(Comment.state == "approved"))
            words = db.session.scalar(select(func.min(WallEntry.id)).where(WallEntry.words == "approved"))
        return [f"/reports/comment/{comment}", f"/reports/wall/{words}"]

    @property
    def case_slug(self) -> str:
        with self.app.app_context():
            return db.session.scalars(select(Case.slug)).one()

    @property
    def slugs(self) -> dict[str, str]:
        """Today's address of the case, the open petition, the one that was won."""
        with self.app.app_context():
            open_one, won = db.session.scalars(select(Petition.slug).order_by(Petition.id)).all()
        return {"case": self.case_slug, "petition": open_one, "won": won}


def make(app: Flask, office: Office) -> NamedWorld:
    campaign = named_case(app)
    _name_everything(app, campaign.id)
    campaign = Campaign(app, campaign.id, OLD["petition"])
    world = NamedWorld(app, office, campaign, News(campaign), Wall(app, OLD["case"], 1))
    add(office, 1, drawn(), credit=f"Family of {NAME}")
    add(office, 1, _portrait(), alt=f"{CYRILLIC} writes.", person="1")
    world.pictures = urls(app, f"/cases/{OLD['case']}")
    _supporters(world)
    _change(app, campaign.id)
    _deliver(world)
    _sample(world)
    world.news.send(subject=f"News of {SURNAME}", body=f"{NAME} is *ill*.", headline=f"{NAME} is ill")
    return world


def _sample(world: NamedWorld) -> None:
    """An official asks some who stand on a list of the petition; the lines are made up, and so is one question."""
    secret = tokens.new_secret()
    world.sampled, world.links["question"] = (
        make_delivery(world.app, world.campaign.id, lines=400),
        f"/questions/{secret}",
    )
    with world.app.app_context():
        turn(actor="cli", sampling=True)
        delivery = db.session.scalars(select(Delivery.id).where(Delivery.public_id == world.sampled)).one()
        asking = {"state": SampleState.ASKING, "closes_at": clock.now() + timedelta(days=9), "mailed": 12}
        sample = Sample(public_id="sample", delivery_id=delivery, seed="5 17 23", size=20, numbers=[7], **asking)
        db.session.add(sample)
        db.session.flush()
        signature_id = db.session.scalar(select(func.min(Signature.id)))
        question = SampleQuestion(sample_id=sample.id, signature_id=signature_id, digest=tokens.digest(secret))
        db.session.add(question)
        db.session.commit()


def _portrait() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (300, 400), "green").save(file, "PNG")
    return file.getvalue()


def _name_everything(app: Flask, petition_id: int) -> None:
    with app.app_context():
        case = db.session.scalars(select(Case)).one()
        case.slug, case.comments_open = OLD["case"], True
        case.fund_title, case.fund_text, case.urgency = (
            f"Lawyers of {NAME}",
            f"It pays for {SURNAME}.",
            f"{SURNAME} is ill",
        )
        for name in ("about", "charge", "sentence", "held_at"):
            setattr(case.people[0], name, f"{name} of {SURNAME}")
        petition = db.session.get_one(Petition, petition_id)
        petition.slug, petition.first_signatory = OLD["petition"], f"Mother of {NAME}"
        translations.write(
            petition, "de", actor="olga@example.org", title=f"Freiheit für {NAME}", ask=f"Lasst {SURNAME} frei.",
            letter=f"Wir bitten für {NAME}s Freiheit.", closing_lines=f"Danke von {NAME}.", answer=f"Zu {NAME}: nein.",
        )  # fmt: skip
        texts = {
            name: f"{name} von {NAME}"
            for name in ("title", "lede", "story", "place", "urgency", "fund_title", "fund_text")
        }
        case_translations.write(case, "de", actor="olga@example.org", **texts)
        held = {name: f"{name} von {SURNAME}" for name in ("about", "charge", "sentence", "held_at")}
        case_translations.write(case.people[0], "de", actor="olga@example.org", **held)
        told = {"title": f"{SURNAME} verhaftet", "body": f"{NAME} ist krank."}
        case_translations.write(case.events[0], "de", actor="olga@example.org", **told)
        won = make_petition(case, slug=OLD["won"], title=f"Thank {NAME}", letter=f"Dear {NAME}.")
        won.state, won.won_on, won.closing_lines = PetitionState.VICTORY, date(2026, 5, 8), f"{NAME} is home."
        won.answered_on, won.answer = date(2026, 5, 6), f"Noted, about {CYRILLIC}."
        won.answer_source = "https://example.org/zarina-testova"
        db.session.commit()


def _deliver(world: NamedWorld) -> None:
    """A list for an official, who has replied."""
    told = {"purpose": f"For {NAME}", "reply": f"About {SURNAME}: no.", "replied_on": date(2026, 5, 9)}
    public_id = make_delivery(world.app, world.campaign.id, **told)
    world.links["delivery"] = f"/deliveries/{public_id}"
    with world.app.app_context():
        found = db.session.scalars(select(Delivery).where(Delivery.public_id == public_id)).one()
        about = {"title": found.petition.title, "slug": found.petition.slug}
        found.manifest = json.dumps({"petition": about, "purpose": found.purpose})
        db.session.commit()


def _change(app: Flask, petition_id: int) -> None:
    """A second version, which tells those who signed the first."""
    with app.app_context():
        petition = db.session.get_one(Petition, petition_id)
        petition.letter = f"We ask you once more to free {NAME}."
        petitions.record_consent(petition)
        versions.settle(petition, reason=f"{SURNAME} is ill.", actor="olga@example.org")
        db.session.commit()


def _supporters(world: NamedWorld) -> None:
    """Whoever signs, is invited, gives and writes; their links."""
    campaign, wall = world.campaign, world.wall
    campaign.signed("ada@example.org", updates="y")
    campaign.signed("carl@example.org", visibility="public", name=f"Free {NAME}")
    world.links["own"] = letters(campaign, "ada@example.org")[-1].own
    world.links["unsubscribe"] = letters(campaign, "ada@example.org")[-1].unsubscribe
    world.links |= campaign.mails("ada@example.org")[-1].links
    sent = campaign.sign("bob@example.org", updates="y")
    world.links["thanks"] = sent.headers["Location"].partition("?")[2]
    campaign.work()
    world.links["confirm"] = campaign.mails("bob@example.org")[-1].links["confirm"]
    invited = Letter(world.app, campaign, world.office)
    invited.invite(PEOPLE)
    world.links["invitation"] = invited.link("bert@senate.example")
    world.links["own comment"] = wall.write(text=f"Strength to {NAME}!", name=f"Friends of {NAME}")
    wall.write(text=f"I waited for {SURNAME}.", name="Late Larry")
    world.office.saved(f"{wall.office(1)}/approve", seen="held")
    world.give(name="Wanda Wall")
    world.judge_words()
    world.give(name="Late Lisa", email="late@example.org", frequency="monthly")
    donor = Visitor(World(world.app))
    world.links["donor"] = donor.own("late@example.org")
    world.links["gift"] = _gift(donor.page(world.links["donor"]))
    _delivery(world)


def _delivery(world: NamedWorld) -> None:
    """A delivery that was handed over to somebody who shares the name, its clerk's link, and a paper that names her."""
    desk = pack_for(world.app, world.campaign, world.office)
    desk.change(
        recipient={"name": "A. Recipient", "role": f"Guard of {NAME}", "organisation": ""}, handed_on=date(2026, 5, 8)
    )
    world.links["clerk"], _code = desk.send()
    with world.app.app_context():
        vault().prepare(SITE)
        paper = papers.add(desk.found(), f"About {NAME}.".encode(), kind=PaperKind.REPLY, by_clerk=True)
        papers.publish(paper)
        db.session.commit()
        world.links["paper"] = f"/deliveries/papers/{paper.public_id}"


def _gift(page: str) -> str:
    """The number of the regular gift on a donor's page."""
    found = re.search(r"/gift/([\w-]+)/stop", unescape(page))
    assert found
    return found[1]


def ways(world: NamedWorld) -> dict[str, list[str]]:
    """The paths at which each public route, and each behind a mailed link, is looked at; a new route belongs here."""
    links, slug = world.links, world.slugs
    case, opened, won = f"/cases/{slug['case']}", f"/petitions/{slug['petition']}", f"/petitions/{slug['won']}"
    give, own, donor, sealed = f"/donate/{slug['case']}", links["own"], links["donor"], "a" * 43
    invitation, gift = links["invitation"], f"{links['donor']}/gift/{links['gift']}"
    query = {"donation-cancelled": {"case": slug["case"], "amount": "5", "currency": "EUR", "frequency": "once"}}
    with world.app.test_request_context():
        answered = seal_query("sample-answered", {"yes": False, "way_out": links["disown"]})
        cancelled, written = (seal_query(name, query.get(name, {"secret": "x"})) for name in (*query, "comment-thanks"))
    signed = [f"{links['delivery']}/manifest.json"]
    acts, shown = _under(own, OWN), {"own_page": [own]}
    return {
        "static": ["/static/css/site.css"], "health.healthz": ["/healthz"], "health.readyz": ["/readyz"],
        "pages.home": ["/"], "pages.cases": ["/cases/"], "pages.case": [case], "pages.translated_case": [f"/de{case}"],
        "pages.case_document": [f"{case}.json"],
        "pages.news": ["/news/"], "pages.news_of_month": ["/news/2010/05/", f"/news/{date.today():%Y/%m}/"],
        "pages.privacy": ["/privacy"], "pages.comments": [f"{case}/comments"], "pages.write_comment": [f"{case}/comments"],
        "pages.comment_thanks": [f"{case}/comments/thanks?t={written}"], "pages.image": world.pictures,
        "pages.own_comment": [links["own comment"]], "pages.withdraw_comment": [links["own comment"]],
        "pages.report": world.reported, "pages.report_sent": ["/reports/sent"],
        "pages.send_report": world.reported,
        "petitions.index": ["/petitions/"], "petitions.show": [opened, won],
        "petitions.document": [f"{opened}.json", f"{won}.json"], "petitions.count": [f"{opened}/count.json"],
        "petitions.signatories": [f"{opened}/signatories"], "petitions.sign": [f"{opened}/sign", f"{won}/sign"],
        "petitions.feed": [f"{opened}/updates.atom"], "deliveries.petition_log": [f"{opened}/log"],
        "deliveries.petition_checkpoint": [f"{opened}/log/checkpoint"], "deliveries.delivery_log": ["/deliveries/d0/log"],
        "petitions.version_list": [f"{opened}/versions"], "translated.show": [f"/de{opened}"],
        "petitions.printed_sheet": [f"{opened}/sheet.pdf"], "petitions.qr_code": [f"{opened}/qr.svg"],
        "petitions.thanks": [f"{opened}/thanks?{links['thanks']}"], "petitions.confirmed": [f"{opened}/confirmed"],
        **{f"petitions.{name}": [f"{opened}/thanks/{path}"] for name, path in _thanks(world).items()},
        "petitions.organisation": [f"{opened}/organisation"], "petitions.add_organisation": [f"{opened}/organisation"],
        "petitions.organisation_sent": [f"{opened}/organisation/sent"],
        "signatures.show": [links["withdraw"], links["disown"], links["confirm"]],
        "signatures.act": [links["withdraw"], links["disown"], links["confirm"]],
        "signatures.done": [f"{links['withdraw']}/done", f"{links['confirm']}/done"],
        "own_page.show": shown["own_page"], "own_page.ask": acts, "own_page.act": acts,
        "own_page.ask_for_link": ["/signatures/manage", f"/signatures/manage?petition={slug['petition']}"],
        "own_page.send_link": ["/signatures/manage"], "own_page.link_sent": ["/signatures/manage/sent"],
        "pages.unsubscribe": [links["unsubscribe"]], "pages.allow_mails": [f"{links['unsubscribe']}/undo"],
        "donations.give": ["/donate", give], "donations.send": ["/donate", give], "donations.wall": [f"{give}/wall"],
        "donations.nothing_to_give_to": ["/donate/wall"], "donations.thanks": ["/donations/thanks"],
        "donations.cancelled": [f"/donations/cancelled?d={cancelled}"],
        "deliveries.sample": [f"/deliveries/{world.sampled}/sample"],
        "deliveries.ask_for_sample": [f"/deliveries/{world.sampled}/sample"],
        "deliveries.question": [links["question"]], "deliveries.answer": [links["question"]],
        "deliveries.answered": [f"{links['question']}/answered?t={answered}"],
        "moving.ask": [f"{gift}/fund"], "moving.answer": [f"{gift}/fund"],
        "donor_page.ask_for_link": ["/donations/manage"], "donor_page.send_link": ["/donations/manage"],
        "donor_page.told": ["/donations/manage/mail/sent"], "donor_page.show": [donor],
        "donor_page.ask": _under(donor, OWN_GIFT), "donor_page.act": _under(donor, OWN_GIFT),
        "donor_page.ask_of_gift": [f"{gift}/{change}" for change in ("amount", "pause", "stop")],
        "donor_page.act_on_gift": [f"{gift}/{change}" for change in ("amount", "pause", "stop")],
        "donor_page.change_card": [f"{gift}/card"], "donor_page.send_paper": [f"{donor}/papers/receipt"],
        "donor_page.ask_to_prove": [f"/donations/manage/address/{sealed}"],
        "donor_page.prove": [f"/donations/manage/address/{sealed}"],
        "deliveries.show": [links["delivery"], f"/de{links['delivery']}"],
        "deliveries.check_form": ["/deliveries/check"], "deliveries.check": ["/deliveries/check"],
        "deliveries.verifier": ["/deliveries/verify_delivery.py"],
        "deliveries.signed_file": signed, "deliveries.signed_file_by_code": signed,
        "clerk.show": [links["clerk"]], "clerk.fetch": [f"{links['clerk']}/files"], "clerk.paper": [links["paper"]],
        "clerk.receive": [f"{links['clerk']}/received"], "clerk.reply": [f"{links['clerk']}/reply"],
        "invitations.show": [invitation], "invitations.colleague": [f"{invitation}/colleague"],
        "invitations.act": [f"{invitation}/sign", f"{invitation}/decline"],
        "invitations.correct": [f"{invitation}/correction"], "invitations.propose": [f"{invitation}/colleague"],
    }  # fmt: skip


def _thanks(world: NamedWorld) -> dict[str, str]:
    """The last parts of what the thanks page's forms are sent to."""
    names = ("confirm_code", "mail_again", "change_address")
    rules = {rule.endpoint: rule.rule for rule in world.app.url_map.iter_rules()}
    return {name: rules[f"petitions.{name}"].rpartition("/")[2] for name in names}


def _under(page: str, acts: Iterable[str]) -> list[str]:
    return [f"{page}/own/{act}" for act in acts]
