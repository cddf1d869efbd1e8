"""`benehub compare` and `benehub cost`: plans against each other, and what benefits cost the employer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from benehub.cli.opening import EMPLOYER, JSON, PERIOD, opened
from benehub.cli.opening import day as to_day
from benehub.cli.opening import month as to_month

if TYPE_CHECKING:
    from rich.console import RenderableType

    from benehub.cli.opening import Desk
    from benehub.periods import Month
    from benehub.planbook import PlanBook
    from benehub.rules.compare.plans import Candidate, CompareInput, Comparison, OfferResult
    from benehub.store import Session
    from benehub.views.compare import Asked

MAX_LINES = 12
"""Reasons shown of one candidate; `--json` gives all."""

BOOK = typer.Option(None, "--book", help="Another plan book, YAML: its plans become candidates.")
INPUT = typer.Option(None, "--input", help='Offers in a JSON file, {"offers": [...]}; see docs/compare.md.')
WORLD = typer.Option(None, "--population", help="Claims and scenarios, YAML; a synthetic table when left out.")
PICTURE = typer.Option(None, "--picture", help="Draw the comparison into this .png or .svg file.")


def compare(
    plan: str = typer.Option("", "--plan", help="The plan people have; the one most are in when left out."),
    book: Path = BOOK,
    input_file: Path = INPUT,
    population: Path = WORLD,
    picture: Path = PICTURE,
    month: str = typer.Option("", "--month", help="Month whose rates are compared, as 2027-01; this month's."),
    day: str = typer.Option("", "--day", help="Day whose enrollment counts, as 2026-11-13; today when left out."),
    affordable: str = typer.Option("", "--affordable", help="Most an employee may pay a month alone, e.g. 132.46."),
    payroll_tax: str = typer.Option(
        "0", "--payroll-tax", help="Employer's tax on pay, saved on pre-tax contributions."
    ),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Compare the plan people have with others: as much for less, or who loses. Ends with 1 if none qualifies."""
    from benehub.cli.console import FOUND, emit
    from benehub.errors import DataError
    from benehub.rules.compare.plans import compute

    with opened(employer) as desk:
        asked = _asked(desk, plan, book, input_file, population, month, day, affordable, payroll_tax)
    done = compute(asked.given)
    if done.result is None:
        raise DataError(f"lacks {', '.join(done.needs)}", where="compare", mend="State it in the design or the offers")
    found = done.result
    if picture is not None:
        _draw(picture, asked, found)
    data = {
        **found.model_dump(mode="json"),
        "population": asked.source,
        "left_out": [{"plan": one.plan, "why": one.why} for one in asked.left_out],
        "explanation": done.explanation.model_dump(mode="json"),
    }
    emit(data, as_json, *([] if as_json else _shown(asked, found)))
    if not any(one.decision == "QUALIFIES" for one in found.candidates):
        raise typer.Exit(FOUND)


def _asked(
    desk: Desk, plan: str, book: Path | None, input_file: Path | None, population: Path | None, month: str, day: str,
    affordable: str, payroll_tax: str,
) -> Asked:  # fmt: skip
    from benehub import planbook
    from benehub.cli.files import read_text
    from benehub.money import parse_minor, parse_rate
    from benehub.periods import Month
    from benehub.views.compare import comparison
    from benehub.views.offers import file_offers
    from benehub.views.population import read_world, synthetic

    mine = desk.book()
    currency = mine.employer.currency
    world = read_world(read_text(population), str(population), currency) if population else synthetic(currency)
    with desk.store.read(desk.employer) as session:
        return comparison(
            session,
            mine,
            to_day(day, desk.today()),
            world,
            incumbent=plan,
            offers=file_offers(read_text(input_file), str(input_file)) if input_file else (),
            other=planbook.load(read_text(book), str(book)) if book else None,
            other_name=book.stem if book else "",
            month=Month.parse(month) if month else None,
            affordable_minor=parse_minor(affordable, currency, where="--affordable") if affordable else None,
            payroll_tax=parse_rate(payroll_tax, where="--payroll-tax"),
        )


def _shown(asked: Asked, found: Comparison) -> Iterator[RenderableType]:
    from benehub.cli.console import fields, table

    given = asked.given
    heads = ", ".join(f"{tier.value} {count}" for tier, count in given.enrolled.items())
    about = {
        "people": f"{sum(given.enrolled.values())} employees ({heads})",
        "employer's year": _money(found.incumbent.employer_minor, given),
        "actuarial value": found.incumbent.value_percent or "unknown",
        "population": asked.source,
    }
    yield fields(f"{found.incumbent.name} ({found.incumbent.id}): the plan people have", about)
    offers = {one.id: one for one in found.offers}
    rows = [_row(one, offers[one.id], given) for one in found.candidates]
    columns = ("#", "plan", "verdict", "employer saves", "value", "worst year", "lose", "gain", "firm")
    yield table("candidates", columns, rows, ("#", "employer saves", "value", "worst year", "lose", "gain"))
    for one in found.candidates:
        yield table(f"{one.name}: {one.decision.value}", ("", " "), _why(one))
    for tier in given.enrolled:
        yield _years(found, tier.value, given)
    if found.dominated:
        yield table(
            "nobody should choose",
            ("plan", "tier", "never cheaper than", "dearer by"),
            [
                (
                    one.option,
                    one.tier.value,
                    one.by,
                    f"{_exact(one.least_extra_minor, given)} to {_exact(one.most_extra_minor, given)}",
                )
                for one in found.dominated
            ],
        )
    if asked.left_out:
        yield table("left out", ("plan", "why"), [(one.plan, one.why) for one in asked.left_out])
    yield found.label


