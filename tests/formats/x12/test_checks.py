"""Each mutation of a good file gives the finding it deserves, at the segment that holds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benehub.formats.x12.checks import check, check_files, findings

FULL, CHANGE = "ours-834-full.x12", "ours-834-change.x12"
PAID, SUMMED = "ours-820-individual.x12", "ours-820-organization.x12"

MUTANTS = [
    (FULL, "QTY*TO*3", "QTY*TO*4", "totals"),
    (FULL, "QTY*ET*1", "QTY*ET*2", "totals"),
    (FULL, "QTY*DT*2", "QTY*DT*1", "totals"),
    (FULL, "INS*Y*18", "INS*Y*01", "relationship"),
    (FULL, "INS*N*01", "INS*N*18", "relationship"),
    (FULL, "INS*N*01*030", "INS*N*77*030", "code"),
    (FULL, "*030*XN*A*E**FT", "*030*XN*C*E**FT", "cobra-event"),
    (FULL, "HD*030**DEN", "HD*030**DENTAL", "code"),
    (FULL, "*DENT1*FAM", "*DENT1*ALL", "code"),
    (FULL, "DTP*336*D8*20200115", "DTP*336*D8*20200230", "date"),
    (FULL, "DTP*336*D8*20200115", "DTP*336*D8*200115", "date"),
    (FULL, "34*100000001", "34*10000001", "ssn"),
    (FULL, "34*100000002", "34*100000001", "duplicate"),
    (FULL, "TX*78701", "TX*7870", "zip"),
    (FULL, "AMT*P3*612.5", "AMT*P3*612.555", "amount"),
    (FULL, "NM1*IL*1*DOE*SAM", "NM1*ZZ*1*DOE*SAM", "code"),
    (FULL, "DOE*JANE", f"{'D' * 61}*JANE", "length"),
    (FULL, "DOE*SAM", "DOÉ*SAM", "character"),
    (FULL, "HLH*N", "FOO*N", "unknown-segment"),
    (FULL, "DTP*356*D8*20200201", "DTP*357*D8*20190201~DTP*356*D8*20200201", "end-before-begin"),
    (CHANGE, "DTP*349*D8*20261031", "DTP*303*D8*20261031", "end-missing"),
    (CHANGE, "DTP*349*D8*20261031", "DTP*348*D8*20261102~DTP*349*D8*20261031", "end-before-begin"),
    (CHANGE, "HD*024**HLT", "HD*021**HLT", "contradiction"),
    (CHANGE, "DTP*341*D8*20280331", "DTP*341*D8*20250331", "end-before-begin"),
    (CHANGE, "D8*20261012~\nREF", "D8~\nREF", "syntax"),
    (CHANGE, "SE*85*", "SE*84*", "envelope-count"),
    (PAID, "BPR*C*1334.5", "BPR*C*1334.49", "payment-total"),
    (PAID, "ADX*-2*52", "ADX*-3*52", "item-balance"),
    (PAID, "ADX*-50*53", "ADX*-51*53", "payment-total"),
    (PAID, "750*700", "750.001*700", "amount"),
    (PAID, "ENT*2*2J", "ENT*1*2J", "entity-number"),
    (PAID, "34*100000010", "34*10000001", "ssn"),
    (PAID, "20261101-20261130~\nN1", "20261130-20261101~\nN1", "date"),
    (PAID, "PAY20261115001*1123456789", "PAY20261115001*1999999999", "trace"),
    (PAID, "*DA*99887766", "**", "bank"),
    (SUMMED, "BPR*C*24350", "BPR*C*24500", "payment-total"),
    (SUMMED, "4500*4500", "4500*4400", "item-balance"),
]


@pytest.mark.parametrize(("name", "old", "new", "code"), MUTANTS)
def test_each_mutation_is_found(corpus: Path, name: str, old: str, new: str, code: str) -> None:
    good = (corpus / name).read_text()
    assert old in good
    found = check(good.replace(old, new, 1))
    assert code in {one.code for one in found}
    assert all(one.position > 0 and one.text and one.mend for one in found)


def test_positions_count_as_a_999_counts(corpus: Path) -> None:
    text = (corpus / CHANGE).read_text().replace("INS*Y*18*021*28", "INS*Y*18*099*28", 1)
    (found,) = check(text)
    assert (found.position, found.in_set, found.segment) == (12, 10, "INS")


def test_a_dependent_before_his_subscriber(corpus: Path) -> None:
    lines = (corpus / FULL).read_text().split("\n")
    at = [n for n, line in enumerate(lines) if line.startswith("INS")] + [
        next(n for n, line in enumerate(lines) if line.startswith("SE*"))
    ]
    swapped = [*lines[: at[0]], *lines[at[1] : at[2]], *lines[at[0] : at[1]], *lines[at[2] :]]
    (found,) = check("\n".join(swapped))
    assert found.code == "dependent-before-subscriber"
    orphan = [*lines[: at[0]], *lines[at[1] :]]
    codes = {one.code for one in check("\n".join(orphan))}
    assert "dependent-without-subscriber" in codes


def test_the_member_is_named_for_repair_but_not_shown(corpus: Path) -> None:
    text = (corpus / FULL).read_text().replace("HD*030**DEN", "HD*024**DEN", 1)
    found = [one for one in check(text) if one.code == "end-missing"]
    assert [one.member for one in found] == ["S0001"]
    assert "S0001" not in repr(found)


def test_broken_files_end_in_a_finding_and_never_raise(corpus: Path) -> None:
    text = (corpus / FULL).read_text()
    for bad in ("", "hello", text[:60], text[:-300], "\ufeff" + text, text.replace("GS*", "G *")):
        assert check(bad)
    assert check(text[:-300])[-1].code in ("unreadable", "envelope-missing")


def test_findings_are_limited(corpus: Path) -> None:
    text = (corpus / FULL).read_text().replace("*D8*2", "*D8*X")
    assert len(check(text, limit=2)) == 2
    assert sum(1 for _ in findings(text)) > 2


def test_every_sample_is_clean(corpus: Path) -> None:
    samples = [p for p in corpus.iterdir() if p.name not in ("SOURCES.txt", "pyx12-example834_5010.txt")]
    assert len(samples) >= 15
    assert {p.name: check(p.read_text()) for p in samples if check(p.read_text())} == {}


def test_what_is_wrong_before_the_number_is_known_still_names_the_member(corpus: Path) -> None:
    text = (corpus / CHANGE).read_text().replace("021*28*A***FT", "021*28*Q***XX", 1)
    found = check(text)
    assert [(one.place, one.member, one.loop, one.ik, one.number) for one in found] == [
        ("INS05", "S0002", "2000", "7", "1216"),
        ("INS08", "S0002", "2000", "7", "584"),
    ]


def test_a_member_without_number_lends_his_faults_to_nobody(corpus: Path) -> None:
    text = (corpus / CHANGE).read_text().replace("021*28*A***FT~\nREF*0F*S0002~\n", "021*28*Q***FT~\n", 1)
    assert {(one.segment, one.member) for one in check(text)} == {("INS", ""), ("REF", ""), ("SE", "")}


def test_a_fault_in_a_loop_is_named_with_its_loop_and_component(corpus: Path) -> None:
    text = (corpus / FULL).read_text().replace("XN*A*E**FT", "XN*A*E:9**FT", 1).replace("COB*S", "COB*X", 1)
    found = {one.place: (one.loop, one.component, one.in_set) for one in check(text)}
    assert found == {"INS06-2": ("2000", 2, 12), "COB01": ("2320", 0, 42)}


def test_the_delimiters_are_those_of_the_file(corpus: Path) -> None:
    text = (corpus / FULL).read_text().replace("\n", "").translate(str.maketrans("*:~^", "|>!{"))
    assert check(text) == []
    assert [one.place for one in check(text.replace("HD|030||DEN", "HD|030||DEN>1", 1))] == ["HD03"]


def test_many_sets_and_groups_are_each_walked(corpus: Path) -> None:
    text = (corpus / FULL).read_text().replace("\n", "")
    head, inner = text[: text.index("ST*")], text[text.index("ST*") : text.index("GE*")]
    second = inner.replace("ST*834*0001", "ST*834*0002").replace("SE*66*0001", "SE*66*0002")
    second = second.replace("HD*030**DEN", "HD*030**D")
    (found,) = check(f"{head}{inner}{second}GE*2*1~IEA*1*000000001~")
    assert (found.place, found.position, found.in_set) == ("HD03", 2 + 66 + 46, 46)


def test_numbers_used_before_are_found_over_files(corpus: Path) -> None:
    ack = (corpus / "ours-ta1-accepted.x12").read_text()
    other = ack.replace("000000008", "000000009")
    back = ack.replace("*ZZ*CARRIERX ", "*ZZ*CARRIERY ")
    files = [("one", ack), ("two", other), ("three", back), ("four", ack)]
    found = [(name, one.place, one.ik) for name, one in check_files(files)]
    assert found == [("four", "ISA13", "025")]


def test_the_last_coverage_of_a_member_and_the_last_item_of_an_entity_name_their_own(corpus: Path) -> None:
    text = (corpus / CHANGE).read_text().replace("DTP*349*D8*20261031", "DTP*303*D8*20261031", 1)
    (found,) = check(text)
    assert (found.code, found.member, found.loop) == ("end-missing", "S0004", "2300")
    (found,) = check((corpus / PAID).read_text().replace("ADX*-2*52", "ADX*-3*52"))
    assert (found.code, found.member, found.loop) == ("item-balance", "S0001", "2300B")


def test_a_997_is_walked_too(corpus: Path) -> None:
    isa = (corpus / "ours-999-accepted.x12").read_text().partition("\n")[0]
    head = "GS*FA*AB*CD*20261101*0900*1*X*005010~ST*997*0001~AK1*BE*1~AK2*834*0001~AK3*DTP*5**8~AK4*3*1251*8~"
    text = f"{isa}{head}AK5*R*5~AK9*R*1*1*0~SE*8*0001~GE*1*1~IEA*1*000000005~"
    assert check(text) == []
    assert [one.place for one in check(text.replace("AK5*R", "AK5*Y"))] == ["AK501"]
    assert [one.code for one in check(text.replace("AK3*DTP*5**8~", "").replace("SE*8", "SE*7"))] == ["unexpected"]
