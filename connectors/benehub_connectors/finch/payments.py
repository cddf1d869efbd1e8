"""Payments: one for every pay run, and the pay calendar that they make.

Finch tells payments that were made, not pay dates to come: the calendar ahead is the plan book's. Nor did its
specification of 2024 know pay groups; newer answers name them and the pay frequency, and settings say what they mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.messages import Response
from benehub.errors import ConfigError, DataError
from benehub.periods import add_months, parse_date
from benehub_connectors.finch.answers import ask, body, get, items, rows, together, translated
from benehub_connectors.finch.settings import FinchSettings
from benehub_connectors.finch.words import mapping, needed, text

SPAN_DAYS = 31
"""Days of payments asked for at once: each payment names everybody it paid."""

MAX_DAYS = 366 * 20

AHEAD_DAYS = 31
"""A payment is known some days before its pay date."""

OFF_CALENDAR = frozenset({"off_cycle_payroll", "one_time_payment"})
"""Types of statements that are no regular pay."""


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


def pay_calendar(link: Link) -> Iterator[Page]:
    """The regular pay dates of the last year, one page a month; a payment that tells too little is a problem row."""
    settings: FinchSettings = link.settings
    today, known = link.clock().date(), set[str]()
    for first, last in spans(add_months(today, -12), today + timedelta(days=AHEAD_DAYS)):
        answer = listed(link, first, last)
        found = rows(answer)
        heads = [row for row in found if isinstance(row, Mapping) and row.get("id")]
        types = _first_statements(link, [str(row["id"]) for row in heads])
        told = items(rows(types, "responses"), "payment_id") if types is not None else {}

        def translate(row: Mapping[str, Any], told: Mapping[str, Mapping[str, Any]] = told) -> Incoming:
            head = payment(row, settings)
            extra = {"type": _type(body(told.get(head.id), "pay statement"))}
            return Incoming(f"{head.group}/{head.pay_date}/{head.start}", _pay_date(head), extra)

        made = _each_once(translated(found, translate, "id"), known)
        yield Page("pay_calendar", made, together(answer, types) if types else answer.body, f"payments from {first}")


def _first_statements(link: Link, ids: Sequence[str]) -> Response | None:
    """One statement of each payment: only it says whether the payment is a regular one."""
    requests = [{"payment_id": one, "limit": 1, "offset": 0} for one in ids]
    return ask(link, "/employer/pay-statement", requests, "pay_statement") if requests else None


def _type(told: Mapping[str, Any]) -> str:
    found = told.get("pay_statements") or [{}]
    return text(mapping(found[0], "a pay statement"), "type")


def _pay_date(head: Payment) -> dict[str, Any]:
    if head.start is None or head.end is None:
        raise DataError("the payment tells no pay period", mend="Complete it in payroll")
    if not head.group:
        raise DataError("the payment tells no pay group we know", mend="Set pay_group, or map it in pay_groups")
    return {
        "pay_group": head.group,
        "pay_date": head.pay_date.isoformat(),
        "period_start": head.start.isoformat(),
        "period_end": head.end.isoformat(),
    }


def _each_once(made: Sequence[Incoming], known: set[str]) -> list[Incoming]:
    """Regular pay dates, each once: a payroll may pay one pay date in several payments."""
    kept = []
    for row in made:
        if row.extra.get("type") in OFF_CALENDAR or row.key in known:
            continue
        known.add(row.key)
        kept.append(row)
    return kept


def _group(row: Mapping[str, Any], settings: FinchSettings) -> str:
    """The one pay group that ids and frequencies of a payment map to; several are none."""
    names = [one for name in ("pay_group_ids", "pay_frequencies") for one in row.get(name) or ()]
    mapped = {settings.pay_groups[one] for one in names if one in settings.pay_groups}
    if len(mapped) > 1:
        return ""
    return mapped.pop() if mapped else settings.pay_group
