"""Differences that no fix of the hub's can put right, each with why: the data has to be mended where it is kept, the
law keeps the hub out of it, or a fix would settle another difference."""

from __future__ import annotations

from collections.abc import Mapping

from benehub.reconcile import Type

_KEPT = "what is wrong is kept elsewhere: mend it there, and the next read closes it"
_YEAR = "it comes of the months behind it: what puts those right puts the year right; a filed form is payroll's"

WHY_NONE: Mapping[Type, str] = {
    Type.ROW_QUARANTINED: _KEPT, Type.BATCH_HELD: "a person looks at the batch, and applies or refuses it",
    Type.MISSING_FROM_HRIS: _KEPT, Type.GONE_FROM_SOURCE: _KEPT,
    Type.UNKNOWN_TO_PAYROLL: "payroll sets up its own people", Type.UNKNOWN_EMPLOYEE: "a person says who it is",
    Type.UNKNOWN_CODE: "the code is mapped in the plan book", Type.UNKNOWN_PLAN: "the word is mapped to a plan",
    Type.DUPLICATE_IDENTITY: "who is one person is a person's word: nobody is merged by a likeness",
    Type.MEMBER_REFUSED: "the carrier said what it does not take: the next change file tells it, once it is mended",
    Type.FILE_REJECTED: "the carrier said what it does not take: the file is made anew, once it is mended",
    Type.ACK_OVERDUE: "the answer is the carrier's to give",
    Type.RETRO_LIMIT: "the carrier agreed to go back no further: ask it for an exception",
    Type.FUTURE_LIMIT: "it leaves by itself on its day",
    Type.RESCISSION_BLOCKED: "cover for which pay was taken may not be ended in the past (26 CFR 54.9815-2712)",
    Type.PREMIUM_AT_RISK: "the bill is paid: benehub premiums remit",
    Type.REMITTED_NOT_CONFIRMED: "bank or carrier say what became of the payment",
    Type.FEE: "the carrier explains or takes back its fee; one that was agreed is the `monthly_fee` of its terms",
    Type.CASH_APPLICATION: "the carrier says how it booked the payments; they have left",
    Type.CREDIT_EXPIRING: "the credit is claimed by the difference of the bill behind it",
    Type.CREDIT_EXPIRED: "the carrier's days of the claim are over", Type.CLAIMED_LATE: "the claim has left, too late",
    Type.LIMIT_UNKNOWN: "the year's limit has to be loaded",
    Type.YEAR_REGISTER_DIFF: _YEAR, Type.YEAR_LEDGER_DIFF: _YEAR, Type.YEAR_CREDIT_DIFF: _YEAR, Type.W2_BOX_DIFF: _YEAR,
    Type.BALANCE_DIFF: "which balance is right is a person's word: benehub leave tells how ours came about",
    Type.NEGATIVE_NOT_RECOVERED: "taking leave back out of pay is wage law of the state, and often needs a signature",
}  # fmt: skip
"""Type -> why the hub proposes nothing for it."""
