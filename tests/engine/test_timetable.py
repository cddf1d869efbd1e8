"""When a schedule is due: the wall clock's gaps and folds, leap days, business days, blackouts, and an oracle."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.engine.blackouts import parse_blackout
from benehub.engine.timetable import Closed, Timetable, check, drawn, due_at, next_slot
from benehub.errors import ConfigError, DataError

NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [NEW_YORK, BERLIN, ZoneInfo("UTC"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kolkata")]


def at(text: str, zone: ZoneInfo = NEW_YORK, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def run(table: Timetable, after: datetime, count: int) -> list[datetime]:
    found = []
    for _ in range(count):
        after = next_slot(table, after)
        found.append(after)
    return found


def walls(table: Timetable, after: datetime, count: int) -> list[str]:
    return [one.astimezone(table.zone).strftime("%m-%d %H:%M") for one in run(table, after, count)]


def test_a_time_that_the_spring_leaves_out_comes_right_after_it() -> None:
    table = Timetable(NEW_YORK, "30 2 * * *")
    assert walls(table, at("2026-03-07T00:00"), 3) == ["03-07 02:30", "03-08 03:00", "03-09 02:30"]


def test_times_within_the_gap_are_one_with_the_time_after_it() -> None:
    table = Timetable(NEW_YORK, "*/20 * * * *")
    assert walls(table, at("2026-03-08T01:30"), 4) == ["03-08 01:40", "03-08 03:00", "03-08 03:20", "03-08 03:40"]


def test_a_time_that_comes_twice_in_autumn_is_kept_once() -> None:
    table = Timetable(NEW_YORK, "30 1 * * *")
    first, second = run(table, at("2026-11-01T00:00"), 2)
    assert (first, second) == (at("2026-11-01T01:30"), at("2026-11-02T01:30"))
    # Asked in the second of the two hours, it is the next day's too.
    assert next_slot(table, at("2026-11-01T01:10", fold=1)) == at("2026-11-02T01:30")


def test_an_interval_knows_no_change_of_the_clock() -> None:
    table = Timetable(NEW_YORK, every=timedelta(hours=6), anchor=at("2026-10-31T20:00"))
    found = run(table, at("2026-10-31T20:00"), 4)
    assert [two - one for one, two in pairwise(found)] == [timedelta(hours=6)] * 3
    assert walls(table, at("2026-10-31T20:00"), 2) == ["11-01 01:00", "11-01 07:00"]


def test_leap_day_waits_for_its_year() -> None:
    table = Timetable(ZoneInfo("UTC"), "0 9 29 2 *")
    found = run(table, at("2026-01-01", ZoneInfo("UTC")), 3)
    assert [one.date() for one in found] == [date(2028, 2, 29), date(2032, 2, 29), date(2036, 2, 29)]
    # 1900-like 2100 is none: eight years pass.
    assert next_slot(table, at("2096-03-01", ZoneInfo("UTC"))).date() == date(2104, 2, 29)


@pytest.mark.parametrize(
    ("closed", "wanted"),
    [
        (Closed.RUN, ["11-26 09:00", "11-27 09:00", "11-28 09:00", "11-29 09:00"]),
        (Closed.SKIP, ["11-27 09:00", "11-30 09:00", "12-01 09:00", "12-02 09:00"]),
        (Closed.AFTER, ["11-27 09:00", "11-30 09:00", "12-01 09:00", "12-02 09:00"]),
    ],
)
def test_thanksgiving_is_no_business_day(closed: Closed, wanted: list[str]) -> None:
    table = Timetable(NEW_YORK, "0 9 * * *", closed=closed, country="us")
    assert walls(table, at("2026-11-25T10:00"), 4) == wanted


def test_the_first_of_the_month_moves_to_a_business_day() -> None:
    after = Timetable(NEW_YORK, "0 9 1 * *", closed=Closed.AFTER, country="us")
    # 1 August 2026 is a Saturday, 1 November a Sunday, New Year a holiday before a week-end.
    start = at("2026-07-15T00:00")
    assert walls(after, start, 6) == [
        "08-03 09:00", "09-01 09:00", "10-01 09:00", "11-02 09:00", "12-01 09:00", "01-04 09:00",
    ]  # fmt: skip
    before = Timetable(NEW_YORK, "0 9 1 * *", closed=Closed.BEFORE, country="us")
    assert walls(before, start, 4) == ["07-31 09:00", "09-01 09:00", "10-01 09:00", "10-30 09:00"]
    # Asked between the moved time and the day it was moved from, it is past.
    assert walls(before, at("2026-08-01T03:00"), 1) == ["09-01 09:00"]
    assert walls(after, at("2026-08-02T03:00"), 1) == ["08-03 09:00"]


def test_an_interval_leaves_closed_days_out() -> None:
    table = Timetable(BERLIN, every=timedelta(hours=8), anchor=at("2026-11-27T06:00", BERLIN), closed=Closed.SKIP,
                      country="de")  # fmt: skip
    assert walls(table, at("2026-11-27T07:00", BERLIN), 3) == ["11-27 14:00", "11-27 22:00", "11-30 06:00"]


def test_what_falls_into_a_blackout_comes_once_at_its_end() -> None:
    table = Timetable(NEW_YORK, "*/15 * * * *", blackouts=(parse_blackout("22:00-06:00"),))
    assert walls(table, at("2026-11-23T21:40"), 3) == ["11-23 21:45", "11-24 06:00", "11-24 06:15"]
    assert walls(table, at("2026-11-24T03:00"), 1) == ["11-24 06:00"]


def test_a_blackout_in_which_nothing_falls_starts_nothing() -> None:
    table = Timetable(NEW_YORK, "0 9 * * *", blackouts=(parse_blackout("22:00-06:00"),))
    assert walls(table, at("2026-11-24T03:00"), 1) == ["11-24 09:00"]


def test_blackouts_in_a_row_are_one() -> None:
    windows = tuple(map(parse_blackout, ("fri 17:00-24:00", "2026-12-24..2027-01-02", "sat 00:00-07:00")))
    table = Timetable(BERLIN, "0 18 24 12 *", blackouts=windows)
    # 2 January 2027 is a Saturday: its night follows on the days of the close.
    assert walls(table, at("2026-12-01T00:00", BERLIN), 1) == ["01-02 07:00"]


def test_a_blackout_that_ends_on_a_closed_day_ends_with_the_next_business_day() -> None:
    table = Timetable(NEW_YORK, "0 18 * * *", closed=Closed.SKIP, country="us",
                      blackouts=(parse_blackout("fri 17:00-24:00"),))  # fmt: skip
    assert walls(table, at("2026-11-20T10:00"), 3) == ["11-23 00:00", "11-23 18:00", "11-24 18:00"]
    assert walls(table, at("2026-11-21T10:00"), 1) == ["11-23 00:00"]


@pytest.mark.parametrize("text", ["", "25:00-06:00", "mon", "2026-12-24..2026-12-24", "2026-02-30..2026-03-02",
                                  "mun 08:00-09:00", "8-9"])  # fmt: skip
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="no blackout window"):
        parse_blackout(text)


@pytest.mark.parametrize(
    ("table", "what"),
    [
        (Timetable(NEW_YORK), "cron or by an interval"),
        (Timetable(NEW_YORK, "0 6 * * *", every=timedelta(hours=1)), "cron or by an interval"),
        (Timetable(NEW_YORK, "0 25 * * *"), "no cron"),
        (Timetable(NEW_YORK, "0 6 * * * 5"), "no cron"),
        (Timetable(NEW_YORK, "R 6 * * *"), "no cron"),
        (Timetable(NEW_YORK, "H 6 * * *"), "no cron"),
        (Timetable(NEW_YORK, every=timedelta(seconds=5)), "a minute at least"),
        (Timetable(NEW_YORK, every=timedelta(hours=1), closed=Closed.AFTER, country="us"), "hour of the day"),
    ],
)
def test_what_cannot_be_kept_is_refused(table: Timetable, what: str) -> None:
    with pytest.raises(DataError, match=what):
        check(table)


def test_what_never_comes_is_said() -> None:
    for table in (
        Timetable(NEW_YORK, "0 0 30 2 *"),
        Timetable(NEW_YORK, "0 6 * * sat", closed=Closed.SKIP, country="us"),
        Timetable(NEW_YORK, "0 6 * * *", blackouts=(parse_blackout("00:00-24:00"),)),
    ):
        check(table)
        with pytest.raises(ConfigError):
            next_slot(table, at("2026-01-01T00:00"))
    with pytest.raises(ConfigError, match="no bank calendar"):
        check(Timetable(NEW_YORK, "0 6 * * *", closed=Closed.SKIP, country="br"))


def test_jitter_spreads_by_name_and_keeps_out_of_blackouts() -> None:
    table = Timetable(NEW_YORK, "0 6 * * *", jitter=600)
    slot = next_slot(table, at("2026-11-23T00:00"))
    spread = {due_at(table, slot, f"acme/{number}") - slot for number in range(200)}
    assert len(spread) > 100
    assert timedelta() <= min(spread) <= max(spread) <= timedelta(seconds=600)
    assert due_at(table, slot, "acme/1") == due_at(table, slot, "acme/1")
    assert due_at(table, slot, "acme/1", lambda _key, bound: bound) == slot + timedelta(seconds=600)
    shut = Timetable(NEW_YORK, "0 6 * * *", jitter=600, blackouts=(parse_blackout("06:05-09:00"),))
    assert due_at(shut, slot, "acme/1", lambda _key, bound: bound) == slot
    friday = Timetable(NEW_YORK, "0 23 * * fri", jitter=7200, closed=Closed.SKIP, country="us")
    late = next_slot(friday, at("2026-11-16T00:00"))
    assert due_at(friday, late, "acme/1", lambda _key, _bound: 3500) == late + timedelta(seconds=3500)
    # 23:59:45 is found at 00:00:10, on a Saturday: it would be put off to Monday.
    assert due_at(friday, late, "acme/1", lambda _key, _bound: 3585) == late
    assert due_at(friday, late, "acme/1", lambda _key, bound: bound) == late  # not on a Saturday
    assert all(0 <= drawn(str(number), 3) <= 3 for number in range(100))


# The oracle goes through a year minute by minute, by the words of the rule alone.


MINUTE = timedelta(minutes=1)


@cache
def minutes(zone: ZoneInfo, start: datetime, count: int) -> list[tuple[datetime, datetime]]:
    moments = [start + timedelta(minutes=number) for number in range(count)]
    return [(moment, moment.astimezone(zone).replace(tzinfo=None, fold=0)) for moment in moments]


def shut(table: Timetable, wall: datetime) -> bool:
    closed = bool(table.blackouts) and table.closed is not Closed.RUN and not table.business(wall.date())
    return closed or any(one.span(wall) for one in table.blackouts)


def brute(table: Timetable, hours: frozenset[int], minute: int, start: datetime, days: int) -> list[datetime]:
    """Every slot of some days by looking at each minute: hours and minute of the wall clock, seen for the first time.

    A wanted time in a gap is shown by the first minute after it.
    """
    found, waiting, seen, last = [], False, set(), None
    for moment, wall in minutes(table.zone, start, days * 1440):
        if last is not None and wall > last:
            step = last
            while (step := step + MINUTE) <= wall:
                if step.hour in hours and step.minute == minute and step not in seen:
                    seen.add(step)
                    waiting |= table.closed is Closed.RUN or table.business(step.date())
        last = wall if last is None else max(last, wall)
        if waiting and not shut(table, wall):
            found.append(moment)
            waiting = False
    return found


WINDOWS = st.sampled_from(
    ["22:00-06:00", "mon-fri 08:00-17:30", "sat,sun 00:00-24:00", "01:00-03:15", "fri 12:00-24:00"]
)


@given(
    zone=st.sampled_from(ZONES),
    hours=st.frozensets(st.integers(0, 23), min_size=1, max_size=4),
    minute=st.integers(0, 59),
    closed=st.sampled_from([Closed.RUN, Closed.SKIP]),
    windows=st.lists(WINDOWS, max_size=2, unique=True),
    month=st.sampled_from([(2026, 3, 5), (2026, 10, 22), (2026, 3, 26), (2026, 12, 22), (2028, 2, 26), (2026, 4, 2)]),
    offset=st.integers(0, 3 * 1440),
)
def test_it_agrees_with_looking_at_every_minute(
    zone: ZoneInfo, hours: frozenset[int], minute: int, closed: Closed, windows: list[str],
    month: tuple[int, int, int], offset: int,
) -> None:  # fmt: skip
    table = Timetable(
        zone, f"{minute} {','.join(map(str, sorted(hours)))} * * *", closed=closed,
        country="us" if closed is Closed.SKIP else "", blackouts=tuple(map(parse_blackout, windows)),
    )  # fmt: skip
    start = datetime(*month, tzinfo=UTC)
    wanted = [one for one in brute(table, hours, minute, start - timedelta(days=4), 11) if one > start]
    cut = start + timedelta(minutes=offset)
    found = next_slot(table, cut)
    later = [one for one in wanted if one > cut]
    if later:
        assert found == later[0], table


@given(
    zone=st.sampled_from(ZONES[:2]),
    closed=st.sampled_from([Closed.BEFORE, Closed.AFTER]),
    day=st.integers(1, 31),
    hour=st.integers(4, 23),
    start=st.dates(date(2025, 1, 1), date(2030, 1, 1)),
)
def test_moved_days_agree_with_moving_each_by_hand(
    zone: ZoneInfo, closed: Closed, day: int, hour: int, start: date
) -> None:
    table = Timetable(zone, f"0 {hour} {day} * *", closed=closed, country="us")
    moved = []
    for number in range(-40, 150):
        one = start + timedelta(days=number)
        if one.day == day:
            while not table.business(one):
                one += timedelta(days=1 if closed is Closed.AFTER else -1)
            moved.append(datetime.combine(one, time(hour), zone).astimezone(UTC))
    cut = datetime.combine(start, time(12), zone).astimezone(UTC)
    assert next_slot(table, cut) == min(one for one in moved if one > cut)


@given(
    table=st.builds(
        Timetable,
        zone=st.sampled_from(ZONES),
        cron=st.sampled_from(["0 6 * * *", "*/10 * * * *", "30 2 * * mon-fri", "15 9 29 2 *", "0 0 L * *"]),
        closed=st.sampled_from(list(Closed)),
        country=st.just("us"),
        blackouts=st.lists(WINDOWS, max_size=2, unique=True).map(lambda some: tuple(map(parse_blackout, some))),
    ),
    after=st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    part=st.fractions(0, 1).filter(lambda part: part < 1),
)
def test_it_is_later_than_asked_and_the_same_whenever_it_is_asked(
    table: Timetable, after: datetime, part: Fraction
) -> None:
    try:
        one = next_slot(table, after)
    except ConfigError:
        return  # windows that leave nothing open
    assert one > after
    between = after + timedelta(microseconds=int((one - after) // timedelta(microseconds=1) * part))
    assert next_slot(table, between) == one
    assert next_slot(table, one) > one
