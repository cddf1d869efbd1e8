"""`benehub reconcile` and `benehub differences`: compare the systems, and work what does not agree."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import typer

from benehub.cli import fixing
from benehub.cli.opening import DRY_RUN, EMPLOYER, JSON, opened

app = typer.Typer(no_args_is_help=True, help="What does not agree between the systems, until it does.")

NOTE = typer.Option(..., "--note", help="Why, for whoever reads it next year.")
WHO = typer.Option("cli", "--who", help="Who says so; stands in the history.")
ENTRY = typer.Option([], "--entry", help="Ledger entry that settles it (ent_...); may be given several times.")
SENT = typer.Argument(..., help="Contributions sent: ssn,plan,source,pay_date,amount.")
CREDITED = typer.Argument(..., help="A recordkeeper's credits: the same and trade_date.")
DIFFERENCE = typer.Argument(..., help="Id of the difference (dif_...).")

OPEN = ("pending", "discrepancy")
STATES = (*OPEN, "suppressed", "dismissed", "resolved", "replaced")
COLUMNS = ("id", "relation", "type", "employee", "plan", "at_stake", "unit", "state", "owner", "clear_by")


def reconcile(
    relation: str = typer.Argument(..., help="intake, payroll, premium, retirement, accounts, leave, all, or year."),
    period: str = typer.Option("", "--period", "-p", help="Month, as 2026-11; not for year."),
    year: int = typer.Option(0, "--year", help="The year to tie out, as 2026; for year alone."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Compare the systems for a month, or tie out a year; differences open or close. Ends with 1 while any is open."""
    from benehub.cli.console import FOUND, emit, fields, table
    from benehub.cli.rehearsal import DirectSteps, rehearsal
    from benehub.errors import DataError
    from benehub.flows.reconciling import reconcile_month
    from benehub.periods import Month
    from benehub.reconcile import MONTHLY
    from benehub.views.clearing import clearing

    if (relation == "year") != bool(year) or bool(period) == bool(year):
        raise DataError(
            "a month is compared by relation and --period, a year by `year` and --year",
            mend="As in: benehub reconcile all -p 2026-11, or benehub reconcile year --year 2026",
        )
    if year:
        _tie_out(year, employer, dry_run, as_json)
        return
    known = [one.value for one in MONTHLY]
    if relation not in (*known, "all"):
        raise DataError(f"nothing to compare is named {relation!r}", mend=f"Name one: {', '.join(known)} or all")
    with opened(employer) as desk:
        book, month, names = desk.book(), Month.parse(period), known if relation == "all" else [relation]
        if dry_run:
            with rehearsal(desk.hub) as hub:
                counts: Any = reconcile_month(hub, DirectSteps(), desk.employer, str(month), names)  # type: ignore[arg-type]  # it steps like Steps
                with hub.store.read(desk.employer) as session:
                    rows, accounts = _rows(session, OPEN, str(month), names), clearing(session, book, month)
        else:
            counts = desk.run("reconcile", f"{relation}/{month}", str(month), names)
            with desk.store.read(desk.employer) as session:
                rows, accounts = _rows(session, OPEN, str(month), names), clearing(session, book, month)
        left = {one.name: _money(one.unexplained) for one in accounts if one.unexplained}
        data = {"period": str(month), "relations": counts, "open": rows, "unexplained": left}
        shown = [
            fields(f"compared {month}", {name: one.get("state", one) for name, one in counts.items()}),
            table("open", COLUMNS, [_cells(r) for r in rows], ("at_stake",)),
        ]
        if relation == "all":
            shown.append(fields("clearing balances no item explains", left or {"none": "all are explained"}))
        emit(data, as_json, *shown)
        if any(row["state"] == "discrepancy" for row in rows):
            raise typer.Exit(FOUND)


def _tie_out(year: int, employer: str, dry_run: bool, as_json: bool) -> None:
    """Show each item's totals on both sides, and whose amounts differ."""
    from benehub.cli.console import FOUND, emit, table
    from benehub.cli.rehearsal import DirectSteps, rehearsal
    from benehub.flows.reconciling import reconcile_year
    from benehub.money import format_minor
    from benehub.reconcile.year import period as month_of

    with opened(employer) as desk:
        if dry_run:
            with rehearsal(desk.hub) as hub:
                done: Any = reconcile_year(hub, DirectSteps(), desk.employer, year)  # type: ignore[arg-type]  # it steps like Steps
                with hub.store.read(desk.employer) as session:
                    rows = _rows(session, OPEN, month_of(year), ["year"])
        else:
            done = desk.run("reconcile.year", str(year), year)
            with desk.store.read(desk.employer) as session:
                rows = _rows(session, OPEN, month_of(year), ["year"])
        unit = desk.book().employer.currency
        columns = ("pair", "item", "expected", "actual", "persons", "differing")
        totals = [
            (one["pair"], one["item"], format_minor(one["expected_minor"], unit),
             format_minor(one["actual_minor"], unit), str(one["persons"]), str(one["differing"]))
            for one in done["totals"]
        ]  # fmt: skip
        shown = (
            table(f"{year}, {unit}", columns, totals, columns[2:]),
            table("open", COLUMNS, [_cells(row) for row in rows], ("at_stake",)),
        )
        emit({"year": year, "totals": done["totals"], "open": rows}, as_json, *shown)
        if any(row["state"] == "discrepancy" for row in rows):
            raise typer.Exit(FOUND)


