"""A deferral that payroll did not take: the employer makes up for it, with the match and what both would have earned.

The employee has had the pay, so a part of the deferral is owed as a qualified nonelective contribution (QNEC), vested
at once and from no forfeiture; the match that went with it is owed whole. It is posted as owed for the pay date that
missed it, and leaves by the deposits of every day: a correction of that pay date's file, and the file of lost earnings.

Half of the deferral is owed while nobody says on which day the employee was told of it in writing. With that day the
rule decides: a quarter or nothing of it, where it was put right and told in time. The match is owed whole all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import Row, and_, case, func, or_, select

from benehub import facts, ledger, obligations
from benehub.engine import Steps
from benehub.errors import ConfigError, DataError
from benehub.facts import Worker
from benehub.flows import earnings_deposit, made_up, match, retirement, savings
from benehub.flows.contribution_file import SOURCES, base_key, next_file, told_by
from benehub.flows.file_chain import chain, file_key
from benehub.flows.fix_draft import Action, Asked, Content, Draft, Refusal, notice_day_of
from benehub.flows.hub import Hub
from benehub.flows.made_up import Posted
from benehub.flows.money import pay_calendar
from benehub.ledger import accounts as chart
from benehub.money import format_minor, parse_rate
from benehub.periods import FOREVER, Interval, Month, age_on
from benehub.planbook import Plan, PlanBook
from benehub.reconcile import Relation, Type, fixes
from benehub.reconcile.made_up import MISSED, base_of
from benehub.rules.retirement.limits import retirement_limits
from benehub.rules.retirement.missed_deferral import Failure, MissedDeferral, missed_deferral
from benehub.store import Session
from benehub.store.tables import comparison, confirmation, difference, entry, leg

_PARTS = ("pretax", "roth")


@dataclass(frozen=True, slots=True)
class _Missed:
    """A line of pay that missed a deferral."""

    worker: Worker
    plan: Plan
    day: date
    part: str
    actual: int


def _of_deferral(book: PlanBook, row: Row[Any]) -> bool:
    """Whether the difference is of a plan with deferrals."""
    plan = book.find(row.plan)
    return plan is not None and plan.deferral is not None


def _connection(book: PlanBook, row: Row[Any]) -> str:
    return book.plan(row.plan).recordkeeper or ""


def _draft(asked: Asked) -> Draft | Refusal:
    book, row = asked.book, asked.row
    told, _, part = row.reference.partition("/")
    plan = book.plan(row.plan)
    if part not in _PARTS or plan.deferral is None:
        return Refusal("it is no deferral")
    if (row.actual or 0) >= (row.expected or 0):
        return Refusal("it was taken too much, and not missed")
    worker = facts.part_of(asked.session, Interval(date.min, FOREVER), row.person_id).workers[0]
    one = _Missed(worker, plan, date.fromisoformat(told), part, row.actual or 0)
    line = {"person": worker.person_id, "plan": plan.id, "pay_date": told, "part": part}
    if there := made_up.standing(asked.session, line):
        return _owed_already(asked, one, line, there)
    paid_on = _next_pay(asked, worker)
    if _trued_up(asked.session, one):
        return Refusal(f"the true-up of {one.day.year} is posted and has paid the match of it: correct it by hand")
    beside = _beside(asked.session, book, line)
    if isinstance(beside, Refusal):
        return beside
    try:
        answer = _answer(asked, one, paid_on, beside[1] if beside else {})
    except ConfigError as error:
        return Refusal(f"{error.what}: {error.mend}")
    if isinstance(answer, Refusal):
        return answer
    _must_be_in_time(asked, one, answer)
    if not answer.missed_minor:
        return Refusal(f"nothing of it could have been deferred: the limit of {one.day.year} is reached")
    return _drafted(asked, one, {**line, "paid_on": paid_on.isoformat()}, answer)


def _drafted(asked: Asked, one: _Missed, line: Content, answer: MissedDeferral) -> Draft | Refusal:
    unit, plan = asked.book.employer.currency, one.plan
    matched = answer.missed_match_minor if _matched_by_payroll(plan) else 0
    qnec, earned = answer.qnec_minor, answer.earnings_minor or 0
    if not qnec and not matched:
        return Refusal(_nothing_owed(plan, answer))
    if why := _unwritable(asked, one, {"qnec": qnec, "match": matched}):
        return Refusal(f"the file to {plan.vendor} cannot carry it: {why}")
    # Without the day of a notice the content stays as it always was: what is proposed can still be approved.
    noticed = {"notice_day": str(asked.notice_day), "share": answer.share.value} if asked.notice_day else {}
    return Draft(
        {
            **line, **noticed,
            "missed_minor": answer.missed_minor, "qnec_minor": qnec, "match_minor": matched, "earnings_minor": earned,
        },
        qnec + matched + earned,
        f"make up for {format_minor(answer.missed_minor, unit)} {unit} not deferred on {one.day}: a QNEC of "
        f"{format_minor(qnec, unit)} ({answer.share.value}), {_told_match(plan, matched, unit)}, lost earnings "
        f"{format_minor(earned, unit)}; {_told_notice(asked.notice_day, answer)}",
    )  # fmt: skip


def _told_notice(notice_day: date | None, answer: MissedDeferral) -> str:
    """When the employee was told, or by when that has to be, and what would be owed then."""
    if notice_day is not None:
        return f"the employee was told in writing on {notice_day}"
    due = f"tell the employee in writing by {answer.notice_by}"
    if answer.share_with_notice is answer.share:
        return due
    with_it = answer.share_with_notice.value
    return f"{due} ({answer.share.value} is owed as no notice is known, and {with_it} once it was given)"


def _nothing_owed(plan: Plan, answer: MissedDeferral) -> str:
    if plan.match is None or plan.match.by_payroll:
        return f"nothing is owed for it ({answer.share.value}, and no match): resolve the difference with that"
    return "nothing is owed for it but the match of its period, which has to be corrected by hand"


def _must_be_in_time(asked: Asked, one: _Missed, answer: MissedDeferral) -> None:
    """The day of the notice, where one is said, makes a smaller part possible.

    Raises:
        DataError: it is still to come, was before anything was missed or after the last day, or pay is not right yet.
    """
    day, where = asked.notice_day, f"the day of the notice, {asked.notice_day}"
    if day is None:
        return
    if day > asked.session.today():
        raise DataError("it is still to come", where=where, mend="Tell the employee first, then say the day")
    if day < one.day:
        raise DataError(f"nothing was missed before {one.day}", where=where, mend="Say the day of the notice about it")
    if _put_right(asked, one) is None:
        raise DataError(
            "payroll has not taken the deferral again since, so no smaller part holds yet", where=where,
            mend="Read the register of the first pay that takes it, or leave the day out: half of it is owed",
        )  # fmt: skip
    if day > answer.notice_by:
        raise DataError(f"the last day for it was {answer.notice_by}", where=where,
                        mend="Leave the day out: half of it is owed")  # fmt: skip


def _owed_already(asked: Asked, one: _Missed, line: Content, there: list[Posted]) -> Draft | Refusal:
    """A correction that was posted and has not arrived is told again as it is owed; never is another one added."""
    session, unit = asked.session, asked.book.employer.currency
    found = _fixes_of(session, line)
    for fix_id, state, _ in found:
        if state in ("approved", fixes.DONE):
            return Refusal(
                f"{fix_id} makes up for it already and is {state}: read what the recordkeeper has credited; what is "
                "still missed after that, payroll having told otherwise since, has to be corrected by hand"
            )
    for fix_id, state, content in reversed(found):
        if made_up.is_of(there, asked.book, content):
            if asked.notice_day not in (None, notice_day_of(content)):
                return Refusal(f"{fix_id} ({state}) has made it owed without that notice: leave the day of it out")
            if _file_of(session, content)[1] and not _earnings_owed(session, content):
                return Refusal(f"what {fix_id} ({state}) has made owed has left already: read the credits")
            if why := _unwritable(asked, one, {"qnec": content["qnec_minor"], "match": content["match_minor"]}):
                return Refusal(f"the file to {one.plan.vendor} cannot carry it: {why}")
            whole = content["qnec_minor"] + content["match_minor"] + content["earnings_minor"]
            says = f"send again what {fix_id} ({state}) has made owed: {format_minor(whole, unit)} {unit} with earnings"
            return Draft(content, whole, says)
    return _owed_by_none(session, line)


def _fixes_of(session: Session, line: Content) -> list[tuple[str, str, dict[str, Any]]]:
    """The fixes of a line of pay that were approved once, in order: id, state and content."""
    rows = fixes.of_people(session, MISSED, ("approved", fixes.DONE, "failed", "withdrawn"), [line["person"]])
    told = [(row.fix_id, row.state, fixes.content(session, row)) for row in rows]
    return [one for one in told if base_of(one[2]) == base_of(line)]


def _owed_by_none(session: Session, line: Content) -> Refusal:
    return Refusal(
        f"the correction of {made_up.told(session, line)} is owed, and by no fix: look at "
        f"`{made_up.in_journal(session, line)}`"
    )


def _beside(session: Session, book: PlanBook, line: Content) -> tuple[str, Content] | Refusal | None:
    """The fix that makes up for the other deferral of the same pay date, and what it does; None where none does."""
    other = {**line, "part": _other(line["part"])}
    there, known = made_up.standing(session, other), _fixes_of(session, other)
    for fix_id, state, content in reversed(known):
        if made_up.is_of(there, book, content) or (not there and state == "approved"):
            return fix_id, content
    return _owed_by_none(session, other) if there else None


def _other(part: str) -> str:
    """The deferral that one is not."""
    return next(one for one in _PARTS if one != part)


def _unwritable(asked: Asked, one: _Missed, parts: Mapping[str, int]) -> str:
    """Why the pay date's next file cannot carry these parts of an employee's; empty where it can.

    Asked before anything is owed: what is owed and cannot be written is held back with all that is the employee's.
    """
    session, who, key = asked.session, one.worker.person_id, base_key(one.plan.id, one.day)
    owed = {who: {part: amount for part, amount in parts.items() if amount}}
    made = next_file(session, asked.book, one.plan, one.day, owed, told_by(chain(session, key)))
    made.rows = [row for row in made.rows if row.person == who]
    return next((told.why for told in retirement.fitting(made, asked.opened, key).held if told.person_id == who), "")


def _matched_by_payroll(plan: Plan) -> bool:
    """Whether the match goes with each check: one over a longer period is worked out anew by itself."""
    return plan.match is not None and plan.match.by_payroll


def _told_match(plan: Plan, matched: int, unit: str) -> str:
    if plan.match is not None and not plan.match.by_payroll:
        return "the match with that of its period, which counts what was missed"
    return f"match {format_minor(matched, unit)}"


def _match_months(book: PlanBook, content: Content) -> list[Month]:
    """Months in which the match of the pay date's period may have ended, where payroll does not work it out."""
    plan, day = book.plan(content["plan"]), date.fromisoformat(content["pay_date"])
    if plan.match is None or plan.match.by_payroll:
        return []
    _, end = plan.match.period.bounds(day)
    months = [Month.of(day)]
    while months[-1].end < end:
        months.append(months[-1].plus(1))
    return months


