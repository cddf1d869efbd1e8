"""Money in suspense: a recordkeeper has credited it from where it may not come, or to nobody we know.

No file of ours moves it and no day clears it. What an open difference tells of is named by that, with the plan, the
pay date, since when it is there and the file that told it; what none tells of, nobody can explain.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import case, func, select

from benehub.ledger import accounts as chart
from benehub.ledger.balances import concerns
from benehub.ledger.credited import FORFEITURE
from benehub.periods import Month
from benehub.reconcile.findings import Type
from benehub.store import Session
from benehub.store.tables import difference, entry, leg
from benehub.views.awaited import Item, named

_TELLS = (
    Type.FORFEITURE_OFFSET, Type.CREDITED_OVER, Type.DUPLICATE_CREDIT, Type.CREDITED_WRONG_PERSON, Type.WRONG_SOURCE,
    Type.LOAN_IN_CONTRIB, Type.UNKNOWN_PLAN,
)  # fmt: skip
"""Differences of somebody's credits that may tell of it, the nearest first."""


@dataclass(frozen=True, slots=True)
class Held:
    """What suspense holds of one person, plan, part and pay date, in minor units, credit below zero.

    `since` and `source` say of the newest row that put it there when it was effective, and its file.
    """

    person_id: str | None
    plan: str
    part: str
    day: date | None
    amount: int
    since: date
    source: str

    @property
    def told(self) -> str:
        """What it is about, without saying who."""
        file = self.source.partition("#")[0]
        if self.day is None:
            return f"{self.plan or '-'}, since {self.since}, from {file}"
        return f"{self.plan or '-'}, pay of {self.day}, since {self.since}, from {file}"


def items(session: Session, month: Month) -> list[Item]:
    """The parts that open differences explain: by difference, plan, pay date, day and file."""
    sums: dict[str, int] = {}
    for one, by, rest in _explained(session, month):
        if by:
            name = f"{by}: {one.told}"
            sums[name] = sums.get(name, 0) + one.amount - rest
    return [Item(name, amount) for name, amount in sorted(sums.items())]


def unnamed(session: Session, month: Month) -> list[Held]:
    """What no open difference tells of, and what is more than it tells of."""
    return [replace(one, amount=rest) for one, _, rest in _explained(session, month) if rest]


def _explained(session: Session, month: Month) -> Iterator[tuple[Held, str, int]]:
    """Each with the name of what tells of it, empty where nothing does, and what of it that leaves unexplained."""
    held = _held(session, month)
    known = _differences(session, {one.plan for one in held}) if held else {}
    for one in held:
        by, tellers = _tellers(one, known)
        rest = abs(one.amount)
        for told in tellers:  # what it told of one part it does not tell of another
            part = min(rest, told.left)
            told.left, rest = told.left - part, rest - part
        yield one, by, rest if one.amount > 0 else -rest


def _held(session: Session, month: Month) -> list[Held]:
    """What is not zero, with the newest row that put something there."""
    keys = (leg.c.person_id, leg.c.plan, leg.c.money_source, leg.c.pay_date)
    newest = func.max(case((entry.c.reverses_id.is_(None), entry.c.seq), else_=0)).label("newest")
    on = (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id)
    there = (
        leg.c.employer_id == session.employer, leg.c.account == chart.SUSPENSE, leg.c.posted_as.is_not(None),
        concerns(month),
    )  # fmt: skip
    total = func.sum(leg.c.amount)
    sums = {
        tuple(row)[:4]: (int(row.amount), int(row.newest))
        for row in session.rows(
            select(*keys, total.label("amount"), newest)
            .join(entry, on)
            .where(*there)
            .group_by(*keys)
            .having(total != 0)
            .order_by(*keys)
        )
    }
    by = {
        (tuple(row)[:4], int(row.seq)): (row.effective_date, row.source)
        for row in session.rows(
            select(*keys, entry.c.seq, entry.c.effective_date, entry.c.source)
            .join(entry, on)
            .where(*there, session.among(entry.c.seq, sorted({seq for _, seq in sums.values()})))
        )
    } if sums else {}  # fmt: skip
    return [
        Held(key[0], key[1] or "", key[2] or "", key[3], amount, *by[key, seq]) for key, (amount, seq) in sums.items()
    ]


@dataclass(slots=True)
class _Teller:
    """A difference that may tell of it: `left` is what its sides are apart, minor units without sign, less what it has
    told of already."""

    type: str
    reference: str
    left: int
    dismissed: bool


_Known = Mapping[tuple[str | None, str], list[_Teller]]
"""Differences by person and plan."""


def _differences(session: Session, plans: Collection[str]) -> _Known:
    """Those whose money is there."""
    found: dict[tuple[str | None, str], list[_Teller]] = {}
    for row in session.rows(
        select(difference).where(
            *session.where(difference, relation="retirement"),
            difference.c.plan.in_(sorted(plans)), difference.c.type.in_((*_TELLS, Type.UNKNOWN_PARTICIPANT)), named(),
        )
    ):  # fmt: skip
        gap = abs((row.expected or 0) - (row.actual or 0))
        told = _Teller(row.type, row.reference, gap, row.state == "dismissed")
        found.setdefault((row.person_id, row.plan), []).append(told)
    return found


def _tellers(one: Held, known: _Known) -> tuple[str, list[_Teller]]:
    """What tells of it, and the differences that do; of somebody unknown those of its pay date and part."""
    mine = [told for told in known.get((one.person_id, one.plan), ()) if _is_of(one, told)]
    if not mine:
        return "", []
    nearest = min((told.type for told in mine), key=_rank)
    mine = [told for told in mine if told.type == nearest]
    word = "retirement, dismissed" if all(told.dismissed for told in mine) else "retirement"
    return f"{nearest} ({word})", mine


def _rank(kind: str) -> int:
    return _TELLS.index(Type(kind)) if kind in _TELLS else len(_TELLS)


def _is_of(one: Held, told: _Teller) -> bool:
    about = f"{one.day}/{one.part}/"
    if told.type == Type.UNKNOWN_PARTICIPANT:
        return f"/{about}forfeiture/" in told.reference
    if told.type == Type.UNKNOWN_PLAN:
        return told.reference.startswith(f"{about}{FORFEITURE}/")
    if told.type == Type.WRONG_SOURCE:
        return told.reference == str(one.day)
    return f"{told.reference}/".startswith(about)
