"""Sessions: the recorded order, transactions that leave nothing behind, rows in bounded chunks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from threading import Barrier

import psycopg
import pytest
from sqlalchemy import func, select

from benehub.crypto import Vault
from benehub.errors import ConfigError
from benehub.store import Store, canonical, iso, open_store
from benehub.store.session import INSERTED
from benehub.store.tables import employer, explanation, payload


def test_the_recorded_order_never_runs_backwards(store: Store) -> None:
    moments = [datetime(2026, 11, day, tzinfo=UTC) for day in (5, 3, 9)]
    said = []
    for moment in moments:
        with replace(store, clock=lambda moment=moment: moment).write("acme") as session:
            said.append(session.take_seq(2))
    assert [first for first, _ in said] == [1, 3, 5]
    assert [at for _, at in said] == [iso(moments[0]), iso(moments[0]), iso(moments[2])]
    with store.read("acme") as session:
        assert session.latest_seq() == 6
    with store.read("other") as session:
        assert session.latest_seq() == 0


def test_two_writers_never_take_the_same_number(store: Store) -> None:
    def take(_: int) -> list[int]:
        found = []
        for _ in range(10):
            with store.write("acme") as session:
                found.append(session.take_seq()[0])
        return found

    with ThreadPoolExecutor(2) as pool:
        taken = [number for part in pool.map(take, range(2)) for number in part]
    assert sorted(taken) == list(range(1, 21))


@pytest.mark.parametrize("db_url", [pytest.param("postgres", marks=pytest.mark.pg)], indirect=True)
def test_two_writers_never_wait_in_a_circle(store: Store) -> None:
    both_wrote = Barrier(2, timeout=60)

    def write(number: int) -> int:
        with store.write("acme") as session:
            session.add(payload, [{"payload_hash": str(number), "payload_sealed": b""}])
            both_wrote.wait()
            return session.take_seq()[0]

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(write, range(2))) == [1, 2]


def test_numbers_taken_in_a_savepoint_stay_ours(store: Store) -> None:
    with store.write("acme") as session:
        session.take_seq(0)
        with pytest.raises(RuntimeError), session.connection.begin_nested():
            session.take_seq(3)
            raise RuntimeError
        assert session.take_seq()[0] == 4  # a gap, never the same number twice
    with store.write("acme") as session:
        with pytest.raises(AssertionError), session.connection.begin_nested():
            session.take_seq()  # the lock would be gone with the savepoint
        assert session.take_seq()[0] == 5


def test_an_unknown_employer_is_named(store: Store) -> None:
    with pytest.raises(ConfigError, match="nobody"), store.write("nobody") as session:
        session.take_seq()


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.write("acme") as session:
        session.take_seq(5)
        raise RuntimeError
    with store.read("acme") as session:
        assert session.latest_seq() == 0


def test_rows_go_in_by_chunks(store: Store) -> None:
    rows = (
        {"explanation_id": f"exp_{n}", "rule": "r", "rule_version": "1", "plan_book": "p", "known_at": 1,
         "content": {"n": n}}
        for n in range(1203)
    )  # fmt: skip
    with store.write("acme") as session:
        assert session.add(explanation, rows) == 1203
        assert session.add(explanation, []) == 0
    with store.read("other") as session:
        assert session.rows(select(func.count()).where(*session.where(explanation)))[0][0] == 0


@pytest.mark.parametrize("number", [1, 2, INSERTED, 2 * INSERTED + 1])
def test_a_long_query_gives_every_row_once(store: Store, number: int) -> None:
    names = ("employer_id", "explanation_id", "rule", "rule_version", "plan_book", "known_at", "content")
    with store.write("acme") as session:
        session.add_ready(explanation, names, [("acme", f"exp_{n:05}", "r", "1", "p", n, "{}") for n in range(number)])
    with store.read("acme") as session:
        columns = (explanation.c.explanation_id, explanation.c.known_at)
        parts = list(session.tuples(select(*columns).order_by(*session.in_order(columns[0]))))
    assert [row for part in parts for row in part] == [(f"exp_{n:05}", n) for n in range(number)]
    assert all(parts) and max(map(len, parts)) <= INSERTED


@pytest.mark.parametrize("number", [1, 600])
def test_rows_belong_to_the_employer_of_the_session_whatever_they_say(store: Store, number: int) -> None:
    rows = [{"employer_id": "other", "payload_hash": f"h{at}", "payload_sealed": b"x"} for at in range(number)]
    with store.write("acme") as session:
        session.add(payload, rows)
        found = session.rows(select(payload.c.employer_id, func.count()).group_by(payload.c.employer_id))
    assert [tuple(row) for row in found] == [("acme", number)]


def test_a_reader_sees_one_moment(store: Store) -> None:
    with store.read("acme") as reading:
        assert reading.latest_seq() == 0
        with store.write("acme") as writing:
            writing.take_seq()
        assert reading.latest_seq() == 0


def test_sealed_content_opens_for_its_own_employer_only(store: Store) -> None:
    with store.write("acme") as session:
        sealed = session.seal({"b": 1, "a": date(2026, 1, 2)}, "column")
        assert session.unseal(sealed, "column") == b'{"a":"2026-01-02","b":1}'
    with store.read("other") as session, pytest.raises(ConfigError, match="does not open"):
        session.unseal(sealed, "column")


def test_text_order_is_time_order() -> None:
    early = datetime(2026, 1, 1, 23, tzinfo=timezone(timedelta(hours=-5)))
    assert iso(early) == "2026-01-02T04:00:00.000000Z"
    assert iso(early) < iso(early + timedelta(microseconds=1))


def test_the_same_content_gives_the_same_bytes() -> None:
    assert canonical({"b": 1, "a": "ü"}) == canonical({"a": "ü", "b": 1}) == '{"a":"ü","b":1}'.encode()


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(ConfigError, match="mysql"):
        open_store("mysql://user:secret@host/x", Vault({"k1": b"k" * 32}))


@pytest.mark.parametrize(
    ("zone", "today"),
    [("UTC", date(2026, 11, 24)), ("America/Chicago", date(2026, 11, 23)), ("Asia/Tokyo", date(2026, 11, 24))],
)
def test_today_is_the_employers_day(store: Store, zone: str, today: date) -> None:
    late = replace(store, clock=lambda: datetime(2026, 11, 24, 3, tzinfo=UTC))
    with late.write("acme") as session:
        session.change(employer, {}, timezone=zone)
    with late.read("acme") as session:
        assert session.today() == today
        assert session.day_of(session.now()) == today
        assert session.now() == "2026-11-24T03:00:00.000000Z"  # the recorded order stays in UTC
    with late.read("other") as session:
        assert session.today() == date(2026, 11, 24)


def test_a_database_that_knows_no_letters_is_named_with_its_mend(fresh_pg_url: str) -> None:
    name = "letters_" + fresh_pg_url.rpartition("/")[2].partition("?")[0]
    with psycopg.connect(fresh_pg_url.replace("+psycopg", ""), autocommit=True) as outside:
        outside.execute(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
        opened = open_store(fresh_pg_url.replace(name.removeprefix("letters_"), name), Vault({"k1": b"k" * 32}))
        try:
            with pytest.raises(ConfigError, match=f"{name}' has the encoding SQL_ASCII") as told:
                opened.migrate()
            assert "UTF8" in told.value.mend
        finally:
            opened.close()
            outside.execute(f"DROP DATABASE {name}")
