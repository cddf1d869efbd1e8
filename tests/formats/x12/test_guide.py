"""The guides' tables are whole, and the quick check never passes what the thorough one would not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import ConfigError
from benehub.formats.x12.findings import Scope
from benehub.formats.x12.guide import GUIDES, LoopSpec, SegmentSpec, guide
from benehub.formats.x12.guide_elements import ElementCheck
from benehub.formats.x12.guide_moves import machine
from benehub.formats.x12.kernel import Delimiters, Segment

MARKS = Delimiters()
SPECS = [spec for name in GUIDES for spec in guide(name).root.segments()]


def loops(loop: LoopSpec) -> list[LoopSpec]:
    inner = [one for one in loop.children if isinstance(one, LoopSpec)]
    return [loop, *(found for one in inner for found in loops(one))]


@pytest.mark.parametrize("name", GUIDES)
def test_every_loop_is_opened_by_a_segment_and_keeps_its_order(name: str) -> None:
    for loop in loops(guide(name).root):
        assert isinstance(loop.children[0], SegmentSpec)
        assert [one.order for one in loop.children] == sorted(one.order for one in loop.children)
        assert all(one.most >= 1 for one in loop.children)


@pytest.mark.parametrize("name", GUIDES)
def test_places_of_one_order_are_told_apart(name: str) -> None:
    # Two segments with the same id that may both come next need codes that differ.
    for loop in loops(guide(name).root):
        seen: dict[tuple[int, str], set[str]] = {}
        for child in loop.children:
            head = child.head if isinstance(child, LoopSpec) else child
            codes = seen.setdefault((child.order, head.tag), set())
            assert not codes & head.codes
            codes |= head.codes


def test_an_unknown_guide_is_refused() -> None:
    with pytest.raises(ConfigError, match="837"):
        guide("837")


VALUES = st.one_of(
    st.sampled_from(["", "20261101", "20261131", "20261101-20261130", "0900", "1", "12.5", "12.555", "-3", "1,000"]),
    st.text("ABC 019.-:^é", max_size=12),
)


@given(st.sampled_from(SPECS), st.data())
def test_what_matches_its_pattern_is_clean(spec: SegmentSpec, data: st.DataObject) -> None:
    elements = [spec.tag]
    for one in spec.elements[: data.draw(st.integers(0, len(spec.elements)))]:
        codes = sorted(one.codes) if one and one.codes else [""]
        elements.append(data.draw(st.one_of(st.sampled_from(codes), VALUES)))
    name = next(name for name in GUIDES if spec in guide(name).root.segments())
    node = machine(name, MARKS).nodes[spec]
    matches = node.matches or node.compile(MARKS)
    quick = bool(elements[-1] and matches("*".join(elements)) and all(check(elements) for check in node.checks))
    thorough = list(ElementCheck(MARKS).findings(spec, Segment(1, elements), Scope(1)))
    assert not (quick and thorough), thorough
