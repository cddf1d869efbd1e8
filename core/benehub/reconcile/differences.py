"""The life of a difference: found, seen again, worked, closed, and opened again when it returns.

The same difference seen again is the same row. It closes itself only when a later comparison of the same
scope no longer finds it, which for money and hours means that the balance is zero; never because time passed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select

from benehub.errors import DataError, IntegrityError
from benehub.reconcile import returned
from benehub.reconcile.carriers import formerly
from benehub.reconcile.findings import ENDS_UNFOUND, OF_NOW, STANDING, TOLERATED, Finding, Relation, key_of
from benehub.reconcile.settled_by import found_at, proposed_of, settled_by
from benehub.reconcile.suppression import Suppression, in_force
from benehub.store import Session
from benehub.store.events import note_event
from benehub.store.session import CHUNK
from benehub.store.tables import difference, difference_event
from benehub.store.version import must_be, version

OPEN = ("pending", "discrepancy")
UNSETTLED = (*OPEN, "suppressed")
"""States of which a comparison that finds it no more has to hear: a rule sets aside what is found, and no more."""
STEPS = (
    "", "acknowledged", "waiting_on_partner", "waiting_on_payroll", "waiting_on_carrier",
    "waiting_on_employee", "fix_proposed",
)  # fmt: skip

REOPENED = "reopened"
"""A person's word that what was dismissed is a difference after all; it is then in the state that its day gives it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a comparison changed: ids of differences opened and closed, and how many were seen again."""

    opened: tuple[str, ...]
    closed: tuple[str, ...]
    seen_again: int

    def __add__(self, other: Outcome) -> Outcome:
        """Both together."""
        return Outcome(self.opened + other.opened, self.closed + other.closed, self.seen_again + other.seen_again)


def settle(
    session: Session, relation: Relation, period: str, findings: Iterable[Finding], today: date,
    read_to: int | None = None, tolerated: Collection[str] = (),
) -> Outcome:  # fmt: skip
    """Bring the differences of one relation and period up to date with what was found now.

    Those that stand from month to month (`STANDING`) are of the month they began with, and are settled with every later
    one; those that are so now (`OF_NOW`) are settled with every month, and stay of the one they were found for first.

    Args:
        read_to: the newest number (`latest_seq`) from before anything was read for these findings: an entry that
            another worker posts meanwhile lies behind it, and may be what settles one. None: nothing was posted since.
        tolerated: keys of the findings within the tolerance (`tolerance.within`).

    Raises:
        IntegrityError: two findings carry the same key; one would hide the other.
    """
    mine = select(difference).where(*session.where(difference, relation=relation), _of(period))
    known = {row.content_key: row for row in session.rows(mine)}
    findings = _since(known.values(), findings)
    if relation is Relation.PREMIUM:
        known = _under_new_keys(session, known, findings)
    return _told(session, _settle(known, session, findings, today, _read(session, read_to), tolerated))


def _under_new_keys(
    session: Session, known: Mapping[str, Row[Any]], findings: Sequence[Finding]
) -> dict[str, Row[Any]]:
    """What is known, by its key of now: one from before its reference named the carrier goes on under it, with all that
    was said of it. Where two carriers say the same, it was neither's by name: it closes, and both are found."""
    claims: dict[str, list[Finding]] = {}
    for one in findings:
        claims.setdefault(formerly(one), []).append(one)
    now = dict(known)
    for old, mine in claims.items():
        if old in known and len(mine) == 1 and mine[0].key not in known:
            row = now[mine[0].key] = now.pop(old)
            session.change(
                difference, {"difference_id": row.difference_id},
                content_key=mine[0].key, reference=mine[0].reference,
            )  # fmt: skip
    return now


def _since(known: Iterable[Row[Any]], findings: Iterable[Finding]) -> list[Finding]:
    """Findings of what is so now, each of the month it was found for first: the others as they are.

    Where a person has dismissed it for one month and it is open for another, the open one goes on.
    """
    first: dict[str, tuple[bool, str]] = {}
    for row in known:
        if (row.relation, row.type) in OF_NOW and row.state != "resolved":
            key = key_of(row.relation, row.type, "", row.person_id, row.plan, row.reference)
            mine = (row.state == "dismissed", row.period)
            first[key] = min(mine, first.get(key, mine))
    return [
        replace(one, period=first.get(replace(one, period="").key, (False, one.period))[1])
        if (one.relation, one.type) in OF_NOW
        else one
        for one in findings
    ]


