"""A row's bytes: the same for the same content, and what comes out of them is what went in."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from benehub.connect.connector import Incoming
from benehub.crypto import Vault
from benehub.intake.packing import Packer, as_kept, kept, opened
from benehub.periods import system_clock
from benehub.store import Session

SESSION = Session(None, "acme", Vault({"k1": b"k" * 32}), system_clock)  # type: ignore[arg-type]  # nothing is asked
plain = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8)
fields = st.dictionaries(
    st.text(min_size=1, max_size=6), st.recursive(plain, lambda s: st.lists(s) | st.dictionaries(st.text(), s))
)


def digest(data: Any, extra: Any = None, deleted: bool = False) -> str:
    return Packer(SESSION).pack(data, extra or {}, deleted).hash


@given(fields, fields, st.booleans())
def test_what_is_sealed_together_comes_out_as_it_went_in(data: Any, extra: Any, deleted: bool) -> None:
    packer = Packer(SESSION)
    rows = [(1, 'k"1', packer.pack(data, extra, deleted)), (7, "k7", packer.pack({"a": 1}, {}, False))]
    first, second = opened(SESSION, packer.sealed(rows))
    assert (first.row_no, first.key, first.hash) == (1, 'k"1', rows[0][2].hash)
    assert (first.data, first.extra, first.deleted) == (data, extra, deleted)
    assert (second.row_no, second.data) == (7, {"a": 1})
    # What is kept by itself and tried again later is known by the same hash.
    alone = SESSION.seal(as_kept(Incoming("k", data, extra, deleted=deleted), ""), "intake_row")
    assert kept(SESSION, 1, "k", alone).hash == first.hash


@given(fields)
def test_the_order_of_fields_changes_nothing(data: Any) -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: turned(value[name]) for name in reversed(list(value))}
        return [turned(one) for one in value] if isinstance(value, list) else value

    assert digest(turned(data)) == digest(data)


def test_any_other_content_has_another_hash() -> None:
    contents: list[tuple[Any, Any, bool]] = [
        ({"a": 1}, {}, False), ({"a": "1"}, {}, False), ({"b": 1}, {}, False), ({"a": 1}, {"a": 1}, False),
        ({"a": 1}, {}, True), ({"a": 1, "b": None}, {}, False), ({"a": [1]}, {}, False), ({}, {}, False),
        ({"a": {"b": 1}}, {}, False), ({"a": {"b": 2}}, {}, False),
    ]  # fmt: skip
    assert len({digest(*one) for one in contents}) == len(contents)


def test_values_that_json_has_no_word_for_are_packed_as_text() -> None:
    assert digest({"a": date(2026, 1, 2), "b": Decimal("1.50")}) == digest({"a": "2026-01-02", "b": "1.50"})


def test_nothing_of_it_stands_in_clear() -> None:
    packer = Packer(SESSION)
    sealed = packer.sealed([(1, "k", packer.pack({"ssn": "900110001"}, {}, False))])
    assert b"900110001" not in sealed
    assert json.dumps("k").encode() not in sealed
