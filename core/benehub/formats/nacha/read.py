"""Reads a NACHA file: the records as they are, and everything that is wrong with them.

A finding names line, field and mend. `parse` refuses a file with any; `render(parse(data)) == data` for all it takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from benehub.formats.file_finding import FileFinding
from benehub.formats.nacha import addenda, batch_control, batch_header, entry, file_control, file_header
from benehub.formats.nacha.addenda import Addenda
from benehub.formats.nacha.batch_header import BatchHeader
from benehub.formats.nacha.check import check_file
from benehub.formats.nacha.codes import Sec
from benehub.formats.nacha.entry import Entry
from benehub.formats.nacha.file import Batch, NachaFile
from benehub.formats.nacha.file_control import FILLER, FileControl
from benehub.formats.nacha.file_header import FileHeader
from benehub.formats.nacha.layout import WIDTH
from benehub.formats.nacha.return_reasons import step_of

MAX_BYTES = 200_000_000
"""Largest file that is read; a CTX of 9,999 addenda has less than a million."""
MOST_FINDINGS = 1000

_UNPRINTABLE = re.compile(rb"[^ -~\r\n]")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: the file (None where it has no head or no end), and the findings in the order of its lines."""

    file: NachaFile | None
    findings: tuple[FileFinding, ...]


def check(data: bytes) -> tuple[FileFinding, ...]:
    """Everything that is wrong with a file, at most a thousand findings."""
    return read(data).findings


def parse(data: bytes) -> NachaFile:
    """The file.

    Raises:
        FormatError: the first thing that is wrong with it, with line, field and mend.
    """
    done = read(data)
    for finding in done.findings:
        raise finding.error()
    assert done.file is not None
    return done.file


def read(data: bytes) -> Reading:
    """The file and its findings."""
    if len(data) > MAX_BYTES:
        return Reading(None, (_whole("too-large", f"more than {MAX_BYTES} bytes", "Ask for smaller files"),))
    odd = _UNPRINTABLE.search(data)
    if odd is not None:
        at = data.count(b"\n", 0, odd.start()) + 1
        text = "a character that is no printable ASCII"
        return Reading(None, (FileFinding(at, "record", "characters", text, "Ask for a file in plain ASCII"),))
    lines, line_end, ended = _split(data.decode("ascii"))
    reader = _Reader()
    for number, line in enumerate(lines, 1):
        reader.take(number, line)
        if len(reader.found) >= MOST_FINDINGS:
            return Reading(None, tuple(reader.found[:MOST_FINDINGS]))
    file = reader.close(len(lines), line_end, ended)
    found = list(reader.found)
    if file is not None and not found:
        found += check_file(file, MOST_FINDINGS)
    return Reading(file, tuple(found))


def _whole(code: str, text: str, mend: str) -> FileFinding:
    return FileFinding(0, "file", code, text, mend)


def _split(text: str) -> tuple[list[str], str, bool]:
    """Records, what stands between them, and whether it stands after the last."""
    line_end = "\r\n" if "\r\n" in text else "\n" if "\n" in text else ""
    ended = bool(line_end) and text.endswith(line_end)
    if not line_end:
        return [text[at : at + WIDTH] for at in range(0, len(text), WIDTH)], "", False
    return (text[: -len(line_end)] if ended else text).split(line_end), line_end, ended


@dataclass
class _Reader:
    """Walks the records and puts them together; what stands where it must not is a finding and left out."""

    found: list[FileFinding] = field(default_factory=list)
    head: FileHeader | None = None
    control: FileControl | None = None
    batches: list[Batch] = field(default_factory=list)
    batch: BatchHeader | None = None
    entries: list[Entry] = field(default_factory=list)
    addenda: list[Addenda] = field(default_factory=list)
    fillers: int = 0

    def take(self, number: int, line: str) -> None:
        """The next record."""
        if len(line) != WIDTH:
            self._say(number, "length", f"{len(line)} characters instead of {WIDTH}", "Ask for the file anew")
        elif self.control is not None:
            if line == FILLER:
                self.fillers += 1
            else:
                self._say(number, "order", "stands behind the file control", "Ask for the file anew")
        elif line[0] == "1":
            if number != 1:
                self._say(number, "order", "a second file header", "Send each file by itself")
            self.head = file_header.LAYOUT.read(line, number, self.found)
        elif self.head is None:
            self._say(number, "order", "stands before the file header", "Ask for the file anew")
        else:
            self._inside(number, line)

    def _inside(self, number: int, line: str) -> None:
        match line[0]:
            case "5" if self.batch is None:
                self.batch = batch_header.LAYOUT.read(line, number, self.found)
                if self.batch.entry_class not in set(Sec):
                    known = ", ".join(Sec)
                    self._say(number, "entry-class", "an entry class that is not read", f"Read are {known}")
            case "6" if self.batch is not None:
                self._end_entry()
                layout = entry.CTX_LAYOUT if self.batch.entry_class == Sec.CTX else entry.LAYOUT
                self.entries.append(layout.read(line, number, self.found))
            case "7" if self.entries:
                self._addenda(number, line)
            case "8" if self.batch is not None:
                self._end_entry()
                control = batch_control.LAYOUT.read(line, number, self.found)
                self.batches.append(Batch(self.batch, tuple(self.entries), control))
                self.batch, self.entries = None, []
            case "9" if self.batch is None:
                self.control = file_control.LAYOUT.read(line, number, self.found)
            case "5" | "6" | "7" | "8" | "9":
                self._say(number, "order", f"a record {line[0]} where none may stand", "Ask for the file anew")
            case _:
                self._say(number, "record-type", "no record type of a NACHA file", "Ask for the file anew")

    def _addenda(self, number: int, line: str) -> None:
        match line[1:3]:
            case "05":
                self.addenda.append(addenda.REMITTANCE.read(line, number, self.found))
            case "99":
                layout = addenda.RETURNS[step_of(line[3:6])]
                self.addenda.append(layout.read(line, number, self.found))
            case "98":
                self.addenda.append(addenda.CHANGE.read(line, number, self.found))
            case _:
                self._say(number, "addenda-type", "an addenda that is not read", "Read are 05, 98 and 99")

    def _end_entry(self) -> None:
        if self.entries and self.addenda:
            self.entries[-1] = replace(self.entries[-1], addenda=tuple(self.addenda))
        self.addenda = []

    def close(self, lines: int, line_end: str, ended: bool) -> NachaFile | None:
        """All records are in."""
        if self.head is None or self.control is None:
            missing = "file header" if self.head is None else "file control"
            self._say(lines + 1, "cut-off", f"the {missing} is missing", "Ask for the whole file")
            return None
        return NachaFile(self.head, tuple(self.batches), self.control, line_end, ended, self.fillers)

    def _say(self, line: int, code: str, text: str, mend: str) -> None:
        self.found.append(FileFinding(line, "record", code, text, mend))
