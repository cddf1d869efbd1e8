"""Facts in both times: the latest recorded wins, endings are versions, and what was known stays known."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from benehub import facts
from benehub.facts import Version
from benehub.periods import FOREVER, Interval
from benehub.store import Session, Store
from benehub.store.tables import fact

ALWAYS = Interval(date.min)
JAN, MAR, JUN, DEC = (date(2026, month, 1) for month in (1, 3, 6, 12))


def tell(session: Session, start: date, value: Any, end: date = FOREVER, subject: str = "per_a", key: str = "") -> int:
    data = None if value is None else {"value": value}
    return facts.record(session, [Version("pay", subject, key, start, data, end)], "test")


def believed(session: Session, day: date, known_at: int | None = None) -> Any:
    found = facts.as_of(session, "pay", day, known_at)
    return found[0].data["value"] if found else None


def line(session: Session, window: Interval = ALWAYS) -> list[tuple[date, date, Any]]:
    found = facts.timelines(session, "pay", window).get(("per_a", ""), [])
    return [(f.effective_from, f.effective_to, f.data["value"]) for f in found]


def stored(session: Session) -> int:
    return int(session.connection.execute(select(func.count()).select_from(fact)).scalar_one())


def test_the_latest_recorded_wins_where_it_covers(store: Store) -> None:
    with store.write("acme") as session:
        tell(session, JUN, "second half")
        tell(session, JAN, "first half", JUN)
        tell(session, MAR, "a correction", date(2026, 4, 1))
        assert [believed(session, day) for day in (JAN, MAR, date(2026, 4, 1), JUN)] == [
            "first half", "a correction", "first half", "second half",
        ]  # fmt: skip
        assert believed(session, JAN - timedelta(days=1)) is None
        assert line(session) == [
            (JAN, MAR, "first half"),
            (MAR, date(2026, 4, 1), "a correction"),
            (date(2026, 4, 1), JUN, "first half"),
            (JUN, FOREVER, "second half"),
        ]


def test_an_ending_is_a_version(store: Store) -> None:
    with store.write("acme") as session:
        tell(session, JAN, "on")
        before = session.latest_seq()
        tell(session, JUN, None)
        assert [believed(session, day) for day in (MAR, JUN)] == ["on", None]
        assert [believed(session, day, before) for day in (MAR, JUN)] == ["on", "on"]
        assert line(session) == [(JAN, JUN, "on")]
        assert stored(session) == 2


def test_as_known_at(store: Store) -> None:
    with store.write("acme") as session:
        for number in range(1, 4):
            tell(session, JAN, f"told {number}")
        assert [believed(session, MAR, known) for known in range(4)] == [None, "told 1", "told 2", "told 3"]
        found = facts.timelines(session, "pay", Interval(JAN), known_at=2)[("per_a", "")]
        assert [f.data["value"] for f in found] == ["told 2"]


def test_telling_it_again_stores_nothing(store: Store) -> None:
    with store.write("acme") as session:
        assert tell(session, JAN, "on") == 1
        assert tell(session, JAN, "on") == 0
        assert tell(session, MAR, "on", JUN) == 0
        assert tell(session, JAN - timedelta(days=1), None, JAN) == 0
        assert tell(session, JUN, None) == 1
        assert tell(session, JUN, None) == 0
        assert tell(session, DEC, None) == 0
        assert tell(session, JAN, "on") == 1  # it was ended: on again is news
        assert tell(session, JUN, "never", JUN) == 0  # an empty interval says nothing
        assert (stored(session), session.latest_seq()) == (3, 3)
        assert line(session) == [(JAN, FOREVER, "on")]


def test_dates_in_data_are_the_same_told_again(store: Store) -> None:
    with store.write("acme") as session:
        assert tell(session, JAN, date(1990, 1, 1)) == 1
        assert tell(session, JAN, "1990-01-01") == 0


def test_versions_told_together_are_told_in_order(store: Store) -> None:
    def version(value: str) -> Version:
        return Version("pay", "per_a", "", JAN, {"value": value})

    with store.write("acme") as session:
        assert facts.record(session, [version("a"), version("a")], "test") == 1
        assert facts.record(session, [version("b"), version("a")], "test") == 2
        assert believed(session, JAN) == "a"
        assert facts.record(session, [version("a"), version("b"), version("b")], "test") == 1
        assert believed(session, JAN) == "b"


def test_a_timeline_says_until_when_it_is_really_true(store: Store) -> None:
    with store.write("acme") as session:
        tell(session, JAN, "old")
        tell(session, JUN, "new")
        # June's version does not touch the window, yet it ends what holds in it.
        assert line(session, Interval(MAR, date(2026, 4, 1))) == [(JAN, JUN, "old")]
        assert line(session, Interval(JUN, DEC)) == [(JUN, FOREVER, "new")]
        assert line(session, Interval(date(2025, 1, 1), JAN)) == []


def test_rehired_after_a_gap(store: Store) -> None:
    with store.write("acme") as session:
        for key, start, end in (("2024", JAN, MAR), ("2026", JUN, FOREVER)):
            facts.record(session, [Version("employment", "per_a", key, start, {"hired": key}, end)], "test")
        for day, keys in ((JAN, ["2024"]), (MAR, []), (JUN, ["2026"])):
            assert [f.key for f in facts.as_of(session, "employment", day)] == keys
        assert set(facts.timelines(session, "employment", Interval(JAN))) == {
            ("per_a", "2024"),
            ("per_a", "2026"),
        }


def test_only_the_subjects_asked_for(store: Store) -> None:
    names = [f"per_{number}" for number in range(600)]
    with store.write("acme") as session:
        facts.record(session, [Version("pay", name, "", JAN, {"value": name}) for name in names], "test")
        assert len(facts.as_of(session, "pay", JAN)) == 600
        assert [f.subject for f in facts.as_of(session, "pay", JAN, subjects=["per_7"])] == ["per_7"]
        assert len(facts.as_of(session, "pay", JAN, subjects=names)) == 600
        assert facts.as_of(session, "pay", JAN, subjects=[]) == []
        assert set(facts.timelines(session, "pay", Interval(JAN), subjects=["per_7"])) == {("per_7", "")}
        assert facts.as_of(session, "other kind", JAN) == []
    with store.read("other") as session:
        assert facts.as_of(session, "pay", JAN) == []
        assert facts.timelines(session, "pay", Interval(JAN)) == {}


def test_nobodys_data_stands_in_a_repr() -> None:
    assert "123" not in repr(Version("pay", "per_a", "", JAN, {"rate": 123}))


class Undo(Exception):
    """Takes an example's rows back."""


spans = st.tuples(st.integers(0, 9), st.integers(1, 10), st.sampled_from(["a", "b", None]))


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(spans, max_size=8))
def test_day_by_day_it_is_what_was_told_last(store: Store, told: list[tuple[int, int, str | None]]) -> None:
    days = [JAN + timedelta(days=number) for number in range(20)]
    with pytest.raises(Undo), store.write("acme") as session:
        model: dict[date, str | None] = dict.fromkeys(days)
        then: dict[int, dict[date, str | None]] = {0: dict(model)}
        for start, length, value in told:
            tell(session, days[start], value, days[start] + timedelta(days=length))
            model |= dict.fromkeys(days[start : start + length], value)
            then[session.latest_seq()] = dict(model)
        for known_at, wanted in then.items():
            assert {day: believed(session, day, known_at) for day in days} == wanted
        segments = line(session)
        for day in days:
            inside = [value for start, end, value in segments if start <= day < end]
            assert inside == ([] if model[day] is None else [model[day]])
        for start, length, value in told[-1:]:
            assert tell(session, days[start], value, days[start] + timedelta(days=length)) == 0
        raise Undo
