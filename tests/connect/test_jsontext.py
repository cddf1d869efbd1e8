"""Numbers keep their digits on the way in and out, and no float passes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benehub.connect.jsontext import NumberText, dump, number_text, parse
from benehub.money import parse_minor

_leaf = st.none() | st.booleans() | st.integers() | st.text() | st.just(NumberText("10.50"))
_values = st.recursive(_leaf, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


def test_a_number_keeps_its_own_text() -> None:
    data = parse('{"a": 19.990, "b": 12, "c": "7.10", "d": 1e2}')
    assert data == {"a": "19.990", "b": 12, "c": "7.10", "d": "1e2"}
    assert isinstance(data["a"], NumberText)
    assert parse_minor(data["a"]) == 1999
    assert dump(data) == '{"a":19.990,"b":12,"c":"7.10","d":1e2}'


@given(_values)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back(value: object) -> None:
    assert parse(dump(value)) == value
    json.loads(dump(value))


@pytest.mark.parametrize("text", ["", "{", '{"a":', "NaN", "[Infinity]", "[" * 100_000, b"\xff\xfe\x00", "{'a':1}"])
def test_what_is_no_json_is_refused_without_its_content(text: str | bytes) -> None:
    with pytest.raises(ValueError) as caught:
        parse(text)
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize("value", [1.5, {"a": 0.1}, [object()], {1: 2}, b"x"])
def test_floats_and_strange_types_are_not_written(value: object) -> None:
    with pytest.raises(TypeError):
        dump(value)


def test_a_false_number_and_endless_nesting_are_not_written() -> None:
    with pytest.raises(ValueError):
        dump(NumberText("1,50"))
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(ValueError, match="nested"):
        dump(loop)


def test_amounts_come_as_number_or_string() -> None:
    assert [number_text(v) for v in (5, "5.10", NumberText("5.100"))] == ["5", "5.10", "5.100"]
    for wrong in (True, None, 1.5, []):
        with pytest.raises(TypeError):
            number_text(wrong)
