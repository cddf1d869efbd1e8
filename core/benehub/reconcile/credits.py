"""Premium paid beyond what was owed, per person, plan and month, until the carrier has given it back or it is lost.

A credit is worked out, never kept: what was paid for a month of cover, less what was accrued for it and what was given
up as lost. It arises when somebody is let go with effect in a paid month, and where a bill is paid that says too much.
The carrier grants it by a line on a later bill; the next payment takes it. What is not claimed in the carrier's days is
refused: it is posted as a loss and told, never forgotten. Only the claims themselves are kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Row, and_, case, func, literal, or_, select, union_all

from benehub import ledger
from benehub.ledger import accounts as chart
from benehub.money import format_minor
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import carriers
from benehub.reconcile.carriers import Key
from benehub.reconcile.claimed import Claim, unanswered
from benehub.reconcile.differences import Outcome, settle_within
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.reconcile.payable import posted_out
from benehub.reconcile.unpaid import paid_by_key
from benehub.store import Session
from benehub.store.tables import confirmation, credit_claim, difference, dispatch, entry, leg, obligation

CLAIM = "premium.claim"
"""The operation by which a claim leaves, and the kind of what is owed until then."""

LEFT, WAITING = ("sent", "confirmed"), ("open", "held")
"""States of a claim that has left, and of one that is owed and has not."""


class CreditState(StrEnum):
    """Where a credit stands."""

    EXPECTED = "expected"
    """Not claimed yet; the carrier still takes claims."""
    CLAIMED = "claimed"
    GRANTED = "granted"
    """The carrier's bill gives it back; the next payment takes it."""
    EXPIRED = "expired"
    """The days of the claim are past and no claim was made: lost."""


@dataclass(frozen=True, slots=True)
class Credit:
    """One credit; amounts in minor units, all of one person, plan and coverage month."""

    credit_id: str
    carrier: str
    person_id: str | None
    plan: str
    month: str
    amount: int
    """Paid beyond what was owed, what is lost left out."""
    granted: int
    """Of it, what the carrier's bills have given back and no payment has taken yet."""
    claimed: int
    """Of it, what was claimed and is not granted."""
    underway: int
    """Of it, what a claim asks for that is owed and has not left: until it has, it expires like any other."""
    late: int
    """Of it, what a claim asks for that left after the last day: the carrier may refuse it, so it counts as lost."""
    lost: int
    """What stands posted as lost."""
    claim_by: date | None
    """Last day of a claim; None where the plan book does not tell it."""
    today: date
    of_other: bool = False
    """Whether the carrier does not insure the plan: it owes all it was paid, and nothing of it is posted as lost by
    itself; the difference stands until a person has said what becomes of it."""

    @property
    def past(self) -> bool:
        """Whether the last day of a claim is over."""
        return self.claim_by is not None and self.today > self.claim_by

    @property
    def unclaimed(self) -> int:
        """What nobody has asked for and nobody has given: it expires."""
        return max(0, self.amount - self.granted - self.claimed)

    @property
    def claimable(self) -> int:
        """What may be claimed by a person's word: nobody has asked for it, and no claim of it waits to leave."""
        return self.unclaimed - self.underway

    @property
    def to_lose(self) -> int:
        """What has to stand as lost: a carrier that gives back more than it must lowers it."""
        if not self.past or self.of_other:
            return 0
        return max(0, self.amount + self.lost - self.granted - self.claimed)

    @property
    def state(self) -> CreditState:
        """What happens next goes by the part that is worst off."""
        if self.past and self.unclaimed + self.lost:
            return CreditState.EXPIRED
        if self.unclaimed:
            return CreditState.EXPECTED
        return CreditState.CLAIMED if self.claimed else CreditState.GRANTED


