"""What a person does about what was read: lets a held batch in, discards it, or has quarantined rows tried again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Row, exists, func, select

from benehub import connections, intake
from benehub.connect import jsontext
from benehub.connect.connector import Connector, Incoming, Page
from benehub.connect.stored import StoredMailbox
from benehub.engine import Steps
from benehub.errors import BenehubError, ChangedMeanwhile, DataError
from benehub.flows.hub import Hub
from benehub.flows.runs import By
from benehub.flows.sync import apply, apply_at_once, apply_checked
from benehub.intake import Leaf, told, untranslated
from benehub.store import Session, note_act
from benehub.store.tables import intake_batch, intake_row, intake_same, row_waits


def release(hub: Hub, employer: str, batch_id: str, who: str, note: str) -> dict[str, int]:
    """Apply a held batch that a person has looked at; gives its custody counts.

    Raises:
        DataError: it is not held, or its stream has been read and applied since: that read says what holds now.
    """
    with hub.store.write(employer) as session:
        _free(hub, session, batch_id)
        note_act(session, batch_id, who, "release", note)
    return apply_checked(hub, employer, batch_id)


def release_by_run(hub: Hub, employer: str, batch_id: str, who: str, note: str, by: By | None = None) -> str:
    """As `release`, in a run of its own that a worker takes up; gives the run.

    Raises:
        DataError: it is not held, its stream has been read and applied since, or no name or reason is given.
        ConfigError: the engine is not started.
    """
    with hub.store.write(employer) as session:
        row = _free(hub, session, batch_id)
        note_act(session, batch_id, who, "release", note)
        key = f"{batch_id}/{session.now()}"
        return hub.enqueue_flow(session, "intake.release", key, row.connection_id, batch_id, by=by)


def let_in(hub: Hub, steps: Steps, employer: str, batch_id: str) -> dict[str, int]:
    """Apply a held batch that a person has released, where it may still be; gives its custody counts.

    Raises:
        DataError: it was discarded, or its stream read and applied, before a worker came to it.
    """
    held = steps.step("look", _still_held, hub, employer, batch_id)
    return steps.step("apply", apply_checked, hub, employer, batch_id) if held else {}


def _still_held(hub: Hub, employer: str, batch_id: str) -> bool:
    """Whether it waits to be let in; another run of the same decision may have done it."""
    with hub.store.read(employer) as session:
        if _batch(session, batch_id).state == "applied":
            return False
        _free(hub, session, batch_id)
    return True


def _free(hub: Hub, session: Session, batch_id: str) -> Any:
    """A held batch that nothing read since has overtaken."""
    row = _held(session, batch_id)
    if _overtaken(session, row, bool(_connector(hub, session, row.connection_id).pushes)):
        raise DataError("its stream has been read and applied since", where=f"batch {batch_id}",
                        mend="Discard it (benehub intake discard), and sync again")  # fmt: skip
    return row


def release_all(hub: Hub, employer: str, connection_id: str, who: str, note: str) -> dict[str, int]:
    """Let in all that is held of a connection whose client writes user by user: one decision for all of them.

    Of a user that was written several times the last word is let in and the former ones are laid aside; so is all of
    a user who has been let in by a later write. What is written, let in or discarded meanwhile counts as it then is:
    each turn looks again at its users, in the transaction that applies it. Gives the custody counts together, and how
    many batches were let in (`batches`) and laid aside (`aside`). After a break the rest stays held: call it again.

    Raises:
        DataError: nothing is held there, or each batch is a whole read that is looked at by itself.
    """
    with hub.store.read(employer) as session:
        stream = _connector(hub, session, connection_id).pushes
        if not stream:
            raise DataError(
                f"each batch of {connection_id} is a read of its own", where=f"connection {connection_id}",
                mend="Look at each (benehub intake list --state held), and release it by its id",
            )  # fmt: skip
        decided = _decide(session, connection_id, stream)
    if not decided.held:
        raise DataError("nothing is held", where=f"connection {connection_id}", mend="See `benehub intake list`")
    total = {"batches": 0, "aside": 0}
    what = f"release with {decided.many - 1} others"
    ids = list(decided.held)
    for start in range(0, len(ids), TURN):
        counts = _turn(hub, employer, connection_id, decided, ids[start : start + TURN], who, what, note)
        for name, value in counts.items():
            total[name] = total.get(name, 0) + value
    return total


TURN = 20
"""Batches of one row that are let in, or laid aside, in one transaction."""


@dataclass(frozen=True, slots=True)
class _Decided:
    """What is let in by one decision, as it was first looked at; each turn looks again at what its users have said.

    Attributes:
        held: held batches of one row each, oldest first -> the user of whom it tells.
        told: user -> all batches that have told, or may come to tell, of him since the oldest.
        many: how many of those held say the last of their user.
        until: the number up to which batches had been opened; what came later is asked for by it.
    """

    held: Mapping[str, str]
    told: Mapping[str, Sequence[str]]
    many: int
    until: int


def _turn(
    hub: Hub, employer: str, connection_id: str, decided: _Decided, some: Sequence[str], who: str, what: str, note: str
) -> dict[str, int]:
    """Let in or lay aside these of the batches decided on, where they are still held, as they stand now."""
    with hub.store.write(employer) as session:
        session.take_seq(0)  # nobody writes between the look and what it leads to
        stream = _connector(hub, session, connection_id).pushes
        let_in, aside = _last_words(session, connection_id, stream, decided, some)
        for batch_id in aside:
            note_act(session, batch_id, who, "discard, for a later word counts", note)
            _lay_aside(session, batch_id, who)
        total = Counter(batches=len(let_in), aside=len(aside))
        for batch_id in let_in:
            note_act(session, batch_id, who, what, note)
            total.update(apply_at_once(hub, session, batch_id))
            session.forget()
        return dict(total)


def _lay_aside(session: Session, batch_id: str, who: str) -> None:
    session.connection.execute(intake_same.delete().where(*session.where(intake_same, batch_id=batch_id)))
    session.change(intake_batch, {"batch_id": batch_id}, state="refused", reason=f"discarded by {who}")


def _decide(session: Session, connection_id: str, stream: str) -> _Decided:
    """All that is held of a connection's stream, and by what each of its users has been told of since."""
    batch = intake_batch.c
    here = (batch.connection_id == connection_id, batch.stream == stream)
    # Asked first: what comes in during the look is found twice rather than never.
    newest = select(func.max(batch.seq)).where(*session.where(intake_batch), *here)
    until = int(session.connection.execute(newest).scalar() or 0)
    rows = told.told_in(session, None, *here, batch.state.in_(("held", "staged")))
    waiting = sorted((row for row in rows if row.state == "held"), key=lambda row: row.opened_seq)
    if waiting:
        rows += told.told_in(session, {row.row_key for row in waiting}, *here, batch.state == "applied",
                             batch.opened_seq > waiting[0].opened_seq)  # fmt: skip
    by_user: dict[str, list[str]] = {}
    for row in rows:
        by_user.setdefault(row.row_key, []).append(row.batch_id)
    held = {row.batch_id: row.row_key for row in waiting}
    return _Decided(held, by_user, len(held.keys() & _last(rows).values()), until)


