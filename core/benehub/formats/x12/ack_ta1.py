"""The TA1, interchange acknowledgement: could the envelope be read at all?

It may come alone in an ISA/IEA without a group, or before the groups of another file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benehub.errors import FormatError
from benehub.formats.x12.envelope import Interchange, isa
from benehub.formats.x12.envelope_check import EnvelopeChecker
from benehub.formats.x12.kernel import SegmentReader, Source
from benehub.formats.x12.values import read_number
from benehub.formats.x12.writer import SegmentWriter

NOTES = {
    "000": "no error",
    "001": "control numbers of ISA and IEA differ",
    "002": "standard not supported",
    "003": "version of the controls not supported",
    "004": "segment terminator invalid",
    "005": "sender qualifier invalid",
    "006": "sender id invalid",
    "007": "receiver qualifier invalid",
    "008": "receiver id invalid",
    "009": "receiver id unknown",
    "010": "authorization qualifier invalid",
    "011": "authorization information invalid",
    "012": "security qualifier invalid",
    "013": "security information invalid",
    "014": "interchange date invalid",
    "015": "interchange time invalid",
    "016": "standards id invalid",
    "017": "version id invalid",
    "018": "control number invalid",
    "019": "acknowledgement indicator invalid",
    "020": "test indicator invalid",
    "021": "number of groups invalid",
    "022": "control structure invalid",
    "023": "file ends too early",
    "024": "content invalid",
    "025": "duplicate control number",
    "026": "element separator invalid",
    "027": "component separator invalid",
    "028": "delivery date invalid",
    "029": "delivery time invalid",
    "030": "delivery time code invalid",
    "031": "grade of service invalid",
}
"""TA105 in our words."""

VERDICTS = ("A", "E", "R")


@dataclass(frozen=True, slots=True)
class Ta1:
    """A verdict on one interchange of ours.

    Args:
        control: ISA13 of the interchange it answers.
        date, time: its ISA09 and ISA10, as written there.
        verdict: `A` accepted, `E` accepted with errors, `R` rejected.
        note: TA105, see `NOTES`.
    """

    control: int
    date: str
    time: str
    verdict: str
    note: str = "000"

    @property
    def text(self) -> str:
        """What the note means."""
        return NOTES.get(self.note, "a note X12 does not list")

    @classmethod
    def answer(cls, original: Interchange, verdict: str, note: str = "000") -> Ta1:
        """The TA1 to an interchange."""
        created = original.created
        return cls(original.control, created.strftime("%y%m%d"), created.strftime("%H%M"), verdict, note)


def render(interchange: Interchange, ack: Ta1) -> Iterator[str]:
    """An interchange with the TA1 alone.

    Raises:
        FormatError: a verdict or note X12 does not know.
    """
    writer = SegmentWriter(interchange.delimiters, line_breaks=interchange.line_breaks)
    told = segment(writer, ack)
    yield isa(interchange, writer.end)
    yield told
    yield writer.segment(("IEA", "0", f"{interchange.control:09d}"))


def segment(writer: SegmentWriter, ack: Ta1) -> str:
    """The TA1 segment, to stand between ISA and GS or IEA.

    Raises:
        FormatError: a verdict or note X12 does not know.
    """
    if ack.verdict not in VERDICTS or ack.note not in NOTES:
        raise FormatError("no such TA1 verdict or note", mend="Use A, E or R and a note of three digits")
    return writer.segment(("TA1", f"{ack.control:09d}", ack.date, ack.time, ack.verdict, ack.note))


def parse(source: Source) -> Iterator[Ta1]:
    """Every TA1 of a file; none where it has none.

    Raises:
        FormatError: a broken envelope, or a TA1 that cannot be read.
    """
    reader = SegmentReader(source)
    checker = EnvelopeChecker(reader.delimiters)
    for segment in reader:
        for finding in checker.feed(segment):
            raise finding.error()
        if segment.tag == "TA1":
            control = read_number(segment.get(1))
            if control is None or segment.get(4) not in VERDICTS:
                raise FormatError(
                    "a TA1 without control number or verdict",
                    where=f"segment {segment.position} (TA1)",
                    mend="Ask the partner what it means",
                    position=segment.position,
                )
            yield Ta1(control, segment.get(2), segment.get(3), segment.get(4), segment.get(5) or "000")
    for finding in checker.finish():
        raise finding.error()
