"""The page on differences has a row for every type of the field and of the hub, and says truly which are planted."""

from __future__ import annotations

import re
from pathlib import Path

from benehub.reconcile import Type
from benehub.testing.worlds import make

PAGE = Path(__file__).parents[2] / "docs" / "differences.md"
FIELD = {
    "retirement": "EXPECTED_NOT_WITHHELD WITHHELD_NOT_EXPECTED AMOUNT_DIFF WRONG_SOURCE WITHHELD_NOT_DEPOSITED "
    "DEPOSITED_SHORT DEPOSITED_OVER LATE CREDITED_SHORT CREDITED_OVER CREDITED_WRONG_PERSON MATCH_DIFF COMP_DIFF "
    "OVER_LIMIT LOAN_IN_CONTRIB FORFEITURE_OFFSET UNKNOWN_PARTICIPANT",
    "carrier": "BILLED_NOT_ENROLLED ENROLLED_NOT_BILLED TIER_DIFF PLAN_DIFF RATE_DIFF VOLUME_DIFF AGE_BAND_DIFF "
    "DEPENDANT_DIFF EFFECTIVE_DATE_DIFF PRORATION DUPLICATE_MEMBER RETRO_CREDIT_MISSING RETRO_CREDIT_DUPLICATED "
    "COBRA_DIFF CLASS/COST-CENTRE FEE/TAX PRIOR_BALANCE/CASH_APPLICATION",
    "payroll": "NOT_TAKEN TAKEN_NOT_EXPECTED AMOUNT_DIFF WRONG_CODE/TAX_CLASS WRONG_PERIOD DUPLICATE "
    "EMPLOYER_LINE_DIFF GOAL_REACHED UNKNOWN_CODE UNKNOWN_EMPLOYEE REVERSED_CHECK OFF_CYCLE",
    "leave": "BALANCE_DIFF TAKEN_NOT_APPROVED APPROVED_NOT_PAID PAID_TWICE PAYOUT_MISSING NEGATIVE_NOT_RECOVERED",
}
"""What people who reconcile call the differences of each pair of systems."""


def rows() -> list[list[str]]:
    """Relation, type of the field, what it is here, and how it is proven."""
    section = PAGE.read_text().split("## The types of the field, and where they stand")[1].split("\n## ")[0]
    table = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line] for line in table]


def test_every_type_has_a_row_that_says_where_it_stands() -> None:
    named = {(relation, kind) for relation, kind, _, _ in rows()}
    assert named >= {(relation, kind) for relation, kinds in FIELD.items() for kind in kinds.split()}
    here = [set(re.findall(r"`([A-Z_0-9]+)`", ours)) for _, _, ours, _ in rows()]
    assert set().union(*here) == set(Type)
    for (_, _, ours, how), types in zip(rows(), here, strict=True):
        assert how and (types or ours == "none")


def test_what_it_says_is_planted_is_planted() -> None:
    truths = [make(seed, 30).truth for seed in range(1, 8)]
    planted = {row.type for one in truths for row in (*one.discrepancies, *one.pending, *one.suppressed)}
    whole, some = set[str](), set[str]()
    for _, _, ours, how in rows():
        types = set(re.findall(r"`([A-Z_0-9]+)`", ours))
        whole |= types if how == "planted" else set()
        some |= types if "planted" in how else set()
    assert whole <= planted <= some
