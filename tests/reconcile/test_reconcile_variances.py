"""The documentation's table of what is no mistake, row by row: each is held by a test, and ends on its day."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest

from benehub import reconcile
from benehub.reconcile import Finding, Relation, Type
from benehub.store import Store

TESTS = Path(__file__).parents[1]
WORLDS = "testing/test_worlds.py::test_all_that_was_planted_is_found_and_nothing_else"
HELD = {
    "deposited, no credit seen": WORLDS,
    "taken from pay, not deposited": "flows/test_review_flows.py::test_money_taken_and_never_deposited_is_a_difference",
    "a deposit that came back after it had left":
        "flows/test_contribution_corrections.py::test_a_deposit_that_came_back_is_owed_again_once_and_goes_anew",
    "money that a corrected register adds to a pay date":
        "flows/test_contribution_corrections.py::"
        "test_what_a_correction_adds_to_an_old_pay_date_is_due_by_its_own_day",
    "held for an account that no custodian of the plan book takes":
        "views/test_views_awaited.py::test_what_is_held_for_an_account_without_custodian_has_its_day",
    "lost earnings sent, no credit seen":
        "flows/test_earnings_deposit.py::test_lost_earnings_leave_once_and_are_cleared_by_the_credit",
    "sent to a custodian, no answer":
        "flows/test_account_deposits.py::test_what_payroll_took_is_sent_posted_and_clears_the_payable",
    "a payment that left within ten days before a bill was made":
        "flows/test_credits.py::test_a_payment_that_left_just_before_the_bill_is_missed_until_the_bill_is_due",
    "new cover that the carrier has not accepted":
        "reconcile/test_reconcile_roster.py::test_what_is_on_its_way_has_time_to_be_answered",
    "ended cover still on the roster":
        "reconcile/test_reconcile_roster.py::test_an_ending_on_its_way_has_time_to_be_answered",
    "cover that changed after the bill was made (retro termination, late enrollment, another tier)":
        "flows/test_fix_cover.py::test_what_changed_after_the_bill_was_made_has_until_the_next_bill",
    "an enrollment far ahead of its first day":
        "flows/test_partner_failures.py::test_fm07_what_lies_too_far_ahead_goes_once_it_is_near",
    "year's last deposits, credited in January":
        "flows/test_year_tie_out.py::test_a_deposit_on_its_way_may_be_missing_until_its_day",
    "a premium that was paid, no word of it from bank or carrier":
        "reconcile/test_reconcile_in_flight.py::test_a_payment_is_on_its_way_for_some_days",
    "a bill not due yet": WORLDS,
    "a month accrued and not billed yet":
        "views/test_views_awaited.py::test_what_was_accrued_waits_for_its_bill_or_its_due_day",
    "leave paid out before the first day of leave that is kept here (its opening balance or first accrual)":
        "flows/test_leave_flows.py::test_what_was_paid_out_before_leave_was_kept_here_is_no_difference",
    "leave to be paid out with a pay date to come":
        "flows/test_leave_flows.py::test_z05_what_a_leaver_is_paid_closes_hours_and_liability",
    "bills for months before the first that was accrued here":
        "flows/test_credits.py::test_of_bills_from_before_the_first_month_accrued_only_the_payment_is_looked_at",
    "a volume, an age or a family that changed after the bill was made":
        "reconcile/test_reconcile_reasons.py::"
        "test_a_bill_of_what_was_known_when_it_was_made_is_explained_until_the_next_one",
    "a pay date whose register is still to come":
        "flows/test_deduction_life.py::test_a_pay_date_is_compared_once_its_register_was_read_or_is_overdue",
    "a bill's volume before the plan rounds it up; an age on the plan's rating day, not "
    "today's; a dependent whose cover ended within the month":
        "reconcile/test_reconcile_reasons.py::test_a_bill_that_tells_what_it_goes_by",
    "repayments of plan loans, told apart": WORLDS,
    "a match that forfeitures pay in part": WORLDS,
    "pay that the year's limit cuts (401(a)(17))":
        "reconcile/test_reconcile_reasons.py::test_pay_that_the_years_limit_cuts_is_no_other_pay",
    "a credit that may still be claimed":
        "flows/test_credits.py::test_it_is_told_before_its_last_day_and_no_earlier",
    "a premium's share spread over pays, months with three pay dates, cents of a share that does not divide":
        "rules/deduction/test_schedule.py::test_the_year_sums_exactly_also_after_a_change",
    "a part of a first or last month": WORLDS,
    "a deduction in two lines; a check voided and written again; off-cycle checks": WORLDS,
    "retro lines, credits and late charges on a later bill": WORLDS,
    "what a later pay collects of an earlier one":
        "flows/test_deduction_life.py::test_arrears_are_collected_with_the_next_pay_and_the_difference_closes",
    "deferrals stopped or cut by a limit; a goal reached": "flows/test_retirement_flows.py::test_the_limit_is_reached",
    "leave over a pay period's end; hours of two decimals": WORLDS,
    "cents of a vendor's rounding":
        "flows/test_tolerance.py::test_cents_either_way_go_to_the_rounding_account_and_no_closing_is_in_their_way",
    "the same, where a rule of the employer's sets them aside":
        "reconcile/test_reconcile_suppression.py::test_what_a_rule_covers_is_kept_and_comes_back_at_its_end",
}  # fmt: skip
"""Each row by its first cell, and the test in which the comparison takes it so."""


@cache
def rows() -> dict[str, str]:
    """Of the documentation: what varies, and how it is taken."""
    text = (TESTS.parent / "docs" / "differences.md").read_text(encoding="utf-8")
    table = text.split("| variance | rule |")[1].split("\n\n")[0].splitlines()[2:]
    return {cells[1].strip(): cells[3].strip() for cells in (line.split("|") for line in table)}


@pytest.mark.parametrize("row", rows())
def test_each_row_is_held_by_a_test(row: str) -> None:
    assert list(rows()) == list(HELD)
    name, _, test = HELD[row].partition("::")
    assert f"def {test}(" in (TESTS / name).read_text(encoding="utf-8")


DAY = date(2026, 11, 20)
PENDING = [(row, name) for row, how in rows().items() if "pending" in how for name in re.findall(r"`([A-Z_]+)`", how)]


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_each_pending_one_is_a_discrepancy_from_the_day_after(store: Store) -> None:
    with store.write("acme") as session:
        for row, name in PENDING:
            found = Finding(
                Relation.PREMIUM, Type(name), "2026-11", row, "carrier", "carrier", "a rule", "wait", expected=100,
                actual=0, clear_by=DAY,
            )  # fmt: skip
            for today, state in ((DAY, "pending"), (DAY + timedelta(days=1), "discrepancy")):
                reconcile.settle(session, Relation.PREMIUM, "2026-11", [found], today)
                (one,) = reconcile.listed(session)
                assert (one.type, one.state, one.clear_by) == (name, state, DAY), row
                late = replace(found, clear_by=None).severity
                assert one.severity == ("low" if state == "pending" else late), row
            reconcile.settle(session, Relation.PREMIUM, "2026-11", [], DAY + timedelta(days=1))
            assert reconcile.listed(session) == [], row