def _answer(asked: Asked, one: _Missed, paid_on: date, beside: Content) -> MissedDeferral | Refusal:
    """What the rule says of it; the match is of both deferrals, less what is made up for with the other (`beside`).

    Raises:
        ConfigError: the limits of the year or the rate of a quarter are not loaded.
    """
    session, person_id, plan = asked.session, one.worker.person_id, one.plan
    elected = _elected(one, one.day)
    if not elected:
        return Refusal("no rate of pay was elected on that day, so what was missed is not known")
    pay = savings.paid(session, one.day, one.day + timedelta(days=1)).get(person_id, 0)
    if not pay:
        return Refusal("payroll has told no pay of that date: read its register first")
    year = savings.load(session, date(one.day.year, 1, 1), date(one.day.year + 1, 1, 1)).get(person_id)
    other = _on_register(session, one, _other(one.part))
    taken, made_good = one.actual + other, beside.get("missed_minor", 0)
    return missed_deferral(
        compensation_minor=pay,
        # What was taken of the other part counts as it is, and what is made up for as if it had been taken.
        rate=elected + Fraction(other + made_good, pay),
        failure=Failure(
            one.day,
            _put_right(asked, one) or max(one.day, session.today()),
            asked.notice_day,
            # An election counts as well where the plan would else have enrolled by itself.
            plan.deferral is not None and plan.deferral.automatic_enrollment,
            12,
            _began(session, one),
        ),
        limits=retirement_limits(one.day.year),
        formula=plan.match.rule(asked.book.employer.currency) if plan.match and plan.match.by_payroll else None,
        years_of_service=age_on(one.worker.hired, one.day),
        deferred_minor=taken + made_good,
        ytd_deferrals_minor=max(0, (year.deferrals if year else 0) - taken),
        matched_minor=_on_register(session, one, "match") + beside.get("match_minor", 0),
        paid_on=paid_on,
    ).required()


