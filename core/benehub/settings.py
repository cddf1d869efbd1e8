"""Settings of an installation: `benehub.toml` in the working folder, overruled by `BENEHUB_*` variables.

Secrets never stand in the file: a setting holds a reference (`env:NAME`, `file:PATH`, `keyring:NAME`).
"""

from __future__ import annotations

import base64
import importlib
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from benehub.crypto import Vault
from benehub.errors import ConfigError

KEY_NAME = re.compile(r"[a-z0-9_-]{1,20}")
"""How a master key may be called; shorter than any key."""


class Oidc(BaseModel):
    """A sign-in provider (OpenID Connect): the table `[oidc.NAME]` of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str
    client_id: str
    client_secret: str = ""
    """A reference; empty for a public client."""
    label: str = ""
    """As the sign-in page calls it."""
    scope: str = "openid email profile"
    groups_claim: str = "groups"
    employee_claim: str = ""
    """Claim that holds the employee number: which person somebody is whose group stands for `employee@EMPLOYER`."""
    roles: dict[str, list[str]] = {}
    """Group -> `ROLE@EMPLOYER`, or `ROLE` with every employer."""


Listed = Annotated[str, Field(pattern=r"^(env|keyring):\S+$")]
"""A reference that is no file: whoever may name a file could have any be read."""


class ByApi(BaseModel):
    """What connections that are set up by the API may name: the table `[connections_by_api.EMPLOYER.CONNECTOR]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    references: tuple[Listed, ...] | dict[str, tuple[Listed, ...]] = ()
    """References to secrets, `env:NAME` or `keyring:NAME`. Each of the three is a list, good for any setting, or a
    table of lists by setting (`place.sftp`, `payees.*.account`), each good for that and what lies below it alone."""
    addresses: tuple[str, ...] | dict[str, tuple[str, ...]] = ()
    """Addresses, hosts, host keys, ports and folders, each as its setting writes it."""
    accounts: tuple[str, ...] | dict[str, tuple[str, ...]] = ()
    """Accounts and banks that money goes to or comes from, users, and companies at a vendor, each as its setting writes
    it."""


NO_KEYS = "env:BENEHUB_KEYS"
"""Where the keys are looked for unless settings say otherwise."""


class Settings(BaseSettings):
    """One installation."""

    model_config = SettingsConfigDict(env_prefix="BENEHUB_", extra="ignore")

    db: str = Field(
        default="sqlite:///benehub.db",
        description="Database: sqlite:///FILE, or postgresql+psycopg://USER@HOST/NAME for many machines.",
    )
    secret_key: str = Field(
        default=NO_KEYS,
        description="Reference to the master keys, `k1=BASE64[,k2=BASE64]` of 32 bytes each; the last seals.",
    )
    artefacts: str = Field(default="artefacts", description="Folder for files written for people to look at.")
    webhook_hosts: str = Field(
        default="",
        description="Hosts (HOST or HOST:PORT, parted by blanks) inside the network that our webhooks may go to.",
    )
    log_level: str = Field(default="WARNING", description="Least severe level that is logged.")
    log_format: Literal["text", "json"] = Field(
        default="text", description="How log lines are written to standard error: text for people, json for programs."
    )
    metrics_token: str = Field(
        default="",
        description="Reference to the bearer token that `/metrics` asks for; empty: this machine alone may read it.",
    )

    public_url: str = Field(
        default="",
        description="Address at which people reach this installation, https://HOST; empty on this machine alone."
        " Sign-in over any other than this machine's own needs it.",
        pattern=r"^(https://[^/]+/?|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?/?|)$",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1,::1",
        description="Addresses or networks, with commas between, of proxies whose X-Forwarded-For and -Proto count.",
    )
    upload_mib: int = Field(
        default=20, ge=1, le=64, description="Size up to which a table may be uploaded by hand, in MiB (2^20 bytes)."
    )
    second_factor: Literal["required", "optional"] = Field(
        default="required",
        description="Whether who signs in by password has to have a second factor (a code of a phone), or may.",
    )
    session_idle_minutes: int = Field(
        default=30, ge=1, le=24 * 60, description="Minutes without use after which a session ends."
    )
    session_hours: int = Field(default=12, ge=1, le=24 * 7, description="Hours after which a session ends in any case.")
    oidc: dict[str, Oidc] = Field(
        default={},
        description="Sign-in providers (OpenID Connect), a table `[oidc.NAME]` each: issuer, client_id, client_secret"
        " (a reference), label, scope, groups_claim, employee_claim, roles (group -> list of ROLE@EMPLOYER,"
        " or ROLE with every employer). See access.md.",
    )
    connections_by_api: dict[str, dict[str, ByApi]] = Field(
        default={},
        description="What connections may name that are added or changed by the API, a table"
        " `[connections_by_api.EMPLOYER.CONNECTOR]` each: references (env: or keyring:), addresses, accounts,"
        " each a list, or a table of lists by setting. What is not listed is refused. See access.md.",
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
        """Arguments, then environment, then the file named by BENEHUB_CONFIG (default benehub.toml)."""
        return (init_settings, env_settings, InitSettingsSource(settings_cls, _file_values(settings_cls)))


def _file_values(settings_cls: type[BaseSettings]) -> dict[str, Any]:
    """What the settings file says; without BENEHUB_CONFIG it may be absent.

    Raises:
        ConfigError: the named file is missing, is no TOML, or has a setting nobody knows.
    """
    named = os.environ.get("BENEHUB_CONFIG")
    file = Path(named or "benehub.toml")
    if not file.is_file():
        if named:
            raise ConfigError(
                "BENEHUB_CONFIG names no file", where=str(file), mend="Name an existing file, or unset it"
            )
        return {}
    try:
        text = file.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"no TOML: {error}", where=str(file), mend='Write lines like db = "..."') from None
    for name in values:
        if name not in settings_cls.model_fields:
            line = _line_of(text, name)
            known = ", ".join(settings_cls.model_fields)
            raise ConfigError(f"there is no setting {name}", where=f"{file}:{line}", mend=f"Known settings: {known}")
    return values


def _line_of(text: str, name: str) -> int:
    found = re.search(rf"^[ \t\[\"']*{re.escape(name)}\b", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def resolve_secret(reference: str) -> str:
    """What a reference stands for.

    Raises:
        ConfigError: it is a plain value instead of a reference, or stands for nothing.
    """
    kind, _, name = reference.partition(":")
    if kind == "env" and name:
        value = os.environ.get(name, "")
    elif kind == "file" and name:
        path = Path(name)
        try:
            value = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"secret {reference!r} cannot be read ({type(error).__name__})",
                mend="Mend the file or its permissions",
            ) from None
    elif kind == "keyring" and name:
        value = _from_keyring(name)
    else:
        raise ConfigError(
            "a secret stands in the settings in plain text",
            mend="Write env:NAME, file:PATH or keyring:NAME instead",
        )
    if not value:
        mend = "Set the variable or write the file"
        if reference == NO_KEYS:  # as it is where no settings file was found
            mend = "Go to the folder that holds benehub.toml, or make an installation here: benehub init"
        raise ConfigError(f"secret {reference!r} is empty or missing", mend=mend)
    return value


def vault(settings: Settings) -> Vault:
    """The vault of the installation's master keys.

    Raises:
        ConfigError: a key is not `NAME=BASE64` of 32 bytes or more.
    """
    return Vault(*read_keys(resolve_secret(settings.secret_key)))


def read_keys(text: str) -> tuple[dict[str, bytes], str]:
    """Master keys by name from `k1=BASE64[,k2=BASE64]`, and the name of the last, which seals.

    Raises:
        ConfigError: as `vault`.
    """
    keys: dict[str, bytes] = {}
    current = ""
    for part in text.strip().split(","):
        current, _, encoded = part.strip().partition("=")
        # A key pasted without its name lands in `current`: it is shown only if it looks like a name.
        if not KEY_NAME.fullmatch(current) or current in keys:
            raise ConfigError(
                "a master key has no name of its own",
                where="setting secret_key",
                mend="Write k1=BASE64,k2=BASE64",
            )
        try:
            keys[current] = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except ValueError:  # binascii.Error, and non-ASCII text
            raise ConfigError(
                f"master key {current!r} is not base64", where="setting secret_key", mend="See `benehub init`"
            ) from None
    return keys, current


def new_key(name: str = "k1") -> str:
    """A fresh master key, as it stands in a key file."""
    return f"{name}={base64.b64encode(os.urandom(32)).decode()}"


def _from_keyring(name: str) -> str:
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        raise ConfigError(
            "keyring is not installed",
            where=f"keyring:{name}",
            mend="pip install keyring, or use env: or file:",
        ) from None
    return str(keyring.get_password("benehub", name) or "")
