"""The settings: what they derive, what they refuse and what they say then."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from config.settings import Settings, SettingsError

SECRET = "thirty-two characters or more of it"


def settings(home: Path, **variables: str) -> Settings:
    """Settings of a home folder and some variables."""
    return Settings.from_mapping({"ENTRAIDE_HOME": str(home), **variables})


def test_an_empty_environment_gives_a_board_that_needs_no_server(tmp_path: Path) -> None:
    """Without any other variable everything lies in the home folder."""
    made = settings(tmp_path)
    assert made.database_url == f"sqlite:///{tmp_path}/entraide.sqlite"
    assert made.migration_database_url == made.database_url
    assert made.redis_url is None
    assert made.redis_effective_url == f"unix://{made.valkey_socket}"
    assert made.embedded_mail
    assert made.smtp_effective_url == "smtp://127.0.0.1:8025"
    assert made.mail_dir == tmp_path / "mail"
    assert made.gazetteer_path == tmp_path / "gazetteer.sqlite"
    assert (made.base_url, made.port, made.default_locale) == ("http://127.0.0.1:8000", 8000, "fr")


def test_empty_variables_count_as_not_given(tmp_path: Path) -> None:
    """A line `REDIS_URL=` in an environment file asks for nothing."""
    assert settings(tmp_path, REDIS_URL="", PORT="").redis_url is None


def test_other_variables_of_the_process_are_ignored(tmp_path: Path) -> None:
    """An environment holds more than ours."""
    assert settings(tmp_path, PATH="/bin", HOME_URL="x").port == 8000


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_reached_through_psycopg(tmp_path: Path, scheme: str) -> None:
    """Each way to write a PostgreSQL address names the driver that is installed."""
    made = settings(tmp_path, DATABASE_URL=f"{scheme}://u:p@db:5433/board")
    assert made.database_url == "postgresql+psycopg://u:p@db:5433/board"
    assert made.migration_database_url == made.database_url


def test_the_owner_of_the_schema_may_be_another_role(tmp_path: Path) -> None:
    """Migrations have an address of their own."""
    made = settings(
        tmp_path,
        DATABASE_URL="postgresql://program@db/board",
        MIGRATION_DATABASE_URL="postgresql://owner@db/board",
    )
    assert made.database_url == "postgresql+psycopg://program@db/board"
    assert made.migration_database_url == "postgresql+psycopg://owner@db/board"


def test_links_start_with_the_port_unless_an_address_is_given(tmp_path: Path) -> None:
    """The port moves the default address; a given one loses its last slash."""
    assert settings(tmp_path, PORT="8123").base_url == "http://127.0.0.1:8123"
    assert settings(tmp_path, BASE_URL="https://a.example/").base_url == "https://a.example"


def test_a_configured_mail_server_replaces_the_catcher(tmp_path: Path) -> None:
    """Mails go to one place."""
    made = settings(tmp_path, SMTP_URL="smtps://u:p@mail.example:465")
    assert not made.embedded_mail
    assert made.smtp_effective_url == "smtps://u:p@mail.example:465"


def test_production_never_keeps_mails_in_a_catcher(tmp_path: Path) -> None:
    """A catcher shows everybody's mails to everybody."""
    made = settings(tmp_path, ENTRAIDE_PRODUCTION="1", SECRET_KEY=SECRET)
    assert not made.embedded_mail
    assert made.smtp_effective_url is None


def test_a_secret_is_made_once_and_read_by_its_owner_only(tmp_path: Path) -> None:
    """Every process of a home folder signs with the same key."""
    first = settings(tmp_path).secret_key
    assert len(first) >= 32
    assert settings(tmp_path).secret_key == first
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret_key"]


def test_a_given_secret_is_not_written_down(tmp_path: Path) -> None:
    """What the environment keeps, the disk need not."""
    assert settings(tmp_path, SECRET_KEY=SECRET).secret_key == SECRET
    assert not (tmp_path / "secret_key").exists()


