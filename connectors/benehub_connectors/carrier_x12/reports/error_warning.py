"""An error and warning list in lines of fixed width, as host systems print it.

| line | from-to | what |
|---|---|---|
| `H` header, first | 2-31 | our file: control number or file name |
| `D` detail | 2-7 | record of our file |
| | 8 | severity `E`, `W` or `I` |
| | 9-28 | member id |
| | 29-34 | code |
| | 35-114 | text |
| `T` trailer, last | 2-7 / 8-13 | number of errors / of warnings |

The trailer is what shows that a list was cut off: without it, or with other counts, the file is refused whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from benehub.connect.reports import ReportFormat, ReportLine
from benehub.errors import DataError, FileRefused, FormatError
from benehub.formats.delimited import MAX_BYTES, decode
from benehub.records import CarrierReport
from benehub_connectors.carrier_x12.reports.discrepancy import read_severity

_MEND = "Ask the carrier for the list again"
_SHORTEST = 35
"""Characters of a detail that says anything."""


def parse(data: bytes, partner: str) -> Iterator[ReportLine]:
    """The list's details.

    Raises:
        FormatError: no header.
        FileRefused: no trailer, or counts that are not those of the details.
    """
    if len(data) > MAX_BYTES:
        raise FormatError(f"the file is larger than {MAX_BYTES} bytes", mend="Ask the carrier to split it")
    lines = [line.rstrip("\r\n") for line in decode(data).split("\n")]
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not numbered or not numbered[0][1].startswith("H"):
        raise FormatError("the list does not begin with its header H", where="line 1", mend=_MEND, position=1)
    if len(numbered) < 2 or not numbered[-1][1].startswith("T"):
        raise FileRefused("the list has no trailer T: it may be cut off", mend=_MEND)
    details = numbered[1:-1]
    _check_trailer(numbered[-1], details)
    file_ref = numbered[0][1][1:31].strip()
    return iter([_detail(number, line, partner, file_ref) for number, line in details])


def _check_trailer(trailer: tuple[int, str], details: list[tuple[int, str]]) -> None:
    number, line = trailer
    told = (line[1:7].strip(), line[7:13].strip())
    found = [line[7:8].upper() for _, line in details]
    counts = (found.count("E"), found.count("W"))
    if any(not (text.isascii() and text.isdecimal()) for text in told) or tuple(map(int, told)) != counts:
        raise FileRefused("the trailer T does not count the errors and warnings", where=f"line {number}", mend=_MEND)


def _detail(number: int, line: str, partner: str, file_ref: str) -> ReportLine:
    try:
        if not line.startswith("D") or len(line) < _SHORTEST:
            raise DataError("no detail line D of the list", where=f"line {number}", mend=_MEND)
        record = line[1:7].strip()
        report = CarrierReport(
            partner=partner,
            file_ref=file_ref,
            member_key=line[8:28].strip(),
            line=int(record) if record.isascii() and record.isdecimal() else 0,
            severity=read_severity(line[7:8]),
            code=line[28:34].strip(),
            text=line[34:114].strip(),
            raw=line,
        )
    except DataError as error:
        return ReportLine(number, error=DataError(error.what, where=f"line {number}", mend=error.mend))
    return ReportLine(number, report)


FORMAT = ReportFormat("error_warning", "Error and warning list, lines of fixed width", parse)
