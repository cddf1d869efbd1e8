"""The 820 in CTX addenda comes out as it went in, and the TRN of a CCD+ payment joins the two."""

from __future__ import annotations

import importlib.util
from datetime import UTC, date, datetime
from pathlib import Path

import achkit
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import FormatError
from benehub.formats.nacha import ctx
from benehub.formats.nacha.addenda import Remittance
from benehub.formats.nacha.build import Payment
from benehub.formats.nacha.codes import Sec
from benehub.formats.nacha.file import render
from benehub.formats.nacha.read import check, parse
from benehub.formats.nacha.remittance import Trace, rmr, segments, trace, trn
from benehub.formats.x12 import remittance_820 as x820
from benehub.formats.x12.envelope import Interchange

_spec = importlib.util.spec_from_file_location("nacha_samples", Path(__file__).with_name("nacha_samples.py"))
assert _spec is not None and _spec.loader is not None
samples = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(samples)
PREMIUM, data, made = (
    samples.PREMIUM, samples.data, samples.made,
)  # fmt: skip

REFERENCE = "PREMIUM.REMIT/NORTHSTAR/2026-11/17"


def remittance(members: int, handling: str = "C") -> bytes:
    """An 820 of so many members at 612.50 each."""
    lines = [
        x820.Entity(
            "2J", "EI", f"M{number:06d}",
            (x820.Remitted("AZ", "POLICY001", 61250, 61250, period=(date(2026, 11, 1), date(2026, 11, 30))),),
            (("IL", x820.Name("DOE", "JANE", id_qualifier="N", id=f"M{number:06d}")),),
        )
        for number in range(members)
    ]  # fmt: skip
    head = x820.Remittance820(
        total=61250 * members, method="ACH", settlement=date(2026, 11, 30), trace=REFERENCE, handling=handling,
        payee=x820.Party("NORTHSTAR", "FI", "987654321"), payer=x820.Party("ACME", "FI", "123456789"),
        payment_format="CTX", payer_bank=x820.Bank("011000015", "1"), payee_bank=x820.Bank("021000021", "2"),
        originator="1123456789",
    )  # fmt: skip
    sent = Interchange("ACME", "NORTHSTAR", 17, 17, datetime(2026, 11, 25, 14, 5, tzinfo=UTC))
    return "".join(x820.render(sent, head, lines)).encode("ascii")


@pytest.mark.parametrize("members", [1, 7, 300])
def test_an_820_comes_out_of_a_ctx_payment_as_it_went_in(members: int) -> None:
    sent = remittance(members)
    out = data(Payment("Northstar", "021000021", "99", 61250 * members, "17", ctx.cut(sent)), entry_class=Sec.CTX)
    assert check(out) == ()
    assert achkit.validate(out.decode()) == {"ok": True, "errors": []}
    (entry,) = parse(out).batches[0].entries
    assert entry.addenda_count == len(entry.addenda) == -(-len(sent) // 80)
    assert ctx.join(entry.addenda) == sent
    received = [(one.remittance, len(list(one.entities))) for one in x820.parse(ctx.join(entry.addenda).decode())]
    assert [(one.trace, one.total, count) for one, count in received] == [(REFERENCE, entry.amount, members)]
    # the outside reader strips each addenda; put back, its text is the same 820
    seen = achkit.parse(out.decode())["batches"][0]["entries"][0]["addenda"]
    assert [part["sequence"] for part in seen] == list(range(1, len(seen) + 1))
    assert "".join(one["info"] for one in seen).replace(" ", "") == sent.decode().replace(" ", "")


@given(st.from_regex(rb"[ -~]{0,700}[!-~]", fullmatch=True))
def test_any_text_is_cut_and_joined(sent: bytes) -> None:
    (entry,) = made(Payment("X", "021000021", "1", 1, "", ctx.cut(sent)), entry_class=Sec.CTX).batches[0].entries
    assert ctx.join(entry.addenda) == sent


def test_what_is_too_large_for_a_ctx_goes_apart_and_is_joined_by_its_trace() -> None:
    sent = remittance(8700, handling="U")
    assert not ctx.fits(sent)
    with pytest.raises(FormatError, match=r"799920.*CCD\+"):
        ctx.cut(sent)
    money = data(Payment("Northstar", "021000021", "99", 61250 * 8700, "17", (trn(Trace(REFERENCE, "1123456789")),)))
    (entry,) = parse(money).batches[0].entries
    (part,) = entry.addenda
    assert isinstance(part, Remittance)
    apart = next(one.remittance for one in x820.parse(sent.decode()))
    assert trace(part.text) == Trace(apart.trace, apart.originator)
    assert (apart.total, apart.handling) == (entry.amount, "U")


def test_the_largest_ctx() -> None:
    sent = b"x" * ctx.CAPACITY
    file = made(Payment("X", "021000021", "1", 1, "", ctx.cut(sent)), entry_class=Sec.CTX)
    assert file.batches[0].entries[0].addenda_count == 9999
    assert check(render(file)) == () and ctx.join(file.batches[0].entries[0].addenda) == sent


@pytest.mark.parametrize("sent", [b"", b"ST*820~\n", b"ST*820~ ", "é~".encode()])
def test_what_addenda_cannot_hold_is_refused(sent: bytes) -> None:
    with pytest.raises(FormatError, match="820 in CTX addenda"):
        ctx.cut(sent)


def test_a_missing_addenda_is_no_820() -> None:
    parts = (Remittance("ST*820", 1, "0000001"), Remittance("SE~", 3, "0000001"))
    with pytest.raises(FormatError, match="addenda 2"):
        ctx.join(parts)


def test_the_texts_of_a_ccd_plus() -> None:
    assert trn(Trace("REF1", "1123456789")) == "TRN*3*REF1*1123456789\\"
    assert trn(Trace("REF1")) == "TRN*3*REF1\\"
    assert rmr("IK", "INV-77", 153450) == "RMR*IK*INV-77**1534.50\\"
    assert segments("RMR*IK*INV-77**1534.50\\TRN*1*A~") == (("RMR", "IK", "INV-77", "", "1534.50"), ("TRN", "1", "A"))
    assert trace("THANK YOU") is None and trace("RMR*IK*7\\") is None
    for wrong in ("A*B", "", "x" * 51):
        with pytest.raises(FormatError):
            trn(Trace(wrong or "\\"))


def test_two_segments_fit_one_addenda() -> None:
    text = rmr("IK", "INV-77", 153450) + trn(Trace("REF1", "1123456789"))
    out = data(Payment("Northstar", "021000021", "99", 153450, "", (text,)))
    (part,) = parse(out).batches[0].entries[0].addenda
    assert isinstance(part, Remittance) and trace(part.text) == Trace("REF1", "1123456789")


@given(st.text(max_size=100) | st.text("TRNM*\\~ 1", max_size=40))
def test_any_addenda_text_is_read(text: str) -> None:
    trace(text)


def test_premiums_share_a_file() -> None:
    assert check(data(PREMIUM, PREMIUM)) == ()