def test_printing_the_settings_shows_no_secret(tmp_path: Path) -> None:
    """Passwords stand in addresses, and addresses end up in logs."""
    made = settings(
        tmp_path,
        SECRET_KEY=SECRET,
        DATABASE_URL="postgresql://u:hush@db/board",
        REDIS_URL="redis://:hush@queue/0",
        SMTP_URL="smtp://u:hush@mail",
    )
    assert "hush" not in repr(made)
    assert SECRET not in repr(made)


@pytest.mark.parametrize("name", ["b" * 100, "a home", "100%", "home?db=1", "maison à côté"])
def test_an_awkward_home_folder_gets_a_socket_path_that_does(tmp_path: Path, name: str) -> None:
    """Socket paths are short and plain; it is the same each time and differs between homes."""
    socket = settings(tmp_path / name).valkey_socket
    assert re.fullmatch(r"/tmp/entraide-[0-9]+-[0-9a-f]{16}/valkey\.sock", str(socket))
    assert socket == settings(tmp_path / name).valkey_socket
    assert socket != settings(tmp_path / f"{name} 2").valkey_socket


@pytest.mark.parametrize(
    ("variable", "value", "accepted"),
    [
        ("PORT", "0", "1 to 65535"),
        ("PORT", "65536", "1 to 65535"),
        ("PORT", "8_000", "1 to 65535"),
        ("PORT", "٨٠٠٠", "1 to 65535"),
        ("PORT", "-1", "1 to 65535"),
        ("PORT", "NaN", "1 to 65535"),
        ("MAIL_CATCHER_PORT", "1e3", "1 to 65535"),
        ("DATABASE_URL", "mysql://db/board", "postgresql://"),
        ("DATABASE_URL", "sqlite://", "a file"),
        ("DATABASE_URL", "sqlite:///:memory:", "a file"),
        ("DATABASE_URL", "postgresql://db", "postgresql://"),
        ("MIGRATION_DATABASE_URL", "board", "postgresql://"),
        ("REDIS_URL", "http://queue", "redis://"),
        ("REDIS_URL", "redis://", "redis://"),
        ("REDIS_URL", "redis://queue:99999", "redis://"),
        ("SMTP_URL", "mail.example", "smtp://"),
        ("SMTP_URL", "smtp://", "smtp://"),
        ("MAIL_FROM", "a@b.example, c@d.example", "NAME@DOMAIN"),
        ("MAIL_FROM", "nobody", "NAME@DOMAIN"),
        ("MAIL_DOMAIN", "a@b.example", "board.example.org"),
        ("MAIL_DOMAIN", "-", "board.example.org"),
        ("MAILIN_HOST", "mail.example", "127.0.0.1"),
        ("MAILIN_PORT", "smtp", "1 to 65535"),
        ("MAIL_FROM", "a@b.example\nBcc: c@d.example", "NAME@DOMAIN"),
        ("SECRET_KEY", "short", "32 characters"),
        ("BASE_URL", "ftp://a.example", "https://"),
        ("BASE_URL", "https://a.example/?x=1", "https://"),
        ("WEB_CONCURRENCY", "0", "1 to 32"),
        ("WEB_CONCURRENCY", "33", "1 to 32"),
        ("WEB_CONCURRENCY", "1.5", "1 to 32"),
        ("LEASE_S", "4", "5 to 300"),
        ("LEASE_S", "301", "5 to 300"),
        ("LEASE_S", "7.5", "5 to 300"),
        ("ENTRAIDE_PRODUCTION", "perhaps", "1 for a public site"),
        ("DEFAULT_LOCALE", "de", "fr, en, es, pt or ar"),
        ("GEOCODER", "google", "photon, nominatim or ban"),
        ("GEOCODER_DOMAIN", "https://photon.example", "HOST"),
        ("TILE_URL", "tiles.example.org/{z}/{x}/{y}.png", "https://HOST/"),
        ("TILE_URL", "//tiles.example.org/{z}/{x}/{y}.png", "https://HOST/"),
        ("TILE_URL", "ftp://tiles.example.org/{z}/{x}/{y}.png", "https://HOST/"),
        ("TILE_URL", "data:image/png,{z}{x}{y}", "https://HOST/"),
        ("TILE_URL", "https://u:p@tiles.example.org/{z}/{x}/{y}.png", "no user or password"),
        ("TILE_URL", "https://{s}.example.org/{z}/{x}/{y}.png", "a fixed host"),
        ("TILE_URL", "https://{x}.example.org/{z}/{x}/{y}.png", "a fixed host"),
        ("TILE_URL", "https://tiles.example.org{z}/{x}/{y}.png", "a fixed host"),
        ("TILE_URL", "https://tiles.example.org; script-src */{z}/{x}/{y}", "a fixed host"),
        ("TILE_URL", "https://*.example.org/{z}/{x}/{y}.png", "a fixed host"),
        ("TILE_URL", "https://tiles.example.org:99999/{z}/{x}/{y}.png", "https://HOST/"),
        ("TILE_URL", "https://tiles.example.org\n/{z}/{x}/{y}.png", "https://HOST/"),
        ("TILE_URL", "https://tiles.example.org/{z}/{x}/{y}.png#a", "https://HOST/"),
        ("TILE_URL", "https://tiles.example.org/{z}/{x}.png", "each of {z}, {x} and {y}"),
        ("TILE_URL", "https://tiles.example.org/{z}/{x}/{-y}.png", "each of {z}, {x} and {y}"),
        ("TILE_URL", "https://tiles.example.org/{z}/{x}/{y}.{ext}", "no other placeholder"),
        ("TILE_URL", "https://tiles.example.org/{{z}}/{x}/{y}.png", "no other placeholder"),
        ("TILE_ATTRIBUTION", '<a href="https://a.example">A</a>', "plain text"),
        ("TILE_ATTRIBUTION", "&copy; OpenStreetMap", "plain text"),
        ("TILE_ATTRIBUTION", "one\nother", "plain text"),
        ("TILE_ATTRIBUTION", " ", "plain text"),
        ("TILE_ATTRIBUTION", "a" * 201, "at most 200"),
    ],
)
def test_a_bad_value_is_refused_with_its_variable_and_what_is_accepted(
    tmp_path: Path, variable: str, value: str, accepted: str
) -> None:
    """One problem, no other variable blamed for it, and the value itself not repeated."""
    with pytest.raises(SettingsError) as refused:
        settings(tmp_path, **{variable: value})
    ((name, message),) = refused.value.problems
    assert name == variable
    assert accepted in message.partition("accepted:")[2]


