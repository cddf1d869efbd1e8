"""What is to leave, or has left: a dispatch with its frozen bytes, personal data masked unless asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Row, select, tuple_

from benehub import dispatch, obligations
from benehub.crypto import mask
from benehub.ids import PERSON
from benehub.money import format_minor
from benehub.store import Session, acts
from benehub.store.tables import dispatch as dispatch_table
from benehub.views.persons import member_ids

PAY = frozenset({"compensation_minor", "year_compensation_minor"})
HIDDEN = frozenset({"ssn", "birth_date", *PAY})
"""Fields of outgoing records that are masked wherever they turn up in the frozen bytes."""

_X12_BIRTH = re.compile(r"(?<=DMG.D8.)\d{8}")
_NACHA_ACCOUNT = re.compile(r"(?m)^(6\d{11}).{17}(?=.{65}$)")
_NACHA_CTX = re.compile(r"(?m)^5.{49}CTX.{41}$")
_NACHA_REMITTANCE = re.compile(r"(?m)^(705).{80}(?=\d{11}$)")
_IBAN = re.compile(r"(?<=<IBAN>)[^<]+")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A dispatch as people look at it; amounts are decimal text."""

    dispatch: str
    connection: str
    operation: str
    key: str
    revision: int
    file: str
    items: int
    worth: str
    currency: str
    state: str
    reason: str
    acknowledged: str
    content: str
    request: str = ""
    """The call as it would leave now, where the vendor has been asked what he holds; or why there is none."""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def outgoing(session: Session, ids: Iterable[str], clear: bool = False) -> list[Outgoing]:
    """These dispatches with their frozen content; `clear` shows SSN, birth date and pay as they are."""
    return [_shown(session, dispatch.get(session, one), clear) for one in dict.fromkeys(ids)]


