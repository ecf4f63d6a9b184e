"""What the public may see of a petition: pages, JSON, the list of public names."""

import json
import re
from collections.abc import Callable

from core.db import db
from petitions.models import Signature
from tests.petitions.conftest import Campaign

KEYS = "slug title state case recipients signatures goal opens_at closes_at visibility_default languages links"


def test_the_json_documents_keep_the_contract(campaign: Campaign) -> None:
    campaign.signed("ada@example.org")
    answer = campaign.client.get(f"/petitions/{campaign.slug}.json")
    document = json.loads(answer.text)
    assert set(KEYS.split()) <= set(document) and answer.mimetype == "application/json"
    assert document["signatures"] == 1 and document["state"] == "open" and document["closes_at"] is None
    assert document["recipients"][0]["name"] == "A. Recipient" and document["languages"] == ["en"]
    assert json.loads(campaign.client.get(f"/petitions/{campaign.slug}/count.json").text) == {"signatures": 1}


def test_what_is_not_known_of_a_recipient_is_null(make_campaign_of: Callable[..., Campaign]) -> None:
    campaign = make_campaign_of(recipients=[{"name": "A. Recipient"}])
    (recipient,) = json.loads(campaign.client.get(f"/petitions/{campaign.slug}.json").text)["recipients"]
    assert recipient == {"name": "A. Recipient", "role": None, "organisation": None, "country": None}


def test_public_pages_are_shared_and_set_no_cookie(campaign: Campaign) -> None:
    for path in ("", ".json", "/count.json", "/signatories"):
        answer = campaign.client.get(f"/petitions/{campaign.slug}{path}")
        assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
        assert "s-maxage=1" in answer.headers["Cache-Control"] and answer.headers["ETag"]
        again = campaign.client.get(
            f"/petitions/{campaign.slug}{path}", headers={"If-None-Match": answer.headers["ETag"]}
        )
        assert again.status_code == 304 and not again.data


def test_the_list_names_only_who_chose_it_newest_first_and_pages_by_key(
    make_campaign_of: Callable[..., Campaign],
) -> None:
    campaign = make_campaign_of()
    campaign.signed("a@example.org", name="Public Person", visibility="public", role="Teacher", affiliation="A School")
    campaign.signed("b@example.org", name="Hidden Person", visibility="recipients")
    campaign.signed("c@example.org", name="Counted Person", visibility="counted")
    with campaign.app.app_context():
        template = db.session.query(Signature).filter_by(visibility="public").one()
        columns = [
            c.name
            for c in Signature.__table__.columns
            if c.name not in ("id", "public_id", "email_index", "public_name")
        ]
        for number in range(60):
            copied = {name: getattr(template, name) for name in columns}
            db.session.add(
                Signature(
                    **copied, public_id=f"p{number}", email_index=str(number).encode(), public_name=f"Name {number:02}"
                )
            )
        db.session.commit()
    first = campaign.client.get(f"/petitions/{campaign.slug}/signatories").text
    names = re.findall(r"Name \d\d", first)
    assert names == [f"Name {number:02}" for number in range(59, 9, -1)]
    assert "Hidden" not in first and "Counted Person" not in first
    older = re.search(r'href="([^"]*before=\d+)"', first)
    assert older is not None
    second = campaign.client.get(older[1]).text
    assert re.findall(r"Name \d\d", second) == [f"Name {number:02}" for number in range(9, -1, -1)]
    assert "Public Person" in second and "A School" in second
    page = campaign.client.get(f"/petitions/{campaign.slug}").text
    assert "Name 59" in page and "Hidden" not in page and "Counted Person" not in page


def test_markup_in_a_name_is_text(campaign: Campaign) -> None:
    campaign.signed("a@example.org", name="<svg onload=x> {{7*7}}", visibility="public")
    page = campaign.client.get(f"/petitions/{campaign.slug}/signatories").text
    assert "&lt;svg onload=x&gt; {{7*7}}" in page and "<svg onload" not in page
    assert "{{7*7}}" in campaign.mails()[0].text


def test_a_bad_key_for_paging_is_the_first_page(campaign: Campaign) -> None:
    for before in ("x", "-1", "9" * 30, ""):
        assert campaign.client.get(f"/petitions/{campaign.slug}/signatories?before={before}").status_code == 200
