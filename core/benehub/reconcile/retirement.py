"""The recordkeeper against us: deposited against credited, per participant, source and pay date; and in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Executable, Row, bindparam, case, func, literal_column, select

from benehub import obligations
from benehub.errors import ConfigError
from benehub.ledger import accounts as chart
from benehub.ledger.credited import CREDIT, FORFEITURE
from benehub.money import format_minor
from benehub.periods import Month
from benehub.planbook import Plan, PlanBook
from benehub.reconcile import corrected, earnings, not_contributions
from benehub.reconcile.corrected import EMPLOYERS, PAYABLE, SENT
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.reconcile.lines import Line
from benehub.reconcile.misplaced import misplaced
from benehub.reconcile.paired import differing
from benehub.reconcile.sources import swapped
from benehub.reconcile.unmatched import meant
from benehub.rules.retirement.deposit_due import DepositDue
from benehub.rules.retirement.lost_earnings import lost_earnings
from benehub.store import Session
from benehub.store.tables import confirmation, leg, obligation

FILE = "contribution.deposit"
"""The operation of contribution files; a pay date's begin their key with it, the plan and the day."""

RETURNED = "the deposit came back"
"""How the reason begins of a file that was returned after it had left."""

Due = Callable[[Plan, date], DepositDue]
"""When the contributions of a pay date have to be with the trust: the plan's standard, safe harbor and outer limit."""


def to_compare(session: Session, book: PlanBook, month: Month) -> list[str]:
    """The recordkeepers of a month: those of the plan book, and those of plans dropped since that have money in it."""
    return sorted({plan.recordkeeper for plan in not_contributions.plans_of(session, book, month) if plan.recordkeeper})


def compare(session: Session, book: PlanBook, connection_id: str, month: Month, due: Due) -> list[Finding]:
    """Every difference with the recordkeeper for the month's pay dates."""
    due = _worked_out_once(due)
    unequal, on_the_way = _differing(session, connection_id, month)
    unequal = not_contributions.of_plans_here(unequal, book)
    lines = [one for one in unequal if book.plan(one.plan).recordkeeper == connection_id]
    others, lines = not_contributions.others(lines, book), not_contributions.without_others(lines, book)
    used = not_contributions.forfeited(session, book, connection_id, month)
    paid_wrongly, lines = not_contributions.offset(lines, used, book)
    mixed, lines = not_contributions.mixed(lines, others)
    pairs, rest = swapped(lines)
    findings = [_source(line, month, book) for line in pairs]
    findings += not_contributions.no_plan(session, book, connection_id, month)
    findings += [not_contributions.mixed_up(*pair, month, book.employer.currency) for pair in mixed]
    findings += not_contributions.paid_wrongly(paid_wrongly, month, book)
    moved, rest = _moved(rest, book, due, session.today())
    findings += [one for short, over in moved for one in _wrong_person(short, over, month, book)]
    findings += _unequal(session, rest, month, book, due)
    findings += _unknown(session, book, connection_id, month)
    findings += _not_deposited(session, book, connection_id, month, due)
    findings += _late(session, book, connection_id, month, due)
    findings += earnings.compare(session, book, connection_id, month, on_the_way, lambda plan, day: due(plan, day).due)
    return findings


def _worked_out_once(due: Due) -> Due:
    """The same, with each plan's pay date asked for once however many lines it has."""
    found: dict[tuple[str, date], DepositDue] = {}

    def known(plan: Plan, day: date) -> DepositDue:
        if (plan.id, day) not in found:
            found[plan.id, day] = due(plan, day)
        return found[plan.id, day]

    return known


