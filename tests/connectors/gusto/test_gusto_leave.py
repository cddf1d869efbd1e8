"""Approved leave on a payroll that is not processed: prepared, updated by version, read back."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from benehub.connect.connector import Item, Receipt
from benehub.connect.messages import Request
from benehub.errors import DataError, VendorUnavailable
from benehub.records import LeaveOrder
from benehub_connectors.gusto.leave import TAKE, thousandths


@pytest.fixture
def company(gusto: Any) -> Any:
    """One employee, and an open payroll of 4 December."""
    gusto.add_schedule("Biweekly", date(2026, 1, 2))
    gusto.add_employee("1001", "Ada", "Byron", birth=date(1990, 1, 1), pay_group="Biweekly", gross_minor=320_000,
                       hired=date(2025, 1, 1))  # fmt: skip
    gusto.add_pay_period("Biweekly", date(2026, 12, 4), date(2026, 11, 8), date(2026, 11, 21))
    return gusto


def order(company: Any, minutes: int = 440, **changed: Any) -> Item:
    content = {
        "employee": company._employee("1001").uuid, "policy": "pto", "code": "PTO", "pay_group": "Biweekly",
        "pay_date": "2026-12-04", "period_start": "2026-11-08", "period_end": "2026-11-21", "minutes": minutes,
        "hours": "7.33",
    }  # fmt: skip
    return Item(TAKE, "k", LeaveOrder.model_validate(content | changed).model_dump(mode="json"))


def send(bench: Any, item: Item) -> Receipt:
    link = bench.link()
    settings = bench.connector.discover(link)
    found = link.http().send(bench.connector.lookup(item, settings))
    answer = bench.connector.request(item, found, settings)
    if isinstance(answer, Request):
        return bench.connector.receipt(item, link.http().send(answer))
    return answer


def test_hours_are_written_once_and_read_back_to_the_minute(bench: Any, company: Any) -> None:
    first = send(bench, order(company))
    assert (first.changed, send(bench, order(company)).changed) == (True, False)
    assert send(bench, order(company, minutes=0)).changed
    assert send(bench, order(company)).changed
    company.run_payroll("Biweekly", date(2026, 12, 4), date(2026, 11, 8), date(2026, 11, 21))
    (payroll,) = [one for one in company.payrolls.values() if one.check_date == date(2026, 12, 4)]
    shown = {check.employee.code: check.pto.get("Vacation Hours") for check in payroll.checks}
    assert shown["1001"] == 7333


def test_a_change_in_between_is_looked_at_again(bench: Any, company: Any) -> None:
    link = bench.link()
    settings, item = bench.connector.discover(link), order(company)
    found = link.http().send(bench.connector.lookup(item, settings))
    company.plan_pto("1001", date(2026, 12, 4), "4")
    late = bench.connector.request(item, found, settings)
    with pytest.raises(VendorUnavailable, match="changed between reading and writing"):
        bench.connector.receipt(item, link.http().send(late))


REFUSED = [
    ({"pay_date": "2026-12-18"}, "no single open payroll"),
    ({"employee": "00000000-0000-0000-0000-000000000000"}, "is not on the payroll"),
    ({"code": "SABBATICAL"}, "has no time off"),
]


@pytest.mark.parametrize(("changed", "said"), REFUSED, ids=[one[1] for one in REFUSED])
def test_what_payroll_cannot_show_is_said(bench: Any, company: Any, changed: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        send(bench, order(company, **changed))


def test_a_processed_payroll_takes_no_more_leave(bench: Any, company: Any) -> None:
    settings, item = bench.connector.discover(bench.link()), order(company)
    company.run_payroll("Biweekly", date(2026, 12, 4), date(2026, 11, 8), date(2026, 11, 21))
    found = bench.link().http().send(bench.connector.lookup(item, settings))
    with pytest.raises(DataError, match="payroll refused it"):
        bench.connector.request(item, found, settings)


def test_hours_are_written_in_thousandths() -> None:
    assert [thousandths(minutes) for minutes in (0, 1, 440, 480)] == ["0.000", "0.017", "7.333", "8.000"]