def standing(session: Session, book: PlanBook, carrier: str = "") -> list[Credit]:
    """Every credit of a carrier (of all when none is named), the first to expire first."""
    paid_over = _over(session)
    lost = _by_key(session, chart.CREDITS_LOST)
    whose = carriers.of_keys(session, book, {*paid_over, *lost})
    others = _of_others(session, book, paid_over)
    mine = {of for key in {*whose, *others} for of in (whose.get(key), *others.get(key, ()))}
    if not whose or (carrier and carrier not in mine):
        return []
    months = {month for _, _, month in whose}

    def to(connection_id: str, key: Key) -> _To:
        """Whose credit a claim or a taking is of: the plan's own carrier's where it names no other that was paid."""
        return (connection_id if connection_id in others.get(key, ()) else whose.get(key, ""), *key)

    paid, taken = _paid(session, months), _by_carrier(_taken(session, months), to)
    billed, claims = _billed(session, months), _by_carrier(_claims(session, book, whose), to)
    waiting = _by_carrier({one: [worth] for one, worth in _owed_claims(session, WAITING).items()}, to)
    found = []
    for key, own in whose.items():
        rest, gone, paid_own, billed_own = paid_over.get(key, 0), lost.get(key, 0), paid.get(key, 0), dict(billed[key])
        for other, amount in others.get(key, {}).items():
            granted = max(0, amount - billed_own.pop(other)) if other in billed_own else 0
            part, it = min(amount, rest), (other, *key)
            asked, after = unanswered(claims[it], taken[it])
            sums = (part, min(granted, part), asked, sum(waiting[it]), after, 0)
            found.append(_credit(session, book, other, key, sums, of_other=True))
            rest, paid_own = rest - part, paid_own - amount
        granted = min(max(0, paid_own - sum(billed_own.values())), rest + gone) if billed_own else 0
        if rest or gone:
            it = (own, *key)
            asked, after = unanswered(claims[it], taken[it])
            found.append(_credit(session, book, own, key, (rest, granted, asked, sum(waiting[it]), after, gone)))
    return sorted(
        (one for one in found if carrier in ("", one.carrier)),
        key=lambda one: (one.claim_by or date.max, one.carrier, one.plan, one.person_id or ""),
    )


_To = tuple[str, str | None, str, str]
"""A carrier, and the person, plan and month of cover."""


_One = TypeVar("_One")


def _by_carrier(
    found: Mapping[_To, Sequence[_One]], to: Callable[[str, Key], _To]
) -> defaultdict[_To, list[_One]]:  # fmt: skip
    """The same by the carrier whose credit it is of."""
    told: defaultdict[_To, list[_One]] = defaultdict(list)
    for (connection_id, *key), several in found.items():
        told[to(connection_id, (key[0], str(key[1]), str(key[2])))] += several
    return told


def _of_others(session: Session, book: PlanBook, over: Mapping[Key, int]) -> dict[Key, dict[str, int]]:
    """What carriers that do not insure the plan were paid of what was paid too much: key -> carrier -> amount.

    What a person has given up of it, and is posted out, is nobody's credit: what is left of the key is the own one's.
    """
    if not over:
        return {}
    rows = session.rows(
        select(difference).where(
            *session.where(difference, relation=Relation.PREMIUM.value, type=Type.BILLED_NOT_ENROLLED.value),
            session.among(difference.c.period, sorted({month for _, _, month in over})), posted_out(),
        )
    )  # fmt: skip
    out = {(carriers.told_by(book, row)[0], row.person_id, row.plan, row.period) for row in rows}
    found: dict[Key, dict[str, int]] = {}
    for carrier, sums in paid_by_key(session, book, {month for _, _, month in over}).items():
        for key, amount in sums.items():
            plan = book.find(key[1])
            other = plan is not None and plan.carrier not in (None, carrier)
            if key in over and amount > 0 and other and (carrier, *key) not in out:
                found.setdefault(key, {})[carrier] = amount
    return found


def _credit(
    session: Session, book: PlanBook, carrier: str, key: Key, amounts: tuple[int, int, int, int, int, int],
    of_other: bool = False,
) -> Credit:  # fmt: skip
    person_id, plan, month = key
    amount, granted, asked, waiting, late, lost = amounts
    claimed = min(asked, max(0, amount + lost - granted))
    underway = min(waiting, max(0, amount - granted - claimed))
    late = min(late, max(0, amount + lost - granted - claimed))
    return Credit(
        session.id("crd", carrier, person_id or "-", plan, month), carrier, person_id, plan, month, amount,
        granted, claimed, underway, late, lost, book.terms(carrier).claim_by(Month.parse(month)), session.today(),
        of_other,
    )  # fmt: skip


