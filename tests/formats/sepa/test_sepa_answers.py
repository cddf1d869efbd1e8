"""pain.002 and camt.053: every version's form is read, and what is hostile or broken is refused by name."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import DataError, FormatError
from benehub.formats.sepa import payment_status, statement, xml
from benehub.formats.sepa.check import check
from benehub.formats.sepa.payment_status import Level, Outcome, Reason
from benehub.formats.sepa.statement import Balance, Entry, Statement

SPACE = "urn:iso:std:iso:20022:tech:xsd"


def report(body: str, version: str = "10") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{SPACE}:pain.002.001.{version}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>BANK-1</MsgId><CreDtTm>2026-11-25T15:00:00</CreDtTm></GrpHdr>{body}</CstmrPmtStsRpt></Document>"
    ).encode()


GROUP = (
    "<OrgnlGrpInfAndSts><OrgnlMsgId>BH-17</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"
    "<GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>"
)
PAYMENT = (
    "<OrgnlPmtInfAndSts><OrgnlPmtInfId>BH-17</OrgnlPmtInfId><PmtInfSts>PART</PmtInfSts>"
    "<TxInfAndSts><OrgnlEndToEndId>REF-1</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC04</Cd></Rsn>"
    "<AddtlInf>Konto</AddtlInf><AddtlInf>geschlossen</AddtlInf></StsRsnInf>"
    '<OrgnlTxRef><Amt><InstdAmt Ccy="EUR">338.00</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>'
    "<TxInfAndSts><OrgnlEndToEndId>REF-2</OrgnlEndToEndId><TxSts>ACSC</TxSts></TxInfAndSts></OrgnlPmtInfAndSts>"
)


@pytest.mark.parametrize("version", ["02", "03", "10", "13"])
def test_a_status_report_tells_group_payment_and_transaction(version: str) -> None:
    told = list(payment_status.parse(report(GROUP + PAYMENT, version)))
    assert [(one.level, one.code, one.outcome, one.reference) for one in told] == [
        (Level.GROUP, "PART", Outcome.PARTIAL, ""),
        (Level.TRANSACTION, "RJCT", Outcome.REJECTED, "REF-1"),
        (Level.TRANSACTION, "ACSC", Outcome.SETTLED, "REF-2"),
        (Level.PAYMENT, "PART", Outcome.PARTIAL, ""),
    ]
    assert {(one.report, one.message) for one in told} == {("BANK-1", "BH-17")}
    rejected = told[1]
    assert rejected.reasons == (Reason("AC04", "Konto geschlossen"),)
    assert (rejected.amount, rejected.currency, rejected.payment) == (33_800, "EUR", "BH-17")
    assert check(report(GROUP + PAYMENT, version)) == ()


def test_a_message_refused_whole() -> None:
    body = (
        "<OrgnlGrpInfAndSts><OrgnlMsgId>BH-17</OrgnlMsgId><GrpSts>RJCT</GrpSts>"
        "<StsRsnInf><Rsn><Prtry>DUPL</Prtry></Rsn></StsRsnInf></OrgnlGrpInfAndSts>"
    )
    (one,) = payment_status.parse(report(body))
    assert (one.level, one.outcome, one.reasons) == (Level.GROUP, Outcome.REJECTED, (Reason("DUPL"),))


def test_a_payment_without_transactions_and_one_that_leaves_the_status_to_it() -> None:
    alone = "<OrgnlPmtInfAndSts><OrgnlPmtInfId>BH-17</OrgnlPmtInfId><PmtInfSts>PDNG</PmtInfSts>{}</OrgnlPmtInfAndSts>"
    (one,) = payment_status.parse(report(alone.format("")))
    assert (one.level, one.outcome, one.payment) == (Level.PAYMENT, Outcome.PENDING, "BH-17")
    inherits = alone.format("<TxInfAndSts><OrgnlEndToEndId>R</OrgnlEndToEndId></TxInfAndSts>")
    assert [one.code for one in payment_status.parse(report(inherits))] == ["PDNG", "PDNG"]


def test_a_status_that_does_not_exist_is_refused() -> None:
    with pytest.raises(FormatError, match="status ABCD"):
        list(payment_status.parse(report(GROUP.replace("PART", "ABCD"))))


def entry(amount: str, sign: str = "DBIT", inside: str = "", status: str = "<Sts><Cd>BOOK</Cd></Sts>") -> str:
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{status}'
        "<BookgDt><Dt>2026-11-30</Dt></BookgDt><ValDt><DtTm>2026-11-30T00:00:00</DtTm></ValDt>"
        "<AcctSvcrRef>B-9</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly>"
        f"</Domn></BkTxCd>{inside}</Ntry>"
    )


def balance(kind: str, amount: str, sign: str = "CRDT") -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount}</Amt>'
        f"<CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>2026-11-30</Dt></Dt></Bal>"
    )


def stated(body: str, version: str = "08") -> bytes:
    return (
        f'<Document xmlns="{SPACE}:camt.053.001.{version}"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr><Stmt>'
        "<Id>STM-1</Id><ElctrncSeqNb>231</ElctrncSeqNb><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy>"
        f"</Acct>{body}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def details(*amounts: str, batch: int = 0) -> str:
    parts = "".join(
        f"<TxDtls><Refs><MsgId>BH-17</MsgId><PmtInfId>BH-17</PmtInfId><EndToEndId>REF-{n}</EndToEndId></Refs>"
        f'<AmtDtls><TxAmt><Amt Ccy="EUR">{amount}</Amt></TxAmt></AmtDtls>'
        "<RltdPties><Cdtr><Pty><Nm>Sued AG</Nm></Pty></Cdtr></RltdPties>"
        "<RmtInf><Ustrd>Vertrag</Ustrd><Ustrd>4711</Ustrd></RmtInf></TxDtls>"
        for n, amount in enumerate(amounts, 1)
    )
    told = f"<Btch><PmtInfId>BH-17</PmtInfId><NbOfTxs>{batch}</NbOfTxs></Btch>" if batch else ""
    return f"<NtryDtls>{told}{parts}</NtryDtls>"


BOOKED = (
    balance("OPBD", "1000.00") + balance("CLBD", "661.99")
    + entry("338.01", inside=details("338.00", "0.01", batch=2))
)  # fmt: skip


def test_a_statement_is_read_entry_by_entry() -> None:
    head, one = statement.parse(stated(BOOKED))
    assert isinstance(head, Statement) and isinstance(one, Entry)
    assert (head.id, head.sequence, head.iban, head.currency) == ("STM-1", "231", "DE89370400440532013000", "EUR")
    assert head.balances == (
        Balance("OPBD", 100_000, "EUR", date(2026, 11, 30)),
        Balance("CLBD", 66_199, "EUR", date(2026, 11, 30)),
    )
    assert (one.signed, one.booked, one.booking_date, one.value_date) == (
        -33_801, True, date(2026, 11, 30), date(2026, 11, 30),
    )  # fmt: skip
    assert (one.code, one.bank_reference, one.batch_count, one.batch_payment) == ("PMNT/ICDT/ESCT", "B-9", 2, "BH-17")
    assert [(part.reference, part.amount, part.debit, part.name, part.remittance) for part in one.details] == [
        ("REF-1", 33_800, True, "Sued AG", "Vertrag 4711"),
        ("REF-2", 1, True, "Sued AG", "Vertrag 4711"),
    ]
    assert one.explained and check(stated(BOOKED)) == ()
    assert "DE89" not in repr(head)


def test_the_form_of_old_versions() -> None:
    old = (
        "<NtryDtls><TxDtls><Refs><EndToEndId>R</EndToEndId></Refs><RltdPties><Cdtr><Nm>Sued</Nm></Cdtr></RltdPties>"
        "</TxDtls></NtryDtls>"
    )
    _, one = statement.parse(stated(entry("5.00", inside=old, status="<Sts>BOOK</Sts>"), "02"))
    assert isinstance(one, Entry)
    (part,) = one.details
    assert one.booked and (part.amount, part.debit, part.name) == (500, True, "Sued")  # it leaves both to its entry


def test_a_payment_that_comes_back_says_why() -> None:
    back = (
        '<NtryDtls><TxDtls><Refs><EndToEndId>REF-1</EndToEndId></Refs><Amt Ccy="EUR">338.00</Amt>'
        "<CdtDbtInd>CRDT</CdtDbtInd><RltdPties><Dbtr><Pty><Nm>Acme</Nm></Pty></Dbtr></RltdPties>"
        "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls></NtryDtls>"
    )
    _, one = statement.parse(stated(entry("338.00", "CRDT", back)))
    assert isinstance(one, Entry)
    (part,) = one.details
    assert (one.signed, part.reason, part.reference, part.debit) == (33_800, "AC04", "REF-1", False)


def test_several_statements_keep_to_themselves_and_an_empty_one_is_told() -> None:
    text = stated(BOOKED).decode()
    two = text.replace("</Stmt>", "</Stmt><Stmt><Id>STM-2</Id></Stmt>").encode()
    assert [one.id if isinstance(one, Statement) else one.statement for one in statement.parse(two)] == [
        "STM-1", "STM-1", "STM-2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (BOOKED.replace("661.99", "662.00"), "balance"),
        (BOOKED.replace(">0.01<", ">0.02<"), "details"),
        (BOOKED.replace("<NbOfTxs>2<", "<NbOfTxs>3<"), "batch"),
        (BOOKED.replace("<BookgDt><Dt>2026-11-30</Dt></BookgDt>", ""), "date"),
        (BOOKED.replace("2026-11-30", "2026-11-31"), "unreadable"),
        (BOOKED.replace("DBIT", "BOTH"), "unreadable"),
        (BOOKED.replace("338.01", "338.015"), "unreadable"),
        (BOOKED.replace("338.01", "-338.01"), "unreadable"),
        (BOOKED.replace('Ccy="EUR"', 'Ccy="ZZZ"'), "unreadable"),
        (entry("5").replace('<Amt Ccy="EUR">5</Amt>', ""), "unreadable"),
    ],
)
def test_what_is_wrong_in_a_statement_is_found(body: str, code: str) -> None:
    found = check(stated(body))
    assert code in {one.code for one in found}, found
    assert all(one.mend for one in found)


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (BOMB.encode() + stated(BOOKED).replace(b"STM-1", b"&b;"), "DTD"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "DTD"),
        (b"", "well-formed"),
        (b"<Document/>", "no ISO 20022"),
        (stated("")[:-20], "well-formed"),
        (stated("", "01"), "version 01"),
        (stated("", "14"), "version 14"),
        (report(GROUP), "pain.002 where a camt.053"),
        (stated("<a>" * 50 + "</a>" * 50), "elements deep"),
        (b'<?xml version="1.0" encoding="nonsense"?><Document/>', "well-formed|encoding"),
    ],
)
def test_what_is_hostile_or_broken_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(FormatError, match=told):
        list(statement.parse(data))
    assert told.startswith("pain") or [one.code for one in check(data)][-1] == "unreadable"


def test_a_file_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml, "MAX_BYTES", 300)
    with pytest.raises(FormatError, match="larger than 300"):
        list(statement.parse(stated(BOOKED)))


def test_a_message_that_is_not_read_is_named() -> None:
    (found,) = check(stated("").replace(b"camt.053", b"camt.054"))
    assert "camt.054 is not read" in found.text


def test_a_long_statement_is_not_held() -> None:
    """What was handed out is let go: the tree does not grow with the file."""
    seen = 0
    for part in xml.walk(stated(entry("1") * 2000), "camt.053", frozenset({statement.ENTRY}), frozenset()):
        seen += 1
        assert part.path == statement.ENTRY
    assert seen == 2000
    root = None
    for part in xml.walk(stated(entry("1") * 2000), "camt.053", frozenset(), frozenset({"BkToCstmrStmt"})):
        root = part.element
    assert root is not None and len(root) == 0


@given(st.binary(max_size=300))
def test_random_bytes_are_refused_by_name(noise: bytes) -> None:
    assert check(noise)


@given(
    st.sampled_from([stated(BOOKED), report(GROUP + PAYMENT)]),
    st.lists(st.tuples(st.integers(0, 4000), st.sampled_from(b"<>/&;\"'x19.\x00\xff \n")), min_size=1, max_size=5),
)
def test_mutated_messages_give_findings_or_are_read(data: bytes, changes: list[tuple[int, int]]) -> None:
    broken = bytearray(data)
    for at, byte in changes:
        broken[at % len(broken)] = byte
    for one in check(bytes(broken)):
        assert one.code and one.mend
    for read in (statement.parse, payment_status.parse):
        with contextlib.suppress(DataError):
            list(read(bytes(broken)))