def _differing(session: Session, connection_id: str, month: Month) -> tuple[list[Line], list[earnings.OnTheWay]]:
    """Contributions that differ, and lost earnings on their way: one look at the account that both go through."""
    lines, on_the_way = [], []
    deposited, credited = _deposited(session, month), _credited(session, connection_id, month)
    for ours, theirs in differing(session.tuples(deposited), session.tuples(credited), 4):
        day, person_id, plan, part = (ours or theirs)[0][:4]
        pay_date = day if isinstance(day, date) else date.fromisoformat(day)
        sent, got = sum(row[4] for row in ours if not row[5]), sum(row[4] for row in theirs)
        if sent != got:
            lines.append(Line(person_id, plan, part, pay_date, sent, got, len(theirs)))
        if left := sum(row[4] for row in ours if row[5]):
            on_the_way.append(earnings.OnTheWay(person_id, plan, part, pay_date, left))
    return sorted(lines, key=_by_person), sorted(on_the_way, key=_by_person)


def _by_person(one: Line | earnings.OnTheWay) -> tuple[str, str, str, date]:
    return one.person_id or "", one.plan or "", one.part or "", one.pay_date


def _deposited(session: Session, month: Month) -> Executable:
    """Key, minor units, and 1 where they are lost earnings (below zero: credited) rather than contributions."""
    keys = (leg.c.pay_date, leg.c.person_id, leg.c.plan, leg.c.money_source)
    return (
        select(*keys, -leg.c.amount, case((leg.c.posted_as.in_(earnings.ON_THE_WAY), 1), else_=0))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.DEPOSIT_TRANSIT,
            leg.c.posted_as.in_((*SENT, *earnings.ON_THE_WAY)),
            leg.c.pay_date >= month.first,
            leg.c.pay_date < month.end,
        )
        .order_by(*session.in_order(*keys))
    )


def _credited(session: Session, connection_id: str, month: Month) -> Executable:
    """The recordkeeper's rows in the same shape."""
    keys = (confirmation.c.pay_date, confirmation.c.person_id, confirmation.c.plan, confirmation.c.part)
    return (
        select(*keys, confirmation.c.amount, literal_column("0"))
        .where(
            *session.where(confirmation, kind="credit", connection_id=connection_id, current=1),
            confirmation.c.pay_date >= month.first,
            confirmation.c.pay_date < month.end,
            confirmation.c.person_id.is_not(None),
        )
        .order_by(*session.in_order(*keys))
    )


def _source(line: Line, month: Month, book: PlanBook) -> Finding:
    other = "Roth" if line.part == "pretax" else "pre-tax"
    return Finding(
        Relation.RETIREMENT, Type.WRONG_SOURCE, str(month), f"{line.pay_date}", "recordkeeper", "recordkeeper",
        f"deposited as {line.part}, credited as {other}: the total agrees, the source does not",
        "Have the recordkeeper move the amount to the right source; the participant's tax depends on it",
        person_id=line.person_id, plan=line.plan, expected=line.deposited, actual=line.credited,
        unit=book.employer.currency,
    )  # fmt: skip


def _moved(lines: Sequence[Line], book: PlanBook, due: Due, today: date) -> tuple[list[tuple[Line, Line]], list[Line]]:
    """Pairs of who lacks a deposit and who has it, and all other lines.

    Within its due day a deposit is still on its way, to nobody else; a credit made twice has its money from itself.
    """

    def lacks(line: Line) -> bool:
        return not line.credited and today > due(book.plan(line.plan), line.pay_date).due

    pairs, _ = misplaced(
        [line for line in lines if not line.repeated],
        lambda line: (line.plan, line.part, line.pay_date), lacks,
    )  # fmt: skip
    gone = {id(line) for pair in pairs for line in pair}
    return pairs, [line for line in lines if id(line) not in gone]


def _wrong_person(short: Line, over: Line, month: Month, book: PlanBook) -> Iterator[Finding]:
    """Both participants have a wrong account, so each has a difference that names the other."""
    for line, cause in (
        (short, f"what was deposited for this participant was credited to {over.person_id}"),
        (over, f"credited with what was deposited for {short.person_id}"),
    ):
        yield Finding(
            Relation.RETIREMENT, Type.CREDITED_WRONG_PERSON, str(month), f"{line.pay_date}/{line.part}", "recordkeeper",
            "recordkeeper", cause, "Have the recordkeeper move the amount, with earnings, to whom it was deposited for",
            person_id=line.person_id, plan=line.plan, expected=line.deposited, actual=line.credited,
            unit=book.employer.currency,
        )  # fmt: skip


