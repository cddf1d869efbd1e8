"""Where an employee's money is: taken from pay, sent on, confirmed by who received it, month by month.

An insured plan is followed by coverage month, a retirement plan by pay date. Amounts are minor units.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, func, or_, select

from benehub.ledger import accounts as chart
from benehub.store import Session
from benehub.store.tables import entry, leg

TAKEN = ("deduction.withheld", "deduction.withheld.reversed", "opening.deferral")
OWED = ("premium.accrued", "premium.accrued.reversed")
MATCHED = (
    "match.accrued", "match.accrued.reversed", "contribution.accrued", "contribution.accrued.reversed",
    "correction.accrued", "correction.accrued.reversed",
)  # fmt: skip
SENT = (
    "premium.remitted", "premium.remitted.reversed", "contribution.deposited", "contribution.deposited.reversed",
    "account.deposited", "account.refused", "account.refused.reversed",
)  # fmt: skip
CONFIRMED = (
    "contribution.credited", "contribution.credited.reversed", "account.credited", "account.credited.reversed",
)  # fmt: skip


COUNTED = ("account.offset", "account.offset.reversed")


class Where(StrEnum):
    """The last station that is proven.

    DUE: owed, not taken from pay yet. TAKEN: withheld, still with the employer. SENT: on its way to the
    vendor. CONFIRMED: the vendor or the bank says that it arrived.
    """

    DUE = "due"
    TAKEN = "taken"
    SENT = "sent"
    CONFIRMED = "confirmed"


@dataclass(slots=True)
class Path:
    """One plan and one coverage month (`2026-11`) or pay date (`2026-11-13`) of one employee."""

    plan: str
    when: str
    owed: int = 0
    """The employee's share of the premium; 0 for contributions."""
    premium: int = 0
    """Both shares together."""
    taken: int = 0
    match: int = 0
    """What the employer gives beside it: the match, or its part of an account."""
    sent: int = 0
    credited: int = 0
    dispatches: list[str] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)
    proofs: dict[str, str] = field(default_factory=dict)
    """The newest entry behind each amount: `owed`, `taken`, `given` (the employer's part), `sent`, `credited`."""
    arrived: bool = False

    @property
    def where(self) -> Where:
        """How far the money has come."""
        if self.sent and (self.arrived or self.credited >= self.sent):
            return Where.CONFIRMED
        if self.sent:
            return Where.SENT
        return Where.TAKEN if self.taken or self.match else Where.DUE


def money_paths(session: Session, person_id: str, year: int) -> list[Path]:
    """Every plan and month or pay date of a year that the ledger knows of a person, in order."""
    found: dict[tuple[str, str], Path] = {}
    for row in _legs(session, person_id, year):
        insured = row.account in (chart.EMPLOYEE_SHARE_DUE, chart.PREMIUM_PAYABLE, chart.CARRIER_TRANSIT)
        when = row.coverage_month if insured else None if row.pay_date is None else row.pay_date.isoformat()
        if row.plan is None or when is None:
            continue
        _add(found.setdefault((row.plan, when), Path(row.plan, when)), row)
    open_batches = in_transit(session, {one for path in found.values() for one in path.dispatches})
    for path in found.values():
        if path.dispatches and not path.credited:
            path.arrived = not any(open_batches.get(one) for one in path.dispatches) and path.premium != 0
    return [path for _, path in sorted(found.items()) if path.owed or path.taken or path.match or path.sent]


def _legs(session: Session, person_id: str, year: int) -> list[Row[Any]]:
    return list(
        session.rows(
            select(
                entry.c.entry_id, entry.c.type, entry.c.source, leg.c.account, leg.c.amount, leg.c.plan,
                leg.c.coverage_month, leg.c.pay_date,
            )
            .join(leg, (leg.c.employer_id == entry.c.employer_id) & (leg.c.entry_id == entry.c.entry_id))
            .where(
                entry.c.employer_id == session.employer,
                entry.c.status == "posted",
                leg.c.person_id == person_id,
                or_(
                    leg.c.coverage_month.startswith(f"{year}-"),
                    (leg.c.pay_date >= date(year, 1, 1)) & (leg.c.pay_date < date(year + 1, 1, 1)),
                ),
            )
            .order_by(entry.c.seq, leg.c.leg_no)
        )
    )  # fmt: skip


def _add(path: Path, row: Row[Any]) -> None:
    match row.account, row.type:
        case chart.EMPLOYEE_SHARE_DUE, kind if kind in OWED:
            path.owed += row.amount
            path.proofs["owed"] = row.entry_id
        case chart.PREMIUM_PAYABLE, kind if kind in OWED:
            path.premium -= row.amount
            path.proofs["given"] = row.entry_id
        case (
            (chart.EMPLOYEE_SHARE_DUE | chart.DEFERRAL_PAYABLE | chart.LOAN_PAYABLE | chart.ACCOUNT_PAYABLE), kind
        ) if kind in TAKEN:  # fmt: skip
            path.taken -= row.amount
            path.entries.append(row.entry_id)
            path.proofs["taken"] = row.entry_id
        case ((chart.MATCH_PAYABLE | chart.ACCOUNT_PAYABLE), kind) if kind in MATCHED:
            path.match -= row.amount
            path.proofs["given"] = row.entry_id
        case ((chart.CARRIER_TRANSIT | chart.DEPOSIT_TRANSIT | chart.CUSTODIAN_TRANSIT), kind) if kind in SENT:
            path.sent -= row.amount
            path.proofs["sent"] = row.entry_id
            if row.source.startswith("dis_") and row.source not in path.dispatches:
                path.dispatches.append(row.source)
        case ((chart.DEPOSIT_TRANSIT | chart.CUSTODIAN_TRANSIT), kind) if kind in CONFIRMED:
            path.credited += row.amount
            path.proofs["credited"] = row.entry_id
        case chart.ACCOUNT_PAYABLE, kind if kind in COUNTED:
            # The custodian had it with another pay date's file.
            path.sent += row.amount
            path.credited += row.amount
            path.proofs["sent"] = path.proofs["credited"] = row.entry_id
        case _:
            return


def in_transit(session: Session, dispatches: Iterable[str]) -> Mapping[str, int]:
    """What of remittances no bank and no carrier has confirmed yet, in minor units, of those that are posted."""
    wanted = sorted(one for one in dispatches if one.startswith("dis_"))
    sums: dict[str, int] = defaultdict(int)
    for row in session.rows(
        select(leg.c.batch, func.sum(leg.c.amount).label("amount"))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.CARRIER_TRANSIT,
            leg.c.batch.in_(wanted),
        )
        .group_by(leg.c.batch)
    ):
        sums[row.batch] += int(row.amount)
    return sums
