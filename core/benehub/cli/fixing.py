"""`benehub fixes` and `benehub differences fix`: what would put a difference right, and who says that it shall."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import typer

from benehub.cli.known import must_know
from benehub.cli.opening import DRY_RUN, EMPLOYER, JSON, day, opened

if TYPE_CHECKING:
    from benehub.cli.opening import Desk

app = typer.Typer(no_args_is_help=True, help="What puts differences right: proposed, approved, carried out.")

FIX = typer.Argument(..., help="Id of the fix (fix_...).")
DIFFERENCE = typer.Argument(..., help="Id of the difference (dif_...).")
WHO = typer.Option("cli", "--who", help="Who says so; stands in the history.")
NOTE = typer.Option("", "--note", help="Why.")
WHY = typer.Option(..., "--note", help="Why, for whoever reads it next year.")
ACTION = typer.Option(
    "", "--action", help="Kind of fix, as credit_claim; the first that can be proposed when left out."
)
NOTICE = typer.Option(
    "", "--notice-day",
    help="missed_deferral: day the employee was told in writing, as 2026-11-20; half is owed when left out.",
)  # fmt: skip
COLUMNS = ("fix", "action", "state", "employee", "connection", "at_stake", "unit", "proposed_by", "difference")


def propose(
    difference: str = DIFFERENCE,
    action: str = ACTION,
    notice_day: str = NOTICE,
    note: str = NOTE,
    who: str = WHO,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Propose a fix: shows what would leave, byte for byte, and keeps it for somebody to approve.

    What of a credit was claimed by hand is noted by `benehub premiums claim`; credit_claim does not claim it again.
    """
    from rich.text import Text

    from benehub.cli.console import emit, fields
    from benehub.flows import fixes

    with opened(employer) as desk:
        told = day(notice_day, desk.today()) if notice_day else None
        seen = fixes.preview(desk.hub, desk.employer, difference, action, notice_day=told)
        made = "" if dry_run else fixes.propose(desk.hub, desk.employer, difference, who, seen.action, note, told)
        data = {"fix": made, **_told(seen)}
        shown = {name: value for name, value in data.items() if name not in ("fix", "text")}
        emit(data, as_json, fields(made or "would propose", shown), Text(seen.text))