def _by_key(session: Session, account: str, months: set[str] | None = None) -> dict[Key, int]:
    by = ("person_id", "plan", "coverage_month")
    return {
        (one.dimensions["person_id"], one.dimensions["plan"], one.dimensions["coverage_month"]): one.amount
        for one in ledger.balances(session, [account], by=by)
        if one.dimensions["plan"] and (months is None or one.dimensions["coverage_month"] in months)
    }


def _over(session: Session) -> dict[Key, int]:
    """What was paid beyond what is owed; of a month that nothing was accrued for, a payment is only early."""
    found = {key: amount for key, amount in _by_key(session, chart.PREMIUM_PAYABLE).items() if amount > 0}
    if not found:
        return {}
    accrued = {
        row.coverage_month
        for row in session.rows(
            select(leg.c.coverage_month)
            .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
            .where(
                leg.c.employer_id == session.employer, leg.c.account == chart.PREMIUM_PAYABLE,
                entry.c.type == "premium.accrued", leg.c.coverage_month.in_(sorted({month for _, _, month in found})),
            )
            .distinct()
        )
    }  # fmt: skip
    return {key: amount for key, amount in found.items() if key[2] in accrued}


def _paid(session: Session, months: set[str]) -> dict[Key, int]:
    return {key: -amount for key, amount in _by_key(session, chart.CARRIER_TRANSIT, months).items()}


def _taken(session: Session, months: set[str]) -> dict[_To, list[tuple[date, int]]]:
    """What payments have taken back so far, by lines below zero, and on which day; of whom no payment says: of ""."""
    sent, back = entry.c.type == "premium.remitted", entry.c.type == "premium.remitted.reversed"
    keys = (dispatch.c.connection_id, leg.c.person_id, leg.c.plan, leg.c.coverage_month, entry.c.effective_date)
    rows = session.rows(
        select(*keys, func.sum(leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .outerjoin(dispatch, (dispatch.c.employer_id == leg.c.employer_id) & (dispatch.c.dispatch_id == leg.c.batch))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.CARRIER_TRANSIT,
            leg.c.coverage_month.in_(sorted(months)),
            or_(and_(sent, leg.c.amount > 0), and_(back, leg.c.amount < 0)),
        )
        .group_by(*keys)
    )
    found: dict[_To, list[tuple[date, int]]] = {}
    for row in rows:
        found.setdefault((row.connection_id or "", row.person_id, row.plan, row.coverage_month), []).append(
            (row.effective_date, int(row.amount))
        )
    return found


def _billed(session: Session, months: set[str]) -> defaultdict[Key, dict[str, int]]:
    """What each carrier's bills say for a month of cover by now; zero too where a line was taken back whole."""
    found: defaultdict[Key, dict[str, int]] = defaultdict(dict)
    rows = session.rows(
        select(
            confirmation.c.connection_id, confirmation.c.person_id, confirmation.c.plan, confirmation.c.coverage_month,
            func.sum(case((confirmation.c.current == 1, confirmation.c.amount), else_=0)).label("amount"),
        )
        .where(
            *session.where(confirmation, kind="invoice_line"),
            confirmation.c.coverage_month.in_(sorted(months)),
            confirmation.c.plan.is_not(None),
        )
        .group_by(
            confirmation.c.connection_id, confirmation.c.person_id, confirmation.c.plan, confirmation.c.coverage_month
        )
    )  # fmt: skip
    for row in rows:
        found[row.person_id, row.plan, row.coverage_month][row.connection_id] = int(row.amount)
    return found


@dataclass(frozen=True, slots=True)
class PaidOtherwise:
    """A person, plan and month of cover of which another amount was paid than is billed by now; minor units."""

    carrier: str
    """Whose bill it is, and who was paid: another one than the plan's may bill it, too. Empty where nobody knows."""
    person_id: str | None
    plan: str
    month: str
    amount: int
    """Paid less billed."""
    billed: bool
    """Whether any bill of now has a line of it."""


def paid_otherwise(session: Session, book: PlanBook, until: Month, since: Month | None) -> list[PaidOtherwise]:
    """Where what was paid of a month is not its bill as it stands by now; of this month of cover and earlier ones.

    What was billed for a month before `since`, and of which nothing was paid, is left out: it was never owed here. What
    no payment of the hub's made is of the plan's carrier, also of a plan that was dropped since.
    """
    of = {plan.id: plan.carrier for plan in book.insurance_plans() if plan.carrier}
    found = _paid_otherwise(session, of, until, since)
    dropped = {one.plan: plan.carrier for one in found if not one.carrier
               and (plan := book.find(one.plan)) is not None and plan.carrier}  # fmt: skip
    return _paid_otherwise(session, of | dropped, until, since) if dropped else found


def _paid_otherwise(
    session: Session, of: Mapping[str, str], until: Month, since: Month | None
) -> list[PaidOtherwise]:  # fmt: skip
    """As `paid_otherwise`, with the carrier of each plan."""
    own = [(leg.c.plan == plan, carrier) for plan, carrier in of.items()]
    to = func.coalesce(dispatch.c.connection_id, case(*own, else_="") if own else "")
    of_it = (leg.c.employer_id == entry.c.employer_id) & (leg.c.entry_id == entry.c.entry_id)
    paid = (
        select(
            to.label("carrier"), leg.c.person_id, leg.c.plan, leg.c.coverage_month, (-leg.c.amount).label("amount"),
            literal(0).label("billed"), literal(1).label("paid"),
        )
        .join(entry, of_it)
        .outerjoin(
            dispatch, (dispatch.c.employer_id == leg.c.employer_id) & (dispatch.c.dispatch_id == leg.c.batch)
        )
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.CARRIER_TRANSIT,
            leg.c.plan.is_not(None), leg.c.coverage_month <= str(until),
            entry.c.type.in_(("premium.remitted", "premium.remitted.reversed")),
        )
    )  # fmt: skip
    billed = select(
        confirmation.c.connection_id, confirmation.c.person_id, confirmation.c.plan, confirmation.c.coverage_month,
        (-confirmation.c.amount).label("amount"), literal(1).label("billed"), literal(0).label("paid"),
    ).where(
        *session.where(confirmation, kind="invoice_line", current=1),
        confirmation.c.coverage_month <= str(until), confirmation.c.coverage_month != "",
    )  # fmt: skip
    both = union_all(paid, billed).subquery()
    keys = (both.c.carrier, both.c.person_id, both.c.plan, both.c.coverage_month)
    told = func.sum(both.c.billed).label("told")
    mine = func.sum(both.c.paid) > 0
    rows = session.rows(
        select(*keys, func.sum(both.c.amount).label("amount"), told)
        .group_by(*keys)
        .having(and_(func.sum(both.c.amount) != 0, or_(mine, both.c.coverage_month >= str(since)) if since else mine))
        .order_by(*keys)
    )
    return [
        PaidOtherwise(row.carrier, row.person_id, row.plan, row.coverage_month, int(row.amount), row.told > 0)
        for row in rows
        if row.plan is not None
    ]


