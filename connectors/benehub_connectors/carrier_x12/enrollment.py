"""From our members to an 834, full or change, in one partner's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from benehub.connect.connector import Envelope, FileOut, Item
from benehub.errors import DataError, FormatError
from benehub.formats.x12 import enrollment_834 as x834
from benehub.formats.x12.envelope import Interchange, write
from benehub.formats.x12.kernel import Elements
from benehub.formats.x12.values import write_amount
from benehub.formats.x12.writer import SegmentWriter
from benehub.records import CoverageLine, EnrollmentMember
from benehub_connectors.carrier_x12.settings import Identifier, PartnerSettings, SsnDemand, TermBy
from benehub_connectors.carrier_x12.sound import sound
from benehub_connectors.carrier_x12.words import RELATIONSHIPS, Words

FULL, CHANGE = "enrollment.full", "enrollment.change"
RESUBMISSION = "15"
"""BGN01 of a file that takes the place of one refused whole."""

_TRIAL = Envelope(1, datetime(2000, 1, 1, tzinfo=UTC), "TRIAL")
"""Of a file that is made to be looked at, and never leaves."""

_YEARS = timedelta(days=400)
"""More than ended cover is ever kept for."""


def interchange(envelope: Envelope, settings: PartnerSettings) -> Interchange:
    """The envelope of a file of ours; a TA1 is asked for where the partner owes one."""
    return Interchange(
        sender=settings.sender,
        receiver=settings.receiver,
        control=envelope.control,
        group_control=envelope.control,
        created=envelope.created,
        sender_qualifier=settings.sender_qualifier,
        receiver_qualifier=settings.receiver_qualifier,
        usage=settings.usage,
        ack_requested=settings.exchange.acks.ta1_hours is not None,
        application_sender=settings.group_sender,
        application_receiver=settings.group_receiver,
        set_control=envelope.first_set,
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
        DataError: a member cannot be written, or our own checks refuse the file; the message names it by its key.
    """
    full = operation == FULL
    records = _by_family(items)
    writer = MemberWriter(settings, envelope.created.date(), full, records)
    told = [(item.key, record.subscriber_id, writer.member(item, record)) for item, record in records]
    members = [(key, family, member) for key, family, member in told if member is not None]
    parts = (
        [list(part) for _, part in groupby(members, key=lambda one: one[1])] if settings.family_per_set else [members]
    )
    walk = Named()
    bodies = (_body(full, number, part, envelope, settings, walk) for number, part in enumerate(parts))
    try:
        text = "".join(write(interchange(envelope, settings), x834.GUIDE, bodies, settings.characters()))
    except FormatError as error:
        raise walk.named(error) from None
    sound(text, "834", {member.subscriber_number: key for key, _, member in members})
    subscribers = sum(member.subscriber for *_, member in members)
    totals = {
        "members": len(members),
        "subscribers": subscribers,
        "dependents": len(members) - subscribers,
        "coverages": sum(len(member.coverages) for *_, member in members),
        "left_out": len(items) - len(members),
    }
    sets = {key: f"{envelope.first_set + number:04d}" for number, part in enumerate(parts) for key, *_ in part}
    heads = sum(any(line.maintenance != "024" for line in member.coverages) for *_, member in members)
    name = file_name(settings.names.enrollment, envelope, settings)
    return FileOut(name, text.encode("ascii"), "834", totals, sets=sets, heads=heads if full else None)


