"""What a comparison finds, as a value: which relation, whose, how much, why, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Relation(StrEnum):
    """The pairs of systems that are compared."""

    INTAKE = "intake"
    PAYROLL = "payroll"
    PREMIUM = "premium"
    RETIREMENT = "retirement"
    ACCOUNTS = "accounts"
    LEAVE = "leave"
    COVERAGE = "coverage"
    """Cover as decided against cover that was paid for; found when cover is decided, not by a comparison."""
    ENROLLMENT = "enrollment"
    """What carriers are told against what they answer; found when files are sent and answers are taken."""

    CREDIT = "credit"
    """Premium paid too much against what carriers gave back; looked at with every comparison of premiums."""

    YEAR = "year"
    """A year's registers against the ledger, Forms W-2 and the recordkeeper's totals; compared by the year."""


_APART = (Relation.COVERAGE, Relation.ENROLLMENT, Relation.CREDIT, Relation.YEAR)
MONTHLY = tuple(one for one in Relation if one not in _APART)
"""The relations that are compared month by month, and all before a month is closed."""


class Type(StrEnum):
    """Types of difference, by the names of the field."""

    ROW_QUARANTINED = "ROW_QUARANTINED"
    BATCH_HELD = "BATCH_HELD"
    MISSING_FROM_HRIS = "MISSING_FROM_HRIS"
    GONE_FROM_SOURCE = "GONE_FROM_SOURCE"
    UNKNOWN_TO_PAYROLL = "UNKNOWN_TO_PAYROLL"
    UNKNOWN_EMPLOYEE = "UNKNOWN_EMPLOYEE"
    UNKNOWN_CODE = "UNKNOWN_CODE"
    NOT_TAKEN = "NOT_TAKEN"
    TAKEN_NOT_EXPECTED = "TAKEN_NOT_EXPECTED"
    AMOUNT_DIFF = "AMOUNT_DIFF"
    DUPLICATE_DEDUCTION = "DUPLICATE_DEDUCTION"
    WRONG_TAX_CLASS = "WRONG_TAX_CLASS"
    WRONG_PERIOD = "WRONG_PERIOD"
    EMPLOYER_LINE_DIFF = "EMPLOYER_LINE_DIFF"
    COMP_DIFF = "COMP_DIFF"
    MEMBER_REFUSED = "MEMBER_REFUSED"
    FILE_REJECTED = "FILE_REJECTED"
    MEMBER_DROPPED = "MEMBER_DROPPED"
    COVERED_NOT_ENROLLED = "COVERED_NOT_ENROLLED"
    ENROLLED_NOT_COVERED = "ENROLLED_NOT_COVERED"
    BILLED_NOT_ENROLLED = "BILLED_NOT_ENROLLED"
    ENROLLED_NOT_BILLED = "ENROLLED_NOT_BILLED"
    PLAN_DIFF = "PLAN_DIFF"
    UNKNOWN_PLAN = "UNKNOWN_PLAN"
    TIER_DIFF = "TIER_DIFF"
    RATE_DIFF = "RATE_DIFF"
    EFFECTIVE_DATE_DIFF = "EFFECTIVE_DATE_DIFF"
    VOLUME_DIFF = "VOLUME_DIFF"
    AGE_BAND_DIFF = "AGE_BAND_DIFF"
    DEPENDANT_DIFF = "DEPENDANT_DIFF"
    RETRO_CREDIT_DUPLICATED = "RETRO_CREDIT_DUPLICATED"
    DUPLICATE_MEMBER = "DUPLICATE_MEMBER"
    PREMIUM_AT_RISK = "PREMIUM_AT_RISK"
    REMITTED_NOT_CONFIRMED = "REMITTED_NOT_CONFIRMED"
    FEE = "FEE"
    CASH_APPLICATION = "CASH_APPLICATION"
    CREDIT_EXPIRING = "CREDIT_EXPIRING"
    CREDIT_EXPIRED = "CREDIT_EXPIRED"
    CLAIMED_LATE = "CLAIMED_LATE"
    WITHHELD_NOT_DEPOSITED = "WITHHELD_NOT_DEPOSITED"
    DEPOSITED_NOT_CREDITED = "DEPOSITED_NOT_CREDITED"
    DEPOSITED_OVER = "DEPOSITED_OVER"
    CONTRIBUTION_REFUSED = "CONTRIBUTION_REFUSED"
    OVER_LIMIT = "OVER_LIMIT"
    LIMIT_UNKNOWN = "LIMIT_UNKNOWN"
    CREDITED_SHORT = "CREDITED_SHORT"
    CREDITED_OVER = "CREDITED_OVER"
    CREDITED_WRONG_PERSON = "CREDITED_WRONG_PERSON"
    WRONG_SOURCE = "WRONG_SOURCE"
    DUPLICATE_CREDIT = "DUPLICATE_CREDIT"
    LOAN_IN_CONTRIB = "LOAN_IN_CONTRIB"
    FORFEITURE_OFFSET = "FORFEITURE_OFFSET"
    UNKNOWN_PARTICIPANT = "UNKNOWN_PARTICIPANT"
    LATE = "LATE"
    EARNINGS_NOT_DEPOSITED = "EARNINGS_NOT_DEPOSITED"
    EARNINGS_NOT_CREDITED = "EARNINGS_NOT_CREDITED"
    PAYOUT_MISSING = "PAYOUT_MISSING"
    PAYOUT_DIFF = "PAYOUT_DIFF"
    APPROVED_NOT_PAID = "APPROVED_NOT_PAID"
    TAKEN_NOT_APPROVED = "TAKEN_NOT_APPROVED"
    PAID_TWICE = "PAID_TWICE"
    BALANCE_DIFF = "BALANCE_DIFF"
    NEGATIVE_NOT_RECOVERED = "NEGATIVE_NOT_RECOVERED"
    YEAR_REGISTER_DIFF = "YEAR_REGISTER_DIFF"
    YEAR_LEDGER_DIFF = "YEAR_LEDGER_DIFF"
    YEAR_CREDIT_DIFF = "YEAR_CREDIT_DIFF"
    W2_BOX_DIFF = "W2_BOX_DIFF"
    DUPLICATE_IDENTITY = "DUPLICATE_IDENTITY"
    RESCISSION_BLOCKED = "RESCISSION_BLOCKED"
    RETRO_LIMIT = "RETRO_LIMIT"
    FUTURE_LIMIT = "FUTURE_LIMIT"
    ACK_OVERDUE = "ACK_OVERDUE"


STANDING = frozenset(
    {
        (Relation.PREMIUM, Type.PREMIUM_AT_RISK),
        (Relation.PREMIUM, Type.REMITTED_NOT_CONFIRMED),
        (Relation.RETIREMENT, Type.OVER_LIMIT),
        (Relation.RETIREMENT, Type.LIMIT_UNKNOWN),
    }
)
"""What stands from month to month until it is over: each is one difference, of the month it began with."""

OF_NOW = frozenset(
    {
        (Relation.INTAKE, Type.ROW_QUARANTINED),
        (Relation.INTAKE, Type.BATCH_HELD),
        (Relation.INTAKE, Type.MISSING_FROM_HRIS),
        (Relation.INTAKE, Type.GONE_FROM_SOURCE),
        (Relation.INTAKE, Type.DUPLICATE_IDENTITY),
        (Relation.PREMIUM, Type.FILE_REJECTED),
    }
)
"""What is so now, whichever month is compared: each is one difference, of the month it was found for first."""

ENDS_UNFOUND = OF_NOW | {(Relation.PREMIUM, Type.REMITTED_NOT_CONFIRMED)}
"""What a dismissal is of only for as long as a comparison finds it: a payment that was confirmed after all is over."""

UNKNOWN_PLAN = (
    "Map the vendor's word for the plan under Connections, or add the plan to the plan book, then read it again"
)
"""What to do where a vendor names a plan that the plan book does not have."""

NEVER_SET_ASIDE = frozenset({Type.CLAIMED_LATE})
"""Types that no rule sets aside: a person has to say of each what becomes of it."""

TOLERATED = "tolerated"
"""Work step of a difference that the tolerance settles: it is rounding, and stays told."""

MONEY_MISSING = frozenset(
    {
        Type.NOT_TAKEN,
        Type.WITHHELD_NOT_DEPOSITED,
        Type.DEPOSITED_NOT_CREDITED,
        Type.CONTRIBUTION_REFUSED,
        Type.CREDITED_SHORT,
        Type.CREDITED_WRONG_PERSON,
        Type.LOAN_IN_CONTRIB,
        Type.LATE,
        Type.EARNINGS_NOT_DEPOSITED,
        Type.EARNINGS_NOT_CREDITED,
        Type.MEMBER_REFUSED,
        Type.MEMBER_DROPPED,
        Type.COVERED_NOT_ENROLLED,
        Type.PREMIUM_AT_RISK,
        Type.REMITTED_NOT_CONFIRMED,
        Type.CREDIT_EXPIRING,
        Type.CREDIT_EXPIRED,
        Type.CLAIMED_LATE,
        Type.RETRO_LIMIT,
        Type.ACK_OVERDUE,
    }
)


def key_of(relation: str, type_: str, period: str, person_id: str | None, plan: str | None, reference: str) -> str:
    """What makes two differences the same one."""
    return "/".join((relation, type_, period, person_id or "-", plan or "-", reference))


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference as a comparison sees it now.

    Args:
        relation: which pair of systems.
        type: what kind of difference.
        period: the month it belongs to.
        person_id: whose; None when the vendor's row could not be linked.
        plan: which plan.
        reference: what tells it from others of its type (pay date, invoice, credit id, row).
        side: where it is wrong: `hris`, `payroll`, `carrier`, `recordkeeper`, `custodian`, `hub`.
        owner: who moves next.
        expected: what should be, in the unit; None where there is nothing on that side.
        actual: what is.
        unit: currency in minor units, or `MIN:policy` in minutes.
        cause: why, in a sentence.
        action: what to do next, in a sentence.
        clear_by: for a variance that the rules explain, the day by which it must be gone.
    """

    relation: Relation
    type: Type
    period: str
    reference: str
    side: str
    owner: str
    cause: str
    action: str
    person_id: str | None = None
    plan: str | None = None
    expected: int | None = None
    actual: int | None = None
    unit: str = "USD"
    clear_by: date | None = None

    @property
    def key(self) -> str:
        """What makes it the same difference when it is seen again."""
        return key_of(self.relation, self.type, self.period, self.person_id, self.plan, self.reference)

    @property
    def gap(self) -> int:
        """What should be less what is: below zero where it is too much."""
        return (self.expected or 0) - (self.actual or 0)

    @property
    def at_stake(self) -> int:
        """How much is at stake, never negative."""
        return abs(self.gap)

    @property
    def severity(self) -> str:
        """`high` where cover or money is missing now, else `medium`; `low` for what the rules explain."""
        if self.clear_by is not None:
            return "low"
        return "high" if self.type in MONEY_MISSING else "medium"
