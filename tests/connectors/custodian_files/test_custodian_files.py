"""Contributions to accounts out in a custodian's own columns, and its answers back, through a simulated custodian."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from benehub.connect.connector import Envelope, Item, Link, Page
from benehub.connect.files import FolderMailbox
from benehub.errors import DataError, Unsupported
from benehub.formats import custodian_contributions
from benehub.formats.rows import records
from benehub.records import STREAMS, AccountContribution
from benehub_connectors import custodian_files
from benehub_connectors.custodian_files import CustodianFiles, CustodianSettings
from benehub_connectors.custodian_files.simulator import CustodianSimulator

DEPOSIT = "account.deposit"
CREATED = datetime(2026, 11, 13, 15, 4, 5, tzinfo=UTC)
OWN = {
    "Participant": "ssn", "Plan": "plan", "Type": "source", "Pay date": "pay_date", "Tax year": "tax_year",
    "Year": "contribution_year", "Amount": "amount", "File": "file", "Ref": "line",
}  # fmt: skip


def line(number: int = 1, part: str = "employee", amount: int = 83_33, **changes: Any) -> AccountContribution:
    data: dict[str, Any] = {
        "reference": f"obl_{number}-{part}", "person": f"per_{number}", "plan": "hsa", "account": "hsa",
        "pay_date": date(2026, 11, 13), "employee_number": f"100{number}", "ssn": f"10000000{number}",
        "first_name": "Ana", "last_name": "Lee", "part": part, "amount_minor": amount, "tax_year": 2026,
        "contribution_year": 2026,
    }  # fmt: skip
    return AccountContribution.model_validate(data | changes)


def settings(root: Path, **more: Any) -> CustodianSettings:
    told = {"place": {"folder": str(root)}, "client_id": "ACME", "plans": {"hsa": "HSA1"}}
    return CustodianSettings.model_validate(told | more)


def render(told: CustodianSettings, lines: list[AccountContribution], total: int | None = None) -> Any:
    items = [Item(DEPOSIT, f"item-{n}", one.model_dump(mode="json")) for n, one in enumerate(lines, 1)]
    due = sum(one.amount_minor for one in lines) if total is None else total
    return CustodianFiles().render(DEPOSIT, items, Envelope(7, CREATED, "DEP-7", due), told)


def pages(root: Path, told: CustodianSettings) -> list[Page]:
    link = Link("acme", "bank", told, lambda: CREATED, mailbox=FolderMailbox(root))
    return list(CustodianFiles().read("contribution_result", link, None))


def test_employee_and_employer_money_stand_on_lines_of_their_own(tmp_path: Path) -> None:
    out = render(settings(tmp_path), [line(), line(part="employer", amount=62_50)])
    assert out.name == "to-custodian/ACME_contributions_20261113-7.csv"
    assert out.totals == {"rows": 2, "deposit_minor": 145_83, "employee_minor": 83_33, "employer_minor": 62_50}
    assert out.data.decode().splitlines() == [
        "file,line,employee_number,last_name,first_name,account,plan,source,pay_date,amount",
        "7,obl_1-employee,1001,Lee,Ana,hsa,HSA1,EMPLOYEE,2026-11-13,83.33",
        "7,obl_1-employer,1001,Lee,Ana,hsa,HSA1,EMPLOYER,2026-11-13,62.50",
    ]
    assert b"10000000" not in out.data


def test_a_custodian_gets_its_own_columns_words_and_delimiter(tmp_path: Path) -> None:
    told = settings(tmp_path, columns=OWN, sources={"employee": "EE", "employer": "ER"}, delimiter="|")
    out = render(told, [line(contribution_year=2025)])
    assert out.data.decode().splitlines() == [
        "Participant|Plan|Type|Pay date|Tax year|Year|Amount|File|Ref",
        "100-00-0001|HSA1|EE|2026-11-13|2026|2025|83.33|7|obl_1-employee",
    ]
    (read,) = records(custodian_contributions.parse(OWN, out.data))
    assert (read.ssn, read.amount, read.contribution_year) == ("100000001", 83_33, 2025)


WRONG = [
    ({"columns": {"A": "amount"}}, "no column holds 'file'"),
    ({"columns": {**OWN, "X": "salary"}}, "a column holds 'salary'"),
    ({"columns": {**OWN, "X": "amount"}}, "two columns hold the same field"),
    ({"columns": {name: one for name, one in OWN.items() if one != "ssn"}}, "no column says who it is"),
    ({"sources": {"employee": "X", "employer": "X"}}, "so that their money stays apart"),
]


@pytest.mark.parametrize(("more", "words"), WRONG)
def test_settings_that_could_not_be_followed_are_refused(tmp_path: Path, more: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(tmp_path, **more)


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (line(2, pay_date=date(2026, 11, 27)), "item item-2: another pay date"),
        (line(1), "item item-2: a line stands twice"),
        (line(2, last_name=""), "item item-2, last_name: is empty"),
    ],
)
def test_what_cannot_be_written_is_named_by_key(tmp_path: Path, second: AccountContribution, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        render(settings(tmp_path), [line(), second])
    assert second.ssn not in str(caught.value)


def test_a_deposit_of_nobody_or_of_another_sum_is_refused(tmp_path: Path) -> None:
    told = settings(tmp_path)
    with pytest.raises(DataError, match="a deposit of nobody"):
        render(told, [])
    with pytest.raises(DataError, match="the rows are not the total"):
        render(told, [line()], total=1)
    with pytest.raises(Unsupported):
        CustodianFiles().render("premium.remit", [], Envelope(1, CREATED, "X"), told)
    with pytest.raises(Unsupported, match="does not read credit"):
        list(CustodianFiles().read("credit", Link("acme", "bank", told, lambda: CREATED), None))


def test_the_simulated_custodian_posts_rejects_and_answers(tmp_path: Path) -> None:
    told = settings(tmp_path)
    bank = CustodianSimulator(tmp_path, told)
    bank.refuse("1002")
    out = render(told, [line(), line(2)])
    FolderMailbox(tmp_path).put(out.name, out.data)
    (tmp_path / "to-custodian" / "notes.txt").write_text("hello")
    bank.collect(date(2026, 11, 17))
    bank.write_results()
    assert bank.unread == ["notes.txt"]
    assert bank.accounts == {("1001", "HSA1", "EMPLOYEE"): 83_33}
    (page,) = pages(tmp_path, told)
    shown = [
        (one.key, one.data["status"], one.data["amount_minor"], one.data["plan"], one.data["text"]) for one in page.rows
    ]
    assert shown == [
        ("7/obl_1-employee", "accepted", 83_33, "hsa", ""),
        ("7/obl_2-employee", "rejected", 0, "hsa", "no open account"),
    ]


def test_the_sample_of_answers_is_read_row_by_row(tmp_path: Path) -> None:
    told = settings(tmp_path)
    sample = json.loads((Path(custodian_files.__file__).parent / "samples" / "results.json").read_text())
    text = "\r\n".join(",".join(cells) for cells in (sample["header"], *sample["rows"]))
    (tmp_path / "from-custodian").mkdir()
    FolderMailbox(tmp_path).put("from-custodian/results.csv", text.encode())
    (page,) = pages(tmp_path, told)
    good = [one for one in page.rows if not one.problem]
    for one in good:
        STREAMS["contribution_result"].model_validate(one.data)
    assert [one.key for one in good] == ["7/obl_a-EE", "7/obl_a-ER", "7/obl_b-EE", "8/"]
    problems = [one.problem for one in page.rows if one.problem]
    assert ["a rejected line with an amount" in problems[0], "none of ours" in problems[1]] == [True, True]
    assert "ACCEPTED, REJECTED" in problems[2]