def _unequal(session: Session, lines: Sequence[Line], month: Month, book: PlanBook, due: Due) -> Iterator[Finding]:
    """What differs; what a correction added to a pay date that was due before has until its own day."""
    behind: dict[tuple[str, date], list[Line]] = {}
    for line in lines:
        if line.gap < 0 and session.today() > due(book.plan(line.plan), line.pay_date).due:
            behind.setdefault((line.plan, line.pay_date), []).append(line)
    known = {key: _known(session, book.plan(key[0]), key[1], due, of) for key, of in behind.items()}
    for line in lines:
        plan, day = book.plan(line.plan), line.pay_date
        since = known.get((line.plan, day), {}).get((line.person_id, line.part in EMPLOYERS), day)
        first, own = due(plan, day).due, due(plan, since).due
        yield _finding(line, month, book, own if own > first or not line.credits else None)


def _known(
    session: Session, plan: Plan, day: date, due: Due, lines: Sequence[Line]
) -> dict[tuple[str | None, bool], date]:
    """Since when the money of these lines of a pay date was known, by person and whether it is the employer's."""
    people = sorted({line.person_id for line in lines if line.person_id})
    whom = session.among(leg.c.person_id, people)
    later = corrected.told_later(session, plan.id, day, due(plan, day).due, whom)
    got = corrected.credits_of(session, plan, day, later) if later else {}
    known: dict[tuple[str | None, bool], date] = {
        (who, False): told.since(got.get(who, 0)) or told.last for who, told in later.items()
    }
    if of_match := {line.person_id for line in lines if line.part in EMPLOYERS}:
        first = corrected.match_since(session, plan, day)
        known |= {(who, True): max(first, later[who].last) if who in later else first for who in of_match}
    return known


def _finding(line: Line, month: Month, book: PlanBook, clear_by: date | None) -> Finding:
    if not line.credits:
        # On its way: only past the day on which the trust must have it does it become a discrepancy.
        kind, cause = Type.DEPOSITED_NOT_CREDITED, "deposited, no credit seen yet"
        action = "Ask the recordkeeper for the deposit's status"
    elif line.repeated:
        kind, cause = Type.DUPLICATE_CREDIT, f"credited {line.credits} times"
        action = "Have the recordkeeper take the extra credit back; do not offset it against the next deposit"
    elif line.gap < 0:
        kind, cause = Type.CREDITED_SHORT, "less was credited than deposited"
        action = "Send the trust's confirmation to the recordkeeper and ask for the rest, with earnings"
    else:
        kind, cause = Type.CREDITED_OVER, "more was credited than deposited"
        action = "Ask the recordkeeper where the money came from"
    return Finding(
        Relation.RETIREMENT, kind, str(month), f"{line.pay_date}/{line.part}", "recordkeeper", "recordkeeper", cause,
        action, person_id=line.person_id, plan=line.plan, expected=line.deposited, actual=line.credited,
        unit=book.employer.currency, clear_by=clear_by,
    )  # fmt: skip


def _unknown(session: Session, book: PlanBook, connection_id: str, month: Month) -> Iterator[Finding]:
    for row in session.rows(
        select(confirmation).where(
            *session.where(confirmation, connection_id=connection_id, current=1),
            confirmation.c.kind.in_((CREDIT, FORFEITURE)),
            confirmation.c.pay_date >= month.first,
            confirmation.c.pay_date < month.end,
            confirmation.c.person_id.is_(None),
        )
    ):
        part = row.part if row.kind == CREDIT else f"{row.part}/forfeiture"
        yield Finding(
            Relation.RETIREMENT, Type.UNKNOWN_PARTICIPANT, str(month),
            f"{row.reference}/{row.pay_date}/{part}/{row.external_id[:12]}"[-120:], "recordkeeper", "recordkeeper",
            "money was credited to somebody we do not know",
            f"Ask the recordkeeper for the participant behind it{meant(session, connection_id, row.external_id)}",
            plan=row.plan, expected=0, actual=row.amount, unit=book.employer.currency,
        )  # fmt: skip


