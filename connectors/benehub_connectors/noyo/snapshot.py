"""A change as Noyo takes it: the family's whole state, made of what Noyo holds now and of what is new.

A snapshot tells everybody and all cover of a family. Cover that is not in it is not ended by that: Noyo refuses
such a snapshot, and is told to (`reject`). So what is held goes along unchanged, and an end is a last day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benehub.connect.jsontext import number_text
from benehub.connect.messages import Request, Response, change, path
from benehub.errors import DataError
from benehub.money import parse_minor
from benehub.periods import FOREVER
from benehub.records import CoverageLine, EnrollmentMember
from benehub_connectors.noyo.family import dependent, employee
from benehub_connectors.noyo.settings import NoyoPlan, NoyoSettings
from benehub_connectors.noyo.words import EVENTS, first_day_without, last_day, part, parts, text

Row = Mapping[str, Any]

EVENT = "1"
"""Id of the one event of a snapshot; it counts within the snapshot only."""

_STATE = ("effective_start_date", "effective_end_date", "latest_change_effective_date", "pcp_details")
"""What of a member's enrollment says whether it is another than before."""


def to_write(member: EnrollmentMember, found: Response, settings: NoyoSettings) -> Request | None:
    """The snapshot that brings Noyo to the state of an employee and his family; None where it holds that already.

    Raises:
        DataError: a plan is not mapped, Noyo demands what nobody tells, or it is not clear who is meant.
    """
    held = _held(member, found, settings)
    body = _family(member, held, settings)
    coverages, changed = _coverages(member, body, parts(held, "coverages"), settings)
    if not changed and _same(body, held):
        return None
    days = [line.effective_from for one in (member, *member.family) for line in one.coverages]
    if member.reason in EVENTS and days:
        event = {"id": EVENT, "date": min(days).isoformat(), "reason": EVENTS[member.reason], "type": "coverage"}
        body["events"] = [event]
    snapshot = {
        "snapshot_mode": "current_open", **body, "coverages": coverages,
        "omitted_coverage_handling": {"policy": "reject"},
    }  # fmt: skip
    where = path("/api/v1/groups/{id}/member_snapshots", id=settings.group)
    if settings.test:
        return change("POST", f"{where}/test", {"member_snapshot": snapshot})
    return change("POST", where, snapshot)


def _held(member: EnrollmentMember, found: Response, settings: NoyoSettings) -> Row:
    """The family as Noyo has it: its snapshot, a bare id where the search found one, or nothing."""
    if isinstance(found.data, Mapping) and found.status < 400:
        return found.data
    if not isinstance(found.data, list):
        raise DataError(
            "Noyo does not know the employee by the id that stands for the number", where=found.place,
            mend="Correct `employees` of the connection",
        )  # fmt: skip
    born = member.birth_date.isoformat()
    hits = [one for one in found.data if isinstance(one, Mapping) and text(one, "group_id") in ("", settings.group)]
    ids = {text(one, "employee_id") for one in hits if text(one, "date_of_birth") == born} - {""}
    if len(ids) > 1:
        raise DataError(
            "Noyo knows more than one employee of this name and birth date", where=found.place,
            mend="Name the right id under `employees` of the connection",
        )  # fmt: skip
    # Noyo refuses the snapshot if that employee has cover which is not in it, so nothing of his can be lost.
    return {"employee": {"id": ids.pop()}} if ids else {}


def _family(member: EnrollmentMember, held: Row, settings: NoyoSettings) -> dict[str, Any]:
    """The persons of a snapshot: dependents who are not told of go along as they are held."""
    others = [_bare(one) for one in parts(held, "dependents")]
    for told in member.family:
        at = next((n for n, one in enumerate(others) if text(one, "custom_individual_id") == told.member_id), None)
        if at is None:
            others.append(dependent(told, {}))
        else:
            others[at] = dependent(told, others[at])
    return {"employee": employee(member, part(held, "employee"), settings), "dependents": others}


def _coverages(
    member: EnrollmentMember, family: Row, held: Sequence[Row], settings: NoyoSettings
) -> tuple[list[dict[str, Any]], bool]:
    """All cover of the family with the new lines in it, and whether that is another than was held."""
    found = [{**one, "enrolled_members": [_bare(row) for row in parts(one, "enrolled_members")]} for one in held]
    people = [part(family, "employee"), *parts(family, "dependents")]
    ids = {text(one, "custom_individual_id"): text(one, "id") for one in people}
    changed = False
    for one in (member, *member.family):
        for line in one.coverages:
            plan = settings.plans.get(line.plan)
            if plan is None:
                raise DataError(
                    f"Noyo's plan is not known for {line.plan}", mend="Name it under `plans` of the connection"
                )
            reason = EVENT if member.reason in EVENTS else ""
            changed |= _put(found, plan, line, one, ids[one.member_id], reason)
    return found, changed


