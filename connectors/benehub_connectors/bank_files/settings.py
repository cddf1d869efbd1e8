"""What one bank connection needs: the format, who pays, and the account of every insurer that is paid.

Account numbers may be references (`env:NAME`, `file:PATH`, `keyring:NAME`); they are filled in when the connection
opens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from benehub.connect.place import Place
from benehub.errors import ConfigError
from benehub.formats.nacha.codes import AccountKind
from benehub.formats.nacha.routing import is_routing
from benehub.formats.sepa.accounts import iban_fault
from benehub.formats.sepa.credit_transfer import SCHEMAS

_REFERENCE = re.compile(r"^(env|file|keyring):")


class Format(StrEnum):
    """How the money moves."""

    CCD = "nacha-ccd+"
    CTX = "nacha-ctx"
    SEPA = "sepa"


class _Part(BaseModel):
    """Frozen; a field it does not know is an error of the person who wrote it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Address(_Part):
    """A structured address; country in two letters."""

    town: str = Field(min_length=1, max_length=35)
    country: str = Field(pattern=r"^[A-Z]{2}$")
    street: str = ""
    building: str = ""
    postcode: str = ""


class NachaOriginator(_Part):
    """Who pays by ACH.

    Args:
        bank: routing number of our bank. `bank_name`: as the file header tells it.
        company_id: ten characters, `1` and the tax id unless the bank says otherwise.
        origin: immediate origin, where the bank assigned another than the company id.
        description: what the receiver reads.
    """

    bank: str
    bank_name: str = Field(min_length=1, max_length=23)
    company_name: str = Field(min_length=1, max_length=16)
    company_id: str = Field(min_length=10, max_length=10)
    origin: str = Field(default="", max_length=10)
    description: str = Field(default="PREMIUM", min_length=1, max_length=10)

    @model_validator(mode="after")
    def _real_bank(self) -> Self:
        if not is_routing(self.bank):
            raise ValueError("bank is no ABA routing number; copy it from the bank's own letter")
        return self


class SepaDebtor(_Part):
    """Who pays by SEPA. `iban` may be a reference."""

    name: str = Field(min_length=1, max_length=70)
    iban: str = Field(min_length=1, repr=False)
    bic: str = ""
    address: Address | None = None
    schema_name: str = SCHEMAS[1]
    batch_booking: bool = False


class Payee(_Part):
    """An insurer's account: `routing` and `account` in the United States, `iban` in SEPA. Numbers may be references.

    Args:
        kind: checking or savings.
        contracts: contract numbers that stand in the remittance of a SEPA transfer.
        id: how the insurer knows us in a NACHA entry; the payment's own number when left out.
    """

    name: str = Field(min_length=1, max_length=70)
    routing: str = Field(default="", repr=False)
    account: str = Field(default="", repr=False)
    kind: str = Field(default="checking", pattern=r"^(checking|savings)$")
    iban: str = Field(default="", repr=False)
    bic: str = ""
    address: Address | None = None
    contracts: tuple[str, ...] = ()
    id: str = Field(default="", max_length=15)

    @property
    def account_kind(self) -> AccountKind:
        """The same in the file's words."""
        return AccountKind.SAVINGS if self.kind == "savings" else AccountKind.CHECKING


class BankSettings(_Part):
    """Settings of a `bank_files` connection.

    Args:
        place: folder or SFTP account of the mailbox.
        inbox, outbox: its folders; the bank writes to the first, we to the second.
        format: `nacha-ccd+`, `nacha-ctx` (the 820 rides inside) or `sepa`.
        prefix: stands before the payment's number in every id of ours; tells our payments from others'.
        payees: connection of the insurer -> its account.
        answers: name patterns of what the bank sends.
    """

    place: Place
    inbox: str = "from-bank"
    outbox: str = "to-bank"
    format: Format
    prefix: str = Field(default="BH-", pattern=r"^[A-Za-z][A-Za-z0-9-]{0,7}$")
    nacha: NachaOriginator | None = None
    sepa: SepaDebtor | None = None
    payees: dict[str, Payee] = Field(min_length=1)
    answers: tuple[str, ...] = ("*.ach", "*.ret", "*.noc", "*.xml")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        sepa = self.format is Format.SEPA
        if (self.sepa if sepa else self.nacha) is None:
            raise ValueError(f"format {self.format.value} needs the part {'sepa' if sepa else 'nacha'}")
        if sepa and self.sepa is not None:
            _account("sepa.iban", self.sepa.iban, iban_fault(self.sepa.iban.replace(" ", "").upper()))
        for name, one in self.payees.items():
            if sepa:
                _account(f"payees.{name}.iban", one.iban, iban_fault(one.iban.replace(" ", "").upper()))
                continue
            wrong = "" if is_routing(one.routing) else "no ABA routing number"
            _account(f"payees.{name}.routing", one.routing, wrong)
            _account(f"payees.{name}.account", one.account, "" if one.account else "it is empty")
        return self

    def with_accounts(self, secret: Mapping[str, str]) -> BankSettings:
        """The settings with what their references stand for; checked again.

        Raises:
            ConfigError: what a reference stands for is no such number.
        """
        data = self.model_dump()
        parts = [*data["payees"].values(), *([data["sepa"]] if data["sepa"] else [])]
        for part in parts:
            for name in ("routing", "account", "iban"):
                part.update({name: secret.get(part[name], part[name])} if name in part else {})
        try:
            return BankSettings.model_validate(data)
        except ValidationError as error:
            # pydantic's own text would show the number
            what = "; ".join(str(one["msg"]) for one in error.errors(include_input=False, include_url=False))
            raise ConfigError(what, where="bank_files", mend="Correct what the reference holds") from None

    def control(self, text: str) -> str:
        """The payment's number in an id of ours; empty for anything else."""
        rest = text.removeprefix(self.prefix) if text.startswith(self.prefix) else ""
        return rest if re.fullmatch(r"\d{1,18}", rest) else ""


def _account(place: str, value: str, wrong: str) -> None:
    if wrong and not _REFERENCE.match(value):
        raise ValueError(f"{place}: {wrong}")
