"""`benehub premiums`: what cover costs, what carriers bill, and paying them to the cent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from benehub.cli.opening import CLEAR, DRY_RUN, EMPLOYER, JSON, PERIOD, opened
from benehub.cli.opening import day as to_day
from benehub.cli.opening import month as to_month

if TYPE_CHECKING:
    from benehub.cli.opening import Desk

app = typer.Typer(no_args_is_help=True, help="What cover costs, what carriers bill, and paying them.")

CARRIER = typer.Argument(..., help="Connection of the carrier.")


@app.command()
def accrue(period: str = PERIOD, employer: str = EMPLOYER, dry_run: bool = DRY_RUN, as_json: bool = JSON) -> None:
    """Post the premium of every coverage of the month; what is no longer owed is taken back."""
    from benehub.cli.rehearsal import run_or_try
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        month = to_month(period)
        show_counts(f"premiums of {month}", run_or_try(desk, dry_run, "premiums.accrue", month, month), as_json)


@app.command()
def lacking(period: str = PERIOD, employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """Show the covers of the month whose premium cannot be worked out: whose they are, and what is not known."""
    from benehub.cli.console import emit, table
    from benehub.periods import Month
    from benehub.views.unpriced import unpriced

    with opened(employer) as desk:
        book, month = desk.book(), Month.parse(to_month(period))
        with desk.store.read(desk.employer) as session:
            found = unpriced(session, book, month)
    columns = ("employee", "plan", "lacks")
    rows = [(one.number, one.plan, ", ".join(one.needs)) for one in found]
    told = [{"employee": one.number, "plan": one.plan, "needs": list(one.needs)} for one in found]
    emit(told, as_json, table(f"covers of {month} without a premium", columns, rows))


@app.command()
def preview(
    carrier: str = CARRIER,
    period: str = PERIOD,
    employer: str = EMPLOYER,
    clear: bool = CLEAR,
    as_json: bool = JSON,
) -> None:
    """Show the remittance that `remit` would send, byte by byte; nothing is sent and nothing changes."""
    with opened(employer) as desk:
        _preview(desk, carrier, period, clear, as_json)


@app.command()
def remit(
    carrier: str = CARRIER,
    period: str = PERIOD,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Pay the carrier for a coverage month: lines to the cent, one 820, posted when it has left."""
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        if dry_run:
            _preview(desk, carrier, period, False, as_json)
            return
        month = to_month(period)
        counts = desk.run("premiums.remit", f"{carrier}/{month}", carrier, month)
        show_counts(f"{carrier}: remittance of {month}", counts, as_json)