def _on_register(session: Session, one: _Missed, part: str) -> int:
    """What the register has of a part on that pay date."""
    found = session.connection.execute(
        select(func.sum(confirmation.c.amount)).where(
            *session.where(confirmation, kind="register_line", current=1, person_id=one.worker.person_id, part=part),
            confirmation.c.plan == one.plan.id, confirmation.c.pay_date == one.day,
        )
    ).scalar()  # fmt: skip
    return int(found or 0)


def _trued_up(session: Session, one: _Missed) -> int:
    """What the year's true-up has given."""
    found = session.connection.execute(
        select(func.sum(-leg.c.amount))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.person_id == one.worker.person_id, leg.c.plan == one.plan.id,
            leg.c.account == chart.MATCH_PAYABLE, leg.c.money_source == "match",
            leg.c.pay_date == date(one.day.year, 12, 31),
            entry.c.type.in_(("match.true_up", "match.true_up.reversed")),
        )
    ).scalar()  # fmt: skip
    return int(found or 0)


@dataclass(frozen=True, slots=True)
class _Pays:
    """A person's pays, and which of them missed the deferral.

    A comparison says so: it knows what was due, which is nothing where a limit was reached, and less than all of it is
    missed too. A pay of a month that was never compared is judged by its register alone: with nothing taken it was
    missed, and whatever was taken counts as all of it, since nobody has said what was due.
    """

    taken: Mapping[date, int]
    """Pay date -> what its register has of the deferral; every pay is in it."""
    due: Mapping[date, int]
    """Pay date -> what was due, where a comparison has found less and nobody has dismissed that."""
    compared: Set[str]
    """Months that payroll was compared for."""

    def missed(self, day: date) -> bool:
        """Whether this pay did not take the deferral, or not all of it, as known now."""
        if day in self.due:
            return self.taken[day] < self.due[day]
        return str(Month.of(day)) not in self.compared and not self.taken[day]


