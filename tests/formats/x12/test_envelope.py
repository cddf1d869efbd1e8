"""The envelope counts and numbers what it carries, and the checker notices what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benehub.errors import FormatError
from benehub.formats.x12.body import MAX_LOOP_CHARACTERS
from benehub.formats.x12.checks import check
from benehub.formats.x12.envelope import Block, Guide, Interchange, read_sets, write, write_groups
from benehub.formats.x12.kernel import Delimiters, Elements

GUIDE = Guide("FA", "999", "005010X231A1")
BODY: list[Elements] = [("AK1", "BE", "1", "005010X220A1"), ("AK9", "A", "1", "1", "1")]


def written(interchange: Interchange, sets: int = 2) -> str:
    return "".join(write(interchange, GUIDE, [BODY] * sets))


def test_counts_and_numbers(interchange: Interchange) -> None:
    text = written(interchange)
    assert len(text.split("~")[0]) == 105
    assert text.count("~") == 2 + 2 * 4 + 2
    assert "ST*999*0002*005010X231A1~" in text
    assert text.endswith("SE*4*0002~GE*2*7~IEA*1*000000007~")
    assert check(text) == []


def test_what_is_written_reads_back(interchange: Interchange) -> None:
    other = replace(
        interchange,
        delimiters=Delimiters("|", ">", "!", "\n"),
        ack_requested=True,
        usage="P",
        application_sender="PAYROLL01",
        set_control=41,
    )
    sets = [(one.interchange, one.control, [s.tag for s in one.segments]) for one in read_sets(written(other))]
    assert sets == [(other, "0041", ["AK1", "AK9"]), (replace(other, set_control=42), "0042", ["AK1", "AK9"])]


def test_a_set_that_is_not_read_is_skipped(interchange: Interchange) -> None:
    assert [one.control for one in read_sets(written(interchange, 3))] == ["0001", "0002", "0003"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("SE*4*0001", "SE*5*0001", "envelope-count"),
        ("SE*4*0001", "SE*x*0001", "envelope-count"),
        ("SE*4*0001", "SE*4*0009", "envelope-control"),
        ("GE*2*7", "GE*3*7", "envelope-count"),
        ("GE*2*7", "GE*2*8", "envelope-control"),
        ("IEA*1*000000007", "IEA*2*000000007", "envelope-count"),
        ("IEA*1*000000007", "IEA*1*000000008", "envelope-control"),
        ("IEA*1*000000007~", "", "envelope-missing"),
        ("GE*2*7~", "", "envelope-order"),
        ("SE*4*0001~", "", "envelope-order"),
        ("ST*999*0002*005010X231A1~", "ST*999*0001*005010X231A1~", "envelope-duplicate"),
        ("ST*999*0001*005010X231A1~", "ST*999*0001*005010X220A1~", "envelope-guide"),
        ("ST*999*0001*", "ST*834*0001*", "envelope-guide"),
        ("GE*2*7~", "REF*1*2~GE*2*7~", "envelope-order"),
        ("GE*2*7~", "GE*2*7~TA1*1~GE*2*7~", "envelope-order"),
    ],
)
def test_each_fault_is_found_and_refused(interchange: Interchange, old: str, new: str, code: str) -> None:
    text = written(interchange)
    broken = text.replace(old, new, 1)
    assert broken != text
    found = check(broken)
    assert code in {finding.code for finding in found}
    with pytest.raises(FormatError):
        list(read_sets(broken))


def test_two_interchanges_in_one_file(interchange: Interchange) -> None:
    text = written(interchange) + written(replace(interchange, control=8))
    assert [one.interchange.control for one in read_sets(text)] == [7, 7, 8, 8]


@pytest.mark.parametrize(
    "change",
    [
        {"sender": ""},
        {"sender": "A" * 16},
        {"receiver": "A*B"},
        {"receiver": " AB"},
        {"sender_qualifier": "02"},
        {"usage": "X"},
        {"control": 0},
        {"control": 1_000_000_000},
    ],
)
def test_an_envelope_that_cannot_be_is_refused(interchange: Interchange, change: dict[str, object]) -> None:
    with pytest.raises(FormatError):
        replace(interchange, **change)  # type: ignore[arg-type]  # a parametrized field of any type


def test_several_groups_of_several_sets(interchange: Interchange) -> None:
    other = Guide("BE", "834", "005010X220A1")
    plain: list[Elements | Block] = [*BODY]
    block: list[Elements | Block] = [[*BODY]]
    groups = [(GUIDE, [plain, block]), (other, [plain])]
    text = "".join(write_groups(replace(interchange, set_control=9), groups))
    sets = [(one.guide, one.interchange.group_control, one.control, one.first) for one in read_sets(text)]
    assert sets == [(GUIDE, 7, "0009", 3), (GUIDE, 7, "0010", 7), (other, 8, "0011", 13)]
    assert "GE*2*7~GS*BE*" in text
    assert text.endswith("GE*1*8~IEA*2*000000007~")


def test_numbers_run_out(interchange: Interchange) -> None:
    with pytest.raises(FormatError, match="999999999"):
        "".join(write(replace(interchange, set_control=999_999_999), GUIDE, [BODY, BODY]))


@pytest.mark.parametrize("size", [1, 40, 5000])
def test_a_body_as_loops(interchange: Interchange, size: int) -> None:
    body = [("BGN", "1"), ("INS", "A"), ("REF", "1"), ("INS", "B"), ("INS", "C"), ("REF", "2")]
    text = "".join(write(interchange, GUIDE, [body]))
    (loops,) = (
        list(one.segments.loops("INS")) for one in read_sets(text[at : at + size] for at in range(0, len(text), size))
    )
    assert loops == [(4, "BGN*1"), (5, "INS*A~REF*1"), (7, "INS*B"), (8, "INS*C~REF*2")]


def test_a_body_without_the_loop_is_all_head(interchange: Interchange) -> None:
    text = "".join(write(interchange, GUIDE, [[("INS", "A")], [("BGN", "1"), ("REF", "1")]]))
    assert [list(one.segments.loops("INS")) for one in read_sets(text)] == [
        [(4, ""), (4, "INS*A")],
        [(7, "BGN*1~REF*1")],
    ]


def test_a_loop_without_end_is_refused(interchange: Interchange) -> None:
    body = [("INS", "A"), *[("REF", "1" * 50)] * (MAX_LOOP_CHARACTERS // 50)]
    text = "".join(write(interchange, GUIDE, [body]))
    with pytest.raises(FormatError, match="a loop of more") as caught:
        [list(one.segments.loops("INS")) for one in read_sets(text)]
    assert caught.value.position == 4


def test_an_envelope_inside_a_set_is_refused_whoever_reads(interchange: Interchange) -> None:
    text = "".join(write(interchange, GUIDE, [[("INS", "A"), ("GE", "1")]]))
    with pytest.raises(FormatError, match="GE comes where it cannot") as caught:
        [list(one.segments) for one in read_sets(text)]
    assert caught.value.position == 5
