"""The simulated carrier's books: whom it covers in which plan and tier, and what it therefore bills.

It is written apart from the hub's own premium rules on purpose: a bill that agrees with the hub's expectation
then means something.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from benehub.errors import DataError
from benehub.periods import FOREVER, Month
from benehub.records import InvoiceLine, RosterMember

RETRO_MONTHS = 3
"""How many months back the carrier mends its own bills."""


@dataclass(frozen=True, slots=True)
class Cover:
    """One plan and tier of a member from `start` to `end` (half-open)."""

    plan: str
    tier: str
    start: date
    end: date = FOREVER


@dataclass
class Covered:
    """A member as the carrier knows him."""

    member: str
    subscriber: str
    relationship: str
    first_name: str
    last_name: str
    birth_date: date | None = None
    covers: list[Cover] = field(default_factory=list)

    def add(self, plan: str, tier: str, start: date) -> None:
        """Cover from `start` on; what ran in the plan before ends there, what began later is replaced."""
        self.end(plan, start)
        self.covers.append(Cover(plan, tier, start))

    def end(self, plan: str, day: date) -> None:
        """End the plan at `day` (first day no longer covered); cover that had not begun is void."""
        kept = [c for c in self.covers if c.plan != plan or c.start < day]
        self.covers = [replace(c, end=min(c.end, day)) if c.plan == plan else c for c in kept]

    def on(self, plan: str, day: date) -> Cover | None:
        """The cover in force on a day."""
        return next((c for c in self.covers if c.plan == plan and c.start <= day < c.end), None)

    def spell(self, plan: str, day: date) -> tuple[date, date] | None:
        """The unbroken time, over changes of tier, in which the plan covers `day`."""
        here = self.on(plan, day)
        if here is None:
            return None
        start, end = here.start, here.end
        for cover in sorted((c for c in self.covers if c.plan == plan), key=lambda c: c.start, reverse=True):
            start = cover.start if cover.end == start else start
        for cover in sorted((c for c in self.covers if c.plan == plan), key=lambda c: c.start):
            end = cover.end if cover.start == end else end
        return start, end


@dataclass(frozen=True, slots=True)
class Charge:
    """What one subscriber's plan costs in one month."""

    tier: str
    minor: int


@dataclass
class Book:
    """Members by id, the carrier's rates, its wash day, and what it billed so far.

    Args:
        rates: plan -> tier -> monthly premium in minor units.
        wash_day: cover that starts after this day is free for the month; one that ends after it is not.
    """

    rates: Mapping[str, Mapping[str, int]]
    wash_day: int = 15
    members: dict[str, Covered] = field(default_factory=dict)
    billed: dict[tuple[str, str, Month], Charge] = field(default_factory=dict)
    months: set[Month] = field(default_factory=set)
    keep: set[str] = field(default_factory=set)
    forget: set[str] = field(default_factory=set)
    wrong_tier: dict[tuple[str, str], str] = field(default_factory=dict)

    def charge(self, member: Covered, plan: str, month: Month) -> Charge | None:
        """What a subscriber's plan costs in a month by the carrier's own rule; None for nothing."""
        day = month.first + timedelta(days=self.wash_day - 1)
        spell = member.spell(plan, day)
        cover = member.on(plan, day)
        if spell is None or cover is None or spell[1] <= day + timedelta(days=1):
            return None
        return self.price(plan, cover.tier)

    def price(self, plan: str, tier: str) -> Charge:
        """The plan's rate for a tier.

        Raises:
            DataError: the carrier has no such rate.
        """
        try:
            return Charge(tier, self.rates[plan][tier])
        except KeyError:
            raise DataError(
                f"no rate for plan {plan!r}, tier {tier!r}",
                where="simulated carrier",
                mend="Hand the rate in",
            ) from None

    def bill(self, month: Month, invoice: str, invoice_date: date, due_date: date) -> list[InvoiceLine]:
        """The list bill of a month: its charges, then corrections of months billed before."""
        lines: list[InvoiceLine] = []

        def line(member: Covered, plan: str, tier: str, about: Month, minor: int, adjustment: bool) -> None:
            lines.append(
                InvoiceLine(
                    invoice=invoice,
                    invoice_date=invoice_date,
                    due_date=due_date,
                    member=member.member,
                    first_name=member.first_name,
                    last_name=member.last_name,
                    plan=plan,
                    tier=tier,
                    coverage_month=str(about),
                    premium_minor=minor,
                    adjustment=adjustment,
                )
            )

        for member, plan in self._payers():
            if (charge := self._this_month(member, plan, month)) is not None:
                self.billed[member.member, plan, month] = charge
                line(member, plan, charge.tier, month, charge.minor, False)
        for about in sorted(m for m in self.months if month.plus(-RETRO_MONTHS) <= m < month):
            for member, plan in self._payers():
                for charge in self._corrections(member, plan, about):
                    line(member, plan, charge.tier, about, charge.minor, True)
        self.months.add(month)
        return lines

    def roster(self, day: date) -> list[RosterMember]:
        """Who is covered on a day, a row a member and plan."""
        return [
            RosterMember(
                member=m.member,
                subscriber=m.subscriber,
                relationship=m.relationship,
                first_name=m.first_name,
                last_name=m.last_name,
                birth_date=m.birth_date,
                plan=cover.plan,
                tier=cover.tier,
                effective_from=cover.start,
                effective_to=None if cover.end == FOREVER else cover.end,
            )
            for _, m in sorted(self.members.items())
            for cover in sorted(m.covers, key=lambda c: (c.plan, c.start))
            if cover.start <= day < cover.end
        ]

    def _payers(self) -> Iterator[tuple[Covered, str]]:
        plans: dict[str, set[str]] = {}
        for who, plan, _ in self.billed:
            plans.setdefault(who, set()).add(plan)
        for _, member in sorted(self.members.items()):
            if member.member == member.subscriber:
                for plan in sorted({c.plan for c in member.covers} | plans.get(member.member, set())):
                    yield member, plan

    def _this_month(self, member: Covered, plan: str, month: Month) -> Charge | None:
        if member.member in self.forget:
            return None
        charge = self.charge(member, plan, month)
        if charge is None and member.member in self.keep:
            covers = [c for c in member.covers if c.plan == plan and c.start <= month.last]
            charge = self.price(plan, covers[-1].tier) if covers else None
        wrong = self.wrong_tier.get((member.member, plan))
        return self.price(plan, wrong) if charge is not None and wrong is not None else charge

    def _corrections(self, member: Covered, plan: str, about: Month) -> Iterator[Charge]:
        if member.member in self.keep | self.forget or (member.member, plan) in self.wrong_tier:
            return  # The carrier does not see its own mistake while it stands.
        key = (member.member, plan, about)
        was, due = self.billed.get(key), self.charge(member, plan, about)
        if was == due:
            return
        if was is not None:
            yield Charge(was.tier, -was.minor)
            del self.billed[key]
        if due is not None:
            yield due
            self.billed[key] = due
