"""An employer joins: its row, its plan book, its connections, and what the vendors hold already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import select

from benehub import connections, facts, ledger, planbook
from benehub.engine import Steps
from benehub.errors import ConfigError
from benehub.flows.acknowledgements import record_told
from benehub.flows.hub import Hub
from benehub.ledger import accounts as chart
from benehub.money import format_minor
from benehub.periods import FOREVER, Interval
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import confirmation, plan_book
from benehub.store.tables import employer as employer_table
from benehub.store.version import must_be


def book_of(employer: str, text: str, name: str) -> PlanBook:
    """A plan book of this employer; another's is not taken, whoever sends it.

    Raises:
        ConfigError: it is wrong, or another employer's.
    """
    book = planbook.load(text, name)
    if book.employer.id != employer:
        raise ConfigError("it is another employer's book", where="employer.id", mend=f"Write id: {employer}")
    return book


def load_plan_book(hub: Hub, text: str, name: str, expected: str = "") -> tuple[str, str]:
    """Check a plan book and put it in force; creates the employer at first sight. Gives employer and version.

    Raises:
        ConfigError: the book is wrong, or lacks a pay group or plan that somebody is in, or a plan whose premium is
            open, or a leave policy of which a balance stands; nothing changes.
        ChangedMeanwhile: the version in force is not the one `expected`, where one is named.
    """
    book = planbook.load(text, name)
    with hub.store.write(book.employer.id) as session:
        if expected:
            session.take_seq(0)  # of two who load at once the second sees the first's
            must_be(expected, in_force(hub.book(session)), "plan book")
        known = session.connection.execute(
            select(employer_table.c.employer_id).where(employer_table.c.employer_id == book.employer.id)
        ).first()
        if known is None:
            row = {
                "name": book.employer.name,
                "country": book.employer.country,
                "currency": book.employer.currency,
                "timezone": book.employer.timezone,
            }
            session.add(employer_table, [{**row, "seq": 0, "recorded_at": "", "ledger_head": ""}])
        else:
            _keeps_who_is_in(hub, session, book, name)
        seq, _ = session.take_seq()
        # The book in force says when the employer's day begins; what stands recorded keeps its moments.
        session.change(employer_table, {}, timezone=book.employer.timezone)
        standing = session.connection.execute(
            select(plan_book.c.version).where(*session.where(plan_book, version=book.version))
        ).first()
        if standing is None:
            session.add(plan_book, [{"version": book.version, "content": text, "seq": seq}])
        else:
            session.change(plan_book, {"version": book.version}, seq=seq)
    return book.employer.id, book.version


def _keeps_who_is_in(hub: Hub, session: Session, book: PlanBook, name: str) -> None:
    """Of the book in force no pay group and no plan may be missing that somebody is in now, or will be: what he pays
    could be worked out no more. Nor may leave of which something stands. Looked for only where something is missing.

    Raises:
        ConfigError: one is; it is named with how many are in it.
    """
    try:
        before = hub.book(session)
    except ConfigError:  # this release reads it no more: the new one is its mend
        return
    groups = before.pay_groups.keys() - book.pay_groups.keys()
    for one, count in sorted(_inside(session, "employment", "pay_group", groups).items()):
        raise ConfigError(
            f"pay group {one!r} is gone, and {count} are in it now or will be", where=name,
            mend="Keep it under pay_groups until nobody is in it: first sync the groups they come to",
        )  # fmt: skip
    plans = {one.id for one in before.plans} - {one.id for one in book.plans}
    for one, count in sorted(_inside(session, "coverage", "plan", plans).items()):
        raise ConfigError(
            f"plan {one!r} is gone, and {count} are in it now or will be", where=name,
            mend="Keep it under plans, and let it end by effective_to",
        )  # fmt: skip
    _keeps_what_is_owed(session, plans, name)
    _keeps_whom_it_is_owed_to(session, before, book, name)
    _keeps_leave_that_stands(session, {one.id for one in before.leave} - {one.id for one in book.leave}, name)


def _keeps_what_is_owed(session: Session, plans: AbstractSet[str], name: str) -> None:
    """No plan may be missing whose premium is owed, or paid too much: nobody could tell any more to which carrier."""
    for plan in sorted(plans):
        found = ledger.balances(session, [chart.PREMIUM_PAYABLE], by=("person_id", "coverage_month"), plan=plan)
        if found:
            amount = format_minor(sum(abs(one.amount) for one in found), found[0].unit)
            raise ConfigError(
                f"plan {plan!r} is gone, and {amount} of its premium is open", where=name,
                mend="Keep it under plans until its premium is paid and its credits are taken; effective_to ends it",
            )  # fmt: skip


_OWED_TO = {
    "carrier": (chart.PREMIUM_PAYABLE,),
    "recordkeeper": (
        chart.DEFERRAL_PAYABLE, chart.MATCH_PAYABLE, chart.LOAN_PAYABLE, chart.EARNINGS_PAYABLE, chart.DEPOSIT_TRANSIT,
    ),
    "custodian": (chart.ACCOUNT_PAYABLE, chart.CUSTODIAN_TRANSIT),
}  # fmt: skip
"""Field of a plan that names whom it is paid to -> the accounts in which something of it may be open with him. What is
on its way to a carrier is known by its payment, and by the plan alone not."""


def _keeps_whom_it_is_owed_to(session: Session, before: PlanBook, book: PlanBook, name: str) -> None:
    """No plan may be another carrier's, recordkeeper's or custodian's while something of it is open with the old one:
    the ledger knows by the plan whose it is, and what the old one is owed, or owes, would be told of the new one."""
    old_plans = {plan.id: plan for plan in before.plans}
    for plan in book.plans:
        for field, accounts in _OWED_TO.items() if plan.id in old_plans else ():
            old, new = getattr(old_plans[plan.id], field), getattr(plan, field)
            if not old or new == old:
                continue
            by = ("person_id", "coverage_month", "pay_date", "money_source")
            found = ledger.balances(session, accounts, by=by, plan=plan.id)
            if found:
                amount = format_minor(sum(abs(one.amount) for one in found), found[0].unit)
                raise ConfigError(
                    f"plan {plan.id!r} moves from {field} {old} to {new or 'none'}, and {amount} of it is open with "
                    f"{old}", where=name,
                    mend="Give the new one's plan an id of its own, and let this one end by effective_to; or load this "
                    f"once nothing of it is open: benehub ledger balances --account {accounts[0]} --by plan",
                )  # fmt: skip


def _keeps_leave_that_stands(session: Session, policies: AbstractSet[str], name: str) -> None:
    """No leave policy may be missing of which somebody has something left, or has taken too much: it would be told to
    nobody any more, and the ledger would go on owing it."""
    for policy in sorted(policies):
        found = ledger.balances(session, [chart.LEAVE_AVAILABLE], by=("person_id",), plan=policy)
        if found:
            count = len({one.dimensions["person_id"] for one in found})
            raise ConfigError(
                f"leave policy {policy!r} is gone, and {count} have a balance of it", where=name,
                mend="Keep it under leave until all of it is taken, lapsed or paid out",
            )  # fmt: skip


def _inside(session: Session, kind: str, field: str, names: AbstractSet[str]) -> Counter[str]:
    found, ahead = Counter[str](), Interval(session.today(), FOREVER)
    for which in facts.ranges(session, kind) if names else ():
        for segments in facts.timelines(session, kind, ahead, subjects=which).values():
            found.update({str(fact.data.get(field)) for fact in segments} & names)
    return found


def in_force(book: PlanBook) -> dict[str, Any]:
    """What of a plan book two people may change."""
    return {"version": book.version}


def connect(hub: Hub, employer: str, wanted: Mapping[str, Mapping[str, Any]]) -> None:
    """Write connections: name -> {connector, settings, mode (live unless said)}.

    Raises:
        ConfigError: a connector that is not installed, or settings it does not accept (as `check_new`).
    """
    known = connections.connectors(hub.plugins)
    with hub.store.write(employer) as session:
        for name, one in wanted.items():
            connector = connections.known(known, str(one["connector"]))
            connections.check_given(session, name, connector, one["settings"])
            connections.add(session, name, connector, one["settings"], str(one.get("mode", "live")))


def adopt(hub: Hub, steps: Steps, employer: str) -> dict[str, int]:
    """Take over what carriers hold already, from their rosters, before the first write."""
    return steps.step("adopt", _adopt, hub, employer)


def _adopt(hub: Hub, employer: str) -> dict[str, int]:
    with hub.store.write(employer) as session, session.gathering():
        held = _roster(session)
        facts.preload(session, "told", held)
        for person_id, covers in sorted(held.items()):
            by_carrier: dict[str, dict[str, Any]] = {}
            for (connection_id, plan_id), state in covers.items():
                by_carrier.setdefault(connection_id, {})[plan_id] = state | {"dependents": sorted(state["dependents"])}
            for connection_id, told in by_carrier.items():
                record_told(session, connection_id, person_id, told, (), "adopted from the roster")
    return {"families": len(held)}


def _roster(session: Session) -> dict[str, dict[tuple[str, str], dict[str, Any]]]:
    """Subscriber -> (connection, plan) -> what the roster says, with the dependents covered under it."""
    rows = session.rows(
        select(confirmation)
        .where(*session.where(confirmation, kind="roster", current=1), confirmation.c.person_id.is_not(None))
        .order_by(confirmation.c.row_key)
    )
    owners = {row.external_id: row.person_id for row in rows if row.external_id == row.reference}
    held: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
    for row in rows:
        subscriber = owners.get(row.reference)
        if subscriber is None:
            continue
        state = held.setdefault(subscriber, {}).setdefault(
            (row.connection_id, row.plan), {"tier": row.tier, "from": "", "to": None, "dependents": []}
        )
        if row.external_id == row.reference:
            state["tier"], state["from"] = row.tier, row.effective_from.isoformat()
            state["to"] = None if row.effective_to == FOREVER else row.effective_to.isoformat()
        else:
            state["dependents"].append(row.person_id)
    return held