def listed(
    session: Session, states: Sequence[str] = (), connection_id: str = "", operation: str = "", limit: int = 50,
    before: tuple[int, str] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """The newest dispatches, without their content; those after the one with this number and id, if given."""
    query = select(dispatch_table).where(dispatch_table.c.employer_id == session.employer)
    if states:
        query = query.where(dispatch_table.c.state.in_(states))
    if connection_id:
        query = query.where(dispatch_table.c.connection_id == connection_id)
    if operation:
        query = query.where(dispatch_table.c.operation == operation)
    if before is not None:
        query = query.where(tuple_(dispatch_table.c.seq, dispatch_table.c.dispatch_id) < tuple_(*before))
    query = query.order_by(dispatch_table.c.seq.desc(), dispatch_table.c.dispatch_id.desc())
    return [_line(row) for row in session.rows(query.limit(limit))]


def about(session: Session, lines: Sequence[dict[str, Any]]) -> dict[str, str]:
    """What each of these dispatches is about, by its id: its file, else its key with employee numbers in it."""
    named = {one["dispatch"]: one["key"].removeprefix(f"{one['operation']}/{one['connection']}/") for one in lines}
    numbers = member_ids(session, (found for key in named.values() for found in PERSON.findall(key)))
    told = {ref: PERSON.sub(lambda at: numbers.get(at[0], at[0]), key) for ref, key in named.items()}
    return told | {one["dispatch"]: one["file"] for one in lines if one["file"]}


def one(session: Session, dispatch_id: str) -> dict[str, Any]:
    """One dispatch as `listed` tells it, with how a second effect is kept off.

    Raises:
        DataError: there is none.
    """
    row = dispatch.get(session, dispatch_id)
    return _line(row) | {"guard": row.guard}


class History(NamedTuple):
    """What was tried of a dispatch, said of it, and its other revisions."""

    attempts: Sequence[Row[Any]]
    said: list[Row[Any]]
    revisions: list[Row[Any]]


def history(session: Session, dispatch_id: str) -> History:
    """How a dispatch has come to be what it is, field by field.

    Raises:
        DataError: there is none.
    """
    row = dispatch.get(session, dispatch_id)
    others = [one for one in dispatch.revisions(session, row.business_key) if one.dispatch_id != dispatch_id]
    return History(dispatch.attempts(session, dispatch_id), list(acts(session, dispatch_id)), others)


def masked_of(session: Session, dispatch_id: str, text: str) -> str:
    """`text` without the hidden values of what a dispatch carries."""
    owed = obligations.of_dispatch(session, dispatch_id)
    return masked(text, [obligations.content(session, one) for one in owed])


def _line(row: Row[Any]) -> dict[str, Any]:
    return {
            "dispatch": row.dispatch_id, "connection": row.connection_id, "operation": row.operation,
            "currency": row.currency,
            "key": row.business_key, "revision": row.revision, "state": row.state, "acknowledged": row.ack_state,
            "items": row.items, "worth": format_minor(row.worth_minor, row.currency),
            "prepared_at": row.prepared_at, "sent_at": row.sent_at, "file": row.file_name, "reason": row.reason,
            "seq": row.seq,
    }  # fmt: skip


def _shown(session: Session, row: Row[Any], clear: bool) -> Outgoing:
    text = readable(dispatch.frozen_bytes(session, row))
    if not clear:
        text = masked_of(session, row.dispatch_id, text)
    return Outgoing(
        row.dispatch_id,
        row.connection_id,
        row.operation,
        row.business_key,
        row.revision,
        row.file_name,
        row.items,
        format_minor(row.worth_minor, row.currency),
        row.currency,
        row.state,
        row.reason,
        row.ack_state,
        text,
    )


def readable(content: bytes) -> str:
    """The text of frozen bytes: UTF-8, else Windows-1252, as DATEV's files are."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def segments(text: str) -> list[str]:
    """The segments of an X12 file, each with its terminator; none of any other text.

    The terminator is what stands before the group: masked numbers may have moved the envelope's fixed places.
    """
    at = text.find(f"GS{text[3:4]}", 80) if text.startswith("ISA") else -1
    rest = text[:at].rstrip("\r\n") if at > 0 else ""
    if not rest:
        return []
    return [f"{one.strip()}{rest[-1]}" for one in text.split(rest[-1]) if one.strip()]


def masked(text: str, contents: Iterable[Any]) -> str:
    """`text` without the hidden values of `contents`, in whatever way a format writes them."""
    forms = {form for content in contents for value in _hidden(content) for form in _forms(value)}
    if forms:
        # Longest first: a value that contains another is masked whole. Digits around it make it another one.
        either = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
        text = re.sub(rf"(?<!\d)(?:{either})(?!\d)", lambda found: "*" * len(found[0]), text)
    return mask(_X12_BIRTH.sub("********", _without_accounts(text)))


def _without_accounts(text: str) -> str:
    """A bank's file without account numbers; an 820 inside is cut anywhere, so its slices are hidden whole."""
    text = _IBAN.sub("****", _NACHA_ACCOUNT.sub(rf"\1{'*' * 17}", text))
    return _NACHA_REMITTANCE.sub(rf"\1{'*' * 80}", text) if _NACHA_CTX.search(text) else text


def _hidden(content: Any) -> Iterable[str]:
    if isinstance(content, dict):
        for name, value in content.items():
            if name in HIDDEN and value:
                yield f"{name}={value}"
            else:
                yield from _hidden(value)
    elif isinstance(content, list):
        for one in content:
            yield from _hidden(one)


def _forms(named: str) -> set[str]:
    name, _, value = named.partition("=")
    if name == "birth_date":
        day = date.fromisoformat(value)
        return {day.strftime(how) for how in ("%Y-%m-%d", "%Y%m%d", "%m/%d/%Y", "%m%d%Y", "%m/%d/%y", "%m%d%y")}
    if name in PAY:
        exact = format_minor(int(value))
        return {form for form in (value, exact, exact.rstrip("0").rstrip(".")) if len(form) > 3}
    return {value, f"{value[:3]}-{value[3:5]}-{value[5:]}"}
