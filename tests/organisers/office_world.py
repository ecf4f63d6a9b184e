"""Everything that an office page can be about: two cases with one of each thing, and what belongs to the whole site."""

import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from cases.comments import services as comments
from cases.comments.models import Comment, CommentKind
from cases.models import Case, CaseImage, Consent, ImageFile, ImageFormat
from cases.translations import services as case_translations
from core import clock
from core.db import db
from core.money import Money
from core.tokens import digest
from core.vault import SITE, vault
from deliveries import asking
from deliveries.clerk import papers
from deliveries.clerk.models import ClerkLink, DeliveryPaper
from deliveries.columns import ALWAYS
from deliveries.models import Delivery
from deliveries.sampling.models import Sample
from deliveries.states import DeliveryState, PaperKind
from donations.guards.models import DeclineWave, FraudWarning
from donations.models import Donation, Frequency, Outcome, Payment, PaymentStatus, StripeEvent
from donations.offline import services as offline
from donations.offline.models import Means
from donations.own_page.models import Donor
from donations.tax.models import TaxReceipt, TaxRegistration
from donations.wall.models import PatronLevel, WallEntry, Words
from organisers.accounts import kept_forms
from organisers.accounts.models import CodeApp, Membership, OfficeInvitation, OfficeRole, OfficeSession
from organisers.drafts.models import DraftImport, DraftImportRow, DraftKind
from organisers.models import Organiser
from petitions.abuse import invalidation_services
from petitions.abuse.models import DomainRule, Signal
from petitions.imports import services as imports
from petitions.imports.models import SignatureImport
from petitions.invitations.models import Invitation
from petitions.models import ConsentText, Petition
from petitions.paper.models import PaperBatch
from petitions.states import ImportOrigin, InvitationKind, InvitationState, RuleAction, SignalKind, Visibility
from petitions.updates.models import Update
from petitions.versions.models import PetitionTranslation
from tests.donations.conftest import intend
from tests.factories import make_case, make_petition


@dataclass(frozen=True)
class Things:
    """What the arguments of office routes are filled with, by the argument's name; `by_endpoint`: other meanings."""

    case_id: int
    values: dict[str, Any]
    by_endpoint: dict[str, dict[str, Any]]

    def of(self, endpoint: str) -> dict[str, Any]:
        return {**self.values, **self.by_endpoint.get(endpoint, {})}