def _not_deposited(session: Session, book: PlanBook, connection_id: str, month: Month, due: Due) -> Iterator[Finding]:
    """One difference a pay date: what payroll took and nobody has sent on to the trust; whom no file can name, each."""
    found = _by_pay_date(session, connection_id, month)
    back = _returned(session, connection_id, month)
    for (plan, day, person_id, why), sums in sorted(found.items()):
        if book.plan(plan).recordkeeper != connection_id:
            continue
        why = why or back.get(f"{FILE}/{plan}/{day}", "")
        when = due(book.plan(plan), day)
        if not why and session.today() > when.due:
            later = corrected.told_later(session, plan, day, when.due, corrected.with_open(session, plan, day))
            held = {who for of_plan, of_day, who, _ in found if (of_plan, of_day) == (plan, day)}
            since = corrected.open_since(session, plan, day, later, held)
            when = due(book.plan(plan), since if sums["own"] else corrected.match_since(session, book.plan(plan), day))
        past = ", and the law's outer limit is past" if session.today() > when.outer_limit else ""
        lost = estimate(min(sums["own"], sums["owed"] - sums["over"]), when.due, session.today())
        told = f"; late since {when.due}, it has cost about {format_minor(lost)} so far" if lost else ""
        kind, cause, action = (
            Type.WITHHELD_NOT_DEPOSITED,
            "taken from pay, but not sent to the recordkeeper",
            "Deposit it now",
        )
        if why:
            cause, action = why, "Mend what it names, then deposit"
        action = f"{action}: benehub retirement deposit{told}"
        if sums["over"] > sums["owed"]:
            # The law's limit is one of what is owed to the trust, not of what it has too much.
            kind, past = Type.DEPOSITED_OVER, ""
            action = "Ask the recordkeeper for the excess; it lowers nobody else's deposit"
        yield Finding(
            Relation.RETIREMENT, kind, str(month), f"{day}", "hub", "finance", f"{cause}{past}", action,
            person_id=person_id or None, plan=plan, expected=sums["owed"], actual=sums["over"],
            unit=book.employer.currency, clear_by=None if why else when.due,  # what is held waits for a person now
        )  # fmt: skip


def _returned(session: Session, connection_id: str, month: Month) -> dict[str, str]:
    """Pay dates (by the business key of their first file) of which a file came back and did not leave anew -> why."""
    rows = session.rows(
        select(obligation.c.business_key, obligation.c.reason).where(
            *session.where(obligation, kind=FILE, connection_id=connection_id, period=str(month), state="refused"),
            obligation.c.reason.startswith(RETURNED, autoescape=True),
        )
    )
    return {row.business_key.partition("/correction-")[0]: row.reason for row in rows}


def _by_pay_date(session: Session, connection_id: str, month: Month) -> dict[tuple[str, date, str, str], Counter[str]]:
    """Plan, pay date, and who is held back of it and why -> minor units owed, sent beyond what was taken, and own.

    All others of a pay date are one, with no name: who is held back for another pay date waits for its file with them.
    What was sent beyond is taken back by that file, so that it counts of those alone whom no file can tell of.
    """
    held = obligations.held_back(session, FILE, connection_id)
    found: dict[tuple[str, date, str, str], Counter[str]] = {}
    for row in session.rows(_owed(session, connection_id, month)):
        why = held.get((f"{FILE}/{row.plan}/{row.pay_date}", row.held or ""), "")
        sums = Counter(owed=int(row.owed), over=int(row.over) if why else 0, own=int(row.own))
        if any(sums.values()):
            key = (row.plan, row.pay_date, row.held if why else "", why)
            found[key] = found.get(key, Counter()) + sums
    return found