def claims_of(session: Session, credit_id: str) -> Sequence[Row[Any]]:
    """The claims of one credit, in order."""
    return session.rows(
        select(credit_claim).where(*session.where(credit_claim, credit_id=credit_id)).order_by(credit_claim.c.claim_no)
    )


def _claims(session: Session, book: PlanBook, whose: Mapping[Key, str]) -> dict[_To, list[Claim]]:
    """What was claimed by a person's word, always in time, and by fixes that have left (see `fix_claims`).

    A claim that a person sends has left on the day on which he says so.
    """
    claims: dict[_To, list[Claim]] = {}
    for row in session.rows(select(credit_claim).where(*session.where(credit_claim))):
        it = (row.connection_id, row.person_id, row.plan, row.coverage_month)
        claims.setdefault(it, []).append(Claim(row.claimed_on, int(row.amount), late=False))
    for it, day, worth in _left_claims(session):
        last = book.terms(whose.get(it[1:], "")).claim_by(Month.parse(it[3]))
        claims.setdefault(it, []).append(Claim(day, worth, late=last is not None and day > last))
    return claims


def _left_claims(session: Session) -> list[tuple[_To, date, int]]:
    """What fixes claim that have left, and the day on which they left."""
    rows = session.rows(
        select(obligation.c.connection_id, obligation.c.person_id, obligation.c.plan, obligation.c.period,
               obligation.c.worth_minor, dispatch.c.sent_at)
        .join(dispatch, (dispatch.c.employer_id == obligation.c.employer_id)
              & (dispatch.c.dispatch_id == obligation.c.dispatch_id))
        .where(*session.where(obligation, kind=CLAIM), obligation.c.state.in_(LEFT))
    )  # fmt: skip
    return [
        ((row.connection_id, row.person_id, row.plan, row.period),
         session.day_of(row.sent_at) if row.sent_at else session.today(), int(row.worth_minor))
        for row in rows
    ]  # fmt: skip


