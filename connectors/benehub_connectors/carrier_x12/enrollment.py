"""From our members to an 834, full or change, in one partner's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from benehub.connect.connector import Envelope, FileOut, Item
from benehub.errors import DataError, FormatError
from benehub.formats.x12 import enrollment_834 as x834
from benehub.formats.x12.envelope import Interchange
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
    file = _File(operation, _by_family(items), envelope, settings)
    sound(file.text(), "834", file.key_of)
    name = file_name(settings.names.enrollment, envelope, settings)
    totals = {**file.totals, "left_out": len(items) - file.totals["members"]}
    heads = file.heads if operation == FULL else None
    return FileOut(name, file.content, "834", totals, sets=file.sets, heads=heads)


class _File:
    """An 834 that is written as often as it is asked for, some dozens of members at a time.

    Raises:
        DataError: a member lacks what the partner demands.
    """

    def __init__(self, operation: str, items: Sequence[Item], envelope: Envelope, settings: PartnerSettings) -> None:
        self._items, self._envelope, self._settings = items, envelope, settings
        self._full = operation == FULL
        self._writer = MemberWriter(settings, envelope.created.date(), self._full)
        self._keys: list[str] = []
        self._sizes: list[tuple[int, int]] = []
        """Members and subscribers of each transaction set."""
        self.sets: dict[str, str] = {}
        self.totals = {"members": 0, "subscribers": 0, "dependents": 0, "coverages": 0}
        self.heads = 0
        self._count()

    def text(self) -> Iterator[str]:
        """The file.

        Raises:
            DataError: a member cannot be written; or nobody is in it.
        """
        if not self._keys:
            raise DataError("an 834 without members", mend="Send nothing when there is nothing to say")
        to, policy = interchange(self._envelope, self._settings), self._settings.characters()
        try:
            yield from x834.render_sets(to, self._sets(), policy, lambda number: f"member {self._keys[number - 1]}")
        except FormatError as error:
            raise DataError(error.what, where=error.where, mend=error.mend) from None

    def content(self) -> Iterator[bytes]:
        """Its bytes."""
        return (text.encode("ascii") for text in self.text())

    def key_of(self, number: str) -> str:
        """The first item whose REF*0F says so; empty when none does."""
        return next((item.key for item, _, member in self._members() if member.subscriber_number == number), "")

    def _members(self) -> Iterator[tuple[Item, str, x834.Member]]:
        for item in self._items:
            member = self._writer.member(item)
            if member is not None:
                yield item, _family(item), member

    def _parts(self) -> Iterator[Iterator[tuple[Item, str, x834.Member]]]:
        """The members of each transaction set, to be gone through before the next."""
        if self._settings.family_per_set:
            yield from (part for _, part in groupby(self._members(), key=lambda one: one[1]))
        else:
            yield self._members()

    def _count(self) -> None:
        """Go through it once: its head tells how many are in it."""
        for number, part in enumerate(self._parts()):
            members = subscribers = 0
            control = f"{self._envelope.first_set + number:04d}"
            for item, _, member in part:
                members += 1
                subscribers += member.subscriber
                self.totals["coverages"] += len(member.coverages)
                self.heads += any(line.maintenance != "024" for line in member.coverages)
                self.sets[item.key] = control
                self._keys.append(item.key)
            self._sizes.append((members, subscribers))
        self.totals["members"] = len(self._keys)
        self.totals["subscribers"] = sum(subscribers for _, subscribers in self._sizes)
        self.totals["dependents"] = self.totals["members"] - self.totals["subscribers"]

    def _sets(self) -> Iterator[tuple[x834.Enrollment834, Iterator[x834.Member]]]:
        for number, part in enumerate(self._parts()):
            yield self._head(number), (member for *_, member in part)

    def _head(self, number: int) -> x834.Enrollment834:
        envelope, settings = self._envelope, self._settings
        members, subscribers = self._sizes[number]
        return x834.Enrollment834(
            reference=f"{envelope.reference}/{number + 1}" if number else envelope.reference,
            created=envelope.created.date(),
            action=x834.FULL if self._full else x834.CHANGE,
            sponsor=x834.Party(settings.sponsor.name, settings.sponsor.qualifier, settings.sponsor.id),
            payer=x834.Party(settings.insurer.name, settings.insurer.qualifier, settings.insurer.id),
            purpose=RESUBMISSION if envelope.instead_of else "00",
            original_reference=envelope.instead_of,
            time=f"{envelope.created:%H%M}",
            policy=settings.group,
            dates=(("007", envelope.created.date()),),
            totals=x834.totals(members, subscribers),
        )


def sets_of(items: Sequence[Item], settings: PartnerSettings) -> int:
    """How many transaction sets these items make: one, or one a family."""
    return len({str(item.content["subscriber_id"]) for item in items}) if settings.family_per_set else 1


def unfit(operation: str, items: Sequence[Item], settings: PartnerSettings) -> dict[str, str]:
    """Items that cannot be written for this partner, by key, and why; each is tried as it would be written.

    Where each can be, all of them are tried as a file of their own, as our checks see it.
    """
    # Nobody has been forgotten on the first of days: everybody is tried.
    writer = MemberWriter(settings, date(1, 1, 1) + _YEARS, operation == FULL)
    segments = SegmentWriter(settings.delimiters(), settings.characters())
    found: dict[str, str] = {}
    for item in _by_family(items):
        try:
            member = writer.member(item)
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


class MemberWriter:
    """Turns records into members for one file; a subscriber comes before his dependents.

    Args:
        settings: the partner's profile.
        today: the day of the file.
        full: whether it is a full file.
    """

    def __init__(self, settings: PartnerSettings, today: date, full: bool) -> None:
        self._settings = settings
        self._words = Words(settings)
        self._full = full
        self._forgotten = today - timedelta(days=settings.exchange.keep_terminated_days)
        self._subscriber = ("", "")
        """The last subscriber and his SSN: his dependents are told with it."""

    def member(self, item: Item) -> x834.Member | None:
        """The member; None for one whom this partner wants to miss because all his cover has ended.

        Raises:
            DataError: it is no member's record; the profile demands what is not known of him, or has no word for it.
        """
        record = item.as_record(EnrollmentMember)
        if record.relationship == "self":
            self._subscriber = (record.subscriber_id, record.ssn or "")
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
        number, ssn = self._subscriber
        if number == record.subscriber_id and ssn:
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


def _by_family(items: Sequence[Item]) -> list[Item]:
    """Families in the order they first appear, each with its subscriber first."""
    families: dict[str, list[Item]] = {}
    for item in items:
        families.setdefault(_family(item), []).append(item)
    return [item for family in families.values() for item in sorted(family, key=_dependents_last)]


def _family(item: Item) -> str:
    return str(item.content.get("subscriber_id"))


def _dependents_last(item: Item) -> bool:
    return item.content.get("relationship") != "self"
