"""Carriers' own reports: each layout by its parser, a stranger's too, and what becomes of an error and a warning."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub import plugins
from benehub.connect.connector import Page
from benehub.connect.files import FolderMailbox
from benehub.connect.reports import ReportFormat, ReportLine
from benehub.connections.registry import report_formats
from benehub.errors import ConfigError, DataError, FileRefused, FormatError
from benehub.hookspecs import hookimpl
from benehub.records import STREAMS, CarrierReport, Severity
from benehub_connectors.carrier_x12 import CarrierX12
from benehub_connectors.carrier_x12.member_answers import control_of
from benehub_connectors.carrier_x12.reports import FORMATS, discrepancy, error_warning

HEADER = "file,line,member_id,severity,code,field,message"
CSV = f"{HEADER}\n7,14,1002,E,D17,birth date,differs from our record\n7,,1003,warning,D20,,no primary care provider\n"
LIST = (
    "HPOL001_000000007_T.834         20261103\n"
    "D000014E1002                E101  BIRTH DATE DIFFERS\n"
    "D000015W1003                W200  NO PRIMARY CARE PROVIDER\n"
    "T000001000001\n"
)


def reports(found: Iterator[ReportLine] | Sequence[ReportLine]) -> list[CarrierReport]:
    return [one.report for one in found if one.report is not None]


def test_a_discrepancy_report_reads_from_csv_and_from_a_workbook() -> None:
    from_csv = reports(discrepancy.parse(CSV.encode(), "CARRIERX"))
    assert [(r.file_ref, r.line, r.member_key, r.severity, r.code, r.text) for r in from_csv] == [
        ("7", 14, "1002", Severity.ERROR, "D17", "birth date: differs from our record"),
        ("7", 0, "1003", Severity.WARNING, "D20", "no primary care provider"),
    ]
    assert from_csv[0].raw == "7,14,1002,E,D17,birth date,differs from our record"
    assert from_csv[0].partner == "CARRIERX"
    assert "1002" not in repr(from_csv[0])
    book, out = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    for line in CSV.splitlines():
        book.active.append(line.split(","))
    book.save(out)
    assert reports(discrepancy.parse(out.getvalue(), "CARRIERX")) == from_csv


def test_an_error_and_warning_list_reads_by_its_columns() -> None:
    found = reports(error_warning.parse(LIST.encode(), "CARRIERX"))
    assert [(r.file_ref, r.line, r.member_key, r.severity, r.code, r.text) for r in found] == [
        ("POL001_000000007_T.834", 14, "1002", Severity.ERROR, "E101", "BIRTH DATE DIFFERS"),
        ("POL001_000000007_T.834", 15, "1003", Severity.WARNING, "W200", "NO PRIMARY CARE PROVIDER"),
    ]


@pytest.mark.parametrize("severity", ["X", "?", "fatal"])
def test_an_unknown_severity_is_never_taken_for_harmless(severity: str) -> None:
    (one,) = discrepancy.parse(f"{HEADER}\n7,,1002,{severity},D17,,differs\n".encode(), "C")
    assert one.report is None
    assert "no severity" in str(one.error)
    (line,) = [
        x
        for x in error_warning.parse(LIST.replace("D000015W", "D000015Q").replace("1000001", "1000000").encode(), "C")
        if x.error
    ]
    assert line.row == 3


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("H", "X", FormatError),
        ("T000001000001\n", "", FileRefused),
        ("T000001000001", "T000002000001", FileRefused),
        ("D000015W1003                W200  NO PRIMARY CARE PROVIDER\n", "", FileRefused),
    ],
)
def test_a_list_that_was_cut_off_is_refused_whole(old: str, new: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        list(error_warning.parse(LIST.replace(old, new, 1).encode(), "C"))


class World:
    """A connection whose carrier reports in one of the layouts."""

    def __init__(self, partner: Any, root: Path, report: str, formats: Sequence[ReportFormat] = FORMATS) -> None:
        self.settings = partner.profile(root, report=report)
        (root / "from-carrier").mkdir()
        self.link = replace(partner.link(root, self.settings), reports={one.name: one for one in formats})
        self.box = FolderMailbox(root)

    def pages(self, name: str, text: str) -> list[Page]:
        self.box.put(f"from-carrier/{name}", text.encode())
        return list(CarrierX12().read("acknowledgement", self.link, None))


def told(page: Page) -> list[tuple[str, ...]]:
    rows = [STREAMS["acknowledgement"].model_validate(row.data).model_dump(mode="json") for row in page.rows]
    return [(r["level"], r["control"], r["member"], r["status"], r["code"], r["text"]) for r in rows]


@pytest.mark.parametrize(
    ("report", "name", "text"), [("discrepancy", "report.csv", CSV), ("error_warning", "REPORT_1103.TXT", LIST)]
)
def test_an_error_refuses_a_member_and_a_warning_is_kept(
    partner: Any, tmp_path: Path, report: str, name: str, text: str
) -> None:
    (page,) = World(partner, tmp_path, report).pages(name, text)
    assert [one[:4] for one in told(page)] == [
        ("member", "7", "1002", "rejected"),
        ("member", "7", "1003", "accepted_with_errors"),
        ("member", "7", "", "accepted_with_errors"),
    ]
    assert told(page)[0][5].startswith("line 14: ")
    assert told(page)[2][4:] == ("report", "1 errors, 1 warnings")
    assert len({row.key for row in page.rows}) == 3


def test_a_line_that_cannot_be_read_is_one_problem(partner: Any, tmp_path: Path) -> None:
    text = f"{HEADER}\nother.txt,,1002,E,D17,,differs\n7,,900-11-0001,E,D17,,differs\n7,,1003,E\n7,,1004,I,D00,,added\n"
    (page,) = World(partner, tmp_path, "discrepancy").pages("report.csv", text)
    problems = [row.problem for row in page.rows if row.problem]
    assert [any(word in said for said in problems) for word in ("none of ours", "4 cells")] == [True] * 2
    # Who is named by SSN goes on to the hub, which knows whose it is; no key tells it.
    assert "900-11-0001" not in "".join(problems) and all("900-11" not in row.key for row in page.rows)
    taken = [(row.data["member"], row.data["status"]) for row in page.rows if not row.problem]
    assert taken[:2] == [("900-11-0001", "rejected"), ("1004", "accepted")]


def test_no_report_is_read_where_the_profile_names_none(partner: Any, tmp_path: Path) -> None:
    assert World(partner, tmp_path, "").pages("report.csv", CSV) == []


def test_a_layout_nobody_brings_is_an_error_of_the_profile(partner: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no carrier report is named 'other'.*discrepancy, error_warning"):
        World(partner, tmp_path, "other").pages("report.csv", CSV)


@pytest.mark.parametrize(
    ("file_ref", "control"),
    [
        ("7", "7"), ("000000007", "7"), ("", ""), ("POL001_000000007_T.834", "7"), ("/in/pol001_000000007_t.820", "7"),
        ("C:\\IN\\POL001_000000007_P.834", "7"), ("POL001_000000007_T.834.pgp", "7"),
    ],
)  # fmt: skip
def test_a_report_names_our_file_by_number_or_name(partner: Any, file_ref: str, control: str) -> None:
    assert control_of(file_ref, partner.profile()) == control


@pytest.mark.parametrize("file_ref", ["POL002_000000007_T.834", "roster.csv", "1234567890"])
def test_a_report_on_somebody_elses_file_is_refused(partner: Any, file_ref: str) -> None:
    with pytest.raises(DataError, match="none of ours"):
        control_of(file_ref, partner.profile())


class Stranger:
    """A package of somebody else that brings a layout."""

    def __init__(self, name: str) -> None:
        self.format = ReportFormat(name, "One line: OK or the member.", self.parse)

    def parse(self, data: bytes, partner: str) -> Iterator[ReportLine]:
        for number, line in enumerate(data.decode().split(), 1):
            severity = Severity.INFO if line == "OK" else Severity.ERROR
            yield ReportLine(number, CarrierReport(partner=partner, member_key=line, severity=severity, text="bad id"))

    @hookimpl
    def register_carrier_reports(self) -> Sequence[ReportFormat]:
        return (self.format,)


def test_a_stranger_may_bring_a_layout(partner: Any, tmp_path: Path) -> None:
    manager = plugins.build(load_strangers=False)
    manager.register(Stranger("oneline"))
    formats = report_formats(manager)
    assert sorted(formats) == ["discrepancy", "error_warning", "oneline"]
    (page,) = World(partner, tmp_path, "oneline", tuple(formats.values())).pages("report.txt", "1002")
    assert told(page)[0] == ("member", "", "1002", "rejected", "", "bad id")
    manager.register(Stranger("discrepancy"))
    with pytest.raises(ConfigError, match="two carrier reports"):
        report_formats(manager)


def test_a_parser_that_raises_refuses_its_file_and_no_more(partner: Any, tmp_path: Path) -> None:
    def broken(_data: bytes, _partner: str) -> Iterator[ReportLine]:
        raise ZeroDivisionError("900-11-0001")

    (page,) = World(partner, tmp_path, "broken", (ReportFormat("broken", "", broken),)).pages("report.csv", CSV)
    (row,) = page.rows
    assert "the parser of report 'broken' failed (ZeroDivisionError)" in row.problem
    assert "900-11-0001" not in row.problem


@given(
    st.sampled_from([CSV.encode(), LIST.encode()]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 20), st.binary(max_size=8)), max_size=5),
    st.binary(max_size=60),
)
def test_a_mangled_report_is_read_or_refused(sample: bytes, edits: list[tuple[int, int, bytes]], noise: bytes) -> None:
    for at, size, piece in edits:
        sample = sample[:at] + piece + sample[at + size :]
    for data in (sample, noise, sample + noise):
        for layout in FORMATS:
            with suppress(DataError):
                list(layout.parse(data, "CARRIERX"))
