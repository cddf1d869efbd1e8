"""From our members to an 834, full or change, in one partner's words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benehub.connect.connector import Envelope, FileOut, Item
from benehub.errors import DataError, FormatError
from benehub.formats.x12 import enrollment_834 as x834
from benehub.formats.x12.envelope import Interchange
from benehub.records import CoverageLine, EnrollmentMember
from benehub_connectors.carrier_x12.settings import PartnerSettings, TermBy
from benehub_connectors.carrier_x12.words import RELATIONSHIPS, Words

FULL, CHANGE = "enrollment.full", "enrollment.change"


def interchange(envelope: Envelope, settings: PartnerSettings) -> Interchange:
    """The envelope of a file of ours; a TA1 is always asked for."""
    return Interchange(
        sender=settings.sender,
        receiver=settings.receiver,
        control=envelope.control,
        group_control=envelope.control,
        created=envelope.created,
        sender_qualifier=settings.sender_qualifier,
        receiver_qualifier=settings.receiver_qualifier,
        usage=settings.usage,
        ack_requested=True,
        delimiters=settings.delimiters(),
        line_breaks=settings.line_breaks,
    )


def file_name(pattern: str, envelope: Envelope, settings: PartnerSettings) -> str:
    """The name in the mailbox: the outbox folder, and the profile's pattern filled in."""
    name = pattern.format(
        group=settings.group,
        control=f"{envelope.control:09d}",
        date=f"{envelope.created:%Y%m%d}",
        time=f"{envelope.created:%H%M%S}",
        usage=settings.usage,
    )
    return f"{settings.outbox}/{name}" if settings.outbox else name


def render_enrollment(operation: str, items: Sequence[Item], envelope: Envelope, settings: PartnerSettings) -> FileOut:
    """The 834 of `items`, families together and the subscriber first.

    Raises:
        DataError: a member cannot be written; the message names it by its key.
    """
    full = operation == FULL
    writer = _Members(settings, envelope, full)
    told = ((item.key, writer.member(item, record)) for item, record in _by_family(items))
    members = [(key, member) for key, member in told if member is not None]
    enrollment = x834.Enrollment834(
        reference=envelope.reference,
        created=envelope.created.date(),
        action=x834.FULL if full else x834.CHANGE,
        sponsor=x834.Party(settings.sponsor.name, settings.sponsor.qualifier, settings.sponsor.id),
        payer=x834.Party(settings.insurer.name, settings.insurer.qualifier, settings.insurer.id),
        time=f"{envelope.created:%H%M}",
        policy=settings.group,
        dates=(("007", envelope.created.date()),),
        totals=x834.totals_of(member for _, member in members),
    )
    walk = Named(members)
    try:
        head = interchange(envelope, settings)
        text = "".join(x834.render(head, enrollment, walk, settings.characters()))
    except FormatError as error:
        raise walk.named(error) from None
    subscribers = sum(member.subscriber for _, member in members)
    totals = {
        "members": len(members),
        "subscribers": subscribers,
        "dependents": len(members) - subscribers,
        "coverages": sum(len(member.coverages) for _, member in members),
        "left_out": len(items) - len(members),
    }
    return FileOut(file_name(settings.names.enrollment, envelope, settings), text.encode("ascii"), "834", totals)


class Named:
    """Walks over members and knows which one the writer was at when it refused."""

    def __init__(self, members: Sequence[tuple[str, x834.Member]]) -> None:
        self._members = members
        self._key = ""

    def __iter__(self) -> Iterator[x834.Member]:
        for key, member in self._members:
            self._key = key
            yield member
        self._key = ""

    def named(self, error: FormatError) -> DataError:
        """The writer's error with the member's key."""
        at = f"member {self._key}" if self._key else ""
        where = ", ".join(part for part in (at, error.where) if part)
        return DataError(error.what, where=where, mend=error.mend)


