"""`benehub retro`: what facts that were told late change, on all legs at once."""

from __future__ import annotations

import typer

from benehub.cli.opening import EMPLOYER, JSON, opened

app = typer.Typer(no_args_is_help=True, help="What facts told late change: pay, premium, carrier, bill, match.")


@app.command()
def preview(
    employee: str = typer.Argument("", help="Employee number or person id; everybody when left out."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Show every leg that changes, with the fact behind it; nothing is written."""
    from benehub.cli.console import emit, fields, table
    from benehub.flows import corrections
    from benehub.flows.corrections import Part
    from benehub.identity import people
    from benehub.views.amounts import amount
    from benehub.views.persons import find_person

    with opened(employer) as desk:
        with desk.store.read(desk.employer) as session:
            who = find_person(session, employee).subscriber_id if employee else ""
        found = corrections.preview(desk.hub, desk.employer, who)
        with desk.store.read(desk.employer) as session:
            numbers = people.member_ids(session, sorted({one.person_id for one in found.found}))
        rows = [
            {
                "employee": numbers[one.person_id], "leg": one.part.value, "plan": one.plan, "month": one.month,
                "amount": amount(one.amount_minor, found.unit), "on": one.on, "says": one.says,
                "causes": list(one.causes),
            }
            for one in found.found
        ]  # fmt: skip
        totals = {part.value: amount(found.total(part), found.unit) for part in Part if part is not Part.CARRIER}
        columns = ("employee", "leg", "plan", "month", "amount", "says", "causes")
        shown = [
            [" ".join(one.causes) if name == "causes" else row[name] for name in columns]
            for row, one in zip(rows, found.found, strict=True)
        ]
        data = {"corrections": rows, "totals": totals, "unit": found.unit, "held": list(found.held)}
        emit(data, as_json, table("corrections", columns, shown, ("amount",)), fields("totals", totals))


@app.command()
def correct(employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """Work every leg out again: cover, premiums, pay, the carriers' changes, match and leave. Nothing is sent by it."""
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        show_counts("corrections", desk.run("retro.correct", "all"), as_json)