def test_reply_addresses_have_the_domain_of_the_sender(tmp_path: Path) -> None:
    """Unless they are given one of their own."""
    sender = "Entraide <board@example.org>"
    assert settings(tmp_path).mail_domain == "localhost"
    assert settings(tmp_path, MAIL_FROM=sender).mail_domain == "example.org"
    given = settings(tmp_path, MAIL_FROM=sender, MAIL_DOMAIN="In.Example.org")
    assert given.mail_domain == "in.example.org"


def test_bounces_come_in_where_the_domain_of_incoming_mail_was_given(tmp_path: Path) -> None:
    """Also where it would be the same anyway: whoever gives it says that it is reached."""
    sender = "Entraide <board@example.org>"
    assert not settings(tmp_path, MAIL_FROM=sender).takes_bounces
    assert not settings(tmp_path, MAIL_FROM=sender, MAIL_DOMAIN="").takes_bounces
    assert settings(tmp_path, MAIL_FROM=sender, MAIL_DOMAIN="example.org").takes_bounces


def test_all_bad_values_are_named_at_once(tmp_path: Path) -> None:
    """Nobody mends settings one start at a time."""
    with pytest.raises(SettingsError) as refused:
        settings(tmp_path, PORT="x", GEOCODER="y")
    assert {name for name, _ in refused.value.problems} == {"PORT", "GEOCODER"}


