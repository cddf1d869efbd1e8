"""The latest safe moment: back over closed days, cut-offs and weekdays, and how pressing it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import ConfigError, DataError
from benehub.legal import bank_holidays
from benehub.periods import business_days
from benehub.rules.deadline.latest_safe import ALARMS, Level, last_days, latest_safe, send_by, slack
from benehub.rules.registry import calculate

HOLIDAYS = bank_holidays("us", range(2025, 2029))
NEW_YORK = ZoneInfo("America/New_York")

CASES = [
    ("pay on a Friday, one day ahead", date(2026, 11, 20), 1, date(2026, 11, 19)),
    ("pay on the Monday after Thanksgiving", date(2026, 11, 30), 2, date(2026, 11, 25)),
    ("pay on a Monday, one day ahead", date(2026, 11, 23), 1, date(2026, 11, 20)),
    ("due on New Year's Day", date(2027, 1, 1), 0, date(2026, 12, 31)),
    ("due on a Sunday travels to the Friday", date(2026, 11, 1), 1, date(2026, 10, 29)),
]


@pytest.mark.parametrize(("due", "lead", "last"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_it_leaves_by(due: date, lead: int, last: date) -> None:
    assert latest_safe(due=due, holidays=HOLIDAYS, lead_bank_days=lead).required().send_by == last


def test_a_partner_who_takes_files_on_tuesdays_gets_it_the_tuesday_before() -> None:
    found = latest_safe(due=date(2026, 12, 1), holidays=HOLIDAYS, lead_bank_days=1, weekdays=frozenset({2}))
    assert found.required().send_by == date(2026, 11, 24)


def _at(day: int, hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, second, tzinfo=NEW_YORK)


LEVELS = [
    ("six business days ahead", _at(10, 23, 0), 6, Level.CALM),
    ("five business days ahead", _at(12, 0, 0), 5, Level.T5),
    ("on the Saturday before", _at(14, 12, 0), 4, Level.T5),
    ("two business days ahead", _at(17, 12, 0), 2, Level.T2),
    ("the evening before", _at(18, 23, 59), 1, Level.T2),
    ("the day itself", _at(19, 15, 0), 0, Level.TODAY),
    ("a second after the cut-off", _at(19, 15, 0, 1), 0, Level.LATE),
    ("the Saturday after", _at(21, 9, 0), -1, Level.LATE),
    ("two business days after", _at(23, 9, 0), -2, Level.LATE),
]


@pytest.mark.parametrize(("now", "left", "level"), [c[1:] for c in LEVELS], ids=[c[0] for c in LEVELS])
def test_the_level_goes_by_business_days_and_the_cut_off(now: datetime, left: int, level: Level) -> None:
    found = latest_safe(
        due=date(2026, 11, 20), holidays=HOLIDAYS, lead_bank_days=1, cutoff=time(15, 0),
        as_of=now,
    ).required()  # fmt: skip
    assert (found.slack_days, found.level) == (left, level)
    assert (found.soon_on, found.near_on) == (date(2026, 11, 12), date(2026, 11, 17))


def test_the_moment_is_the_cut_off_in_its_own_zone() -> None:
    berlin = latest_safe(due=date(2026, 7, 1), holidays=HOLIDAYS, cutoff=time(9, 30), timezone="Europe/Berlin")
    assert berlin.required().latest_safe == datetime(2026, 7, 1, 7, 30, tzinfo=UTC)


def test_the_calculator_tells_each_step() -> None:
    answer = calculate(
        "deadline.latest-safe",
        {"due": "2026-11-30", "lead_bank_days": 2, "cutoff": "15:00", "as_of": "2026-11-23T14:00:00-05:00"},
    )
    assert answer["result"] == {
        "send_by": "2026-11-25", "latest_safe": "2026-11-25T20:00:00Z", "soon_on": "2026-11-18",
        "near_on": "2026-11-23", "slack_days": 2, "level": "t2",
    }  # fmt: skip
    labels = [step["label"] for step in answer["explanation"]["steps"]]
    assert labels == ["there by", "leaves by", "latest safe moment", "left", "level"]


def test_target_days_close_where_the_money_is_euros() -> None:
    # 1 May is closed for TARGET and open in the United States.
    given = {"due": "2026-05-04", "lead_bank_days": 1}
    assert calculate("deadline.latest-safe", {**given, "country": "de"})["result"]["send_by"] == "2026-04-30"
    assert calculate("deadline.latest-safe", given)["result"]["send_by"] == "2026-05-01"


@pytest.mark.parametrize(
    ("given", "wrong"),
    [({"timezone": "Mars/Olympus"}, "time zone"), ({"weekdays": [6, 7]}, "on no day")],
)  # fmt: skip
def test_what_cannot_be_is_refused(given: dict[str, object], wrong: str) -> None:
    with pytest.raises(DataError, match=wrong):
        calculate("deadline.latest-safe", {"due": "2026-11-30", **given})


def test_a_year_beyond_the_calendars_is_refused() -> None:
    with pytest.raises(ConfigError, match="no bank holidays are known"):
        calculate("deadline.latest-safe", {"due": "2051-06-01"})


DAYS = st.dates(date(2025, 3, 1), date(2028, 10, 1))
WEEKDAYS = st.sets(st.integers(1, 7), min_size=1).filter(lambda days: bool(days & {1, 2, 3, 4, 5}))


@given(
    DAYS, st.integers(0, 10), st.sets(st.integers(1, 7), min_size=1).filter(lambda days: bool(days & set(range(1, 6))))
)
def test_what_leaves_then_is_there_in_time_and_a_taken_day_later_is_not(
    due: date, lead: int, weekdays: set[int]
) -> None:
    taken = frozenset(weekdays)
    last = send_by(due, lead, HOLIDAYS, taken)

    def arrives(day: date) -> date:
        days = business_days(day, HOLIDAYS)
        return [day, *(next(days) for _ in range(lead))][-1]

    assert arrives(last) <= due
    assert last.isoweekday() in taken and last.weekday() < 5 and last not in HOLIDAYS
    later = (last + timedelta(days=n) for n in range(1, 30))
    following = next(d for d in later if d.isoweekday() in taken and d.weekday() < 5 and d not in HOLIDAYS)
    assert arrives(following) > due


@given(DAYS, st.integers(-40, 40))
def test_slack_falls_by_one_a_business_day_and_is_zero_on_the_day_alone(last: date, ahead: int) -> None:
    last = send_by(last, 0, HOLIDAYS)
    today = last - timedelta(days=ahead)
    left, tomorrow = slack(today, last, HOLIDAYS), slack(today + timedelta(days=1), last, HOLIDAYS)
    assert left - tomorrow in (0, 1, 2) and (left == 0) == (today == last)


@given(DAYS, st.integers(-20, 20), st.sampled_from([time(0), time(15), time(15, 0, 1), time(23, 59)]))
def test_the_days_by_level_say_the_same_as_the_level_of_one(due: date, ahead: int, hour: time) -> None:
    now = datetime.combine(due - timedelta(days=ahead), hour, NEW_YORK)
    found = latest_safe(due=due, holidays=HOLIDAYS, cutoff=time(15), as_of=now).required()
    days = last_days(now.date(), hour > time(15), HOLIDAYS)
    pressing = [level for level in ALARMS if found.send_by <= days[level]]
    assert found.level == (pressing[-1] if pressing else Level.CALM)
