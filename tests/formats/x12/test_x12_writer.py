"""No delimiter gets out as data, whatever a name holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import FormatError
from benehub.formats.x12.kernel import Delimiters, Elements
from benehub.formats.x12.writer import CharacterPolicy, SegmentWriter, transliterate

ODD = st.text(
    alphabet=st.one_of(st.sampled_from("*:^~\n\t\x00\x1c Aé"), st.characters(max_codepoint=0x24F)),
    max_size=20,
)


def test_plain_segments() -> None:
    writer = SegmentWriter()
    assert writer.segment(("REF", "0F", "a1")) == "REF*0F*A1~"
    assert writer.segment(("HD", "021", "", "HLT", "", "")) == "HD*021**HLT~"
    assert SegmentWriter(line_breaks=True).segment(("LX", "1")) == "LX*1~\n"


def test_composites_and_repeats() -> None:
    writer = SegmentWriter()
    assert writer.segment(("INS", ("C", "0"))) == "INS*C:0~"
    assert writer.segment(("DMG", (("", "RET", "E"), ("C",)))) == "DMG*:RET:E^C~"
    assert writer.segment(("INS", ("C", ""), "x")) == "INS*C*X~"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("O'Brien", "O'BRIEN"),
        ("Müller-Groß", "MULLER-GROSS"),
        ("Łukasz Øre", "LUKASZ ORE"),
        ("José\u2019s", "JOSE'S"),
        ("A*B~C:D^E", "A B C D E"),
        ("A\r\nB\tC", "A  B C"),
        (" Doe ", "DOE"),
        ("A\uff5eB", "A B"),
        ("ﬁ", "FI"),
    ],
)
def test_the_character_policy(text: str, written: str) -> None:
    assert SegmentWriter().segment(("NM1", text, "1")) == f"NM1*{written}*1~"


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("李", CharacterPolicy()),
        ("~*~", CharacterPolicy()),
        ("é", CharacterPolicy(transliterate=False)),
        ("A*B", CharacterPolicy(replace=False)),
        ("A\nB", CharacterPolicy(replace=False)),
    ],
)
def test_what_is_refused_names_the_element_not_the_value(text: str, policy: CharacterPolicy) -> None:
    with pytest.raises(FormatError) as caught:
        SegmentWriter(policy=policy).segment(("NM1", "IL", text))
    assert caught.value.where == "NM102"
    assert text not in str(caught.value)


def test_case_is_kept_when_the_partner_wants_it() -> None:
    assert SegmentWriter(policy=CharacterPolicy(upper_case=False)).segment(("NM1", "Doe")) == "NM1*Doe~"


@given(st.lists(ODD, min_size=1, max_size=4), st.sampled_from(["*:^~", "|>!\n", "{}`\x1c"]))
def test_no_delimiter_ever_gets_through(values: list[str], marks: str) -> None:
    delimiters = Delimiters(*marks)
    try:
        text = SegmentWriter(delimiters).segment(("REF", *values, "END"))
    except FormatError:
        return
    assert text.endswith(delimiters.terminator)
    body = text[:-1]
    assert delimiters.terminator not in body
    assert body.count(delimiters.element) == len(values) + 1
    assert delimiters.component not in body
    assert delimiters.repetition not in body
    assert all(" " <= c <= "~" for c in body.replace(delimiters.element, ""))


def test_transliteration_leaves_what_has_no_rule() -> None:
    assert transliterate("Žižek 李") == "Zizek 李"


ELEMENT = ODD | st.tuples(ODD, ODD)


@given(
    st.lists(st.lists(ELEMENT, max_size=4).map(lambda row: ("REF", *row)), min_size=1, max_size=8),
    st.sampled_from(["*:^~", "|>!\n", "{}`\x1c"]),
    st.builds(CharacterPolicy, st.booleans(), st.booleans(), st.booleans()),
    st.booleans(),
)
def test_a_block_is_to_the_letter_its_segments(
    segments: list[Elements], marks: str, policy: CharacterPolicy, lined: bool
) -> None:
    writer = SegmentWriter(Delimiters(*marks), policy, line_breaks=lined)
    try:
        one_by_one = "".join(map(writer.segment, segments))
    except FormatError as error:
        with pytest.raises(FormatError) as caught:
            writer.block(segments)
        assert (caught.value.what, caught.value.where) == (error.what, error.where)
    else:
        assert writer.block(segments) == one_by_one


@pytest.mark.parametrize("bad", ["A*B", "A~B", "A:B", "A^B", " A", "A ", "A\nB", "Ä", "\x1f", ""])
def test_a_block_notices_whatever_a_segment_would_mend(bad: str) -> None:
    writer = SegmentWriter()
    segments: list[Elements] = [("NM1", "IL", "JANE DOE"), ("REF", bad, "B"), ("N3", bad)]
    try:
        wanted = "".join(map(writer.segment, segments))
    except FormatError:
        with pytest.raises(FormatError):
            writer.block(segments)
    else:
        assert writer.block(segments) == wanted


def test_nothing_makes_no_block() -> None:
    assert SegmentWriter().block([]) == ""
