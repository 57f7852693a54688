"""The settings of one installation, built once from environment variables."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config import values

#: Folder of the program: the default home lies in it and processes start from it.
ROOT = Path(__file__).resolve().parents[1]

SECRET_LENGTH = 32
#: By default, how long a worker holds a row of the outbox without a sign of life, in seconds.
LEASE_S = 30
#: Socket addresses hold 108 bytes on Linux and 104 on macOS, the closing zero included.
SOCKET_PATH_BYTES = 100
#: The server tells its clients their addresses in words parted by spaces, and a URL has signs of
#: its own: a socket's path is plain.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+~-]+")


class SettingsError(ValueError):
    """One or more environment variables hold a value that is not accepted.

    Attributes:
        problems: pairs of a variable's name and of what was wrong and is accepted.
    """

    def __init__(self, problems: tuple[tuple[str, str], ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{name}: {message}" for name, message in problems))


_PortNumber = Annotated[int, BeforeValidator(values.whole_number), Field(ge=1, le=65535)]


class Settings(BaseSettings):
    """Everything that an installation decides; immutable. Build it with `from_mapping`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True
    )

    home: Annotated[Path, AfterValidator(values.folder)] = Field(
        ROOT / "var",
        validation_alias="ENTRAIDE_HOME",
        description="Folder of everything the program keeps: database, mails, queue, gazetteer.",
    )
    database_url: Annotated[str, AfterValidator(values.database)] = Field(
        default_factory=lambda known: f"sqlite:///{known['home']}/entraide.sqlite",
        validation_alias="DATABASE_URL",
        repr=False,
        description=f"Database: {values.DATABASES}. By default an SQLite file in the home folder.",
    )
    migration_database_url: Annotated[str, AfterValidator(values.database)] = Field(
        default_factory=lambda known: known["database_url"],
        validation_alias="MIGRATION_DATABASE_URL",
        repr=False,
        description="The same database as the owner of its schema; by default DATABASE_URL.",
    )
    redis_url: Annotated[str, AfterValidator(values.redis)] | None = Field(
        None,
        validation_alias="REDIS_URL",
        repr=False,
        description="Redis or Valkey server of the queue; by default `entraide up` starts one.",
    )
    smtp_url: Annotated[str, AfterValidator(values.smtp)] | None = Field(
        None,
        validation_alias="SMTP_URL",
        repr=False,
        description=f"Mail server: {values.SMTP_SERVERS}. By default a local catcher keeps them.",
    )
    mail_from: Annotated[str, AfterValidator(values.one_mailbox)] = Field(
        "Entraide <entraide@localhost>",
        validation_alias="MAIL_FROM",
        description="Sender of every mail: one address, with or without a name.",
    )
    mail_domain: Annotated[str, AfterValidator(values.mail_domain)] = Field(
        default_factory=lambda known: parseaddr(known["mail_from"])[1].rpartition("@")[2],
        validation_alias="MAIL_DOMAIN",
        description="Domain of the reply addresses of conversations, c+…@DOMAIN, whose mail comes "
        "to the mail listener; by default that of MAIL_FROM. Where it is given, what cannot be "
        "delivered comes back to the listener too, at b+…@DOMAIN.",
    )
    mailin_host: Annotated[str, AfterValidator(values.listening_address)] = Field(
        "127.0.0.1",
        validation_alias="MAILIN_HOST",
        description="Address of this machine that the mail listener listens on.",
    )
    mailin_port: _PortNumber = Field(
        8026, validation_alias="MAILIN_PORT", description="Port of the mail listener: 1 to 65535."
    )
    web_processes: Annotated[int, BeforeValidator(values.whole_number), Field(ge=1, le=32)] = Field(
        2,
        validation_alias="WEB_CONCURRENCY",
        description="Processes of the web server, 1 to 32. Each keeps a copy of the board in "
        "memory.",
    )
    workers: int = Field(
        1,
        ge=1,
        le=32,
        validation_alias="WORKERS",
        description="Worker processes of `entraide up`, 1 to 32. Each keeps a copy of the board in "
        "memory; two send nearly twice as many mails on two cores.",
    )
    push_key: Annotated[str, AfterValidator(values.push_key)] | None = Field(
        None,
        validation_alias="VAPID_PRIVATE_KEY",
        repr=False,
        description="Key that signs push messages, made by `entraide push-keys`; "
        "without it there are none.",
    )
    push_test_services: Annotated[str, AfterValidator(values.origins)] | None = Field(
        None,
        validation_alias="PUSH_TEST_SERVICES",
        description="Origins that stand in for push services in tests, http://HOST:PORT parted by "
        "commas; refused in production.",
    )
    secret_key: str = Field(
        "",
        validation_alias="SECRET_KEY",
        repr=False,
        description="Secret that signs sessions and encrypts queued links, 32 characters or more; "
        "required in production, otherwise made once and kept in the home folder.",
    )
    port: _PortNumber = Field(
        8000, validation_alias="PORT", description="Port of the web server: 1 to 65535."
    )
    base_url: Annotated[str, AfterValidator(values.web_address)] = Field(
        default_factory=lambda known: f"http://127.0.0.1:{known['port']}",
        validation_alias="BASE_URL",
        description="Address of the site as its readers type it; links in mails start with it.",
    )
    security_contact: Annotated[str, AfterValidator(values.contact)] | None = Field(
        None,
        validation_alias="SECURITY_CONTACT",
        description="Where weaknesses are reported, NAME@DOMAIN or an https address; "
        "/.well-known/security.txt shows it, and is not there without it.",
    )
    production: bool = Field(
        False,
        validation_alias="ENTRAIDE_PRODUCTION",
        description="1 for a public site: no default secret, no mail catcher, no demo data.",
    )
    default_locale: Literal["fr", "en", "es", "pt", "ar"] = Field(
        "fr",
        validation_alias="DEFAULT_LOCALE",
        description="Language for readers who ask for none of ours: fr, en, es, pt or ar.",
    )
    proxies: Annotated[int, BeforeValidator(values.whole_number), Field(ge=0, le=5)] = Field(
        0,
        validation_alias="PROXIES",
        description="Proxies before the web server that write X-Forwarded-For: 0 to 5. "
        "With 0, limits count no networks when a proxy is there.",
    )
    requests_per_minute: Annotated[
        int, BeforeValidator(values.whole_number), Field(ge=0, le=99_999)
    ] = Field(
        1200,
        validation_alias="REQUESTS_PER_MINUTE",
        description="Requests that one network may send in a minute: 0 to 99999. 0 sets no limit.",
    )
    lease_s: Annotated[int, BeforeValidator(values.whole_number), Field(ge=5, le=300)] = Field(
        LEASE_S,
        validation_alias="LEASE_S",
        description="Seconds after which another worker goes on with what a dead one was sending: "
        "5 to 300.",
    )
    metrics_token: Annotated[str, AfterValidator(values.token)] | None = Field(
        None,
        validation_alias="METRICS_TOKEN",
        repr=False,
        description="What /metrics asks for as a bearer token, 32 visible characters or more; "
        "without it, /metrics answers this machine alone.",
    )
    geocoder: Literal["none", "photon", "nominatim", "ban"] = Field(
        "none",
        validation_alias="GEOCODER",
        description="Online place search besides the offline one: none, photon, nominatim or ban.",
    )
    geocoder_domain: Annotated[str, AfterValidator(values.host)] | None = Field(
        None,
        validation_alias="GEOCODER_DOMAIN",
        description="Host of the geocoder, for a server of one's own; by default the public one.",
    )
    tile_url: Annotated[str, AfterValidator(values.tile_url)] | None = Field(
        None,
        validation_alias="TILE_URL",
        description="Tile server of the maps, such as https://tiles.example.org/{z}/{x}/{y}.png; "
        "without it, maps show the embedded land and ask nobody else.",
    )
    tile_attribution: Annotated[str, AfterValidator(values.credit)] | None = Field(
        None,
        validation_alias="TILE_ATTRIBUTION",
        description="Whose map the tile server shows, in plain text; required with TILE_URL.",
    )
    catcher_port: _PortNumber = Field(
        8025,
        validation_alias="MAIL_CATCHER_PORT",
        description="Port of the local mail catcher: 1 to 65535.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing but what is passed in, so that a test's settings are only its own."""
        return (init_settings,)

    @classmethod
    def from_mapping(cls, environment: Mapping[str, str]) -> Self:
        """Settings from environment variables; empty ones count as not given.

        Makes the home folder and, outside production, the secret key on first use.

        Raises:
            SettingsError: a variable's value is not accepted, or the home folder cannot be made.
        """
        given = {name: environment[name] for name in cls.variables() if environment.get(name)}
        try:
            settings = cls.model_validate(given)
        except ValidationError as error:
            raise SettingsError(_problems(error)) from error
        try:
            settings.home.mkdir(parents=True, exist_ok=True)
            key = settings.secret_key or _kept_secret(settings.home / "secret_key")
        except OSError as error:
            reason = f"cannot be written ({error.strerror}); accepted: a folder of one's own"
            raise SettingsError((("ENTRAIDE_HOME", reason),)) from error
        return settings.model_copy(update={"secret_key": key})

    @classmethod
    def variables(cls) -> dict[str, str]:
        """Names of the environment variables, each with what it decides."""
        fields = cls.model_fields.values()
        return {str(field.validation_alias): field.description or "" for field in fields}

    @model_validator(mode="after")
    def _refuse_a_weak_secret(self) -> Self:
        if self.production and not self.secret_key:
            raise ValueError(
                f"SECRET_KEY: is required in production; accepted: {SECRET_LENGTH} characters "
                "or more, the same for every process"
            )
        if self.secret_key and len(self.secret_key) < SECRET_LENGTH:
            raise ValueError(
                f"SECRET_KEY: is too short; accepted: {SECRET_LENGTH} characters or more"
            )
        return self

    @model_validator(mode="after")
    def _refuse_push_services_of_tests(self) -> Self:
        if self.production and self.push_test_services:
            raise ValueError(
                "PUSH_TEST_SERVICES: is for tests alone; accepted: nothing in production"
            )
        return self

    @model_validator(mode="after")
    def _refuse_tiles_that_no_page_may_show(self) -> Self:
        if self.tile_url and not self.tile_attribution:
            raise ValueError(
                f"TILE_ATTRIBUTION: is required with TILE_URL; accepted: {values.CREDITS}"
            )
        if (self.tile_url or "").startswith("http:") and self.base_url.startswith("https:"):
            raise ValueError(
                "TILE_URL: is not encrypted, and browsers show no such pictures on the pages of "
                "an https BASE_URL; accepted: https://HOST/…/{z}/{x}/{y}.png"
            )
        return self

    @property
    def tile_origin(self) -> str | None:
        """Scheme, host and port of the tile server; None without one."""
        if self.tile_url is None:
            return None
        parts = urlsplit(self.tile_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def tile_host(self) -> str | None:
        """What readers are told of where the pictures of maps come from."""
        return None if self.tile_url is None else urlsplit(self.tile_url).hostname

    @property
    def embedded_mail(self) -> bool:
        """Whether mails go to the local catcher instead of a mail server."""
        return not self.production and self.smtp_url is None

    @property
    def smtp_effective_url(self) -> str | None:
        """Where mails are sent; None in production without a mail server."""
        if self.embedded_mail:
            return f"smtp://127.0.0.1:{self.catcher_port}"
        return self.smtp_url

    @property
    def takes_bounces(self) -> bool:
        """Whether mails name the listener as where they come back to: it is known to be reached."""
        return "mail_domain" in self.model_fields_set

    @property
    def mail_dir(self) -> Path:
        """Maildir of the catcher."""
        return self.home / "mail"

    @property
    def gazetteer_path(self) -> Path:
        """SQLite file of the offline gazetteer."""
        return self.home / "gazetteer.sqlite"

    @property
    def snapshot_path(self) -> Path:
        """The index of listings as it was some time ago, from which processes start."""
        return self.home / "index.snapshot"

    @property
    def ledger_path(self) -> Path:
        """Who was erased, beside the database: no restore takes it back."""
        return self.home / "erasures.jsonl"

    @property
    def valkey_socket(self) -> Path:
        """Socket of the embedded Valkey; elsewhere where the home's path would not do for one."""
        path = self.home / "valkey" / "valkey.sock"
        if _PLAIN_PATH.fullmatch(str(path)) and len(str(path)) <= SOCKET_PATH_BYTES:
            return path
        # Not the temporary folder of this process: all processes must find the same one.
        name = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(f"/tmp/entraide-{os.getuid()}-{name}/valkey.sock")  # noqa: S108

    @property
    def redis_effective_url(self) -> str:
        """Address of the queue's server: REDIS_URL, or the embedded Valkey."""
        return self.redis_url or f"unix://{self.valkey_socket}"


def _problems(error: ValidationError) -> tuple[tuple[str, str], ...]:
    # A default that derives from a refused value is no problem of its own.
    refused = [
        detail for detail in error.errors() if detail["type"] != "default_factory_not_called"
    ]
    return tuple(_problem(detail["loc"], detail["msg"]) for detail in refused)


def _problem(location: tuple[int | str, ...], message: str) -> tuple[str, str]:
    message = message.removeprefix("Value error, ")
    if not location:
        name, _, message = message.partition(": ")
        return name, message
    name = str(location[0])
    if "accepted:" in message:
        return name, message
    return name, f"{message[0].lower()}{message[1:]}; accepted: {Settings.variables()[name]}"


def _kept_secret(path: Path) -> str:
    """The secret in the file, made on first use; of two processes at once, one wins."""
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text(encoding="ascii").strip()
