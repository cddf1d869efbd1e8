"""`benehub enrollments`: who is covered, what carriers are told of it, and what they answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from benehub.cli.known import carriers
from benehub.cli.opening import CLEAR, DRY_RUN, EMPLOYER, JSON, opened
from benehub.cli.opening import day as to_day

if TYPE_CHECKING:
    from benehub.cli.opening import Desk
    from benehub.connect.connector import Item
    from benehub.views.outgoing import Outgoing

app = typer.Typer(no_args_is_help=True, help="Who is covered, what carriers are told, and what they answered.")

CARRIER = typer.Argument("", help="Connection of the carrier; all of the plan book's when left out.")
FULL = typer.Option(False, "--full", help="The full file: everybody whom the carrier shall cover.")
DAY = typer.Option("", "--day", help="Day it is looked at, as 2026-11-13; today when left out.")


@app.command()
def decide(day: str = DAY, employer: str = EMPLOYER, dry_run: bool = DRY_RUN, as_json: bool = JSON) -> None:
    """Bring coverage up to date: elections, cut by what the eligibility rules allow, each with its reason."""
    from benehub.cli.rehearsal import run_or_try
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        when = str(to_day(day, desk.today()))
        show_counts(f"coverage on {when}", run_or_try(desk, dry_run, "coverage", when, when), as_json)


@app.command()
def adopt(employer: str = EMPLOYER, dry_run: bool = DRY_RUN, as_json: bool = JSON) -> None:
    """Take over what carriers hold already, from their rosters (sync them first), before the first write."""
    from benehub.cli.rehearsal import run_or_try
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        show_counts("adopted", run_or_try(desk, dry_run, "adopt", "adopt"), as_json)


@app.command()
def preview(
    carrier: str = CARRIER,
    full: bool = FULL,
    day: str = DAY,
    employer: str = EMPLOYER,
    clear: bool = CLEAR,
    as_json: bool = JSON,
) -> None:
    """Show what `send` would send, byte by byte: the file, or each family's request; nothing changes anywhere.

    What a request says depends on what the vendor holds, so a vendor reached by requests is asked (reads only).
    """
    with opened(employer) as desk:
        _preview(desk, carrier, full, day, clear, as_json)


@app.command()
def send(
    carrier: str = CARRIER,
    full: bool = FULL,
    day: str = DAY,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Send carriers what changed since their last acknowledgement, as a file or a request a family; or everybody."""
    from benehub.cli.shared import show_counts
    from benehub.errors import DataError

    with opened(employer) as desk:
        if full and not carrier:
            raise DataError("a full file ends whoever is not in it", mend="Name the one carrier that is to get it")
        if dry_run:
            _preview(desk, carrier, full, day, False, as_json)
            return
        when, flow = str(to_day(day, desk.today())), "enrollments.full" if full else "enrollments.send"
        done = {name: desk.run(flow, f"{name}/{when}", name, when) for name in carriers(desk, carrier)}
        show_counts(f"{'full' if full else 'change'} files of {when}", _summed(done), as_json)


@app.command()
def acks(carrier: str = CARRIER, employer: str = EMPLOYER, dry_run: bool = DRY_RUN, as_json: bool = JSON) -> None:
    """Take what carriers answered (sync it first): each member moves on, is refused, or his answer is overdue.

    Acked is the grammar alone; confirmed is who stands on the roster. What is overdue becomes a difference.
    """
    from benehub.cli.console import FOUND
    from benehub.cli.rehearsal import run_or_try
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        names = carriers(desk, carrier)
        done = {name: run_or_try(desk, dry_run, "enrollments.acks", name, name) for name in names}
        show_counts("acknowledged", _summed(done), as_json)
        if any(counts["refused"] or counts["overdue"] for counts in done.values()):
            raise typer.Exit(FOUND)


