"""The settings: what boots, what is refused in a sentence, and the file of secrets in the data folder."""

import secrets
from pathlib import Path
from typing import Any

import pytest

from app import create_app
from config import SAMPLES, SettingError, Settings, is_loopback, read_file, read_settings, write_missing_secrets

KEYS = {"SECRET_KEY": secrets.token_urlsafe(48), "OFFICE_SECRET_KEY": secrets.token_urlsafe(48)}
PUBLIC = {
    "SERVER_URL": "https://campaign.example", "SMTP_URL": "smtp://localhost", "MAIL_FROM": "post@campaign.example",
    "ORGANISATION": "A Campaign", "DATA_CONTROLLER": "A Campaign, Vienna",
}  # fmt: skip
STRIPE = {"STRIPE_SECRET_KEY": "sk_test_" + "1" * 24, "STRIPE_WEBHOOK_SECRETS": "whsec_" + "x" * 32}
LIVE = {**STRIPE, "STRIPE_SECRET_KEY": "sk_live_" + "1" * 24}


def read(folder: Path, **given: str) -> Settings:
    return read_settings({"UNDERSIGNED_DATA": str(folder), **KEYS, **given})


def test_two_keys_are_enough_on_ones_own_machine(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert (settings.role, settings.server_url, settings.port) == ("all", "http://127.0.0.1:8000", 8000)
    assert settings.database_url == f"sqlite:///{tmp_path / 'undersigned.sqlite3'}"
    assert settings.loopback
    assert settings.limits
    assert not settings.giving
    assert settings.smtp_url is None


def test_a_site_that_others_reach_boots_when_it_names_itself(tmp_path: Path) -> None:
    settings = read(tmp_path, **PUBLIC, **LIVE)
    assert settings.giving
    assert settings.livemode
    assert not settings.loopback


REFUSED = [
    ({"SECRET_KEY": ""}, "SECRET_KEY is missing"), ({"OFFICE_SECRET_KEY": ""}, "OFFICE_SECRET_KEY is missing"),
    ({"SECRET_KEY": "k" * 31}, "SECRET_KEY is a sample or too short"),
    ({"SECRET_KEY": "a" * 48}, "SECRET_KEY is a sample or too short"),
    ({"SECRET_KEY": "changeme" * 0 + "abcabc" * 8}, "SECRET_KEY is a sample"),
    ({"OFFICE_SECRET_KEY": "dev"}, "OFFICE_SECRET_KEY is a sample"),
    ({"OFFICE_SECRET_KEY": KEYS["SECRET_KEY"]}, "OFFICE_SECRET_KEY must differ"),
    ({"ROLE": "admin"}, "ROLE is 'admin'"), ({"PORT": "http"}, "PORT must be a whole number"),
    ({"TRUSTED_PROXIES": "yes"}, "TRUSTED_PROXIES must be"),
    ({"LIMITS": "false"}, "LIMITS must be 'on' or 'off'"), ({**PUBLIC, "LIMITS": "off"}, "LIMITS=off"),
    ({"STRIPE_SECRET_KEY": STRIPE["STRIPE_SECRET_KEY"]}, "without STRIPE_WEBHOOK_SECRETS"),
    ({**STRIPE, "STRIPE_WEBHOOK_SECRETS": " , "}, "without STRIPE_WEBHOOK_SECRETS"),
    ({**LIVE, "STRIPE_API_BASE": "http://127.0.0.1:8001"}, "STRIPE_API_BASE is for test keys only"),
    ({**LIVE, "STRIPE_SECRET_KEY": "rk_live_1",
    "STRIPE_API_BASE": "http://127.0.0.1:8001"}, "STRIPE_API_BASE is for test keys only"),
    ({**PUBLIC, **STRIPE}, "STRIPE_SECRET_KEY is a test key at a site that others can reach"),
    ({**PUBLIC, **STRIPE, "STRIPE_SECRET_KEY": "rk_test_1"}, "STRIPE_SECRET_KEY is a test key"),
    ({**PUBLIC, **STRIPE, "ROLE": "worker"}, "STRIPE_SECRET_KEY is a test key"),
    ({**STRIPE, "STRIPE_SECRET_KEY": "pk_live_" + "1" * 24}, "STRIPE_SECRET_KEY is a publishable key"),
    ({**STRIPE, "STRIPE_SECRET_KEY": "whsec_" + "1" * 24}, "STRIPE_SECRET_KEY is no secret key of Stripe's"),
    ({**STRIPE, "STRIPE_SECRET_KEY": "my_live_key"}, "STRIPE_SECRET_KEY is no secret key of Stripe's"),
    ({**STRIPE, "STRIPE_SECRET_KEY": "sk_test_x y"}, "STRIPE_SECRET_KEY is no secret key of Stripe's"),
    ({**STRIPE, "STRIPE_WEBHOOK_SECRETS": "we_1234567890"}, "STRIPE_WEBHOOK_SECRETS holds what is no signing secret"),
    ({**LIVE, "STRIPE_WEBHOOK_SECRETS": LIVE["STRIPE_WEBHOOK_SECRETS"] + ",x"}, "STRIPE_WEBHOOK_SECRETS holds what is no"),
    ({**LIVE, "STRIPE_WEBHOOK_SECRETS": "whsec_test"}, "STRIPE_WEBHOOK_SECRETS holds a secret too short"),
    *(({"MAIL_BOUNCES": wrong}, "MAIL_BOUNCES must be an address") for wrong in ("nobody", "a+b@campaign.example", "a@b c")),
    ({"SERVER_URL": "https://campaign.example"}, "Set SMTP_URL, MAIL_FROM, ORGANISATION, DATA_CONTROLLER:"),
    *(({**PUBLIC, name: ""}, f"Set {name}:") for name in ("SMTP_URL", "MAIL_FROM", "ORGANISATION", "DATA_CONTROLLER")),
]  # fmt: skip


@pytest.mark.parametrize(("given", "sentence"), REFUSED, ids=[sentence for _, sentence in REFUSED])
def test_what_is_unsafe_is_refused_in_a_sentence(tmp_path: Path, given: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingError) as refused:
        create_app({"UNDERSIGNED_DATA": str(tmp_path), **KEYS, **given})
    assert str(refused.value).startswith(sentence) or sentence in str(refused.value)
    assert str(refused.value).endswith(".")
    assert KEYS["SECRET_KEY"] not in str(refused.value)
    for name in STRIPE.keys() & {name for name, value in given.items() if value.strip(" ,")}:
        assert given[name] not in str(refused.value), "a key is never repeated"


@pytest.mark.parametrize("sample", sorted(SAMPLES))
def test_every_sample_secret_is_refused(tmp_path: Path, sample: str) -> None:
    for value in (sample, sample.upper(), sample * 8 if len(set(sample)) < 8 else sample):
        with pytest.raises(SettingError):
            read(tmp_path, SECRET_KEY=value)


def test_giving_is_off_without_stripes_keys(tmp_path: Path) -> None:
    assert not read(tmp_path).giving
    assert read(tmp_path, **STRIPE).giving
    assert not read(tmp_path, STRIPE_WEBHOOK_SECRETS=STRIPE["STRIPE_WEBHOOK_SECRETS"]).giving


@pytest.mark.parametrize("key", ["sk_test_1", "rk_test_1", "sk_live_1", "rk_live_1"])
def test_secret_and_restricted_keys_are_taken_on_ones_own_machine(tmp_path: Path, key: str) -> None:
    settings = read(tmp_path, **{**STRIPE, "STRIPE_SECRET_KEY": key})
    assert (settings.giving, settings.livemode) == (True, "_live_" in key)


@pytest.mark.parametrize(
    ("text", "secrets_"), [("a b", ("a", "b")), ("a,b", ("a", "b")), (" a , b ", ("a", "b")), ("", ())]
)
def test_several_webhook_secrets_may_be_given(tmp_path: Path, text: str, secrets_: tuple[str, ...]) -> None:
    assert read(tmp_path, STRIPE_WEBHOOK_SECRETS=text).stripe_webhook_secrets == secrets_


ROLES: list[tuple[str, dict[str, Any]]] = [
    ("all", {"public": True, "office": True, "holds_keystore": True}),
    ("public", {"public": True, "office": False, "holds_keystore": False}),
    ("office", {"public": False, "office": True, "holds_keystore": True}),
    ("worker", {"public": False, "office": False, "holds_keystore": True}),
]  # fmt: skip


@pytest.mark.parametrize(("role", "holds"), ROLES)
def test_a_role_holds_what_it_needs_and_no_more(tmp_path: Path, role: str, holds: dict[str, bool]) -> None:
    settings = read(tmp_path, ROLE=role)
    assert {name: getattr(settings, name) for name in holds} == holds
    assert (settings.office_secret_key is not None) is holds["office"]


def test_a_public_process_needs_no_office_secret(tmp_path: Path) -> None:
    assert read(tmp_path, ROLE="public", OFFICE_SECRET_KEY="").office_secret_key is None


@pytest.mark.parametrize(
    ("given", "url"),
    [("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"), ("postgres://h/d?host=/run",
    "postgresql+psycopg://h/d?host=/run"), ("sqlite:////x", "sqlite:////x")],
)  # fmt: skip
def test_a_database_may_be_named_as_people_name_it(tmp_path: Path, given: str, url: str) -> None:
    assert read(tmp_path, DATABASE_URL=given).database_url == url


@pytest.mark.parametrize("url", ["http://localhost", "http://127.0.0.1:8000", "http://127.9.9.9", "http://[::1]:8000/"])
def test_ones_own_machine_is_loopback(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost.evil.example",
        "http://127.0.0.1.nip.io",
        "http://0.0.0.0",
        "http://192.168.0.1",
        "http://campaign.example",
        "",
    ],
)
def test_anything_else_is_not(url: str) -> None:
    assert not is_loopback(url)


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("# a comment\nPORT=9000\nORGANISATION=Of the file\n\nnonsense\n")
    assert read(tmp_path).organisation == "Of the file"
    settings = read(tmp_path, ORGANISATION="Of the environment")
    assert (settings.organisation, settings.port) == ("Of the environment", 9000)
    assert read(tmp_path, ORGANISATION="").organisation == "Of the file"


