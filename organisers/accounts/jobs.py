"""What the worker does for accounts: it alone looks whether an address that asks for a link has an account."""

from core import mail, relay
from core.jobs import Job
from core.vault import SITE, vault
from organisers import services


def mail_login_link(job: Job) -> None:
    """A link for whoever has an account with the address that was typed; nothing for anybody else."""
    vault().prepare(SITE)
    organiser = services.find(job.sealed()["email"])
    if organiser is None:
        return
    link = services.make_login_link(organiser, actor=organiser.email, life=services.MAILED_LIFE)
    mail.promise(
        "office_login_link", to=organiser.email, key=f"office-login:{job.public_id}", context={"link": link},
        priority=relay.TO_ORGANISERS, essential=True,
    )  # fmt: skip


JOBS = {"office-login-link": mail_login_link}
