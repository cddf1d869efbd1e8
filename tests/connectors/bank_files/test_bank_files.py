"""The bank connector: settings say what is wrong without its value, files tie to their 820, only ours are answers."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import achkit
import pytest
from pydantic import ValidationError

from benehub.connect.connector import Envelope, Item, Link
from benehub.connect.files import FolderMailbox
from benehub.errors import ConfigError, DataError, Unsupported
from benehub.formats.nacha import ctx
from benehub.formats.nacha.read import parse
from benehub.formats.sepa import credit_transfer_read
from benehub.formats.sepa.schema import schema_findings
from benehub.formats.x12 import remittance_820 as x820
from benehub.formats.x12.envelope import Interchange
from benehub_connectors import bank_files
from benehub_connectors.bank_files import BankFiles, BankSettings
from benehub_connectors.bank_files.simulator import BankSimulator

WHEN = datetime(2026, 11, 25, 14, 5, tzinfo=UTC)
NACHA = {"bank": "011000015", "bank_name": "First Bank", "company_name": "Acme", "company_id": "1123456789"}
NORTHSTAR = {"name": "Northstar", "routing": "021000021", "account": "0099887766", "kind": "savings"}
SUED = {"name": "Süd Leben AG", "iban": "DE02120300000000202051", "contracts": ["4711", "4712"]}
DEBTOR = {"name": "Acme GmbH", "iban": "DE89 3704 0044 0532 0130 00", "address": {"town": "Köln", "country": "DE"}}
OURS = BankFiles()


def profile(kind: str = "nacha-ccd+", folder: Path | str = "/nowhere", **changes: Any) -> dict[str, Any]:
    who = {"sepa": DEBTOR} if kind == "sepa" else {"nacha": NACHA}
    payees = {"sued": SUED} if kind == "sepa" else {"northstar": NORTHSTAR}
    return {"place": {"folder": str(folder)}, "format": kind, **who, "payees": payees, **changes}


def settings(kind: str = "nacha-ccd+", folder: Path | str = "/nowhere", **changes: Any) -> BankSettings:
    return BankSettings.model_validate(profile(kind, folder, **changes))


def remittance(total: int = 61_250, line_breaks: bool = False) -> str:
    bank = x820.Bank("011000015", "1")
    head = x820.Remittance820(
        total, "ACH", date(2026, 12, 1), "TRACE-17", x820.Party("N", "FI", "987654321"),
        x820.Party("A", "FI", "123456789"), payment_format="CTX", payer_bank=bank, payee_bank=bank,
        originator="1123456789",
    )  # fmt: skip
    paid = x820.Entity("2J", "EI", "M1", (x820.Remitted("AZ", "P1", total, total),))
    return "".join(x820.render(Interchange("ACME", "NORTH", 17, 17, WHEN, line_breaks=line_breaks), head, (paid,)))


def order(**changes: Any) -> Item:
    content = {
        "payee": "northstar", "paid_minor": 61_250, "currency": "USD", "settle_on": "2026-12-01",
        "reference": "premium.remit/northstar/2026-12/17", "remittance": remittance(),
    }  # fmt: skip
    return Item("payment.order", "payment.order/1", content | changes)


def rendered(config: BankSettings, item: Item, control: int = 17, total: int = 61_250) -> Any:
    return OURS.render("payment.order", [item], Envelope(control, WHEN, "R", total), config)


def test_a_ctx_holds_the_820_and_settles_on_the_banking_day_before() -> None:
    out = rendered(settings("nacha-ctx"), order(settle_on="2026-11-29"))
    assert out.name == "to-bank/ach_000000017.ach" and out.totals == {"payments": 1, "paid_minor": 61_250}
    assert achkit.validate(out.data.decode())["ok"]
    file = parse(out.data)
    (batch,) = file.batches
    (entry,) = batch.entries
    assert ctx.join(entry.addenda).decode() == remittance()
    # a Sunday; the Thursday before is Thanksgiving, the Friday is open
    assert (batch.header.effective, entry.transaction, entry.id) == (date(2026, 11, 27), 32, "BH-17")
    assert (entry.trace, file.header.modifier, batch.header.number) == ("011000010000017", "R", 17)


def test_a_day_that_has_passed_becomes_the_next_banking_day() -> None:
    out = rendered(settings(), order(settle_on="2026-11-01"))
    assert parse(out.data).batches[0].header.effective == date(2026, 11, 27)  # tomorrow is Thanksgiving


def test_a_sepa_transfer_names_reference_and_contracts() -> None:
    out = rendered(settings("sepa"), order(payee="sued", currency="EUR", remittance=""))
    assert schema_findings(out.data) == () and out.name == "to-bank/pain001_000000017.xml"
    (sent,) = credit_transfer_read.transfers(out.data)
    assert (sent.message, sent.reference, sent.execution) == ("BH-17", "BH-17", date(2026, 12, 1))
    assert sent.remittance == "premium.remit/northstar/2026-12/17 4711, 4712"


@pytest.mark.parametrize(
    ("kind", "changes", "told"),
    [
        ("nacha-ccd+", {"payee": "sued"}, "no account of 'sued'"),
        ("nacha-ccd+", {"remittance": remittance(61_251)}, "820 does not tell this payment"),
        ("nacha-ccd+", {"currency": "EUR"}, "EUR by ACH"),
        ("nacha-ctx", {"remittance": ""}, "nothing at all"),
        ("nacha-ctx", {"remittance": remittance(line_breaks=True)}, "line_breaks off"),
        ("sepa", {"payee": "sued"}, "USD by SEPA"),
        ("nacha-ccd+", {"paid_minor": 1}, "not the total"),
        ("nacha-ccd+", {"paid_minor": "x"}, "no PaymentOrder: paid_minor"),
        ("nacha-ccd+", {"remittance": "ISA*cut off"}, "payment.order/1"),
    ],
)
def test_what_cannot_be_ordered_is_refused_by_name(kind: str, changes: dict[str, Any], told: str) -> None:
    with pytest.raises((DataError, ConfigError), match=told) as caught:
        rendered(settings(kind), order(**changes))
    assert "0099887766" not in str(caught.value)


def test_one_file_is_one_payment() -> None:
    with pytest.raises(DataError, match="exactly one"):
        OURS.render("payment.order", [order(), order()], Envelope(1, WHEN, "R", 122_500), settings())
    with pytest.raises(Unsupported):
        OURS.render("premium.remit", [order()], Envelope(1, WHEN, "R"), settings())


@pytest.mark.parametrize(
    ("kind", "changes", "told"),
    [
        ("nacha-ccd+", {"nacha": None}, "needs the part nacha"),
        ("sepa", {"sepa": None}, "needs the part sepa"),
        ("nacha-ccd+", {"nacha": NACHA | {"bank": "011000016"}}, "bank is no ABA routing number"),
        ("nacha-ccd+", {"payees": {"n": NORTHSTAR | {"routing": "1"}}}, "payees.n.routing: no ABA"),
        ("nacha-ccd+", {"payees": {"n": NORTHSTAR | {"account": ""}}}, "payees.n.account: it is empty"),
        ("sepa", {"payees": {"n": SUED | {"iban": "DE0"}}}, "payees.n.iban: not two letters"),
        ("sepa", {"sepa": DEBTOR | {"iban": "DE89370400440532013001"}}, "sepa.iban: its check digits"),
        ("nacha-ccd+", {"prefix": "1"}, "prefix"),
    ],
)
def test_settings_say_what_is_wrong(kind: str, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        settings(kind, **changes)


def test_references_are_filled_in_and_checked_then() -> None:
    config = settings("sepa", payees={"sued": SUED | {"iban": "env:IBAN"}})
    filled = OURS.resolved(config, {"env:IBAN": "DE02120300000000202051"})
    assert filled.payees["sued"].iban == "DE02120300000000202051"
    assert "DE0212" not in repr(filled) and "DE89" not in repr(filled)
    with pytest.raises(ConfigError, match=r"payees.sued.iban: its check digits") as caught:
        OURS.resolved(config, {"env:IBAN": "DE02120300000000202052"})
    assert "202052" not in str(caught.value)


def read(folder: Path, config: BankSettings) -> list[Any]:
    link = Link("acme", "bank", config, lambda: WHEN, None, FolderMailbox(folder))
    return [row for page in OURS.read("payment_answer", link, None) for row in page.rows]


@pytest.mark.parametrize("kind", ["nacha-ccd+", "nacha-ctx", "sepa"])
def test_answers_are_found_by_the_payments_number(kind: str, tmp_path: Path) -> None:
    config = settings(kind, tmp_path)
    bank = BankSimulator(tmp_path, config)
    changes = {"payee": "sued", "currency": "EUR"} if kind == "sepa" else {}
    out = rendered(config, order(**changes))
    FolderMailbox(tmp_path).put(out.name, out.data)
    bank.collect()
    bank.settle(date(2026, 12, 1))
    bank.give_back("R03", date(2026, 12, 3))
    rows = read(tmp_path, config)
    assert sorted((row.data["control"], row.data["status"], row.data["amount_minor"]) for row in rows) == [
        ("17", "returned", 61_250),
        ("17", "settled", 61_250),
    ]
    assert {row.data["on"] for row in rows} == {"2026-12-01", "2026-12-03"}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("return.ach", ("returned", "R03", 61_250)),
        ("change.ach", ("correct", "C01", None)),
        ("status.xml", ("rejected", "AC04", None)),
        ("statement.xml", ("settled", "", 61_250)),
    ],
)
def test_the_samples_are_read(name: str, told: tuple[Any, ...], tmp_path: Path) -> None:
    samples = json.loads((Path(bank_files.__file__).parent / "samples" / "answers.json").read_text())
    config = settings(folder=tmp_path)
    BankSimulator(tmp_path, config)
    FolderMailbox(tmp_path).put(f"from-bank/{name}", "\n".join(samples[name]).encode())
    (row,) = read(tmp_path, config)
    assert row.data["control"] == "17"
    assert (row.data["status"], row.data["code"], row.data["amount_minor"]) == told


def test_what_is_not_ours_is_no_row_and_rubbish_is_refused_whole(tmp_path: Path) -> None:
    config = settings("sepa", tmp_path)
    BankSimulator(tmp_path, config)
    space = "urn:iso:std:iso:20022:tech:xsd"
    others = (
        f'<Document xmlns="{space}:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>S</Id><Ntry><Amt Ccy="EUR">5.00</Amt>'
        "<CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><NtryDtls><TxDtls><Refs><EndToEndId>RENT-17</EndToEndId>"
        "</Refs></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>"
    )
    box = FolderMailbox(tmp_path)
    box.put("from-bank/a.xml", others.encode())
    box.put("from-bank/b.xml", b"<Document/>")
    box.put("from-bank/c.ach", b"no bank's file")
    box.put("from-bank/d.xml", others.replace("camt.053", "camt.054").encode())
    problems = [row.problem for row in read(tmp_path, config)]
    assert len(problems) == 3
    assert all(problem.startswith("file from-bank/") for problem in problems)


def test_a_pending_entry_settles_nothing(tmp_path: Path) -> None:
    config = settings("sepa", tmp_path)
    bank = BankSimulator(tmp_path, config)
    out = rendered(config, order(payee="sued", currency="EUR"))
    FolderMailbox(tmp_path).put(out.name, out.data)
    bank.collect()
    name = bank.settle(date(2026, 12, 1))
    text = (tmp_path / name).read_text()
    (tmp_path / name).write_text(text.replace("BOOK", "PDNG"))
    assert read(tmp_path, config) == []
    (tmp_path / name).write_text(text.replace(">BH-17<", ">BH-<"))
    assert read(tmp_path, config) == []


def test_the_bank_refuses_what_its_judge_refuses(tmp_path: Path) -> None:
    bank = BankSimulator(tmp_path, settings(folder=tmp_path))
    FolderMailbox(tmp_path).put("to-bank/x.ach", b"rubbish")
    assert bank.collect() == bank.refused == ["x.ach"] and bank.taken == []