@app.command()
def confirm(
    dispatch: str = typer.Argument(..., help="Id of the remittance (dis_...), as `remit` printed it."),
    day: str = typer.Option("", "--day", help="Day the money left the bank; today when left out."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Note that bank or carrier confirmed a remittance: what was in transit has left the bank."""
    from benehub.cli.rehearsal import run_or_try
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        when = str(to_day(day, desk.today()))
        counts = run_or_try(desk, dry_run, "premiums.confirm", dispatch, dispatch, when)
        show_counts(f"confirmed on {when}", counts, as_json)


@app.command()
def answers(
    bank: str = typer.Argument(..., help="Connection of the bank."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Take what the bank answered: what is settled has left the bank, what came back is owed again."""
    from benehub.cli.rehearsal import run_or_try
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        counts = run_or_try(desk, dry_run, "premiums.answers", bank, bank)
        show_counts(f"{bank}: answers", counts, as_json)


@app.command()
def invoice(carrier: str = CARRIER, period: str = PERIOD, employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """Show what the carrier billed for a coverage month beside what we accrued, member by member."""
    from benehub.cli.console import emit, table
    from benehub.cli.known import carriers
    from benehub.money import format_minor
    from benehub.views.invoice import invoice as lines_of

    with opened(employer) as desk:
        carriers(desk, carrier)
        book, month = desk.book(), to_month(period)
        with desk.store.read(desk.employer) as session:
            lines = lines_of(session, book, carrier, month)
        unit = book.employer.currency
        rows: list[tuple[str, ...]] = [
            (
                one.member,
                one.plan,
                format_minor(one.billed, unit),
                format_minor(one.accrued, unit),
                format_minor(one.billed - one.accrued, unit),
            )
            for one in lines
        ]
        sums = [sum(one.billed for one in lines), sum(one.accrued for one in lines)]
        rows.append(("total", "", *(format_minor(total, unit) for total in (*sums, sums[0] - sums[1]))))
        columns = ("member", "plan", "billed", "accrued", "difference")
        shown = table(f"{carrier} {month}, {unit}", columns, rows, columns[2:])
        emit([dict(zip(columns, row, strict=True)) for row in rows], as_json, shown)


def _preview(desk: Desk, carrier: str, period: str, clear: bool, as_json: bool) -> None:
    from benehub.cli.rehearsal import rehearsal
    from benehub.cli.shared import frozen, show_outgoing
    from benehub.flows import payment_orders, premiums
    from benehub.periods import Month

    month = Month.parse(period)
    with rehearsal(desk.hub) as hub:
        made = premiums.prepare_remittance(hub, desk.employer, carrier, month)
        money = payment_orders.money_of(hub, desk.employer, carrier, made) if made else {}
        ids = [made, money["dispatch"]] if money else [made] if made else []
        shown = frozen(hub, desk.employer, ids, clear)
    lines = sum(one.items for one in shown[:1])
    show_outgoing(f"{carrier}: remittance of {month}", {"lines": lines}, shown, as_json)


@app.command()
def credits(
    carrier: str = typer.Argument("", help="Connection of the carrier; all when left out."),
    post: bool = typer.Option(False, "--post", help="Post what nobody claimed in time as lost, and tell it."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Show what carriers owe back, until when it can be claimed, and what was claimed, granted or lost."""
    from benehub.cli.console import emit, table
    from benehub.cli.known import carriers
    from benehub.cli.rehearsal import run_or_try
    from benehub.cli.shared import show_counts
    from benehub.views.credits import credits as credits_of

    with opened(employer) as desk:
        carriers(desk, carrier)
        if post:
            show_counts("credits", run_or_try(desk, dry_run, "premiums.credits", "credits"), as_json)
            return
        book = desk.book()
        with desk.store.read(desk.employer) as session:
            rows = credits_of(session, book, carrier)
        columns = ("id", "carrier", "member", "plan", "month", "state", "amount", "unclaimed", "claimed", "granted",
                   "lost", "claim_by")  # fmt: skip
        cells = [tuple(str(row[name]) for name in columns) for row in rows]
        emit(rows, as_json, table("credits of carriers", columns, cells, columns[6:11]))


@app.command()
def claim(
    credit: str = typer.Argument(..., help="Id of the credit (crd_...), as `credits` prints it."),
    note: str = typer.Option(..., "--note", help="How it was claimed."),
    who: str = typer.Option("cli", "--who", help="Who claimed it; stands in the history."),
    reference: str = typer.Option("", "--reference", help="The carrier's number of the claim."),
    amount: str = typer.Option("", "--amount", help="Only so much of it; all that is left when left out."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Note that a credit was claimed from the carrier by hand: it does not expire any more.

    A claim that benehub shall write, have approved and follow is the fix credit_claim of the bill's difference:
    benehub fixes propose. What the one has claimed the other does not claim again.
    """
    from benehub.cli.rehearsal import rehearsal
    from benehub.cli.shared import show_counts
    from benehub.flows.credits import claim as note_claim
    from benehub.money import parse_minor

    with opened(employer) as desk:
        worth = parse_minor(amount, desk.book().employer.currency) if amount else 0
        if dry_run:
            with rehearsal(desk.hub) as hub:
                done = note_claim(hub, desk.employer, credit, who, note, reference, worth)
        else:
            done = note_claim(desk.hub, desk.employer, credit, who, note, reference, worth)
        show_counts(f"claimed {credit}", done, as_json)


@app.command()
def walk(carrier: str = CARRIER, period: str = PERIOD, employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """Show each bill of a month part by part: prior balance, current, retro, fees, payments, credits, due."""
    from benehub.cli.console import emit, fields
    from benehub.cli.known import carriers
    from benehub.periods import Month
    from benehub.views.credits import walk as walk_of

    with opened(employer) as desk:
        carriers(desk, carrier)
        book, month = desk.book(), Month.parse(to_month(period))
        with desk.store.read(desk.employer) as session:
            rows = walk_of(session, book, carrier, month)
        emit(rows, as_json, *(fields(f"{carrier}: invoice {row['invoice']}", row) for row in rows))
