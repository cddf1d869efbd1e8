"""`benehub calc`, `why`, `trace` and `statement`: questions, each answered with its reasons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from benehub.cli.opening import EMPLOYER, JSON, KNOWN_AT, opened
from benehub.cli.opening import day as to_day

if TYPE_CHECKING:
    from rich.tree import Tree

    from benehub.cli.opening import Desk
    from benehub.periods import Month
    from benehub.store import Session
    from benehub.views.statement import Language, Statement
    from benehub.views.why import Answer

INPUT = typer.Option(Path("-"), "--input", help="JSON file with the input; standard input when left out.")
PDF = typer.Option(None, "--pdf", help="Write the statement into this file as a PDF, too.")
PERSON = typer.Argument(..., help="Employee number, or the hub's id (per_...).")


def calc(
    name: str = typer.Argument("", help="The calculator; `--list` shows all."),
    listed: bool = typer.Option(False, "--list", help="List the calculators."),
    schema: bool = typer.Option(False, "--schema", help="Print the JSON Schemas of input and output."),
    example: bool = typer.Option(False, "--example", help="Print an input that works, to start from."),
    file: Path = INPUT,
    as_json: bool = JSON,
) -> None:
    """Run any rule on its own, on JSON: result, explanation, what was missing. Ends with 2 on bad input."""
    import json

    from benehub import plugins
    from benehub.cli.console import FOUND, emit, table
    from benehub.cli.files import read_text
    from benehub.errors import DataError
    from benehub.rules import registry

    registry.load_plugin_rules(plugins.build())
    if listed or not name:
        rows = [(one.name, one.sentence, one.version) for one in registry.all_calculators().values()]
        data = [dict(zip(("name", "sentence", "version"), row, strict=True)) for row in rows]
        emit(data, as_json, table("calculators", ("name", "what", "version"), rows))
        return
    chosen = registry.find_calculator(name)
    if schema:
        emit(chosen.schemas(), True)
        return
    if example:
        emit(dict(chosen.example), True)
        return
    try:
        # Decimals stay text: a rule refuses a number that passed through a binary float.
        given = json.loads(read_text(file), parse_float=str)
    except ValueError:
        raise DataError("the input is no JSON", where=name, mend=f"See `benehub calc {name} --schema`") from None
    if not isinstance(given, dict):
        raise DataError("the input is no JSON object", where=name, mend=f"See `benehub calc {name} --schema`")
    answer = registry.calculate(name, given)
    emit(answer, True)
    if answer["result"] is None:
        raise typer.Exit(FOUND)


def why(
    ref: str = typer.Argument(..., help="A typed id as outputs print it: ent_, dis_, dif_, elg_, obl_, fct_, exp_ ..."),
    known: str = KNOWN_AT,
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Show the chain of facts, rules and plan books behind an amount, decision, date or difference."""
    from benehub.cli.console import emit
    from benehub.rules.registry import load_plugin_rules
    from benehub.views.known import known_at
    from benehub.views.why import why as ask

    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        load_plugin_rules(desk.hub.plugins)
        answer = ask(session, ref, known_at(session, known))
    emit(answer.as_json(), as_json, _tree(answer))


def _tree(answer: Answer) -> Tree:
    from rich.markup import escape
    from rich.tree import Tree

    tree = Tree(f"[bold]{escape(answer.title)}[/] {escape(answer.ref)}")
    for name, value in answer.data.items():
        if isinstance(value, list) and value:
            branch = tree.add(escape(name))
            for one in value:
                branch.add(escape(_line(one)))
        elif value not in (None, "", []):
            tree.add(escape(f"{name}: {_line(value)}"))
    for one in answer.behind:
        tree.add(_tree(one))
    return tree


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_line(part)}" for name, part in value.items() if part not in (None, "", [], {}))
    return ", ".join(map(_line, value)) if isinstance(value, list) else str(value)


