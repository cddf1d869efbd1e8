"""What a person says about who is who: this vendor's person is that employee, is not, or is none of ours.

Suggestions are made here and link nobody. Each word stands with name and reason in the trail of the vendor's person
(`unl_`) and of ours (`per_`). After a link whatever waited for it in quarantine is tried again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, func, select, update

from benehub import intake
from benehub.engine import Steps
from benehub.errors import DataError
from benehub.flows.hub import Hub
from benehub.identity import strangers, suggestions
from benehub.identity.matching import Guess, Register, Sought, Told, guess_all
from benehub.identity.strangers import Stranger
from benehub.intake import recognising, relinking
from benehub.store import Session, acts, note_act
from benehub.store.tables import confirmation, fact, intake_batch, seen
from benehub.store.version import must_be, version
from benehub.views.persons import find_person


def suggest(hub: Hub, employer: str, connection_id: str = "") -> dict[str, int]:
    """Link whom ids name by now, and suggest who the others may be; of one connection or of all. Gives counts."""
    with hub.store.write(employer) as session:
        before = strangers.counted(session)
        session.take_seq(0)
        intake.relink(session)
        waiting: dict[str, list[Stranger]] = {name: [] for name in before if connection_id in ("", name)}
        for one in strangers.listed(session, connection_id):
            waiting[one.connection_id].append(one)
        register = _register(session, [one.told for rows in waiting.values() for one in rows])
        ruled_out, made, likely = suggestions.rejected(session), 0, set[tuple[str, str]]()
        for name, rows in waiting.items():
            guesses = _guesses(session, name, rows, register, ruled_out)
            made += suggestions.replace(session, name, guesses)
            likely |= {(name, one.key) for one in guesses}
        left = sum(map(len, waiting.values()))
        linked = sum(before[name] for name in waiting) - left
        return {"linked": linked, "unlinked": left, "with_suggestion": len(likely), "suggestions": made}


def look(hub: Hub, steps: Steps, employer: str, connection_id: str = "") -> dict[str, int]:
    """The same as a job, for employers of many people."""
    return steps.step("suggest", suggest, hub, employer, connection_id)


def _register(session: Session, told: Sequence[Told]) -> Register:
    """Those of our people whom a stranger can be compared with: everybody is gone through, few are held."""
    sought = Sought(told)
    return Register(one for one in recognising.everybody(session) if sought.holds(one)) if told else Register(())


def _guesses(
    session: Session, connection_id: str, rows: list[Stranger], register: Register,
    ruled_out: dict[tuple[str, str], set[str]],
) -> list[Guess]:  # fmt: skip
    """The guesses of one connection; that somebody is linked to another id there is said with it."""
    told = {one.external_id: one.told for one in rows}
    rejected = {one.external_id: ruled_out.get((connection_id, one.external_id), set()) for one in rows}
    found = list(guess_all(told, register, rejected))
    linked = strangers.holders(session, connection_id, {one.person_id for one in found})
    also = "linked to another id of this vendor already: a duplicate there?"
    return [replace(one, why=(*one.why, also)) if one.person_id in linked else one for one in found]


def version_of(session: Session, named: str) -> str:
    """The version of a vendor's person: other as soon as he is linked to somebody else, or something was said of him.

    Raises:
        DataError: there is none.
    """
    return version(_edited(session, strangers.found(session, named)))


def _edited(session: Session, row: Row[Any]) -> dict[str, Any]:
    ref = strangers.ref(session, row.connection_id, row.external_id)
    return {"person": row.person_id, "how": row.how, "said": len(acts(session, ref))}


def _found(session: Session, named: str, expected: str) -> Row[Any]:
    """The vendor's person that is meant, as he was at that version where one is expected."""
    if expected:
        session.take_seq(0)  # two people's words come one after the other
    row = strangers.found(session, named)
    must_be(expected, _edited(session, row), f"{row.connection_id} {strangers.shown(row.external_id)}")
    return row