def _owed(session: Session, connection_id: str, month: Month) -> Executable:
    """Plan, pay date and minor units of what is owed to the trust, those apart (`held`) whom a file has left out.

    Of those also what was sent beyond what payroll took (`over`).
    """
    keys = (leg.c.account, leg.c.person_id, leg.c.plan, leg.c.pay_date, leg.c.money_source)
    left_out = select(obligation.c.person_id).where(
        *session.where(obligation, kind=FILE, connection_id=connection_id, state="held"),
        obligation.c.person_id.is_not(None),
    )
    lines = (
        select(
            leg.c.account, leg.c.plan, leg.c.pay_date, (-func.sum(leg.c.amount)).label("amount"),
            case((leg.c.person_id.in_(left_out), leg.c.person_id)).label("held"),
        )
        .where(
            leg.c.employer_id == session.employer, leg.c.account.in_(PAYABLE),
            leg.c.pay_date >= month.first, leg.c.pay_date < month.end, leg.c.posted_as.is_not(None),
        )
        .group_by(*keys)
        .having((func.sum(leg.c.amount) < 0) | (func.sum(leg.c.amount) > 0) & leg.c.person_id.in_(left_out))
        .subquery()
    )  # fmt: skip
    owed = case((lines.c.amount > 0, lines.c.amount), else_=0)
    over = case((lines.c.amount < 0, -lines.c.amount), else_=0)
    own = case((lines.c.account != chart.MATCH_PAYABLE, owed), else_=0)
    by = (lines.c.plan, lines.c.pay_date, lines.c.held)
    sums = [func.sum(one).label(name) for name, one in (("owed", owed), ("over", over), ("own", own))]
    return select(*by, *sums).group_by(*by)


def estimate(own_minor: int, due: date, today: date) -> int | None:
    """What money withheld and not deposited has cost its participants by today; None while the rate is not loaded."""
    if own_minor <= 0 or today <= due:
        return 0
    try:
        lost = lost_earnings(principal_minor=own_minor, loss_date=due, recovery_date=today)
    except ConfigError:
        return None
    return lost.required().lost_earnings_minor


def _late(session: Session, book: PlanBook, connection_id: str, month: Month, due: Due) -> Iterator[Finding]:
    """One difference a pay date: when the trust had the money, against the standard of the plan.

    The employer's own money alone is not late by it: a match is due with the tax return. Repayments of loans that
    payroll sends itself are no deposit of ours.
    """
    late: dict[tuple[str, date], list[Row[Any]]] = {}
    for row in _after(session, book, connection_id, month, due):
        if row.on_date > due(book.plan(row.plan), row.pay_date).due:
            late.setdefault((row.plan, row.pay_date), []).append(row)
    for (plan, pay_date), rows in sorted(late.items()):
        found, when, owed = _without_corrections(session, book.plan(plan), pay_date, rows, due)
        if not any(row.own for row in found):
            continue
        last = max(row.on_date for row in found if row.own)
        yield Finding(
            Relation.RETIREMENT, Type.LATE, str(month), f"{pay_date}", "recordkeeper", "finance",
            f"the trust had the money on {last}, due {when.due} by the plan's standard{_law(last, when)}",
            SAFE if when.safe_harbor and last <= when.safe_harbor else _proposal(owed),
            plan=plan, expected=sum(int(row.amount) for row in found), actual=0, unit=book.employer.currency,
        )  # fmt: skip


