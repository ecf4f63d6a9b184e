"""`make run` from nothing and again: what it prints, what it keeps, what it refuses."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests

from tests.processes.conftest import HERE, LINES, PETITION, RunningSite, Start, until

REAL = {
    "SERVER_URL": "https://petitions.example.org", "SMTP_URL": "smtp://127.0.0.1:9", "MAIL_FROM": "us@example.org",
    "ORGANISATION": "Us", "DATA_CONTROLLER": "Us, at home",
}  # fmt: skip


def first_page(site: RunningSite) -> float:
    """Seconds from the start to the first page."""

    def answered() -> bool:
        try:
            return requests.get(f"{site.url}/petitions/{PETITION}", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    until(answered, "the first page")
    return time.monotonic() - site.started


def seconds_to_import() -> float:
    """How long this machine takes, now, to import the application: one second where nothing else runs."""
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", "import app"], cwd=HERE, check=True)
    return time.monotonic() - begun


def test_a_first_start_prints_five_lines_and_all_of_them_are_true(start: Start) -> None:
    site = start().ready()
    told = [line.split(": ", 1)[0] for line in site.lines if line.split(": ", 1)[0] in LINES]
    assert told == list(LINES) and "WARNING" not in site.output, site.output
    lines = site.told()
    assert lines["Site"] == site.url and lines["Organiser"] == "organiser@example.org"
    for name in ("Site", "Mail", "Stripe sandbox", "Login"):
        assert requests.get(lines[name], timeout=20).status_code == 200, name
    assert requests.get(f"{site.url}/readyz", timeout=20).json() == {"status": "ok"}
    listening = {c.laddr.ip for p in site.family() for c in p.net_connections("tcp") if c.status == "LISTEN"}
    assert listening == {"127.0.0.1"}
    assert site.data.stat().st_mode & 0o077 == 0
    assert [path.name for path in site.data.rglob("*") if path.is_file() and path.stat().st_mode & 0o077] == []


def test_a_second_start_keeps_the_data_and_is_quick(start: Start) -> None:
    site = start().ready()
    link = site.told()["Login"]
    secrets = (site.data / "settings.env").read_text()
    assert site.sign("ada@example.org", site.token()).status_code == 303
    mails = site.data / "mail"
    until(lambda: len(list(mails.glob("*.eml"))) == 1, "the mail of the signature")
    site.send(15)
    assert site.ends() == 0
    allowed = 5 * max(1.0, seconds_to_import())  # on a machine that other tests slow down, as much slower
    site.start()
    taken = first_page(site)
    assert taken < allowed, f"{taken:.1f} seconds to the first page, {allowed:.1f} allowed"
    site.ready()
    assert site.told()["Login"] != link
    assert (site.data / "settings.env").read_text() == secrets
    assert len(list(mails.glob("*.eml"))) == 1


def test_a_port_in_use_is_a_sentence(start: Start) -> None:
    for offset in (0, 1):
        site = start()
        site.stop()
        with socket.socket() as other:
            other.bind(("127.0.0.1", site.port + offset))
            other.listen()
            site.start()
            assert site.ends() == 1
        assert f"Port {site.port + offset} cannot be used" in site.output and "Traceback" not in site.output


def test_a_real_site_that_does_not_name_itself_is_refused_with_a_sentence(start: Start) -> None:
    site = start(SERVER_URL="https://petitions.example.org")
    assert site.ends() == 2
    assert "SMTP_URL, MAIL_FROM, ORGANISATION, DATA_CONTROLLER" in site.output and "Traceback" not in site.output


def test_a_setting_that_is_wrong_is_a_sentence(start: Start) -> None:
    no_webhook_secret = {"STRIPE_SECRET_KEY": "sk_test_" + "a1b2" * 8}  # first: the others write one
    for wrong in (no_webhook_secret, {"PORT": "many"}, {"SECRET_KEY": "changeme"}, {"ROLE": "king"}):
        site = start(**wrong)
        assert site.ends() == 2, site.output
        assert next(iter(wrong)) in site.output and "Traceback" not in site.output


def test_a_folder_or_a_database_that_is_away_is_a_sentence(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for wrong in (
        {"UNDERSIGNED_DATA": str(tmp_path / "file" / "in")},
        {"DATABASE_URL": "postgresql://127.0.0.1:9/none"},
    ):
        site = start(**wrong)
        assert site.ends() == 1, site.output
        assert next(iter(wrong)) in site.output and "Traceback" not in site.output


def test_a_real_site_runs_web_and_worker_only_and_shows_no_demo(start: Start) -> None:
    site = start(**REAL)
    until(lambda: "organiser create EMAIL" in site.output or site.process.poll() is not None, "the site is ready")
    assert site.process.poll() is None, site.output
    assert site.told()["Site"] == REAL["SERVER_URL"]
    assert not {"Mail", "Stripe sandbox", "Organiser", "Login"} & site.told().keys()
    assert site.find("jobs", "work") and site.find("operations.web") and not site.find("sandbox")
    host = {"Host": "petitions.example.org"}
    assert requests.get(f"{site.url}/petitions/", headers=host, timeout=20).status_code == 200
    for hidden in ("/dev/mail", f"/petitions/{PETITION}", "/cases/almaty-activists"):
        assert requests.get(site.url + hidden, headers=host, timeout=20).status_code == 404
    assert "STRIPE" not in (site.data / "settings.env").read_text()
    site.send(15)
    assert site.ends() == 0


def test_a_public_server_and_a_worker_can_run_apart(start: Start, tmp_path: Path) -> None:
    """The public server holds no keystore; the worker beside it opens what it sealed and mails."""
    keeper = start(ROLE="worker", LIMITS="off", SMTP_URL="").ready_to("Site")
    found = run_doctor(keeper)
    secrets = dict(line.split("=", 1) for line in (keeper.data / "settings.env").read_text().splitlines())
    public = RunningSite(
        tmp_path / "public",
        {
            "ROLE": "public", "LIMITS": "off", "SITE_PUBLIC_KEY": found, "SECRET_KEY": secrets["SECRET_KEY"],
            "DATABASE_URL": f"sqlite:///{keeper.data / 'undersigned.sqlite3'}",
        },
    )  # fmt: skip
    try:
        public.start().ready_to("Site")
        assert public.find("operations.web") and not public.find("jobs", "work")
        assert not (public.data / "keystore").exists()
        assert public.sign("ada@example.org", public.token()).status_code == 303
        until(lambda: list((keeper.data / "mail").glob("*.eml")), "the worker opens it and mails")
        assert requests.get(f"{public.url}/office/", timeout=20).status_code == 404
        assert requests.get(f"{public.url}/dev/mail", timeout=20).status_code == 404
    finally:
        public.stop()


def run_doctor(site: RunningSite) -> str:
    """The site's public key, as the doctor prints it."""
    command = [str(Path(sys.executable).parent / "flask"), "--app", "app", "doctor"]
    environment = {**os.environ, "UNDERSIGNED_DATA": str(site.data), **site.settings}
    told = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True).stdout
    return next(line for line in told.splitlines() if "SITE_PUBLIC_KEY=" in line).split("SITE_PUBLIC_KEY=")[1].strip()
