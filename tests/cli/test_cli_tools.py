"""The commands that need no installation: plan book checks, calculators, X12 files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "planbook.example.yaml"


def test_a_plan_book_is_checked_with_line_and_mend(cli: Any, tmp_path: Path) -> None:
    assert cli.told("plan", "check", str(EXAMPLE))["ok"] is True
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(EXAMPLE.read_text().replace("pay_policy: pay_as_billed", "pay_policy: whenever"))
    found = cli.told("plan", "check", str(wrong), code=1)
    assert len(found["faults"]) == 1 and "pay_policy" in found["faults"][0]
    assert "pay_policy" in cli.run("plan", "check", str(wrong), code=1).stdout


def test_plan_books_are_compared_field_by_field(cli: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(EXAMPLE.read_text().replace("flat: 20.00", "flat: 25.00"))
    told = cli.told("plan", "diff", str(EXAMPLE), str(other))
    assert [(one["before"], one["after"]) for one in told["changes"]] == [("20.00", "25.00")]


def test_a_plan_book_is_compared_with_the_one_in_force(cli: Any, employed: Path) -> None:
    (employed / "new.yaml").write_text((employed / "book.yaml").read_text().replace("80%", "75%"))
    assert [one["after"] for one in cli.told("plan", "diff", "new.yaml")["changes"]] == ["75%"]
    assert cli.told("plan", "load", "new.yaml", "--dry-run")["in_force"] is False
    assert len(cli.told("plan", "diff", "new.yaml")["changes"]) == 1
    cli.run("plan", "load", "new.yaml")
    assert cli.told("plan", "diff", "new.yaml")["changes"] == []


def test_a_change_tells_whom_it_affects_without_names_or_pay(cli: Any, employed: Path) -> None:
    cli.run("sync", "census")
    cli.run("enrollments", "decide", "--day", "2026-11-23")
    (employed / "new.yaml").write_text((employed / "book.yaml").read_text().replace("80%", "75%"))
    told = cli.told("plan", "diff", "new.yaml", "--month", "2026-11")["impact"]
    (plan,) = told["plans"]
    assert (told["month"], told["currency"]) == ("2026-11", "USD")
    # 5 % of 500.00 and of 1,200.00 move from the employer to the two employees
    assert (plan["covered"], plan["changed"], plan["employee_minor"], plan["employer_minor"]) == (2, 2, 8500, -8500)
    assert "people" not in plan
    listed = cli.told("plan", "diff", "book.yaml", "new.yaml", "-m", "2026-11", "--people")["impact"]["plans"][0]
    assert [(one["employee_number"], one["before_minor"], one["after_minor"]) for one in listed["people"]] == [
        ("1001", 10000, 12500), ("1002", 24000, 30000),
    ]  # fmt: skip
    shown = cli.run("plan", "diff", "new.yaml", "--month", "2026-11", "--people").stdout
    assert "+85.00" in shown and "-85.00" in shown and "300.00" in shown
    assert "Byron" not in shown and "Okri" not in shown


def test_who_has_no_affordable_offer_is_told_without_pay(cli: Any, employed: Path) -> None:
    cli.run("sync", "census")
    told = json.loads(cli.run("plan", "affordability", "--month", "2026-11", "--basis", "fpl", "--json").stdout)
    assert (told["full_time"], told["affordable"], told["open"]) == (2, 2, [])
    (employed / "new.yaml").write_text((employed / "book.yaml").read_text().replace("80%", "70%"))
    shown = cli.run("plan", "affordability", "new.yaml", "--month", "2026-11", "--basis", "fpl", code=1).stdout
    assert "not_affordable" in shown and "150.00" in shown
    assert "no income is named" in cli.run("plan", "affordability", "--basis", "x", code=2).stderr


def test_two_books_are_compared_where_there_is_no_installation(
    cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.yaml").write_text(EXAMPLE.read_text().replace("flat: 20.00", "flat: 25.00"))
    told = cli.told("plan", "diff", str(EXAMPLE), "other.yaml")
    assert told["impact"] is None and told["not_asked"] and len(told["changes"]) == 1
    assert "was not asked" in cli.run("plan", "diff", str(EXAMPLE), "other.yaml").stdout
    assert cli.run("plan", "diff", str(EXAMPLE), "other.yaml", "--month", "2026-11", code=2).stderr
    assert [one.name for one in tmp_path.iterdir()] == ["other.yaml"]


def test_the_schema_is_json_schema(cli: Any) -> None:
    assert "properties" in json.loads(cli.run("plan", "schema").stdout)


def test_calc_runs_any_rule_on_json(cli: Any, tmp_path: Path) -> None:
    names = {one["name"] for one in cli.told("calc", "--list")}
    assert "retirement.match" in names
    for name in names:
        schemas = json.loads(cli.run("calc", name, "--schema").stdout)
        assert "properties" in schemas["input"] and "properties" in schemas["output"]
    given = {"pay_date": "2026-11-13"}
    answer = json.loads(cli.run("calc", "retirement.deposit-due", stdin=json.dumps(given)).stdout)
    assert answer["explanation"]["rule"] == "retirement.deposit-due"
    (tmp_path / "in.json").write_text(json.dumps(given))
    from_file = cli.run("calc", "retirement.deposit-due", "--input", str(tmp_path / "in.json"))
    assert json.loads(from_file.stdout) == answer


@pytest.mark.parametrize("given", ["", "[]", "{", '{"pay_date": "soon"}', '{"pay_day": "2026-11-13"}'])
def test_calc_refuses_bad_input_with_2(cli: Any, given: str) -> None:
    done = cli.run("calc", "retirement.deposit-due", code=2, stdin=given)
    assert len(done.stderr.strip().splitlines()) == 1


def test_calc_names_the_calculators_it_has(cli: Any) -> None:
    assert "retirement.match" in cli.run("calc", "no.such", code=2).stderr


ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *261101*0900*^*00501*000000001*0*T*:~"


def test_x12_check_ends_with_1_on_findings(cli: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.834"
    broken.write_text(ISA + "GS*BE*S*R*20261101*0900*1*X*005010X220A1~GE*7*1~IEA*1*000000001~")
    found = cli.told("x12", "check", str(broken), code=1)
    assert found and all(one["mend"] for one in found)
    assert "no such file" in cli.run("x12", "check", str(tmp_path / "absent"), code=2).stderr


def test_x12_check_of_a_clean_file_says_so(cli: Any, shared: Path) -> None:
    clean = shared / "edi-corpus" / "ours-834-full.x12"
    if not clean.is_file():
        pytest.skip("the corpus of X12 files is not here")
    assert "nothing wrong" in cli.run("x12", "check", str(clean)).stdout
    assert cli.told("x12", "check", str(clean)) == []


BODY = "REF*SY*900010001~DMG*D8*19800203*F~ICM*1*104000~SE*5*0001~GE*1*1~IEA*1*000000001~"


def test_x12_show_masks_unless_asked(cli: Any, tmp_path: Path) -> None:
    file = tmp_path / "one.834"
    file.write_text(ISA + "GS*BE*S*R*20261101*0900*1*X*005010X220A1~ST*834*0001~INS*Y*18*030*XN*A~" + BODY)
    said = cli.run("x12", "show", str(file)).stdout
    assert "000000001" in said  # the envelope's control number is nobody's
    for value in ("900010001", "19800203", "104000"):
        assert value not in said
        assert value in cli.run("x12", "show", str(file), "--clear").stdout
    first = json.loads(cli.run("x12", "show", str(file), "--json").stdout.splitlines()[0])
    assert (first["position"], first["elements"][0]) == (1, "ISA")
    file.write_text("no X12")
    assert "ISA" in cli.run("x12", "show", str(file), code=2).stderr
