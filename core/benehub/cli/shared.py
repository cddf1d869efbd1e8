"""What several command groups show: counts of a flow, and dispatches with what was frozen in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer
from rich.markup import escape
from rich.panel import Panel

from benehub.cli.console import FOUND, NEEDS_PERSON, emit, fields, out

if TYPE_CHECKING:
    from benehub.flows import Hub
    from benehub.views.outgoing import Outgoing

MAX_PANELS = 50
"""Dispatches whose content is shown to a person; `--json` gives all of them."""


def show_counts(title: str, counts: Mapping[str, Any], as_json: bool) -> None:
    """Print what a flow counted; ends with an exit code when something was held, refused, failed or lacks a price."""
    emit(counts, as_json, fields(title, counts))
    if counts.get("held") or counts.get("held_people"):
        raise typer.Exit(NEEDS_PERSON)
    if any(counts.get(state) for state in ("refused", "failed", "unknown", "lacking")):
        raise typer.Exit(FOUND)


def show_outgoing(title: str, counts: Mapping[str, Any], shown: Sequence[Outgoing], as_json: bool) -> None:
    """Print what would leave: the counts, then each dispatch with its frozen content."""
    if as_json:
        emit({**counts, "dispatches": [one.as_json() for one in shown]}, True)
        return
    console = out()
    console.print(fields(title, counts))
    for one in shown[:MAX_PANELS]:
        head = f"{one.dispatch}  {one.operation}  {one.items} items"
        worth = f"  {one.worth} {one.currency}" if one.worth.strip("0.") else ""
        name = f"  {one.file}" if one.file else ""
        content = "\n\n".join(filter(None, (readable(one.content), one.request)))
        console.print(Panel(escape(content), title=escape(head + worth + name), title_align="left"))
    if len(shown) > MAX_PANELS:
        console.print(f"... and {len(shown) - MAX_PANELS} more; --json shows all")
    if not shown:
        console.print("nothing would leave")


def readable(content: str) -> str:
    """X12 with a segment a line; anything else as it is."""
    from benehub.views.outgoing import segments

    return "\n".join(segments(content)) or content


def frozen(hub: Hub, employer: str, ids: Sequence[str], clear: bool) -> list[Outgoing]:
    """The dispatches of these ids, for `show_outgoing`."""
    from benehub.views.outgoing import outgoing

    with hub.store.read(employer) as session:
        return outgoing(session, ids, clear)