def _body(
    full: bool, number: int, part: Sequence[tuple[str, str, x834.Member]], envelope: Envelope,
    settings: PartnerSettings, walk: Named,
) -> Iterator[Elements]:  # fmt: skip
    """One transaction set without ST and SE: the head, and the members it speaks of.

    Raises:
        FormatError: there is nobody in it.
    """
    if not part:
        raise FormatError("an 834 without members", mend="Send nothing when there is nothing to say")
    yield from x834.Enrollment834(
        reference=f"{envelope.reference}/{number + 1}" if number else envelope.reference,
        created=envelope.created.date(),
        action=x834.FULL if full else x834.CHANGE,
        sponsor=x834.Party(settings.sponsor.name, settings.sponsor.qualifier, settings.sponsor.id),
        payer=x834.Party(settings.insurer.name, settings.insurer.qualifier, settings.insurer.id),
        purpose=RESUBMISSION if envelope.instead_of else "00",
        original_reference=envelope.instead_of,
        time=f"{envelope.created:%H%M}",
        policy=settings.group,
        dates=(("007", envelope.created.date()),),
        totals=x834.totals_of(member for *_, member in part),
    ).segments()
    for key, _, member in part:
        walk.at(key)
        yield from member.segments()
    walk.at("")


def sets_of(items: Sequence[Item], settings: PartnerSettings) -> int:
    """How many transaction sets these items make: one, or one a family."""
    return len({str(item.content["subscriber_id"]) for item in items}) if settings.family_per_set else 1


def unfit(operation: str, items: Sequence[Item], settings: PartnerSettings) -> dict[str, str]:
    """Items that cannot be written for this partner, by key, and why; each is tried as it would be written.

    Where each can be, all of them are tried as a file of their own, as our checks see it.
    """
    records = _by_family(items)
    # Nobody has been forgotten on the first of days: everybody is tried.
    writer = MemberWriter(settings, date(1, 1, 1) + _YEARS, operation == FULL, records)
    segments = SegmentWriter(settings.delimiters(), settings.characters())
    found: dict[str, str] = {}
    for item, record in records:
        try:
            member = writer.member(item, record)
            for elements in member.segments() if member else ():
                segments.segment(elements)
        except DataError as error:
            place = f" ({error.where})" if isinstance(error, FormatError) and error.where else ""
            found[item.key] = ". ".join(part for part in (error.what + place, error.mend) if part)
    if not found and items and operation == CHANGE:
        try:
            render_enrollment(operation, items, _TRIAL, settings)
        except DataError as error:
            found[items[0].key] = ". ".join(part for part in (error.what, error.mend) if part)
    return found


class Named:
    """Knows which member the writer was at when it refused."""

    def __init__(self) -> None:
        self._key = ""

    def at(self, key: str) -> None:
        """The next segments are of this member; empty for none."""
        self._key = key

    def named(self, error: FormatError) -> DataError:
        """The writer's error with the member's key."""
        at = f"member {self._key}" if self._key else ""
        where = ", ".join(part for part in (at, error.where) if part)
        return DataError(error.what, where=where, mend=error.mend)


