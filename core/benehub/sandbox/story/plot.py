"""What happens in the month, and what goes wrong: every fault is a vendor's changed state or file, never ours.

The seed decides who is hit. Nobody is hit twice, so that each difference has one cause.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from benehub.hours import format_hours
from benehub.periods import Month
from benehub.records import Source
from benehub.sandbox.story.people import Family, Person, newcomers
from benehub.sandbox.story.truth import Truth
from benehub.sandbox.story.world import World, add_relative, election_rows, hire

HEADER = ("Employee Number", "Plan", "Tier", "Pre-tax", "Roth", "Dependents", "Effective", "Event")
HIRES = (
    ("biweekly", date(2026, 10, 1)),
    ("biweekly", date(2026, 10, 1)),
    ("semimonthly", date(2026, 10, 1)),
    ("biweekly", date(2026, 10, 1)),
    ("biweekly", date(2026, 10, 19)),
    ("semimonthly", date(2026, 10, 19)),
)


@dataclass
class Plot:
    """The month's events in order; each method is one day at the vendors."""

    world: World
    seed: int
    truth: Truth = field(default_factory=Truth)
    dice: random.Random = field(init=False)
    used: set[str] = field(default_factory=set)
    leavers: list[Person] = field(default_factory=list)
    hired: list[Person] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed + 104729)  # noqa: S311 - a story, no secret

    def pick(self, fits: Callable[[Person], bool]) -> Person:
        """Somebody nothing has happened to yet."""
        pool = [p for p in self.world.people.values() if p.member not in self.used and fits(p)]
        person = self.dice.choice(sorted(pool, key=lambda one: one.number))
        self.used.add(person.member)
        return person

    def first_of_october(self) -> None:
        """Hires, leavers, a raise, a marriage and a change of tier; the HRIS is busy and has an incomplete row."""
        at = datetime(2026, 10, 1, 6, tzinfo=UTC)
        rows: list[list[str]] = []
        total = len(self.world.people)
        for number, person in enumerate(newcomers(self.seed, total + 1, HIRES)):
            self.hired.append(person)
            self.used.add(person.member)
            if person.hired == date(2026, 10, 1):
                hire(self.world, person, at, in_payroll=number != 3)
                rows += election_rows(person, person.hired, "new_hire")
        stranger = self.hired[3]
        self.truth.plant("UNKNOWN_TO_PAYROLL", stranger.member, "a new hire was never set up in payroll")
        self.world.carrier.refuse_member(self.hired[0].member)
        self.truth.plant("MEMBER_REFUSED", self.hired[0].member, "the carrier's 999 refuses a new hire")
        self.world.carrier.drop_member(self.hired[1].member)
        self.truth.plant("MEMBER_DROPPED", self.hired[1].member, "the carrier drops a new hire in silence")
        self.world.hris.plant_without_hire_date("9001", at, employeeNumber="E09001", firstName="Nil", lastName="Date")
        self.truth.plant("ROW_QUARANTINED", "9001", "an HRIS row without a hire date")
        for group in ("biweekly", "biweekly", "semimonthly"):
            self._leave(group, date(2026, 10, 9), at)
        rows += self._marriage() + self._tier_change()
        raised = self.pick(lambda p: p.group == "biweekly")
        raised.salary += 6000
        self.world.hris.set_pay(raised.id, date(2026, 9, 27), f"{raised.salary}.00", at)
        self.world.drop_file("elections_2026-10-01.csv", HEADER, rows)
        self.world.hris.faults.add("burst_429", times=3, retry_after=1)
        self.truth.plant("RATE_LIMITED", "-", "the HRIS answers a burst of 429")
        self.world.payroll.faults.add("apply_then_500", method="write", path="*employee_benefits*", times=1)
        self.truth.plant("APPLIED_BUT_500", "-", "payroll applies a write and answers 500")
        self.raised = raised

    def _leave(self, group: str, day: date, at: datetime) -> None:
        person = self.pick(lambda p: p.group == group and "vision" in p.elections and "ppo" in p.elections)
        person.gone = day
        self.leavers.append(person)
        self.world.hris.terminate(person.id, day, at)
        self.world.payroll.terminate(person.member, day)

    def _marriage(self) -> list[list[str]]:
        person = self.pick(lambda p: p.elections.get("ppo") == "EE" and p.group == "semimonthly")
        spouse = Family(f"{person.number}90", "Robin", "spouse", date(1988, 5, 4), "Female")
        person.family.append(spouse)
        add_relative(self.world, person, spouse)
        person.elections["ppo"] = "ES"
        return [[person.member, "ppo", "ES", "", "", "Robin", "2026-10-01", "marriage"]]

    def _tier_change(self) -> list[list[str]]:
        person = self.pick(
            lambda p: p.elections.get("hdhp") == "FAM" and {one.relationship for one in p.family} == {"spouse", "child"}
        )
        children = ";".join(one.first for one in person.covered("EC"))
        person.elections["hdhp"] = "EC"
        return [[person.member, "hdhp", "EC", "", "", children, "2026-10-01", "tier_change"]]

    def middle_of_october(self) -> None:
        """A birth and two later hires; a new deferral rate from the recordkeeper."""
        at = datetime(2026, 10, 12, 6, tzinfo=UTC)
        parent = self.pick(lambda p: p.elections.get("ppo") == "ES" and p.group == "biweekly")
        child = Family(f"{parent.number}91", "Sky", "child", date(2026, 10, 8), "Male")
        parent.family.append(child)
        add_relative(self.world, parent, child)
        parent.elections["ppo"] = "FAM"
        names = ";".join(one.first for one in parent.family)
        rows = [[parent.member, "ppo", "FAM", "", "", names, "2026-10-08", "birth"]]
        for person in self.hired:
            if person.hired > date(2026, 10, 1):
                hire(self.world, person, at)
                rows += election_rows(person, person.hired, "new_hire")
        self.world.drop_file("elections_2026-10-12.csv", HEADER, rows)
        saver = self.pick(lambda p: p.pretax == 4 and p.roth == 0 and p.group == "semimonthly")
        saver.pretax = 7
        self.world.keeper.change_deferral(saver.ssn, Source.EE_PRETAX, date(2026, 10, 12), rate="7%")

    def before_payroll(self) -> None:
        """What people do in payroll by hand between the hub's push and the run of 15 and 16 October."""
        payroll = self.world.payroll
        edited = self.pick(lambda p: p.group == "biweekly" and "hdhp" in p.elections)
        payroll.hand_edit(edited.member, "MED-HDHP", 1234)
        self.truth.plant("AMOUNT_DIFF", edited.member, "somebody changed a deduction in payroll by hand")
        wrong = self.pick(lambda p: p.group == "semimonthly" and p.pretax >= 4 and p.roth == 0)
        payroll.misclassify(wrong.member, "401K", "ROTH")
        self.truth.plant("WRONG_TAX_CLASS", wrong.member, "payroll takes pre-tax deferrals as Roth")
        poor = self.pick(lambda p: p.group == "semimonthly" and p.elections.get("ppo") in ("ES", "FAM"))
        payroll.short_pay(poor.member, date(2026, 10, 15), 6000)
        self.truth.plant("NOT_TAKEN", poor.member, "pay was too short for a deduction")
        rested = self.pick(lambda p: p.group == "biweekly")
        self.world.hris.request_time_off(501, rested.id, date(2026, 10, 5), date(2026, 10, 6), "16")

    def pay_out(self, owed: dict[str, tuple[date, int, int]]) -> None:
        """The payroll office keys in the pay-out list it was given, and forgets one line.

        Args:
            owed: employee number -> final pay date, minutes, cents.
        """
        forgotten = self.dice.choice(sorted(owed))
        for member, (day, minutes, amount) in sorted(owed.items()):
            if member != forgotten:
                self.world.payroll.pay_out(member, day, format_hours(minutes), amount)
        self.truth.plant("PAYOUT_MISSING", forgotten, "the final check lacks the leave pay-out")

    def run_payroll(self, group: str, day: date, start: date, end: date) -> None:
        """Payroll runs; its own setting takes two monthly deductions a month, so a third date takes none."""
        if group == "biweekly" and day == date(2026, 10, 16):
            self.world.payroll.set_pay(self.raised.member, self.raised.gross_minor)
        if day == date(2026, 10, 30) and group == "biweekly":
            self.world.payroll.set_benefit_holiday(day, ("MED-PPO", "MED-HDHP", "VISION"))
        self.world.payroll.run_payroll(group, day, start, end)

    def trust(self) -> None:
        """The recordkeeper's mistakes with the deposit of 2 October, and a deposit that is left lying."""
        keeper = self.world.keeper
        saves = lambda p: p.group == "biweekly" and p.pretax >= 3 and p.gone is None  # noqa: E731 - one test, three uses
        short = self.pick(saves)
        keeper.credit_short(short.ssn, Source.EE_PRETAX, 1000)
        self.truth.plant("CREDITED_SHORT", short.member, "a contribution is credited ten dollars short")
        swapped = self.pick(lambda p: p.group == "biweekly" and p.roth > 0)
        keeper.swap_source(swapped.ssn, Source.EE_ROTH, Source.EE_PRETAX)
        self.truth.plant("WRONG_SOURCE", swapped.member, "Roth is credited as pre-tax")
        twice = self.pick(saves)
        keeper.duplicate_credit(twice.ssn, Source.EE_PRETAX)
        self.truth.plant("DUPLICATE_CREDIT", twice.member, "a credit is booked twice")

    def bill(self) -> None:
        """The carrier's bill of the month with its mistakes, and an old invoice that arrives late."""
        carrier = self.world.carrier
        carrier.bill(Month(2026, 9), "INV-2609", date(2026, 9, 15), date(2026, 10, 1))
        self.truth.plant("PREMIUM_AT_RISK", "INV-2609", "an invoice would miss its due date plus grace")
        gone = next(person for person in self.leavers if person.group == "biweekly")
        carrier.keep_billing(gone.member)
        self.truth.plant("BILLED_NOT_ENROLLED", gone.member, "a leaver is still billed")
        forgotten = self.pick(lambda p: "ppo" in p.elections and p.gone is None)
        carrier.forget_to_bill(forgotten.member)
        self.truth.plant("ENROLLED_NOT_BILLED", forgotten.member, "an enrolled member is not billed")
        wrong = self.pick(lambda p: p.elections.get("hdhp") == "EE" and p.gone is None)
        carrier.bill_tier(wrong.member, "hdhp", "FAM")
        self.truth.plant("TIER_DIFF", wrong.member, "the invoice has a wrong tier")
        carrier.bill(Month(2026, 10), "INV-2610", date(2026, 10, 20), date(2026, 11, 1))
        carrier.write_roster(date(2026, 10, 26))

    def late(self) -> None:
        """The recordkeeper lets a deposit lie for ten days."""
        self.world.keeper.delay(10)
        self.truth.plant("LATE", "2026-10-16", "a deposit reaches the trust late")
