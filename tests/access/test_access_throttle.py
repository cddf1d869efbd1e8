"""Whoever tries again and again waits, in every process on the database, whether there is such an account or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import count

from tests.access.conftest import Desk

from benehub.access import throttle
from benehub.store import open_store
from benehub.store.access_tables import sign_in_attempt
from benehub.store.schema import INSTALLATION


def tries(desk: Desk, account: str, address: str) -> int:
    with desk.write() as session:
        return throttle.attempt(session, account, address)


def addresses() -> Iterator[str]:
    return (f"192.0.2.{number}" for number in count(1))


def test_an_account_is_held_from_everywhere_and_longer_each_time(desk: Desk) -> None:
    fresh = addresses()
    assert [tries(desk, "ann@acme.example", next(fresh)) for _ in range(5)] == [0] * 5
    waits = []
    for _ in range(8):
        waits.append(tries(desk, " ANN@acme.example", next(fresh)))
        desk.later(seconds=waits[-1])
        assert tries(desk, "ann@acme.example", next(fresh)) == 0
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]


def test_a_clock_that_runs_holds_nobody_at_the_first_attempt(desk: Desk) -> None:
    def running() -> datetime:
        return desk.later(microseconds=7)

    desk.store = replace(desk.store, clock=running)
    assert tries(desk, "ann@acme.example", "192.0.2.7") == 0


def test_every_process_and_one_that_begins_anew_know_of_the_attempts(desk: Desk) -> None:
    url = desk.store.engine.url.render_as_string(hide_password=False)
    other = open_store(url, desk.store.vault, desk.store.clock)
    for number in range(5):
        with (desk.store, other)[number % 2].write(INSTALLATION) as session:
            assert throttle.attempt(session, "ann@acme.example", f"192.0.2.{number}") == 0
    other.close()
    anew = open_store(url, desk.store.vault, desk.store.clock)
    with anew.write(INSTALLATION) as session:
        assert throttle.attempt(session, "ann@acme.example", "192.0.2.99") == 30
    anew.close()
    assert tries(desk, "ann@acme.example", "192.0.2.98") == 30


def test_who_waits_is_not_counted_again(desk: Desk) -> None:
    for _ in range(5):
        tries(desk, "ann@acme.example", "")
    assert {tries(desk, "ann@acme.example", "") for _ in range(20)} == {30}


def test_an_address_is_held_over_all_accounts(desk: Desk) -> None:
    assert [tries(desk, f"user{n}@acme.example", "192.0.2.7") for n in range(30)] == [0] * 30
    assert tries(desk, "ann@acme.example", "192.0.2.7") == 30
    assert tries(desk, "ann@acme.example", "192.0.2.8") == 0


def test_a_whole_sign_in_clears_the_account_but_not_the_address(desk: Desk) -> None:
    for n in range(30):
        tries(desk, "ann@acme.example" if n < 5 else f"u{n}@x.example", "192.0.2.7")
    with desk.write() as session:
        throttle.succeeded(session, "ann@acme.example")
    assert tries(desk, "ann@acme.example", "192.0.2.8") == 0
    assert tries(desk, "ann@acme.example", "192.0.2.7") == 30


def test_nothing_is_held_for_ever_and_nobody_is_named(desk: Desk) -> None:
    for _ in range(5):
        tries(desk, "ann@acme.example", "192.0.2.7")
    told = str(desk.rows(sign_in_attempt.select()))
    assert "acme" not in told and "192.0" not in told
    desk.later(hours=1)
    assert [tries(desk, "ann@acme.example", "192.0.2.7") for _ in range(5)] == [0] * 5
    desk.later(hours=2)
    with desk.write() as session:
        throttle.clear(session)
    assert desk.rows(sign_in_attempt.select()) == []


def test_addresses_of_one_network_are_one_and_a_wrapped_one_is_what_it_wraps(desk: Desk) -> None:
    assert [tries(desk, f"u{n}@acme.example", f"2001:db8:0:7::{n + 1:x}") for n in range(30)] == [0] * 30
    assert tries(desk, "ann@acme.example", "2001:db8:0:7:ffff::1") == 30
    assert tries(desk, "ann@acme.example", "2001:db8:0:8::1") == 0
    wrapped = ("::ffff:192.0.2.7", "192.0.2.7")
    assert [tries(desk, f"v{n}@acme.example", wrapped[n % 2]) for n in range(30)] == [0] * 30
    assert tries(desk, "bob@acme.example", "192.0.2.7") == 30
