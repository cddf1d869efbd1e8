"""A world as a folder of files: what vendors send, the plan book, the settings of the connections, and the truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from benehub.errors import DataError
from benehub.formats.delimited import write_delimited
from benehub.periods import Month
from benehub.testing.worlds.planting_claims import credit_days
from benehub.testing.worlds.settings import SETTINGS
from benehub.testing.worlds.terms import DEFERRAL_PLAN, from_forfeitures, money, plan_book
from benehub.testing.worlds.time_off import LEAVE_POLICY, OPENED, POLICY, TAKEN, hours
from benehub.testing.worlds.truth import FILE
from benehub.testing.worlds.vendors import SOURCES, BillLine, PayLine
from benehub.testing.worlds.world import World

Table = tuple[Sequence[str], Iterator[Sequence[str]]]
KEEPER_PLAN = "4711"
"""What the recordkeeper calls the plan."""
TABLES = (
    "census.csv",
    "compensation.csv",
    "elections.csv",
    "register.csv",
    "credits.csv",
    "opening.csv",
    "leave.csv",
    "balances.csv",
    "roster.csv",
    "families.csv",
)


def write(world: World, folder: Path) -> list[Path]:
    """Write all files of a world; gives their paths.

    Raises:
        DataError: the folder holds files already: two worlds in one folder would be read as one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise DataError("the folder is not empty", where=str(folder), mend="Name a new one")
    made = {name: write_delimited(*table) for name, table in zip(TABLES, _tables(world), strict=True)}
    made |= {f"invoice-{month}.csv": data for month, data in _bills(world)}
    made |= {name: text.encode() for name, text in SETTINGS.items()}
    made |= {
        "planbook.yaml": (plan_book(credit_days(world.seed), from_forfeitures(world.seed)) + LEAVE_POLICY).encode(),
        FILE: world.truth.as_json().encode(),
    }
    for name, data in made.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in made]


def _tables(world: World) -> Iterator[Table]:
    yield ("Number", "First name", "Last name", "Born", "SSN", "Hired", "Last day"), (
        (str(one.number), one.first, one.last, str(one.born), one.ssn, str(one.hired), str(one.left or ""))
        for one in world.people
    )  # fmt: skip
    yield (
        ("Number", "From", "Pay", "Per"),
        ((str(one.number), str(one.hired), money(one.pay * 24), "year") for one in world.people),
    )
    yield ("Number", "Plan", "Tier", "Pre-tax", "Roth", "With", "From"), _elections(world)
    yield (
        ("Run", "Check", "Number", "Pay date", "Kind", "Code", "Tax", "Hours", "Amount", "Gross", "Net",
         "Reverses", "Plan pay"),
        _register(world),
    )  # fmt: skip
    yield (
        ("credit_id", "ssn", "last_name", "first_name", "plan", "source", "pay_date", "trade_date", "amount",
         "kind"),
        _credits(world),
    )  # fmt: skip
    yield ("Number", "Kind", "Plan", "As of", "Amount"), (
        (str(one.number), "leave_minutes", POLICY, str(OPENED), str(one.opening))
        for one in world.people if one.opening
    )  # fmt: skip
    yield ("Number", "Policy", "First day", "Last day", "Hours", "Status"), (
        (
            str(one.number), POLICY, str(asked.dates[0]), str(asked.dates[-1]), hours(asked.a_day * asked.days),
            "approved",
        )
        for one in world.people for asked in one.requests
    )  # fmt: skip
    yield (
        ("Number", "Code", "As of", "Hours"),
        ((str(line.number), TAKEN, str(line.as_of), hours(line.minutes)) for line in world.balances),
    )
    yield from _roster(world)
    yield ("Number", "First name", "Last name", "Born", "Relation"), (
        (str(one.number), first, one.last, "2015-05-05" if relation == "child" else "1980-08-08", relation)
        for one in world.people for first, relation in one.family("FAM")
    )  # fmt: skip


