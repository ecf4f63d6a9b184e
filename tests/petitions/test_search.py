"""The office's search by address: by the blind index, so however the address was spelt."""

from petitions import list_services, services
from petitions.list_services import Found
from petitions.states import SignatureState
from tests.petitions.conftest import Campaign, make_campaign


def find(campaign: Campaign, address: str) -> Found:
    with campaign.app.app_context():
        return list_services.find_by_address(services.get(campaign.id), address)


def test_an_address_is_found_however_it_is_spelt_and_on_its_own_petition_only(campaign: Campaign) -> None:
    other = make_campaign(campaign.app)
    campaign.signed("ada@example.org")
    campaign.sign("Ada+again@example.org")
    campaign.signed("ben@example.org")
    for spelling in ("ada@example.org", " ADA+x@Example.org".strip()):
        found = find(campaign, spelling)
        assert [one.state for one in found.signatures] == [SignatureState.VALID] and len(found.submissions) == 2
    assert find(other, "ada@example.org") == Found([], []) == find(campaign, "nobody@example.org")


def test_who_has_left_is_not_found(campaign: Campaign) -> None:
    campaign.signed("ada@example.org")
    campaign.press(campaign.mails("ada@example.org")[-1].links["withdraw"])
    assert find(campaign, "ada@example.org") == Found([], [])
