"""Payments: the head of every pay run.

Finch tells payments that were made, not pay dates to come. The hub takes a payroll's calendar for the whole one, so
none is made of them: the plan book's rule says when is paid. Pay groups were unknown to Finch's specification of 2024;
newer answers name them and the pay frequency, and settings say what they mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from benehub.connect.connector import Link
from benehub.connect.messages import Response
from benehub.errors import ConfigError
from benehub.periods import parse_date
from benehub_connectors.finch.answers import get
from benehub_connectors.finch.settings import FinchSettings
from benehub_connectors.finch.words import mapping, needed, text

SPAN_DAYS = 31
"""Days of payments asked for at once: each payment names everybody it paid."""

MAX_DAYS = 366 * 20


@dataclass(frozen=True, slots=True)
class Payment:
    """The head of a pay run."""

    id: str
    pay_date: date
    start: date | None
    end: date | None
    group: str


def spans(first: date, last: date) -> Iterator[tuple[date, date]]:
    """A window in parts, both days of each inclusive as Finch counts them.

    Raises:
        ConfigError: it is longer than twenty years.
    """
    if (last - first).days > MAX_DAYS:
        raise ConfigError(
            "payments would be read over more than twenty years",
            where="register_from",
            mend="Set register_from to the first pay date that matters",
        )
    while first <= last:
        end = min(first + timedelta(days=SPAN_DAYS - 1), last)
        yield first, end
        first = end + timedelta(days=1)


def listed(link: Link, first: date, last: date) -> Response:
    """The payments of at most a month, as Finch answers.

    Raises:
        DataError: Finch refuses.
    """
    query = {"start_date": first.isoformat(), "end_date": last.isoformat()}
    return get(link, "/employer/payment", query, "payment")


def payment(row: Mapping[str, Any], settings: FinchSettings) -> Payment:
    """The head of one payment.

    Raises:
        DataError: it has no id or pay date, or a date is none.
    """
    period = row.get("pay_period")
    told = mapping(period, "pay_period") if period is not None else {}
    start, end = text(told, "start_date"), text(told, "end_date")
    return Payment(
        needed(row, "id"),
        parse_date(needed(row, "pay_date"), where="pay_date"),
        parse_date(start, where="start_date") if start else None,
        parse_date(end, where="end_date") if end else None,
        _group(row, settings),
    )


def _group(row: Mapping[str, Any], settings: FinchSettings) -> str:
    """The one pay group that ids and frequencies of a payment map to; several are none."""
    names = [one for name in ("pay_group_ids", "pay_frequencies") for one in row.get(name) or ()]
    mapped = {settings.pay_groups[one] for one in names if one in settings.pay_groups}
    if len(mapped) > 1:
        return ""
    return mapped.pop() if mapped else settings.pay_group
