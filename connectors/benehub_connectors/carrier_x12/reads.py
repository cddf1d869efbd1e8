"""What comes back from a carrier: TA1 and 999 answers, the roster, the list bill; each file is one page.

A file that is not what it claims to be (cut off, for somebody else, a test answer in production) is refused
whole: it gives one row `file` with the reason, and the files after it are still read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial

from benehub.connect.connector import Incoming, Link, Page
from benehub.errors import FileRefused, Unsupported
from benehub.formats import carrier_invoice, carrier_roster
from benehub.formats.x12 import ack_999, ack_ta1
from benehub.formats.x12.envelope import Interchange, read_interchange
from benehub.formats.x12.kernel import SegmentReader
from benehub.records import AckLevel, Acknowledgement, AckStatus, InvoiceLine, InvoicePart, Record, RosterMember
from benehub_connectors.carrier_x12.member_answers import read_reports
from benehub_connectors.carrier_x12.settings import Identifier, PartnerSettings
from benehub_connectors.carrier_x12.words import Words
from benehub_connectors.files.inbox import Mail, unread
from benehub_connectors.files.pages import pages, parsed_rows

STATUS = {
    "A": AckStatus.ACCEPTED,
    "E": AckStatus.ACCEPTED_WITH_ERRORS,
    "P": AckStatus.ACCEPTED_WITH_ERRORS,
}
"""TA104, IK501 and AK901; every other verdict is a rejection."""

Reader = Callable[[Mail, PartnerSettings], list[Incoming]]


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
    if stream == "acknowledgement" and settings.report:
        patterns, read = (*patterns, *settings.names.report), partial(_read_answers, link)
    mails = unread(link.files(), settings.inbox, patterns, cursor)
    yield from pages(stream, mails, lambda mail: read(mail, settings), full=stream == "roster")


def read_acknowledgements(mail: Mail, settings: PartnerSettings) -> list[Incoming]:
    """TA1 and 999/997 of one file.

    Raises:
        FormatError: cut off, or no X12.
        FileRefused: it is for somebody else, or of the other usage.
    """
    text = _ascii(mail.data)
    envelope = _envelope(text)
    _check_parties(envelope, settings)
    answers = [_ta1(ack) for ack in ack_ta1.parse(text)]
    for received in ack_999.parse(text):
        answers += _ack(received.ack)
    if not answers:
        raise FileRefused("neither a TA1 nor a 999 is in it", mend="Ask the carrier what it is")
    rows = []
    for number, answer in enumerate(answers, 1):
        # A member may be named by his SSN, and a key is kept in clear: the place in the file tells rows apart.
        member = f"row {number}" if settings.identifier is Identifier.SSN and answer.member else answer.member
        usage = () if envelope.usage == "T" else (envelope.usage,)
        parts = (*usage, answer.level.value, str(envelope.control), answer.control, answer.transaction, member)
        key = "/".join((*parts, answer.code))
        told = answer.model_copy(update={"usage": envelope.usage})
        rows.append(Incoming(key, told.model_dump(mode="json"), row=number))
    return rows


def _read_answers(link: Link, mail: Mail, settings: PartnerSettings) -> list[Incoming]:
    """TA1 and 999 by their file names, every other answer by the layout of the carrier's own reports."""
    name = mail.name.rpartition("/")[2].casefold()
    if any(fnmatchcase(name, pattern.casefold()) for pattern in settings.names.acknowledgement):
        return read_acknowledgements(mail, settings)
    return read_reports(mail, settings, link)


def read_roster(mail: Mail, settings: PartnerSettings) -> list[Incoming]:
    """Who the carrier covers, plans and tiers in our words, ends half-open.

    Raises:
        FormatError, FileRefused: no roster.
    """
    words = Words(settings)

    def record(row: carrier_roster.RosterRow) -> Record:
        return RosterMember(
            member=row.member_id,
            subscriber=row.subscriber_id,
            relationship=row.relationship,
            first_name=row.first_name,
            last_name=row.last_name,
            birth_date=row.birth_date,
            plan=words.our_plan(row.plan),
            tier=words.our_tier(row.tier),
            effective_from=row.effective_from,
            effective_to=row.end,
        )

    return parsed_rows(carrier_roster.parse(mail.data), record, ("member", "plan", "effective_from"), mail)


def read_invoice(mail: Mail, settings: PartnerSettings) -> list[Incoming]:
    """The lines of a list bill, plans and tiers in our words; equal lines both count.

    Raises:
        FormatError: no list bill.
        FileRefused: it has no total, or one that is not the sum of its lines.
    """
    words = Words(settings)

    def record(row: carrier_invoice.InvoiceRow) -> Record:
        whole = row.line_type is not carrier_invoice.LineType.PREMIUM
        return InvoiceLine(
            kind=InvoicePart(row.line_type),
            invoice=row.invoice,
            invoice_date=row.invoice_date,
            due_date=row.due_date,
            member=row.line_type.value if whole else row.member_id,
            first_name=row.first_name,
            last_name=row.last_name,
            plan="" if whole else words.our_plan(row.plan),
            tier=words.our_tier(row.tier),
            coverage_month=str(row.coverage_month),
            premium_minor=row.premium,
            adjustment=row.adjustment,
            volume_minor=row.volume,
            age_band=row.age_band,
            dependents=row.dependents,
        )

    key = ("invoice", "member", "plan", "coverage_month", "adjustment")
    return parsed_rows(carrier_invoice.parse(mail.data).rows, record, key, mail, additive=True)


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
        raise FileRefused("it is addressed to somebody else", where="ISA08", mend="Send it back to the carrier")
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