def _told_claims(session: Session) -> dict[Key, int]:
    keys = (credit_claim.c.person_id, credit_claim.c.plan, credit_claim.c.coverage_month)
    rows = session.rows(
        select(*keys, func.sum(credit_claim.c.amount).label("amount"))
        .where(*session.where(credit_claim))
        .group_by(*keys)
    )
    return {(row.person_id, row.plan, row.coverage_month): int(row.amount) for row in rows}


def _owed_claims(session: Session, states: Sequence[str]) -> dict[_To, int]:
    keys = (obligation.c.connection_id, obligation.c.person_id, obligation.c.plan, obligation.c.period)
    rows = session.rows(
        select(*keys, func.sum(obligation.c.worth_minor).label("amount"))
        .where(*session.where(obligation, kind=CLAIM), obligation.c.state.in_(states))
        .group_by(*keys)
    )
    return {(row.connection_id, row.person_id, row.plan, row.period): int(row.amount) for row in rows}


def asked(session: Session, key: Key) -> int:
    """What stands claimed from the carrier in either way, or is about to be, and what it has not given back yet."""
    person_id, plan, month = key
    fixes = sum(worth for it, worth in _owed_claims(session, (*LEFT, *WAITING)).items() if it[1:] == key)
    claims = _told_claims(session).get(key, 0) + fixes
    given = session.connection.execute(
        select(func.sum(-confirmation.c.amount)).where(
            *session.where(confirmation, kind="invoice_line", current=1, plan=plan, coverage_month=month),
            confirmation.c.person_id == person_id, confirmation.c.amount < 0,
        )
    ).scalar()  # fmt: skip
    taken = sum(amount for it, all_of in _taken(session, {month}).items() if it[1:] == key for _, amount in all_of)
    return max(0, claims - max(int(given or 0), taken))


def settle(session: Session, book: PlanBook) -> Outcome:
    """Bring the differences about credits up to date."""
    read_to = session.latest_seq()
    found = list(findings(book, standing(session, book)))
    return settle_within(session, Relation.CREDIT, "credit/", found, session.today(), read_to)


def findings(book: PlanBook, credits: Sequence[Credit]) -> Iterator[Finding]:
    """What must be claimed soon, and what nobody claimed in time."""
    for one in credits:
        never = one.unclaimed + one.lost - one.late
        if one.late:
            yield _finding(
                book, one, Type.CLAIMED_LATE, one.late,
                f"it was claimed after the carrier's last day, {one.claim_by}: it may be refused, and counts as lost",
                "Ask the carrier for its answer; if it refuses, dismiss this with who decided it",
            )  # fmt: skip
        if one.state is CreditState.EXPIRED and never > 0:
            yield _finding(
                book, one, Type.CREDIT_EXPIRED, never,
                f"premium paid too much was not claimed by {one.claim_by}: the carrier refuses it now",
                "It is a loss; ask the carrier for goodwill all the same, then dismiss this with who decided it",
            )  # fmt: skip
        elif one.state is CreditState.EXPECTED and _soon(book, one):
            yield _finding(
                book, one, Type.CREDIT_EXPIRING, one.unclaimed,
                f"{format_minor(one.unclaimed)} paid too much; the carrier takes no claim after {one.claim_by}",
                f"Claim it now, and say so: benehub premiums claim {one.credit_id}" if one.claimable
                else "A claim of it waits: send it, and say so: benehub dispatches settle --has (benehub fixes list)",
            )  # fmt: skip


def _soon(book: PlanBook, one: Credit) -> bool:
    return one.claim_by is not None and (one.claim_by - one.today).days <= book.terms(one.carrier).credit_alarm_days


def _finding(book: PlanBook, one: Credit, kind: Type, worth: int, cause: str, action: str) -> Finding:
    return Finding(
        Relation.CREDIT, kind, one.month, f"credit/{one.credit_id}", "carrier", "finance", cause, action,
        person_id=one.person_id, plan=one.plan, expected=worth, actual=0, unit=book.employer.currency,
    )  # fmt: skip
