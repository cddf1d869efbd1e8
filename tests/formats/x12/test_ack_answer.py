"""The answer to a file received says what the checks found, is itself valid, and names the members."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benehub.errors import FormatError
from benehub.formats.x12 import ack_999, ack_answer, ack_ta1
from benehub.formats.x12.ack_answer import Answer, Expected, answer
from benehub.formats.x12.checks import check
from benehub.formats.x12.envelope import Interchange

FULL, INDIVIDUAL = "ours-834-full.x12", "ours-820-individual.x12"


@pytest.fixture
def full(corpus: Path) -> str:
    return (corpus / FULL).read_text("ascii")


def one(text: str, partial: bool = False) -> Answer:
    (got,) = answer(text, partial=partial)
    return got


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize("name", [FULL, INDIVIDUAL])
def test_a_good_file_is_accepted(
    name: str, corpus: Path, interchange: Interchange, referee: Callable[[str], str]
) -> None:
    got = one((corpus / name).read_text("ascii"))
    (ack,) = got.acks
    assert (got.ta1.verdict, got.ta1.note, ack.verdict, got.findings) == ("A", "000", "A", ())
    assert (ack.included, ack.received, ack.accepted) == (1, 1, 1)
    text = "".join(ack_answer.render(interchange, got))
    assert referee(text) == ""
    assert check(text) == []
    assert list(ack_ta1.parse(text)) == [got.ta1]
    assert [r.ack for r in ack_999.parse(text)] == [ack]


def test_a_bad_element_and_a_missing_segment_come_back_by_place_and_member(
    full: str, interchange: Interchange, referee: Callable[[str], str]
) -> None:
    bad = changed(full, "HD*030**HLT", "HD*030**LIF")
    got = one(bad)
    (ack,) = got.acks
    (answered,) = ack.sets
    assert (got.ta1.verdict, ack.verdict, answered.verdict, answered.codes) == ("A", "R", "R", ("5",))
    assert ack.accepted == 0
    at = [part.strip() for part in bad.split("~")]
    place = next(n for n, part in enumerate(at) if part.startswith("HD*030**LIF")) - 2 + 1
    assert [(error.segment, error.position, error.code) for error in answered.errors] == [("HD", place, "8")]
    text = "".join(ack_answer.render(interchange, got))
    assert referee(text) == ""
    assert [r.ack for r in ack_999.parse(text)] == [ack]


def test_a_member_is_named_and_may_be_left_out_of_an_accepted_set(
    full: str, interchange: Interchange, referee: Callable[[str], str]
) -> None:
    ended = changed(full, "DTP*348*D8*20260101~", "DTP*348*D8*20260101~\nDTP*349*D8*20250101~")
    ended = changed(ended, "SE*66*", "SE*67*")
    assert one(ended).acks[0].verdict == "R"
    got = one(ended, partial=True)
    assert (got.acks[0].verdict, got.acks[0].sets[0].codes) == ("E", ("5",))
    (named,) = ack_999.members_named(got.acks[0])
    assert (named.member, ended.split("~")[named.position + 1].split("*")[0].strip()) == ("S0001", named.segment)
    assert referee("".join(ack_answer.render(interchange, got))) == ""
    # A fault that is nobody's own rejects the set all the same.
    assert one(changed(ended, "BGN*00*", "BGN*99*"), partial=True).acks[0].verdict == "R"


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        ("IEA*1*", "IEA*2*", "021"),
        ("IEA*1*000000001", "IEA*1*000000002", "001"),
        ("IEA*1*000000001~", "", "023"),
        ("IEA*1*000000001~", "IEA*1*0000", "023"),
        ("\nGE*", "\n ~GE*", "023"),
        ("\nGS*", "\nREF*1*2~GS*", "022"),
    ],
)
def test_a_broken_envelope_is_answered_by_a_ta1_alone(
    full: str, interchange: Interchange, old: str, new: str, note: str
) -> None:
    got = one(changed(full, old, new))
    assert (got.ta1.verdict, got.ta1.note, got.acks, got.accepted) == ("R", note, (), False)
    text = "".join(ack_answer.render(interchange, got))
    assert "~IEA*0*000000007~" in text
    assert list(ack_ta1.parse(text)) == [got.ta1]


@pytest.mark.parametrize(
    ("expected", "note"),
    [
        (Expected(receiver="CARRIERY"), "008"),
        (Expected(receiver_qualifier="30"), "007"),
        (Expected(sender="ANOTHER"), "006"),
        (Expected(sender_qualifier="30"), "005"),
        (Expected(usage="P"), "020"),
        (Expected("ZZ", "CARRIERX", "ZZ", "BENEHUB", "T"), "000"),
    ],
)
def test_a_file_for_somebody_else(full: str, expected: Expected, note: str) -> None:
    (got,) = answer(full, expected)
    assert got.ta1.note == note


def test_a_number_used_before(full: str) -> None:
    (got,) = answer(full, seen={1})
    assert (got.ta1.verdict, got.ta1.note, got.acks) == ("R", "025", ())


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("SE*", "SE*9", ("4",)),
        ("*0001~\nGE", "*0002~\nGE", ("3",)),
        ("ST*834*0001*005010X220A1", "ST*834*0001*005010X220", ("I6",)),
        ("ST*834*", "ST*820*", ("1",)),
    ],
)
def test_a_broken_set_is_rejected(full: str, old: str, new: str, codes: tuple[str, ...]) -> None:
    (ack,) = one(changed(full, old, new)).acks
    assert (ack.verdict, ack.sets[0].verdict) == ("R", "R")
    assert ack.sets[0].codes[:1] == codes


def test_a_set_without_trailer_is_told_in_its_own_answer(full: str) -> None:
    start, end = full.index("SE*"), full.index("GE*")
    (ack,) = one(full[:start] + full[end:]).acks
    assert (ack.verdict, ack.sets[0].codes) == ("R", ("2",))


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("GE*1*1~", "GE*2*1~", ("5",)),
        ("GE*1*1~", "GE*1*2~", ("4",)),
        ("GE*1*1~", "", ("3",)),
        ("GS*BE*", "GS*HC*", ("1",)),
        ("*X*005010X220A1", "*X*004010X095A1", ("2",)),
    ],
)
def test_a_broken_group_takes_its_sets_with_it(full: str, old: str, new: str, codes: tuple[str, ...]) -> None:
    (ack,) = one(changed(full, old, new)).acks
    assert (ack.verdict, ack.accepted, ack.sets[0].verdict) == ("R", 0, "R")
    assert set(codes) <= set(ack.codes)


def test_several_interchanges_and_groups_are_answered_each(corpus: Path, full: str) -> None:
    pays = (corpus / INDIVIDUAL).read_text("ascii")
    got = answer(full.strip() + "\n" + pays)
    assert [(a.ta1.control, a.acks[0].group, a.acks[0].verdict) for a in got] == [(1, "BE", "A"), (3, "RA", "A")]
    group = full[full.index("GS*") : full.index("IEA*")]
    both = changed(
        changed(full, "IEA*1*", "IEA*2*"), "IEA*", group.replace("*1*X*", "*2*X*").replace("GE*1*1", "GE*1*2") + "IEA*"
    )
    assert [(a.group_control, a.verdict) for a in one(both).acks] == [(1, "A"), (2, "A")]


def test_an_acknowledgement_is_never_acknowledged(corpus: Path) -> None:
    got = one((corpus / "ours-999-rejected.x12").read_text("ascii"))
    assert (got.ta1.verdict, got.acks) == ("A", ())


def test_findings_beyond_the_limit_count_and_are_not_told(full: str) -> None:
    bad = full.replace("**HLT", "**LIF").replace("**DEN", "**LIF")
    (got,) = answer(bad, limit=1)
    assert (len(got.findings), len(got.acks[0].sets[0].errors), got.acks[0].verdict) == (1, 1, "R")


def test_what_cannot_be_answered(full: str) -> None:
    with pytest.raises(FormatError, match="does not begin with ISA"):
        answer("hello")
    with pytest.raises(FormatError, match="ISA13"):
        answer(changed(full, "*000000001*0*T", "*00000000A*0*T"))


def test_several_999s_in_one_file(interchange: Interchange, referee: Callable[[str], str], full: str) -> None:
    (ack,) = one(full).acks
    other = replace(ack, group_control=9)
    text = "".join(ack_999.render_all(interchange, (ack, other)))
    assert referee(text) == ""
    assert [r.ack for r in ack_999.parse(text)] == [ack, other]


def test_no_list_grows_without_bound(full: str, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benehub.formats.x12.ack_answer.MAX_SETS", 0)
    got = one(full)
    assert (got.ta1.verdict, got.ta1.note) == ("R", "023")
    monkeypatch.setattr("benehub.formats.x12.ack_999.MAX_SEGMENTS_AN_ACK", 3)
    with pytest.raises(FormatError, match="more than 3 segments"):
        list(ack_999.parse((corpus / "ours-999-rejected.x12").read_text("ascii")))