class _Members:
    """Turns records into members for one file."""

    def __init__(self, settings: PartnerSettings, envelope: Envelope, full: bool) -> None:
        self._settings = settings
        self._words = Words(settings)
        self._today = envelope.created.date()
        self._full = full

    def member(self, item: Item, record: EnrollmentMember) -> x834.Member | None:
        """The member; None for one whom this partner wants to miss because all his cover has ended."""
        try:
            told = [line for line in record.coverages if not self._omitted(line)]
            if record.coverages and not told:
                return None
            return self._member(record, tuple(self._coverage(line) for line in told))
        except DataError as error:
            raise DataError(error.what, where=f"member {item.key}", mend=error.mend) from None

    def _omitted(self, line: CoverageLine) -> bool:
        absent = self._full and self._settings.term_by is TermBy.ABSENCE
        return absent and line.effective_to is not None and line.effective_to <= self._today

    def _member(self, record: EnrollmentMember, coverages: tuple[x834.Coverage, ...]) -> x834.Member:
        subscriber = record.relationship == "self"
        if record.relationship not in RELATIONSHIPS:
            raise DataError(f"no code for relationship {record.relationship!r}", mend="Mend the dependent's record")
        ssn = record.ssn if subscriber or self._settings.ssn_of_dependents else None
        return x834.Member(
            subscriber=subscriber,
            relationship=RELATIONSHIPS[record.relationship],
            maintenance=record.maintenance,
            reason=record.reason or ("XN" if self._full else ""),
            status="A",
            subscriber_number=record.subscriber_id,
            name=x834.Name(
                record.last_name,
                record.first_name,
                record.middle_name,
                id_qualifier="34" if ssn else "",
                id=ssn or "",
            ),
            employment=("TE" if record.termination_date else "AC") if subscriber else "",
            references=(("1L", self._settings.group), ("23", record.member_id)),
            dates=tuple(self._dates(record, subscriber)),
            address=_address(record),
            demographics=x834.Demographics(record.birth_date, record.sex.value),
            coverages=coverages,
        )

    def _dates(self, record: EnrollmentMember, subscriber: bool) -> Iterator[x834.Dated]:
        if subscriber and record.hire_date:
            yield "336", record.hire_date
        if subscriber and record.termination_date:
            yield "337", record.termination_date
        ends = [line.effective_to for line in record.coverages if line.effective_to]
        if record.maintenance == "024" and ends:
            yield "357", self._words.written_end(max(ends))

    def _coverage(self, line: CoverageLine) -> x834.Coverage:
        if line.maintenance == "024" and line.effective_to is None:
            raise DataError(f"plan {line.plan!r} is to end without a day", mend="Give the coverage an end")
        codes = self._words.plan(line.plan)
        end = (("349", self._words.written_end(line.effective_to)),) if line.effective_to else ()
        return x834.Coverage(
            maintenance=line.maintenance,
            line=codes.insurance_line,
            plan=self._words.label(line.plan),
            tier=self._words.tier(line.tier),
            dates=(("348", line.effective_from), *end),
            references=(("1L", codes.policy),) if codes.policy else (),
            amounts=(("P3", line.premium_minor),) if line.premium_minor is not None else (),
        )


def _address(record: EnrollmentMember) -> x834.Address | None:
    if not (record.address1 and record.city):
        return None  # Half an address is refused by the guide; none is allowed.
    return x834.Address(record.address1, record.address2, record.city, record.state, record.zip_code)


def _by_family(items: Sequence[Item]) -> list[tuple[Item, EnrollmentMember]]:
    """Families in the order they first appear, each with its subscriber first."""
    families: dict[str, list[tuple[Item, EnrollmentMember]]] = {}
    for item in items:
        record = item.as_record(EnrollmentMember)
        families.setdefault(record.subscriber_id, []).append((item, record))
    return [pair for family in families.values() for pair in sorted(family, key=_dependents_last)]


def _dependents_last(pair: tuple[Item, EnrollmentMember]) -> bool:
    return pair[1].relationship != "self"
