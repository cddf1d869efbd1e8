"""Sessions end when they should, and their secret is nowhere but in the cookie."""

from __future__ import annotations

from datetime import timedelta

from tests.access.conftest import Desk

from benehub.access import sessions
from benehub.access.sessions import Lifetimes, Stage
from benehub.store.access_tables import user_session

LIFE = Lifetimes(idle=timedelta(minutes=30), whole=timedelta(hours=2))


def begun(desk: Desk, stage: Stage = Stage.OPEN) -> str:
    user = desk.user()
    with desk.write() as session:
        return sessions.begin(session, user, stage, "password", LIFE)


def used(desk: Desk, secret: str) -> bool:
    with desk.write() as session:
        held = sessions.standing(session, secret, LIFE)
        if held is not None and sessions.due(session, held):
            sessions.seen(session, held)
    return held is not None


def test_the_secret_is_kept_as_a_keyed_digest(desk: Desk) -> None:
    secret = begun(desk)
    (row,) = desk.rows(user_session.select())
    assert secret not in str(row) and len(secret) >= 43
    assert used(desk, secret) and not used(desk, secret + "x") and not used(desk, row.session_hash)


def test_it_ends_unused(desk: Desk) -> None:
    secret = begun(desk)
    desk.later(minutes=29)
    assert used(desk, secret)
    desk.later(minutes=29)
    assert used(desk, secret)
    desk.later(minutes=30)
    assert not used(desk, secret)


def test_it_ends_however_much_it_is_used(desk: Desk) -> None:
    secret = begun(desk)
    for _ in range(5):
        desk.later(minutes=20)
        assert used(desk, secret)
    desk.later(minutes=20)
    assert not used(desk, secret)


def test_use_is_written_down_once_a_minute(desk: Desk) -> None:
    secret = begun(desk)
    with desk.write() as session:
        held = sessions.standing(session, secret, LIFE)
        assert held is not None and not sessions.due(session, held)
        desk.later(seconds=60)
        assert sessions.due(session, held)


def test_a_step_gives_another_secret_and_the_old_one_ends(desk: Desk) -> None:
    secret = begun(desk, Stage.CODE)
    with desk.write() as session:
        held = sessions.standing(session, secret, LIFE)
        assert held is not None
        fresh = sessions.step(session, held, Stage.OPEN, LIFE)
    assert fresh != secret and not used(desk, secret) and used(desk, fresh)


def test_a_sign_in_has_to_be_whole_in_ten_minutes_and_what_ended_is_cleared(desk: Desk) -> None:
    secret = begun(desk, Stage.CODE)
    desk.later(minutes=10)
    assert not used(desk, secret)
    desk.later(minutes=1)
    with desk.write() as session:
        (row,) = session.rows(user_session.select())
        sessions.begin(session, row.user_id, Stage.OPEN, "password", LIFE)
        assert len(session.rows(user_session.select())) == 1