@app.command("list")
def list_(
    period: str = typer.Option("", "--period", "-p", help="Only of this month, as 2026-11."),
    relation: str = typer.Option("", "--relation", help="Only of this relation."),
    state: str = typer.Option(
        "", "--state", help="In this state (resolved, dismissed, ...); the open ones when left out."
    ),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """List differences, the most at stake first within each relation."""
    from benehub.cli.console import emit, table
    from benehub.cli.known import must_know
    from benehub.periods import Month
    from benehub.reconcile import Relation

    must_know("state of a difference", state, STATES, "--state")
    must_know("relation", relation, Relation, "--relation")
    if period:
        Month.parse(period)
    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        rows = _rows(session, (state,) if state else OPEN, period, [relation] if relation else [])
        emit(rows, as_json, table("differences", COLUMNS, [_cells(row) for row in rows], ("at_stake",)))


@app.command()
def show(difference: str = DIFFERENCE, employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """Show one difference: both sides, cause, what to do next, and its history."""
    from benehub.cli.console import emit, fields, table
    from benehub.views.why import why

    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        found = why(session, difference)
        history = found.data["history"]
        shown = {name: value for name, value in found.data.items() if name != "history"}
        columns = ("at", "who", "state", "work_step", "note")
        rows = [[one[name] for name in columns] for one in history]
        emit(found.data, as_json, fields(found.title, shown), table("history", columns, rows))


@app.command()
def resolve(
    difference: str = DIFFERENCE,
    note: str = NOTE,
    entry: list[str] = ENTRY,
    who: str = WHO,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
) -> None:
    """Say that a difference is settled, and how; it opens again if a comparison still finds it later.

    What is at stake is linked to the ledger entries that made it right: those named, else those that `differences show`
    proposes; where there are none, it cannot be resolved.
    """
    _act(difference, employer, dry_run, who, state="resolved", note=note, entries=entry)


@app.command()
def dismiss(
    difference: str = DIFFERENCE,
    note: str = NOTE,
    who: str = WHO,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
) -> None:
    """Say that a difference is none, and why; it stays dismissed when it is seen again."""
    _act(difference, employer, dry_run, who, state="dismissed", note=note)


@app.command()
def reopen(
    difference: str = DIFFERENCE,
    note: str = NOTE,
    who: str = WHO,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
) -> None:
    """Take a dismissal back, and say why: the difference is open again, and what it had posted is taken back."""
    _act(difference, employer, dry_run, who, state="reopened", note=note)


@app.command()
def step(
    difference: str = DIFFERENCE,
    to: str = typer.Argument(..., help="acknowledged, waiting_on_partner (or _payroll, ...), fix_proposed."),
    note: str = typer.Option("", "--note", help="What was done or asked."),
    who: str = WHO,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
) -> None:
    """Note where the work on a difference stands."""
    _act(difference, employer, dry_run, who, step=to, note=note)


@app.command()
def assign(
    difference: str = DIFFERENCE,
    to: str = typer.Argument(..., help="Id or email address of the user who is to work it; `nobody` to take it away."),
    note: str = typer.Option("", "--note", help="What for."),
    who: str = WHO,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
) -> None:
    """Give a difference to somebody."""
    _act(difference, employer, dry_run, who, to="" if to == "nobody" else to, note=note)


@app.command()
def suppress(
    relation: str = typer.Option(..., "--relation", help="Relation, as premium."),
    type_: str = typer.Option(..., "--type", help="Type, as RATE_DIFF."),
    plan: str = typer.Option("", "--plan", help="Only of this plan."),
    up_to: str = typer.Option(
        "", "--up-to", help="Only up to this amount, as 0.02, or hours of leave; any if left out."
    ),
    until: str = typer.Option(..., "--until", help="Last day of the rule, as 2026-12-31; a year ahead at most."),
    note: str = NOTE,
    who: str = WHO,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
) -> None:
    """Set such differences aside until a day, from the next comparison on; they stay listed, as suppressed."""
    from benehub.cli.console import say
    from benehub.cli.opening import day
    from benehub.cli.rehearsal import rehearsal
    from benehub.flows import reconciling
    from benehub.reconcile.suppression import parse_up_to

    with opened(employer) as desk, rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
        ends = day(until, desk.today())
        limit = parse_up_to(up_to, relation, type_, desk.book().employer.currency)
        made = reconciling.set_aside(hub, desk.employer, relation, type_, plan or None, limit, ends, who, note)
    say(f"{made}: {relation} {type_} until {ends}{' (dry run)' if dry_run else ''}")


@app.command()
def lift(
    rule: str = typer.Argument(..., help="Id of the rule (sup_...)."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
) -> None:
    """End a rule now; the next comparison brings back what it set aside."""
    from benehub.cli.console import say
    from benehub.cli.rehearsal import rehearsal
    from benehub.flows import reconciling

    with opened(employer) as desk, rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
        reconciling.lift(hub, desk.employer, rule)
    say(f"{rule}: lifted{' (dry run)' if dry_run else ''}")


@app.command()
def rules(employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """List the rules that set differences aside, with who made them, why, and until when."""
    from dataclasses import asdict

    from benehub.cli.console import emit, table
    from benehub.reconcile import suppressions

    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        data = [asdict(one) | {"ends": str(one.ends)} for one in suppressions(session)]
    columns = ("suppression_id", "relation", "type", "plan", "up_to", "ends", "who", "note", "lifted_at")
    emit(data, as_json, table("rules", columns, [[one[name] for name in columns] for one in data]))


app.command("fix")(fixing.propose)


def _act(difference: str, employer: str, dry_run: bool, who: str, **what: Any) -> None:
    from benehub.cli.console import say
    from benehub.cli.rehearsal import rehearsal
    from benehub.flows import reconciling

    with opened(employer) as desk:
        # A rehearsal holds the one write lock: it is opened only where nothing else is to be written.
        with rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
            linked = reconciling.act(hub, desk.employer, difference, who, **what)
        said = what.get("state") or what.get("step") or "assigned"
        if said == "resolved":
            said += f" by {', '.join(linked)}" if linked else "; no money is at stake, so no ledger entry settles it"
        say(f"{difference}: {said}{' (dry run)' if dry_run else ''}")


def _rows(session: Any, states: tuple[str, ...], period: str, relations: list[str]) -> list[dict[str, Any]]:
    from benehub import reconcile as room
    from benehub.identity import people
    from benehub.views.amounts import amount

    members = {person_id: row.member_id for person_id, row in people.people(session).items()}
    return [
        {
            "id": row.difference_id,
            "relation": row.relation,
            "type": row.type,
            "period": row.period,
            "employee": members.get(row.person_id, ""),
            "plan": row.plan,
            "at_stake": amount(row.at_stake, row.unit),
            "unit": row.unit,
            "state": row.state,
            "severity": row.severity,
            "owner": row.owner,
            "work_step": row.work_step,
            "cause": row.cause,
            "action": row.action,
            "clear_by": row.clear_by,
        }
        for row in room.listed(session, states, period)
        if not relations or row.relation in relations
    ]


def _cells(row: dict[str, Any]) -> list[Any]:
    return [row[name] for name in COLUMNS]


def _money(minor: int) -> str:
    from benehub.money import format_minor

    return format_minor(minor)


@app.command()
def files(
    sent: Path = SENT,
    credited: Path = CREDITED,
    due_days: int = typer.Option(7, "--due-days", min=0, max=60, help="Calendar days until the trust must have it."),
    as_json: bool = JSON,
) -> None:
    """Compare two files of contributions without a hub, of any size. Ends with 1 where they differ."""
    from benehub.cli.console import FOUND, emit, table
    from benehub.money import format_minor
    from benehub.reconcile.credit_files import compare

    found = compare(sent, credited, due_days)
    columns = ("type", "participant", "plan", "source", "pay_date", "sent", "credited", "credits", "traded")
    rows = [
        (
            one["type"], f"***-**-{one['ssn'][-4:]}", one["plan"], one["source"], str(one["pay_date"]),
            format_minor(one["sent"]), format_minor(one["credited"]), str(one["credits"]), str(one["traded"] or ""),
        )
        for one in found.iter_rows(named=True)
    ]  # fmt: skip
    data = [dict(zip(columns, row, strict=True)) for row in rows]
    emit(data, as_json, table("differences", columns, rows, ("sent", "credited")))
    if rows:
        raise typer.Exit(FOUND)
