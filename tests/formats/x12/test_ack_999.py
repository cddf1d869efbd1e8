"""999: who is named with which code; what we write as a simulated carrier is itself valid."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benehub.errors import FormatError
from benehub.formats.x12 import ack_999
from benehub.formats.x12.ack_999 import (
    Ack999,
    Context,
    ElementError,
    NamedMember,
    SegmentError,
    SetAck,
    acknowledge,
    members_named,
)
from benehub.formats.x12.checks import check
from benehub.formats.x12.enrollment_834 import GUIDE as ENROLLMENT
from benehub.formats.x12.envelope import Guide, Interchange

NAMED = Context(ack_999.SUBSCRIBER, "S0002")
BAD = SetAck(
    "834",
    "0001",
    "R",
    "005010X220A1",
    (
        SegmentError("INS", 10, "8", "2000", (NAMED,), (ElementError(3, "7", "875", bad_value="099"),)),
        SegmentError("HD", 17, "I6", "2300", (Context(ack_999.SUBSCRIBER, "S0001"),)),
    ),
    ("5",),
)
GOOD = SetAck("834", "0002", "A", "005010X220A1")


def file(interchange: Interchange, ack: Ack999, guide: Guide = ack_999.GUIDE) -> str:
    return "".join(ack_999.render(interchange, ack, guide))


def read(text: str) -> list[Ack999]:
    return [got.ack for got in ack_999.parse(text)]


@pytest.mark.parametrize("sets", [(GOOD,), (BAD,), (GOOD, BAD), (replace(GOOD, verdict="E"), GOOD)])
@pytest.mark.parametrize("version", ["005010X231A1", "005010X231"])
def test_what_we_write_is_accepted_and_read_back(
    interchange: Interchange, referee: Callable[[str], str], sets: tuple[SetAck, ...], version: str
) -> None:
    ack = acknowledge(ENROLLMENT, 2, sets)
    text = file(interchange, ack, Guide("FA", "999", version))
    assert referee(text) == ""
    assert check(text) == []
    assert read(text) == [ack]


@pytest.mark.parametrize(
    ("verdicts", "expected"), [("A", "A"), ("AE", "E"), ("AR", "P"), ("R", "R"), ("RR", "R"), ("EE", "E")]
)
def test_the_verdict_on_a_group(verdicts: str, expected: str) -> None:
    ack = acknowledge(ENROLLMENT, 2, [replace(GOOD, verdict=v) for v in verdicts])
    assert ack.verdict == expected
    assert (ack.included, ack.accepted) == (len(verdicts), sum(v != "R" for v in verdicts))


def test_members_named_with_codes() -> None:
    named = list(members_named(acknowledge(ENROLLMENT, 2, [BAD])))
    assert named == [
        NamedMember("S0002", "0001", "INS", 10, "8", (("3", "7"),)),
        NamedMember("S0001", "0001", "HD", 17, "I6"),
    ]
    assert "S0002" not in repr(named)


@pytest.mark.parametrize(
    ("value", "copied"), [("A~B*C:D^", "A B C D"), ("Zoë\n", "Zoe"), ("~", ""), ("x" * 200, "x" * 99)]
)
def test_copies_of_bad_values_are_sanitised(
    interchange: Interchange, referee: Callable[[str], str], value: str, copied: str
) -> None:
    error = SegmentError("NM1", 14, "8", "2100", (), (ElementError(3, "6", "1035", bad_value=value),))
    ack = acknowledge(ENROLLMENT, 2, [replace(BAD, errors=(error,))])
    text = file(interchange, ack)
    assert referee(text) == ""
    (got,) = read(text)
    assert got.sets[0].errors[0].elements[0].bad_value == copied


def test_component_and_context_of_an_element(interchange: Interchange) -> None:
    element = ElementError(6, "7", "1218", component="1", bad_value="Z", contexts=(NAMED,))
    ack = acknowledge(ENROLLMENT, 2, [replace(BAD, errors=(SegmentError("INS", 10, "8", "2000", (), (element,)),))])
    text = file(interchange, ack)
    assert "IK4*6:1*1218*7*Z~CTX*SUBSCRIBER NUMBER REF02:S0002~" in text
    assert read(text) == [ack]
    assert next(members_named(ack)).element_codes == (("6:1", "7"),)


@pytest.mark.parametrize(
    ("name", "verdict", "named"),
    [
        ("ours-999-accepted.x12", "A", []),
        ("ours-999-partial.x12", "P", []),
        ("ours-999-rejected.x12", "R", ["S0002", "S0001"]),
        ("imsweb-999_rejected.txt", "R", []),
    ],
)
def test_public_files(corpus: Path, name: str, verdict: str, named: list[str]) -> None:
    (ack,) = read((corpus / name).read_text())
    assert ack.verdict == verdict
    assert [one.member for one in members_named(ack)] == named


def test_a_997_is_read_too(interchange: Interchange) -> None:
    text = file(interchange, acknowledge(ENROLLMENT, 2, [BAD, GOOD]))
    old = text.replace("ST*999*0001*005010X231A1", "ST*997*0001").replace("005010X231A1", "005010")
    lines = [line for line in old.split("~") if not line.startswith("CTX")]
    joined = "~".join(line.replace("IK", "AK", 1) if line[:2] == "IK" else line for line in lines)
    joined = re.sub(r"SE\*\d+\*", f"SE*{len(lines) - 5}*", joined)
    (ack,) = read(joined)
    assert ack.verdict == "P"
    assert ack.sets[0].errors[0].elements == BAD.errors[0].elements


def test_several_groups_in_one_file(interchange: Interchange) -> None:
    one = file(interchange, acknowledge(ENROLLMENT, 2, [GOOD]))
    two = file(replace(interchange, group_control=8), acknowledge(ENROLLMENT, 3, [BAD]))
    group = two[two.index("GS*") : two.index("IEA*")]
    text = one.replace("IEA*1*", f"{group}IEA*2*")
    assert [(ack.group_control, ack.verdict) for ack in read(text)] == [(2, "A"), (3, "R")]


@pytest.mark.parametrize(("old", "new"), [("AK1*", "AKX*"), ("AK9*R*1*1*0~", "REF*1*2~"), ("IK5*", "REF*")])
def test_what_cannot_be_read(interchange: Interchange, old: str, new: str) -> None:
    text = file(interchange, acknowledge(ENROLLMENT, 2, [BAD]))
    assert old in text
    with pytest.raises(FormatError):
        read(text.replace(old, new))
