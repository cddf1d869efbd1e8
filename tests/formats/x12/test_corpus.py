"""Every legal sample file reads, comes back to the byte, and the independent referee takes what we wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benehub.errors import FormatError
from benehub.formats.x12 import ack_999, ack_ta1, enrollment_834, remittance_820
from benehub.formats.x12.checks import check
from benehub.formats.x12.envelope import Interchange
from benehub.formats.x12.writer import CharacterPolicy

AS_IS = CharacterPolicy(upper_case=False)
ENROLLMENTS = (
    "lfh-add-dependent.834", "lfh-add-subscriber-coverage.834", "lfh-change-subscriber-information.834",
    "lfh-demo.834", "ours-834-change.x12", "ours-834-full.x12", "pyx12-834_deident_family.txt",
    "pyx12-834_deident_new_enroll.txt",
)  # fmt: skip
REMITTANCES = ("ours-820-individual.x12", "ours-820-organization.x12")
ACKS = ("imsweb-999_rejected.txt", "ours-999-accepted.x12", "ours-999-partial.x12", "ours-999-rejected.x12")
ENVELOPE_ACKS = ("ours-ta1-accepted.x12", "ours-ta1-rejected-dup.x12")
REFEREE_CANNOT = "ours-999-partial.x12"
"""Its map allows four characters of a loop id in IK303, the standard six (`2100A`)."""


def rewritten(text: str) -> Iterator[str]:
    """The file's one set, parsed and rendered again with the sample's line breaks."""
    if "ST*834" in text:
        (got,) = ((one, list(one.members)) for one in enrollment_834.parse(text))
        yield from enrollment_834.render(lined(got[0].envelope.interchange), got[0].enrollment, got[1], AS_IS)
    elif "ST*820" in text:
        (paid,) = ((one, list(one.entities)) for one in remittance_820.parse(text))
        yield from remittance_820.render(lined(paid[0].envelope.interchange), paid[0].remittance, paid[1], AS_IS)
    else:
        (answer,) = ack_999.parse(text)
        yield from ack_999.render(lined(answer.envelope.interchange), answer.ack)


def lined(interchange: Interchange) -> Interchange:
    return replace(interchange, line_breaks=True)


@pytest.mark.parametrize("name", [*ENROLLMENTS, *REMITTANCES, *ACKS])
def test_what_is_read_is_written_again(name: str, corpus: Path, referee: Callable[[str], str]) -> None:
    text = (corpus / name).read_text("ascii").strip()
    ours = "".join(rewritten(text))
    assert ours.strip() == text
    if name != REFEREE_CANNOT:
        assert referee(ours) == ""


@pytest.mark.parametrize("name", [*ENROLLMENTS, *REMITTANCES, *ACKS, *ENVELOPE_ACKS])
def test_the_checks_find_nothing_in_a_legal_file(name: str, corpus: Path) -> None:
    assert check((corpus / name).read_text("ascii")) == []


@pytest.mark.parametrize(("name", "verdict", "note"), [(ENVELOPE_ACKS[0], "A", "000"), (ENVELOPE_ACKS[1], "R", "025")])
def test_the_ta1s_read_and_come_back(name: str, verdict: str, note: str, corpus: Path) -> None:
    text = (corpus / name).read_text("ascii")
    (ack,) = ack_ta1.parse(text)
    assert (ack.control, ack.verdict, ack.note) == (1, verdict, note)
    assert f"TA1*000000001*261101*0900*{verdict}*{note}~" in text


def test_a_rejection_names_its_members(corpus: Path) -> None:
    (answer,) = ack_999.parse((corpus / "ours-999-rejected.x12").read_text("ascii"))
    named = [(one.member, one.segment, one.position) for one in ack_999.members_named(answer.ack)]
    assert named == [("S0002", "INS", 10), ("S0001", "HD", 17)]


def test_the_hostile_sample_is_refused_with_its_place(corpus: Path) -> None:
    with pytest.raises(FormatError) as caught:
        for one in enrollment_834.parse((corpus / "pyx12-example834_5010.txt").read_text("ascii")):
            list(one.members)
    assert caught.value.position == 2


@pytest.mark.parametrize("name", REMITTANCES)
def test_money_that_does_not_add_up_is_neither_read_nor_written(name: str, corpus: Path) -> None:
    text = (corpus / name).read_text("ascii")
    broken = text.replace("BPR*C*1334.5*", "BPR*C*1334.51*").replace("BPR*C*24350*", "BPR*C*24350.01*")
    assert broken != text
    with pytest.raises(FormatError):
        [list(one.entities) for one in remittance_820.parse(broken)]
    assert [found.code for found in check(broken)] == ["payment-total"]
    (paid,) = ((one, list(one.entities)) for one in remittance_820.parse(text))
    head = replace(paid[0].remittance, total=paid[0].remittance.total + 1)
    with pytest.raises(FormatError, match="BPR02"):
        list(remittance_820.render(paid[0].envelope.interchange, head, paid[1]))
