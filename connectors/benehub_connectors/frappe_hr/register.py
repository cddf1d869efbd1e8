"""What payroll really took: every submitted Salary Slip as register lines.

A slip's lines stand in the document and not in the list, so each slip is read by itself; its name holds slashes. A
line that came of an Additional Salary names that document: where it is one of ours, the line has the code that it was
pushed for, whatever the component is called or mapped to by now. The name is kept beside the row, for whoever asks in
Frappe which document a deduction came of. A slip that was cancelled is told twice: as it was, and as its reversal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import structlog

from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.messages import path, read
from benehub.errors import DataError, NeedsPersonError, ReauthNeeded
from benehub.periods import add_months
from benehub.records import LineKind, TaxClass
from benehub_connectors.frappe_hr.cells import Cells
from benehub_connectors.frappe_hr.deductions import DOCTYPE, code_of_reference
from benehub_connectors.frappe_hr.settings import FrappeSettings
from benehub_connectors.frappe_hr.site import (
    NAMES_A_CALL,
    REFUSALS,
    Filter,
    changed_since,
    document,
    lacks_field,
    listing,
    named_ones,
    newest,
    pages,
    rows,
)

log = structlog.get_logger("benehub.connectors.frappe_hr")

KEPT = 50_000
"""Documents whose code is remembered at once."""
NONE_OURS: Mapping[str, str] = MappingProxyType({})
_SLIP = ("employee", "posting_date", "docstatus", "modified")


def register(link: Link, cursor: str | None) -> Iterator[Page]:
    """One page a slip; the cursor stands on the last one.

    A full read begins at `register_from`; one that goes on reads every slip changed since, however old.

    Raises:
        DataError: Frappe refuses, or the cursor is none.
    """
    settings: FrappeSettings = link.settings
    latest = newest(link, "Salary Slip") or cursor
    since = changed_since(cursor, settings, link.connection)
    first = settings.register_from or (add_months(link.clock().date(), -12) if cursor is None else None)
    if first is not None:
        since = [*since, ("posting_date", ">=", first.isoformat())]
    page, made = Page("register_line", (), b"", "slips"), Documents(link)
    for _, items in pages(link, "Salary Slip", [("docstatus", "in", [1, 2]), *since], _SLIP):
        for row in items:
            if page.payload:
                yield page
            page = _slip(link, str(row.get("name") if isinstance(row, Mapping) else ""), made)
    yield replace(page, cursor=latest)


def some_slips(link: Link, keys: Sequence[str]) -> Iterator[Page]:
    """The slips of these names, as a webhook named them; one that is a draft yet has paid nobody and is left out.

    Raises:
        DataError: Frappe refuses.
    """
    first, made = link.settings.register_from, Documents(link)
    told: list[Filter] = [("docstatus", "in", [1, 2])]
    told += [("posting_date", ">=", first.isoformat())] if first is not None else []
    for _, items in named_ones(link, "Salary Slip", keys, told, _SLIP):
        for row in items:
            yield _slip(link, str(row["name"]), made)


class Documents:
    """The Additional Salaries that slips name, by what they carry of ours."""

    def __init__(self, link: Link) -> None:
        self._link, self._codes, self._readable = link, dict[str, str](), True

    def codes(self, slip: Mapping[str, Any]) -> Mapping[str, str]:
        """Document -> the code that we pushed it for; of another's documents none.

        Where the role may not read them, or the site has no field for our reference, nothing was pushed from here: all
        lines then go by their component, and the log says so once.

        Raises:
            DataError: Frappe refuses for another reason, or the answer is no list. The component's name would be a
                guess then, and a line of another key stands beside the one that was read before.
        """
        table = slip.get("deductions")
        lines = [row for row in table if isinstance(row, Mapping)] if isinstance(table, list) else []
        told = [row.get("additional_salary") for row in lines]
        names = sorted({name for name in told if isinstance(name, str) and name})
        if len(self._codes) > KEPT:
            self._codes.clear()
        unknown = [name for name in names if name not in self._codes]
        for start in range(0, len(unknown) if self._readable else 0, NAMES_A_CALL):
            self._look_up(unknown[start : start + NAMES_A_CALL])
        return {name: code for name in names if (code := self._codes.get(name))}

    def _look_up(self, names: Sequence[str]) -> None:
        settings: FrappeSettings = self._link.settings
        field = settings.reference_field
        answer = self._link.http().send(listing(DOCTYPE, [("name", "in", list(names))], ["name", field], NAMES_A_CALL))
        if lacks_field(answer, field):
            self._go_by_component(f"Additional Salary has no field {field}")
            return
        try:
            found = rows(answer)
        except ReauthNeeded:
            raise
        except NeedsPersonError:
            self._go_by_component("the API user's role may not read Additional Salary")
            return
        self._codes |= dict.fromkeys(names, "")
        for row in found:
            if isinstance(row, Mapping):
                self._codes[str(row.get("name"))] = code_of_reference(str(row.get(field) or ""))

    def _go_by_component(self, why: str) -> None:
        self._readable = False
        log.warning("lines of slips go by their component", connection=self._link.connection, why=why)


def _slip(link: Link, name: str, made: Documents) -> Page:
    """A slip's page; one that cannot be read is a row that says why."""
    try:
        answer = link.http().send(read(path("/api/resource/Salary%20Slip/{name}", name=name), accept=REFUSALS))
        slip = document(answer)
        codes = made.codes(slip)
    except DataError as error:
        return Page("register_line", [Incoming(name or "row 1", {}, problem=str(error))], b"{}", "slip unread")
    return Page("register_line", slip_lines(name, slip, link.settings, codes), answer.body, f"slip {name}")