def _read(session: Session, read_to: int | None) -> int:
    return session.latest_seq() if read_to is None else read_to


def _told(session: Session, outcome: Outcome) -> Outcome:
    """Whoever has subscribed hears of it."""
    note_event(session, "difference.opened", outcome.opened, session.now())
    note_event(session, "difference.closed", outcome.closed, session.now())
    return outcome


def _of(period: str) -> Any:
    """What a comparison of the period speaks of: its own differences, those that stand from before, and what is now."""
    standing = [and_(difference.c.relation == one, difference.c.type == type_) for one, type_ in sorted(STANDING)]
    now = and_(is_of_now(), difference.c.state != "resolved")
    return or_(difference.c.period == period, and_(or_(*standing), difference.c.period < period), now)


def is_of_now() -> ColumnElement[bool]:
    """Whether a difference is of what is so now, whichever month it was found for (`OF_NOW`)."""
    return or_(*(and_(difference.c.relation == one, difference.c.type == type_) for one, type_ in sorted(OF_NOW)))


def _settle(
    known: Mapping[str, Row[Any]], session: Session, findings: Iterable[Finding], today: date, read_to: int,
    tolerated: Collection[str],
) -> Outcome:  # fmt: skip
    opened: list[str] = []
    settled: list[str] = []
    again = 0
    found: set[str] = set()
    rules = in_force(session, today)
    for finding in findings:
        if finding.key in found:
            raise IntegrityError(
                f"two findings of one comparison are the same difference {finding.key!r}",
                mend="Give each its own reference",
            )
        found.add(finding.key)
        row = known.get(finding.key)
        if finding.key in tolerated and (row is None or not _still_dismissed(row, finding)):
            again += row is not None
            settled += [row.difference_id] if row is not None and row.state in OPEN else []
            _tolerate(session, row, finding, today, read_to)
            continue
        rule = next((one for one in rules if one.covers(finding)), None)
        if rule is not None and (row is None or row.state != "dismissed"):
            again += row is not None
            _set_aside(session, row, finding, rule, today, read_to)
        elif row is None:
            opened.append(_open(session, finding, today, read_to))
        elif row.state in OPEN or _still_dismissed(row, finding) or _still_returned(session, row, finding):
            again += 1
            _see_again(session, row, finding, today, read_to)
        else:
            opened.append(_reopen(session, row, finding, today, read_to))
    gone = [row for key, row in known.items() if key not in found]
    closed = (*settled, *_close(session, [row for row in gone if row.state in UNSETTLED]))
    _close(session, [row for row in gone if _is_tolerated(row)])
    # It was told as closed when it was dismissed; the word was of this time and not of the next.
    _close(session, [row for row in gone if row.state == "dismissed" and (row.relation, row.type) in ENDS_UNFOUND])
    return Outcome(tuple(opened), closed, again)


def settle_within(
    session: Session, relation: Relation, within: str, findings: Sequence[Finding], today: date,
    read_to: int | None = None,
) -> Outcome:  # fmt: skip
    """As `settle` over all periods, for the findings whose reference begins with `within`: others stay as they are."""
    known = session.rows(
        select(difference).where(
            *session.where(difference, relation=relation), difference.c.reference.startswith(within, autoescape=True)
        )
    )
    opened: list[str] = []
    closed: list[str] = []
    again, until = 0, _read(session, read_to)
    for period in sorted({one.period for one in findings} | {row.period for row in known if row.state in UNSETTLED}):
        mine = [one for one in findings if one.period == period]
        before = {row.content_key: row for row in known if row.period == period}
        outcome = _settle(before, session, mine, today, until, ())
        opened, closed, again = [*opened, *outcome.opened], [*closed, *outcome.closed], again + outcome.seen_again
    return _told(session, Outcome(tuple(opened), tuple(closed), again))


