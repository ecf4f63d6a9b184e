"""What a donor's own page says: of each gift, of each act before it is done, and once it is done."""

from typing import NamedTuple

from flask_babel import get_locale
from flask_babel import gettext as _

from cases.models import Case
from core import clock
from donations.models import Frequency, PaymentStatus
from donations.own_page.services import Paid, RegularGift
from donations.papers import words as papers
from donations.subscriptions.models import SubscriptionStatus


class Words(NamedTuple):
    """Title, sentence and button of an act; `danger`: something ends."""

    title: str
    sentence: str
    button: str
    danger: bool = False


def state_of(gift: RegularGift) -> str:
    """How it stands with a regular gift, in a sentence or two."""
    subscription = gift.subscription
    if gift.question:
        day = clock.day(gift.question.due_at.date(), _language())
        return _("Its case is over. Your answer is needed before %(day)s; until then nothing new is taken.", day=day)
    if gift.under_way:
        return _("What you asked for is on its way to Stripe. A mail tells you as soon as it is done.")
    if subscription.status == SubscriptionStatus.PAUSED and subscription.resumes_at:
        day = clock.day(subscription.resumes_at.date(), _language())
        return _("It is paused. Nothing is taken before %(day)s; then it goes on by itself.", day=day)
    if subscription.status == SubscriptionStatus.ACTIVE and subscription.period_end:
        day = clock.day(subscription.period_end.date(), _language())
        return _("It goes on. The next payment is due on %(day)s.", day=day)
    return {
        SubscriptionStatus.INCOMPLETE: _("The first payment has not been made yet."),
        SubscriptionStatus.ACTIVE: _("It goes on."),
        SubscriptionStatus.PAST_DUE: _(
            "The last payment was not made. Stripe tries it again; you can give another card below."
        ),
        SubscriptionStatus.PAUSED: _("It is paused. Nothing is taken until you let it go on."),
        SubscriptionStatus.CANCELED: _("It has ended. Nothing more is taken."),
    }[subscription.status]  # fmt: skip


def fund(case: Case | None) -> str:
    """What a gift or a payment is for."""
    return papers.fund(case)


def rhythm(gift: RegularGift) -> str:
    """What is given, and how often."""
    amount = gift.next_money.text(_language())
    if gift.donation.frequency == Frequency.MONTHLY:
        return _("%(amount)s a month", amount=amount)
    return _("%(amount)s a year", amount=amount)


def outcome(paid: Paid) -> str:
    """What came of a payment, in two or three words."""
    if paid.payment.status == PaymentStatus.PENDING:
        return _("On its way")
    if paid.payment.status == PaymentStatus.FAILED:
        return _("Not paid")
    if not paid.back.minor:
        return _("Paid")
    back = paid.back.text(_language())
    return _("%(amount)s went back to you", amount=back) if paid.left.minor else _("All of it went back to you")


