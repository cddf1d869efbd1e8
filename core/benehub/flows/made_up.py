"""What the corrections of missed deferrals make owed: posted once, found again, and counted with the match."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select

from benehub import ledger
from benehub.errors import DataError
from benehub.flows.fix_draft import Content
from benehub.identity import people
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import fixes
from benehub.reconcile.corrected import SENT
from benehub.reconcile.made_up import CORRECTED, MISSED, base_of, contents, standing_of
from benehub.store import Session
from benehub.store.tables import entry, leg

_OWED_ON = (chart.MATCH_PAYABLE, chart.EARNINGS_PAYABLE)

Owed = dict[tuple[str, str], int]
"""Account and part -> minor units owed, below zero as the ledger has them."""


@dataclass(frozen=True, slots=True)
class Posted:
    """An entry of a correction, by what it owes; `gone` where it was taken back."""

    entry_id: str
    seq: int
    account: str
    part: str
    amount: int
    gone: bool


def told(session: Session, content: Content) -> str:
    """The line of pay that a correction makes up for, for a person's eyes: whose it is, by the employee number."""
    return f"employee {_number(session, content)}: {content['plan']} {content['pay_date']}/{content['part']}"


def in_journal(session: Session, content: Content) -> str:
    """The command that shows what a line's correction has posted."""
    return (
        f"benehub ledger journal --account {chart.MATCH_PAYABLE} --employee {_number(session, content)} "
        f"--plan {content['plan']} --month {content['pay_date'][:7]}"
    )


def _number(session: Session, content: Content) -> str:
    return people.member_ids(session, [content["person"]])[content["person"]]


def posted(session: Session, content: Content) -> list[Posted]:
    """Every entry that was ever posted for the line of pay that is told, whatever its amounts."""
    rows = session.rows(
        select(entry.c.entry_id, entry.c.seq, entry.c.idempotency_key, leg.c.account, leg.c.money_source, leg.c.amount)
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account.in_(_OWED_ON), leg.c.person_id == content["person"],
            leg.c.plan == content["plan"], entry.c.source == base_of(content),
        )
        .order_by(entry.c.seq)
    )  # fmt: skip
    backs = {f"reverse:{row.idempotency_key}" for row in rows}
    gone = {
        row.idempotency_key
        for row in session.rows(
            select(entry.c.idempotency_key).where(*session.where(entry), entry.c.idempotency_key.in_(sorted(backs)))
        )
    }
    return [
        Posted(
            row.entry_id, row.seq, row.account, row.money_source, row.amount, f"reverse:{row.idempotency_key}" in gone
        )
        for row in rows
    ]


def standing(session: Session, content: Content) -> list[Posted]:
    """What stands of a line's correction: posted, and not taken back."""
    return [one for one in posted(session, content) if not one.gone]


def due(session: Session, content: Content, one: Posted) -> int:
    """What the pay date's files have to carry of the part of an entry until that is among it, below zero.

    A file tells a person's part as one sum: what was owed first, by payroll or another correction, goes first. What
    is owed no more since then needs no file.
    """
    rows = session.rows(
        select(entry.c.seq, leg.c.amount)
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == one.account, leg.c.money_source == one.part,
            leg.c.person_id == content["person"], leg.c.plan == content["plan"],
            leg.c.pay_date == date.fromisoformat(content["pay_date"]),
            entry.c.status == "posted", entry.c.type.not_in(SENT),
        )
    )  # fmt: skip
    since = sum(row.amount for row in rows if row.seq > one.seq)
    return int(sum(row.amount for row in rows if row.seq <= one.seq) + max(0, since))


def is_of(there: list[Posted], book: PlanBook, content: Content) -> bool:
    """Whether what stands is what this content makes owed, to the cent."""
    return {(one.account, one.part): one.amount for one in there} == owed_by(book, content)


def owed_by(book: PlanBook, content: Content) -> Owed:
    """What a correction makes owed."""
    legs = [leg for one in entries(book, content, date.min) for leg in one.legs if leg.account in _OWED_ON]
    return {(one.account, str(one.money_source)): one.amount for one in legs}


def owe(session: Session, book: PlanBook, content: Content) -> int:
    """Post what a correction makes owed, once; gives how many entries it has.

    Raises:
        DataError: another correction of the same line stands, or no approved fix has this content.
    """
    session.take_seq(0)  # the lock comes first: of two who post at once the second sees the first's
    line, digest = told(session, content), fixes.digest(session, dict(content))
    approved = fixes.of_people(session, MISSED, ("approved", fixes.DONE), [content["person"]])
    if all(row.content_hash != digest for row in approved):
        raise DataError("no approved fix makes it owed", where=line, mend="Propose it again, and have it approved")
    known, wanted = posted(session, content), entries(book, content, session.today())
    there = [one for one in known if not one.gone]
    if there and not is_of(there, book, content):
        raise DataError("another correction of it is owed already", where=line, mend="Withdraw one of the two fixes")
    if not there:
        # What was taken back keeps its key: the same is owed again under the next.
        again = 1 + max(Counter((one.account, one.part) for one in known).values(), default=0)
        end = f"/r{again}" if again > 1 else ""
        ledger.record(session, [replace(one, key=f"{one.key}{end}") for one in wanted])
    return len(wanted)


def missed(session: Session, start: date, end: date) -> dict[tuple[str, str], int]:
    """What was missed and is made up for on the pay dates of `[start, end)`: (person, plan) -> minor units.

    The match of a longer period counts it as if it had been deferred: without it the match would be short by it.
    """
    found: Counter[tuple[str, str]] = Counter()
    for content in contents(session, standing_of(session, start, end)).values():
        found[content["person"], content["plan"]] += content["missed_minor"]
    return dict(found)


def entries(book: PlanBook, content: Content, today: date) -> list[NewEntry]:
    """What makes the correction owed, and what both parts have lost by it."""
    day, unit, base = date.fromisoformat(content["pay_date"]), book.employer.currency, base_of(content)
    whole, earned = content["qnec_minor"] + content["match_minor"], content["earnings_minor"]
    made = []
    for part in ("qnec", "match"):
        amount = content[f"{part}_minor"]
        dims = (content["person"], content["plan"], part, str(Month.of(day)), day)
        if amount:
            legs = (Leg(chart.MATCH_EXPENSE, unit, amount, *dims), Leg(chart.MATCH_PAYABLE, unit, -amount, *dims))
            made.append(NewEntry(f"{base}/{part}", CORRECTED, today, legs, base))
        # The QNEC's share of the earnings to the cent below, the rest to the match.
        share = earned * content["qnec_minor"] // whole if whole else 0
        lost = share if part == "qnec" and content["match_minor"] else earned if part == "qnec" else earned - share
        if lost and amount:
            legs = (Leg(chart.LOST_EARNINGS, unit, lost, *dims), Leg(chart.EARNINGS_PAYABLE, unit, -lost, *dims))
            made.append(NewEntry(f"{base}/{part}/earnings", "lost_earnings.accrued", today, legs, base))
    return made
