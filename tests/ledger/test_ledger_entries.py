"""What an entry is sealed by: the canonical bytes of its content, whatever way they are made."""

from __future__ import annotations

import hashlib
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from benehub.ledger import Leg, NewEntry
from benehub.store import canonical

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
DAY = st.dates(date(1900, 1, 1), date(2200, 1, 1))
LEG = st.builds(Leg, TEXT, TEXT, st.integers(-(2**62), 2**62), pay_date=st.none() | DAY, batch=st.none() | TEXT)


@given(TEXT, TEXT, DAY, st.none() | DAY, st.lists(LEG, max_size=3))
def test_the_content_hash_is_of_the_canonical_bytes(
    type_: str, source: str, day: date, due: date | None, legs: list[Leg]
) -> None:
    one = NewEntry("key", type_, day, tuple(legs), source, due_date=due)
    assert one.content_hash() == hashlib.sha256(canonical(one.content())).hexdigest()
