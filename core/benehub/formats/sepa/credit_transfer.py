"""pain.001, the credit transfer: what we pay, in euro cents, through sepaxml.

sepaxml draws its ids at random and reads the clock; both are set here from what is handed in, so that the same
transfers give the same bytes. Addresses are written structured only: free lines are not taken since 22 November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from benehub.errors import DataError
from benehub.formats.sepa.accounts import bic, iban
from benehub.formats.sepa.characters import NAME, REMITTANCE, reference, spelled

SCHEMAS = ("pain.001.001.03", "pain.001.001.09", "pain.001.001.10", "pain.001.001.11")
SCHEMA = "pain.001.001.09"
"""What banks in SEPA ask for since November 2025."""
LARGEST = 99_999_999_999
"""Euro cents of one SEPA credit transfer."""

_XML = b'<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, slots=True)
class Address:
    """A structured address; town and country (two letters) are needed."""

    town: str
    country: str
    street: str = ""
    building: str = ""
    postcode: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """Who pays or is paid. The BIC may be left out inside the EEA, the address too."""

    name: str
    iban: str = field(repr=False)
    bic: str = ""
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """One credit transfer.

    Args:
        amount: euro cents.
        reference: EndToEndId, our idempotency reference, at most 35 characters (`characters.short_reference`).
        remittance: at most 140 characters (`characters.remittance` of contract numbers).
    """

    to: Party
    amount: int
    reference: str
    remittance: str = field(repr=False)


def render(
    debtor: Party,
    transfers: Sequence[Transfer],
    *,
    message: str,
    execution: date,
    created: datetime,
    schema: str = SCHEMA,
    batch_booking: bool = True,
) -> bytes:
    """The message with one batch of transfers; count and control sum are worked out.

    Args:
        message: message and payment id, at most 35 characters, never used twice.
        execution: the day the bank is to execute it, a TARGET day.
        batch_booking: the bank books the batch as one sum.

    Raises:
        DataError: nothing to pay, a wrong IBAN, BIC, name, reference or amount, or one reference twice. The message
            names the transfer by its number.
    """
    from sepaxml import SepaTransfer

    if schema not in SCHEMAS:
        raise DataError(f"no schema {schema[:30]!r}", where="pain.001", mend=f"Take one of {', '.join(SCHEMAS)}")
    if not transfers or len({one.reference for one in transfers}) != len(transfers):
        raise DataError("no transfer, or a reference twice", where="pain.001", mend="Give each its own reference")
    reference(message, where="pain.001, message id")
    payer = _party(debtor, "debtor")
    made = SepaTransfer({**payer, "currency": "EUR", "batch": True}, schema=schema, clean=False)
    for number, one in enumerate(transfers, 1):
        made.add_payment(_payment(one, number, execution))
    return _settled(made.export(validate=False), schema, message, created, "BIC" in payer, batch_booking)


def _party(one: Party, where: str) -> dict[str, Any]:
    known: dict[str, Any] = {
        "name": spelled(one.name, NAME, where=f"{where}, name"),
        "IBAN": iban(one.iban, where=f"{where}, IBAN"),
    }
    if one.bic:
        known["BIC"] = bic(one.bic, where=f"{where}, BIC")
    if one.address is not None:
        known["address"] = _address(one.address, f"{where}, address")
    return known


def _address(one: Address, where: str) -> dict[str, str]:
    if not re.fullmatch(r"[A-Z]{2}", one.country):
        raise DataError("the country is no code of two letters", where=where, mend="Write DE, FR, ...")
    parts = {
        "street_name": (one.street, 70), "building_number": (one.building, 16),
        "postcode": (one.postcode, 16), "town": (one.town, 35),
    }  # fmt: skip
    told = {name: spelled(text, most, where=where) for name, (text, most) in parts.items() if text or name == "town"}
    return {**told, "country": one.country}


def _payment(one: Transfer, number: int, execution: date) -> dict[str, Any]:
    where = f"transfer {number}"
    if not 1 <= one.amount <= LARGEST:
        raise DataError(
            "an amount that is nothing or too large", where=where, mend="A transfer is 0.01 to 999,999,999.99 euro"
        )
    return {
        **_party(one.to, where),
        "amount": one.amount,
        "execution_date": execution,
        "description": spelled(one.remittance, REMITTANCE, where=f"{where}, remittance"),
        "endtoend_id": reference(one.reference, where=f"{where}, EndToEndId"),
    }


def _settled(out: bytes, schema: str, message: str, created: datetime, has_bic: bool, batch: bool) -> bytes:
    """The message with our ids and time in place of those that were drawn."""
    from defusedxml.ElementTree import fromstring, tostring

    root: Any = fromstring(out)
    values = {
        "GrpHdr/MsgId": message,
        "GrpHdr/CreDtTm": f"{created:%Y-%m-%dT%H:%M:%S}",
        "PmtInf/PmtInfId": message,
        "PmtInf/BtchBookg": "true" if batch else "false",
    }
    for path, value in values.items():
        root.find("{*}CstmrCdtTrfInitn/" + "/".join(f"{{*}}{name}" for name in path.split("/"))).text = value
    if not has_bic:
        agent = root.find("{*}CstmrCdtTrfInitn/{*}PmtInf/{*}DbtrAgt/{*}FinInstnId")
        other, name = agent.makeelement("Othr", {}), agent.makeelement("Id", {})
        name.text = "NOTPROVIDED"  # as the EPC's guidelines have it
        other.append(name)
        agent.append(other)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]  # or each would be written with a prefix
    root.set("xmlns", f"urn:iso:std:iso:20022:tech:xsd:{schema}")
    written: bytes = tostring(root, encoding="us-ascii")
    return _XML + written.split(b"?>", 1)[-1].lstrip()