def slip_lines(
    name: str, slip: Mapping[str, Any], settings: FrappeSettings, codes: Mapping[str, str] = NONE_OURS
) -> list[Incoming]:
    """All lines of a slip, or the one row that says why it cannot be read; `codes`: documents of ours and their codes.

    A slip is translated whole or not at all: half a slip would look like deductions not taken.
    """
    head = _Slip(name, slip, settings, codes)
    lines = head.lines()
    problems = [*head.cells.problems, *head.problems]
    if problems:
        return [Incoming(name, {}, problem="; ".join(problems))]
    if head.cells.text("docstatus") == "2":
        lines += [_reversed(one, name) for one in lines]
    return lines


class _Slip:
    """One slip while its lines are made."""

    def __init__(self, name: str, slip: Mapping[str, Any], settings: FrappeSettings, codes: Mapping[str, str]) -> None:
        self.cells, self.problems = Cells(slip), list[str]()
        self._name, self._settings, self._codes = name, settings, codes
        self._seen: Counter[str] = Counter()
        currency = self.cells.needed("currency")
        if currency != settings.currency:
            self.cells.wrong("currency", "is not the connection's", "give it a connection of its own")
        frequency = self.cells.text("payroll_frequency")
        self._head: dict[str, Any] = {
            "pay_run": self.cells.text("payroll_entry") or name,
            "check": name,
            "employee": self.cells.needed("employee"),
            "pay_group": settings.pay_groups.get(frequency, settings.default_pay_group or frequency),
            "pay_date": self.cells.date("posting_date", needed=True),
            "period_start": self.cells.date("start_date"),
            "period_end": self.cells.date("end_date"),
            "gross_minor": self.cells.minor("gross_pay", settings.currency),
            "net_pay_minor": self.cells.minor("net_pay", settings.currency),
        }

    def lines(self) -> list[Incoming]:
        """What was earned and what was taken; the hours of a slip by timesheet stand on its first earning."""
        hours = self.cells.text("total_working_hours") if self.cells.flag("salary_slip_based_on_timesheet") else ""
        made = []
        for kind, table in ((LineKind.EARNING, "earnings"), (LineKind.DEDUCTION, "deductions")):
            for row in self._table(table):
                if (line := self._line(kind, table, Cells(row), hours)) is not None:
                    made.append(line)
                    hours = ""
        return made

    def _table(self, name: str) -> list[Any]:
        found = self.cells.raw.get(name)
        if isinstance(found, list):
            return found
        self.cells.wrong(name, "is no table", "let the API user read Salary Slip whole")
        return []

    def _line(self, kind: LineKind, table: str, cells: Cells, hours: str) -> Incoming | None:
        if cells.flag("statistical_component") or cells.flag("do_not_include_in_total"):
            return None  # a figure for other figures: it neither raises nor lowers the pay
        component = cells.needed("salary_component")
        amount = cells.minor("amount", self._settings.currency)
        pushed = cells.text("additional_salary")
        code = self._codes.get(pushed) or self._settings.code_of(component)
        taxed = self._taxed(cells, component) if kind is LineKind.DEDUCTION else None
        self.problems += [f"{table}: {one}" for one in cells.problems]
        key = f"{self._name}/{kind.value}/{code}"
        self._seen[key] += 1
        # The same deduction posted twice is taken twice: the second line is no newer version of the first.
        key = key if self._seen[key] == 1 else f"{key}#{self._seen[key]}"
        data = {
            **self._head,
            "kind": kind.value,
            "code": code,
            "tax_class": taxed.value if taxed else None,
            "amount_minor": amount,
            "hours": hours if kind is LineKind.EARNING and hours not in ("0", "0.0") else "",
        }
        return Incoming(key, data, {"additional_salary": pushed} if pushed else {})

    def _taxed(self, cells: Cells, component: str) -> TaxClass | None:
        if component in self._settings.tax_classes:
            return self._settings.tax_classes[component]
        told = cells.text("exempted_from_income_tax")
        return {"1": TaxClass.PRETAX, "0": TaxClass.POSTTAX}.get(told)


def _reversed(line: Incoming, name: str) -> Incoming:
    """The line that takes one back, on a check of its own."""
    data = dict(line.data)
    signs = {field: -data[field] for field in ("amount_minor", "gross_minor", "net_pay_minor")}
    hours = {"hours": f"-{data['hours']}"} if data["hours"] else {}
    taken_back = {"check": f"{name}/cancelled", "reverses": name}
    return Incoming(f"{line.key}/cancelled", {**data, **signs, **hours, **taken_back}, line.extra)
