"""The sliding window, on a clock of its own and with real threads."""

from __future__ import annotations

import threading

import pytest

from benehub.connect.limits import LimitBook, SlidingWindow
from benehub.errors import RateLimited


class Watch:
    """A monotonic clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def window(limit: int, period: float) -> tuple[SlidingWindow, Watch]:
    watch = Watch()
    return SlidingWindow(limit, period, watch.clock, watch.sleep), watch


@pytest.mark.parametrize(("limit", "allowed"), [(1, 1), (10, 9), (12, 10), (20, 18), (1000, 900)])
def test_it_aims_ten_per_cent_under_the_figure(limit: int, allowed: int) -> None:
    assert SlidingWindow(limit, 60).allowed == allowed


def test_no_period_ever_sees_more_than_the_figure() -> None:
    limiter, watch = window(20, 60)
    times = []
    for _ in range(100):
        limiter.acquire()
        times.append(watch.now)
    for start in times:
        assert sum(start <= t < start + 60 for t in times) <= 18
    assert watch.now == pytest.approx(300)


def test_a_hold_slows_the_whole_account() -> None:
    limiter, watch = window(100, 1)
    limiter.hold(30)
    limiter.hold(5)
    limiter.acquire()
    assert watch.now == 30


def test_a_wait_beyond_the_callers_budget_is_said_not_slept() -> None:
    limiter, watch = window(1, 60)
    limiter.acquire()
    with pytest.raises(RateLimited) as caught:
        limiter.acquire(10)
    assert caught.value.retry_after == 60
    assert watch.now == 0


def test_threads_share_one_window() -> None:
    now = [0.0]
    lock = threading.Lock()
    times: list[float] = []

    def sleep(seconds: float) -> None:
        with lock:
            now[0] += seconds

    limiter = SlidingWindow(10, 1, lambda: now[0], sleep)

    def work() -> None:
        for _ in range(10):
            limiter.acquire()
            with lock:
                times.append(now[0])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(times) == 40
    assert now[0] >= 4  # 40 calls at 9 a second need four full periods after the first


def test_an_account_has_one_window_in_the_book() -> None:
    book = LimitBook()
    assert book.window("finch", "a", 20, 60) is book.window("finch", "a", 20, 60)
    assert book.window("finch", "a", 20, 60) is not book.window("finch", "b", 20, 60)
    assert book.window("finch", "a", 20, 60) is not book.window("finch", "a", 12, 60, bucket="payment")


@pytest.mark.parametrize(("limit", "period"), [(0, 1), (1, 0), (-1, 1)])
def test_a_limit_that_is_none_is_refused(limit: int, period: float) -> None:
    with pytest.raises(ValueError, match="no usable limit"):
        SlidingWindow(limit, period)
