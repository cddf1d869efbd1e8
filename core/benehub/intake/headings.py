"""Which column of a stranger's table may be which field: by name, never by what stands in it.

It suggests; a person decides, and what was decided stands in the connection's column map.
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, Union, get_args, get_origin

from rapidfuzz import fuzz

from benehub.records import STREAMS

LIKELY: Final = 82
"""Likeness (of 100) from which a heading is suggested."""
ALIKE_WORD: Final = 85
"""Likeness from which a word of theirs is taken for one of ours."""

ALSO: Final[Mapping[str, tuple[str, ...]]] = {
    "employee_number": ("employee id", "emp no", "emp id", "employee no", "staff number", "personnel number",
                        "personalnummer", "payroll number", "id"),
    "employee": ("employee id", "employee number", "emp id", "emp no", "personnel number", "personalnummer", "id"),
    "member": ("member id", "subscriber id", "employee number", "employee id"),
    "first_name": ("given name", "forename", "vorname"),
    "last_name": ("surname", "family name", "nachname", "name"),
    "birth_date": ("date of birth", "dob", "geburtsdatum", "birthday"),
    "hire_date": ("date of hire", "start date", "eintritt", "date hired", "doh"),
    "termination_date": ("term date", "end date", "last day", "austritt", "date of termination"),
    "ssn": ("social security number", "social security", "ss number"),
    "email": ("e-mail", "email address", "work email"),
    "address1": ("address", "street", "address line 1", "strasse"),
    "zip_code": ("zip", "postal code", "plz", "postcode"),
    "city": ("town", "ort"),
    "employment_class": ("class", "ft pt", "employment type", "full time part time", "employee type"),
    "weekly_hours": ("hours", "hours per week", "scheduled hours", "std hours", "wochenstunden"),
    "pay_group": ("payroll group", "pay frequency", "abrechnungskreis"),
    "effective_from": ("effective", "effective date", "start date", "coverage start", "from"),
    "coverage_month": ("month", "billing month", "coverage period", "period"),
    "pay_date": ("check date", "payment date", "date paid"),
    "tier": ("coverage tier", "coverage level", "level"),
    "plan": ("plan name", "plan code", "benefit", "benefit plan"),
    "amount_minor": ("amount", "premium", "total", "contribution", "betrag", "current amount"),
    "code": ("deduction code", "pay code", "deduction", "earning code"),
    "invoice": ("invoice number", "invoice no", "bill number"),
    "pay_run": ("payroll run", "run", "batch", "payroll"),
    "check": ("check number", "check no", "voucher"),
    "credit_id": ("transaction id", "id", "reference", "trace"),
    "source": ("money source", "money type", "contribution type"),
    "rate_minor": ("pay rate", "salary", "annual salary", "rate"),
    "kind": ("type", "line type"),
}  # fmt: skip
"""Other names of fields, as exports call them."""


@dataclass(frozen=True, slots=True)
class FieldOf:
    """One field of a stream: whether it has to be filled, and the words it takes where they are counted."""

    name: str
    required: bool
    kind: str
    """text, date, number, yes, or words."""
    words: tuple[str, ...] = ()


def fields_of(stream: str) -> list[FieldOf]:
    """The fields of a stream, those that are required first."""
    found = []
    for name, info in STREAMS[stream].model_fields.items():
        words = _words(info.annotation)
        kind = "words" if words else _kind(info.annotation)
        found.append(FieldOf(name, info.is_required(), kind, words))
    return sorted(found, key=lambda one: not one.required)


def suggested(stream: str, header: Sequence[str], known: Mapping[str, str]) -> dict[str, str]:
    """Field -> heading: as decided before where the file has that heading, else the likeliest one, each once."""
    have = {_plain(name): name for name in header if name}
    found = {name: have[_plain(heading)] for name, heading in known.items() if _plain(heading) in have}
    free = [name for name in header if name and name not in found.values()]
    scores = sorted(
        ((_likeness(field.name, heading), field.name, heading) for field in fields_of(stream) for heading in free),
        key=lambda one: (-one[0], one[1], one[2]),
    )
    for score, name, heading in scores:
        if score >= LIKELY and name not in found and heading not in found.values():
            found[name] = heading
    return found


def translated(words: Sequence[str], theirs: Sequence[str]) -> dict[str, str]:
    """Their word -> ours, for those that are surely one of ours in another spelling."""
    ours = {_plain(word): word for word in words} | {_plain(word).replace(" ", ""): word for word in words}
    found = {}
    for told in theirs:
        if told in words:
            continue
        near = ours.get(_plain(told)) or ours.get(_plain(told).replace(" ", ""))
        if near is None:
            best = max(words, key=lambda word: fuzz.ratio(_plain(word), _plain(told)))
            near = best if fuzz.ratio(_plain(best), _plain(told)) >= ALIKE_WORD else None
        if near is not None:
            found[told] = near
    return found


def _likeness(name: str, heading: str) -> float:
    names = (name.removesuffix("_minor"), *ALSO.get(name, ()))
    return max(fuzz.token_sort_ratio(_plain(one), _plain(heading)) for one in names)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.casefold()).strip()


def _inner(annotation: Any) -> Any:
    """The type behind `X | None` and `Annotated[X, ...]`."""
    while get_origin(annotation) in (Union, types.UnionType) or hasattr(annotation, "__metadata__"):
        parts = [one for one in get_args(annotation) if one is not type(None)]
        annotation = parts[0]
    return annotation


def _words(annotation: Any) -> tuple[str, ...]:
    inner = _inner(annotation)
    if isinstance(inner, type) and issubclass(inner, StrEnum):
        return tuple(one.value for one in inner)
    return ()


def _kind(annotation: Any) -> str:
    inner = _inner(annotation)
    if inner is date:
        return "date"
    if inner is bool:
        return "yes"
    return "number" if inner is int else "text"