def words(act: str) -> Words:
    """What an act's page says."""
    return {
        "amount": Words(
            _("Change the amount"),
            _("This is what is taken each time from the next payment on, a fee that you cover included."),
            _("Change the amount"),
        ),
        "pause": Words(
            _("Pause this gift"),
            _(
                "Nothing is taken until the day that you choose; then the gift goes on by itself. You can let it "
                "go on sooner."
            ),
            _("Pause it"),
        ),
        "resume": Words(
            _("Let this gift go on"),
            _("The next payment is taken when it is due. Nothing is taken for the time of the pause."),
            _("Let it go on"),
        ),
        "stop": Words(
            _("Stop this gift"),
            _(
                "Nothing more is taken. What you have given stays given. An ended gift cannot be taken up again; "
                "you can begin a new one."
            ),
            _("Stop it"),
            danger=True,
        ),
        "card": Words(
            _("Change card or account"),
            _("This opens a page of Stripe, which takes the payments. We never see your card or your account."),
            _("Change it at Stripe"),
        ),
        "receipt": Words(
            _("Mail me a receipt again"),
            _("It comes as a PDF to the address that your mails go to."),
            _("Mail me this receipt"),
        ),
        "summary": Words(
            _("All payments of a year"), _("They come as a PDF to the address that your mails go to."), _("Mail me this year"),
        ),
        "postal": Words(
            _("My postal address"),
            _(
                "It is needed for tax receipts and for nothing else, and it is stored sealed: this page cannot "
                "show it. Write all of it as it shall stand on your receipts. Receipts that were issued keep the "
                "address that they have."
            ),
            _("Save the address"),
        ),
        "forget": Words(
            _("Delete my postal address"),
            _("The address is deleted here. Tax receipts that were issued keep it, as the law asks."),
            _("Delete it"),
            danger=True,
        ),
        "email": Words(
            _("Change my email address"),
            _(
                "We mail a link to the new address. Once you have pressed the button there, all mail goes to it; "
                "until then nothing changes."
            ),
            _("Mail the link to my new address"),
        ),
        "tax": Words(
            _("Tax receipts"),
            _(
                "They come as PDFs to the address that your mails go to: new ones for gifts of this year and the last, "
                "and those that were issued since the last year began, once more."
            ),
            _("Mail me my tax receipts"),
        ),
        "unlist": Words(
            _("My name on the list of supporters"),
            _(
                "Your name stands on the public list of supporters, as you wished, or will. Take it down here, "
                "with whatever you wrote beside it."
            ),
            _("Take my name down"),
        ),
        "data": Words(
            _("Everything that is stored about me"),
            _(
                "We mail you a file with it. Your name stands in it in clear: ask for it only where nobody else "
                "reads your mail. You can ask once an hour."
            ),
            _("Mail me my data"),
        ),
        "links": Words(
            _("Did somebody else see my mail?"),
            _("Then make the links to this page useless, this one too. We mail you a new one."),
            _("End all links and mail me a new one"),
        ),
        "erase": Words(
            _("Erase my data"),
            _(
                "Your regular gifts end at once, and your name, addresses and messages are deleted. The amounts "
                "and days of your gifts stay in our books, as the law asks, and name nobody. A tax receipt that "
                "was issued keeps the name and address on it for ten years. What Stripe keeps of a payment, it "
                "keeps under its own duties. This cannot be undone."
            ),
            _("Erase my data and end my gifts"),
            danger=True,
        ),
    }[act]  # fmt: skip


def done(act: str) -> str:
    """What the page says once an act was done; empty for a word that is none of ours."""
    soon = _("It is on its way to Stripe. A mail tells you as soon as it is done.")
    mailed = _("A mail is on its way to you.")
    return {
        "amount": soon, "pause": soon, "resume": soon,
        "stop": _("Your gift ends. Nothing more is taken, and a mail confirms it."),
        "receipt": mailed, "summary": mailed, "data": mailed,
        "tax": _("Tax receipts that can be issued are on their way to you."),
        "postal": _("Your postal address is saved within a minute."),
        "forget": _("Your postal address is deleted within a minute."),
        "email": _("A link is on its way to the new address. Nothing changes until you press the button there."),
        "unlist": _("Your name is taken down."),
    }.get(act, "")  # fmt: skip


def told(what: str) -> tuple[str, str]:
    """Title and sentence of a page that belongs to nobody."""
    return {
        "sent": (
            _("Look into your mail"),
            _(
                "If gifts came from this address, a mail with a link is on its way to it. To nobody else is "
                "anything sent: an address gets at most five such mails a week, and none if it never wants mail "
                "from us."
            ),
        ),
        "renewed": (
            _("Look into your mail"),
            _("The links to your page that were mailed before do nothing any more. A new one is on its way to you."),
        ),
        "erased": (
            _("Your data are being deleted"),
            _(
                "Your regular gifts end, and what names you is deleted within a few minutes. One last mail says "
                "what stays, and why."
            ),
        ),
        "moved": (
            _("Thank you: the new address is yours"),
            _("From now on our mails go to it. A mail with a link to your own page is on its way there."),
        ),
        "card": (
            _("Back from Stripe"),
            _(
                "What you changed there holds from the next payment on. Your own page opens with the link in our "
                "mail, as before."
            ),
        ),
    }[what]  # fmt: skip


def _language() -> str:
    return str(get_locale() or "en")