def _pays(session: Session, one: _Missed) -> _Pays:
    amount = confirmation.c.amount
    mine = and_(confirmation.c.part == one.part, confirmation.c.plan == one.plan.id)
    taken, earned = func.sum(case((mine, amount), else_=0)), and_(confirmation.c.part == "earning", amount > 0)
    paid = session.rows(
        select(confirmation.c.pay_date, taken.label("taken"))
        .where(*session.where(confirmation, kind="register_line", current=1, person_id=one.worker.person_id))
        .group_by(confirmation.c.pay_date)
        .having(or_(taken > 0, func.max(case((earned, 1), else_=0)) > 0))
    )
    found = session.rows(
        select(difference.c.reference, difference.c.expected).where(
            *session.where(difference, relation=Relation.PAYROLL, person_id=one.worker.person_id, plan=one.plan.id),
            difference.c.type.in_((Type.NOT_TAKEN, Type.AMOUNT_DIFF)), difference.c.state != "dismissed",
            difference.c.reference.endswith(f"/{one.part}"),
        )
    )  # fmt: skip
    compared = session.rows(select(comparison.c.period).where(*session.where(comparison, relation=Relation.PAYROLL)))
    return _Pays(
        {row.pay_date: int(row.taken) for row in paid},
        {date.fromisoformat(row.reference.partition("/")[0]): int(row.expected or 0) for row in found},
        {row.period for row in compared},
    )


def _right_again(session: Session, one: _Missed) -> date | None:
    """The first later pay date on which the deferral was taken, and all that was due of it (`_Pays`)."""
    pays = _pays(session, one)
    right = (day for day, amount in pays.taken.items() if day > one.day and amount > 0 and not pays.missed(day))
    return min(right, default=None)


def _began(session: Session, one: _Missed) -> date:
    """The first pay date of the failure: pays that missed the deferral one after the other are one, and its time for a
    smaller part runs from the first of them. One with nothing elected, or that missed nothing (`_Pays`), ends the row.
    """
    pays, first = _pays(session, one), one.day
    for day in sorted((day for day in pays.taken if day < one.day), reverse=True):
        if not _elected(one, day) or not pays.missed(day):
            break
        first = day
    return first


def _elected(one: _Missed, day: date) -> Fraction:
    """The rate of pay that was elected of this deferral on a day; nil where none was, whether said so or not."""
    cover = facts.in_force(one.worker.coverages.get("retirement", ()), day)
    if cover is None or cover.data["plan"] != one.plan.id or not (rate := cover.data[f"{one.part}_rate"]):
        return Fraction(0)
    return parse_rate(rate)


