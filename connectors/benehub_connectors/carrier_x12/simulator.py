"""A carrier that lies in a folder: it reads our 834 and 820 files, keeps its books, answers and bills.

It never called a real carrier. What it knows of its members it knows from files alone, so a change that was
lost on the way is lost here too. Deterministic: numbers count up, times are those of the files it answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

from benehub.connect.files import FolderMailbox
from benehub.errors import BenehubError
from benehub.formats import carrier_invoice, carrier_roster
from benehub.formats.x12 import ack_999, ack_answer, enrollment_834, remittance_820
from benehub.formats.x12.ack_answer import Answer, Expected, answer
from benehub.formats.x12.ack_ta1 import Ta1
from benehub.formats.x12.envelope import Interchange, TransactionSet, read_interchange
from benehub.formats.x12.kernel import SegmentReader
from benehub.periods import FOREVER, Month
from benehub.records import EnrollmentMember, InvoiceLine, RosterMember
from benehub.sandbox.mailbox import make_folders, sweep
from benehub_connectors.carrier_x12.book import Book, Covered
from benehub_connectors.carrier_x12.settings import PartnerSettings, TermBy
from benehub_connectors.carrier_x12.words import RELATIONSHIPS, Words

BAD_CONTENT = "024"
"""TA105."""

Work = Callable[[], ack_999.SetAck]
"""What a set read to its end does to the books, and its answer."""

_OUR_WORD = {code: word for word, code in RELATIONSHIPS.items()}


@dataclass(frozen=True, slots=True)
class Paid:
    """One line of an 820 it received, in minor units."""

    trace: str
    member: str
    plan: str
    month: str
    minor: int


class CarrierSimulator:
    """The carrier of one profile.

    Args:
        mailbox_root: the folder that our connection's mailbox is.
        profile: the same profile our connection has.
        rates: our plan -> our tier (`EE`, `ES`, `EC`, `FAM`) -> monthly premium in minor units.
        wash_day: cover that starts after this day is free for the month; one that ends after it is not.
    """

    def __init__(
        self,
        mailbox_root: Path,
        profile: PartnerSettings,
        rates: Mapping[str, Mapping[str, int]],
        *,
        wash_day: int = 15,
    ) -> None:
        make_folders(mailbox_root, profile.inbox, profile.outbox)
        self._root = mailbox_root
        self._mailbox = FolderMailbox(mailbox_root)
        self._profile = profile
        self._words = Words(profile)
        self._controls: set[tuple[str, int]] = set()
        self._numbers = 0
        self._refuse: dict[str, int] = {}
        self._drop: dict[str, int] = {}
        self._reject = 0
        self._taken: dict[int, tuple[Interchange, ack_999.SetAck, bool]] = {}
        self.book = Book(rates, wash_day)
        self.payments: list[Paid] = []
        self.unreadable: list[str] = []
        """Names of files whose envelope could not even be answered."""

    def collect(self) -> list[str]:
        """Take every new file from its inbox, apply and answer it; the names of the files."""
        return sweep(self._root, self._profile.outbox, self._take)

    def adopt(self, members: Iterable[EnrollmentMember]) -> None:
        """Members it covered before the first file."""
        for record in members:
            member = self._known(record.member_id, record.subscriber_id)
            member.relationship = record.relationship
            member.first_name, member.last_name = record.first_name, record.last_name
            member.birth_date = record.birth_date
            for line in sorted(record.coverages, key=lambda line: line.effective_from):
                member.add(line.plan, line.tier.value if line.tier else "", line.effective_from)
                if line.effective_to is not None:
                    member.end(line.plan, line.effective_to)

    def refuse_member(self, member_id: str, times: int = 1) -> None:
        """The next `times` it meets the member: a 999 that names him, and nothing of him is applied."""
        self._refuse[member_id.upper()] = times

    def drop_member(self, member_id: str, times: int = 1) -> None:
        """The next `times` it meets the member: nothing of him is applied, and nobody is told."""
        self._drop[member_id.upper()] = times

    def reject_files(self, times: int = 1) -> None:
        """The next `times` files: a TA1 that rejects them, and nothing of them is applied."""
        self._reject = times

    def reject_late(self, control: int, member_id: str = "") -> str:
        """A second 999 for a file that was accepted: it rejects the file, or names one member; the answer's name.

        What the file had changed for the member, or for everybody in it, stays in the books: the hub's word on it is
        what a test asks for.
        """
        head, taken, enrollment = self._taken[control]
        errors = (_refusal(member_id, 5),) if member_id else ()
        worse = replace(taken, verdict="E" if errors else "R", errors=errors, codes=("5",))
        guide = enrollment_834.GUIDE if enrollment else remittance_820.GUIDE
        reply = self._reply(head)
        ack = ack_999.acknowledge(guide, head.group_control, [worse])
        return self._put(f"ack_{reply.control:09d}.999", ack_999.render(reply, ack))

    def keep_billing(self, member_id: str) -> None:
        """Bill him on although his cover has ended, until `mend`."""
        self.book.keep.add(self._id(member_id))

    def forget_to_bill(self, member_id: str) -> None:
        """Leave him out of the bill although he is covered, until `mend`."""
        self.book.forget.add(self._id(member_id))

    def bill_tier(self, member_id: str, plan: str, tier: str) -> None:
        """Bill a plan of his at another tier, until `mend`."""
        self.book.wrong_tier[self._id(member_id), plan] = tier

    def mend(self, member_id: str) -> None:
        """See its mistakes with a member; the next bill corrects the months billed wrongly."""
        name = self._id(member_id)
        self.book.keep.discard(name)
        self.book.forget.discard(name)
        self.book.wrong_tier = {key: t for key, t in self.book.wrong_tier.items() if key[0] != name}

    def write_roster(self, day: date) -> str:
        """The roster of a day into our inbox; the file's name."""
        rows = (self._roster_row(row) for row in self.book.roster(day))
        return self._put(f"roster_{day:%Y%m%d}_{self._next():06d}.csv", carrier_roster.render(rows))

    def bill(self, month: Month, invoice_no: str, invoice_date: date, due_date: date) -> str:
        """The list bill of a month into our inbox; the file's name."""
        lines = self.book.bill(month, invoice_no, invoice_date, due_date)
        rows = (self._invoice_row(line) for line in lines)
        return self._put(f"invoice_{invoice_no}.csv", carrier_invoice.render(rows))

    def _take(self, name: str, data: bytes) -> None:
        try:
            text = data.decode("ascii")
            head = _envelope(text)
            expected = Expected(receiver=self._profile.receiver)
            seen = {control for usage, control in self._controls if usage == head.usage}
            (answered,) = answer(text, expected, seen)
        except (UnicodeDecodeError, StopIteration, ValueError, BenehubError):
            self.unreadable.append(name)
            return
        if answered.accepted and len(answered.acks) != 1:
            self.unreadable.append(name)  # We send one group a file, and never an answer.
            return
        if answered.accepted and self._reject:
            self._reject -= 1
            answered = replace(answered, ta1=Ta1.answer(head, "R", BAD_CONTENT), acks=())
        if answered.accepted:
            self._controls.add((head.usage, head.control))
        self._put_answer(head, "ta1", replace(answered, acks=()))
        if answered.accepted:
            self._take_new(head, text, answered)

    def _take_new(self, head: Interchange, text: str, answered: Answer) -> None:
        """Apply a file whose every set is fine by the checks; of another one nothing changes, its 999 says why."""
        (ack,) = answered.acks
        if ack.verdict == "A":
            enrollment = ack.group == enrollment_834.GUIDE.group
            work = self._enrollments(text) if enrollment else self._payments(text)
            answers = [one() for one in work]
            self._taken[head.control] = (head, answers[-1], enrollment)
            guide = enrollment_834.GUIDE if enrollment else remittance_820.GUIDE
            ack = ack_999.acknowledge(guide, head.group_control, answers)
        reply = self._reply(head)
        self._put(f"ack_{reply.control:09d}.999", ack_999.render(reply, ack))

    def _enrollments(self, text: str) -> list[Work]:
        sets = [(r.envelope, r.enrollment, list(r.members)) for r in enrollment_834.parse(text)]
        return [partial(self._enroll, *one) for one in sets]

    def _payments(self, text: str) -> list[Work]:
        sets = [(r.envelope, r.remittance, list(r.entities)) for r in remittance_820.parse(text)]
        return [partial(self._receive, *one) for one in sets]

    def _receive(
        self,
        envelope: TransactionSet,
        remittance: remittance_820.Remittance820,
        entities: list[remittance_820.Entity],
    ) -> ack_999.SetAck:
        for entity in entities:
            for item in entity.items:
                plan = next((value for code, value in item.references if code == "18"), "")
                month = str(Month.of(item.period[0])) if item.period else ""
                self.payments.append(Paid(remittance.trace, entity.id, self._words.our_plan(plan), month, item.paid))
        return ack_999.SetAck("820", envelope.control, "A", envelope.guide.version)

    def _enroll(
        self,
        envelope: TransactionSet,
        head: enrollment_834.Enrollment834,
        members: list[enrollment_834.Member],
    ) -> ack_999.SetAck:
        errors: list[ack_999.SegmentError] = []
        told: set[tuple[str, str]] = set()
        position = 2 + len(list(head.segments()))  # ST is 1; the first INS follows the head.
        for member in members:
            segments = list(member.segments())
            name = member.reference("23") or member.subscriber_number
            told |= {(self._id(name), self._words.our_plan(line.plan)) for line in member.coverages}
            if _spend(self._refuse, name):
                at = next(n for n, segment in enumerate(segments) if segment[0] == "NM1")
                errors.append(_refusal(name, position + at))
            elif not _spend(self._drop, name):
                self._apply(member, self._id(name), self._plans_of(head.policy))
            position += len(segments)
        if head.action == enrollment_834.FULL and self._profile.term_by is TermBy.ABSENCE:
            self._end_absent(told, head.created, self._plans_of(head.policy))
        verdict = "E" if errors else "A"
        codes = ("5",) if errors else ()
        return ack_999.SetAck("834", envelope.control, verdict, envelope.guide.version, tuple(errors), codes)

    def _apply(self, told: enrollment_834.Member, name: str, plans: set[str]) -> None:
        member = self._known(name, self._id(told.subscriber_number))
        member.relationship = _OUR_WORD.get(told.relationship, "other")
        member.first_name, member.last_name = told.name.first, told.name.last
        member.birth_date = told.demographics.birth if told.demographics else member.birth_date
        for line in sorted(told.coverages, key=lambda line: line.date("348") or date.min):
            plan, end = self._words.our_plan(line.plan), line.date("349")
            start = line.date("348")
            if line.maintenance == "002" and start is not None:
                member.end(plan, start)  # Entered in error: it never was.
            elif line.maintenance != "024" and start is not None:
                member.add(plan, self._words.our_tier(line.tier), start)
            if end is not None:
                member.end(plan, self._words.read_end(end))
        last = told.date("357")
        if told.maintenance == "024" and last is not None:
            for plan in sorted({cover.plan for cover in member.covers} & plans):
                member.end(plan, self._words.read_end(last))

    def _plans_of(self, policy: str) -> set[str]:
        """The plans that a file under a master policy speaks of: all, or where each policy has files, its own."""
        groups = self._profile.groups()
        return {plan for plan in self._profile.plans if groups.get(plan, policy).upper() == policy.upper()}

    def _end_absent(self, told: set[tuple[str, str]], day: date, plans: set[str]) -> None:
        for name, member in self.book.members.items():
            for plan in sorted({cover.plan for cover in member.covers} & plans):
                if (name, plan) not in told:
                    member.end(plan, day)

    def _known(self, name: str, subscriber: str) -> Covered:
        member = self.book.members.get(self._id(name))
        if member is None:
            member = Covered(self._id(name), self._id(subscriber), "", "", "")
            self.book.members[member.member] = member
        return member

    def _id(self, name: str) -> str:
        """A member's id as the carrier spells it: in capitals where our files are."""
        return name.upper() if self._profile.upper_case else name

    def _roster_row(self, row: RosterMember) -> carrier_roster.RosterRow:
        end = row.effective_to
        return carrier_roster.RosterRow(
            member_id=row.member,
            subscriber_id=row.subscriber,
            relationship=row.relationship,
            last_name=row.last_name,
            first_name=row.first_name,
            plan=self._words.label(row.plan),
            effective_from=row.effective_from,
            birth_date=row.birth_date,
            tier=self._words.tier(row.tier),
            last_day=None if end is None or end == FOREVER else date.fromordinal(end.toordinal() - 1),
        )

    def _invoice_row(self, line: InvoiceLine) -> carrier_invoice.InvoiceRow:
        return carrier_invoice.InvoiceRow(
            member_id=line.member,
            last_name=line.last_name,
            first_name=line.first_name,
            plan=self._words.label(line.plan),
            coverage_month=Month.parse(line.coverage_month),
            premium=line.premium_minor,
            tier=self._words.tier(line.tier),
            adjustment=line.adjustment,
            invoice=line.invoice,
            invoice_date=line.invoice_date,
            due_date=line.due_date,
        )

    def _put_answer(self, head: Interchange, kind: str, answered: Answer) -> None:
        reply = self._reply(head)
        self._put(f"ack_{reply.control:09d}.{kind}", ack_answer.render(reply, answered))

    def _reply(self, head: Interchange) -> Interchange:
        number = self._next()
        return replace(
            head,
            sender=self._profile.receiver,
            receiver=self._profile.sender,
            sender_qualifier=self._profile.receiver_qualifier,
            receiver_qualifier=self._profile.sender_qualifier,
            application_sender="",
            application_receiver="",
            usage=self._profile.usage,
            control=number,
            group_control=number,
            ack_requested=False,
        )

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers

    def _put(self, name: str, lines: Iterable[str]) -> str:
        path = f"{self._profile.inbox}/{name}" if self._profile.inbox else name
        self._mailbox.put(path, "".join(lines).encode())
        return path


def _envelope(text: str) -> Interchange:
    """The envelope of a file: its ISA, and its GS where there is one.

    Raises:
        FormatError: no X12.
        StopIteration: nothing in it.
    """
    reader = SegmentReader(text)
    walk = iter(reader)
    head, group = next(walk), next(walk, None)
    return read_interchange(head, group if group and group.tag == "GS" else None, reader.delimiters)


def _spend(script: dict[str, int], name: str) -> bool:
    """Whether a scripted fault hits this member now; it is used up by it."""
    left = script.get(name.upper(), 0)
    if left:
        script[name.upper()] = left - 1
    return left > 0


def _refusal(name: str, position: int) -> ack_999.SegmentError:
    """IK3 for the member's NM1, with the IK4 of his id and the CTX that names him."""
    return ack_999.SegmentError(
        "NM1",
        position,
        "8",
        "2100A",
        (ack_999.Context(ack_999.SUBSCRIBER, name),),
        (ack_999.ElementError(9, "7", "67"),),
    )
