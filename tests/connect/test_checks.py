"""Every line of a check has a key of its own and stands in the record's fields."""

from __future__ import annotations

from datetime import date

from benehub.connect.checks import CheckHead, CheckLines
from benehub.records import LineKind, RegisterLine, TaxClass

HEAD = CheckHead("run1/e1", "run1", "e1", date(2026, 11, 20), 320_000, 221_075, "biweekly", date(2026, 10, 25))


def test_two_of_one_name_both_count() -> None:
    lines = CheckLines(HEAD)
    made = [lines.line(LineKind.DEDUCTION, "MED", TaxClass.PRETAX, amount=amount) for amount in (100, 200)]
    made.append(lines.line(LineKind.EMPLOYER, "MED", TaxClass.EMPLOYER, amount=300))
    assert [one.key for one in made] == ["run1/e1/deduction/MED", "run1/e1/deduction/MED#2", "run1/e1/employer/MED"]
    records = [RegisterLine.model_validate(one.data) for one in made]
    assert [one.amount_minor for one in records] == [100, 200, 300]
    assert {(one.check, one.gross_minor, one.net_pay_minor, one.pay_group) for one in records} == {
        ("run1/e1", 320_000, 221_075, "biweekly")
    }
    assert (records[0].period_start, records[0].period_end) == (date(2026, 10, 25), None)


def test_what_is_noted_stands_beside_each_line() -> None:
    lines = CheckLines(HEAD, {"off_cycle_reason": "Bonus"})
    assert lines.line(LineKind.EARNING, "GROSS").extra == {"off_cycle_reason": "Bonus"}
    assert lines.line(LineKind.EARNING, "GROSS", extra={"a": 1}).extra == {"off_cycle_reason": "Bonus", "a": 1}
