"""Dated evidence that lies with a connector: what the kit found, over which code, and who else has looked.

The tier is computed from these files alone, so it is the same on every machine. Evidence is of one state of the
code: its digest stands in it, and evidence of other code counts for nothing.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from benehub.connect.connector import Connector
from benehub.errors import ConfigError
from benehub.testing.form import home, manifest
from benehub.testing.kit import Outcome, Verdict

FILE = "evidence.toml"
PARTS = (".py", ".toml", ".json", ".yaml", ".csv", ".txt")
"""What a connector is made of; the evidence itself is left out."""

BY = ("spec", "server", "reader", "simulator")
"""Who a proof is by: the vendor's published contract, a server nobody here wrote, an independent reader of the format,
or our own simulator, which proves nothing to others."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One line of `[[proof]]` in a manifest: what was held against what, by whom, in which test, and when."""

    what: str
    by: str
    against: str
    test: str
    on: date

    @property
    def outside(self) -> bool:
        """Whether somebody other than us is the judge."""
        return self.by != "simulator"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the kit found: promise -> verdict, on a day, over code of this digest."""

    on: date
    digest: str
    verdicts: Mapping[str, str] = field(default_factory=dict)


def digest(connector: type[Connector]) -> str:
    """The digest of a connector's files, in order of their names."""
    root, total = home(connector), hashlib.sha256()
    for file in sorted(_files(root), key=lambda one: one.relative_to(root).as_posix()):
        data = file.read_bytes().replace(b"\r\n", b"\n")
        total.update(f"{file.relative_to(root).as_posix()}\n{len(data)}\n".encode() + data)
    return total.hexdigest()[:32]


def _files(root: Path) -> Iterator[Path]:
    for file in root.rglob("*"):
        if file.is_file() and file.suffix in PARTS and file.name != FILE and "__pycache__" not in file.parts:
            yield file


def proofs(connector: type[Connector]) -> list[Proof]:
    """The proofs a manifest names.

    Raises:
        ConfigError: a proof leaves something out, or names nobody we know.
    """
    found = []
    for number, told in enumerate(manifest(connector).get("proof", ()), 1):
        try:
            one = Proof(**{name: told[name] for name in ("what", "by", "against", "test", "on")})
        except KeyError as error:
            raise _bad(connector, number, f"no {error.args[0]}") from None
        if one.by not in BY or not isinstance(one.on, date):
            raise _bad(connector, number, "`by` or `on` is not usable")
        found.append(one)
    return found


def _bad(connector: type[Connector], number: int, what: str) -> ConfigError:
    return ConfigError(
        what, where=f"{connector.name}/manifest.toml, proof {number}",
        mend=f"Give what, by ({', '.join(BY)}), against, test and on (a date)",
    )  # fmt: skip


def read(connector: type[Connector]) -> Evidence | None:
    """The evidence kept with a connector; None where there is none.

    Raises:
        ConfigError: the file is no evidence.
    """
    file = home(connector) / FILE
    if not file.is_file():
        return None
    try:
        told: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
        return Evidence(told["on"], told["digest"], told["verdicts"])
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise ConfigError(
            f"no evidence ({type(error).__name__})", where=f"{connector.name}/{FILE}",
            mend=f"Write it anew: benehub connector check {connector.name} --write",
        ) from None  # fmt: skip


def write(connector: type[Connector], outcomes: list[Outcome], today: date) -> Path:
    """Keep what the kit found. Nothing changes where it found the same over the same code."""
    file, found = home(connector) / FILE, {one.check: one.verdict.value for one in outcomes}
    try:
        before = read(connector)
    except ConfigError:
        before = None  # what cannot be read is written anew
    if before is None or (before.digest, dict(before.verdicts)) != (digest(connector), found):
        lines = [
            f"# Written by `benehub connector check {connector.name} --write`.",
            f"on = {today.isoformat()}",
            f'digest = "{digest(connector)}"',
            "",
            "[verdicts]",
            *(f'"{name}" = "{verdict}"' for name, verdict in found.items()),
        ]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def kept(evidence: Evidence, promises: list[str]) -> bool:
    """Whether each of these promises was kept, or had nothing to look at."""
    good = {Verdict.KEPT.value, Verdict.NOT_HERE.value}
    return all(evidence.verdicts.get(name) in good for name in promises)