def _after(session: Session, book: PlanBook, connection_id: str, month: Month, due: Due) -> Iterator[Row[Any]]:
    """What the trust had after the first due day of a pay date, by plan and day: nearly all it had before, unread.

    Each pay date is asked for by itself, for the day it is due is its own.
    """
    plans = not_contributions.plans_of(session, book, month)
    mine = session.where(confirmation, kind=CREDIT, connection_id=connection_id, current=1)
    part, amount = confirmation.c.part, confirmation.c.amount
    own = func.sum(case((part.not_in(EMPLOYERS), amount), else_=0)).label("own")
    by = (confirmation.c.plan, confirmation.c.pay_date, confirmation.c.on_date)
    late = select(*by, func.sum(amount).label("amount"), own).where(
        *mine, confirmation.c.pay_date == bindparam("day"), confirmation.c.on_date > bindparam("due"),
        not_contributions.deposited_here(plans),
    ).group_by(*by)  # fmt: skip
    following = select(func.min(confirmation.c.pay_date)).where(
        *mine, confirmation.c.pay_date >= bindparam("after"), confirmation.c.pay_date < month.end
    )
    after = month.first
    while day := session.connection.execute(following, {"after": after}).scalar():
        first = min((due(plan, day).due for plan in plans if plan.recordkeeper), default=day)
        yield from session.rows(late, {"day": day, "due": first})
        after = day + timedelta(1)


class _Received(NamedTuple):
    """What the trust had of a pay date on a day after it was due; minor units, `own` the employees'."""

    on_date: date
    amount: int
    own: int


def _without_corrections(
    session: Session, plan: Plan, pay_date: date, rows: Sequence[Row[Any]], due: Due
) -> tuple[list[_Received], DepositDue, Counter[tuple[date, date]]]:
    """What came late, but for what a corrected register added and the trust had by its own due day; and its due day.

    That is the one of the correction where nothing else was late. Last, the employees' own money by the day on which
    it was received and the one on which it was due.
    """
    when = due(plan, pay_date)
    whom = corrected.with_credit_after(session, plan.id, pay_date, when.due)
    later = corrected.told_later(session, plan.id, pay_date, when.due, whom)
    late: set[date] = set()
    owed = Counter[tuple[date, date]]()
    of_corrections, fine = Counter[date](), Counter[date]()
    for one, known in corrected.credited(session, plan, pay_date, later):
        of_corrections[one.on_date] += one.amount
        if one.on_date > due(plan, known).due:
            late.add(known)
            owed[one.on_date, due(plan, known).due] += one.amount
        else:
            fine[one.on_date] += one.amount
    for row in rows:
        owed[row.on_date, when.due] += int(row.own) - of_corrections[row.on_date]
    if late and all(row.own == of_corrections[row.on_date] for row in rows):
        when = due(plan, min(late))
    found = [
        _Received(row.on_date, int(row.amount) - fine[row.on_date], int(row.own) - fine[row.on_date]) for row in rows
    ]
    return [one for one in found if one.amount], when, +owed


SAFE = "No lost earnings are owed; find out why the plan's own standard was missed, then dismiss this"


def _law(received: date, when: DepositDue) -> str:
    """What the law says of the day, beyond the plan's own standard."""
    if when.safe_harbor and received <= when.safe_harbor:
        return f"; within the small plan's safe harbor, which ended on {when.safe_harbor}"
    if received > when.outer_limit:
        return f"; past the law's outer limit of {when.outer_limit}"
    return f"; past the small plan's safe harbor of {when.safe_harbor}" if when.safe_harbor else ""


def _proposal(owed: Counter[tuple[date, date]]) -> str:
    """What to do about late money (by its days of receipt and due), with the amount up to the receipt by the rule."""
    try:
        lost = sum(
            lost_earnings(principal_minor=own, loss_date=due, recovery_date=received).required().lost_earnings_minor
            for (received, due), own in owed.items()
        )
    except ConfigError as missing:
        return f"Work out lost earnings once the rate is loaded ({missing.mend})"
    return (
        f"Pay lost earnings of {format_minor(lost)} to the plan: benehub retirement lost-earnings on this difference, "
        "then retirement deposit-earnings; file Form 5330 and report it on Form 5500"
    )
