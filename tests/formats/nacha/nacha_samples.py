"""A bank, a company and payments that the tests of NACHA files share."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from benehub.formats.nacha.build import Numbers, Originator, Payment, payment_file
from benehub.formats.nacha.codes import AccountKind, Sec
from benehub.formats.nacha.file import NachaFile, render
from benehub.formats.nacha.routing import check_digit

WHEN = datetime(2026, 11, 25, 14, 5, tzinfo=UTC)
SETTLES = date(2026, 11, 30)
ACME = Originator("011000015", "First Bank", "Acme Tools Inc.", "1123456789")
PREMIUM = Payment("Northstar Health", "021000021", "99887766", 153_450, "GRP001", ("TRN*3*REF1*1123456789\\",))


def made(*payments: Payment, entry_class: Sec = Sec.CCD, **others: Any) -> NachaFile:
    """A file of payments that settle on a Monday."""
    return payment_file(
        ACME, payments, entry_class=entry_class, description="PREMIUM", effective=SETTLES, created=WHEN, **others
    )


def data(*payments: Payment, entry_class: Sec = Sec.CCD, **others: Any) -> bytes:
    """Its bytes."""
    return render(made(*payments, entry_class=entry_class, **others))


texts = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\\~*"), min_size=1, max_size=15)
routings = st.integers(0, 99_999_999).map(lambda n: f"{n:08d}").map(lambda eight: eight + check_digit(eight))


@st.composite
def payments(draw: st.DrawFn, entry_class: Sec = Sec.CCD) -> Payment:
    """Any payment that may be sent."""
    most = 4 if entry_class is Sec.CTX else 1
    kind = draw(st.sampled_from(AccountKind))
    prenote = draw(st.booleans())
    addenda = tuple(draw(st.lists(texts, max_size=most)))
    amount = 0 if prenote else draw(st.integers(0 if addenda else 1, 10**10 - 1))
    return Payment(
        draw(texts), draw(routings), draw(texts), amount, draw(texts), addenda, kind, prenote,
        debit=kind is not AccountKind.LOAN and draw(st.booleans()),
    )  # fmt: skip


def files(entry_class: Sec) -> st.SearchStrategy[NachaFile]:
    """Any file of such payments."""
    numbers = st.builds(Numbers, st.sampled_from("AZ09"), st.integers(1, 9_999_999), st.integers(1, 9_000_000))
    lots = st.lists(payments(entry_class), min_size=1, max_size=12)
    return st.builds(lambda lot, n: made(*lot, entry_class=entry_class, numbers=n), lots, numbers)