def _row(one: Candidate, offer: OfferResult, given: CompareInput) -> tuple[Any, ...]:
    flips = ", ".join(v.varied for v in one.sensitivity if v.flips)
    return (
        one.rank,
        one.name,
        one.decision.value,
        _money(one.saving_minor, given),
        offer.value_percent or "unknown",
        "unknown" if one.worst_minor is None else _money(one.worst_minor, given, sign=True),
        one.losing_employees,
        one.winning_employees,
        f"flips with {flips}" if flips else "yes",
    )


def _why(one: Candidate) -> list[tuple[str, str]]:
    lines = [
        *(("against", text) for text in one.against),
        *(("unknown", text) for text in one.unknown),
        *(("for", text) for text in one.certificate),
    ]
    more = len(lines) - MAX_LINES
    return lines if more <= 0 else [*lines[:MAX_LINES], ("...", f"{more} more; --json shows all")]


def _years(found: Comparison, tier: str, given: CompareInput) -> RenderableType:
    """An employee's year in one tier: a row a scenario, a column an offer."""
    from benehub.cli.console import table

    offers = (found.incumbent, *found.offers)
    totals = {
        (one.id, year.scenario): _money(year.total_minor, given)
        for one in offers
        for year in one.years
        if year.tier == tier
    }
    rows = [(one.name, *(totals.get((offer.id, one.name), "") for offer in offers)) for one in given.scenarios]
    names = tuple(offer.name for offer in offers)
    return table(f"an employee's year, tier {tier}, by the care needed", ("care", *names), rows, names)


def _draw(path: Path, asked: Asked, found: Comparison) -> None:
    from benehub.charts import Line, Offer, draw_plans
    from benehub.views.compare import cost_lines

    given = asked.given
    front = {one.id: one for one in found.candidates}
    points = [
        Offer(found.incumbent.name, found.incumbent.employer_minor, 0, "the plan people have", found.incumbent_pareto)
    ]
    for offer in found.offers:
        one = front[offer.id]
        if one.worst_minor is not None:
            verdict = {"QUALIFIES": "qualifies", "DOES_NOT": "does not qualify"}.get(one.decision.value, "not known")
            points.append(Offer(offer.name, offer.employer_minor, one.worst_minor, verdict, one.pareto))
    tier = max(given.enrolled, key=lambda one: given.enrolled[one])
    lines = [Line(one.name, one.points) for one in cost_lines(given, tier)]
    heads = sum(given.enrolled.values())
    draw_plans(
        path,
        f"{found.incumbent.name} and what could take its place: {heads} employees",
        f"{found.label}  Population: {asked.source}.",
        points,
        lines,
        tier.value,
        given.currency,
    )


def _money(minor: int, given: CompareInput, sign: bool = False) -> str:
    from benehub.money import format_minor

    text = format_minor(abs(minor), given.currency)
    whole, dot, cents = text.partition(".")
    mark = "-" if minor < 0 else "+" if sign and minor else ""
    return f"{mark}{int(whole):,}{dot}{cents}"


def _exact(minor: Any, given: CompareInput) -> str:
    from benehub.money import Rounding, round_to_int

    return _money(round_to_int(minor, Rounding.HALF_UP), given)


def cost(
    period: str = PERIOD,
    by: str = typer.Option("account", "--by", help="account or plan."),
    forecast: bool = typer.Option(False, "--ahead", help="Premiums by the covers known now, nothing accrued needed."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Show what benefits cost the employer in a month: expected, actual, and per head of those they are for."""
    from benehub.cli.console import emit, table
    from benehub.errors import DataError
    from benehub.money import format_minor
    from benehub.periods import Month
    from benehub.views.cost import BY
    from benehub.views.cost import cost as ask

    if by not in BY:
        raise DataError(f"cannot be grouped by {by[:20]!r}", where="--by", mend=f"Choose {' or '.join(BY)}")
    parsed = Month.parse(to_month(period))
    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        if forecast:
            _ahead(session, desk.book(), parsed, as_json)
            return
        found = ask(session, parsed, by)
    columns = (by, *(("what",) if by == "account" else ()), "expected", "actual", "open", "heads", "per head", "unit")
    rows = [
        (
            one.name,
            *((one.what,) if by == "account" else ()),
            format_minor(one.expected, one.unit),
            format_minor(one.actual, one.unit),
            format_minor(one.expected - one.actual, one.unit),
            one.heads,
            "" if one.per_head is None else format_minor(one.per_head, one.unit),
            one.unit,
        )
        for one in found
    ]
    data = [dict(zip(columns, row, strict=True)) for row in rows]
    right = ("expected", "actual", "open", "heads", "per head")
    emit(data, as_json, table(f"employer cost of {parsed}", columns, rows, right))


def _ahead(session: Session, book: PlanBook, month: Month, as_json: bool) -> None:
    from benehub.cli.console import emit, table
    from benehub.money import format_minor
    from benehub.views.cost import ahead

    columns = ("plan", "covers", "premium", "employer", "employee", "unpriced")
    unit = book.employer.currency
    rows = [
        (one.plan, one.covers, *(format_minor(each, unit) for each in (one.premium, one.employer, one.employee)),
         one.unpriced)
        for one in ahead(session, book, month)
    ]  # fmt: skip
    data = [dict(zip(columns, row, strict=True)) for row in rows]
    emit(data, as_json, table(f"premiums of {month} by the covers known now ({unit})", columns, rows, columns[1:]))
