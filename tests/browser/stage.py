"""A site on which everything has happened that the pages of signing in depth can show; names and addresses are made up."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import select, update

from core import clock
from core.db import db
from petitions.abuse.models import Signal
from petitions.counting import margins
from petitions.models import Petition, Signature, Submission
from petitions.paper.models import PaperBatch
from petitions.states import HeldReason, InvitationState, SignalKind, Visibility
from petitions.updates import services as update_services
from petitions.updates.counting import tell
from petitions.updates.models import Update, UpdateState
from tests.browser.stage_comments import comments
from tests.browser.stage_deliveries import deliveries
from tests.browser.stage_gifts import gifts
from tests.browser.stage_records import records
from tests.browser.stage_samples import samples
from tests.factories import make_case, make_petition
from tests.organisers.conftest import Office, enter
from tests.organisers.drafts.test_drafts import CASES, Taking
from tests.organisers.imports.systems import make
from tests.organisers.imports.test_imports import Import
from tests.organisers.test_images import add
from tests.organisers.test_moderation import hold
from tests.organisers.test_paper import Paper
from tests.organisers.test_petitions import fields_of
from tests.petitions.conftest import Campaign, make_campaign
from tests.petitions.crowd import crowd
from tests.petitions.own_pages import letters, own_page
from tests.petitions.test_invitations import Letter
from tests.petitions.test_organisations import NOTABLE, enter_union

LONG = "Bartholomäus-Maximilian von Hohenzollern-Sigmaringen-Wolfenbüttel"
LONG_ADDRESS = "a-very-long-mailbox-name-of-somebody@a-domain-that-does-not-wrap-anywhere.example"
CLUSTER = "c1c1c1c1"
INVITED = f"""{LONG}; Member of the Assembly for the Northern Districts; Green Group; SI; zora@assembly.example
Bert Muster; Senator; Free List; AT; bert@senate.example
Aoife Probe; Deputy; Left Bloc; IE; aoife@dail.example
Chiara Esempio; Member; Left Bloc; IT; chiara@camera.example
Dora Probe; Member; ; DE; dora@assembly.example"""


def build(app: Flask) -> dict[str, str]:
    """Makes it all, through the doors where there is one; what the paths of pages are filled with."""
    office = enter(app)
    wide = _wide(app)
    found = {"wide": wide.slug, "big": str(wide.id), **_signatories(wide), **_moderation(wide, office)}
    _paper(wide, office)
    found |= _imports(wide, office)
    office.saved("/office/cases/1/translations/de", title=f"Die Lehrer der Abendschule: {LONG}")
    add(office, 1, alt=f"{LONG} before the evening school", credit=LONG_ADDRESS)
    found |= _beside(wide, office)
    found |= _updates(wide, office)
    found |= _closed_letter(app, office)
    found |= _ended(app, office)
    found |= _changed(app, office)
    found |= gifts(app, office)
    found |= comments(app, office)
    found |= samples(app)
    found |= deliveries(app, office)
    found |= records(app, office)
    with app.app_context():
        found["batch"] = str(db.session.scalar(select(PaperBatch.id)))
        margins.take_all()
    wide.work()
    return found


def _wide(app: Flask) -> Campaign:
    title = "Release the teachers of the evening school and drop the charges against their students"
    with app.app_context():
        case = make_case(slug="wide-case", title="The teachers of the evening school", dangerous=True)
        petition = make_petition(case, slug="wide-petition", title=title, sources=["newsletter-may", "qr-poster"])
        wide = Campaign(app, petition.id, petition.slug)
    crowd(wide, 1_130, "IE")
    crowd(wide, 240, "DE", visibility=Visibility.PUBLIC)
    crowd(wide, 66, "KZ", visibility=Visibility.COUNTED)
    crowd(wide, 31, "GB", at=clock.now() - timedelta(days=3))
    return wide


def _signatories(wide: Campaign) -> dict[str, str]:
    """One who shows a long name, one who is counted only, one who has left; their own pages."""
    shown = own_page(
        wide, LONG_ADDRESS, name=LONG, visibility="public", affiliation="Union of Sentinels, Branch of the North"
    )
    counted = own_page(wide, "grace@example.org", name="Grace Example", visibility="counted")
    left = own_page(wide, "linus@example.org", name="Linus Example")
    assert wide.press(f"{left}/own/withdraw").status_code == 303
    wide.work()
    stop = letters(wide, "grace@example.org")[-1].unsubscribe
    stopped = letters(wide, "linus@example.org")[-1].unsubscribe
    assert wide.client.post(stopped, data={"stop": "yes"}).status_code in (200, 303)
    return {"own": shown, "counted": counted, "left": left, "stop": stop, "stopped": stopped}


def _moderation(wide: Campaign, office: Office) -> dict[str, str]:
    """A wave that was told, some who are held, and invalidations in each of their states."""
    for number in range(3):
        wide.signed(f"person{number}@mail{number // 2}.example", name=f"Person {'AB'[number // 2]}")
    with wide.app.app_context():
        ids = db.session.scalars(select(Signature.public_id).order_by(Signature.id.desc()).limit(2)).all()
        for table in (Submission, Signature):
            db.session.execute(update(table).where(table.public_id.in_(ids)).values(cluster_id=CLUSTER))
        for kind, value, cluster in (
            (SignalKind.DOMAIN_BURST, "a-domain-that-does-not-wrap-anywhere.example", CLUSTER),
            (SignalKind.VELOCITY, "", "d2d2d2d2"),
        ):
            db.session.add(Signal(
                petition_id=wide.id, kind=kind, value=value, cluster_id=cluster, submissions=2, expected=0.1,
                first_at=clock.now() - timedelta(minutes=9), last_at=clock.now(),
            ))  # fmt: skip
        db.session.commit()
    for number, reason in enumerate(HeldReason):
        hold(wide, f"{number}{LONG_ADDRESS}", reason, CLUSTER if reason == HeldReason.WAVE else None)
    path = f"/office/petitions/{wide.id}/invalidations"
    preview, done = (office.saved(f"{path}/new", name=name) for name in ("* example", "person ?"))
    office.saved(f"{done}/start", reason="The same person, many times over.")
    wide.work()
    return {"preview": preview, "done": done}


def _imports(wide: Campaign, office: Office) -> dict[str, str]:
    """Files of signatures: one that waits for a yes, one that came in; one of cases; and the site looked over."""
    taking = Import(office, wide)
    came, waits = taking.taken(make("civicrm", 60).raw, label=LONG), taking.chosen(make("speakout", 60).raw)
    office.saved("/office/site/check")
    wide.work()
    return {"import_came": came, "import_waits": waits, "draft_import": Taking(office, "cases").made(CASES)}


def _paper(wide: Campaign, office: Office) -> None:
    paper = Paper(office, wide)
    people = (
        {"name": f"{LONG} of the Sheet", "country": "Ireland", "city": "Cork"},
        {"name": "Ben Example"},
        {"name": "Cleo Example"},
    )
    assert paper.type(*people, label="Stall before the main station, first Saturday").status_code == 303


def _beside(wide: Campaign, office: Office) -> dict[str, str]:
    """A notable signatory and an organisation that are shown, one who asks for another role, one that has not answered."""
    letter = Letter(wide.app, wide, office)
    lines = f"""{NOTABLE["name"]}; Professor of Law; A University; DE; nora@university.example
