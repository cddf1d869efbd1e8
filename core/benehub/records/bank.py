"""The nouns between us and our bank: the order to pay, and what the bank says became of it."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from benehub.records.base import Record


class PaymentOrder(Record):
    """Operation `payment.order`: pay one insurer what one remittance tells."""

    sensitive: ClassVar[frozenset[str]] = frozenset({"remittance"})

    payee: str = Field(min_length=1)
    """Connection of the insurer; the bank connection's settings hold its account."""
    paid_minor: int = Field(gt=0)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    settle_on: date
    """The day it is due; banks settle on a banking day on or before it."""
    reference: str = Field(min_length=1)
    """What joins it to its remittance, where that is no 820 (of which TRN02 is taken)."""
    remittance: str = ""
    """The text of the remittance, as it was frozen."""


class PaymentStatus(StrEnum):
    """What a bank says of a payment."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    """Taken; not yet booked."""
    SETTLED = "settled"
    """It has left our account."""
    REJECTED = "rejected"
    """It will not be carried out."""
    RETURNED = "returned"
    """It came back."""
    DISPUTED = "disputed"
    """It came back, and our bank has refused that: it may be the payee's again."""
    CONTESTED = "contested"
    """The payee's bank stands by what it sent back: it has come back after all."""
    CORRECT = "correct"
    """It arrived; the next one is to be sent with other data."""


class PaymentAnswer(Record):
    """Stream `payment_answer`: what a bank says of a payment of ours, found by its control number."""

    control: str = Field(pattern=r"^\d{1,18}$")
    status: PaymentStatus
    amount_minor: int | None = None
    """Minor units; None where the bank does not repeat it."""
    code: str = ""
    """The reason: `R03`, `C01`, `AC04`, ..."""
    text: str = ""
    on: date | None = None
    """The day it was booked or came back."""