def test_a_value_may_hold_an_equals_sign(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("DATABASE_URL=postgresql://h/d?options=-csearch_path=x\n")
    assert read(tmp_path).database_url.endswith("options=-csearch_path=x")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A data folder that is not there yet, and an environment without secrets."""
    for name in ("SECRET_KEY", "OFFICE_SECRET_KEY", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "new"


def test_missing_secrets_are_made_and_kept(bare: Path) -> None:
    write_missing_secrets(bare, sandbox=True)
    first = read_file(bare / "settings.env")
    assert set(first) == {"SECRET_KEY", "OFFICE_SECRET_KEY", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS"}
    assert first["STRIPE_SECRET_KEY"].startswith("sk_test_")
    write_missing_secrets(bare, sandbox=True)
    assert read_file(bare / "settings.env") == first
    read_settings({"UNDERSIGNED_DATA": str(bare)})


def test_without_the_sandbox_no_stripe_key_is_made(bare: Path) -> None:
    write_missing_secrets(bare, sandbox=False)
    assert set(read_file(bare / "settings.env")) == {"SECRET_KEY", "OFFICE_SECRET_KEY"}


def test_secrets_are_for_their_owner_only(bare: Path) -> None:
    write_missing_secrets(bare, sandbox=True)
    assert (bare / "settings.env").stat().st_mode & 0o777 == 0o600
    assert bare.stat().st_mode & 0o777 == 0o700


def test_what_stands_in_the_file_stays(bare: Path) -> None:
    bare.mkdir()
    given = f"ORGANISATION=A Campaign\nSECRET_KEY={KEYS['SECRET_KEY']}\n"
    (bare / "settings.env").write_text(given)
    write_missing_secrets(bare, sandbox=False)
    assert (bare / "settings.env").read_text().startswith(given)
    known = read_file(bare / "settings.env")
    assert (known["ORGANISATION"], known["SECRET_KEY"]) == ("A Campaign", KEYS["SECRET_KEY"])
    assert len(known["OFFICE_SECRET_KEY"]) >= 48


def test_a_secret_of_the_environment_is_not_written_down(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", KEYS["SECRET_KEY"])
    write_missing_secrets(bare, sandbox=False)
    assert set(read_file(bare / "settings.env")) == {"OFFICE_SECRET_KEY"}


def test_a_file_that_ends_without_a_line_end_is_not_damaged(bare: Path) -> None:
    bare.mkdir()
    (bare / "settings.env").write_text("ORGANISATION=A Campaign")
    write_missing_secrets(bare, sandbox=False)
    known = read_file(bare / "settings.env")
    assert known["ORGANISATION"] == "A Campaign"
    assert "SECRET_KEY" in known


def test_an_empty_variable_hides_no_secret_of_the_file(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_missing_secrets(bare, sandbox=False)
    first = read_file(bare / "settings.env")
    monkeypatch.setenv("SECRET_KEY", "")
    write_missing_secrets(bare, sandbox=False)
    assert read_file(bare / "settings.env") == first


def test_secrets_that_are_added_to_an_open_file_close_it(bare: Path) -> None:
    bare.mkdir()
    (bare / "settings.env").write_text("ORGANISATION=A Campaign\n")
    (bare / "settings.env").chmod(0o644)
    write_missing_secrets(bare, sandbox=False)
    assert (bare / "settings.env").stat().st_mode & 0o777 == 0o600


NONSENSE = [
    {"TRUSTED_PROXIES": "-1"}, {"PORT": "0"}, {"PORT": "70000"}, {"SERVER_URL": "campaign.example",
    **{k: v for k, v in PUBLIC.items() if k != "SERVER_URL"}},
    {"SITE_PUBLIC_KEY": "not a key", "ROLE": "public"}, {"SITE_PUBLIC_KEY": "AAAA", "ROLE": "public"},
]  # fmt: skip


@pytest.mark.parametrize("given", NONSENSE, ids=lambda given: "-".join(map(str, next(iter(given.items())))))
def test_nonsense_is_refused_in_a_sentence_too(tmp_path: Path, given: dict[str, str]) -> None:
    with pytest.raises(SettingError):
        create_app({"UNDERSIGNED_DATA": str(tmp_path), **KEYS, **given})


def test_a_host_is_trusted_as_browsers_write_it(tmp_path: Path) -> None:
    given = {**PUBLIC, "SERVER_URL": "https://Campaign.Example"}
    client = create_app({"UNDERSIGNED_DATA": str(tmp_path), **KEYS, **given}).test_client()
    assert client.get("/healthz", base_url="https://campaign.example").status_code == 200


@pytest.mark.parametrize(
    "url", ["https://me:pw@campaign.example", "https://campaign.example?a=b", "https://a.example#b"]
)
def test_an_address_of_the_site_is_scheme_and_host(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingError):
        read(tmp_path, **{**PUBLIC, "SERVER_URL": url})


@pytest.mark.parametrize("url", ["http://localhost", "http://127.0.0.1:8000"])
def test_the_site_answers_at_its_own_address(tmp_path: Path, url: str) -> None:
    app = create_app({"UNDERSIGNED_DATA": str(tmp_path), **KEYS, "SERVER_URL": url})
    assert app.test_client().get("/healthz", headers={"Host": url.removeprefix("http://")}).status_code == 200
