"""Each unit that a payment took answers one claim, and none that was made after it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.reconcile.claimed import Claim, unanswered


def day(number: int) -> date:
    return date(2026, 12, number)


IN_TIME, LATE = Claim(day(1), 50, late=False), Claim(day(20), 70, late=True)


@pytest.mark.parametrize(
    ("takings", "left"),
    [
        ([], (50, 70)),
        ([(day(10), 50)], (0, 70)),  # before the late one was made
        ([(day(30), 50)], (0, 70)),  # after it, and just what the one in time asks for
        ([(day(30), 70)], (50, 0)),
        ([(day(30), 60)], (50, 10)),  # of either: the late one, so that what was claimed in time is not lost by a guess
        ([(day(30), 90)], (30, 0)),
        ([(day(10), 20), (day(30), 30)], (0, 70)),
        ([(day(10), 50), (day(11), -50)], (50, 70)),  # the payment came back
        ([(day(10), 50), (day(11), -20)], (20, 70)),
        ([(day(10), 500), (day(30), 70)], (0, 0)),
    ],
)
def test_what_was_taken_answers_each_claim_once(takings: list[tuple[date, int]], left: tuple[int, int]) -> None:
    assert unanswered([LATE, IN_TIME], takings) == left


def test_what_was_given_before_anybody_asked_answers_nothing() -> None:
    assert unanswered([LATE], [(day(19), 70)]) == (0, 70)


DAYS, AMOUNTS = st.integers(1, 9).map(day), st.integers(1, 90)


@given(st.lists(st.builds(Claim, DAYS, AMOUNTS, st.booleans()), max_size=6), st.lists(st.tuples(DAYS, AMOUNTS)))
def test_no_unit_answers_two_claims(claims: list[Claim], takings: list[tuple[date, int]]) -> None:
    left = sum(unanswered(claims, takings))
    asked, taken = sum(one.amount for one in claims), sum(amount for _, amount in takings)
    assert max(0, asked - taken) <= left <= asked
    # Whatever is taken once all is claimed answers as much as is there.
    last = (date(2027, 1, 1), 5)
    assert sum(unanswered(claims, [*takings, last])) == max(0, left - 5)
