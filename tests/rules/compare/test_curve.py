"""Curves are exact: sums, the lesser and the greater agree with their parts at every point."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from benehub.rules.compare.curve import Curve, constant, line, meeting

fractions = st.fractions(min_value=-3, max_value=3, max_denominator=12)
points = st.fractions(min_value=0, max_value=200, max_denominator=12)


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    """A few lines, added and cut."""
    curve = line(draw(fractions), draw(fractions))
    for _ in range(draw(st.integers(0, 3))):
        other = line(draw(fractions), draw(st.fractions(min_value=-40, max_value=40, max_denominator=6)))
        curve = draw(st.sampled_from((curve + other, curve.least(other), curve.most(other))))
    return curve


@given(curves(), curves(), points)
def test_sum_lesser_and_greater_hold_at_every_point(one: Curve, two: Curve, x: Fraction) -> None:
    assert (one + two).at(x) == one.at(x) + two.at(x)
    assert one.least(two).at(x) == min(one.at(x), two.at(x))
    assert one.most(two).at(x) == max(one.at(x), two.at(x))


@given(curves(), curves(), points)
def test_an_order_that_holds_at_every_meeting_point_holds_everywhere(one: Curve, two: Curve, x: Fraction) -> None:
    gap = two + one.times(-1)
    below = all(gap.at(point) >= 0 for point in meeting((one, two))) and gap.slope >= 0
    if below:
        assert one.at(x) <= two.at(x)
    else:
        last = meeting((one, two))[-1]
        far = last + 1 + abs(gap.at(last)) / abs(gap.slope) if gap.slope < 0 else last
        assert any(gap.at(point) < 0 for point in (*meeting((one, two)), far))


def test_a_corner_that_is_none_is_not_kept() -> None:
    assert (line(1).least(constant(5)) + line(1).most(constant(5))) == line(1, 5)
