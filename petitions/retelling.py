"""What mails call their petition by the time they go: name and page may have changed, its case may be frozen or blurred."""

from collections.abc import Mapping
from typing import Any

from flask import current_app

from core.db import db
from core.jobs import Hook, NotNow
from core.retelling import Teller
from petitions import showing
from petitions.models import Petition

TELLER = "petitions.petition"


def of(petition: Petition, *, waits: bool = True) -> Hook:
    """The teller of a mail about this petition; it `waits` while the case is frozen, unless it lets somebody leave."""
    return TELLER, {"petition": petition.id, "waits": waits}


def tell(args: Mapping[str, Any]) -> dict[str, str]:
    """`title` and `page`. Raises NotNow."""
    petition = db.session.get_one(Petition, args["petition"])
    if petition.case.frozen_at and args["waits"]:
        raise NotNow
    server = current_app.config["UNDERSIGNED"].server_url
    return {"title": showing.title(petition), "page": f"{server}/petitions/{petition.slug}"}


TELLERS: dict[str, Teller] = {TELLER: tell}