@app.command()
def preview(
    difference: str = DIFFERENCE,
    action: str = ACTION,
    notice_day: str = NOTICE,
    clear: bool = typer.Option(False, "--clear", help="Show SSN, birth date and pay as they are."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Show every kind of fix that could be meant, and what would leave by one of them; nothing is written."""
    from dataclasses import asdict

    from rich.text import Text

    from benehub.cli.console import emit, table
    from benehub.flows import fixes

    with opened(employer) as desk:
        found = fixes.options(desk.hub, desk.employer, difference)
        possible = [one for one in found if not one.why_not and action in ("", one.action)]
        wanted = possible or action or notice_day
        told = day(notice_day, desk.today()) if notice_day else None
        seen = fixes.preview(desk.hub, desk.employer, difference, action, clear, told) if wanted else None
        rows = [(one.action, one.says or "-", one.why_not) for one in found]
        data = {"options": [asdict(one) for one in found], "preview": _told(seen) if seen else None}
        text = seen.text if seen else "" if found else _none(desk, difference)
        emit(data, as_json, table("fixes", ("action", "would", "cannot"), rows), Text(text))


def _none(desk: Desk, difference: str) -> str:
    from benehub.flows import fixes

    return f"{fixes.why_none(desk.hub, desk.employer, difference)}. {fixes.BY_HAND}"


@app.command("list")
def list_(
    state: str = typer.Option("", "--state", help="Only in this state (proposed, approved, carried_out, ...)."),
    difference: str = typer.Option("", "--difference", help="Only of this difference."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """List fixes, the newest first."""
    from benehub.cli.console import emit, table
    from benehub.reconcile.fixes import STATES
    from benehub.views import fixes as view

    must_know("state of a fix", state, STATES, "--state")
    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        found = (
            view.of_difference(session, difference) if difference else view.listed(session, [state] if state else ())
        )
        rows = [one for one in found if state in ("", one["state"])]
        emit(rows, as_json, table("fixes", COLUMNS, [[one[name] for name in COLUMNS] for one in rows], ("at_stake",)))


@app.command()
def show(fix: str = FIX, employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """Show a fix: what it does, what it made owed, and who said what."""
    from rich.text import Text

    from benehub.cli.console import emit, fields, table
    from benehub.views import fixes as view

    with opened(employer) as desk:
        limit = desk.book().guards.alone_up_to_minor
        with desk.store.read(desk.employer) as session:
            data = view.shown(session, fix, limit)
        plain = {name: value for name, value in data.items() if not isinstance(value, list) and name != "preview"}
        past = [[one[name] for name in ("at", "who", "state", "note")] for one in data["history"]]
        owed = [[one[name] for name in ("obligation", "kind", "state", "dispatch")] for one in data["obligations"]]
        emit(
            data, as_json, fields(fix, plain), Text(data["preview"]),
            table("owed", ("obligation", "kind", "state", "dispatch"), owed),
            table("history", ("at", "who", "state", "note"), past),
        )  # fmt: skip


@app.command()
def approve(
    fix: str = FIX, note: str = NOTE, who: str = WHO, employer: str = EMPLOYER, dry_run: bool = DRY_RUN,
    only: bool = typer.Option(False, "--only", help="Only say it; the flows of every day, or `fixes carry`, send it."),
    as_json: bool = JSON,
) -> None:  # fmt: skip
    """Approve a fix and carry it out; above the plan book's amount somebody else than its proposer has to."""
    from benehub.cli.console import emit
    from benehub.cli.rehearsal import rehearsal
    from benehub.cli.shared import show_counts
    from benehub.flows import fixes

    with opened(employer) as desk:
        with rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
            fixes.approve(hub, desk.employer, fix, who, note)
        if dry_run or only:
            emit({"fix": fix, "state": "approved"}, as_json, f"{fix}: approved{' (dry run)' if dry_run else ''}")
            return
        show_counts(fix, desk.run("fixes.carry", fix, fix), as_json)


@app.command()
def carry(fix: str = FIX, employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """Carry out an approved fix, again where it waited."""
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        show_counts(fix, desk.run("fixes.carry", fix, fix), as_json)


@app.command()
def reject(fix: str = FIX, note: str = WHY, who: str = WHO, employer: str = EMPLOYER, dry_run: bool = DRY_RUN) -> None:
    """Say no to a fix, and why."""
    from benehub.flows import fixes

    _say(fixes.reject, "rejected", fix, who, note, employer, dry_run)


@app.command()
def withdraw(
    fix: str = FIX, note: str = WHY, who: str = WHO, employer: str = EMPLOYER, dry_run: bool = DRY_RUN
) -> None:
    """Take back a fix that has not left, with what it made owed; or one that asked a vendor, who refused."""
    from benehub.flows import fixes

    _say(fixes.withdraw, "withdrawn", fix, who, note, employer, dry_run)


def _say(act: Any, state: str, fix: str, who: str, note: str, employer: str, dry_run: bool) -> None:
    from benehub.cli.console import say
    from benehub.cli.rehearsal import rehearsal

    with opened(employer) as desk, rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
        act(hub, desk.employer, fix, who, note)
    say(f"{fix}: {state}{' (dry run)' if dry_run else ''}")


def _told(seen: Any) -> dict[str, Any]:
    from benehub.views.amounts import amount

    return {
        "action": seen.action, "says": seen.says, "at_stake": amount(seen.at_stake, seen.unit), "unit": seen.unit,
        "needs_second": seen.needs_second, "text": seen.text,
    }  # fmt: skip
