"""What carriers answered to our snapshots, and the differences that Noyo found by comparing itself with them.

The requests that others make at Noyo, where a carrier takes no snapshot, are told likewise, each by its own id.

A snapshot is accepted once each of its carriers has taken it, and refused as soon as one refuses. A difference counts
when Noyo calls it a discrepancy; until then it is a change on its way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.messages import path
from benehub.records import AckLevel, AckStatus
from benehub_connectors.noyo.reads import employees, listed
from benehub_connectors.noyo.settings import NoyoSettings
from benehub_connectors.noyo.words import ARRIVED, ON_ITS_WAY, REFUSED, parts, text, told_errors

Row = Mapping[str, Any]

CANCELED, REPLACED, COMPLETED = "canceled", "replaced", "completed"
PROCESSING = "processing"
REQUEST_STATES = frozenset({COMPLETED, "failed", CANCELED})
ENROLLMENT = "individual_enrollment"
"""Kind of a difference that is about cover; what else differs (a phone number) leaves the cover as it is."""
MISSING_THERE = "missing_from_carrier"
SHOWN = frozenset({"effective_start_date", "effective_end_date"})
"""Fields whose values are told: dates of cover. What else differs is personal, and is named without its value."""
MAX_CODE = 40


def acknowledgements(link: Link) -> Iterator[Page]:
    """What was answered to snapshots and member requests, then the differences; what is on its way has no row yet.

    Raises:
        DataError: an answer is not as documented.
    """
    settings: NoyoSettings = link.settings
    names = {text(row, "id"): text(row, "custom_individual_id") for row in employees(link)}
    where = path("/api/v1/groups/{id}/member_snapshots", id=settings.group)
    newest = _newest(link, where)
    for number, (rows, got) in enumerate(listed(link, where), 1):
        found = [one for row in rows for one in _answers(row, names, newest)]
        yield Page("acknowledgement", found, got.body, name=f"member_snapshots {number}")
    if settings.member_requests:
        yield from _requests(link, names)
    if settings.tracking:
        yield from _differences(link, names)


def _newest(link: Link, where: str) -> dict[str, str]:
    """The newest snapshot of each employee; read first, because a list says it of none before its end."""
    found: dict[str, tuple[int, str]] = {}
    for rows, _ in listed(link, where):
        for row in rows:
            created = row.get("created")
            mine = (int(created) if isinstance(created, int | str) and str(created).isdigit() else 0, text(row, "id"))
            employee = text(row, "employee_id")
            # Of two of one second the later in the list is the newer.
            if employee not in found or mine[0] >= found[employee][0]:
                found[employee] = mine
    return {employee: snapshot for employee, (_, snapshot) in found.items()}


def _answers(row: Row, names: Mapping[str, str], newest: Mapping[str, str]) -> Iterator[Incoming]:
    snapshot, employee, state = text(row, "id"), text(row, "employee_id"), text(row, "status")
    if state == REPLACED:
        return  # answered with the one that replaced it
    carriers = [(text(one, "carrier_id"), text(one, "status"), told_errors(one.get("errors")))
                for one in parts(row, "fulfillment_summary")]  # fmt: skip
    if state == CANCELED:
        carriers = [("", CANCELED, "the snapshot was canceled at Noyo")]
    elif state == COMPLETED and not carriers:
        carriers = [("", COMPLETED, "no carrier had to be told")]
    waits = any(status in ON_ITS_WAY for _, status, _ in carriers)
    for number, (carrier, status, said) in enumerate(carriers, 1):
        refused, taken = status in REFUSED or status == CANCELED, status in ARRIVED or status == COMPLETED
        if status in ON_ITS_WAY or (taken and waits):
            continue
        member = names.get(employee, "")
        problem = "" if snapshot and member else "a snapshot without id, or of an employee without our number"
        if not (refused or taken):
            problem = "no word of ours for this fulfillment status"
        data = {
            "level": AckLevel.MEMBER, "control": snapshot, "member": member, "code": status,
            "status": AckStatus.REJECTED if refused else AckStatus.ACCEPTED, "text": said,
            "latest": newest.get(employee) == snapshot,
        }  # fmt: skip
        yield Incoming(f"{snapshot}/{carrier or number}", {} if problem else data, {"carrier_id": carrier}, problem)


def _requests(link: Link, names: Mapping[str, str]) -> Iterator[Page]:
    """An employee after the other: the list of the whole organization would tell of other employers' people."""
    for noyo_id, member in ((key, name) for key, name in names.items() if key):
        where = path("/api/v1/employees/{id}/member_requests", id=noyo_id)
        for number, (rows, got) in enumerate(listed(link, where), 1):
            found = [one for row in rows if (one := _request(row, member)) is not None]
            yield Page("acknowledgement", found, got.body, name=f"member_requests {noyo_id} {number}")


def _request(row: Row, member: str) -> Incoming | None:
    """What became of a member request; it speaks of no snapshot of ours, so it is never the latest of a family."""
    request, state, kind = text(row, "id"), text(row, "status"), text(row, "request_type")
    if state == PROCESSING:
        return None
    problem = "" if request and member else "a member request without id, or of an employee without our number"
    if state not in REQUEST_STATES:
        problem = "no word of ours for the status of a member request"
    data = {
        "level": AckLevel.MEMBER, "control": request, "member": member, "code": state,
        "status": AckStatus.ACCEPTED if state == COMPLETED else AckStatus.REJECTED,
        "text": f"member request: {kind.replace('_', ' ')}",
    }  # fmt: skip
    return Incoming(f"member_request/{request}", {} if problem else data, {"request_type": kind}, problem)


def _differences(link: Link, names: Mapping[str, str]) -> Iterator[Page]:
    settings: NoyoSettings = link.settings
    where = settings.tracking_address + path("/api/v1/groups/{id}/differences", id=settings.group)
    for number, (rows, got) in enumerate(listed(link, where), 1):
        found = [one for row in rows if (one := _difference(row, names)) is not None]
        yield Page("acknowledgement", found, got.body, name=f"differences {number}")


def _difference(row: Row, names: Mapping[str, str]) -> Incoming | None:
    """A discrepancy as an answer; one that is settled is accepted, which takes its refusal back."""
    if row.get("discrepancy_time") is None:
        return None
    key, member = text(row, "id"), names.get(text(row, "employee_id"), "")
    if not key or not member:
        return Incoming(
            f"difference/{key or text(row, 'object_id')}", {}, problem="a difference of somebody unknown here"
        )
    settled = any(row.get(name) for name in ("resolved", "is_dismissed", "is_suppressed", "replaced_by"))
    grave = text(row, "object_type") == ENROLLMENT or text(row, "difference_classification") == MISSING_THERE
    open_one = AckStatus.REJECTED if grave else AckStatus.ACCEPTED_WITH_ERRORS
    data = {
        "level": AckLevel.MEMBER, "control": "", "member": member, "code": text(row, "difference_type")[:MAX_CODE],
        "status": AckStatus.ACCEPTED if settled else open_one, "text": ("settled: " if settled else "") + _told(row),
    }  # fmt: skip
    return Incoming(f"difference/{key}", data, {"carrier_id": text(row, "carrier_id")})


def _told(row: Row) -> str:
    """What differs, in words without personal values."""
    words = [text(row, "difference_classification").replace("_", " ")]
    for one in parts(row, "fields"):
        name = text(one, "key")
        values = f": carrier {text(one, 'carrier_value') or 'nothing'}, Noyo {text(one, 'platform_value') or 'nothing'}"
        words.append(name + (values if name in SHOWN else ""))
    return "; ".join(filter(None, words))
