"""The chart of accounts. A clearing account must reach zero, or its balance be named item by item."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """One account; a debit is positive, a credit negative."""

    code: str
    name: str
    clearing: bool = False


BANK = "1000"
CARRIER_TRANSIT = "1010"
DEPOSIT_TRANSIT = "1020"
CUSTODIAN_TRANSIT = "1030"
EMPLOYEE_SHARE_DUE = "1300"
PAYROLL_CLEARING = "1900"
PREMIUM_PAYABLE = "2100"
DEFERRAL_PAYABLE = "2310"
MATCH_PAYABLE = "2320"
EARNINGS_PAYABLE = "2330"
ACCOUNT_PAYABLE = "2340"
LOAN_PAYABLE = "2350"
LEAVE_LIABILITY = "2400"
LEAVE_AVAILABLE = "2410"
LEAVE_SOURCE = "2490"
OPENING = "3000"
BENEFIT_COST = "5100"
CREDITS_LOST = "5110"
MATCH_EXPENSE = "5200"
LOST_EARNINGS = "5300"
LEAVE_EXPENSE = "5400"
ROUNDING = "5900"
SUSPENSE = "9000"

CHART: dict[str, Account] = {
    account.code: account
    for account in (
        Account(BANK, "Bank"),
        Account(CARRIER_TRANSIT, "Remittance in transit to carrier", clearing=True),
        Account(DEPOSIT_TRANSIT, "Deposit in transit to recordkeeper", clearing=True),
        Account(CUSTODIAN_TRANSIT, "Deposit in transit to custodian or administrator", clearing=True),
        Account(EMPLOYEE_SHARE_DUE, "Employee share due", clearing=True),
        Account(PAYROLL_CLEARING, "Payroll clearing", clearing=True),
        Account(PREMIUM_PAYABLE, "Premium payable to carrier", clearing=True),
        Account(DEFERRAL_PAYABLE, "Employee contributions payable", clearing=True),
        Account(MATCH_PAYABLE, "Employer contributions payable", clearing=True),
        Account(EARNINGS_PAYABLE, "Lost earnings payable", clearing=True),
        Account(ACCOUNT_PAYABLE, "Contributions to HSA, FSA and commuter accounts payable", clearing=True),
        Account(LOAN_PAYABLE, "Repayments of plan loans payable", clearing=True),
        Account(LEAVE_LIABILITY, "Leave liability"),
        Account(LEAVE_AVAILABLE, "Leave available (hours)"),
        Account(LEAVE_SOURCE, "Leave granted and taken (hours)"),
        Account(OPENING, "Opening balances"),
        Account(BENEFIT_COST, "Benefit cost, employer"),
        Account(CREDITS_LOST, "Carrier credits lost"),
        Account(MATCH_EXPENSE, "Match expense"),
        Account(LOST_EARNINGS, "Lost earnings expense"),
        Account(LEAVE_EXPENSE, "Leave expense"),
        Account(ROUNDING, "Rounding"),
        Account(SUSPENSE, "Unidentified receipts", clearing=True),
    )
}
"""Every account a leg may name."""
