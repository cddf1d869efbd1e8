"""pain.001: what is written holds against the schema, and is read back by another way than it was written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import DataError
from benehub.formats.sepa import credit_transfer_read
from benehub.formats.sepa.accounts import LENGTHS, bic, iban, iban_fault
from benehub.formats.sepa.characters import reference_fault, remittance, short_reference, spelled
from benehub.formats.sepa.check import check
from benehub.formats.sepa.credit_transfer import SCHEMAS, Address, Party, Transfer, render
from benehub.formats.sepa.schema import schema_findings

WHEN = datetime(2026, 11, 25, 14, 5, tzinfo=UTC)
EXECUTES = date(2026, 11, 30)
ACME = Party(
    "Acme Werkzeuge GmbH", "DE89 3704 0044 0532 0130 00", "COBADEFFXXX",
    Address("Köln", "DE", "Domstraße", "1", "50667"),
)  # fmt: skip
INSURER = Party("Müller & Söhne Versicherung AG", "DE02120300000000202051", "", Address("Berlin", "DE"))
TRANSFER = Transfer(INSURER, 33_800, "premium.remit/sued/2026-11/17", "Vertrag 4711, 4712")


def made(*transfers: Transfer, debtor: Party = ACME, **others: Any) -> bytes:
    return render(debtor, transfers, message="BH-17", execution=EXECUTES, created=WHEN, **others)


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("debtor", [ACME, replace(ACME, bic="", address=None)])
def test_what_is_written_holds_against_the_schema(schema: str, debtor: Party) -> None:
    out = made(TRANSFER, replace(TRANSFER, reference="2", amount=1), debtor=debtor, schema=schema)
    assert schema_findings(out) == () and check(out) == ()
    assert b"AdrLine" not in out
    sent = list(credit_transfer_read.transfers(out))
    assert [(one.reference, one.amount, one.currency) for one in sent] == [
        ("premium.remit/sued/2026-11/17", 33_800, "EUR"),
        ("2", 1, "EUR"),
    ]
    assert {(one.message, one.payment, one.execution) for one in sent} == {("BH-17", "BH-17", EXECUTES)}
    assert sent[0].name == "Mueller + Soehne Versicherung AG" and sent[0].remittance == "Vertrag 4711, 4712"
    assert (sent[0].debtor_iban, sent[0].iban) == ("DE89370400440532013000", "DE02120300000000202051")


def test_the_same_transfers_give_the_same_bytes() -> None:
    assert made(TRANSFER) == made(TRANSFER)
    text = made(TRANSFER).decode()
    assert "<CreDtTm>2026-11-25T14:05:00</CreDtTm>" in text
    assert "<CtrlSum>338.00</CtrlSum>" in text and "<NbOfTxs>1</NbOfTxs>" in text
    assert "<StrtNm>Domstrasse</StrtNm><BldgNb>1</BldgNb><PstCd>50667</PstCd><TwnNm>Koeln</TwnNm>" in text
    assert "<BtchBookg>false</BtchBookg>" in made(TRANSFER, batch_booking=False).decode()
    assert "NOTPROVIDED" in made(TRANSFER, debtor=replace(ACME, bic="")).decode()


@given(st.lists(st.integers(1, 99_999_999_999), min_size=1, max_size=20))
def test_counts_and_sums_are_exact(amounts: list[int]) -> None:
    out = made(*(replace(TRANSFER, amount=amount, reference=str(n)) for n, amount in enumerate(amounts)))
    findings = [one for one in credit_transfer_read.read(out) if not isinstance(one, credit_transfer_read.Sent)]
    assert findings == []
    assert [one.amount for one in credit_transfer_read.transfers(out)] == amounts


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"amount": 0}, "transfer 1: an amount"),
        ({"amount": 10**11}, "too large"),
        ({"reference": "x" * 36}, "EndToEndId: the reference is not 1 to 35"),
        ({"reference": "/a"}, "slash"),
        ({"reference": "a//b"}, "slash"),
        ({"reference": "ä"}, "character"),
        ({"remittance": "x" * 141}, "remittance: 141 characters, and 140 fit"),
        ({"remittance": "北"}, "Latin"),
        ({"to": replace(INSURER, iban="DE02120300000000202052")}, "no IBAN: its check digits"),
        ({"to": replace(INSURER, iban="DE0212030000000020205")}, "21 characters, and DE has 22"),
        ({"to": replace(INSURER, iban="US02120300000000202051")}, "US takes no part"),
        ({"to": replace(INSURER, iban="")}, "not two letters"),
        ({"to": replace(INSURER, bic="COBADEF")}, "BIC: no BIC"),
        ({"to": replace(INSURER, name="x" * 71)}, "name: 71 characters"),
        ({"to": replace(INSURER, address=Address("Berlin", "Germany"))}, "two letters"),
        ({"to": replace(INSURER, address=Address("", "DE"))}, "address: empty"),
    ],
)
def test_what_cannot_be_paid_is_refused_by_name(change: dict[str, Any], told: str) -> None:
    with pytest.raises(DataError, match=told) as caught:
        made(replace(TRANSFER, **change))
    assert "120300000000202" not in str(caught.value)


def test_a_message_of_nothing_or_with_a_reference_twice_is_refused() -> None:
    with pytest.raises(DataError, match="no transfer"):
        made()
    with pytest.raises(DataError, match="reference twice"):
        made(TRANSFER, TRANSFER)
    with pytest.raises(DataError, match="no schema"):
        made(TRANSFER, schema="pain.001.001.12")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("<CtrlSum>338.00</CtrlSum>", "<CtrlSum>338.01</CtrlSum>", "control-sum"),
        ("<CtrlSum>338.00</CtrlSum>", "<CtrlSum>x</CtrlSum>", "control-sum"),
        ("<NbOfTxs>1</NbOfTxs>", "<NbOfTxs>2</NbOfTxs>", "count"),
        ("DE02120300000000202051", "DE02120300000000202050", "iban"),
        ("DE89370400440532013000", "DE89370400440532013001", "iban"),
        ("2026-11-30", "2026-11-29", "banking-day"),
        ("2026-11-30", "2060-11-30", "banking-day"),
        ("2026-11-30", "2026-13-30", "value"),
        ('Ccy="EUR"', 'Ccy="USD"', "amount"),
        ('Ccy="EUR">338.00', 'Ccy="EUR">x', "value"),
        ("<TwnNm>Berlin</TwnNm>", "", "address"),
        ("Mueller + Soehne", "Müller", "name"),
        ("premium.remit/sued", "//", "reference"),
        (">BH-17</MsgId>", ">B*</MsgId>", "reference"),
        ("COBADEFFXXX", "COBA", "schema"),
        ("<PmtMtd>TRF</PmtMtd>", "", "schema"),
    ],
)
def test_what_is_wrong_in_a_file_is_found(old: str, new: str, code: str) -> None:
    text = made(TRANSFER).decode()
    assert old in text
    found = check(text.replace(old, new).encode())
    assert code in {one.code for one in found}, found
    assert all(one.field and one.mend for one in found)
    if code not in ("schema",):
        with pytest.raises(DataError):
            list(credit_transfer_read.transfers(text.replace(old, new).encode()))


def test_a_reference_twice_in_a_file_is_found() -> None:
    text = made(TRANSFER, replace(TRANSFER, reference="B")).decode()
    found = check(text.replace(">B<", ">premium.remit/sued/2026-11/17<").encode())
    assert [one.code for one in found] == ["reference-twice"]


@given(st.sampled_from(sorted(LENGTHS)), st.data())
def test_mod_97_finds_every_single_wrong_digit_and_swapped_pair(country: str, data: st.DataObject) -> None:
    size = LENGTHS[country] - 4
    account = data.draw(st.text("0123456789", min_size=size, max_size=size))
    digits = "".join(str(int(letter, 36)) for letter in f"{account}{country}00")
    number = f"{country}{98 - int(digits) % 97:02d}{account}"
    assert iban(number.lower(), where="") == number
    place, by = data.draw(st.integers(2, len(number) - 1)), data.draw(st.integers(1, 9))
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    assert iban_fault(wrong)
    pair = data.draw(st.integers(4, len(number) - 2))
    swapped = number[:pair] + number[pair + 1] + number[pair] + number[pair + 2 :]
    assert bool(iban_fault(swapped)) == (swapped != number)


def test_published_ibans_hold() -> None:
    # the examples of the ISO 13616 registry
    for number in (
        "AT611904300234573201", "BE68539007547034", "CH9300762011623852957", "DE89370400440532013000",
        "ES9121000418450200051332", "FR1420041010050500013M02606", "GB29NWBK60161331926819",
        "IT60X0542811101000000123456",
        "NL91ABNA0417164300", "LU280019400644750000", "PT50000201231234567890154", "MT84MALT011000012345MTLCAST001S",
    ):  # fmt: skip
        assert iban(number, where="") == number
    assert bic("cobadeff", where="") == "COBADEFF"


@given(st.text(max_size=60))
def test_spelling_gives_what_banks_take_or_refuses(text: str) -> None:
    try:
        out = spelled(text, 500, where="name")
    except DataError:
        return
    assert out and spelled(out, 500, where="name") == out


@given(st.text(max_size=80))
def test_every_key_has_a_short_reference(key: str) -> None:
    short = short_reference(key)
    assert not reference_fault(short) and short == short_reference(key)
    assert short == short_reference(short)


def test_long_keys_differ_where_their_ends_do() -> None:
    long = "premium.remit/northstar-health-insurance/2026-11/"
    assert short_reference(long + "1") != short_reference(long + "2")
    assert short_reference(long + "1").startswith("premium.remit-nort-")


def test_contract_numbers_that_do_not_fit_are_refused() -> None:
    assert remittance(("4711", "4712"), "Vertrag", where="") == "Vertrag 4711, 4712"
    with pytest.raises(DataError, match="30 contract numbers do not fit into 140"):
        remittance(tuple(str(n) for n in range(10_000, 10_030)), where="x")
