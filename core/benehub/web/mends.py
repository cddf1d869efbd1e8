"""Where on the pages a difference is put right: by its type, a page that leads to the mend."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row

from benehub.planbook import PlanBook
from benehub.reconcile import Type, carriers

PLACES: Final[dict[Type, str]] = {
    Type.ROW_QUARANTINED: "connection", Type.BATCH_HELD: "connections", Type.MISSING_FROM_HRIS: "person",
    Type.GONE_FROM_SOURCE: "person", Type.UNKNOWN_TO_PAYROLL: "vendors", Type.UNKNOWN_EMPLOYEE: "unlinked",
    Type.UNKNOWN_CODE: "payroll", Type.NOT_TAKEN: "pay", Type.TAKEN_NOT_EXPECTED: "pay", Type.AMOUNT_DIFF: "pay",
    Type.DUPLICATE_DEDUCTION: "pay", Type.WRONG_TAX_CLASS: "pay", Type.EMPLOYER_LINE_DIFF: "pay",
    Type.MEMBER_REFUSED: "vendors", Type.FILE_REJECTED: "outgoing", Type.MEMBER_DROPPED: "vendors",
    Type.COVERED_NOT_ENROLLED: "vendors", Type.ENROLLED_NOT_COVERED: "vendors", Type.BILLED_NOT_ENROLLED: "invoice",
    Type.ENROLLED_NOT_BILLED: "invoice", Type.TIER_DIFF: "invoice", Type.RATE_DIFF: "invoice",
    Type.DUPLICATE_MEMBER: "invoice", Type.PREMIUM_AT_RISK: "deadlines", Type.FEE: "invoice",
    Type.REMITTED_NOT_CONFIRMED: "outgoing",
    Type.CASH_APPLICATION: "invoice", Type.CREDIT_EXPIRING: "money", Type.CREDIT_EXPIRED: "money",
    Type.WITHHELD_NOT_DEPOSITED: "owed", Type.DEPOSITED_NOT_CREDITED: "outgoing", Type.DEPOSITED_OVER: "outgoing",
    Type.CONTRIBUTION_REFUSED: "outgoing", Type.OVER_LIMIT: "pay", Type.LIMIT_UNKNOWN: "plan_book",
    Type.CREDITED_SHORT: "pay", Type.CREDITED_OVER: "pay", Type.WRONG_SOURCE: "pay", Type.DUPLICATE_CREDIT: "pay",
    Type.UNKNOWN_PARTICIPANT: "unlinked", Type.LATE: "deadlines", Type.EARNINGS_NOT_DEPOSITED: "owed",
    Type.EARNINGS_NOT_CREDITED: "outgoing", Type.PAYOUT_MISSING: "pay", Type.PAYOUT_DIFF: "pay",
    Type.APPROVED_NOT_PAID: "pay", Type.TAKEN_NOT_APPROVED: "pay", Type.PAID_TWICE: "pay", Type.BALANCE_DIFF: "pay",
    Type.NEGATIVE_NOT_RECOVERED: "pay", Type.YEAR_REGISTER_DIFF: "payroll", Type.YEAR_LEDGER_DIFF: "pay",
    Type.YEAR_CREDIT_DIFF: "pay", Type.W2_BOX_DIFF: "pay", Type.DUPLICATE_IDENTITY: "unlinked",
    Type.RESCISSION_BLOCKED: "pay", Type.RETRO_LIMIT: "vendors", Type.FUTURE_LIMIT: "vendors",
    Type.ACK_OVERDUE: "outgoing", Type.WRONG_PERIOD: "pay", Type.PLAN_DIFF: "invoice", Type.UNKNOWN_PLAN: "connections",
    Type.EFFECTIVE_DATE_DIFF: "invoice", Type.CREDITED_WRONG_PERSON: "pay", Type.CLAIMED_LATE: "money",
    Type.VOLUME_DIFF: "invoice", Type.AGE_BAND_DIFF: "invoice", Type.DEPENDANT_DIFF: "invoice",
    Type.RETRO_CREDIT_DUPLICATED: "invoice", Type.COMP_DIFF: "pay", Type.LOAN_IN_CONTRIB: "pay",
    Type.FORFEITURE_OFFSET: "pay",
}  # fmt: skip
"""The kind of page on which a type is looked into; its name in words is `reconcile.mends`."""

NEEDS: Final = {
    "connection": "see_connections", "connections": "see_connections", "payroll": "see_connections",
    "person": "see_people", "vendors": "see_people", "pay": "see_people", "unlinked": "see_people",
}  # fmt: skip
"""What a reader needs for such a page, where a difference alone is not enough."""


def mend(row: Row[Any], book: PlanBook, employee: str) -> tuple[str, str, dict[str, str]]:
    """The kind of page that helps with a difference, its path within the employer, and its query."""
    kind = PLACES[Type(row.type)]
    system, month = _system(row, book), row.period[:7]
    if kind in ("person", "vendors", "pay") and not employee:
        # Nobody here is named: what the vendor said of strangers stands among them.
        kind = "unlinked" if kind != "pay" else "money"
    if kind == "invoice" and not system:
        kind = "money"
    paths = {
        "connection": f"connections/{system}" if system else "connections", "connections": "connections",
        "payroll": f"connections/{book.roles.payroll}", "unlinked": "unlinked", "deadlines": "deadlines",
        "person": f"people/{employee}", "vendors": f"people/{employee}",
        "pay": f"people/{employee}", "invoice": f"money/invoices/{system}/{month}",
        "money": "money", "owed": "outgoing/owed",
        "outgoing": "outgoing", "plan_book": "plan-book",
    }  # fmt: skip
    queries = {
        "vendors": {"show": "vendors"}, "pay": {"show": "money"}, "outgoing": {"connection": system},
        "money": {"month": month if len(month) == 7 else ""},
    }  # fmt: skip
    sent = next((one for one in row.reference.split("/") if one.startswith("dis_")), "")
    if kind == "outgoing" and sent:
        return kind, f"outgoing/{sent}", {}
    return kind, paths[kind], queries.get(kind, {})


def _system(row: Row[Any], book: PlanBook) -> str:
    """The connection that a difference is about; empty where it names none."""
    if row.relation == "premium" and (told := carriers.told_by(book, row)[0]):
        return told
    plan = book.find(row.plan)
    if plan is not None:
        return str((plan.recordkeeper if row.relation == "retirement" else plan.carrier) or "")
    first = row.reference.partition("/")[0]
    names = sorted({one.carrier for one in book.insurance_plans() if one.carrier})
    if row.relation in ("intake", "enrollment", "coverage") or first in names:
        return first if "/" in row.reference else ""
    return names[0] if row.relation == "premium" and len(names) == 1 else ""
