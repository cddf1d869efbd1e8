"""What a kind of leave promises, said from the plan book in both languages."""

from __future__ import annotations

from datetime import date

import pytest

from benehub import planbook
from benehub.views.mine.leave_terms import terms
from benehub.views.statement import language

BOOK = """
schema_version: 1
employer: {{id: acme, name: Acme, country: US, currency: USD}}
roles: {{hris: hris, payroll: payroll}}
pay_groups:
  biweekly: {{frequency: biweekly, first_pay_date: 2026-01-09}}
carriers:
  carrier: {{premium_due_day: 1, grace_days: 31, pay_policy: pay_as_billed, transit_bank_days: 2}}
plans:
  - {{id: 401k, name: 401k, benefit_type: retirement, recordkeeper: keeper, effective_from: 2025-01-01,
     deferral: {{pretax_code: K}}}}
leave:
  - {policy}
  - {{id: bank, name: Leave bank, accrual: {{method: none}}}}
"""
POLICIES = {
    "{id: a, accrual: {method: per_pay, annual_hours: '120', cap_hours: '240'}, "
    "payout_code: P, payout_on_termination: true}": [
        "You earn 120.00 hours a year, a part with each pay.",
        "While you have 240.00 hours, no more is earned.",
        "What is left at the end of a year stays yours.",
        "What is left when you leave is paid.",
    ],
    "{id: a, unit: days, accrual: {method: annual, tenure: [{annual_days: '25'}, {after_months: 60, annual_days: "
    "'27.5'}]}, carry: {max_hours: '40', expires_after_months: 3}, cash_out: true, payout_code: P}": [
        "You get 25 days for each year at once.",
        "After 60 months of service it is 27.5 days a year.",
        "At most 5 days stay yours at the end of a year; the rest is lost.",
        "What was left from a year lapses 3 months into the next.",
        "What is left when you leave is paid only where the law says so.",
        "You can also have it paid instead of taking it.",
    ],
    "{id: a, accrual: {method: per_hour, tenure: [{rate: '1/30'}, {after_months: 12, rate: '1/20'}], year_cap_hours: "
    "'80'}, usable_from_day: 90, carry: {max_hours: '0', rest: payout}}": [
        "You earn an hour for every 30 hours that you work.",
        "After 12 months of service you earn an hour for every 20 hours that you work.",
        "You earn 80.00 hours a year at most.",
        "You can take it from day 90 of your employment on.",
        "What is left at the end of a year is paid.",
        "What is left when you leave is paid only where the law says so.",
    ],
    "{id: a, accrual: {method: monthly, tenure: [{after_months: 6, annual_hours: '96'}]}, carry: {max_hours: '16', "
    "to: bank, rest: payout}, use_cap_hours: '80'}": [
        "After 6 months of service it is 96.00 hours a year.",
        "You can take 80.00 hours a year at most.",
        "At most 16.00 hours stay yours at the end of a year; the rest is paid.",
        "It goes on as Leave bank.",
        "What is left when you leave is paid only where the law says so.",
    ],
    "{id: a, statute: us-ca-sick, kind: sick, jurisdiction: US-CA}": [
        "You have it by law.",
        "You earn an hour for every 30 hours that you work.",
        "While you have 80.00 hours, no more is earned.",
        "You can take it from day 90 of your employment on.",
        "You can take 40.00 hours a year at most.",
        "What is left at the end of a year stays yours.",
        "What is left when you leave is paid only where the law says so.",
    ],
    "{id: a, unit: days, jurisdiction: DE, germany: {agreed_days: '30'}, "
    "payout_code: P, payout_on_termination: true}": [
        "You have 30 days in a full year.",
        "Your employer has to tell you in time before any of it lapses.",
        "What is left when you leave is paid.",
    ],
    "{id: a, unit: days, jurisdiction: DE, germany: {}, payout_code: P, payout_on_termination: true}": [
        "You have it by law.",
        "Your employer has to tell you in time before any of it lapses.",
        "What is left when you leave is paid.",
    ],
}


@pytest.mark.parametrize("policy", POLICIES)
def test_each_term_of_a_policy_is_said(policy: str) -> None:
    book = planbook.load(BOOK.format(policy=policy), "book")
    said = terms(book, book.leave[0], date(2026, 11, 1))
    assert [language("en").line(said, line) for line in said.lines] == POLICIES[policy]
    german = [language("de").line(said, line) for line in said.lines]
    assert len(set(german)) == len(german) and not set(german) & set(POLICIES[policy])


def test_parts_of_a_day_are_written_as_the_language_does() -> None:
    policy = "{id: a, unit: days, accrual: {method: annual, annual_days: '27.5'}}"
    book = planbook.load(BOOK.format(policy=policy), "book")
    said = terms(book, book.leave[0], date(2026, 11, 1))
    told = [language(code).line(said, said.lines[0]) for code in ("en", "de")]
    assert told == ["You get 27.5 days for each year at once.", "Sie erhalten 27,5 Tage für jedes Jahr auf einmal."]
