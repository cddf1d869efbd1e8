"""`benehub x12 show` and `x12 diff` as people and programs meet them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *261101*0900*^*00501*000000001*0*T*:~"


def write(folder: Path, name: str, tier: str = "EMP", ssn: str = "900110001") -> Path:
    body = (
        "BGN*00*R1*20261101*0900****4~N1*P5*ACME*FI*123456789~N1*IN*CARRIER*FI*987654321~INS*Y*18*030*XN*A~"
        f"REF*0F*S1~REF*23*E1~NM1*IL*1*DOE*JANE****34*{ssn}~DMG*D8*19800203*F~HD*030**HLT*PPO*{tier}~DTP*348*D8*20260101~"
    )
    file = folder / name
    whole = f"{ISA}GS*BE*S1*R1*20261101*0900*1*X*005010X220A1~ST*834*0001*005010X220A1~{body}"
    file.write_text(f"{whole}SE*{body.count('~') + 2}*0001~GE*1*1~IEA*1*000000001~")
    return file


def test_show_is_a_tree_of_loops(cli: Any, tmp_path: Path) -> None:
    said = cli.run("x12", "show", str(write(tmp_path, "one.834"))).stdout.splitlines()
    assert "               member [2000]" in said
    assert (
        "      7          INS  subscriber yes (Y), self (18), as it is (030), reason notification only (XN)" in said[9]
    )
    assert "                 coverage [2300]" in said
    assert "     12            HD   as it is (030), health (HLT), plan PPO, tier employee (EMP)" in said
    assert not any(value in line for line in said for value in ("900110001", "1980", "DOE"))


@pytest.mark.parametrize("flag", ["--unmask", "--unmasked", "--clear"])
def test_show_unmasks_when_asked(cli: Any, tmp_path: Path, flag: str) -> None:
    said = cli.run("x12", "show", str(write(tmp_path, "one.834")), flag).stdout
    assert "last DOE, first JANE, SSN (34), id 900110001" in said
    assert "birth date 1980-02-03" in said


def test_show_for_programs_is_a_line_a_segment(cli: Any, tmp_path: Path) -> None:
    lines = cli.run("x12", "show", str(write(tmp_path, "one.834")), "--json", "--limit", "7").stdout.splitlines()
    told = [json.loads(line) for line in lines]
    assert [one["position"] for one in told] == [1, 2, 3, 4, 5, 6, 7]
    assert (told[6]["loop"], told[6]["elements"][0], told[6]["depth"]) == ("2000", "INS", 4)


def test_diff_tells_members_and_ends_with_1(cli: Any, tmp_path: Path) -> None:
    old, new = write(tmp_path, "old.834"), write(tmp_path, "new.834", "FAM", "900110002")
    said = cli.run("x12", "diff", str(old), str(new), code=1).stdout
    assert said.splitlines() == [
        "~ S1 E1  D**, J***",
        "    insured (IL) id: differs (masked)",
        "  ~ health (HLT) PPO",
        "      tier: employee (EMP) -> family (FAM)",
        "834 members: 0 added, 1 changed, 0 ended, 0 the same",
    ]
    told = cli.told("x12", "diff", str(old), str(new), "--unmask", code=1)
    assert (told["changed"], told["changes"][0]["differences"][0]["after"]) == (1, "900110002")
    assert cli.told("x12", "diff", str(old), str(old)) == {
        "kind": "834", "added": 0, "changed": 0, "ended": 0, "same": 1, "changes": [],
    }  # fmt: skip
    assert "... and 1 more" in cli.run("x12", "diff", str(old), str(new), "--limit", "0", code=1).stdout


def test_diff_names_the_file_that_cannot_be_read(cli: Any, tmp_path: Path) -> None:
    old, bad = write(tmp_path, "old.834"), tmp_path / "bad.834"
    bad.write_text("no X12")
    assert "bad.834" in cli.run("x12", "diff", str(old), str(bad), code=2).stderr
    assert "no such file" in cli.run("x12", "diff", str(old), str(tmp_path / "absent"), code=2).stderr


def test_answers_are_listed_for_a_connection_that_there_is(cli: Any, employed: Path) -> None:
    assert cli.told("enrollments", "answers", "census") == []
    assert "answers of census" in cli.run("enrollments", "answers", "census", "--control", "7").stdout
    assert "no connection 'nobody'" in cli.run("enrollments", "answers", "nobody", code=2).stderr
