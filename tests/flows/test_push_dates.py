"""A payroll that takes no day is told of the next pay date alone: of a later one only when the earlier one has run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest
from tests.flows.days import Days

from benehub import plugins
from benehub.connect.connector import Incoming
from benehub.connections import connectors
from benehub.errors import DataError
from benehub.flows import Hub
from benehub.flows.deadlines import open_now
from benehub.flows.push_dates import SET

TWICE_A_MONTH = "{frequency: semimonthly, days: [15, last]}"
TAKES_DAY = {"adp_workforce_now": True, "finch": False, "frappe_hr": True, "gusto": False, "rippling": False}
"""Whether the vendor takes the day from which a deduction counts, as its API says."""


@pytest.fixture
def story(
    db_url: str, tmp_path: Path, open_hub: Callable[..., Hub], fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Days:
    """The first of October; pay dates on the 15th and the 30th."""
    text = fakehub.BOOK.replace("{frequency: monthly, days: [15]}", TWICE_A_MONTH)
    monkeypatch.setattr(fakehub, "BOOK", text.replace(", per_month: 1", ""))
    hub = open_hub(db_url)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    return Days(hub, fakehub, monkeypatch)


def push(story: Days, day: str) -> int:
    """How many orders it sent."""
    return int(story.flow("deductions.push", "payroll", "monthly", day).get("sent", 0))


def ran(story: Days, day: date, group: str = "monthly") -> None:
    """Payroll's register of a pay date is read."""
    data = {
        "pay_run": f"run {day}", "check": f"check {day}", "employee": "1001", "pay_date": str(day), "kind": "earning",
        "code": "REG", "amount_minor": 500_00, "net_pay_minor": 500_00, "pay_group": group,
    }  # fmt: skip
    story.register = [Incoming(f"{day}", data, row=1)]
    story.post(day.month)


def test_a_later_pay_date_waits_until_the_earlier_one_has_run(story: Days) -> None:
    with pytest.raises(DataError, match="told now of 2026-10-30, it would take that on 2026-10-15"):
        push(story, "2026-10-30")
    assert push(story, "2026-10-15") == 3
    with pytest.raises(DataError, match="takes no day"):
        push(story, "2026-10-30")
    story.day(10, 13)
    ran(story, date(2026, 10, 15), "weekly")
    with pytest.raises(DataError, match="takes no day"):
        push(story, "2026-10-30")
    ran(story, date(2026, 10, 15))
    push(story, "2026-10-30")


def test_on_the_pay_date_itself_the_next_one_is_told(story: Days) -> None:
    story.day(10, 15)
    push(story, "2026-10-30")


def test_a_payroll_that_takes_a_day_is_told_of_any(story: Days, fakehub: ModuleType) -> None:
    story.patch.setattr(fakehub.ReadBack, "takes_day", frozenset({SET}))
    assert push(story, "2026-10-30") == 3


def test_the_deadline_names_a_pay_date_that_can_be_told(story: Days, fakehub: ModuleType) -> None:
    def named() -> list[str]:
        return [one.mend.rpartition(" ")[2] for one in open_now(story.hub, "acme", 60) if one.kind == "deductions.push"]

    assert named() == ["2026-10-15"]
    ran(story, date(2026, 10, 15))
    assert named() == ["2026-10-15", "2026-10-30"]
    story.patch.setattr(fakehub.ReadBack, "takes_day", frozenset({SET}))
    story.register = []
    assert len(named()) > 2


def test_every_connector_says_whether_it_takes_the_day() -> None:
    known = connectors(plugins.build(load_strangers=False))
    assert {name: SET in one.takes_day for name, one in known.items() if SET in one.guards} == TAKES_DAY
