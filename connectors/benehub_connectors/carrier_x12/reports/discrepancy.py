"""A discrepancy report as CSV or XLSX: one row for each thing the carrier holds otherwise than we sent it.

Columns `file,line,member_id,severity,code,field,message`; `file` is our control number or file name and may be empty;
`severity` is E, W, I or the word; `field` names what differs. The values themselves are not asked for: they may be a
birth date or an SSN.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from benehub.connect.reports import ReportFormat, ReportLine
from benehub.errors import DataError
from benehub.formats import delimited
from benehub.formats.layout import TEXT, Column, Kind, Layout
from benehub.formats.workbook import read_workbook
from benehub.money import shape
from benehub.records import CarrierReport, Severity

_ZIP = b"PK\x03\x04"
_SEVERITY = {word.value[0]: word for word in Severity} | {word.value: word for word in Severity}


def read_severity(text: str) -> Severity:
    """E, W, I or the word, in any letter case.

    Raises:
        DataError: anything else; it is never taken for harmless.
    """
    found = _SEVERITY.get(text.strip().casefold())
    if found is None:
        raise DataError(f"no severity (shape {shape(text)!r})", mend="Ask the carrier for E, W or I")
    return found


def _read_line(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise DataError(f"no line number (shape {shape(text)!r})", mend="Ask the carrier for the record's number")
    return int(text)


@dataclass(frozen=True, slots=True)
class _Row:
    severity: Severity
    code: str
    message: str
    file: str = ""
    line: int = 0
    member_id: str = field(default="", repr=False)
    field: str = ""


LAYOUT = Layout(
    "discrepancy report",
    _Row,
    (
        Column("file", "file", TEXT),
        Column("line", "line", Kind(_read_line, str)),
        Column("member_id", "member_id", TEXT),
        Column("severity", "severity", Kind(read_severity, str), required=True),
        Column("code", "code", TEXT, required=True),
        Column("field", "field", TEXT),
        Column("message", "message", TEXT, required=True),
    ),
)


def parse(data: bytes, partner: str) -> Iterator[ReportLine]:
    """The report's rows.

    Raises:
        FormatError: no such table.
    """
    table = read_workbook(data) if data.startswith(_ZIP) else delimited.read_delimited(data)
    raw = {row.line: ",".join(row.cells) for row in table.rows}
    for one in LAYOUT.parse(table):
        if one.record is None:
            yield ReportLine(one.row, error=one.error)
            continue
        row = one.record
        text = f"{row.field}: {row.message}" if row.field else row.message
        report = CarrierReport(
            partner=partner, file_ref=row.file, member_key=row.member_id, line=row.line, severity=row.severity,
            code=row.code, text=text, raw=raw[one.row],
        )  # fmt: skip
        yield ReportLine(one.row, report)


FORMAT = ReportFormat("discrepancy", "Discrepancy report, CSV or XLSX", parse)
