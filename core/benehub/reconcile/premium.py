"""The carrier against us: who is enrolled, who is on the roster, who is billed, and what must be paid when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import case, exists, func, select

from benehub import ledger
from benehub.ledger import accounts as chart
from benehub.legal import bank_holidays
from benehub.obligations import UNFIT
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import basis, bill, carriers, cut_off, in_flight, roster
from benehub.reconcile.cut_off import CutOff
from benehub.reconcile.findings import UNKNOWN_PLAN, Finding, Relation, Type
from benehub.reconcile.unmatched import meant
from benehub.reconcile.unpaid import paid_by_key, unpaid
from benehub.records import Tier
from benehub.rules.premium.due import premium_due
from benehub.rules.premium.line import Structure
from benehub.store import Session
from benehub.store.tables import confirmation, dispatch, entry, leg, obligation

Key = tuple[str, str]
"""Person and plan."""


@dataclass(frozen=True, slots=True)
class Billed:
    """What the carrier bills for one person and plan."""

    amount: int
    tier: str
    lines: int
    basis: bool = False
    """Whether a line says what its price goes by."""
    credits: int = 0
    """So many lines give something back."""
    owed_back: int = 0
    """Of the amount, what was paid and its bill does not say any more: only of another carrier's plan."""


def of_payments(session: Session, book: PlanBook, names: Collection[str], month: Month) -> list[Finding]:
    """What was not paid to these carriers in time, or not confirmed, of the month and earlier ones.

    It is told of months before the first that was accrued here, too.
    """
    return [*_at_risk(session, book, names, month), *in_flight.compare(session, book, names, month)]


def of_bill(session: Session, book: PlanBook, connection_id: str, month: Month) -> list[Finding]:
    """Every difference in who is enrolled, on the roster and billed with one carrier for a coverage month.

    Before the first month that was accrued here there is nothing to hold a bill's lines against.
    """
    first = first_month(session)
    if first is not None and month < first:
        return []
    accrued = _accrued(session, book, connection_id, month)
    covered = cut_off.cover(session, book, connection_id, month)
    billed, unknown = _billed(session, connection_id, month)
    billed |= _owed_back(session, book, connection_id, month, billed)
    findings = list(_refused(session, book, connection_id, month, accrued))
    refused = {one.person_id for one in findings}
    on_roster = roster.compare(session, book, connection_id, month, accrued, refused, {*billed})
    findings += on_roster
    # Whom the carrier does not have it cannot bill: that is one difference, not two.
    silent = {(one.person_id, one.plan) for one in on_roster if one.type is not Type.ENROLLED_NOT_COVERED}
    owed = _with_lost(session, month, accrued, billed)
    lines = {key: one for key, one in billed.items() if book.find(key[1]) is not None}
    strange = {key: one for key, one in billed.items() if key not in lines}
    told = {*refused, *silent}
    unread = _unread({key: one for key, one in owed.items() if key[0] not in told and key not in told}, lines, strange)
    findings += _of_no_plan(book, connection_id, month, owed, strange, unread)
    if billed or unknown:
        cut = cut_off.cut_off(session, book, connection_id, month, covered)
        tiers = cut_off.tiers(covered)
        known = {key: amount for key, amount in owed.items() if key not in strange}
        reasons = _reasons(session, book, connection_id, month, known, lines, cut)
        found = _bill(book, month, known, tiers, lines, {*told, *unread}, cut, reasons)
        findings += [replace(one, reference=carriers.reference(book, one.plan, connection_id)) for one in found]
    findings += [_stranger(book, connection_id, month, row, meant(session, connection_id, row.external_id))
                 for row in unknown]  # fmt: skip
    findings += bill.compare(session, book, connection_id, month)
    return findings