class MemberWriter:
    """Turns records into members for one file.

    Args:
        settings: the partner's profile.
        today: the day of the file.
        full: whether it is a full file.
        records: everybody in it: dependents are told with what is known of their subscriber.
    """

    def __init__(
        self, settings: PartnerSettings, today: date, full: bool, records: Sequence[tuple[Item, EnrollmentMember]]
    ) -> None:
        self._settings = settings
        self._words = Words(settings)
        self._full = full
        self._forgotten = today - timedelta(days=settings.exchange.keep_terminated_days)
        self._ssns = {one.subscriber_id: one.ssn for _, one in records if one.relationship == "self"}

    def member(self, item: Item, record: EnrollmentMember) -> x834.Member | None:
        """The member; None for one whom this partner wants to miss because all his cover has ended.

        Raises:
            DataError: the profile demands what is not known of him, or has no word for what is.
        """
        try:
            told = [line for line in record.coverages if not self._omitted(line)]
            if record.coverages and not told:
                return None
            return self._member(record, tuple(self._coverage(line) for line in told))
        except DataError as error:
            raise DataError(error.what, where=f"member {item.key}", mend=error.mend) from None

    def _omitted(self, line: CoverageLine) -> bool:
        absent = self._full and self._settings.term_by is TermBy.ABSENCE
        return absent and line.effective_to is not None and line.effective_to <= self._forgotten

    def _member(self, record: EnrollmentMember, coverages: tuple[x834.Coverage, ...]) -> x834.Member:
        subscriber = record.relationship == "self"
        if record.relationship not in RELATIONSHIPS:
            raise DataError(f"no code for relationship {record.relationship!r}", mend="Mend the dependent's record")
        ssn = record.ssn if subscriber or self._settings.ssn_of_dependents else None
        if not ssn and self._demanded(subscriber):
            raise DataError("no SSN, and the partner demands it", mend="Enter it in the HRIS")
        return x834.Member(
            subscriber=subscriber,
            relationship=RELATIONSHIPS[record.relationship],
            maintenance=record.maintenance,
            reason=record.reason or ("XN" if self._full else ""),
            status="A",
            subscriber_number=self._number(record),
            name=x834.Name(
                record.last_name,
                record.first_name,
                record.middle_name,
                id_qualifier="34" if ssn else "",
                id=ssn or "",
            ),
            employment=("TE" if record.termination_date else "AC") if subscriber else "",
            references=tuple(self._references(record, subscriber)),
            dates=tuple(self._dates(record, subscriber)),
            address=_address(record),
            demographics=x834.Demographics(record.birth_date, record.sex.value),
            coverages=coverages,
            extra=tuple(self._pay(record, subscriber)),
        )

    def _demanded(self, subscriber: bool) -> bool:
        demand = self._settings.ssn_demanded
        return demand is SsnDemand.EVERYONE or (subscriber and demand is SsnDemand.SUBSCRIBER)

    def _number(self, record: EnrollmentMember) -> str:
        """REF*0F.

        Raises:
            DataError: it is to be the subscriber's SSN, and that is not known.
        """
        if self._settings.identifier is Identifier.EMPLOYEE:
            return record.subscriber_id
        return self._subscriber_ssn(record)

    def _subscriber_ssn(self, record: EnrollmentMember) -> str:
        if ssn := self._ssns.get(record.subscriber_id):
            return ssn
        raise DataError("the subscriber's SSN is not known, and the partner demands it", mend="Enter it in the HRIS")

    def _references(self, record: EnrollmentMember, subscriber: bool) -> Iterator[x834.Reference]:
        yield "1L", self._settings.group
        yield "23", record.member_id
        if self._settings.subgroups:
            if record.department not in self._settings.subgroups:
                raise DataError(f"no sub-group for department {record.department[:50]!r}",
                                mend="Add it to subgroups in the profile")  # fmt: skip
            yield "DX", self._settings.subgroups[record.department]
        if self._settings.subscriber_ssn_as and not subscriber:
            yield self._settings.subscriber_ssn_as, self._subscriber_ssn(record)

    def _pay(self, record: EnrollmentMember, subscriber: bool) -> Iterator[Elements]:
        if not (self._settings.exchange.salary and subscriber):
            return
        if record.compensation_minor is None:
            raise DataError("no pay is known, and the partner demands it", mend="Sync compensation from the HRIS")
        yield "ICM", "7", write_amount(record.compensation_minor)

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
        if codes.provider_demanded and not line.provider and line.maintenance != "024":
            raise DataError(f"plan {line.plan!r} demands a primary care provider, and none was chosen",
                            mend="Have the employee choose one in the election")  # fmt: skip
        end = (("349", self._words.written_end(line.effective_to)),) if line.effective_to else ()
        references = (("1L", codes.policy), ("17", codes.category))
        return x834.Coverage(
            maintenance=line.maintenance,
            line=codes.insurance_line,
            plan=self._words.label(line.plan),
            tier=self._words.tier(line.tier),
            dates=(("348", line.effective_from), *end),
            references=tuple((code, value) for code, value in references if value),
            amounts=(("P3", line.premium_minor),) if line.premium_minor is not None else (),
            extra=_provider(line.provider) if line.provider else (),
        )


def _provider(number: str) -> tuple[Elements, ...]:
    """LX and NM1*P3 of a primary care provider; ten digits are an NPI. Whether he knows the member is not known."""
    kind = "XX" if re.fullmatch(r"\d{10}", number) else "SV"
    return (("LX", "1"), ("NM1", "P3", "1", "", "", "", "", "", kind, number, "72"))


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