def make_things(me: Organiser) -> Things:
    """A case with one of each, in an app's context; what is of the whole site is made anew, too. Commits."""
    vault().prepare(SITE)
    case = make_case()
    petition = make_petition(case)
    gift = intend(case, Money(2500, "EUR"), Frequency.ONCE)
    gift.show_name = True
    rows = {
        "signal_id": _signal(petition), "invitation_id": _invitation(petition), "batch_id": _batch(petition),
        "payment_id": _payment(gift), "entry_id": _words(gift), "wave_id": _wave(), "warning_id": _warning(),
        "event_id": _event(), "level_id": PatronLevel(title="Lamp", thanks="Thanks.", minimums=[]),
        "update_id": _update(petition), "import_id": _import(petition), "comment_id": _comment(case),
        "delivery_id": _delivery(petition, me), "registration_id": _registration(), "app_id": _app(me),
        "session_id": _session(me),
        "organiser_id": Organiser(email=_address(), active=True, fs_uniquifier=secrets.token_hex(16)),
    }  # fmt: skip
    asked, confirmed = _office_invitation(), _app(me, confirmed_at=clock.now())
    held = DomainRule(domain=f"{secrets.token_hex(4)}.example", action=RuleAction.HOLD, created_by="cli")
    db.session.add_all([*rows.values(), asked, confirmed, held])
    invalidation = invalidation_services.prepare(petition, {"country": "IE"}, actor="cli")
    outside = _outside(case)
    db.session.flush()
    sample = Sample(
        public_id=secrets.token_urlsafe(16), delivery_id=rows["delivery_id"].id, seed="5", size=20, numbers=[1]
    )
    receipt, drafts = _receipt(rows["registration_id"]), _drafts(petition)
    image, consent = _image(case), db.session.scalars(select(Consent.id).where(Consent.case_id == case.id)).one()
    role = Membership(organiser_id=rows["organiser_id"].id, role=OfficeRole.VIEWER, case_id=case.id)
    db.session.add_all([receipt, image, drafts, role, sample])
    typed = kept_forms.Typed("/office/account/address", "", [("email", "new@example.org")])
    link, paper = _clerks(rows["delivery_id"])
    kept = kept_forms.keep(typed, organiser_id=me.id, session_id=None)
    agreed = {"version": 1, "visibility": Visibility.COUNTED, "text": "", "recipients": [], "language": "de"}
    db.session.add(ConsentText(digest=secrets.token_hex(32), petition_id=petition.id, **agreed))
    db.session.add(
        PetitionTranslation(petition_id=petition.id, language="de", title="T", ask="", letter="", source_digest="")
    )
    case_translations.write(case, "de", actor="cli", title="T")
    db.session.commit()
    ids = {name: row.id for name, row in rows.items()}
    values = {
        **ids, "case_id": case.id, "petition_id": petition.id, "part_id": case.people[0].id, "public_id": gift.public_id,
        "recipient_id": petition.recipients[0].id, "invalidation_id": invalidation.id, "factor_id": confirmed.id,
        "factor": "app", "name": "pause", "act_name": "cancel", "judgement": 1, "step": "remind", "country": "KZ",
        "domain": held.domain, "room": "held", "turn": "open", "verdict": "approve", "language": "de",
        "shield": "freeze", "parts": "people", "way": "up", "draft_import_id": drafts.id, "membership_id": role.id,
        "kept_id": kept, "sample_id": sample.id, "link_id": link.id, "paper_id": paper.id, "shown": "withhold",
    }  # fmt: skip
    pictures, consents = {"part_id": image.id}, {"part_id": consent}
    event, other, receipts = case.events[0].id, {"public_id": outside.public_id}, {"public_id": receipt.public_id}
    pending = {"invitation_id": asked.id}
    by_endpoint = {
        "edit_event": {"part_id": event}, "remove_event": {"part_id": event},
        "edit_image": pictures, "image_file": pictures, "remove_image": pictures,
        "open_consent": consents, "withdraw_consent": consents,
        "offline_gift": other, "open_offline_donor": other, "take_back_offline_gift": other,
        "tax_receipt": receipts, "open_tax_receipt": receipts, "issue_tax_receipt_anew": receipts,
        "resend_office_invitation": pending, "revoke_office_invitation": pending,
    }  # fmt: skip
    return Things(case.id, values, by_endpoint)


def _address() -> str:
    return f"{secrets.token_hex(4)}@example.org"


def _signal(petition: Petition) -> Signal:
    return Signal(
        petition_id=petition.id, kind=SignalKind.VELOCITY, value="", cluster_id=secrets.token_hex(8), submissions=2,
        expected=0.1, first_at=clock.now(), last_at=clock.now(),
    )  # fmt: skip


def _invitation(petition: Petition) -> Invitation:
    confirmed = {"state": InvitationState.CONFIRMED, "blob": b"sealed to a key that is gone"}
    public_id = secrets.token_urlsafe(16)
    return Invitation(public_id=public_id, petition_id=petition.id, kind=InvitationKind.NOTABLE, **confirmed)


def _image(case: Case) -> CaseImage:
    file = ImageFile(digest=secrets.token_hex(16), format=ImageFormat.JPEG, width=1, height=1, blurred=False, body=b"-")
    return CaseImage(case_id=case.id, alt="A", credit="B", width=1, height=1, files=[file])


def _update(petition: Petition) -> Update:
    text = {"subject": "News", "body": "Something happened."}
    texts = {"en": text, "de": text}
    public_id = secrets.token_urlsafe(16)
    return Update(public_id=public_id, petition=petition, texts=texts, created_by="cli", written_by="cli")


def _import(petition: Petition) -> SignatureImport:
    meaning = {"columns": {"name": 0}, "zone": "UTC", "order": "iso", "country": "IE"}
    lines: list[imports.Line] = [(2, ["Ada Example"])]
    upload = imports.Upload(ImportOrigin.OTHER, ["Name"], lines, "utf-8", ",", meaning, "")
    return imports.make(petition, upload, actor="cli")


def _drafts(petition: Petition) -> DraftImport:
    row = DraftImportRow(line=2, mark=bytes(32), state=bytes(32), case_id=petition.case_id, petition_id=petition.id)
    once = secrets.token_urlsafe(16)
    return DraftImport(public_id=once, kind=DraftKind.PETITIONS, made=1, created_by="cli", rows=[row])