def first_month(session: Session) -> Month | None:
    """The first coverage month whose premium was accrued here and not taken back; None before any was."""
    back = entry.alias()
    taken_back = exists().where(back.c.employer_id == entry.c.employer_id, back.c.reverses_id == entry.c.entry_id)
    first = session.connection.execute(
        select(func.min(entry.c.effective_date)).where(*session.where(entry, type="premium.accrued"), ~taken_back)
    ).scalar()
    return Month.of(first) if first is not None else None


def _accrued(session: Session, book: PlanBook, connection_id: str, month: Month) -> dict[Key, int]:
    rows = session.rows(
        select(leg.c.person_id, leg.c.plan, func.sum(leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.PREMIUM_PAYABLE,
            leg.c.coverage_month == str(month),
            entry.c.type.in_(("premium.accrued", "premium.accrued.reversed")),
        )
        .group_by(leg.c.person_id, leg.c.plan)
        .having(func.sum(leg.c.amount) != 0)
    )
    whose = carriers.of_keys(session, book, [(row.person_id, row.plan, str(month)) for row in rows])
    return {
        (row.person_id, row.plan): -int(row.amount) for row in rows
        if whose.get((row.person_id, row.plan, str(month))) == connection_id
    }  # fmt: skip


def _with_lost(
    session: Session, month: Month, accrued: Mapping[Key, int], billed: Mapping[Key, Billed]
) -> dict[Key, int]:
    """What is accepted of the bill: what was accrued, and what was billed too much and given up as lost."""
    owed = dict(accrued)
    for one in ledger.balances(session, [chart.CREDITS_LOST], by=("person_id", "plan"), coverage_month=str(month)):
        key = (one.dimensions["person_id"], one.dimensions["plan"])
        if key in billed:
            before = owed.get(key, 0)
            owed[key] = before + min(one.amount, max(0, billed[key].amount - before))
    return owed


def _billed(session: Session, connection_id: str, month: Month) -> tuple[dict[Key, Billed], list[Any]]:
    rows = session.rows(
        select(
            confirmation.c.person_id, confirmation.c.external_id, confirmation.c.plan,
            func.max(confirmation.c.tier).label("tier"), func.sum(confirmation.c.amount).label("amount"),
            func.count().label("lines"), func.max(confirmation.c.code).label("code"),
            func.sum(case((confirmation.c.amount < 0, 1), else_=0)).label("credits"),
        )
        .where(
            *session.where(confirmation, kind="invoice_line", connection_id=connection_id, current=1),
            confirmation.c.coverage_month == str(month),
        )
        .group_by(confirmation.c.person_id, confirmation.c.external_id, confirmation.c.plan)
    )  # fmt: skip
    known: dict[Key, Billed] = {}
    for row in rows:
        if row.person_id:
            # A person may have two ids at the carrier: what is billed under each counts.
            key = (row.person_id, row.plan)
            one = known.get(key, Billed(0, "", 0))
            known[key] = Billed(
                one.amount + int(row.amount), max(one.tier, row.tier), one.lines + row.lines,
                one.basis or row.code == basis.TOLD, one.credits + int(row.credits),
            )  # fmt: skip
    return known, [row for row in rows if not row.person_id]


def _owed_back(
    session: Session, book: PlanBook, connection_id: str, month: Month, billed: Mapping[Key, Billed]
) -> dict[Key, Billed]:
    """Of plans that another carrier insures, what this one was paid beyond its bill: it owes that money back.

    What a carrier was paid too much of its own plans is a credit (see `credits`).
    """
    found: dict[Key, Billed] = {}
    for (person_id, plan, _), paid in paid_by_key(session, book, [str(month)])[connection_id].items():
        known, mine = book.find(plan), billed.get((str(person_id), plan), Billed(0, "", 0))
        if person_id and known is not None and known.carrier not in (None, connection_id) and paid > mine.amount:
            found[person_id, plan] = replace(mine, amount=paid, owed_back=paid - mine.amount)
    return found


def _bill(
    book: PlanBook, month: Month, accrued: Mapping[Key, int], tiers: Mapping[Key, str],
    billed: Mapping[Key, Billed], told: set[object], cut: CutOff | None, reasons: Reasons,
) -> Iterator[Finding]:  # fmt: skip
    """Every line of the bill that differs, but of persons, or persons and plans, of whom another difference tells."""
    swapped, rates = _other_plans(book, accrued, billed), _other_rates(accrued, billed, tiers)
    for key in sorted(accrued.keys() | billed.keys()):
        expected, mine = accrued.get(key, 0), billed.get(key)
        actual = mine.amount if mine else 0
        if (expected == actual and key not in reasons.told) or key[0] in told or key in told:
            continue
        shown = mine.tier if mine and actual else None
        late = cut is not None and cut.explains(key, tiers.get(key) if expected else None, shown)
        late = late and not (mine and mine.owed_back)
        kind, cause, action = _judged(key, expected, mine, tiers, swapped)
        if kind in (Type.RATE_DIFF, Type.BILLED_NOT_ENROLLED) and reasons.credited_twice(key, expected, actual):
            kind, cause = Type.RETRO_CREDIT_DUPLICATED, "the bills give the same credit more than once"
            action = "Tell the carrier: it takes the extra credit back on a later bill, so keep the money for it"
        elif kind is Type.RATE_DIFF and key in reasons.told:
            kind, cause = reasons.told[key]
            action, late = _MEND[kind], key in reasons.outdated
        same = (key[1], tiers.get(key), expected, actual)
        if kind is Type.RATE_DIFF and same not in rates and _part_of_month(book, *same[:2], month, expected, actual):
            kind = Type.EFFECTIVE_DATE_DIFF
            cause = f"billed for {'a part' if actual < expected else 'the whole'} of the month, owed for " + (
                "all of it" if actual < expected else "a part of it"
            )
            action = "Send the carrier the dates again, and claim or expect the difference"
        if cut is not None and late and reasons.today <= cut.clear_by:
            cause = f"{cause}; it changed here after the bill of {cut.made} was made"
            action = "Wait for the next bill, which has to put it right"
        yield Finding(
            Relation.PREMIUM, kind, str(month), "-", "carrier", "carrier",
            cause, action, person_id=key[0], plan=key[1], expected=expected, actual=actual, unit=book.employer.currency,
            clear_by=cut.clear_by if cut is not None and late else None,
        )  # fmt: skip


_MEND = {
    Type.VOLUME_DIFF: "Send the carrier the volume again, with the pay it follows from, and claim the difference",
    Type.AGE_BAND_DIFF: "Send the carrier the birth date, and ask on which day it takes age",
    Type.DEPENDANT_DIFF: "Send the carrier the family again: who has aged out has no cover, who is missing needs it",
}


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why lines differ, as far as the bill tells what it went by.

    Args:
        told: type and cause of each cover whose bill goes by something else than ours.
        outdated: those of whom the bill says what was known here when it was made.
        twice: credits that were given more than once: how often, and how much each.
    """

    told: Mapping[Key, tuple[Type, str]]
    outdated: frozenset[Key]
    twice: Mapping[Key, tuple[int, int]]
    today: date

    def credited_twice(self, key: Key, expected: int, actual: int) -> bool:
        """Whether all that is billed too little is a credit that was given before."""
        times, amount = self.twice.get(key, (0, 0))
        return any(actual - again * amount == expected for again in range(1, times))


def _reasons(
    session: Session, book: PlanBook, connection_id: str, month: Month, owed: Mapping[Key, int],
    billed: Mapping[Key, Billed], cut: CutOff | None,
) -> Reasons:  # fmt: skip
    """Only of covers that cost something on both sides, and whose premium differs or whose dependents are told."""
    told = basis.told(session, connection_id, month) if any(one.basis for one in billed.values()) else {}
    same = {key: owed.get(key, 0) == billed[key].amount for key in told if key in billed and owed.get(key)}
    asked = [key for key, equal in same.items() if not equal or told[key].dependents is not None]
    ours = basis.ours(session, book, month, asked)
    found = {key: reason for key, one in ours.items() if (reason := basis.judge(told[key], one, same[key])) is not None}
    outdated: frozenset[Key] = frozenset()
    if cut is not None and found and (known := basis.known_when(session, cut.made)) is not None:
        before = basis.ours(session, book, month, found, known)
        outdated = frozenset(key for key, one in before.items() if basis.judge(told[key], one, same[key]) is None)
    often = any(one.credits > 1 for one in billed.values())
    twice = basis.repeated_credits(session, connection_id, month) if often else {}
    return Reasons(found, outdated, twice, session.today())


def _part_of_month(book: PlanBook, plan: str, tier: str | None, month: Month, expected: int, actual: int) -> bool:
    """Whether one of the two is the month's whole rate, and the other the rate of some of its days."""
    terms = book.plan(plan)
    if tier is None or terms.structure is not Structure.TIER:
        return False
    whole = terms.rates_minor(month, book.employer.currency).get(Tier(tier))
    if whole is None or whole not in (expected, actual):
        return False
    days = month.last.day
    return any(2 * abs(days * min(expected, actual) - whole * number) <= days for number in range(1, days))


def _other_rates(
    accrued: Mapping[Key, int], billed: Mapping[Key, Billed], tiers: Mapping[Key, str]
) -> set[tuple[str, str | None, int, int]]:
    """Plan, tier, what is owed and what is billed, where that is so of several, and of half of them at least.

    Dates are one member's; what a whole tier is billed less is a rate, also where it is so many days of the right one.
    """
    of_tier: Counter[tuple[str, str | None]] = Counter()
    alike: Counter[tuple[str, str | None, int, int]] = Counter()
    for key, expected in accrued.items():
        if expected and key in billed:
            of_tier[key[1], tiers.get(key)] += 1
            alike[key[1], tiers.get(key), expected, billed[key].amount] += 1
    return {one for one, many in alike.items() if many > 1 and 2 * many >= of_tier[one[:2]]}


def _other_plans(book: PlanBook, accrued: Mapping[Key, int], billed: Mapping[Key, Billed]) -> dict[Key, str]:
    """Where one plan of a kind is enrolled and another one of it billed: both, each with the other one."""
    lacking, more = (
        {(person, terms.slot): plan for person, plan in keys if (terms := book.find(plan)) is not None}
        for keys in (
            (key for key, amount in accrued.items() if amount and not (key in billed and billed[key].amount)),
            (key for key, one in billed.items() if one.amount and not accrued.get(key)),
        )
    )
    found: dict[Key, str] = {}
    for (person, slot), plan in lacking.items():
        if other := more.get((person, slot)):
            found |= {(person, plan): other, (person, other): plan}
    return found


def _judged(
    key: Key, expected: int, mine: Billed | None, tiers: Mapping[Key, str], swapped: Mapping[Key, str]
) -> tuple[Type, str, str]:
    """Type, cause and action of a bill that differs."""
    if key in swapped:
        told = f"billed in plan {key[1]}, enrolled in {swapped[key]}" if mine and mine.amount else (
            f"enrolled in plan {key[1]}, billed in {swapped[key]}"
        )  # fmt: skip
        return Type.PLAN_DIFF, told, "Send the carrier the plan again, and claim what the wrong one cost too much"
    if mine is None or not mine.amount:
        told = "enrolled and on the carrier's roster, but not on the bill"
        return Type.ENROLLED_NOT_BILLED, told, "Ask the carrier to bill the member before a retro bill arrives"
    if not expected:
        if mine.owed_back:
            told = "it was paid, the carrier that does not insure it bills less by now, and the money is not back"
            return Type.BILLED_NOT_ENROLLED, told, "Have the carrier pay it back, or take it from its next payment"
        told = "still billed although cover has ended or never began"
        return Type.BILLED_NOT_ENROLLED, told, "Claim the credit from the carrier within its retro window"
    if mine.lines > 1 and mine.amount == expected * mine.lines:
        return Type.DUPLICATE_MEMBER, "billed more than once", "Claim the credit from the carrier"
    if mine.tier and mine.tier != tiers.get(key, mine.tier):
        told = f"billed at tier {mine.tier}, enrolled at {tiers[key]}"
        return Type.TIER_DIFF, told, "Send the carrier the tier again and claim the difference"
    return Type.RATE_DIFF, "billed at another rate", "Compare the carrier's rate table with ours"


def _unread(owed: Mapping[Key, int], billed: Mapping[Key, Billed], strange: Mapping[Key, Billed]) -> dict[Key, str]:
    """Cover that is not billed, each with the word under which it is: one and the same mistake, told as one.

    Only where it is beyond doubt: of a person's lines under words that are no plan here one alone has this amount, and
    of his covers that the carrier does not bill one alone costs it.
    """
    words: dict[tuple[str, int], list[str]] = {}
    for (person, word), one in strange.items():
        if one.amount and not owed.get((person, word)):
            words.setdefault((person, one.amount), []).append(word)
    lacking: dict[tuple[str, int], list[Key]] = {}
    for key, amount in owed.items():
        if (key[0], amount) in words and key not in strange and not (key in billed and billed[key].amount):
            lacking.setdefault((key[0], amount), []).append(key)
    return {keys[0]: words[line][0] for line, keys in lacking.items() if len(keys) == 1 == len(words[line])}


def _of_no_plan(
    book: PlanBook, connection_id: str, month: Month, owed: Mapping[Key, int], billed: Mapping[Key, Billed],
    unread: Mapping[Key, str],
) -> Iterator[Finding]:  # fmt: skip
    """Lines under a word that is no plan here: each is told by itself, and holds up no other line of the bill.

    Another carrier may bill the same person under the same word: that is another difference. Of cover that is billed
    under such a word both halves are told, each with the other, for the money is open under both.
    """
    meant = {(key[0], word): key[1] for key, word in unread.items()}
    for (person_id, plan), one in sorted(billed.items()):
        if one.amount != (expected := owed.get((person_id, plan), 0)):
            other = meant.get((person_id, plan))
            cause = f"billed under {plan!r}, which is no plan of the plan book"
            if other is not None:
                cause = f"billed under {plan!r}, which is no plan of the plan book; by its amount it is plan {other}"
            yield Finding(
                Relation.PREMIUM, Type.UNKNOWN_PLAN, str(month), connection_id, "carrier", "hub",
                cause, UNKNOWN_PLAN, person_id=person_id, plan=plan, expected=expected, actual=one.amount,
                unit=book.employer.currency,
            )  # fmt: skip
    for (person_id, plan), word in sorted(unread.items()):
        yield Finding(
            Relation.PREMIUM, Type.UNKNOWN_PLAN, str(month), "-", "carrier", "hub",
            f"enrolled in plan {plan}, billed under {word!r}, which is no plan of the plan book", UNKNOWN_PLAN,
            person_id=person_id, plan=plan, expected=owed[person_id, plan], actual=0, unit=book.employer.currency,
        )  # fmt: skip


def _stranger(book: PlanBook, connection_id: str, month: Month, row: Any, whose: str) -> Finding:
    return Finding(
        Relation.PREMIUM, Type.BILLED_NOT_ENROLLED, str(month),
        carriers.reference(book, row.plan, connection_id, row.external_id), "carrier", "carrier",
        "the bill names a member nobody here knows", f"Ask the carrier who that is; claim the credit{whose}",
        plan=row.plan, expected=0, actual=int(row.amount), unit=book.employer.currency,
    )  # fmt: skip


def _refused(
    session: Session, book: PlanBook, connection_id: str, month: Month, accrued: Mapping[Key, int]
) -> Iterator[Finding]:
    rows = session.rows(
        select(obligation).where(
            *session.where(obligation, kind="enrollment.change", connection_id=connection_id, state="refused")
        )
    )
    for row in rows:
        cause = row.reason if row.reason.startswith(UNFIT) else f"the carrier refused the member: {row.reason}"
        worth = sum(amount for (person, _), amount in accrued.items() if person == row.person_id)
        yield Finding(
            Relation.PREMIUM, Type.MEMBER_REFUSED, str(month), f"{connection_id}/-", "carrier", "hub",
            cause, "Mend the data it names, then send enrollments again",
            person_id=row.person_id, expected=worth, actual=0, unit=book.employer.currency,
        )  # fmt: skip


_FILES = ("enrollment.change", "enrollment.full", "premium.claim", "premium.remit")
"""What carriers are sent; the bank's own order of a remittance is told with the remittance."""


def rejected_files(session: Session, month: Month) -> Iterator[Finding]:
    """Files that were rejected as a whole, of all carriers there ever were: they are so now, whichever month it is."""
    # Once everything in it has been sent again, the file is history.
    query = (
        select(dispatch.c.dispatch_id, func.min(obligation.c.reason).label("reason"))
        .join(
            obligation,
            (obligation.c.employer_id == dispatch.c.employer_id)
            & (obligation.c.dispatch_id == dispatch.c.dispatch_id)
            & (obligation.c.state == "refused"),
        )
        .where(*session.where(dispatch, ack_state="rejected"), dispatch.c.operation.in_(_FILES))
        .group_by(dispatch.c.dispatch_id)
        .order_by(dispatch.c.dispatch_id)
    )
    for row in session.rows(query):
        if row.reason.startswith("the bank "):
            yield Finding(
                Relation.PREMIUM, Type.FILE_REJECTED, str(month), row.dispatch_id, "hub", "hub",
                row.reason, "Mend the payee's account in the bank connection, then remit again",
            )  # fmt: skip
            continue
        yield Finding(
            Relation.PREMIUM, Type.FILE_REJECTED, str(month), row.dispatch_id, "carrier", "hub",
            "the carrier rejected the whole file", "See its acknowledgement, mend, and send a new revision",
        )  # fmt: skip


def _at_risk(session: Session, book: PlanBook, names: Collection[str], month: Month) -> Iterator[Finding]:
    """What was due and has not left: cover lapses when due date plus grace passes.

    Where the carrier bills, an invoice; where we bill ourselves, a month. One that was never billed is told once its
    grace is over.
    """
    today = session.today()
    for one in unpaid(session, book, names, month):
        if today < one.due:
            continue
        terms = book.terms(one.carrier)
        holidays = bank_holidays(book.employer.country, (one.due.year - 1, one.due.year, one.due.year + 1))
        when = premium_due(
            invoice_due=one.due,
            holidays=holidays,
            grace_days=terms.grace_days,
            bank_days=terms.transit_bank_days,
        ).required()
        cause = f"invoice due {one.due} is not paid; cover lapses when grace ends on {when.grace_ends}"
        action = "Remit it now; it has to leave before the latest safe moment"
        side, owner = "hub", "finance"
        if not one.reference and terms.pay_policy != "pay_as_enrolled":
            if today <= when.grace_ends:
                continue
            cause = (
                f"premium due {one.due} was never billed; cover may have lapsed when grace ended on {when.grace_ends}"
            )
            action = "Ask the carrier for its bill, and whether the cover stands"
            side = owner = "carrier"
        elif not one.reference:
            cause = f"premium due {one.due} is not paid in full; cover lapses when grace ends on {when.grace_ends}"
        elif one.remitted:
            cause = f"invoice due {one.due} is not paid in full; cover lapses when grace ends on {when.grace_ends}"
        yield Finding(
            # Of the bill's own month: it is the same difference in every later month until it is paid.
            Relation.PREMIUM, Type.PREMIUM_AT_RISK, one.month, f"{one.carrier}/{one.reference or '-'}",
            side, owner, cause, action,
            expected=one.owed, actual=one.remitted, unit=book.employer.currency,
        )  # fmt: skip