def _put_right(asked: Asked, one: _Missed) -> date | None:
    """The first pay date with the right deferral, or the last day of employment; None while neither is there."""
    gone = one.worker.terminated_on
    left = max(one.day, gone) if gone is not None and gone <= asked.session.today() else None
    return _right_again(asked.session, one) or left


def _next_pay(asked: Asked, worker: Worker) -> date:
    """The coming pay date, up to which lost earnings run: the same amount until then, whenever it is looked at."""
    today = asked.session.today()
    for year in (today.year, today.year + 1):
        for period in pay_calendar(asked.session, asked.book, year).get(worker.pay_group, ()):
            if period.pay_date >= today:
                return period.pay_date
    return today


def _owe(asked: Asked, content: Content) -> list[str]:
    """It is owed from its approval on: whatever is worked out after that counts it."""
    made_up.owe(asked.session, asked.book, content)
    for month in _match_months(asked.book, content):
        match.post(asked.session, asked.book, month, (content["person"], content["plan"]))
    return []


def _post(hub: Hub, employer: str, content: Content) -> int:
    """Make it owed; again changes nothing."""
    with hub.store.write(employer) as session:
        return made_up.owe(session, hub.book(session), content)


def _undo(session: Session, book: PlanBook, content: Content, why: str) -> str:
    """Take back what a fix that is withdrawn has made owed; gives why that cannot be, empty where it is done."""
    there, told = made_up.standing(session, content), fixes.digest(session, dict(content))
    others = fixes.of_people(session, MISSED, ("approved", fixes.DONE), [content["person"]])
    if not made_up.is_of(there, book, content) or any(row.content_hash == told for row in others):
        return ""  # it is not this fix that owes it, or not alone
    beside = _beside(session, book, content)
    if isinstance(beside, tuple) and _later(made_up.standing(session, beside[1]), there):
        return f"{beside[0]} counts it, which makes up for the other deferral of that pay: withdraw {beside[0]} first"
    if gone := _on_its_way(session, book, content, there):
        return gone
    ledger.record(session, [ledger.reversal(session, one.entry_id, why) for one in there])
    before = _by_pay_date(session, content)
    for month in _match_months(book, content):
        match.post(session, book, month, (content["person"], content["plan"]))
    match.true_up_again(session, book, content["plan"], content["person"], int(content["pay_date"][:4]))
    # Paid too much somewhere else, and before this, is no reason.
    after = _by_pay_date(session, content)
    over = any(amount > max(0, before.get(day, 0)) for day, amount in after.items())
    return "the match that counts it has been deposited" if over else ""


def _by_pay_date(session: Session, content: Content) -> dict[date, int]:
    """What a participant's employer contributions hold, by pay date: above zero was deposited too much."""
    found = ledger.balances(session, [chart.MATCH_PAYABLE], by=("pay_date",), person_id=content["person"],
                            plan=content["plan"])  # fmt: skip
    return {one.dimensions["pay_date"]: one.amount for one in found}


def _later(ours: Sequence[Posted], theirs: Sequence[Posted]) -> bool:
    """Whether what stands of a correction was posted behind another one."""
    return bool(ours and theirs) and ours[0].seq > theirs[0].seq


def _on_its_way(session: Session, book: PlanBook, content: Content, there: Sequence[Posted]) -> str:
    """What has left of a correction, or may have; empty where all of it is only owed."""
    plan_id, day, who = content["plan"], date.fromisoformat(content["pay_date"]), content["person"]
    files, earned = chain(session, base_key(plan_id, day)), f"{earnings_deposit.OPERATION}/{plan_id}/{day}"
    if files.doubtful:
        return f"{files.doubtful} may have arrived"
    for row in obligations.by_ids(session, [session.id("obl", key) for key in (files.key, earned)]):
        waits = row.state in ("open", "held") and row.dispatch_id is not None
        if waits and any(one["person"] == who for one in obligations.content(session, row)["rows"]):
            return f"it is frozen in {row.dispatch_id}"
    retirement.post_sent(session, book, plan_id, day)
    earnings_deposit.post_sent(session, book, plan_id, day)
    if _file_of(session, content)[1]:
        return "something of it has been deposited"
    left = {
        (one.account, one.dimensions["money_source"]): one.amount
        for one in ledger.balances(
            session, [chart.MATCH_PAYABLE, chart.EARNINGS_PAYABLE], by=("money_source",), person_id=who, plan=plan_id,
            pay_date=day,
        )
    }  # fmt: skip
    whole = all(left.get((one.account, one.part), 0) <= one.amount for one in there)
    return "" if whole else "something of it has been deposited"


