"""Domains without a mail server: a real DNS server on this machine answers, or does not."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from core.mailboxes.mail_servers import MailServers
from tests.petitions.conftest import Campaign
from tests.petitions.guarded import held, limits_on, sign_from

ZONE = {
    ("has-mx.net", "MX"): "10 mail.has-mx.net.",
    ("no-mail.net", "MX"): "0 .",
    ("address-only.net", "A"): "192.0.2.1",
}
EXIST = {name for name, _kind in ZONE} | {"empty.net"}


@dataclass
class NameServer:
    """Answers from ZONE over UDP; what does not exist, does not exist."""

    asked: list[str] = field(default_factory=list)
    quiet: bool = False

    def __post_init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                query, sender = self.socket.recvfrom(4096)
            except OSError:
                return
            request = dns.message.from_wire(query)
            [question] = request.question
            name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
            self.asked.append(name)
            if self.quiet:
                continue
            answer = dns.message.make_response(request)
            if name not in EXIST:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            elif (name, kind) in ZONE:
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, ZONE[name, kind]))
            self.socket.sendto(answer.to_wire(), sender)

    def resolver(self) -> dns.resolver.Resolver:
        made = dns.resolver.Resolver(configure=False)
        made.nameservers, made.port = ["127.0.0.1"], self.socket.getsockname()[1]
        return made


@pytest.fixture
def names() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.socket.close()


def test_a_domain_that_no_mail_can_reach_is_known_as_such(names: NameServer) -> None:
    servers = MailServers(names.resolver())
    servers.look_up(["has-mx.net", "address-only.net", "no-mail.net", "empty.net", "gone.net", "gmail.com"])
    assert {name for name in (*EXIST, "gone.net", "gmail.com", "never-asked.net") if servers.missing(name)} == {
        "no-mail.net", "empty.net", "gone.net",
    }  # fmt: skip
    assert "gmail.com" not in names.asked


def test_an_answer_stands_for_a_while(names: NameServer) -> None:
    servers = MailServers(names.resolver())
    for _ in range(3):
        servers.look_up(["has-mx.net", "gone.net"])
    assert sorted(names.asked) == ["gone.net", "has-mx.net"]


def test_a_resolver_that_is_away_holds_nobody_and_is_not_waited_for_twice(
    names: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.mailboxes.mail_servers.PATIENCE", 0.2)
    names.quiet = True
    servers = MailServers(names.resolver())
    servers.look_up(["gone.net"])
    assert not servers.missing("gone.net")
    asked = len(names.asked)
    servers.look_up(["gone.net", "another.net"])
    assert len(names.asked) == asked


def test_who_signs_from_a_domain_without_mail_waits_for_an_organiser(campaign: Campaign, names: NameServer) -> None:
    with limits_on(campaign.app):
        campaign.app.extensions["mail_servers"] = MailServers(names.resolver())
        for address in ("ada@gone.net", "bela@has-mx.net", "carla@union.example"):
            assert sign_from(campaign, address, "192.0.2.7", f"{address[:4]} Example").status_code == 303
        assert held(campaign) == {"no_mail_server": 1}
    assert "union.example" not in names.asked  # reserved names need none on loopback


def test_with_limits_off_nobody_is_asked(campaign: Campaign, names: NameServer) -> None:
    campaign.app.extensions["mail_servers"] = MailServers(names.resolver())
    campaign.sign("ada@gone.net")
    assert not held(campaign) and not names.asked
    campaign.app.extensions.pop("mail_servers")


def test_an_organisation_at_a_domain_without_a_mail_server_waits_for_an_organiser(
    campaign: Campaign, names: NameServer
) -> None:
    entered = {"name": "A Union", "size": "5", "country": "IE", "contact": "Kim Contact", "token": campaign.token()}
    with limits_on(campaign.app):
        campaign.app.extensions["mail_servers"] = MailServers(names.resolver())
        for domain in ("gone.net", "has-mx.net"):
            sent = {**entered, "email": f"office@{domain}"}
            path = f"/petitions/{campaign.slug}/organisation"
            assert campaign.client.post(path, data=sent).status_code == 303
        campaign.work()
    assert [mail.to for mail in campaign.mails()] == ["office@has-mx.net"]