def act(
    session: Session, difference_id: str, who: str, *, state: str = "", step: str = "", note: str = "",
    entries: Sequence[str] = (), to: str | None = None, expected: str = "",
) -> tuple[str, ...]:  # fmt: skip
    """A person's word on a difference: resolve (says how), dismiss or open again what was dismissed (says why), a work
    step, or whose it is.

    What is resolved is linked to the ledger entries that made it right: those named, else those that are found; of what
    was returned elsewhere none is needed, the note says amount and day. Gives the entries that the word is linked to.

    Args:
        to: the user who is to work it; empty for nobody, None to leave it as it is.

    Raises:
        DataError: no such difference, a state or step that does not exist, no reason given, no entry (or return)
            for what is at stake, or nobody has dismissed what is to be opened again.
        ChangedMeanwhile: its version is not the one `expected`, where one is named.
    """
    row = get(session, difference_id)
    must_be(expected, _edited(session, row), difference_id)
    if state not in ("", "resolved", "dismissed", REOPENED) or step not in STEPS:
        raise DataError(f"no such state or work step: {state or step!r}", mend=f"Steps: {', '.join(STEPS[1:])}")
    if state and not note:
        raise DataError(
            f"a {state} difference needs a note",
            mend="Say how it was resolved, why it is none, or why it is one after all",
        )
    before, seq = row.work_step, None
    if state == REOPENED:
        state, before = _undone(row, session.today()), "" if before == TOLERATED else before
        seq = found_at(session, row)  # what was posted since it was found may have settled it, and not its own undoing
    if state == "resolved":
        outside = returned.elsewhere(row) and not entries
        entries = returned.stated(row, note, session.today()) if outside else settled_by(session, row, entries)
    values = {"state": state or row.state, "work_step": step or before}
    given: dict[str, Any] = {}
    if to is not None and to != (row.assigned_to or ""):
        given = {"assigned_to": to or None, "assigned_at": session.now() if to else None}
    session.change(difference, {"difference_id": difference_id}, **values, **given)
    told = (values["state"], values["work_step"], note, entries, to if given else None)
    _event(session, difference_id, who, *told, seq=seq)
    if (row.state in OPEN) != (values["state"] in OPEN):
        which = "difference.closed" if row.state in OPEN else "difference.opened"
        note_event(session, which, [difference_id], session.now())
    return tuple(entries)


def _undone(row: Row[Any], today: date) -> str:
    """The state of one that a person takes his word back on: as if it was never dismissed.

    Raises:
        DataError: no person has dismissed it.
    """
    if row.state == "dismissed":
        return _state_of(row.clear_by, today)
    if _is_tolerated(row):
        raise DataError(
            f"{row.difference_id} is within the tolerance; no person has dismissed it",
            mend="Lower the tolerance in the plan book, then compare its month again",
        )
    if row.state == "suppressed":
        raise DataError(
            f"{row.difference_id} is set aside by a rule; no person has dismissed it",
            mend="Lift the rule, then compare its month again",
        )
    raise DataError(
        f"{row.difference_id} is {row.state}, not dismissed",
        mend="Compare its month again: it opens by itself where both sides do not agree",
    )


def version_of(session: Session, row: Row[Any]) -> str:
    """The version of a difference: other as soon as somebody has worked it, or a comparison sees it otherwise."""
    return version(_edited(session, row))


def _edited(session: Session, row: Row[Any]) -> dict[str, Any]:
    """What two people may work on; that it was seen once more is no change."""
    names = ("state", "work_step", "assigned_to", "owner", "severity", "expected", "actual", "at_stake", "clear_by")
    return {name: getattr(row, name) for name in names} | {
        "history": _said(session, [row.difference_id]).get(row.difference_id, 0)
    }


def get(session: Session, difference_id: str) -> Row[Any]:
    """One difference.

    Raises:
        DataError: no such difference.
    """
    row = session.connection.execute(
        select(difference).where(*session.where(difference, difference_id=difference_id))
    ).first()
    if row is None:
        raise DataError(f"no difference {difference_id}", mend="See `benehub differences list`")
    return row


