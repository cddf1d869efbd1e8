"""Persons of a snapshot: the employee and the dependents as Noyo wants them, out of an enrollment.

What Noyo holds and an enrollment does not tell (hours, phone, county, mailing address) stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benehub.connect.jsontext import NumberText
from benehub.errors import DataError
from benehub.money import format_minor
from benehub.records import EnrollmentMember, Sex
from benehub_connectors.noyo.settings import NoyoSettings
from benehub_connectors.noyo.words import TO_NOYO, part

Row = Mapping[str, Any]

_ADDRESS = {"street_one": "address1", "city": "city", "state": "state", "zip_code": "zip_code"}


def unfit(families: Sequence[EnrollmentMember], settings: NoyoSettings) -> dict[str, str]:
    """Members whom Noyo cannot be told of, by their number, and why: whatever it holds, it would refuse them."""
    found: dict[str, str] = {}
    for one in (each for family in families for each in (family, *family.family)):
        lacks = [theirs for theirs in _ADDRESS.values() if not getattr(one, theirs)]
        unknown = sorted({line.plan for line in one.coverages} - settings.plans.keys())
        why = []
        if one.relationship not in ("self", *TO_NOYO):
            why.append("no word of Noyo's for the relationship; mend it in the HRIS")
        if unknown:
            why.append(f"no plan of Noyo's for {', '.join(unknown)}; name it under `plans` of the connection")
        if lacks and len(lacks) < len(_ADDRESS):
            why.append(f"Noyo demands a whole address: fill in {', '.join(lacks)} in the HRIS")
        if why:
            found[one.member_id] = ". ".join(why)
    return found


def employee(member: EnrollmentMember, held: Row, settings: NoyoSettings) -> dict[str, Any]:
    """The employee of a snapshot.

    Raises:
        DataError: Noyo demands something that neither side tells.
    """
    told = {name: value for name, value in held.items() if name != "event_id"}
    return {
        **told,
        "custom_individual_id": member.member_id,
        "person": person(member, part(held, "person")),
        "employment": _employment(member, part(held, "employment"), settings),
    }


def dependent(member: EnrollmentMember, held: Row) -> dict[str, Any]:
    """A dependent of a snapshot.

    Raises:
        DataError: Noyo demands something that neither side tells, or the relationship is none it knows.
    """
    if member.relationship not in TO_NOYO:
        raise DataError("no word of Noyo's for this relationship", mend="Mend the dependent's relationship in the HRIS")
    told = {name: value for name, value in held.items() if name != "event_id"}
    return {
        **told,
        "custom_individual_id": member.member_id,
        "person": person(member, part(held, "person")),
        "relationship": TO_NOYO[member.relationship],
    }


def person(member: EnrollmentMember, held: Row) -> dict[str, Any]:
    """What is told of a person. An unknown sex does not take the place of a known one.

    Raises:
        DataError: there is no whole address.
    """
    home = _home(member, part(held, "home_address"))
    sex = held.get("sex") if member.sex is Sex.UNKNOWN and held.get("sex") else member.sex.value
    return {
        **held,
        "first_name": member.first_name,
        "last_name": member.last_name,
        **({"middle_name": member.middle_name} if member.middle_name else {}),
        "date_of_birth": member.birth_date.isoformat(),
        "sex": sex,
        **({"ssn": member.ssn} if member.ssn else {}),
        "home_address": home,
        "mailing_address": dict(part(held, "mailing_address")) or home,
    }


def _home(member: EnrollmentMember, held: Row) -> dict[str, Any]:
    told = {theirs: getattr(member, ours) for theirs, ours in _ADDRESS.items()}
    missing = [_ADDRESS[theirs] for theirs, value in told.items() if not value]
    if len(missing) == len(told) and held:
        return dict(held)
    if missing:
        raise DataError(f"Noyo demands a whole address: {', '.join(missing)}", mend="Fill these in in the HRIS")
    street_two = {"street_two": member.address2} if member.address2 else {}
    same = all(held.get(name) == value for name, value in {**told, **street_two}.items())
    return dict(held) if held and same else {**told, **street_two}


def _employment(member: EnrollmentMember, held: Row, settings: NoyoSettings) -> dict[str, Any]:
    new = settings.new_employees
    usual = {"employment_status": new.status, "hours_worked": new.hours_worked} if new is not None else {}
    status = held.get("employment_status")
    again = status == "terminated" and member.termination_date is None
    told: dict[str, Any] = {**usual, **held, **(usual if again else {})}
    dates = {name: value for name, value in part(held, "employment_dates").items() if name != "terminated" or not again}
    if member.hire_date is not None:
        dates["hire_date"] = member.hire_date.isoformat()
    if member.termination_date is not None:
        dates["terminated"] = member.termination_date.isoformat()
        told["employment_status"] = "terminated"
    if member.compensation_minor is not None:
        amount = NumberText(format_minor(member.compensation_minor))
        told["salary"] = {**part(held, "salary"), "amount": amount, "type": "salary", "unit": "annual"}
    missing = [name for name in ("employment_status", "hours_worked") if name not in told]
    if missing or (again and not usual):
        raise DataError(
            "Noyo demands hours and status of employment of somebody new or back again",
            mend="Set new_employees on the connection",
        )
    if "hire_date" not in dates:
        raise DataError("Noyo demands a hire date", mend="Fill it in in the HRIS")
    return {**told, "employment_dates": dates}
