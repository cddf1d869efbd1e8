"""Checks a trading-partner profile before it hurts: plans and tiers without a code, and a file as it would be sent.

What contradicts itself within the profile is refused as soon as it is read (`settings`); what can only be seen
against the plan book, or in a file, is told here as findings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

from benehub.connect.connector import Envelope, Item
from benehub.connect.exchange import PRODUCTION, Files, Unfit
from benehub.errors import BenehubError
from benehub.formats.x12 import checks
from benehub.records import CoverageLine, EnrollmentMember, Sex, Tier
from benehub_connectors.carrier_x12.enrollment import CHANGE, FULL, render_enrollment
from benehub_connectors.carrier_x12.settings import EndDate, PartnerSettings, Premium, TermBy

SAMPLE = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
"""When the sample file was made up."""


def check_profile(settings: PartnerSettings, plans: Mapping[str, Sequence[str]]) -> Iterator[Unfit]:
    """What is wrong with a profile for these plans (plan -> its tiers)."""
    yield from _maps(settings, plans)
    yield from _contradictions(settings)
    yield from _premium(settings.premium)
    yield from _sample(settings)


def _maps(settings: PartnerSettings, plans: Mapping[str, Sequence[str]]) -> Iterator[Unfit]:
    for plan, tiers in sorted(plans.items()):
        if plan not in settings.plans:
            yield Unfit(f"plans.{plan}", "the plan book sends this plan here, and the profile has no codes for it",
                        "Add the carrier's codes of it")  # fmt: skip
        for tier in tiers:
            if Tier(tier) not in settings.tiers:
                yield Unfit(f"tiers.{tier}", f"plan {plan} has this tier, and the profile has no code for it",
                            "Add its HD05")  # fmt: skip
    for plan in sorted(set(settings.plans) - set(plans)):
        yield Unfit(f"plans.{plan}", "the plan book sends no such plan here", "Remove it, or name it as the plan book")
    told: dict[str, str] = {}
    for plan, code in sorted(settings.plans.items()):
        label = (code.description or plan).casefold()
        if label in told:
            yield Unfit(f"plans.{plan}.description", f"the carrier's name of it is that of {told[label]} too",
                        "Give each plan a name of its own: a roster could not tell them apart")  # fmt: skip
        told[label] = plan


def _contradictions(settings: PartnerSettings) -> Iterator[Unfit]:
    exchange = settings.exchange
    if settings.term_by is TermBy.ABSENCE and exchange.files is Files.CHANGE:
        yield Unfit("term_by", "absence is told by a full file, and only change files are sent",
                    "Set term_by: code, or exchange.files: full or both")  # fmt: skip
    if exchange.keep_terminated_days and exchange.files is Files.CHANGE:
        yield Unfit("exchange.keep_terminated_days", "ended cover is kept in full files, and none are sent",
                    "Set it to 0, or exchange.files: full or both")  # fmt: skip
    if exchange.one_outstanding and exchange.acks.syntax_hours is None and exchange.files is not Files.FULL:
        yield Unfit("exchange.one_outstanding", "it waits for a 999, and the partner sends none",
                    "Set it to false, or give acks.syntax_hours")  # fmt: skip
    if settings.usage == PRODUCTION and exchange.testing.asked and not exchange.testing.go:
        yield Unfit("exchange.testing.go", "usage is P after a test phase, and nobody has said go",
                    "Write who said go, and when; or set usage: T")  # fmt: skip
    for name in ("enrollment", "premium"):
        if "{usage}" not in getattr(settings.names, name):
            yield Unfit(f"names.{name}", "the name does not tell test from production", "Put {usage} into it")
    if settings.inbox == settings.outbox:
        yield Unfit("inbox", "it is the outbox too: our own files would be read as answers", "Name two folders")


def _premium(premium: Premium | None) -> Iterator[Unfit]:
    for name in ("payer_bank", "payee_bank"):
        bank = getattr(premium, name, None)
        if bank is not None and not _routing(bank.routing):
            yield Unfit(f"premium.{name}.routing", "its check digit is wrong", "Copy it from the bank's letter")


def _routing(number: str) -> bool:
    """Whether an ABA number's check digit is right: weights 3, 7, 1 sum to a multiple of ten."""
    return sum(int(digit) * weight for digit, weight in zip(number, (3, 7, 1) * 3, strict=True)) % 10 == 0


def _sample(settings: PartnerSettings) -> Iterator[Unfit]:
    """What the checks of X12 files say of a made-up family, written by this profile."""
    kinds = {Files.FULL: (FULL,), Files.CHANGE: (CHANGE,), Files.BOTH: (FULL, CHANGE)}[settings.exchange.files]
    every = [settings.of_group(one) for one in dict.fromkeys(settings.groups().values())] or [settings]
    pairs = [(one, operation) for one in every for operation in kinds]
    for one, operation in pairs:
        try:
            items = _family(one, operation)
            text = render_enrollment(operation, items, Envelope(1, SAMPLE, "SAMPLE"), one).data.decode()
        except BenehubError as error:
            yield Unfit("sample file", f"{operation}: {error.what}", error.mend)
            continue
        for found in checks.check(text, 20):
            yield Unfit(
                "sample file", f"{operation}, segment {found.position} ({found.segment}): {found.text}", found.mend
            )


def _family(settings: PartnerSettings, operation: str) -> list[Item]:
    """A made-up employee with a child who have every plan of the profile, and one who has left."""
    kind = "030" if operation == FULL else "021"
    department = next(iter(settings.subgroups), "")
    lines = tuple(
        CoverageLine(plan=plan, tier=Tier.EC if Tier.EC in settings.tiers else None, maintenance=kind,
                     effective_from=date(2026, 1, 1), provider="1234567893" if code.provider_demanded else "")
        for plan, code in sorted(settings.plans.items())
    )  # fmt: skip
    common: dict[str, object] = {
        "subscriber": "per_1", "subscriber_id": "1001", "maintenance": kind, "last_name": "Sample",
        "address1": "1 Main St", "city": "Austin", "state": "TX", "zip_code": "78701", "department": department,
    }  # fmt: skip
    subscriber = EnrollmentMember.model_validate({
        **common, "person": "per_1", "member_id": "1001", "relationship": "self", "first_name": "Ann",
        "ssn": "900000001", "birth_date": date(1980, 1, 2), "sex": Sex.FEMALE, "hire_date": date(2020, 1, 15),
        "compensation_minor": 5_000_000, "coverages": lines,
    })  # fmt: skip
    child = subscriber.model_copy(update={
        "person": "per_2", "member_id": "1001-01", "relationship": "child", "first_name": "Kit",
        "ssn": "900000002", "birth_date": date(2015, 3, 4), "hire_date": None, "compensation_minor": None,
    })  # fmt: skip
    end = date(2026, 2, 1) if settings.end_date is EndDate.INCLUSIVE else date(2026, 1, 31)
    ended = tuple(one.model_copy(update={"maintenance": "024", "effective_to": end}) for one in lines)
    gone = subscriber.model_copy(update={
        "person": "per_3", "subscriber": "per_3", "member_id": "1002", "subscriber_id": "1002", "first_name": "Ben",
        "ssn": "900000003", "maintenance": "024", "coverages": ended, "termination_date": date(2026, 1, 31),
    })  # fmt: skip
    records = (subscriber, child, gone)
    return [Item(operation, f"sample {n}", one.model_dump(mode="json")) for n, one in enumerate(records, 1)]
