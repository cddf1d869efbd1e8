"""834: what we write the referee accepts and we read back; public files are read whatever they hold."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from benehub.errors import FormatError
from benehub.formats.x12 import enrollment_834 as x834
from benehub.formats.x12.checks import check
from benehub.formats.x12.enrollment_834 import (
    CHANGE,
    FULL,
    Address,
    Coverage,
    Demographics,
    Enrollment834,
    Member,
    Name,
    Party,
    totals_of,
)
from benehub.formats.x12.envelope import Interchange
from benehub.formats.x12.kernel import Delimiters

HEAD = Enrollment834(
    reference="REF-0001",
    created=date(2026, 11, 1),
    action=FULL,
    sponsor=Party("ACME CORP", "FI", "123456789"),
    payer=Party("CARRIER X", "FI", "987654321"),
    time="0900",
    policy="POLICY001",
    dates=(("007", date(2026, 11, 1)),),
)
HEAD_OF_CHANGES = replace(HEAD, action=CHANGE)
HEALTH = Coverage(
    maintenance="030",
    line="HLT",
    plan="PPO500",
    tier="ESP",
    dates=(("348", date(2026, 1, 1)),),
    references=(("1L", "PPO500-01"),),
    amounts=(("P3", 61250),),
)
JANE = Member(
    subscriber=True,
    relationship="18",
    maintenance="030",
    reason="XN",
    status="A",
    employment="FT",
    subscriber_number="S0001",
    references=(("1L", "POLICY001"), ("17", "CLASS A"), ("23", "E0001")),
    dates=(("336", date(2020, 1, 15)), ("356", date(2020, 2, 1))),
    name=Name("DOE", "JANE", "Q", id_qualifier="34", id="000000001"),
    contacts=(("HP", "5551234567"), ("EM", "JANE@EXAMPLE.COM")),
    address=Address("1 MAIN ST", "APT 2", "AUSTIN", "TX", "78701"),
    demographics=Demographics(date(1980, 1, 2), "F", "M"),
    coverages=(HEALTH, replace(HEALTH, line="DEN", plan="DENT1", references=(), amounts=())),
)
SAM = Member(
    subscriber=False,
    relationship="01",
    maintenance="030",
    reason="XN",
    status="A",
    subscriber_number="S0001",
    references=(("1L", "POLICY001"),),
    name=Name("DOE", "SAM"),
    demographics=Demographics(date(1981, 2, 3), "M"),
    coverages=(replace(HEALTH, references=(), amounts=()),),
)
NEW_HIRE = replace(
    JANE,
    maintenance="021",
    reason="28",
    coverages=(replace(HEALTH, maintenance="021", tier="EMP"),),
)
CORRECTED = replace(
    JANE,
    maintenance="001",
    reason="25",
    corrected=True,
    incorrect=Name("DOE-OLD", "JANE", id_qualifier="34", id="000000002"),
    incorrect_demographics=Demographics(date(1980, 1, 3), "F"),
    coverages=(),
)
LEAVER = replace(
    JANE,
    maintenance="024",
    reason="08",
    employment="TE",
    dates=(("337", date(2026, 10, 31)), ("357", date(2026, 10, 31))),
    coverages=(replace(HEALTH, maintenance="024", dates=(("349", date(2026, 10, 31)),)),),
)
COBRA = replace(
    JANE,
    maintenance="021",
    reason="09",
    status="C",
    cobra_event="1",
    employment="TE",
    dates=(("301", date(2026, 9, 30)), ("340", date(2026, 10, 1)), ("341", date(2028, 3, 31))),
    coverages=(replace(HEALTH, maintenance="021"),),
)
DEATH = replace(LEAVER, reason="03", death=date(2026, 10, 12), dates=(("357", date(2026, 10, 12)),))


def full(*members: Member) -> Enrollment834:
    return replace(HEAD, totals=totals_of(members))


def file(interchange: Interchange, head: Enrollment834, *members: Member) -> str:
    return "".join(x834.render(interchange, head, members))


def read(text: str) -> tuple[Enrollment834, tuple[Member, ...]]:
    (one,) = ((got.enrollment, tuple(got.members)) for got in x834.parse(text))
    return one


def test_a_full_file(interchange: Interchange, referee: Callable[[str], str]) -> None:
    head = full(JANE, SAM)
    text = file(interchange, head, JANE, SAM)
    assert referee(text) == ""
    assert check(text) == []
    assert read(text) == (head, (JANE, SAM))
    assert "QTY*TO*2~QTY*ET*1~QTY*DT*1~" in text
    assert "INS*Y*18*030*XN*A***FT~REF*0F*S0001~REF*1L*POLICY001~" in text
    assert "HD*030**HLT*PPO500*ESP~DTP*348*D8*20260101~AMT*P3*612.5~REF*1L*PPO500-01~" in text


def test_a_change_file_of_every_recipe(interchange: Interchange, referee: Callable[[str], str]) -> None:
    head = replace(HEAD, action=CHANGE)
    members = (NEW_HIRE, CORRECTED, LEAVER, COBRA, DEATH)
    text = file(interchange, head, *members)
    assert referee(text) == ""
    assert check(text) == []
    assert read(text) == (head, members)
    assert "INS*Y*18*024*03*A***TE***D8*20261012~" in text
    assert "NM1*74*1*DOE*JANE*Q***34*000000001~" in text
    assert "NM1*70*1*DOE-OLD*JANE****34*000000002~DMG*D8*19800103*F~" in text


def test_other_delimiters_and_line_breaks(interchange: Interchange, referee: Callable[[str], str]) -> None:
    other = replace(interchange, delimiters=Delimiters("|", ">", "!", "'"), line_breaks=True)
    text = file(other, full(JANE, SAM), JANE, SAM)
    assert referee(text) == ""
    assert read(text)[1] == (JANE, SAM)


def test_hostile_names_stay_names(interchange: Interchange, referee: Callable[[str], str]) -> None:
    odd = replace(JANE, name=Name("Doe~INS*N", "Zoë:^\n", id_qualifier="34", id="000000001"))
    text = file(interchange, full(odd), odd)
    assert referee(text) == ""
    assert read(text)[1][0].name == Name("DOE INS N", "ZOE", id_qualifier="34", id="000000001")


@pytest.mark.parametrize(
    "name",
    [
        "lfh-add-dependent.834",
        "lfh-add-subscriber-coverage.834",
        "lfh-change-subscriber-information.834",
        "lfh-demo.834",
        "ours-834-change.x12",
        "ours-834-full.x12",
        "pyx12-834_deident_family.txt",
        "pyx12-834_deident_new_enroll.txt",
    ],
)
def test_public_files_read_and_write_back_the_same(corpus: Path, name: str) -> None:
    text = (corpus / name).read_text()
    assert check(text) == []
    (got,) = (
        "".join(x834.render(replace(g.envelope.interchange, line_breaks=True), g.enrollment, g.members))
        for g in x834.parse(text)
    )
    assert got.split() == text.split()


def test_the_hostile_sample_is_refused_with_its_place(corpus: Path) -> None:
    text = (corpus / "pyx12-example834_5010.txt").read_text()
    with pytest.raises(FormatError, match="indented") as caught:
        list(x834.parse(text))
    assert caught.value.position == 2


@pytest.mark.parametrize(
    ("head", "members", "word"),
    [
        (HEAD, (), "without members"),
        (replace(HEAD, totals=(("TO", 3),)), (JANE,), "totals"),
        (HEAD, (SAM, JANE), "before his subscriber"),
        (HEAD, (replace(JANE, name=Name("DOE", id_qualifier="34", id="12345678")),), "nine digits"),
    ],
)
def test_what_is_not_written(
    interchange: Interchange, head: Enrollment834, members: tuple[Member, ...], word: str
) -> None:
    with pytest.raises(FormatError, match=word):
        file(interchange, head, *members)


def test_what_is_not_read_names_the_segment(interchange: Interchange) -> None:
    text = file(interchange, full(JANE), JANE)
    for old, new, word in (
        ("DMG*D8*19800102", "DMG*D8*19800230", "date"),
        ("REF*0F*S0001", "REF*ZZ*S0001", "REF"),
        ("N1*P5*ACME", "N1*XX*ACME", "N1"),
        ("AMT*P3*612.5", "AMT*P3*612.555", "decimals"),
    ):
        assert old in text
        with pytest.raises(FormatError, match=word) as caught:
            read(text.replace(old, new))
        assert caught.value.position > 1
        assert "S0001" not in str(caught.value)


def test_an_820_is_no_834(corpus: Path) -> None:
    with pytest.raises(FormatError, match="no 834"):
        list(x834.parse((corpus / "ours-820-individual.x12").read_text()))


def test_reprs_show_no_id() -> None:
    assert "000000001" not in repr(JANE)
    assert "1980" not in repr(JANE)


def test_several_sets_in_one_file(interchange: Interchange, referee: Callable[[str], str]) -> None:
    """One family a set: a partner who refuses one refuses little."""
    other = replace(JANE, subscriber_number="S0002", name=replace(JANE.name, id="000000003"))
    sets = [(full(JANE, SAM), (JANE, SAM)), (full(other), (other,))]
    text = "".join(x834.render_sets(interchange, sets))
    assert referee(text) == ""
    assert check(text) == []
    got = [(one.envelope.control, one.enrollment, tuple(one.members)) for one in x834.parse(text)]
    assert got == [("0001", *sets[0]), ("0002", *sets[1])]


def test_records_are_judged_before_a_number_is_spent() -> None:
    assert list(x834.validate(full(JANE, SAM), [JANE, SAM])) == []
    late = replace(LEAVER, coverages=(replace(HEALTH, maintenance="024"),))
    (found,) = x834.validate(replace(HEAD, action=CHANGE), [late])
    assert (found.code, found.member) == ("end-missing", "S0001")
    (early,) = x834.validate(HEAD, [SAM])
    assert early.text == "a dependent comes before his subscriber"


def test_memory_does_not_grow_with_the_members(interchange: Interchange) -> None:
    def many() -> Iterator[Member]:
        for number in range(600):
            yield replace(JANE, subscriber_number=f"S{number}", name=replace(JANE.name, last=f"DOE{number}"))

    tracemalloc.start()
    (count,) = (sum(1 for _ in one.members) for one in x834.parse(x834.render(interchange, HEAD_OF_CHANGES, many())))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 600
    assert peak < 1_000_000