@app.command()
def answers(
    carrier: str = typer.Argument(..., help="Connection of the carrier."),
    control: str = typer.Option("", "--control", help="Only to the file of this control number, or to this receipt."),
    limit: int = typer.Option(200, "--limit", min=1, max=100_000, help="Newest answers to show."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """List what a carrier answered to our files: TA1, 999 and its own reports, warnings and members named."""
    from benehub.cli.console import emit, table
    from benehub.connections import registry
    from benehub.views.answers import answers as answered

    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        registry.get(session, carrier)
        data = answered(session, carrier, control, limit=limit)
    columns = ("control", "by", "set", "status", "member", "code", "text")
    rows = [[one[name] for name in columns] for one in data]
    emit(data, as_json, table(f"answers of {carrier}", columns, rows, ("control",)))


@app.command()
def status(
    carrier: str = CARRIER,
    state: str = typer.Option("", "--state", help="Only sent, acked, confirmed or refused members."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """List how far each member has come at his carrier: sent, acked, confirmed, refused. 1 where an answer is late."""
    from benehub.cli.console import FOUND, emit, table
    from benehub.errors import DataError
    from benehub.views.members import WORDS, of_carrier

    if state and state not in WORDS:
        raise DataError(f"no state {state[:20]!r}", mend=f"There are: {', '.join(WORDS)}")
    found = []
    with opened(employer) as desk:
        for name in carriers(desk, carrier):
            with desk.hub.open(desk.employer, name) as link:
                acks = link.connector.exchange(link.link.settings).acks
            with desk.store.read(desk.employer) as session:
                found += of_carrier(session, name, acks, (state,) if state else ())
    columns = ("carrier", "member", "state", "says", "since", "due", "overdue", "file")
    rows = [
        (one.carrier, one.member, one.state, one.says, one.since[:10], one.answer_due, "late" if one.overdue else "",
         one.dispatch)
        for one in found
    ]  # fmt: skip
    emit([one.as_json() for one in found], as_json, table("members at their carriers", columns, rows))
    if any(one.overdue for one in found):
        raise typer.Exit(FOUND)


@app.command()
def ageing(
    within: int = typer.Option(90, "--within", min=0, max=366, help="Days ahead that are looked at."),
    day: str = DAY,
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """List children whose cover ends by age: last day, next letter to the family, and the change proposed."""
    from benehub.cli.console import emit, table
    from benehub.views.ageing import upcoming_dependent_ends

    with opened(employer) as desk:
        book, when = desk.book(), to_day(day, desk.today())
        with desk.store.read(desk.employer) as session:
            found = upcoming_dependent_ends(session, book, when, within)
    columns = ("employee", "first name", "plan", "last day", "tax-free until", "next letter", "letter", "tier", "after")
    rows = [
        (
            one.employee, one.first_name, one.plan, one.last_day, one.tax_free_until, one.next_notice or "", one.notice,
            one.tier, one.tier_after,
        )
        for one in found
    ]  # fmt: skip
    emit(
        [one.as_json() for one in found],
        as_json,
        table(f"cover ending by age, {within} days from {when}", columns, rows),
    )


@app.command()
def decisions(
    employee: str = typer.Argument(..., help="Employee number, or the hub's id (per_...)."),
    plan: str = typer.Option("", "--plan", help="Only of this plan."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """List what was decided on an employee's cover, also every refusal, the newest first; see `benehub why ID`."""
    from benehub.cli.console import emit, table
    from benehub.views.decisions import decisions as ask

    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        found = ask(session, employee, plan)
    columns = ("decision", "plan", "election from", "status", "covered", "rule", "stands in the way")
    rows = [
        (
            one.decision, one.plan, one.election_from, one.status, "; ".join(one.covered), one.rule,
            "; ".join(one.stands_in_the_way),
        )
        for one in found
    ]  # fmt: skip
    emit([one.as_json() for one in found], as_json, table(f"decisions on {employee}", columns, rows))


def _preview(desk: Desk, carrier: str, full: bool, day: str, clear: bool, as_json: bool) -> None:
    from benehub.cli.rehearsal import rehearsal
    from benehub.cli.shared import frozen, show_outgoing
    from benehub.errors import DataError
    from benehub.flows import enrollment_families, enrollments

    when = to_day(day, desk.today())
    counts: dict[str, int] = {}
    ids: list[str] = []
    with rehearsal(desk.hub) as hub:
        for name in carriers(desk, carrier):
            want = enrollments.want_full if full else enrollments.want_changes
            freeze = enrollments.freeze_full if full else enrollments.freeze_changes
            counts[name] = want(hub, desk.employer, name, when)
            ids += freeze(hub, desk.employer, name)
            if full and (why := enrollments.held_whole(hub, desk.employer, name)):
                raise DataError(why, where=f"connection {name}", mend="Mend the data it names")
        shown = frozen(hub, desk.employer, ids, clear)
        items = enrollment_families.thawed(hub, desk.employer, ids)
    # The vendor is asked once the rehearsal is over: what he takes his time for must hold up nobody here.
    shown = _with_requests(desk, shown, items, clear)
    show_outgoing(f"{'full file' if full else 'changes'} of {when}", counts, shown, as_json)


def _with_requests(desk: Desk, shown: list[Outgoing], items: dict[str, Item], clear: bool) -> list[Outgoing]:
    """What is shown, with the request of each family as the vendor's state of now makes it."""
    from dataclasses import replace

    from benehub.flows import enrollment_families
    from benehub.views.outgoing import masked

    told: dict[str, str] = {}
    for connection in dict.fromkeys(one.connection for one in shown if one.dispatch in items):
        mine = [one.dispatch for one in shown if one.connection == connection and one.dispatch in items]
        asked = enrollment_families.calls(desk.hub, desk.employer, connection, [items[one] for one in mine])
        for dispatch_id, call in zip(mine, asked, strict=True):
            text = f"{call.place}\n{call.body}" if call.place else call.why
            told[dispatch_id] = text if clear else masked(text, [dict(items[dispatch_id].content)])
    return [replace(one, request=told.get(one.dispatch, "")) for one in shown]


def _summed(done: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What each carrier's run gave, and the states of their dispatches taken together."""
    states = ("held", "refused", "failed", "unknown")
    total = {state: sum(int(counts.get(state, 0)) for counts in done.values()) for state in states}
    return {**done, **{state: number for state, number in total.items() if number}}
