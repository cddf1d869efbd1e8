"""Bronze to platinum: what a connector has earned, by rules that code checks on the evidence kept with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from benehub.connect.capabilities import Guard
from benehub.connect.connector import Connector
from benehub.testing.checks import checks_for
from benehub.testing.evidence import Evidence, Proof, digest, kept, proofs, read
from benehub.testing.form import manifest
from benehub.testing.stage import stage_maker

OLD_DAYS = 3 * 366
"""A proof by somebody else that is older says little of the vendor today."""


class Tier(StrEnum):
    """What a connector has earned; each includes those before it."""

    NONE = "none"
    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    PLATINUM = "platinum"


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition of a tier, and whether it is met."""

    tier: Tier
    text: str
    met: bool


@dataclass(frozen=True, slots=True)
class _Case:
    connector: type[Connector]
    evidence: Evidence | None
    proofs: list[Proof]

    def fresh(self) -> bool:
        return self.evidence is not None and self.evidence.digest == digest(self.connector)

    def kept(self, *parts: str) -> bool:
        names = [one.name for one in checks_for(self.connector) if not parts or one.name.split(".")[0] in parts]
        return self.fresh() and self.evidence is not None and kept(self.evidence, names)

    def recent(self) -> list[Proof]:
        if self.evidence is None:
            return []
        return [one for one in self.proofs if one.outside and (self.evidence.on - one.on).days <= OLD_DAYS]


def _staged(case: _Case) -> bool:
    return stage_maker(case.connector) is not None


def _playbook(case: _Case) -> bool:
    """For every write, what a person does when it fails."""
    told = manifest(case.connector).get("playbook", {})
    return all(told.get(name) for name in (*case.connector.guards, *(("read",) if case.connector.streams else ())))


def _guarded(case: _Case) -> bool:
    return all(guard is not Guard.NONE for guard in case.connector.guards.values())


def _judged(*by: str) -> Callable[[_Case], bool]:
    return lambda case: any(one.by in by for one in case.recent())


_RULES: tuple[tuple[Tier, str, Callable[[_Case], bool]], ...] = (
    (Tier.BRONZE, "a stage to prove it on, without its vendor", _staged),
    (
        Tier.BRONZE,
        "every promise of form and of reads is kept, over the code as it is",
        lambda case: case.kept("form", "read"),
    ),
    (Tier.SILVER, "every promise of the contract kit is kept", lambda case: case.kept()),
    (
        Tier.SILVER,
        "the manifest says what was refereed and what was not",
        lambda case: bool(manifest(case.connector).get("refereed")),
    ),
    (Tier.GOLD, "a judge that is not ours has looked within three years", _judged("spec", "server", "reader")),
    (Tier.GOLD, "every write is guarded: none has to be held for want of one", _guarded),
    (Tier.GOLD, "a playbook says for reads and every write what a person does when it fails", _playbook),
    (Tier.PLATINUM, "a server that nobody here wrote was spoken to", _judged("server")),
    (Tier.PLATINUM, "a published contract or an independent reader judges what it says", _judged("spec", "reader")),
)


def rules(connector: type[Connector]) -> list[Rule]:
    """Every rule, and whether the connector meets it.

    Raises:
        ConfigError: the manifest or the evidence cannot be read.
    """
    case = _Case(connector, read(connector), proofs(connector))
    return [Rule(tier, text, test(case)) for tier, text, test in _RULES]


def tier(connector: type[Connector]) -> Tier:
    """The highest tier all of whose rules, and of those below it, are met."""
    told, earned = rules(connector), Tier.NONE
    for step in (Tier.BRONZE, Tier.SILVER, Tier.GOLD, Tier.PLATINUM):
        if not all(one.met for one in told if one.tier is step):
            break
        earned = step
    return earned


def dated(connector: type[Connector]) -> date | None:
    """The day of the evidence; None where it is of other code, or there is none."""
    found = read(connector)
    return found.on if found is not None and found.digest == digest(connector) else None
