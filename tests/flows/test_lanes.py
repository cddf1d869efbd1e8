"""Lots under way at once: nobody overtakes himself, the others go past, and what fails leaves the rest unbegun."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import structlog

from benehub.flows.lanes import Lanes, Lot


def lot(about: str, work: Callable[[Callable[[str], None]], None], name: str = "") -> Lot[str]:
    return Lot(frozenset(about.split()), work, (name or about,))


def test_one_at_a_time_goes_in_order_in_the_callers_thread() -> None:
    threads: set[str] = set()

    def work(tell: Callable[[str], None], name: str) -> None:
        threads.add(threading.current_thread().name)
        tell(name)

    with Lanes[str](1) as lanes:
        lanes.put([lot("ann", partial(work, name=n)) for n in "abc"])
        heard = []
        while lanes.open:
            lanes.wait()
            heard += lanes.told()
    assert heard == ["a", "b", "c"]
    assert threads == {threading.current_thread().name}


@pytest.mark.parametrize("seed", range(5))
def test_everybodys_lots_keep_their_order_and_are_never_under_way_together(seed: int) -> None:
    chance, lock = random.Random(seed), threading.Lock()
    busy: set[str] = set()
    seen: dict[str, list[int]] = defaultdict(list)

    def work(tell: Callable[[str], None], about: list[str], number: int) -> None:
        with lock:
            assert busy.isdisjoint(about)
            busy.update(about)
            for one in about:
                seen[one].append(number)
        tell(str(number))
        with lock:
            busy.difference_update(about)

    whom = [chance.sample("abcdefghij", chance.choice((1, 1, 1, 2, 3))) for _ in range(60)]
    lots = [lot(" ".join(about), partial(work, about=about, number=n)) for n, about in enumerate(whom)]
    heard = []
    with Lanes[str](8) as lanes:
        for start in range(0, len(lots), 20):
            lanes.put(lots[start : start + 20])
        while lanes.open:
            lanes.wait()
            heard += lanes.told()
    assert sorted(heard, key=int) == [str(number) for number in range(60)]
    assert all(numbers == sorted(numbers) for numbers in seen.values())


def test_as_many_as_wanted_are_under_way_past_one_who_waits_for_himself() -> None:
    together = threading.Barrier(4)  # breaks unless four are under way at once

    def meet(tell: Callable[[str], None]) -> None:
        together.wait(30)
        tell("met")

    with Lanes[str](4) as lanes:
        lanes.put([lot("ann", meet), lot("ann", lambda tell: tell("again")), *(lot(one, meet) for one in "bcd")])
        heard = []
        while lanes.open:
            lanes.wait()
            heard += lanes.told()
    assert sorted(heard) == ["again", "met", "met", "met", "met"]
    assert heard.index("again") > 0


@pytest.mark.parametrize("at_once", [1, 2])
def test_what_fails_is_raised_and_what_nobody_began_is_given_back(at_once: int) -> None:
    begun, failed = threading.Event(), threading.Event()

    def fail(_tell: Callable[[str], None]) -> None:
        if at_once > 1:
            begun.wait(30)
        failed.set()
        raise KeyboardInterrupt

    def slow(tell: Callable[[str], None]) -> None:
        begun.set()
        failed.wait(30)
        tell("slow")

    first = [lot("ann", fail, "fails")] + ([lot("ben", slow, "slow")] if at_once > 1 else [])
    lanes = Lanes[str](at_once)
    # The last one is about both, so that it cannot begin before they have ended.
    lanes.put([*first, lot("ann ben", lambda tell: tell("never"), "left")])
    with pytest.raises(KeyboardInterrupt):
        while lanes.open:
            lanes.wait()
    assert [one.rows for one in lanes.stop()] == [("left",)]
    assert lanes.told() == ["slow"] * (at_once - 1)


def test_of_two_that_fail_one_is_raised_and_the_other_one_is_logged() -> None:
    together = threading.Barrier(2)

    def fail(_tell: Callable[[str], None]) -> None:
        together.wait(30)
        raise RuntimeError("may hold anything")

    with structlog.testing.capture_logs() as logs, pytest.raises(RuntimeError), Lanes[str](2) as lanes:
        lanes.put([lot("ann", fail), lot("ben", fail)])
        lanes.wait()
    assert [(one["event"], one["error_class"], one["error"]) for one in logs] == [
        ("another call failed too", "RuntimeError", "")
    ]


def test_the_next_one_is_begun_without_the_caller_and_none_once_that_is_said() -> None:
    third = threading.Event()

    def last(tell: Callable[[str], None]) -> None:
        third.set()
        tell("stop")

    heard: list[str] = []
    with Lanes[str](2, lambda told: told != "stop") as lanes:
        lots = [lot("ann", lambda tell: tell("a")), lot("ben", lambda tell: tell("b")), lot("cid", last)]
        # Behind the third, so that nobody begins it before that has told.
        lanes.put([*lots, lot("cid", lambda tell: tell("never"), "left")])
        assert third.wait(30)  # nobody has waited for the two before it
        left = lanes.stop()
        heard = lanes.told()
    assert [one.rows for one in left] == [("left",)]
    assert sorted(heard) == ["a", "b", "stop"]


@pytest.mark.parametrize("at", [0, 1])
def test_where_no_thread_is_to_be_had_it_is_told_and_nothing_is_lost(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lanes = Lanes[str](2)
    pool = lanes._pool
    assert pool is not None
    submit, handed = pool.submit, 0

    def refuse(*args: Any) -> Any:
        nonlocal handed
        handed += 1
        if handed > at:
            raise RuntimeError("cannot schedule new futures after interpreter shutdown")
        return submit(*args)

    monkeypatch.setattr(pool, "submit", refuse)
    # The first is about both, so that two are begun when it has ended, and only one of them in its own thread.
    lots = [lot("ann ben", lambda tell: tell("both"), "both")]
    lots += [lot(one, partial(lambda tell, name: tell(name), name=one), one) for one in ("ann", "ben", "ben cid")]
    lots = lots if at else lots[1:]
    with pytest.raises(RuntimeError, match="cannot schedule"):
        lanes.put(lots)
        while lanes.open:
            lanes.wait()
    left = [name for one in lanes.stop() for name in one.rows]
    heard = lanes.told()
    assert sorted(heard + left) == sorted(name for one in lots for name in one.rows)
    assert lanes.halted and left


def test_what_failed_while_nobody_waited_is_raised_at_the_end() -> None:
    failed = threading.Event()

    def fail(_tell: Callable[[str], None]) -> None:
        try:
            raise KeyError("a fault of the program")
        finally:
            failed.set()

    with structlog.testing.capture_logs() as logs, pytest.raises(KeyError), Lanes[str](2) as lanes:
        lanes.put([lot("ann", fail)])
        assert failed.wait(30)
        while not lanes.halted:  # the sender writes meanwhile, and sees that nothing more is begun
            threading.Event().wait(0.001)
        lanes.put([lot("ben", lambda tell: tell("never"), "left")])
        assert [one.rows for one in lanes.stop()] == [("left",)]
    assert logs == []


def test_nothing_is_begun_once_it_may_not_be() -> None:
    may = threading.Event()
    may.set()

    def last(tell: Callable[[str], None]) -> None:
        may.clear()
        tell("last")

    with Lanes[str](2, may_begin=may.is_set) as lanes:
        lanes.put([lot("ann", last), lot("ann", lambda tell: tell("never"), "left")])
        lanes.wait()
        assert lanes.halted
        assert [one.rows for one in lanes.stop()] == [("left",)]
        assert lanes.told() == ["last"]
