"""Many at once: exactly one signature, one defined outcome, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.petitions.conftest import Campaign

SPELLINGS = ("ada@example.org", "ADA@example.org", "ada+x@example.org", "Ada+y@EXAMPLE.org")


def test_200_signings_of_one_address_and_every_link_pressed_at_once_make_one_signature(campaign: Campaign) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: campaign.sign(SPELLINGS[n % 4]).status_code, range(200)))
        assert answers == [303] * 200
        campaign.work()
        links = [mail.links["confirm"] for mail in campaign.mails()]
        assert len(links) == 5
        pressed = list(pool.map(lambda n: campaign.press(links[n % 5]).status_code, range(50)))
    assert pressed == [303] * 50
    assert campaign.count() == campaign.valid() == 1


@pytest.mark.parametrize("round_", range(3))
def test_confirming_and_withdrawing_at_once_end_withdrawn_when_both_are_through(
    campaign: Campaign, round_: int
) -> None:
    campaign.sign()
    campaign.work()
    links = campaign.mails()[0].links
    acts = ["confirm", "withdraw"] * 25
    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(lambda act: campaign.press(links[act]).status_code, acts)) == {303}
    assert campaign.count() == campaign.valid() == 0
