"""One mailbox, one signature: the rules of providers, look-alikes, slips that are told, domains that are thrown away."""

from urllib.parse import parse_qs, urlsplit

import pytest

from core.addresses import clean_address
from core.mailboxes.canonical import canonical, tagged
from core.mailboxes.mail_domains import PROVIDERS, as_meant, disposable, hint_for
from core.text import TextError
from core.tokens import open_query
from petitions.states import HeldReason
from petitions.thanks_views import THANKS_LIFE
from tests.petitions.conftest import Campaign

SAME = [
    ("ada@gmail.com", "A.d.A+petition@googlemail.com"),
    ("ada@icloud.com", "ada+news@me.com"),
    ("ada.b@proton.me", "a_d-ab@pm.me"),
    ("ada-b@yandex.ru", "ada.b@ya.ru"),
    ("ada@fastmail.com", "petitions@ada.fastmail.com"),
    ("ada@yahoo.com", "ada-petitions@yahoo.com"),
    ("ada@union.example", "ada+petition@union.example"),
    ("ada@example.org", "ADA@EXAMPLE.ORG"),
    ("ada@gmail.com", "ada@gmаil.com"),  # a Cyrillic letter
    ("ada@gmail.com", "аda@gmail.com"),
    ("ada@gmail.com", "ａｄａ＠ｇｍａｉｌ．ｃｏｍ"),
    ("ada@gmail.com", "a\u200bda@gma\u2060il.com"),
    ("ada@yahoo.com", "ada@уаһоо.com"),  # all Cyrillic but the ending
]
OTHERS = [
    ("ada.b@outlook.com", "adab@outlook.com"),
    ("ada@outlook.com", "ada@hotmail.com"),
    ("ada-b@gmx.de", "ada@gmx.de"),
    ("ada@mail.ru", "ada@inbox.ru"),
    ("ada.b@example.org", "adab@example.org"),
    ("ada@сахар.рф", "ada@caxap.рф"),
    ("ada@union.example", "ada@branch.union.example"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_spellings_of_one_mailbox_are_one_address(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_two_mailboxes_are_two_addresses(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


def test_a_tag_alone_and_a_name_of_dots_stay_an_address() -> None:
    assert canonical("+x@example.org") == "+x@example.org"
    assert canonical("...@gmail.com") == "...@gmail.com"


@pytest.mark.parametrize("address", ["ada@пример.рф", "ada@مثال.إيران", "ada@bücher.example", "ada@例え.jp"])
def test_a_domain_all_in_another_script_stays_what_it_is(address: str) -> None:
    assert as_meant(address) == address


def test_every_provider_is_written_as_its_rules_read_it() -> None:
    assert all(domain == domain.lower() and rules.domain in PROVIDERS for domain, rules in PROVIDERS.items())
    assert tagged("ada+x@example.org") and not tagged("ada@example.org") and not tagged("a.d.a@gmail.com")


def test_a_look_alike_signs_once_and_the_mail_goes_to_the_mailbox_that_was_meant(campaign: Campaign) -> None:
    campaign.signed("ada@gmail.com")
    assert campaign.sign("a\u200bda+again@gmаil.com").status_code == 303
    campaign.work()
    assert campaign.count() == 1
    assert {mail.to for mail in campaign.mails()} == {"ada@gmail.com", "ada+again@gmail.com"}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ada@gmial.com", "ada@gmail.com"), ("ada@gmail.con", "ada@gmail.com"), ("ada@hotmal.com", "ada@hotmail.com"),
        ("ada@outllook.com", "ada@outlook.com"), ("ada@gnail.com", "ada@gmail.com"), ("ada@gmail.com", None),
        ("ada@mail.com", None), ("ada@ymail.com", None), ("ada@gmx.at", None), ("ada@union.example", None),
    ],
)  # fmt: skip
def test_a_slip_is_told_and_a_real_domain_is_not_called_one(typed: str, meant: str | None) -> None:
    assert hint_for(typed) == meant


def test_the_hint_travels_sealed_to_the_next_page_and_nothing_is_changed(campaign: Campaign) -> None:
    answer = campaign.sign("ada@gmial.com")
    assert answer.status_code == 303 and "gmail" not in answer.headers["Location"]
    [token] = parse_qs(urlsplit(answer.headers["Location"]).query)["t"]
    with campaign.app.app_context():
        known = open_query("thanks", token, age=THANKS_LIFE)
    assert known["email"] == "ada@gmial.com" and known["hint"] == "ada@gmail.com"


def test_an_address_for_ten_minutes_waits_for_an_organiser_and_its_sender_sees_the_usual_page(
    campaign: Campaign,
) -> None:
    answer = campaign.sign("ada@mailinator.com")
    assert answer.status_code == 303
    campaign.work()
    [row] = campaign.submissions()
    assert row.held_reason == HeldReason.DISPOSABLE and not campaign.mails()
    assert disposable("sub.mailinator.com") and not disposable("gmail.com")


def test_nonsense_in_an_address_is_answered_in_a_sentence(campaign: Campaign) -> None:
    for typed in ("ada", "@", "ada@", "\u200b", "а" * 5000, "ada@xn--a.com", "ada@\u202egmail.com@x"):
        answer = campaign.sign(typed)
        assert answer.status_code in (303, 422), typed


def test_what_is_kept_can_be_written_to(campaign: Campaign) -> None:
    """A folded address passes the same check as any other."""
    with campaign.app.test_request_context():
        assert clean_address(as_meant("аda@gmаil.com")) == "ada@gmail.com"
        with pytest.raises(TextError):
            clean_address(as_meant("ада@gmail.com"))
