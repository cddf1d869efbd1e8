"""Promises of form: what a connector says of itself is complete and agrees with what it does."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from benehub.connect.connector import Connector, Item
from benehub.errors import ConfigError, Unsupported
from benehub.records import OPERATIONS, STREAMS
from benehub.testing.checks import Broken, Ground, promise

MANIFEST = ("name", "kind", "docs", "api_version", "owner")
"""What every manifest says."""

_PARTS: dict[str, type] = {"refereed": dict, "playbook": dict, "lacks": dict, "calls": dict, "proof": list}
"""Parts of a manifest that are tables, or lists of them."""


def home(connector: type[Connector]) -> Path:
    """The folder of a connector's package."""
    return Path(str(importlib.import_module(connector.__module__).__file__)).parent


def manifest(connector: type[Connector]) -> dict[str, Any]:
    """What `manifest.toml` says.

    Raises:
        ConfigError: there is none, it is no TOML, or a part of it is no table.
    """
    file = home(connector) / "manifest.toml"
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        mend = f"Write one with {', '.join(MANIFEST)}"
        raise ConfigError("there is no manifest", where=str(file), mend=mend) from None
    except (OSError, ValueError) as error:
        mend = "Mend it there; texts stand in quotation marks" if isinstance(error, ValueError) else "Let it be read"
        raise ConfigError(f"the manifest cannot be read: {error}", where=str(file), mend=mend) from None
    for name, kind in _PARTS.items():
        part = told.get(name, kind())
        rows: Any = part if kind is list else ()
        if not isinstance(part, kind) or not all(isinstance(one, dict) for one in rows):
            mend = f"Write it as {f'[[{name}]]' if kind is list else f'[{name}]'}, below all other keys"
            raise ConfigError(f"`{name}` is no table", where=str(file), mend=mend)
    return told


@promise("form.manifest", "manifest.toml names vendor, documentation, API version and owner, and agrees with the code")
def _manifest(ground: Ground) -> None:
    told = manifest(ground.connector)
    if missing := [name for name in MANIFEST if not told.get(name)]:
        raise Broken(f"manifest.toml leaves out {', '.join(missing)}", "Fill them in")
    for name, own in (("name", ground.connector.name), ("kind", ground.connector.kind.value)):
        if told[name] != own:
            raise Broken(f"manifest.toml says {name} {str(told[name])[:40]!r}, the class {own!r}", "Make them the same")


@promise("form.settings", "settings are typed: an unknown one is refused by name")
def _settings(ground: Ground) -> None:
    stage = ground.stage()
    try:
        ground.connector.Settings.model_validate({**stage.settings, "benehub_kit": 1})
    except ValidationError as error:
        if any("benehub_kit" in one["loc"] for one in error.errors()):
            return
        raise Broken("the stage's own settings are refused", "Mend the stage") from None
    raise Broken("a setting that does not exist is taken in silence", 'Set model_config = ConfigDict(extra="forbid")')


@promise("form.capabilities", "every stream and every write has a capability line with its guard, and no other")
def _capabilities(ground: Ground) -> None:
    lines = ground.connector().capabilities()
    reads = {one.operation.removeprefix("read.") for one in lines if one.supported and one.operation[:5] == "read."}
    writes = {one.operation for one in lines if one.supported and one.operation[:5] != "read."}
    for what, said, done in (
        ("streams", reads, set(ground.connector.streams)),
        ("operations", writes, set(ground.connector.guards)),
    ):
        if said != done:
            raise Broken(f"{what}: capabilities() and the class differ in {sorted(said ^ done)}", "Make them agree")
    for one in lines:
        if one.operation in ground.connector.guards and one.guard is not ground.connector.guards[one.operation]:
            raise Broken(f"{one.operation}: capabilities() names another guard than `guards`", "Make them agree")
    if unknown := (set(ground.connector.streams) - set(STREAMS)) | (set(ground.connector.guards) - set(OPERATIONS)):
        raise Broken(f"no such stream or operation: {sorted(unknown)}", "See docs/connectors.md for the names")


@promise("form.refusal", "what it cannot do is refused by type, before anything is sent")
def _refusal(ground: Ground) -> None:
    played = ground.play()
    item, settings = Item("benehub.kit", "k", {}), played.link.settings

    def write() -> object:
        return played.connector.lookup(item, settings) or played.connector.request(item, None, settings)

    for what, ask in (
        ("a stream it does not have", lambda: list(played.connector.read("benehub_kit", played.link, None))),
        ("an operation it does not have", write),
    ):
        try:
            ask()
        except Unsupported:
            continue
        except Exception as error:
            raise Broken(f"{what} ends in {type(error).__name__}", "Fall through to the base class") from error
        raise Broken(f"{what} is taken in silence", "Fall through to the base class")
    if played.line is not None and played.line.log:
        raise Broken("calls were made for what it cannot do", "Refuse before asking the vendor")