def _roster(world: World) -> Iterator[Table]:
    names = {one.number: (one.last, one.first, str(one.born)) for one in world.people}
    yield (
        ("member_id", "subscriber_id", "relationship", "last_name", "first_name", "birth_date", "plan", "tier",
         "effective_from", "effective_to"),
        (
            (str(line.member), str(line.member), "self", *names.get(line.member, line.called), line.plan,
             line.tier, str(line.start), str(line.last or ""))
            for line in world.roster
        ),
    )  # fmt: skip


def _elections(world: World) -> Iterator[Sequence[str]]:
    for one in world.people:
        for choice in one.choices:
            names = ";".join(first for first, _ in one.family(choice.tier)) if choice.plan == "ppo" else ""
            yield str(one.number), choice.plan, choice.tier, "", "", names, str(choice.start)
        if one.source:
            rate = f"{one.percent}%"
            rates = (rate, "") if one.source == "pretax" else ("", rate)
            yield str(one.number), DEFERRAL_PLAN, "", *rates, "", "2026-01-01"
    for number in world.misspelt:
        yield str(number), "visoin", "EE", "", "", "", "2026-09-01"


def _register(world: World) -> Iterator[Sequence[str]]:
    gross: dict[tuple[object, ...], int] = defaultdict(int)
    taken: dict[tuple[object, ...], int] = defaultdict(int)
    for line in world.register:
        sums = {"earning": gross, "deduction": taken}.get(line.kind)
        if sums is not None:
            sums[(line.number, line.pay_date)] += line.amount
    for line in world.register:
        check = (line.number, line.pay_date)
        pay, net = money(gross[check]), money(gross[check] - taken[check])
        yield (
            str(line.pay_date), _check(line) + line.check, str(line.number), str(line.pay_date), line.kind,
            line.code, line.tax, hours(line.minutes) if line.minutes else "", money(line.amount), pay, net,
            _check(line) if line.reverses else "", "" if line.plan_pay is None else money(line.plan_pay),
        )  # fmt: skip


def _check(line: PayLine) -> str:
    return f"{line.pay_date:%m%d}-{line.number}"


def _credits(world: World) -> Iterator[Sequence[str]]:
    ssns = {one.number: one.ssn for one in world.people}
    for number, line in enumerate(world.credits, 1):
        ssn = ssns.get(line.number, f"9{line.number:08d}")
        yield (
            f"S{number:06d}", ssn, "", "", KEEPER_PLAN, SOURCES[line.part], str(line.pay_date), str(line.traded),
            money(line.amount), line.kind,
        )  # fmt: skip


def _bills(world: World) -> Iterator[tuple[Month, bytes]]:
    header = (
        "invoice", "invoice_date", "due_date", "member_id", "last_name", "first_name", "plan", "tier", "coverage_month",
        "premium", "adjustment", "line_type", "volume", "age_band", "dependents",
    )  # fmt: skip
    for month in sorted({line.billed for line in world.bill}):
        lines = [line for line in world.bill if line.billed == month]
        parts = world.parts.get(month, [])
        due = sum(line.amount for line in lines) + sum(amount for _, amount in parts)
        total = ("TOTAL", *[""] * 8, money(due), *[""] * 5)
        rows = (*(_bill_row(world, line) for line in lines), *(_part_row(world, month, *part) for part in parts))
        yield month, write_delimited(header, [*rows, total])


def _bill_row(world: World, line: BillLine) -> Sequence[str]:
    return (
        *_bill_head(world, line.billed), str(line.member), "", "", line.plan, line.tier, str(line.month),
        money(line.amount), "Y" if line.adjustment else "N", "premium",
        "" if line.volume is None else money(line.volume), line.band,
        "" if line.dependents is None else str(line.dependents),
    )  # fmt: skip


def _part_row(world: World, month: Month, kind: str, amount: int) -> Sequence[str]:
    return *_bill_head(world, month), "-", "", "", "-", "", str(month), money(amount), "N", kind, "", "", ""


def _bill_head(world: World, month: Month) -> Sequence[str]:
    due = world.due.get(month, month.first)
    return f"INV-{month}", str(month.plus(-1).first.replace(day=20)), str(due)
