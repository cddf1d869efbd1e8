"""From what we pay to an 820 for individuals: one entity a subscriber, one RMR a plan and month."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from benehub.connect.connector import Envelope, FileOut, Item
from benehub.errors import ConfigError, DataError, FormatError
from benehub.formats.x12 import remittance_820 as x820
from benehub.formats.x12.remittance_records import BANKED
from benehub.periods import Month, parse_date
from benehub.records import RemittanceLine
from benehub_connectors.carrier_x12.enrollment import file_name, interchange
from benehub_connectors.carrier_x12.settings import Bank, PartnerSettings, Premium
from benehub_connectors.carrier_x12.sound import sound
from benehub_connectors.carrier_x12.words import Words


def render_premium(items: Sequence[Item], envelope: Envelope, settings: PartnerSettings) -> FileOut:
    """The 820 of `items`.

    Raises:
        ConfigError: the profile has no premium part.
        DataError: the lines are not the total of the envelope, one of them cannot be written, or our own checks
            refuse the file.
    """
    premium = settings.premium
    if premium is None:
        raise ConfigError("the profile says nothing about premiums", where="premium", mend="Fill it in")
    lines = [item.as_record(RemittanceLine) for item in items]
    paid = sum(line.paid_minor for line in lines)
    if paid != envelope.total_minor:
        raise DataError(
            "the lines are not the total of the payment",
            where=envelope.reference,
            mend="Freeze the dispatch anew",
        )
    if paid < 0:
        raise DataError(
            "the credits exceed what is due",
            where=envelope.reference,
            mend="Carry the credit to the next payment",
        )
    entities = _entities(items, lines, settings, premium)
    try:
        head = interchange(envelope, settings)
        remittance = _head(lines, envelope, settings, premium)
        text = "".join(x820.render(head, remittance, entities, settings.characters()))
        if remittance.payment_format == "CTX" and len(text) > x820.CTX_CHARACTERS:
            # No payment can carry it: the money goes alone (CCP), the trace joins the two.
            remittance = replace(remittance, handling="U", payment_format="CCP")
            text = "".join(x820.render(head, remittance, entities, settings.characters()))
    except FormatError as error:
        where = ", ".join(part for part in (f"820 {envelope.reference}", error.where) if part)
        raise DataError(error.what, where=where, mend=error.mend) from None
    sound(text, f"820 {envelope.reference}")
    totals = {"lines": len(lines), "entities": len(entities), "total_minor": paid}
    return FileOut(file_name(settings.names.premium, envelope, settings), text.encode("ascii"), "820", totals)


def fitting(items: Sequence[Item], envelope: Envelope, settings: PartnerSettings, most: int) -> list[int]:
    """The lines, by place, that go into one 820 of at most so many characters: all of each member, credits first.

    Credits are in the first part, so that every part is a payment.

    Raises:
        ConfigError: the profile has no premium part.
        DataError: no payment can be made of what fits.
    """
    premium = settings.premium
    if premium is None:
        raise ConfigError("the profile says nothing about premiums", where="premium", mend="Fill it in")
    lines = [item.as_record(RemittanceLine) for item in items]
    entities = _entities(items, lines, settings, premium)
    head = _head(lines, replace(envelope, total_minor=sum(line.paid_minor for line in lines)), settings, premium)
    text = "".join(x820.render(interchange(envelope, settings), head, entities, settings.characters()))
    if len(text) <= most:
        return list(range(len(items)))
    owed = {one.id: sum(line.paid for line in one.items) for one in entities}
    starts = [found.start() for found in re.finditer(rf"(?<={re.escape(settings.terminator)})\s*ENT", text)]
    ends = [*starts[1:], text.rindex(f"{settings.terminator}SE{settings.element}") + 1]
    # ENT01 counts anew in each part, and never higher than here.
    sizes = {one.id: end - start for one, start, end in zip(entities, starts, ends, strict=True)}
    left = most - (len(text) - sum(sizes.values()))
    chosen: set[str] = set()
    for member in sorted(owed, key=lambda one: owed[one] >= 0):
        left -= sizes[member]
        if left < 0:
            break
        chosen.add(member)
    if sum(owed[member] for member in chosen) <= 0:
        raise DataError("one payment cannot carry what is owed", where=envelope.reference,
                        mend="Pay this carrier by CCD+, which has its 820 sent apart")  # fmt: skip
    return [place for place, line in enumerate(lines) if line.member_id in chosen]


def _head(
    lines: Sequence[RemittanceLine], envelope: Envelope, settings: PartnerSettings, premium: Premium
) -> x820.Remittance820:
    months = [Month.parse(line.coverage_month) for line in lines]
    nothing = envelope.total_minor == 0
    ach, banked = premium.method == "ACH" and not nothing, premium.method in BANKED and not nothing
    return x820.Remittance820(
        total=envelope.total_minor,
        method="NON" if nothing else premium.method,
        settlement=parse_date(envelope.settle_on, where="settlement date"),
        trace=envelope.reference,
        payee=x820.Party(premium.payee.name, premium.payee.qualifier, premium.payee.id),
        payer=x820.Party(premium.payer.name, premium.payer.qualifier, premium.payer.id),
        handling="I" if nothing else "C",
        payment_format=premium.payment_format if ach else "",
        payer_bank=_bank(premium.payer_bank) if banked else None,
        payee_bank=_bank(premium.payee_bank) if banked else None,
        originator=premium.company,
        references=(("38", settings.group),),
        dates=(("009", envelope.created.date()),),
        period=(min(months).first, max(months).last) if months else None,
    )


def _bank(bank: Bank | None) -> x820.Bank | None:
    return x820.Bank(bank.routing, bank.account, bank.kind) if bank else None


def _entities(
    items: Sequence[Item], lines: Sequence[RemittanceLine], settings: PartnerSettings, premium: Premium
) -> list[x820.Entity]:
    words = Words(settings)
    names: dict[str, x820.Name] = {}
    owed: dict[str, list[x820.Remitted]] = {}
    for item, line in zip(items, lines, strict=True):
        name = x820.Name(line.last_name, line.first_name, id_qualifier="N", id=line.member_id)
        names.setdefault(line.member_id, name)
        try:
            owed.setdefault(line.member_id, []).append(_remitted(line, words, settings, premium))
        except DataError as error:
            raise DataError(error.what, where=f"line {item.key}", mend=error.mend) from None
    return [x820.Entity("2J", "EI", member, tuple(parts), (("IL", names[member]),)) for member, parts in owed.items()]


def _remitted(line: RemittanceLine, words: Words, settings: PartnerSettings, premium: Premium) -> x820.Remitted:
    month = Month.parse(line.coverage_month)
    difference = line.paid_minor - line.billed_minor
    policy = words.plan(line.plan).policy or settings.group
    return x820.Remitted(
        qualifier=premium.policy_qualifier,
        reference=(line.invoice or policy) if premium.policy_qualifier == "IK" else policy,
        paid=line.paid_minor,
        billed=line.billed_minor,
        references=(("18", words.label(line.plan)),),
        period=(month.first, month.last),
        adjustments=((difference, premium.difference_reason),) if difference else (),
    )