def _run(hub: Hub, steps: Steps, employer: str, connection_id: str, content: Content) -> dict[str, Any]:
    steps.step("owe", _post, hub, employer, dict(content))
    with hub.store.read(employer) as session:
        months = _match_months(hub.book(session), content)
    for month in months:
        steps.step(f"match {month}", match.accrue, hub, employer, month, (content["person"], content["plan"]))
    done = retirement.deposit(hub, steps, employer, content["plan"], content["pay_date"])
    earned = earnings_deposit.deposit(hub, steps, employer, content["plan"], content["pay_date"])
    return {**done, "earnings": earned["rows"]}


def _tried(hub: Hub, employer: str, connection_id: str, content: Content) -> Sequence[str]:
    _post(hub, employer, content)
    day = date.fromisoformat(content["pay_date"])
    made = [one.prepare(hub, employer, content["plan"], day) for one in (retirement, earnings_deposit)]
    return [one for one in made if one]


def _keys(session: Session, connection_id: str, content: Content) -> list[str]:
    """The file that carries what the correction owes, and that of its earnings; empty while one of them is missing."""
    file, _ = _file_of(session, content)
    earned = _earnings_file(session, content) if content["earnings_minor"] else ""
    return [] if not file or (content["earnings_minor"] and not earned) else [one for one in (file, earned) if one]


def _file_of(session: Session, content: Content) -> tuple[str, bool]:
    """The file that carries a correction, and whether it has left; an empty text while none does.

    QNEC and match leave in the same file; the match is looked at where no QNEC is owed.
    """
    base = base_key(content["plan"], date.fromisoformat(content["pay_date"]))
    owed = {one.part: one for one in made_up.standing(session, content) if one.account == chart.MATCH_PAYABLE}
    if not owed:
        return "", False
    one = owed.get("qnec") or owed["match"]
    due, files = made_up.due(session, content, one), chain(session, base)
    for number, told in enumerate(files.contents):
        due += _carried(told["rows"], content["person"], one.part)
        if due >= 0:
            return file_key(base, number), True
    for row in obligations.by_ids(session, [session.id("obl", files.key)]):
        if due + _carried(obligations.content(session, row)["rows"], content["person"], one.part) >= 0:
            return files.key, False
    return "", False


def _carried(rows: Sequence[dict[str, Any]], person_id: str, part: str) -> int:
    return sum(row["amounts"].get(SOURCES[part].value, 0) for row in rows if row["person"] == person_id)


def _earnings_file(session: Session, content: Content) -> str:
    """The file of the earnings that a correction owes; empty while they are in none."""
    key = f"{earnings_deposit.OPERATION}/{content['plan']}/{content['pay_date']}"
    for row in obligations.by_ids(session, [session.id("obl", key)]):
        if row.state in ("sent", "confirmed"):
            return "" if _earnings_owed(session, content) else key
        if any(one["person"] == content["person"] for one in obligations.content(session, row)["rows"]):
            return key
    return ""


def _earnings_owed(session: Session, content: Content) -> bool:
    """Whether some of the earnings of a correction is still to be deposited: what was owed first went first."""
    found = ledger.balances(
        session, [chart.EARNINGS_PAYABLE], by=("money_source",), person_id=content["person"], plan=content["plan"],
        pay_date=date.fromisoformat(content["pay_date"]),
    )  # fmt: skip
    left = sum(one.amount for one in found if one.dimensions["money_source"] in ("qnec", "match"))
    ours = made_up.standing(session, content)
    other = made_up.standing(session, {**content, "part": _other(content["part"])})
    behind = [one.amount for one in other if one.account == chart.EARNINGS_PAYABLE and _later([one], ours)]
    return left < sum(behind)


ACTION = Action(
    MISSED,
    "make up for a deferral that was not taken",
    frozenset({(Relation.PAYROLL, Type.NOT_TAKEN), (Relation.PAYROLL, Type.AMOUNT_DIFF)}),
    _connection, _draft, _run, _tried, _keys, owe=_owe, meant=_of_deferral, undo=_undo,
    with_notice=True,
)  # fmt: skip