def link(
    hub: Hub, employer: str, named: str, employee: str, who: str, note: str, also: bool = False, expected: str = ""
) -> dict[str, Any]:
    """Link a vendor's person to one of ours, and try again what waited for it; gives counts.

    Raises:
        DataError: no such person on either side, the vendor's is linked already, ours is linked to another id of this
            vendor and `also` does not say that both are his, or no name or reason is given.
        ChangedMeanwhile: its version is not the one `expected`, where one is named; so below.
    """
    with hub.store.write(employer) as session:
        row, ours = _found(session, named, expected), find_person(session, employee)
        told = strangers.opened(session, row.told_sealed)
        where = f"{row.connection_id} {strangers.shown(row.external_id)}"
        if row.person_id is not None:
            raise DataError("this vendor's person is linked already", where=where,
                            mend="See `benehub people show`; unlink it first if that is wrong")  # fmt: skip
        if told.only_employees and ours.kind != "employee":
            raise DataError("a dependent is no employee", where=where, mend="Name the employee")
        other = strangers.holders(session, row.connection_id, [ours.person_id]).get(ours.person_id)
        if other is not None and not also:
            raise DataError(
                f"employee {ours.member_id} is linked to another id there: {strangers.shown(other)}", where=where,
                mend="Unlink that one first, or say --also where both records are this person's",
            )  # fmt: skip
        ref = strangers.ref(session, row.connection_id, row.external_id)
        _said(session, ref, ours, who, "link", note)
        strangers.join(session, row, ours.person_id, "person")
        suggestions.settled(session, row.connection_id, row.external_id, ours.person_id)
        relinking.remember(session, row.connection_id, {row.external_id: ours.person_id})
        confirmed = intake.relink(session)
    with hub.store.write(employer) as session:
        book = hub.book(session)
        counts = intake.redrive(session, book, intake.APPLIERS, connection_id=row.connection_id,
                                names=row.external_id)  # fmt: skip
    return {"person": ours.person_id, "ref": ref, "confirmations": confirmed, "applied": counts.applied,
            "quarantined": counts.quarantined}  # fmt: skip


def unlink(hub: Hub, employer: str, named: str, who: str, note: str, expected: str = "") -> dict[str, Any]:
    """Take a link back; it is not made again by itself. Gives what was freed, and how many facts came by it and stay.

    Raises:
        DataError: there is no such link, it is the very record that the person was made from, or no name or reason is
            given.
    """
    with hub.store.write(employer) as session:
        row = _found(session, named, expected)
        where = f"{row.connection_id} {strangers.shown(row.external_id)}"
        if row.person_id is None:
            raise DataError("nobody is linked to it", where=where, mend="See `benehub people unlinked`")
        if row.how == strangers.SOURCE:
            raise DataError("the person was made from this record", where=where,
                            mend="Mend the record in the HRIS; it cannot be somebody else's")  # fmt: skip
        ours = find_person(session, row.person_id)
        ref = strangers.ref(session, row.connection_id, row.external_id)
        _said(session, ref, ours, who, "unlink", note)
        strangers.release(session, row)
        suggestions.reject(session, row.connection_id, row.external_id, ours.person_id)
        return {"person": ours.person_id, "ref": ref, "confirmations": _free(session, row),
                "facts_that_stay": _facts(session, row)}  # fmt: skip


def _free(session: Session, row: Row[Any]) -> int:
    """What was confirmed by this id is nobody's again, and the next read of its record counts as news."""
    session.connection.execute(
        update(seen)
        .where(*session.where(seen, connection_id=row.connection_id, stream="payroll_person", row_key=row.external_id))
        .values(row_hash="", about="")
    )
    mine = session.where(confirmation, connection_id=row.connection_id, external_id=row.external_id, current=1)
    return session.connection.execute(update(confirmation).where(*mine).values(person_id=None)).rowcount


def _facts(session: Session, row: Row[Any]) -> int:
    """Facts about the person that came from this connection: which of them the id told is not known any more."""
    batches = select(intake_batch.c.batch_id).where(*session.where(intake_batch, connection_id=row.connection_id))
    query = select(func.count()).select_from(fact)
    mine = session.where(fact, subject=row.person_id)
    return int(session.connection.execute(query.where(*mine, fact.c.batch_id.in_(batches))).scalar_one())


def reject(
    hub: Hub, employer: str, named: str, employee: str, who: str, note: str, expected: str = ""
) -> dict[str, Any]:
    """Say that a vendor's person is not this employee, or with none named, that he is none of ours at all.

    Raises:
        DataError: no such person on either side, he is linked, or no name or reason is given.
    """
    with hub.store.write(employer) as session:
        row = _found(session, named, expected)
        if row.person_id is not None:
            raise DataError("it is linked", where=f"{row.connection_id} {strangers.shown(row.external_id)}",
                            mend="Unlink it: benehub people unlink")  # fmt: skip
        ref = strangers.ref(session, row.connection_id, row.external_id)
        if not employee:
            note_act(session, ref, who, "lay aside", note)
            strangers.lay_aside(session, row)
            suggestions.settled(session, row.connection_id, row.external_id)
            return {"ref": ref, "aside": 1}
        ours = find_person(session, employee)
        _said(session, ref, ours, who, "reject", note)
        suggestions.reject(session, row.connection_id, row.external_id, ours.person_id)
        return {"ref": ref, "rejected": 1}


def _said(session: Session, ref: str, ours: Row[Any], who: str, what: str, note: str) -> None:
    """The word stands in both trails, each naming the other."""
    note_act(session, ref, who, what, f"{ours.member_id}: {note}" if note.strip() else note)
    note_act(session, ours.person_id, who, what, f"{ref}: {note}" if note.strip() else note)