def listed(session: Session, states: Sequence[str] = OPEN, period: str = "") -> Sequence[Row[Any]]:
    """Differences in these states, the most at stake first; with what stands from before, where a period is given."""
    query = select(difference).where(difference.c.employer_id == session.employer, difference.c.state.in_(states))
    if period:
        query = query.where(_of(period))
    return session.rows(query.order_by(difference.c.relation, difference.c.at_stake.desc(), difference.c.content_key))


def history(session: Session, difference_id: str) -> Sequence[Row[Any]]:
    """Who did what and when."""
    return session.rows(
        select(difference_event)
        .where(*session.where(difference_event, difference_id=difference_id))
        .order_by(difference_event.c.event_no)
    )


def _still_dismissed(row: Row[Any], finding: Finding) -> bool:
    """Whether a person's word still stands: it was said of this amount this way round, not of whatever it becomes."""
    return bool(row.state == "dismissed" and (row.expected or 0) - (row.actual or 0) == finding.gap)


def _still_returned(session: Session, row: Row[Any], finding: Finding) -> bool:
    """Whether a person has said that it was returned, and no more is at stake than then."""
    if row.state != "resolved" or not returned.elsewhere(row) or finding.at_stake > row.at_stake:
        return False
    said = takewhile(lambda one: one.state == "resolved", reversed(history(session, row.difference_id)))
    return [one.who for one in said][-1:] != ["benehub"]


def _is_tolerated(row: Row[Any]) -> bool:
    return bool(row.state == "resolved" and row.work_step == TOLERATED)


def _state_of(clear_by: date | None, today: date) -> str:
    return "pending" if clear_by is not None and today <= clear_by else "discrepancy"


def _values(finding: Finding, today: date) -> dict[str, Any]:
    state = _state_of(finding.clear_by, today)
    # Once its clear-by date is past, the rules explain it no more.
    severity = (finding if state == "pending" else replace(finding, clear_by=None)).severity
    return {
        "side": finding.side, "severity": severity, "owner": finding.owner, "cause": finding.cause,
        "action": finding.action, "expected": finding.expected, "actual": finding.actual,
        "at_stake": finding.at_stake, "unit": finding.unit, "clear_by": finding.clear_by,
        "state": state,
    }  # fmt: skip


def _open(session: Session, finding: Finding, today: date, read_to: int) -> str:
    difference_id = session.id("dif", finding.key)
    seq, at = session.take_seq()
    session.add(
        difference,
        [
            {
                "difference_id": difference_id, "relation": finding.relation.value,
                "type": finding.type.value,
                "content_key": finding.key, "period": finding.period, "person_id": finding.person_id,
                "plan": finding.plan, "reference": finding.reference, "work_step": "", "times_seen": 1,
                "first_seq": seq, "last_seq": seq, "first_seen": at, "last_seen": at,
                **_values(finding, today),
            }
        ],
    )  # fmt: skip
    _event(session, difference_id, "benehub", _state_of(finding.clear_by, today), "", "found", (), seq=read_to)
    return difference_id


def _set_aside(
    session: Session, row: Row[Any] | None, finding: Finding, rule: Suppression, today: date, read_to: int
) -> None:
    """A rule covers it: it is kept, and told by its state and the rule."""
    note = f"{rule.suppression_id} until {rule.ends}: {rule.note}"
    if row is None:
        _open(session, finding, today, read_to)
        row = get(session, session.id("dif", finding.key))
    else:
        _see_again(session, row, finding, today, read_to)
    if row.state != "suppressed":
        session.change(difference, {"difference_id": row.difference_id}, state="suppressed")
        _event(session, row.difference_id, "benehub", "suppressed", row.work_step, note, (), seq=read_to)


def _tolerate(session: Session, row: Row[Any] | None, finding: Finding, today: date, read_to: int) -> None:
    """It is within the tolerance: it is kept, and told by its work step, until both sides agree or it grows."""
    if row is None:
        _open(session, finding, today, read_to)
        row = get(session, session.id("dif", finding.key))
    else:
        _see_again(session, row, finding, today, read_to)
    if not _is_tolerated(row) or (row.expected or 0) - (row.actual or 0) != finding.gap:
        values = {"state": "resolved", "work_step": TOLERATED}
        session.change(difference, {"difference_id": row.difference_id}, **values)
        _event(session, row.difference_id, "benehub", "resolved", TOLERATED, "within the tolerance", (), seq=read_to)


