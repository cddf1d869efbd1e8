"""What approved fixes add to a pay, read for everybody or for those who are asked about."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from benehub import reconcile
from benehub.flows.fix_book import PAYROLL_LINE, pay_lines
from benehub.reconcile import Finding, Relation, Type
from benehub.reconcile import fixes as frozen
from benehub.reconcile.fixes import Proposal
from benehub.store import Store

PAY = date(2026, 11, 30)
LINE = {"code": "MED", "tax_class": "pretax", "coverage_month": "2026-11", "amount_minor": 1250}
UNREADABLE = {"broken": True}


def test_the_fixes_of_others_are_not_opened_for_one_person(store: Store) -> None:
    told: dict[str, Any] = {"person": "per_a", "plan": "ppo", "pay_date": PAY.isoformat(), "lines": [LINE]}
    contents = {"per_a": told, "per_b": UNREADABLE}
    with store.write("acme") as session:
        findings = [
            Finding(
                Relation.PAYROLL, Type.NOT_TAKEN, "2026-11", "x", "payroll", "payroll", "c", "a", person_id=one
            )
            for one in contents
        ]  # fmt: skip
        opened = reconcile.settle(session, Relation.PAYROLL, "2026-11", findings, PAY).opened
        for one, (person_id, content) in zip(opened, contents.items(), strict=True):
            proposal = Proposal(one, PAYROLL_LINE, "payroll", content, "", 1250, "USD", person_id)
            frozen.move(session, frozen.propose(session, proposal, "ann", ""), "ben", "approved", "")
        (line,) = pay_lines(session, PAY, ["per_a"])["per_a"]
        assert (line.code, line.amount_minor, line.pay_date) == ("MED", 1250, PAY)
        assert pay_lines(session, PAY, ["per_c"]) == {} == pay_lines(session, PAY, [])
        with pytest.raises(KeyError, match="pay_date"):
            pay_lines(session, PAY)