Otto Beispiel; Bishop; A Diocese; AT; otto@diocese.example"""
    letter.invite(lines)
    for address in ("nora@university.example", "otto@diocese.example"):
        letter.sign(address)
    enter_union(wide)
    letter.sign("office@union.example")
    for row in letter.rows():
        if row.public_name or row.state == InvitationState.CONFIRMED:
            office.saved(f"{letter.office_list}/{row.id}/claim/approve", seen="held")
    wide.work()
    assert letter.press("otto@diocese.example", "correction", role="Archbishop", affiliation="A Diocese") == 303
    enter_union(wide, name="Association of the North", email="office@association.example")
    mailboxes = {"notable": "nora@university.example", "union": "office@union.example"}
    return {key: letter.links(one)[1] for key, one in {**mailboxes, "asks": "office@association.example"}.items()}


def _updates(wide: Campaign, office: Office) -> dict[str, str]:
    """One that is not sent yet, whose subject tells too much, and one that was paused after a part was left out."""
    new = f"/office/petitions/{wide.id}/updates/new"
    given = {"body": f"They were *heard* today.\n\n> {LONG_ADDRESS}", "audience": "everybody", "country": ""}
    draft, paused = (
        office.saved(new, subject=f"News of {LONG}, teachers", headline=headline, **given)
        for headline in ("", "Heard at last")
    )
    office.saved(f"{paused}/send", starts_at="")
    with wide.app.app_context():
        found = db.session.get_one(Update, int(paused.rpartition("/")[2]))
        update_services.move(found, UpdateState.SENDING)
        tell(found.id, {"unsubscribed": 3, "refused": 2, "bounced_back": 1})
        update_services.act(found, "pause", actor="olga@example.org")
        db.session.commit()
    return {"draft_update": draft, "paused_update": paused}


def _closed_letter(app: Flask, office: Office) -> dict[str, str]:
    letter = Letter(
        app, make_campaign(app, slug="closed-letter", title="A letter of the members", invited_only=True), office
    )
    letter.invite(INVITED)
    letter.sign("aoife@dail.example")
    assert letter.press("dora@assembly.example", "decline") == 303
    person = {
        "name": "Emil Probe",
        "role": "Member",
        "affiliation": "",
        "country": "DE",
        "email": "emil@assembly.example",
    }
    assert letter.press("aoife@dail.example", "colleague", **person) == 303
    letter.campaign.work()
    asked, signed, declined = (
        letter.links(address)[1] for address in ("zora@assembly.example", "aoife@dail.example", "dora@assembly.example")
    )
    return {
        "letter": str(letter.campaign.id), "asked": asked, "signed": signed, "declined": declined,
        "colleague": f"{letter.link('aoife@dail.example')}/colleague",
    }  # fmt: skip


def _changed(app: Flask, office: Office) -> dict[str, str]:
    """A petition whose signed text was changed, that was answered and won, and is read in two more languages."""
    campaign = make_campaign(app, slug="changed-petition", title="Release the printers of the evening paper")
    campaign.signed("ada@example.org", updates="y")
    page, text = f"/office/petitions/{campaign.id}", f"The word {LONG}-{LONG} is as long as a line."
    translation = {"title": "أطلقوا سراح العمال", "ask": "نطالب بالإفراج عنهم.", "letter": f"أطلقوا سراحهم.\n\n{text}"}
    office.saved(f"{page}/translations/ar", **translation)
    for letter in ("Release them.\n\nAt *once*.", f"Release them.\n\n{text}"):
        with app.app_context():
            typed = fields_of(db.session.get_one(Petition, campaign.id), letter=letter)
        office.saved(f"{page}/edit", **typed, reason=f"The court has ruled. {text}")
    office.saved(f"{page}/translations/de", **{**translation, "title": "Lasst die Drucker frei"})
    office.saved(f"{page}/close")
    day = clock.now().date().isoformat()
    source = f"https://example.org/{LONG_ADDRESS}"
    office.saved(f"{page}/answer", answer=f"We have *noted* it. {text}", answered_on=day, answer_source=source)
    office.saved(f"{page}/victory", closing_lines="They are *free*. Thank you.", won_on=day)
    return {"changed": str(campaign.id)}


def _ended(app: Flask, office: Office) -> dict[str, str]:
    """A petition that is closed under a legal hold, and one that was erased."""
    closed, gone = (make_campaign(app, slug=slug, title=slug) for slug in ("ended-petition", "erased-petition"))
    gone.signed("ada@example.org")
    for campaign in (closed, gone):
        office.saved(f"/office/petitions/{campaign.id}/close")
    office.saved(f"/office/petitions/{closed.id}/hold", reason="The court of the city asks for it.")
    office.saved(f"/office/petitions/{gone.id}/erase", typed=gone.slug)
    gone.work()
    return {"closed": str(closed.id), "gone": str(gone.id)}
