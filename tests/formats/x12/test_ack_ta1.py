"""TA1: alone or before groups, and a reason in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benehub.errors import FormatError
from benehub.formats.x12 import ack_999, ack_ta1
from benehub.formats.x12.ack_ta1 import NOTES, Ta1
from benehub.formats.x12.checks import check
from benehub.formats.x12.enrollment_834 import GUIDE as ENROLLMENT
from benehub.formats.x12.envelope import Interchange


def test_answer_and_read_back(interchange: Interchange) -> None:
    ack = Ta1.answer(replace(interchange, control=1), "R", "025")
    text = "".join(ack_ta1.render(interchange, ack))
    assert "TA1*000000001*261101*0900*R*025~IEA*0*000000007~" in text
    assert check(text) == []
    assert list(ack_ta1.parse(text)) == [ack]
    assert ack.text == "duplicate control number"


@pytest.mark.parametrize(
    ("name", "verdict", "note"),
    [("ours-ta1-accepted.x12", "A", "000"), ("ours-ta1-rejected-dup.x12", "R", "025")],
)
def test_public_files(corpus: Path, name: str, verdict: str, note: str) -> None:
    (ack,) = ack_ta1.parse((corpus / name).read_text())
    assert (ack.control, ack.verdict, ack.note) == (1, verdict, note)


def test_with_a_999_in_the_same_file(interchange: Interchange) -> None:
    answer = ack_999.acknowledge(ENROLLMENT, 2, [ack_999.SetAck("834", "0001", "A")])
    text = "".join(ack_999.render(interchange, answer))
    both = text.replace("GS*", "TA1*000000001*261101*0900*A*000~GS*", 1)
    assert [ack.verdict for ack in ack_ta1.parse(both)] == ["A"]
    assert [got.ack for got in ack_999.parse(both)] == [answer]
    assert list(ack_ta1.parse(text)) == []


def test_every_note_has_words() -> None:
    assert sorted(NOTES) == [f"{n:03d}" for n in range(32)]


@pytest.mark.parametrize(("verdict", "note"), [("X", "000"), ("A", "999")])
def test_unknown_verdicts_are_not_written(interchange: Interchange, verdict: str, note: str) -> None:
    with pytest.raises(FormatError):
        list(ack_ta1.render(interchange, Ta1(1, "261101", "0900", verdict, note)))


def test_one_without_number_is_refused(interchange: Interchange) -> None:
    text = "".join(ack_ta1.render(interchange, Ta1.answer(interchange, "A")))
    with pytest.raises(FormatError, match="TA1"):
        list(ack_ta1.parse(text.replace("TA1*000000007", "TA1*")))