def trace(
    employee: str = typer.Argument("", help="Employee number, or per_...; everybody when left out."),
    plan: str = typer.Option("", "--plan", help="Plan's id in the plan book; needed for one employee."),
    month: str = typer.Option(..., "--month", help="Month, as 2026-11."),
    broken: bool = typer.Option(False, "--broken", help="Of everybody: only chains that do not hold."),
    limit: int = typer.Option(200, "--limit", min=1, max=1_000_000, help="Of everybody: so many lines at most."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Follow a plan and month through every station, from the HR fact to the confirmation.

    For one employee each stop with its reference, and the first link that is broken; without one a line for everybody's
    plan, with the same.
    """
    from benehub.errors import DataError
    from benehub.periods import Month

    if employee and not plan:
        raise DataError("which plan is to be followed?", where=f"trace {employee[:40]}", mend="Add --plan")
    parsed = Month.parse(month)
    with opened(employer) as desk:
        if employee:
            _trace_one(desk, employee, plan, parsed, as_json)
        else:
            _trace_all(desk, plan, parsed, broken, limit, as_json)


def _trace_one(desk: Desk, employee: str, plan: str, month: Month, as_json: bool) -> None:
    from benehub.cli.console import emit, fields, table
    from benehub.views.chain import chain_of
    from benehub.views.trace import trace as ask

    book = desk.book()
    with desk.store.read(desk.employer) as session:
        stops = ask(session, book, employee, plan, month)
        found = chain_of(session, book, month, employee, plan)
    chain = None if found is None else found.as_json(book.employer.currency)
    rows = [(one.station, one.when, one.what, one.amount, one.ref) for one in stops]
    columns = ("station", "when", "what", "amount", "ref")
    told = {"state": "nothing is known of it"} if found is None else {
        "state": found.state, "first broken link": found.broken or "none", "differences": ", ".join(found.differences),
    }  # fmt: skip
    emit(
        {"chain": chain, "stops": [one.as_json() for one in stops]},
        as_json,
        table(f"{employee}, {plan}, {month}", columns, rows, ("amount",)),
        fields("", told),
    )


def _trace_all(desk: Desk, plan: str, month: Month, broken: bool, limit: int, as_json: bool) -> None:
    from collections import Counter
    from itertools import islice

    from benehub.cli.console import emit, fields, table
    from benehub.views.chain import chains

    book, counts = desk.book(), Counter[str]()

    def wanted(session: Session) -> Iterator[dict[str, Any]]:
        for one in chains(session, book, month, plan):
            counts[one.state] += 1
            if one.state != "ok" or not broken:
                yield one.as_json(book.employer.currency)

    with desk.store.read(desk.employer) as session:
        lines = wanted(session)
        data = list(islice(lines, limit))
        more = sum(1 for _ in lines)
    columns = (
        "employee", "plan", "elected", "enrolled", "share", "asked", "taken", "premium", "billed", "paid", "confirmed",
        "broken", "state",
    )  # fmt: skip
    rows = [[one[name] for name in columns] for one in data]
    told = {**counts, **({"not shown": more} if more else {})}
    emit({"chains": data, "counts": told}, as_json, table(f"{month}", columns, rows, columns[4:11]), fields("", told))


def statement(
    employee: str = PERSON,
    day: str = typer.Option("", "--day", help="Status on this day, as 2026-11-13; today when left out."),
    lang: str = typer.Option("en", "--lang", help="Language of the statement: en or de."),
    file: Path = PDF,
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Show an employee's benefit status: cover, what was taken and where it is, leave, and what changes next."""
    from benehub.cli.console import emit
    from benehub.cli.files import write_bytes
    from benehub.views.statement import as_json as plain
    from benehub.views.statement import language
    from benehub.views.statement import statement as ask

    words = language(lang)
    with opened(employer) as desk:
        book, when = desk.book(), to_day(day, desk.today())
        with desk.store.read(desk.employer) as session:
            found = ask(session, book, desk.hub.plugins, employee, when)
    if file is not None:
        from benehub.views.statement.pdf import pdf

        write_bytes(file, pdf(found, words))
    emit(plain(found, words), as_json, *_told(found, words))


def _told(found: Statement, words: Language) -> Iterator[str]:
    from rich.markup import escape

    yield f"[bold]{escape(words.title)}[/] {escape(words.subtitle(found))}"
    for section in found.sections:
        lines = [
            f"  {escape(words.line(section, line))}" + (f" [dim]{escape(', '.join(line.refs))}[/]" if line.refs else "")
            for line in section.lines
        ]
        yield "\n".join([f"\n[bold]{escape(words.heading(section))}[/]", *lines])
    for added in found.added:
        yield "\n".join([f"\n[bold]{escape(added.title)}[/]", *(escape(f"  {a}: {b}") for a, b in added.lines)])
    if not found.sections and not found.added:
        yield escape(words.term("none"))
