"""Payments of every kind the guide knows: written, taken by the independent referee, read back, and written again."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benehub.formats.x12 import remittance_820 as x820
from benehub.formats.x12.checks import check
from benehub.formats.x12.envelope import Interchange
from benehub.formats.x12.remittance_820 import Entity, Remittance820, Remitted

Payment = tuple[Remittance820, tuple[Entity, ...]]

INTERCHANGE = Interchange("BENEHUB", "CARRIERX", 7, 7, datetime(2026, 11, 1, 9, 0, tzinfo=UTC))
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
PERIODS = st.tuples(DAYS, DAYS).map(lambda pair: (min(pair), max(pair)))
MINOR = st.integers(-(10**10), 10**10)
WORDS = st.text(string.ascii_uppercase + string.digits, min_size=2, max_size=12)
NINE = st.integers(0, 999_999_999).map(lambda n: f"{n:09d}")
PERIOD_OR_DAY: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.none().map(lambda _: {}),
    PERIODS.map(lambda p: {"period": p}),
    st.tuples(DAYS, st.sampled_from(["582", "AAG"])).map(lambda t: {"day": t[0], "date_code": t[1]}),
)
ADDRESSES = st.none() | st.builds(
    x820.Address, line1=WORDS, line2=st.just("") | WORDS, city=WORDS, state=st.just("TX"), zip_code=st.just("78701")
)
CONTACTS = st.lists(
    st.tuples(
        WORDS, st.lists(st.tuples(st.sampled_from(["EM", "FX", "TE"]), WORDS), min_size=1, max_size=3).map(tuple)
    ),
    max_size=2,
).map(tuple)
ADJUSTMENTS = st.lists(
    st.tuples(MINOR, st.sampled_from(["20", "52", "53", "AA", "AX", "H1", "H6", "IA", "J3"])), max_size=2
).map(tuple)
PREVIOUS = st.lists(
    st.tuples(MINOR, st.sampled_from(["52", "53", "80", "81", "86", "BJ", "H1", "H6", "RU", "WO"])), max_size=2
).map(tuple)
SUMMARIES = st.none() | st.builds(
    x820.SummaryLine,
    WORDS,
    st.lists(
        st.builds(x820.Charge, st.sampled_from(["A172", "B680", "D940", "G740"]), st.integers(0, 10**9)), max_size=4
    ).map(tuple),
    st.lists(
        st.builds(x820.HeadCount, st.integers(0, 10**6), st.sampled_from(["10", "IE", "PR"]), WORDS), max_size=3
    ).map(tuple),
)


def item(
    qualifiers: Sequence[str], references: Sequence[str], **more: st.SearchStrategy[object]
) -> st.SearchStrategy[Remitted]:
    """An RMR whose paid amount is its bill with its adjustments; sometimes no bill is told."""

    def balanced(one: Remitted, dated: dict[str, Any], told: bool) -> Remitted:
        paid = (one.billed or 0) + sum(minor for minor, _ in one.adjustments)
        return replace(one, paid=paid, billed=one.billed if told else None, **dated)

    raw = st.builds(
        Remitted,
        st.sampled_from(qualifiers),
        WORDS,
        st.just(0),
        MINOR,
        references=st.lists(st.tuples(st.sampled_from(references), WORDS), max_size=2).map(tuple),
        adjustments=ADJUSTMENTS,
        **more,
    )
    return st.builds(balanced, raw, PERIOD_OR_DAY, st.booleans())


INDIVIDUALS = st.builds(
    Entity,
    st.just("2J"),
    st.sampled_from(["34", "EI", "II"]),
    NINE,
    st.lists(
        item(["11", "9J", "AZ", "B7", "CT", "ID", "IG", "IK", "KW"], ["14", "18", "2F", "38", "E9", "LU", "ZZ"]),
        min_size=1,
        max_size=3,
    ).map(tuple),
    st.lists(
        st.tuples(
            st.sampled_from(["DO", "EY", "IL", "QE"]),
            st.builds(x820.Name, WORDS, WORDS, st.just("") | WORDS, id_qualifier=st.just("N"), id=WORDS),
        ),
        max_size=2,
    ).map(tuple),
    PREVIOUS,
)
ORGANIZATIONS = st.builds(
    Entity,
    st.sampled_from(["2L", "AG", "NH", "RGA", "UN"]),
    st.sampled_from(["1", "24", "9", "FI"]),
    NINE,
    st.lists(
        item(
            ["11", "1L", "CT", "IK"],
            ["14", "17", "18", "2F", "38", "E9", "LB", "LU", "ZZ"],
            action=st.sampled_from(["", "PA", "PI", "PO", "PP"]),
            summary=SUMMARIES,
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
    previous=PREVIOUS,
)
BANKS = st.builds(x820.Bank, st.sampled_from(["011000015", "021000021"]), NINE)
PARTIES = st.builds(x820.Party, WORDS, st.just("FI"), NINE)
HEADS = st.builds(
    Remittance820,
    st.just(0),
    st.sampled_from(["ACH", "BOP", "CHK", "FWT", "SWT"]),
    DAYS,
    WORDS,
    PARTIES,
    PARTIES,
    handling=st.sampled_from("CUIX"),
    payment_format=st.sampled_from(["CCP", "CTX"]),
    payer_bank=BANKS,
    payee_bank=st.builds(replace, BANKS, kind=st.sampled_from(["DA", "SG"])),
    originator=NINE.map("1{}".format),
    supplemental=st.just("") | NINE,
    trace_extra=st.just("") | WORDS,
    trace_type=st.sampled_from("13"),
    references=st.lists(st.tuples(st.sampled_from(["14", "17", "18", "2F", "38", "72", "LB"]), WORDS), max_size=3).map(
        tuple
    ),
    dates=st.lists(st.tuples(st.sampled_from(["009", "035", "097"]), DAYS), max_size=3, unique_by=lambda t: t[0]).map(
        lambda dates: tuple(sorted(dates))
    ),
    period=st.none() | PERIODS,
    payee_address=ADDRESSES,
    payer_address=ADDRESSES,
    payer_contacts=CONTACTS,
    currency=st.none() | st.tuples(st.sampled_from(["2B", "PR"]), st.sampled_from(["CAD", "USD"])),
    payee_name2=st.just("") | WORDS,
    payer_name2=st.just("") | WORDS,
    delivery=st.none() | st.builds(x820.Delivery, st.sampled_from(["BM", "EM", "FT", "FX", "IA", "OL"]), WORDS, WORDS),
    banks=st.lists(
        st.builds(
            x820.IntermediaryBank,
            st.sampled_from(["04", "0B", "8W", "AK", "BE", "BK", "C1", "C2", "IAT", "MJ", "RB", "Z6", "ZB", "ZL"]),
            st.builds(x820.Party, WORDS, st.just("94"), NINE),
            st.just("") | WORDS,
            ADDRESSES,
            CONTACTS,
        ),
        max_size=2,
    ).map(tuple),
)


@st.composite
def payments(draw: st.DrawFn) -> Payment:
    """A head of any method and handling, and entities of one kind that add up to it."""
    individuals = draw(st.booleans())
    entities = tuple(draw(st.lists(INDIVIDUALS, min_size=1, max_size=3)) if individuals else [draw(ORGANIZATIONS)])
    head, total = draw(HEADS), sum(entity.total for entity in entities)
    if total < 0:
        first = entities[0]
        entities = (replace(first, previous=(*first.previous, (-total, "53"))), *entities[1:])
        total = 0
    if head.method != "ACH":
        head = replace(head, payment_format="")
    if head.method == "CHK":
        head = replace(head, payer_bank=None, payee_bank=None)
    if not total and draw(st.booleans()):
        head = replace(head, method="NON", payment_format="", payer_bank=None, payee_bank=None, handling="I")
    return replace(head, total=total), entities


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(payments(), min_size=1, max_size=3))
def test_a_payment_of_any_kind_is_legal_and_comes_back(referee: Callable[[str], str], sent: list[Payment]) -> None:
    text = "".join(x820.render_all(INTERCHANGE, sent))
    got = [(one.remittance, tuple(one.entities)) for one in x820.parse(text)]
    assert got == sent
    assert "".join(x820.render_all(INTERCHANGE, got)) == text
    assert check(text) == []
    assert referee(text) == ""
