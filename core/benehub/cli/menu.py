"""What the hub's commands are called, where each lives, and the line that `benehub --help` says of it.

The lines stand here so that a help text imports no command: a module is imported when its command is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

if TYPE_CHECKING:
    from typer._click import Command  # typer carries its own copy of click


class Entry(NamedTuple):
    """A command, or a group of commands."""

    place: str
    """`module:name` of the function or the Typer app."""
    line: str
    """The first paragraph of its help."""

    def load(self, name: str) -> Command:
        """The command itself, from its module."""
        module, _, attribute = self.place.partition(":")
        found = getattr(import_module(module), attribute)
        holder = typer.Typer()
        if isinstance(found, typer.Typer):
            holder.add_typer(found, name=name)
        else:
            holder.command(name)(found)
        return get_group(holder).commands[name]


MENU: Mapping[str, Entry] = {
    "demo": Entry(
        "benehub.cli.demo:demo",
        "Run the hub's main job on the built-in sandbox, start to reconciled, faults included.",
    ),
    "init": Entry(
        "benehub.cli.setup:init",
        "Set up an installation here (settings, key file, database, first admin), or bring one up to date.",
    ),
    "doctor": Entry(
        "benehub.cli.setup:doctor",
        "Look at what can be wrong with this installation, each with its mend. Ends with 1 on a problem.",
    ),
    "plugins": Entry(
        "benehub.cli.setup:plugins",
        "List what is loaded: plugins with the hooks they implement, and connectors with what they can do.",
    ),
    "up": Entry(
        "benehub.cli.up:up",
        "Serve pages, the API, webhooks, our SCIM endpoint and metrics, with a worker, until stopped."
        " TLS is a proxy's.",
    ),
    "worker": Entry(
        "benehub.cli.worker:worker",
        "Run what schedules start until it is told to stop (SIGTERM, Ctrl-C). On PostgreSQL as many as wanted.",
    ),
    "backup": Entry(
        "benehub.cli.backups:backup",
        "Write a backup of the database and the artefacts, of one moment, also while workers run; then prove it.",
    ),
    "restore": Entry(
        "benehub.cli.backups:restore",
        "Put a backup back, proven before it takes the place of what is there. Stop every benehub process first.",
    ),
    "sync": Entry(
        "benehub.cli.sync:sync",
        "Read a connection and apply what it says. Ends with 1 on quarantined rows, 3 on a held batch.",
    ),
    "reconcile": Entry(
        "benehub.cli.reconciling:reconcile",
        "Compare the systems for a month, or tie out a year; differences open or close. Ends with 1 while any is open.",
    ),
    "retention": Entry(
        "benehub.cli.statements:retention",
        "Delete runs, webhooks and messages that are done; facts, books and what left or came in stay.",
    ),
    "calc": Entry(
        "benehub.cli.asking:calc",
        "Run any rule on its own, on JSON: result, explanation, what was missing. Ends with 2 on bad input.",
    ),
    "why": Entry(
        "benehub.cli.asking:why",
        "Show the chain of facts, rules and plan books behind an amount, decision, date or difference.",
    ),
    "trace": Entry(
        "benehub.cli.asking:trace",
        "Follow a plan and month through every station, from the HR fact to the confirmation.",
    ),
    "statement": Entry(
        "benehub.cli.asking:statement",
        "Show an employee's benefit status: cover, what was taken and where it is, leave, and what changes next.",
    ),
    "compare": Entry(
        "benehub.cli.comparing:compare",
        "Compare the plan people have with others: as much for less, or who loses. Ends with 1 if none qualifies.",
    ),
    "cost": Entry(
        "benehub.cli.comparing:cost",
        "Show what benefits cost the employer in a month: expected, actual, and per head of those they are for.",
    ),
    "connector": Entry("benehub.cli.connectors:app", "The kinds of systems the hub can speak to."),
    "connection": Entry("benehub.cli.connections:app", "The systems the hub speaks to, configured."),
    "partner": Entry("benehub.cli.partners:app", "Trading partners: what was agreed with each insurer on files."),
    "plan": Entry("benehub.cli.plan:app", "The plan book: what the employer promises, and by when."),
    "enrollments": Entry(
        "benehub.cli.enrollments:app",
        "Who is covered, what carriers are told, and what they answered.",
    ),
    "notices": Entry("benehub.cli.notices:app", "What employees should be told before they ask, sent once each."),
    "deductions": Entry("benehub.cli.deductions:app", "What pay should show, what payroll is told, and what it took."),
    "premiums": Entry("benehub.cli.premiums:app", "What cover costs, what carriers bill, and paying them."),
    "retirement": Entry(
        "benehub.cli.retirement:app",
        "Contributions to the recordkeeper in time, followed to the credit.",
    ),
    "accounts": Entry(
        "benehub.cli.accounts:app",
        "Contributions to the employees' accounts, followed to the custodian.",
    ),
    "leave": Entry("benehub.cli.leave:app", "Leave: hours earned, taken and left, and what leavers are owed."),
    "intake": Entry("benehub.cli.intake:app", "What was read, where every row is, and a person's word on what waits."),
    "differences": Entry("benehub.cli.reconciling:app", "What does not agree between the systems, until it does."),
    "fixes": Entry("benehub.cli.fixing:app", "What puts differences right: proposed, approved, carried out."),
    "retro": Entry("benehub.cli.retro:app", "What facts told late change: pay, premium, carrier, bill, match."),
    "period": Entry("benehub.cli.closing:app", "Close months: check, sign off, report."),
    "dispatches": Entry(
        "benehub.cli.dispatches:app",
        "What leaves, where it stands, and a person's word on what stopped.",
    ),
    "ledger": Entry("benehub.cli.ledger:app", "The ledger: balances, journal, proof and export."),
    "x12": Entry("benehub.cli.x12:app", "X12 files: 834, 820, 999, TA1."),
    "nacha": Entry("benehub.cli.money_files:nacha_app", "NACHA files: ACH payments, returns, notifications of change."),
    "sepa": Entry("benehub.cli.money_files:sepa_app", "SEPA files: pain.001, pain.002, camt.053."),
    "webhooks": Entry("benehub.cli.webhooks:app", "Vendors that call us, and those that hear of our events."),
    "deadlines": Entry("benehub.cli.deadlines:app", "By when what has to leave, and what is late."),
    "statements": Entry(
        "benehub.cli.statements:app",
        "Employees' statements made for everybody, and those that were kept.",
    ),
    "runs": Entry("benehub.cli.runs:app", "What ran, what it counted, and why it failed."),
    "schedule": Entry("benehub.cli.schedule:app", "Which flows start by themselves, and when. A worker runs them."),
    "person": Entry("benehub.cli.person:app", "What a person says about an employee where no system does any more."),
    "people": Entry("benehub.cli.people:app", "Who is who across systems: the unlinked, suggestions, and links."),
    "worlds": Entry(
        "benehub.cli.worlds:app",
        "Made-up employers whose mistakes are known: the proof of reconciliation.",
    ),
    "users": Entry("benehub.cli.users:app", "Users: who may sign in, and what each may do."),
    "tokens": Entry("benehub.cli.tokens:app", "API tokens: what a program may do in a user's name, and for how long."),
    "audit": Entry("benehub.cli.audit:app", "The audit trail: take it along, and see that it is whole."),
}
"""Every command of the hub, in the order of the help text."""


class Commands(MutableMapping[str, "Command"]):
    """The commands of a group by name; one of the menu is loaded when it is taken out."""

    def __init__(self, menu: Mapping[str, Entry], others: Mapping[str, Command]) -> None:
        self._menu = menu
        self._loaded = {name: command for name, command in others.items() if name not in menu}

    def __getitem__(self, name: str) -> Command:
        if name not in self._loaded and name in self._menu:
            self._loaded[name] = self._menu[name].load(name)
        return self._loaded[name]

    def __setitem__(self, name: str, command: Command) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._menu
        yield from (name for name in self._loaded if name not in self._menu)

    def __len__(self) -> int:
        return len(self._menu.keys() | self._loaded.keys())

    def __contains__(self, name: object) -> bool:
        return name in self._menu or name in self._loaded

    def shown(self, name: str) -> Command | None:
        """A command as a list shows it: name and line; nothing is loaded for it."""
        if name in self._menu:
            return TyperCommand(name, help=self._menu[name].line)
        return self._loaded.get(name)


class MenuGroup(TyperGroup):
    """A group that offers the menu, and what plugins add to it."""

    def __init__(self, *, commands: Mapping[str, Command] | None = None, **others: Any) -> None:
        super().__init__(**others)
        self.commands: Commands = Commands(MENU, commands or {})

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # typer vendors click's Context
        """The names, in their order."""
        return list(self.commands)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Command | None:  # type: ignore[override]  # typer vendors click's Context
        """A command for a list of them; `resolve_command` gives the one that runs."""
        return self.commands.shown(cmd_name)

    def resolve_command(  # type: ignore[override]  # typer vendors click's Context
        self, ctx: typer.Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        """The command that the first word names, from its module."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and self.commands[name or ""], rest
