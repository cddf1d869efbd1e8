"""What comes back from a carrier: TA1 and 999 answers, the roster, the list bill; each file is one page.

A file that is not what it claims to be (cut off, for somebody else, a test answer in production) is refused
whole: it gives one row `file` with the reason, and the files after it are still read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from benehub.connect.connector import Incoming, Link, Page
from benehub.errors import DataError, FileRefused, Unsupported
from benehub.formats import carrier_invoice, carrier_roster
from benehub.formats.rows import Problem
from benehub.formats.x12 import ack_999, ack_ta1
from benehub.formats.x12.envelope import Interchange, read_interchange
from benehub.formats.x12.kernel import SegmentReader
from benehub.records import Acknowledgement, AckLevel, AckStatus, InvoiceLine, Record, RosterMember
from benehub_connectors.carrier_x12.settings import PartnerSettings
from benehub_connectors.carrier_x12.words import Words
from benehub_connectors.files.inbox import unread

STATUS = {
    "A": AckStatus.ACCEPTED,
    "E": AckStatus.ACCEPTED_WITH_ERRORS,
    "P": AckStatus.ACCEPTED_WITH_ERRORS,
}
"""TA104, IK501 and AK901; every other verdict is a rejection."""

Reader = Callable[[bytes, PartnerSettings], list[Incoming]]


def read_pages(stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
    """A page for every file of the stream not read before.

    A roster is a full read only where every row of it could be read: who stands in a broken row is not gone.

    Raises:
        Unsupported: no such stream.
    """
    settings: PartnerSettings = link.settings
    readers: dict[str, tuple[Sequence[str], Reader]] = {
        "acknowledgement": (settings.names.acknowledgement, read_acknowledgements),
        "roster": (settings.names.roster, read_roster),
        "invoice_line": (settings.names.invoice, read_invoice),
    }
    if stream not in readers:
        raise Unsupported(f"carrier_x12 does not read {stream}", where=link.connection, blocker="us")
    patterns, read = readers[stream]
    for mail in unread(link.files(), settings.inbox, patterns, cursor):
        try:
            if mail.problem:
                raise FileRefused(mail.problem)
            rows = read(mail.data, settings)
        except DataError as error:
            where = f"file {mail.name}, {error.where}" if error.where else f"file {mail.name}"
            refusal = FileRefused(error.what, where=where, mend=error.mend)
            rows = [Incoming("file", {}, {}, str(refusal))]
        full = stream == "roster" and not any(row.problem for row in rows)
        yield Page(stream, rows, mail.data, mail.name, mail.cursor, full)


def read_acknowledgements(data: bytes, settings: PartnerSettings) -> list[Incoming]:
    """TA1 and 999/997 of one file.

    Raises:
        FormatError: cut off, or no X12.
        FileRefused: it is for somebody else, or of the other usage.
    """
    text = _ascii(data)
    envelope = _envelope(text)
    _check_parties(envelope, settings)
    answers = [_ta1(ack) for ack in ack_ta1.parse(text)]
    for received in ack_999.parse(text):
        answers += _ack(received.ack)
    if not answers:
        raise FileRefused("neither a TA1 nor a 999 is in it", mend="Ask the carrier what it is")
    rows = []
    for number, answer in enumerate(answers, 1):
        parts = (answer.level.value, str(envelope.control), answer.control, answer.transaction, answer.member)
        key = "/".join((*parts, answer.code))
        rows.append(Incoming(key, _data(answer), row=number))
    return rows


def read_roster(data: bytes, settings: PartnerSettings) -> list[Incoming]:
    """Who the carrier covers, plans and tiers in our words.

    Raises:
        FormatError: no text, or another header.
    """
    words, parsed = Words(settings), carrier_roster.parse(data)

    def row(found: carrier_roster.RosterRow) -> Record:
        fields = asdict(found)
        return RosterMember(
            **fields | {"plan": words.our_plan(found.plan), "tier": words.our_tier(found.tier)}
        )

    return _rows(parsed.rows, parsed.problems, row, ("member", "plan", "effective_from"))


def read_invoice(data: bytes, settings: PartnerSettings) -> list[Incoming]:
    """The lines of a list bill, plans and tiers in our words; equal lines both count.

    Raises:
        FormatError: no text, another header, or a bill that does not add up.
    """
    words, parsed = Words(settings), carrier_invoice.parse(data)

    def row(found: carrier_invoice.InvoiceRow) -> Record:
        fields = asdict(found)
        return InvoiceLine(
            **fields | {"plan": words.our_plan(found.plan), "tier": words.our_tier(found.tier)}
        )

    key = ("invoice", "member", "plan", "coverage_month", "adjustment")
    return _rows(parsed.rows, parsed.problems, row, key)


def _rows(
    found: Sequence[object],
    problems: Sequence[Problem],
    translate: Callable[[object], Record] | Callable[..., Record],
    key: tuple[str, ...],
) -> list[Incoming]:
    """Rows and problems in the order of the file; equal keys get a number."""
    rows = [
        Incoming(f"line {p.line}", {}, {}, f"row {p.line}, {p.reason}. {p.mend}", p.line) for p in problems
    ]
    broken = {problem.line for problem in problems}
    seen: dict[str, int] = {}
    line = 1
    for one in found:
        line += 1
        while line in broken:
            line += 1
        try:
            data = _data(translate(one))
        except DataError as error:
            rows.append(Incoming(f"line {line}", {}, {}, f"row {line}, {error}", line))
            continue
        name = "/".join(str(data.get(part, "")) for part in key)
        count = seen[name] = seen.get(name, 0) + 1
        rows.append(Incoming(name if count == 1 else f"{name}/{count}", data, row=line))
    return sorted(rows, key=lambda row: row.row)


def _data(record: Record) -> dict[str, object]:
    return record.model_dump(mode="json")


def _ascii(data: bytes) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError as error:
        raise FileRefused(
            f"no plain text at byte {error.start}", mend="Ask the carrier to send it again as X12"
        ) from None


def _envelope(text: str) -> Interchange:
    """The file's ISA, with its GS where there is one.

    Raises:
        FormatError: it does not begin with an ISA.
    """
    reader = SegmentReader(text)
    walk = iter(reader)
    head = next(walk)
    second = next(walk, None)
    group = second if second is not None and second.tag == "GS" else None
    return read_interchange(head, group, reader.delimiters)


def _check_parties(envelope: Interchange, settings: PartnerSettings) -> None:
    ours = (settings.sender_qualifier, settings.sender)
    theirs = (settings.receiver_qualifier, settings.receiver)
    if (envelope.receiver_qualifier, envelope.receiver) != ours:
        raise FileRefused(
            "it is addressed to somebody else", where="ISA08", mend="Send it back to the carrier"
        )
    if (envelope.sender_qualifier, envelope.sender) != theirs:
        raise FileRefused(
            "it comes from somebody else", where="ISA06", mend="Check the mailbox, or receiver in the profile"
        )
    if envelope.usage != settings.usage:
        raise FileRefused(
            f"usage {envelope.usage} on a connection of usage {settings.usage}",
            where="ISA15",
            mend="Keep test and production apart; ask the carrier",
        )


def _ta1(ack: ack_ta1.Ta1) -> Acknowledgement:
    return Acknowledgement(
        level=AckLevel.ENVELOPE,
        control=str(ack.control),
        status=STATUS.get(ack.verdict, AckStatus.REJECTED),
        code=ack.note,
        text=ack.text,
    )


def _ack(ack: ack_999.Ack999) -> Iterator[Acknowledgement]:
    """The group's answer, its sets', and one row for each member an error names."""
    control = str(ack.group_control)

    def answer(verdict: str, codes: Sequence[str], transaction: str = "") -> Acknowledgement:
        return Acknowledgement(
            level=AckLevel.SYNTAX,
            control=control,
            transaction=transaction,
            status=STATUS.get(verdict, AckStatus.REJECTED),
            code=" ".join((verdict, *codes)),
        )

    yield answer(ack.verdict, ack.codes)
    for one in ack.sets:
        yield answer(one.verdict, one.codes, one.control)
    for named in ack_999.members_named(ack):
        elements = [f"{place}:{code}" for place, code in named.element_codes]
        details = [f"element {place}: {ack_999_text(code)}" for place, code in named.element_codes]
        yield Acknowledgement(
            level=AckLevel.SYNTAX,
            control=control,
            transaction=named.set_control,
            status=AckStatus.REJECTED,
            member=named.member,
            code=" ".join((named.segment, named.code, *elements)),
            text="; ".join((f"{named.segment} at segment {named.position}", *details)),
        )


def ack_999_text(code: str) -> str:
    """What an IK403 code means."""
    return ack_999.ElementError(0, code).text
