"""What a bill has beside the month's premium: fees that were agreed, and late charges that are disputed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from tests.flows.test_credits import NOVEMBER, OCTOBER, Make, _dismiss, carrier

from benehub.views.credits import walk

__all__ = ["carrier"]


def _parts(made: Any, month: str, **parts: int) -> None:
    for name, worth in parts.items():
        made.bill(month, worth, kind="invoice_part", part=name, plan=None, person_id=None, external_id=f"{month}{name}")


@pytest.mark.parametrize(("paid", "open_", "told"), [
    (500_00, "10.00", []),  # nobody pays the fee: it stands in the balance as what it is
    (505_00, "5.00", []),  # the first one was paid by hand
    (510_00, "0.00", []),
    (503_00, "0.00", [("CASH_APPLICATION", 500_00, 507_00)]),  # a part of a fee explains nothing
])  # fmt: skip
def test_an_agreed_fee_is_walked_as_a_fee_month_after_month(
    carrier: Make, paid: int, open_: str, told: list[Any]
) -> None:  # fmt: skip
    made = carrier("pay_as_billed")
    for month in ("2026-09", "2026-10", "2026-11"):
        made.accrue(month, 500_00)
        made.bill(month, 500_00)
    made.pay("2026-09", 500_00, date(2026, 9, 2))
    _parts(made, "2026-09", fee=5_00)
    _parts(made, "2026-10", fee=5_00, prior_balance=505_00, payment=-500_00)
    _parts(made, "2026-11", fee=5_00, prior_balance=1010_00, payment=-paid)
    made.reconcile(OCTOBER)
    made.reconcile(NOVEMBER)
    assert [row for row in made.differences() if row[0] in ("FEE", "CASH_APPLICATION")] == told
    with made.hub.store.read("acme") as session:
        (one,) = walk(session, made.hub.book(session), "carrier", NOVEMBER)
    assert (one["open_before_by_us"], one["fees_open"]) == ("500.00", open_)


def test_a_fee_that_was_agreed_otherwise_is_one_difference_of_its_own_month(carrier: Make) -> None:
    made = carrier("pay_as_billed")
    for month in ("2026-10", "2026-11"):
        made.accrue(month, 500_00)
        made.bill(month, 500_00)
    made.pay("2026-10", 500_00, date(2026, 10, 2))
    _parts(made, "2026-10", fee=7_00, prior_balance=0)
    _parts(made, "2026-11", fee=5_00, prior_balance=507_00, payment=-500_00)
    made.reconcile(OCTOBER)
    made.reconcile(NOVEMBER)
    assert [row for row in made.differences() if row[0] in ("FEE", "CASH_APPLICATION")] == [("FEE", 5_00, 7_00)]


@pytest.mark.parametrize(("accrued", "paid"), [(500_00, 0), (505_00, 5_00), (512_00, 12_00)])
def test_short_pay_withholds_a_late_charge_that_is_disputed(carrier: Make, accrued: int, paid: int) -> None:
    made = carrier("short_pay")
    made.accrue("2026-10", accrued)
    made.bill("2026-10", 500_00)
    made.pay("2026-10", 500_00)
    made.bill("2026-11", 500_00)
    made.accrue("2026-11", 500_00)
    made.bill("2026-10", 12_00, part="adjustment", reference="INV2026-11")
    made.reconcile(OCTOBER)
    _, late = made.due(NOVEMBER)
    assert (late.coverage_month, late.billed_minor, late.paid_minor) == ("2026-10", 12_00, paid)
    assert late.disputed.startswith("RATE_DIFF dif_") == (paid < 12_00)
    if paid < 12_00:
        # Once the difference is dismissed it is owed as it was billed.
        with made.hub.store.write("acme") as session:
            _dismiss(session)
        _, late = made.due(NOVEMBER)
        assert (late.billed_minor, late.paid_minor, late.disputed) == (12_00, 12_00, "")