def note_rounded(session: Session, entries: Mapping[str, str]) -> None:
    """Note with each difference the entry by which it went to the rounding account."""
    for difference_id, entry_id in entries.items():
        told = "posted to the rounding account"
        _event(session, difference_id, "benehub", "resolved", TOLERATED, told, (entry_id,))


def _see_again(session: Session, row: Row[Any], finding: Finding, today: date, read_to: int) -> None:
    values = _values(finding, today)
    if row.state not in OPEN:
        values["state"] = row.state
    seq = session.latest_seq()
    session.change(
        difference, {"difference_id": row.difference_id},
        times_seen=row.times_seen + 1, last_seq=seq, last_seen=session.now(), **values,
    )  # fmt: skip
    if row.state == "pending" and values["state"] == "discrepancy":
        told = "past its clear-by date"
        _event(session, row.difference_id, "benehub", "discrepancy", row.work_step, told, (), seq=read_to)


def _reopen(session: Session, row: Row[Any], finding: Finding, today: date, read_to: int) -> str:
    session.change(
        difference, {"difference_id": row.difference_id},
        times_seen=row.times_seen + 1, last_seq=session.latest_seq(), last_seen=session.now(), work_step="",
        **_values(finding, today),
    )  # fmt: skip
    told = "no rule sets it aside any more" if row.state == "suppressed" else "it returned"
    told = "the tolerance does not cover it any more" if _is_tolerated(row) else told
    _event(session, row.difference_id, "benehub", _state_of(finding.clear_by, today), "", told, (), seq=read_to)
    return str(row.difference_id)


def _close(session: Session, rows: Sequence[Row[Any]]) -> tuple[str, ...]:
    """Both sides agree on these by now; gives their ids. As sets: a bill that is paid may close those of thousands."""
    if not rows:
        return ()
    settled = proposed_of(session, rows)
    ids = [str(row.difference_id) for row in rows]
    seq, at = session.latest_seq(), session.now()
    session.change_all(
        difference,
        ("difference_id",),
        [
            {"difference_id": row.difference_id, "state": "resolved", "last_seen": at, "work_step": _worked(row)}
            for row in rows
        ],
    )
    said = _said(session, ids)
    session.add(
        difference_event,
        [{"difference_id": row.difference_id, "event_no": said.get(row.difference_id, 0) + 1, "at": at,
          "who": "benehub", "state": "resolved", "work_step": _worked(row), "note": "both sides agree now",
          "entries": settled[row.difference_id], "assigned_to": None, "seq": seq} for row in rows],
    )  # fmt: skip
    return tuple(ids)


def _worked(row: Row[Any]) -> str:
    """The work step of one on which both sides agree: what is no rounding any more is not told as such."""
    return "" if _is_tolerated(row) else str(row.work_step)


def _event(
    session: Session, difference_id: str, who: str, state: str, step: str, note: str, entries: Sequence[str],
    to: str | None = None, seq: int | None = None,
) -> None:  # fmt: skip
    """Keep what was said; `seq` is how far its reader had read, all that is recorded where none is named."""
    number = _said(session, [difference_id]).get(difference_id, 0) + 1
    session.add(
        difference_event,
        [{"difference_id": difference_id, "event_no": number, "at": session.now(), "who": who,
          "state": state, "work_step": step, "note": note, "entries": list(entries), "assigned_to": to,
          "seq": _read(session, seq)}],
    )  # fmt: skip


def _said(session: Session, ids: Sequence[str]) -> dict[str, int]:
    """How much was said of each; of whom nothing was said is not among them."""
    of = difference_event.c.difference_id
    query = select(of, func.count().label("many")).where(*session.where(difference_event)).group_by(of)
    return {
        row.difference_id: int(row.many)
        for start in range(0, len(ids), CHUNK)
        for row in session.rows(query.where(of.in_(ids[start : start + CHUNK])))
    }