def _comment(case: Any) -> Comment:
    written = {
        "kind": CommentKind.COMMENT,
        "name": "Ada",
        "email": "ada@example.org",
        "text": "Strength",
        "country": "",
    }
    return comments.of_secret(comments.write(case, **written))


def _batch(petition: Petition) -> PaperBatch:
    return PaperBatch(petition_id=petition.id, label="Stall", entered_by="cli")


def _payment(gift: Donation) -> Payment:
    return Payment(
        stripe_id=f"pi_{secrets.token_hex(6)}", donation=gift, case_id=gift.case_id, amount=2500, currency="EUR",
        status=PaymentStatus.PAID, paid_at=clock.now(),
    )  # fmt: skip


def _words(gift: Donation) -> WallEntry:
    return WallEntry(donation=gift, case_id=gift.case_id, name="Dana Donor", words=Words.WAITING)


def _wave() -> DeclineWave:
    return DeclineWave(began_at=clock.now(), last_at=clock.now(), declined=30, paid=1)


def _warning() -> FraudWarning:
    return FraudWarning(id=f"issfr_{secrets.token_hex(6)}", kind="made_with_stolen_card")


def _event() -> StripeEvent:
    return StripeEvent(
        id=f"evt_{secrets.token_hex(6)}", type="charge.succeeded", outcome=Outcome.UNMATCHED, created_at=clock.now()
    )


def _registration() -> TaxRegistration:
    return TaxRegistration(
        country="IE", legal_name="O", address="A", number="1", office="", wording="W", prefix=secrets.token_hex(5),
        created_by="cli", retired_at=clock.now(),
    )  # fmt: skip


def _receipt(registration: TaxRegistration) -> TaxReceipt:
    donor = Donor(public_id=secrets.token_urlsafe(16), key_id="gone", data_key_id="gone")
    return TaxReceipt(
        public_id=secrets.token_urlsafe(16), registration=registration, donor=donor, year=2026, number=1, amount=100,
        currency="EUR", key_id="gone", data_key_id="gone", blob=None,
    )  # fmt: skip


def _outside(case: Any) -> Any:
    return offline.enter(
        case, means=Means.CASH, reference=secrets.token_hex(4), money=Money(100, "EUR"), given_on=date(2026, 1, 1),
        name="Dana Donor", note="", show_name=False, actor="cli",
    )  # fmt: skip


def _app(me: Organiser, **values: Any) -> CodeApp:
    public_id = secrets.token_urlsafe(16)
    box = vault().seal(SITE, "undersigned/code-app/v1", public_id, {"secret": "GEZDGNBVGY3TQOJQ"})
    return CodeApp(
        public_id=public_id, organiser_id=me.id, name="phone", key_id=box.key_id, data_key_id=box.data_key_id,
        blob=box.blob, **values,
    )  # fmt: skip


def _session(me: Organiser) -> OfficeSession:
    return OfficeSession(
        digest=secrets.token_bytes(32), organiser_id=me.id, entered_by="link", browser="?", created_at=clock.now(),
        last_seen_at=clock.now(),
    )  # fmt: skip


def _delivery(petition: Petition, me: Organiser) -> Delivery:
    """A list of 200 lines that was made."""
    signed = {"manifest": "{}", "signature": bytes(64), "key_fingerprint": "0", "made_at": clock.now(), "lines": 200}
    asked = {"language": "en", "formats": ["csv"], "columns": list(ALWAYS), "recipient": {"name": "A. Recipient"}}
    public_id = asking.new_public_id()
    return Delivery(
        public_id=public_id, petition=petition, created_by=me.id, state=DeliveryState.READY, **signed, **asked
    )


def _clerks(delivery: Delivery) -> tuple[ClerkLink, DeliveryPaper]:
    """A clerk's link to a delivery and a paper that came back."""
    link = ClerkLink(
        digest=secrets.token_bytes(32), public_id=asking.new_public_id(), delivery_id=delivery.id, code_digest=bytes(32),
        expires_at=clock.now(),
    )  # fmt: skip
    paper = papers.add(delivery, b"Our answer.", kind=PaperKind.REPLY, by_clerk=True)
    db.session.add(link)
    db.session.flush()
    return link, paper


def _office_invitation() -> OfficeInvitation:
    return OfficeInvitation(
        email=_address(), role=OfficeRole.VIEWER, cases=[], digest=digest(secrets.token_hex(8)), invited_by="cli",
        sent_at=clock.now(), expires_at=clock.now() + timedelta(hours=1),
    )  # fmt: skip
