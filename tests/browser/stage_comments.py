"""What people wrote on the stage: comments in each state, with a reply, with reports, with words that do not wrap."""

from flask import Flask

from core.db import db
from tests.cases.conftest import Wall
from tests.factories import make_case
from tests.organisers.conftest import Office

LONG_WORD = "Solidarität" * 30


def comments(app: Flask, office: Office) -> dict[str, str]:
    """A dangerous case with comments; what the paths of its pages are filled with."""
    with app.app_context():
        case = make_case(slug="said-case", title="The printers of the harbour", comments_open=True, dangerous=True)
        quiet = make_case(slug="quiet-case", title="The pilots of the harbour")
        wall = Wall(app, case.slug, case.id)
        db.session.commit()
        number = quiet.id
    shown = wall.write(
        text=f"Strength to you.\n\n{LONG_WORD}", kind="solidarity", name="Bartholomäus-Maximilian Example"
    )
    wall.write(name="Grace Example", text="Not about the printers")
    own = wall.write(name="Linus Example")
    for text in (LONG_WORD, "Two lines,\nof a machine"):
        wall.write(text=text, name="Wanda Example-Writer", website="x" if "machine" in text else "")
    office.saved(f"{wall.office(1)}/approve", seen="held")
    office.saved(f"{wall.office(1)}/reply", reply="We read it to them by telephone.")
    office.saved(f"{wall.office(2)}/reject", seen="held", reason="off_topic", note="It is about the weather")
    wall.post(own)
    rows = wall.rows()
    for network in ("192.0.2.1", "198.51.100.1", "203.0.113.1"):
        wall.post(f"/reports/comment/{rows[0].id}", network, reason="personal", text=LONG_WORD)
    ids = {f"comment_{row.state.value}": str(row.id) for row in rows}
    return {**ids, "said": str(wall.case_id), "said_own": shown, "said_gone": own, "quiet_case": str(number)}