def _put(
    coverages: list[dict[str, Any]], plan: NoyoPlan, line: CoverageLine, member: EnrollmentMember, noyo_id: str,
    event: str,
) -> bool:  # fmt: skip
    """Put one line of a member into the family's cover; whether that changed it."""
    one = next((each for each in coverages if each.get("plan_id") == plan.id), None)
    enrolled = one["enrolled_members"] if one is not None else []
    at = _at(enrolled, line, member, noyo_id)
    if at is None and line.maintenance == "024":
        return False  # it ends what Noyo does not hold, or holds no longer
    before = enrolled[at] if at is not None else {}
    told = {**before, **_who(member, noyo_id), **_provider(line), **_days(line, before)}
    if at is not None and all(before.get(name) == told.get(name) for name in _STATE):
        return False
    if event:
        told["event_id"] = event
    if one is None:
        one = {"carrier_id": plan.carrier, "line_of_coverage": plan.line, "plan_id": plan.id, "enrolled_members": []}
        coverages.append(one)
    rows = one["enrolled_members"]
    rows[len(rows) if at is None else at : len(rows) if at is None else at + 1] = [told]
    return True


def _at(enrolled: Sequence[Row], line: CoverageLine, member: EnrollmentMember, noyo_id: str) -> int | None:
    """Which of the member's rows in a plan a line speaks of; None where it is none of them.

    Cover that comes back after days without is a row of its own, whether or not the one before is still told.
    """
    names = {member.member_id, noyo_id} - {""}
    mine = [n for n, row in enumerate(enrolled)
            if {text(row, "custom_individual_id"), text(row, "individual_id")} & names]  # fmt: skip
    found = [n for n in mine if _touches(enrolled[n], line)]
    if not found and line.maintenance == "024" and sum(one.plan == line.plan for one in member.coverages) == 1:
        found = mine  # whatever Noyo believes of its days, it ends
    return found[-1] if found else None


def _touches(row: Row, line: CoverageLine) -> bool:
    """Whether a row of cover goes on in a line; a beginning has to overlap it, else there is nothing to begin anew."""
    end = first_day_without(text(row, "effective_end_date")) or FOREVER
    reaches = end > line.effective_from or (end == line.effective_from and line.maintenance != "021")
    return reaches and text(row, "effective_start_date") <= (line.effective_to or FOREVER).isoformat()


def _days(line: CoverageLine, before: Row) -> dict[str, str]:
    """First and last day of a member's cover, and of a change the day of it.

    Noyo wants the day on which cover began first. A change, or an end, leaves what is held of that: the line of a new
    tier begins on the day of the change, and what Noyo knew before the hub came may be older than what the hub knows.
    """
    start, last = line.effective_from.isoformat(), last_day(line.effective_to)
    held = text(before, "effective_start_date")
    if line.maintenance == "021" or not held:
        return {"effective_start_date": start, "effective_end_date": last}
    if line.maintenance == "024":
        began, changed = held, last
    else:
        began, changed = line.began.isoformat() if line.began else min(held, start), start
    day = {"latest_change_effective_date": changed} if changed > began else {}
    return {"effective_start_date": began, "effective_end_date": last, **day}


def _who(member: EnrollmentMember, noyo_id: str) -> dict[str, Any]:
    kind = "employee" if member.relationship == "self" else "dependent"
    known = {"individual_id": noyo_id} if noyo_id else {}
    return {"individual_type": kind, "custom_individual_id": member.member_id, **known}


def _provider(line: CoverageLine) -> dict[str, Any]:
    if not line.provider:
        return {}
    npi = len(line.provider) == 10 and line.provider.isdigit()
    kind = "national_provider_identifier" if npi else "service_provider_number"
    code = {"identification_code": line.provider, "identification_code_type": kind}
    return {"pcp_details": {"providers": [{"entity_identifier_code": "pcp", **code}]}}


def _bare(one: Row) -> dict[str, Any]:
    """Without the event that an earlier snapshot named: its events are not ours."""
    return {name: value for name, value in one.items() if name != "event_id"}


def _same(body: Row, held: Row) -> bool:
    before = {"employee": _bare(part(held, "employee")), "dependents": [_bare(d) for d in parts(held, "dependents")]}
    return bool(_plain(body) == _plain(before))


def _plain(value: Any, name: str = "") -> Any:
    """Values to compare: 52000 and 52000.00 are one amount."""
    if isinstance(value, Mapping):
        return {key: _plain(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return parse_minor(number_text(value)) if name == "amount" and value is not None else value
