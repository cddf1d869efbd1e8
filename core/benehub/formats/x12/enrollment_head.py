"""The head of an 834: what kind of file it is, from whom, for whom, through whom, and how many are in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from benehub.formats.x12.kernel import Elements
from benehub.formats.x12.parts import Dated, Party
from benehub.formats.x12.values import write_date

FULL, CHANGE, REPLACE = "4", "2", "RX"
"""BGN08: everybody as he is, what happened, and a file that takes the place of an earlier one."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Loop 1000C: `role` `BO` broker or `TV` administrator, and his account numbers (ACT01, ACT06)."""

    role: str
    party: Party
    account: str = ""
    second_account: str = ""

    def segments(self) -> list[Elements]:
        """N1 and ACT."""
        out = [self.party.segment(self.role)]
        if self.account:
            out.append(("ACT", self.account, "", "", "", "", self.second_account))
        return out


@dataclass(frozen=True, slots=True)
class Enrollment834:
    """The head of an 834: BGN, master policy, dates, totals and parties.

    Args:
        reference: BGN02, unique for ever per sender. `created` and `time` (HHMM) BGN03 and BGN04, `zone` BGN05.
        action: BGN08, `FULL`, `CHANGE` or `REPLACE`. `purpose` BGN01: `00` original, `15` resubmission, `22` copy.
        original_reference: BGN06, BGN02 of the file that is sent again.
        policy: REF*38. `dates`: `007` effective, `303`, `382` enrollment, `388` payment begin.
        totals: QTY, `TO` all, `ET` subscribers, `DT` dependents.
        brokers: up to two.
        extra: segments of the head that the guide does not have there, in order.
    """

    reference: str
    created: date
    action: str
    sponsor: Party
    payer: Party
    purpose: str = "00"
    time: str = "0000"
    zone: str = ""
    original_reference: str = ""
    policy: str = ""
    dates: tuple[Dated, ...] = ()
    totals: tuple[tuple[str, int], ...] = ()
    brokers: tuple[Broker, ...] = ()
    extra: tuple[Elements, ...] = ()

    def segments(self) -> Iterator[Elements]:
        """BGN to the last N1, in the guide's order."""
        yield (
            "BGN", self.purpose, self.reference, write_date(self.created), self.time, self.zone,
            self.original_reference, "", self.action,
        )  # fmt: skip
        if self.policy:
            yield ("REF", "38", self.policy)
        yield from (("DTP", code, "D8", write_date(day)) for code, day in self.dates)
        yield from (("QTY", code, str(count)) for code, count in self.totals)
        yield self.sponsor.segment("P5")
        yield self.payer.segment("IN")
        for broker in self.brokers:
            yield from broker.segments()
        yield from self.extra
