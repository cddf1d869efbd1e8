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


def test_x12_check_names_the_place_and_hides_the_member(cli: Any, tmp_path: Path) -> None:
    body = "INS*Y*18*021*28*Q***FT~REF*0F*900010001~NM1*IL*1*ALDER~SE*8*0001~GE*1*1~IEA*1*000000001~"
    head = "ST*834*0001*005010X220A1~BGN*00*1*20261101*0900****2~N1*P5**FI*123456789~N1*IN**FI*987654321~"
    file = tmp_path / "one.834"
    file.write_text(ISA + "GS*BE*SENDER*RECEIVER*20261101*0900*1*X*005010X220A1~" + head + body)
    (found,) = cli.told("x12", "check", str(file), code=1)
    assert (found["position"], found["in_set"], found["segment"], found["element"]) == (7, 5, "INS", 5)
    assert (found["loop"], found["code"], found["ik"]) == ("2000", "code", "7")
    assert "900010001" not in found["member"]
    assert "INS05" in cli.run("x12", "check", str(file), code=1).stdout


def test_x12_check_of_a_folder_finds_a_number_used_twice(cli: Any, tmp_path: Path) -> None:
    folder = tmp_path / "sent"
    folder.mkdir()
    assert "no files" in cli.run("x12", "check", str(folder), code=2).stderr
    ack = "TA1*000000009*261101*0900*A*000~IEA*0*000000001~"
    for name in ("a.ta1", "b.ta1"):
        (folder / name).write_text(ISA + ack)
    (folder / "c.ta1").write_text((ISA + ack).replace("000000001", "000000002"))
    (found,) = cli.told("x12", "check", str(folder), code=1)
    assert (found["file"], found["code"], found["element"]) == (str(folder / "b.ta1"), "envelope-reuse", 13)
    assert "a.ta1" in found["text"]
    first = (str(folder / "a.ta1"), str(folder / "c.ta1"))
    assert cli.told("x12", "check", *first) == []
    said = cli.run("x12", "check", str(folder), str(folder / "a.ta1"), "--limit", "1", code=1).stdout
    assert "envelope-reuse" in said


def test_x12_check_of_a_clean_file_says_so(cli: Any, shared: Path) -> None:
    clean = shared / "edi-corpus" / "ours-834-full.x12"
    if not clean.is_file():
        pytest.skip("the corpus of X12 files is not here")
    assert "nothing wrong" in cli.run("x12", "check", str(clean)).stdout
    assert cli.told("x12", "check", str(clean)) == []


NACHA = (
    "101 0110000151123456789261125140509410 1FIRST BANK             ACME TOOLS INC.        ".ljust(94),
    "5220ACME TOOLS INC.                     1123456789CCDPREMIUM         261130   1011000010000001",
)


def test_money_files_are_checked_with_place_and_mend(cli: Any, tmp_path: Path) -> None:
    cut = tmp_path / "pay.ach"
    cut.write_text("\n".join(NACHA))
    codes = [one["code"] for one in cli.told("nacha", "check", str(cut), code=1)]
    assert "cut-off" in codes
    assert "cut-off" in cli.run("nacha", "check", str(cut), code=1).stdout
    bad = tmp_path / "statement.xml"
    bad.write_text("<Document/>")
    (found,) = cli.told("sepa", "check", str(bad), code=1)
    assert found["code"] == "unreadable" and found["mend"]
    assert "no such file" in cli.run("sepa", "check", str(tmp_path / "absent"), code=2).stderr


def test_clean_money_files_say_so(cli: Any, tmp_path: Path) -> None:
    from datetime import UTC, date, datetime

    from benehub.formats.nacha.build import Originator, Payment, payment_file
    from benehub.formats.nacha.codes import Sec
    from benehub.formats.nacha.file import render

    file = payment_file(
        Originator("011000015", "Bank", "Acme", "1123456789"), [Payment("N", "021000021", "1", 5)],
        entry_class=Sec.CCD, description="PREMIUM", effective=date(2026, 11, 30),
        created=datetime(2026, 11, 25, tzinfo=UTC),
    )  # fmt: skip
    clean = tmp_path / "pay.ach"
    clean.write_bytes(render(file))
    assert "nothing wrong" in cli.run("nacha", "check", str(clean)).stdout
    assert cli.told("nacha", "check", str(clean)) == []
