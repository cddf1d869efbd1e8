"""The answer to a file received: its TA1, and a 999 for each group, out of what the checks find in it.

The file is read once, as a stream; of the findings at most `limit` are kept, the verdict counts all of them. A TA1
that rejects the envelope comes alone: what is inside was not processed then. Groups of acknowledgements (FA) are
never acknowledged themselves.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field, replace

from benehub.errors import FormatError
from benehub.formats.x12 import ack_ta1, checks
from benehub.formats.x12.ack_999 import SUBSCRIBER, acknowledge, render_all
from benehub.formats.x12.ack_records import Ack999, Context, ElementError, SegmentError, SetAck
from benehub.formats.x12.ack_ta1 import NOTES, Ta1
from benehub.formats.x12.envelope import Guide, Interchange
from benehub.formats.x12.envelope_check import ENVELOPE_TAGS, PAIRS
from benehub.formats.x12.findings import Finding
from benehub.formats.x12.kernel import Segment, SegmentReader, Source
from benehub.formats.x12.values import read_number

MAX_FINDINGS, MAX_SETS = 1_000, 1_000_000
SUPPORTED = {"BE": "005010X220A1", "RA": "005010X218"}
"""GS01 and the GS08 we take in it."""

_MAX_POSITION, _MAX_CONTEXT, _MAX_CONTEXTS = 999_999, 35, 9
_NOTES = {"envelope-control": "001", "envelope-count": "021", "envelope-missing": "023", "unreadable": "023"}
_CONTROL_STRUCTURE = "022"
_INTERCHANGE_TAGS = frozenset({"ISA", "IEA", "TA1", ""})
_ISA_NOTES = {
    1: "010", 2: "011", 3: "012", 4: "013", 5: "005", 6: "006", 7: "007", 8: "008", 9: "014", 10: "015", 12: "017",
    13: "018", 14: "019", 15: "020", 16: "027",
}  # fmt: skip
"""TA105 of an element of the ISA."""
_GROUP_CODES = {"envelope-control": "4", "envelope-count": "5", "envelope-missing": "3", "envelope-duplicate": "19"}
_SET_CODES = {"envelope-control": "3", "envelope-count": "4", "envelope-missing": "2", "envelope-duplicate": "23"}
_SEGMENT_CODES = {"unknown-segment": "6", "required": "3", "no-member": "3", "no-entity": "3", "end-missing": "I6"}
"""IK304 of a finding that tells none; else 8, the segment has errors."""
_ELEMENT_CODES = {"required": "1", "code": "7", "length": "5", "character": "6", "amount": "6", "date": "8"}
"""IK403 of a finding that tells none; else I12, a pattern that is not matched."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Who a file has to be for, by whom, and in which usage; an empty field is not looked at."""

    receiver_qualifier: str = ""
    receiver: str = ""
    sender_qualifier: str = ""
    sender: str = ""
    usage: str = ""

    def note(self, head: Segment) -> str:
        """TA105 of what an ISA has otherwise, empty when it is as expected."""
        wanted = (
            (7, self.receiver_qualifier), (8, self.receiver), (5, self.sender_qualifier), (6, self.sender),
            (15, self.usage),
        )  # fmt: skip
        wrong = (at for at, text in wanted if text and head.get(at).strip() != text)
        return next((_ISA_NOTES[at] for at in wrong), "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back for one interchange; no `acks` where the TA1 rejects it. `findings` are those kept."""

    ta1: Ta1
    acks: tuple[Ack999, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the envelope was taken."""
        return self.ta1.verdict != "R"


def answer(
    source: Source,
    expected: Expected | None = None,
    seen: Container[int] = (),
    *,
    partial: bool = False,
    limit: int = MAX_FINDINGS,
) -> list[Answer]:
    """The answers to a file, one for each interchange in it, in order.

    Args:
        expected: who it has to be for and by; else TA1 005 to 008, or 020.
        seen: ISA13 numbers taken before from this sender; one of them gives TA1 025.
        partial: a set whose errors all name a member is accepted with errors (E); else any error rejects it (R).
        limit: findings told at most.

    Raises:
        FormatError: no ISA that an answer could name: not X12, or no control number.
    """
    watch = _Watch(SegmentReader(source))
    for number, finding in enumerate(checks.findings(watch.relay()), 1):
        watch.place(finding, number <= limit)
    return [one.answer(expected or Expected(), seen, partial) for one in watch.interchanges]


def render(interchange: Interchange, answered: Answer) -> Iterator[str]:
    """The file that carries an answer: the TA1, and in the same envelope the 999s where there are any.

    Raises:
        FormatError: a context whose member cannot be written.
    """
    if answered.acks:
        return render_all(interchange, answered.acks, answered.ta1)
    return ack_ta1.render(interchange, answered.ta1)


@dataclass(slots=True)
class _Set:
    """One ST..SE while it is read."""

    head: Segment
    closed: bool = False
    codes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    everybody: bool = True
    """Whether every error in it names a member."""

    def ack(self, partial: bool) -> SetAck:
        errors = tuple(_segment_errors(self.findings))
        codes = list(dict.fromkeys(self.codes))
        if errors:
            codes.append("5")
        verdict = "A" if not codes else "E" if partial and self.everybody and not self.codes else "R"
        head = self.head
        return SetAck(head.get(1), head.get(2), verdict, head.get(3), errors, tuple(codes[:5]))


@dataclass(slots=True)
class _Group:
    """One GS..GE while it is read."""

    head: Segment
    closed: bool = False
    codes: list[str] = field(default_factory=list)
    sets: list[_Set] = field(default_factory=list)

    def ack(self, partial: bool) -> Ack999:
        head = self.head
        if head.get(1) not in SUPPORTED:
            self.codes.append("1")
        elif head.get(8) != SUPPORTED[head.get(1)]:
            self.codes.append("2")
        control = read_number(head.get(6))
        if control is None:
            self.codes.append("6")
        guide = Guide(head.get(1), "", head.get(8))
        made = acknowledge(guide, control or 0, [one.ack(partial) for one in self.sets])
        if not self.codes:
            return made
        # A group that is rejected takes its sets with it.
        codes = tuple(dict.fromkeys(self.codes))[:5]
        sets = tuple(replace(one, verdict="R", codes=one.codes or ("5",)) for one in made.sets)
        return replace(made, verdict="R", accepted=0, codes=codes, sets=sets)


@dataclass(slots=True)
class _Interchange:
    """One ISA..IEA while it is read."""

    head: Segment
    note: str = ""
    groups: list[_Group] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def answer(self, expected: Expected, seen: Container[int], partial: bool) -> Answer:
        head, control = self.head, read_number(self.head.get(13))
        if control is None:
            raise FormatError(
                "the control number ISA13 is not numeric: no answer can name it",
                where=f"segment {head.position} (ISA)",
                mend="Tell the sender",
                position=head.position,
            )
        duplicate = "025" if control in seen else ""
        note = duplicate or expected.note(head) or self.note
        ta1 = Ta1(control, head.get(9), head.get(10), "R" if note else "A", note or "000")
        answered = [group for group in self.groups if group.head.get(1) != "FA"]
        acks = () if note else tuple(group.ack(partial) for group in answered)
        return Answer(ta1, acks, tuple(self.findings))


class _Watch:
    """Notes the envelope while the segments pass on to the checks, so that each finding has its place."""

    def __init__(self, reader: SegmentReader) -> None:
        self._reader = reader
        self._group: _Group | None = None
        self._set: _Set | None = None
        self.interchanges: list[_Interchange] = []

    def relay(self) -> Iterator[str]:
        """The file again, a segment at a time: what the checks find is about the segment that passed last."""
        marks = self._reader.delimiters
        for segment in self._reader:
            if segment.elements[0] in ENVELOPE_TAGS:
                self._note(segment)
            yield marks.element.join(segment.elements) + marks.terminator

    def _note(self, segment: Segment) -> None:
        tag = segment.tag
        if tag in ("ST", "GE", "GS", "IEA", "ISA"):
            if self._set and not self._set.closed:
                self._set.codes.append("2")
            self._set = None
        if tag in ("GS", "IEA", "ISA"):
            if self._group and not self._group.closed:
                self._group.codes.append("3")
            self._group = None
        if tag == "ISA":
            self.interchanges.append(_Interchange(segment))
        elif tag == "GS":
            self._group = _Group(segment)
            self.interchanges[-1].groups.append(self._group)
        elif tag == "ST" and self._group and len(self._group.sets) >= MAX_SETS:
            raise FormatError(
                f"a group of more than {MAX_SETS} transaction sets",
                where=f"segment {segment.position} (ST)",
                mend="Ask the sender to split the file",
                position=segment.position,
            )
        elif tag == "ST" and self._group:
            self._set = _Set(segment)
            self._group.sets.append(self._set)
        elif tag == "SE" and self._set:
            self._set.closed = True
        elif tag == "GE" and self._group:
            self._group.closed = True

    def place(self, finding: Finding, keep: bool) -> None:
        """Put a finding where the answer tells it: envelope, group, set or segment; `keep` false counts it only."""
        one, group, answered = self.interchanges[-1], self._group, self._set
        if keep:
            one.findings.append(finding)
        trailer = finding.segment in ENVELOPE_TAGS and finding.code in ("envelope-order", "unknown-segment")
        if trailer and any(not told.closed or any(not s.closed for s in told.sets) for told in one.groups[-1:]):
            return  # A trailer is missing, and its group or set answers for it.
        if finding.segment in _INTERCHANGE_TAGS or finding.code == "unreadable":
            one.note = one.note or _note_of(finding)
        elif finding.segment in ("GS", "GE") and group:
            group.codes += _group_codes(finding)
        elif finding.segment in ("ST", "SE") and answered and group and finding.code.startswith("envelope-"):
            answered.codes += _set_codes(finding, answered.head, group.head)
        elif answered is None:
            one.note = one.note or _CONTROL_STRUCTURE
        else:
            answered.everybody = answered.everybody and bool(finding.member)
            if keep or not answered.findings:
                answered.findings.append(finding)


def _note_of(finding: Finding) -> str:
    """TA105 of a finding about the envelope."""
    if finding.ik in NOTES:
        return finding.ik
    if finding.segment == "ISA" and finding.element in _ISA_NOTES:
        return _ISA_NOTES[finding.element]
    return _NOTES.get(finding.code, _CONTROL_STRUCTURE)


def _group_codes(finding: Finding) -> list[str]:
    """AK905; none where a missing trailer inside has been noted already."""
    if finding.code == "envelope-order":
        return []
    return [finding.ik or _GROUP_CODES.get(finding.code, "6" if finding.element == 6 else "2")]


def _set_codes(finding: Finding, head: Segment, group: Segment) -> list[str]:
    """IK502; none where a missing trailer before it has been noted already."""
    if finding.code == "envelope-order":
        return []
    if finding.ik:
        return [finding.ik]
    if finding.code == "envelope-guide":
        return ["I6" if head.get(1) in PAIRS.get(group.get(1), ()) else "1"]
    return [_SET_CODES.get(finding.code, "7" if finding.element == 2 else "6")]


def _segment_errors(findings: list[Finding]) -> Iterator[SegmentError]:
    """One IK3 a segment and code in the order of the file; what is wrong with its elements stands below it."""
    errors: dict[tuple[int, str, str, str], list[Finding]] = {}
    for one in sorted(findings, key=lambda found: (found.in_set, found.element)):
        code = "8" if one.element else one.ik or _SEGMENT_CODES.get(one.code, "8")
        errors.setdefault((min(one.in_set, _MAX_POSITION), code, one.segment, one.loop), []).append(one)
    for (position, code, segment, loop), found in errors.items():
        members = dict.fromkeys(one.member for one in found if one.member)
        # A number that was cut to the size of CTX would name somebody else.
        named = [member for member in members if len(member) <= _MAX_CONTEXT]
        contexts = tuple(Context(SUBSCRIBER, member) for member in named[:_MAX_CONTEXTS])
        told = tuple(dict.fromkeys(_element_error(one) for one in found if one.element))
        yield SegmentError(segment, position, code, loop, contexts, told)


def _element_error(finding: Finding) -> ElementError:
    component, repeat = (str(at) if at else "" for at in (finding.component, finding.repeat))
    code = finding.ik or _ELEMENT_CODES.get(finding.code, "I12")
    return ElementError(finding.element, code, finding.number, component, repeat)