def test_production_has_no_default_secret(tmp_path: Path) -> None:
    """A key that a public site made for itself would differ on its second machine."""
    with pytest.raises(SettingsError, match="SECRET_KEY: is required in production; accepted: 32"):
        settings(tmp_path, ENTRAIDE_PRODUCTION="1")


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """The error names the variable, not the system call."""
    (tmp_path / "home").touch()
    with pytest.raises(SettingsError, match="ENTRAIDE_HOME: cannot be written"):
        settings(tmp_path / "home")


def test_every_setting_says_what_it_decides() -> None:
    """Each variable has a sentence, which the README and the refusals show."""
    for name, words in Settings.variables().items():
        assert name.isupper()
        assert words.endswith("."), name


@pytest.mark.parametrize(
    "key", ["x", "A" * 42, "A" * 43, "_" * 43, "A" * 44, "é" * 43, "A" * 41 + "=="]
)
def test_a_key_for_push_messages_is_a_number_of_its_curve(tmp_path: Path, key: str) -> None:
    """Too short, zero, beyond the order of the group, or no base64url at all."""
    with pytest.raises(SettingsError, match="VAPID_PRIVATE_KEY"):
        settings(tmp_path, VAPID_PRIVATE_KEY=key)


def test_push_services_of_tests_are_origins_and_never_in_production(tmp_path: Path) -> None:
    """What lets tests send to loopback is refused where the public could reach it."""
    service = {"PUSH_TEST_SERVICES": "http://127.0.0.1:9000,http://127.0.0.1:9001"}
    assert settings(tmp_path, **service).push_test_services
    for refused in ("127.0.0.1", "http://127.0.0.1/x", "ftp://127.0.0.1", "http://a b", ","):
        with pytest.raises(SettingsError, match="PUSH_TEST_SERVICES"):
            settings(tmp_path, PUSH_TEST_SERVICES=refused)
    with pytest.raises(SettingsError, match="PUSH_TEST_SERVICES"):
        settings(tmp_path, ENTRAIDE_PRODUCTION="1", SECRET_KEY=SECRET, **service)


@pytest.mark.parametrize(
    ("address", "origin", "host"),
    [
        ("https://tiles.example.org/{z}/{x}/{y}.png", "https://tiles.example.org", None),
        (
            "https://tiles.example.org:8443/a/{z}/{y}/{x}{r}?key=k",
            "https://tiles.example.org:8443",
            None,
        ),
        ("http://127.0.0.1:8080/{z}/{x}/{y}.png", "http://127.0.0.1:8080", "127.0.0.1"),
    ],
)
def test_tiles_come_from_one_origin(
    tmp_path: Path, address: str, origin: str, host: str | None
) -> None:
    """Which the policy of the pages and the page about privacy name."""
    made = settings(tmp_path, TILE_URL=address, TILE_ATTRIBUTION=" © A & B ")
    assert (made.tile_url, made.tile_attribution) == (address, "© A & B")
    assert made.tile_origin == origin
    assert made.tile_host == (host or "tiles.example.org")
    assert (settings(tmp_path).tile_origin, settings(tmp_path).tile_host) == (None, None)


def test_tiles_say_whose_they_are_and_can_be_shown(tmp_path: Path) -> None:
    """Their licences ask for the first; browsers refuse pictures in clear on a page of https."""
    address = "http://tiles.example.org/{z}/{x}/{y}.png"
    with pytest.raises(SettingsError, match="TILE_ATTRIBUTION: is required with TILE_URL; accept"):
        settings(tmp_path, TILE_URL=address)
    shown = {"TILE_URL": address, "TILE_ATTRIBUTION": "© A"}
    assert settings(tmp_path, **shown).tile_url == address
    with pytest.raises(SettingsError, match=r"TILE_URL: is not encrypted.*accepted: https://"):
        settings(tmp_path, **shown, BASE_URL="https://board.example.org")
