"""What a bank sends back: NACHA returns and changes, pain.002, camt.053; each file is one page.

What others paid or were paid stands in the same statements: only what carries a number of ours is a row here, and the
file is kept whole. A file that is not what it claims to be is refused whole, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from benehub.connect.connector import Incoming, Link, Page
from benehub.errors import FileRefused, Unsupported
from benehub.formats.nacha.read import parse as parse_nacha
from benehub.formats.nacha.return_reasons import Step
from benehub.formats.nacha.returns import Returned, answers
from benehub.formats.sepa import payment_status, statement, xml
from benehub.formats.sepa.payment_status import Outcome
from benehub.formats.sepa.statement import Detail, Entry
from benehub.records import PaymentAnswer, PaymentStatus
from benehub_connectors.bank_files.settings import BankSettings
from benehub_connectors.files.inbox import Mail, unread
from benehub_connectors.files.pages import pages

OUTCOMES = {
    Outcome.ACCEPTED: PaymentStatus.ACCEPTED,
    Outcome.PENDING: PaymentStatus.PENDING,
    Outcome.PARTIAL: PaymentStatus.PENDING,  # the levels below say which
    Outcome.SETTLED: PaymentStatus.SETTLED,
    Outcome.REJECTED: PaymentStatus.REJECTED,
}

STEPS = {
    Step.RETURNED: PaymentStatus.RETURNED,
    Step.DISHONORED: PaymentStatus.DISPUTED,
    Step.CONTESTED: PaymentStatus.CONTESTED,
}

Told = Iterator[tuple[str, PaymentAnswer]]
"""Key of a row within the stream, and the row."""


def read_pages(stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
    """A page for every file of the stream not read before.

    Raises:
        Unsupported: no such stream.
    """
    settings: BankSettings = link.settings
    if stream != "payment_answer":
        raise Unsupported(f"bank_files does not read {stream}", where=link.connection, blocker="us")
    mails = unread(link.files(), settings.inbox, settings.answers, cursor)
    return pages(stream, mails, lambda mail: read_answers(mail, settings))


def read_answers(mail: Mail, settings: BankSettings) -> list[Incoming]:
    """The answers in one file.

    Raises:
        FormatError, DataError, FileRefused: the file is none of a bank's, or broken.
    """
    told = _xml(mail, settings) if mail.data.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<") else _nacha(mail, settings)
    rows = [Incoming(key, one.model_dump(mode="json"), row=number) for number, (key, one) in enumerate(told, 1)]
    return list({row.key: row for row in rows}.values())


def _nacha(mail: Mail, settings: BankSettings) -> Told:
    bank = settings.nacha.bank[:8] if settings.nacha else ""
    for one in answers(parse_nacha(mail.data)):
        if one.original_trace[:8] != bank:
            continue
        yield (
            f"ach/{one.trace}",
            PaymentAnswer(
                control=str(int(one.original_trace[8:])),
                status=STEPS[one.step] if isinstance(one, Returned) else PaymentStatus.CORRECT,
                amount_minor=one.amount if isinstance(one, Returned) else None,
                code=one.reason,
                text=one.text,
                on=one.on,
            ),
        )


def _xml(mail: Mail, settings: BankSettings) -> Told:
    kind = xml.message(mail.data).kind
    if kind == "pain.002":
        return _status(mail.data, settings)
    if kind == "camt.053":
        return _statement(mail.data, settings)
    raise FileRefused(f"a {kind} is not read", mend="Ask the bank for pain.002 and camt.053")


def _status(data: bytes, settings: BankSettings) -> Told:
    for number, one in enumerate(payment_status.parse(data), 1):
        control = settings.control(one.reference) or settings.control(one.payment) or settings.control(one.message)
        if not control:
            continue
        reason = one.reasons[0] if one.reasons else payment_status.Reason("")
        yield (
            f"status/{one.report}/{control}/{number}",
            PaymentAnswer(
                control=control, status=OUTCOMES[one.outcome], amount_minor=one.amount,
                code=reason.code or one.code, text=one.level.value,
            ),
        )  # fmt: skip


def _statement(data: bytes, settings: BankSettings) -> Told:
    for number, one in enumerate(statement.parse(data), 1):
        if not isinstance(one, Entry) or not one.booked:
            continue
        for place, part in enumerate(one.details or (None,)):
            control = _ours(one, part, settings)
            if not control:
                continue
            debit = one.debit if part is None else part.debit
            back = not debit or one.reversal or bool(part and part.reason)
            yield (
                f"booked/{one.statement}/{control}/{number}/{place}",
                PaymentAnswer(
                    control=control,
                    status=PaymentStatus.RETURNED if back else PaymentStatus.SETTLED,
                    amount_minor=one.amount if part is None else part.amount,
                    code=part.reason if part else "",
                    on=one.booking_date,
                ),
            )


def _ours(entry: Entry, part: Detail | None, settings: BankSettings) -> str:
    ids = (part.reference, part.payment, part.message) if part else (entry.batch_payment,)
    return next(filter(None, map(settings.control, ids)), "")