def _last(rows: Sequence[Row[Any]]) -> dict[str, str]:
    """User -> the batch that says the last of him: the one that was begun last, whenever each was let in."""
    settled = sorted((row for row in rows if row.state != "staged"), key=lambda row: row.opened_seq)
    return {row.row_key: row.batch_id for row in settled}


def _last_words(
    session: Session, connection_id: str, stream: str, decided: _Decided, some: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Those of these batches that are still held, oldest first: who say the last of their user, and all others."""
    batch = intake_batch.c
    users = {decided.held[one] for one in some}
    later = select(batch.batch_id).where(
        *session.where(intake_batch, connection_id=connection_id, stream=stream), batch.seq > decided.until
    )
    known = {one for user in users for one in decided.told[user]} | {row.batch_id for row in session.rows(later)}
    rows = told.told_in(session, users, session.among(batch.batch_id, known), batch.state.in_(("held", "applied")))
    last = _last(rows)
    still = {row.batch_id for row in rows if row.state == "held"}
    mine = [one for one in some if one in still]
    let_in = [one for one in mine if last[decided.held[one]] == one]
    return let_in, [one for one in mine if last[decided.held[one]] != one]


def _overtaken(session: Session, row: Any, pushed: bool) -> bool:
    """Whether the stream was told again since: as a whole, or, where each row comes by itself, these rows."""
    if pushed:
        keys = told.all_keys(session, row.batch_id)
        return bool(untranslated.told_again(session, row.connection_id, row.stream, row.opened_seq, keys))
    later = intake_batch.alias()
    found = session.connection.execute(
        select(
            exists().where(
                later.c.employer_id == session.employer,
                later.c.connection_id == row.connection_id,
                later.c.stream == row.stream,
                later.c.state == "applied",
                later.c.rows > 0,
                later.c.seq > row.seq,
                later.c.opened_seq > row.opened_seq,
            )
        )
    )
    return bool(found.scalar_one())


def _connector(hub: Hub, session: Session, connection_id: str) -> type[Connector]:
    return connections.known(hub.connectors, connections.get(session, connection_id).connector)


HELD: Final = "held"
"""What was seen of a batch that a guard holds, where its rows are laid aside."""


def discard(hub: Hub, employer: str, batch_id: str, row_no: int, who: str, note: str, seen: str = "") -> int:
    """Lay aside a held batch, or quarantined rows of an applied one (all of them for `row_no` 0); gives how many rows.

    Nothing is deleted: payload, rows, reason, name and note stay.

    Args:
        hub: the hub.
        employer: whose it is.
        batch_id: the batch.
        row_no: one row alone.
        who: whose decision it is.
        note: why.
        seen: for all rows, what he has seen of it: how many waited, or `HELD`; empty where he decides without a look.

    Raises:
        DataError: there is nothing to discard, or no name or reason is given.
        ChangedMeanwhile: it is not as he has seen it.
    """
    with hub.store.write(employer) as session:
        row = _batch(session, batch_id)
        if row.state in ("held", "staged"):
            if row_no:
                raise DataError(f"row {row_no} does not wait by itself: the read is {row.state} as a whole",
                                where=f"batch {batch_id}", mend="Discard or release all of it")  # fmt: skip
            _must_be_as_seen(batch_id, seen, HELD)
            note_act(session, batch_id, who, "discard", note)
            _lay_aside(session, batch_id, who)
            return int(row.rows)
        open_rows = session.rows(
            select(intake_row.c.row_no).where(*session.where(intake_row, batch_id=batch_id), row_waits)
        )
        wanted = [one.row_no for one in open_rows if row_no in (0, one.row_no)]
        if not wanted:
            what = f"row {row_no} does not wait in quarantine" if row_no else "no row of it waits in quarantine"
            raise DataError(what, where=f"batch {batch_id}", mend="See `benehub intake show`")
        if not row_no:
            _must_be_as_seen(batch_id, seen, str(len(wanted)))
        rows = f"row {row_no}" if row_no else f"{len(wanted)} rows"
        note_act(session, batch_id, who, f"discard {rows}", note)
        return untranslated.resolve(session, batch_id, wanted)


def _must_be_as_seen(batch_id: str, seen: str, now: str) -> None:
    if seen and seen != now:
        raise ChangedMeanwhile("what waits of it has changed since it was shown", where=f"batch {batch_id}",
                               mend="Look at it anew, then decide")  # fmt: skip


def redrive_by_run(hub: Hub, employer: str, batch_id: str, who: str, note: str) -> str:
    """Note that somebody has the quarantined rows of a batch tried again, in a run of its own; gives the run.

    Raises:
        DataError: there is no such batch, or no name or reason is given.
        ConfigError: the engine is not started.
    """
    with hub.store.write(employer) as session:
        row = _batch(session, batch_id)
        note_act(session, batch_id, who, "again", note)
        key = f"{batch_id}/{session.now()}"
        return hub.enqueue_flow(session, "intake.redrive", key, row.connection_id, batch_id)


def tried_again(hub: Hub, steps: Steps, employer: str, batch_id: str) -> dict[str, int]:
    """Try the quarantined rows of a batch again; gives the counts of the rows tried."""
    return steps.step("again", redrive, hub, employer, batch_id)


def redrive(hub: Hub, employer: str, batch_id: str = "") -> dict[str, int]:
    """Try quarantined rows again, of one batch or of all: as they were read, and translated anew where they were not.

    Gives the counts of the rows tried.

    Raises:
        DataError: there is no such batch.
    """
    tally: dict[str, int] = dict.fromkeys(("rows", "applied", "unchanged", "quarantined", "superseded"), 0)
    with hub.store.read(employer) as session:
        if batch_id:
            _batch(session, batch_id)
        pages = untranslated.leaves(session, batch_id)
    for leaf in pages:
        done = _again(hub, employer, leaf)
        tally["rows"] += len(leaf.rows)
        tally["applied"] += done
        tally["quarantined"] += len(leaf.rows) - done
    left = {(leaf.batch_id, row_no) for leaf in pages for row_no in leaf.rows.values()}
    with hub.store.write(employer) as session:
        counts = intake.redrive(session, hub.book(session), intake.APPLIERS, batch_id, left)
    for name in tally:
        tally[name] += getattr(counts, name)
    return tally


def _again(hub: Hub, employer: str, leaf: Leaf) -> int:
    """Translate a kept page with today's connector and settings; gives how many of its open rows that settled.

    What it gives comes in as a batch of its own, with its own custody; only rows that were not translated before.
    """
    try:
        fresh = _read(hub, employer, leaf)
    except BenehubError as error:
        _note(hub, employer, leaf, dict.fromkeys(leaf.rows.values(), str(error)))
        return 0
    if len(fresh) == 1 and fresh[0].key == untranslated.REFUSED and fresh[0].problem:
        _note(hub, employer, leaf, dict.fromkeys(leaf.rows.values(), fresh[0].problem))
        return 0
    # A page that gives as many rows as before gives the same ones; else every row of it may be new.
    same = len(fresh) == leaf.size and not leaf.whole
    tried = {no: fresh[at] for at, no in leaf.rows.items()} if same else {}
    rows = [row for row in tried.values() if not row.problem] if same else fresh
    keys = {row.key for row in rows if not row.problem}
    with hub.store.read(employer) as session:
        if _connector(hub, session, leaf.connection_id).pushes:
            later = untranslated.told_again(session, leaf.connection_id, leaf.stream, leaf.opened_seq, keys)
        else:
            later = untranslated.told_later(session, leaf, keys)
    _take(hub, employer, leaf, [row for row in rows if row.key not in later])
    overtaken = "its stream has been read since, and that read may have told it. Sync again, or discard it"
    waits = {no: row.problem or overtaken for no, row in tried.items() if row.problem or row.key in later}
    if not same and later:
        waits = dict.fromkeys(leaf.rows.values(), f"{len(later)} of its rows: {overtaken}")
    _note(hub, employer, leaf, waits)
    settled = [no for no in leaf.rows.values() if no not in waits]
    with hub.store.write(employer) as session:
        untranslated.resolve(session, leaf.batch_id, settled)  # those applied under the same key are resolved already
    return len(settled)


def _take(hub: Hub, employer: str, leaf: Leaf, rows: list[Incoming]) -> None:
    if not rows:
        return
    with hub.store.write(employer) as session:
        key = f"redrive {leaf.batch_id}/{leaf.page_no}/{session.now()}"
        made = intake.open_batch(session, leaf.connection_id, leaf.stream, key)
        # It says what the page said when that was read: no read begun since is older than it.
        session.change(intake_batch, {"batch_id": made}, opened_seq=leaf.opened_seq)
        intake.stage(session, made, Page(leaf.stream, rows, leaf.payload, leaf.name))
    apply(hub, employer, made)


def _note(hub: Hub, employer: str, leaf: Leaf, reasons: dict[int, str]) -> None:
    if reasons:
        with hub.store.write(employer) as session:
            untranslated.still(session, leaf.batch_id, reasons)


def _read(hub: Hub, employer: str, leaf: Leaf) -> list[Incoming]:
    with hub.open(employer, leaf.connection_id) as opened:
        if opened.connector.pushes:
            resource = jsontext.parse(leaf.payload)
            return [opened.connector.pushed(resource, opened.link.settings, opened.link.clock().date())]
        if opened.link.mailbox is None:
            raise DataError(
                "what this connection answered cannot be translated without asking it again",
                where=f"connection {leaf.connection_id}",
                mend=f"Read it in full: benehub sync {leaf.connection_id} {leaf.stream} --full",
            )
        link = replace(opened.link, mailbox=StoredMailbox(leaf.name, leaf.payload))
        found = list(opened.connector.read(leaf.stream, link, None))
    if len(found) != 1:
        raise DataError("the connection's settings no longer take this file", where=f"file {leaf.name}",
                        mend="Mend the pattern or folder in its settings, or discard the rows")  # fmt: skip
    return list(found[0].rows)


def _batch(session: Session, batch_id: str) -> Any:
    found = intake.batch(session, batch_id)
    if found is None:
        raise DataError(f"no intake batch {batch_id[:60]!r}", mend="See `benehub intake list`")
    return found


def _held(session: Session, batch_id: str) -> Any:
    row = _batch(session, batch_id)
    if row.state != "held":
        raise DataError(f"batch {batch_id} is {row.state}, not held", mend="Only a held batch is released")
    return row
