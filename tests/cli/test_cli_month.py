"""One month from a census to the books, by commands alone."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine

PERIOD = ("--period", "2026-11")


@pytest.fixture
def november() -> Iterator[None]:
    """It is 23 November 2026, for what is set up after it too."""
    with time_machine.travel("2026-11-23T12:00:00Z", tick=True):
        yield


@pytest.fixture
def covered(cli: Any, employed: Path) -> Path:
    """Census read, coverage decided, November accrued."""
    cli.run("sync", "census")
    cli.run("enrollments", "decide", "--day", "2026-11-23")
    cli.run("premiums", "accrue", *PERIOD)
    return employed


def test_a_census_is_read_once_and_a_dry_run_keeps_nothing(cli: Any, employed: Path) -> None:
    tried = cli.told("sync", "census", "--dry-run")
    assert [(one["stream"], one["applied"]) for one in tried] == [("employee", 2), ("election", 2)]
    assert cli.told("runs", "list") == []
    assert [one["applied"] for one in cli.told("sync", "census")] == [2, 2]
    assert [one["rows"] for one in cli.told("sync", "census")] == [0, 0]
    runs = cli.told("runs", "list")
    assert len(runs) == 4 and {one["state"] for one in runs} == {"done"}
    assert cli.told("runs", "show", runs[0]["run"])["flow"] == "sync"


def test_a_month_is_checked_closed_reported_and_exported(cli: Any, november: None, covered: Path) -> None:
    wanting = cli.told("period", "check", *PERIOD, code=1)
    assert len(wanting) == 12 and not wanting[0]["holds"]
    assert (
        "2026-11 cannot be closed: The month is over"
        in cli.run("period", "close", *PERIOD, "--who", "A", code=3).stderr
    )
    past = ("--period", "2026-10")
    assert cli.told("period", "check", *past, code=1)[3]["mend"] == "benehub reconcile all -p 2026-10"
    cli.run("reconcile", "all", *past)
    assert all(one["holds"] for one in cli.told("period", "check", *past))
    assert "can be closed" in cli.run("period", "close", *past, "--who", "Ann", "--dry-run").stdout
    assert cli.told("period", "list") == []
    done = cli.told("period", "close", *past, "--who", "Ann", "--note", "all well")
    assert cli.told("period", "list")[0]["closing"] == done["closing"]
    report = cli.told("period", "report", *past)
    assert (report["who"], report["digest"], report["accounts"]) == ("Ann", done["digest"], [])
    cli.run("period", "report", *past, "--pdf", "october.pdf")
    assert (covered / "october.pdf").read_bytes().startswith(b"%PDF-")
    assert cli.told("why", done["closing"])["note"] == "all well"
    cli.run("ledger", "export", "-f", "journal", *PERIOD, "--out", "none.csv", code=3)
    assert not (covered / "none.csv").exists()
    cli.run("ledger", "export", "-f", "journal", *PERIOD, "--draft", "--out", "journal.csv")
    lines = (covered / "journal.csv").read_text().splitlines()
    assert len(lines) == 5 and lines[1].endswith(",USD,2,")
    assert "needs a month" in cli.run("ledger", "export", "-f", "datev", code=2).stderr
    assert "is of all months" in cli.run("ledger", "export", "-f", "csv", *PERIOD, code=2).stderr


def test_everybodys_chain_is_traced_and_counted(cli: Any, covered: Path) -> None:
    found = cli.told("trace", "--month", "2026-11", "--limit", "1")
    assert found["counts"] == {"open": 2, "not shown": 1} and len(found["chains"]) == 1
    assert found["chains"][0]["broken"] == "priced -> enrolled"
    assert "priced -> enrolled" in cli.run("trace", "--month", "2026-11", "--plan", "ppo", "--broken").stdout
    assert "which plan" in cli.run("trace", "1001", "--month", "2026-11", code=2).stderr


def test_a_rule_is_made_listed_and_lifted(cli: Any, november: None, covered: Path) -> None:
    words = ("differences", "suppress", "--relation", "premium", "--type", "RATE_DIFF", "--up-to", "0.02")
    given = (*words, "--until", "2026-12-31", "--note", "their rounding")
    cli.run(*given, "--dry-run")
    assert cli.told("differences", "rules") == []
    cli.run(*given, "--plan", "ppo")
    (rule,) = cli.told("differences", "rules")
    assert (rule["plan"], rule["up_to"], rule["note"]) == ("ppo", 2, "their rounding")
    assert "plan 'hmo'" in cli.run(*given, "--plan", "hmo", code=2).stderr
    cli.run("differences", "lift", rule["suppression_id"])
    assert "lifted at" in cli.run("differences", "lift", rule["suppression_id"], code=2).stderr


def test_a_wrong_row_is_quarantined_with_its_reason_and_ends_with_1(cli: Any, employed: Path) -> None:
    bad = "1003,Cy,Short,1991-07-09,90001,2026-01-05,monthly\n"
    (employed / "drop" / "census.csv").write_text(cli.census + bad)
    done = cli.told("sync", "census", "employee", code=1)
    assert (done[0]["applied"], done[0]["quarantined"]) == (2, 1)
    assert "not nine digits" in done[0]["problems"][0]
    batch = cli.told("why", done[0]["batch"])
    assert batch["quarantined"] == 1 and batch["rows"] == 3
    assert cli.told("sync", "--redrive", "all", code=1)[0]["quarantined"] == 1
    assert "not held" in cli.run("sync", "--release", done[0]["batch"], code=2).stderr


def test_a_held_batch_asks_a_person_and_is_applied_when_released(cli: Any, employed: Path) -> None:
    full = cli.settings.replace("    pattern: census*.csv\n", "    pattern: census*.csv\n    full: true\n")
    (employed / "census.yaml").write_text(full)
    cli.run("connection", "add", "census", "--connector", "files", "--settings", "census.yaml")
    head = cli.census.splitlines()[0]
    rows = [f"{n},A,B,1980-02-03,90001{n:04d},2025-03-01,monthly" for n in range(2001, 2041)]
    (employed / "drop" / "census.csv").write_text("\n".join([head, *rows]))
    cli.run("sync", "census", "employee")
    (employed / "drop" / "census.csv").write_text("\n".join([head, *rows[:10]]))
    done = cli.run("sync", "census", "employee", code=3)
    batch = re.findall(r"--release (int_[a-z2-7]+)", done.stderr)[0]
    assert cli.told("why", batch)["state"] == "held"
    cli.run("sync", "--release", batch, "--dry-run")
    assert cli.told("why", batch)["state"] == "held"
    cli.run("sync", "--release", batch)
    assert cli.told("why", batch)["state"] == "applied"


def test_a_paused_connection_is_not_read(cli: Any, employed: Path) -> None:
    cli.run("connection", "pause", "census")
    assert "resume" in cli.run("sync", "census", code=2).stderr
    cli.run("connection", "resume", "census", "--dry-run")
    assert cli.told("connection", "list")[0]["mode"] == "paused"
    cli.run("connection", "watch", "census")
    cli.run("sync", "census")


def test_connection_test_reads_one_page_and_keeps_nothing(cli: Any, employed: Path) -> None:
    found = cli.told("connection", "test", "census")
    assert [(one["stream"], one["ok"]) for one in found] == [("employee", True), ("election", True)]
    assert cli.told("connection", "list")[0]["read"] == {}


def test_premiums_are_accrued_once_and_a_dry_run_posts_nothing(cli: Any, employed: Path) -> None:
    cli.run("sync", "census")
    cli.run("enrollments", "decide", "--day", "2026-11-23", "--dry-run")
    assert cli.told("premiums", "accrue", *PERIOD)["lines"] == 0
    assert cli.told("enrollments", "decide", "--day", "2026-11-23")["recorded"] == 2
    assert cli.told("premiums", "accrue", *PERIOD, "--dry-run")["new"] == 2
    assert cli.told("ledger", "balances") == []
    known = {"covers": 2, "premium": "1700.00", "employer": "1360.00", "employee": "340.00", "unpriced": 0}
    assert cli.told("cost", "--ahead", *PERIOD)[-1] == {"plan": "total", **known}
    assert cli.told("premiums", "accrue", *PERIOD)["new"] == 2
    assert cli.told("premiums", "accrue", *PERIOD)["unchanged"] == 2
    balances = {one["account"]: one["balance"] for one in cli.told("ledger", "balances")}
    assert balances == {"1300": "340.00", "2100": "-1700.00", "5100": "1360.00"}


def test_decisions_are_listed_and_each_answers_why(cli: Any, covered: Path) -> None:
    (made,) = cli.told("enrollments", "decisions", "1001")
    assert (made["status"], made["stands_in_the_way"]) == ("eligible", [])
    told = cli.told("why", made["decision"])
    assert told["what"] == "eligibility decision by eligibility"
    assert {one["rule"] for one in told["reasons"]} >= {"employed", "waiting"}
    assert made["decision"] in cli.run("enrollments", "decisions", "1001", "--plan", made["plan"]).stdout
    assert cli.told("enrollments", "decisions", "1001", "--plan", "none") == []
    cli.run("enrollments", "decisions", "9999", code=2)
    assert cli.told("enrollments", "ageing", "--within", "366") == []


def test_the_ledger_verifies_and_is_exported_both_ways(cli: Any, covered: Path) -> None:
    assert cli.told("ledger", "verify")["entries"] == 2
    text = cli.run("ledger", "export").stdout
    assert "Liabilities:B2100-Premium-Payable-To-Carrier  -500.00 USD" in text
    cli.run("ledger", "export", "--format", "csv", "--out", "books.csv")
    rows = list(csv.DictReader(io.StringIO((covered / "books.csv").read_text())))
    assert sum(float(row["amount"]) for row in rows) == 0 and len(rows) == 6
    assert "choose" in cli.run("ledger", "export", "--format", "pdf", code=2).stderr.lower()


def test_journal_trace_why_and_statement_tell_of_the_same_premium(cli: Any, covered: Path) -> None:
    entry = cli.told("ledger", "journal", "--employee", "1001", "--plan", "ppo")[0]
    traced = cli.told("trace", "1001", "--plan", "ppo", "--month", "2026-11")
    stops = traced["stops"]
    everybody = cli.told("trace", "--month", "2026-11")["chains"]
    assert traced["chain"] == next(one for one in everybody if one["employee"] == "1001")
    assert traced["chain"]["broken"] == "priced -> enrolled"
    assert "priced -> enrolled" in cli.run("trace", "1001", "--plan", "ppo", "--month", "2026-11").stdout
    assert [one["station"] for one in stops] == ["facts"] * 3 + ["ledger"] * 2
    assert {one["ref"] for one in stops if one["station"] == "ledger"} == {entry["entry"]}
    chain = cli.told("why", entry["entry"])
    assert chain["behind"][0]["rule"] == "premium.line"
    assert chain["behind"][0]["used_by"] == [entry["entry"]]
    sections = {one["key"]: one["lines"] for one in cli.told("statement", "1001", "--day", "2026-11-23")["sections"]}
    assert "$500.00" in sections["cover"][1]["text"]


def test_personal_data_is_in_no_output(cli: Any, covered: Path) -> None:
    for words in (
        ("statement", "1001"), ("trace", "1001", "--plan", "ppo", "--month", "2026-11"),
        ("ledger", "journal"), ("ledger", "export"), ("runs", "list"), ("connection", "test", "census"),
    ):  # fmt: skip
        said = cli.run(*words).output
        assert "90001" not in said and "1980-02-03" not in said, words


@pytest.fixture
def december(november: None, covered: Path, cli: Any) -> Iterator[None]:
    """Three weeks later: November's deductions were expected, and the register of the 30th is overdue."""
    cli.run("deductions", "expect", *PERIOD)
    assert cli.told("reconcile", "payroll", *PERIOD)["open"] == [], "a pay date to come is no difference"
    with time_machine.travel("2026-12-14T12:00:00Z", tick=True):
        yield


def test_reconciling_finds_what_payroll_never_took(cli: Any, december: None) -> None:
    assert cli.told("differences", "list") == []
    tried = cli.told("reconcile", "payroll", *PERIOD, "--dry-run", code=1)
    assert cli.told("differences", "list") == []
    found = cli.told("reconcile", "payroll", *PERIOD, code=1)
    assert [one["type"] for one in found["open"]] == [one["type"] for one in tried["open"]] != []
    first, number = (cli.told("differences", "list")[0][name] for name in ("id", "employee"))
    cli.run("differences", "step", first, "waiting_on_payroll")
    cli.run("differences", "dismiss", first, "--note", "a test", "--dry-run")
    assert "is discrepancy, not dismissed" in cli.run("differences", "reopen", first, "--note", "a test", code=2).stderr
    by_hand = ("differences", "resolve", first, "--note", "taken by hand", "--who", "ann")
    assert "no ledger entry is named that made it right" in cli.run(*by_hand, code=2).stderr
    told = cli.told("ledger", "journal", "--employee", number)
    entry = next(one["entry"] for one in told if one["status"] == "posted")
    assert f"resolved by {entry}" in cli.run(*by_hand, "--entry", entry).stdout
    assert cli.told("differences", "show", first)["settled_by"] == [entry]
    history = cli.told("differences", "show", first)["history"]
    assert [(one["who"], one["work_step"] or one["state"]) for one in history] == [
        ("benehub", "discrepancy"), ("cli", "waiting_on_payroll"), ("ann", "waiting_on_payroll"),
    ]  # fmt: skip
    assert "nothing to compare" in cli.run("reconcile", "taxes", *PERIOD, code=2).stderr
    empty = cli.told("reconcile", "retirement", "-p", "2020-01")["relations"]["retirement"]
    assert empty["state"] == "nothing to compare: no credits for 2020-01"
    assert "nothing to compare: no credits for 2020-01" in cli.run("reconcile", "retirement", "-p", "2020-01").stdout


def test_lines_of_a_pay_date_are_told_and_only_arrears_are_written_off(cli: Any, covered: Path) -> None:
    cli.run("deductions", "expect", *PERIOD)
    told = cli.told("deductions", "lines", "--pay-date", "2026-11-30", "--employee", "1001")
    assert [(one["code"], one["sequence"], one["expected_minor"], one["state"]) for one in told] == [
        ("MED", 1, 100_00, "EXPECTED")
    ]
    assert cli.told("why", told[0]["entries"][0])["type"] == "deduction.expected"
    assert "MED" in cli.run("deductions", "lines", "--pay-date", "2026-11-30").stdout
    words = ("deductions", "write-off", "1001", "--plan", "ppo", "--reason", "moved away", "--dry-run")
    assert "nothing is owed" in cli.run(*words, code=2).stderr


def test_reading_commands_of_every_group_answer(cli: Any, covered: Path) -> None:
    assert cli.told("leave", "balances") == []
    assert cli.told("leave", "payout", *PERIOD) == []
    assert cli.told("retirement", "limits", "--year", "2026")["limits"]["deferral"] == "24500.00"
    tried = cli.told("retirement", "true-up", "--year", "2026", "--dry-run")
    assert (tried["employees"], tried["true_up"], tried["forfeiture_review"]) == (0, "0.00", [])
    billed = cli.told("premiums", "invoice", "carrier", *PERIOD)
    assert [one["difference"] for one in billed] == ["-500.00", "-1200.00", "-1700.00"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("why", "xyz_1"), "references begin with"),
        (("why", "ent_none"), "no ledger entry"),
        (("runs", "show", "run_none"), "no run"),
        (("trace", "9", "--plan", "ppo", "--month", "2026-11"), "no such person"),
        (("trace", "1001", "--plan", "hmo", "--month", "2026-11"), "not in the plan book"),
        (("premiums", "accrue", "--period", "November"), "not a month"),
        (("sync", "nowhere"), "no connection"),
        (("sync",), "name a connection"),
        (("sync", "census", "roster"), "no file is mapped"),
        (("ledger", "balances", "--account", "1"), "no account"),
        (("ledger", "balances", "--by", "mood"), "no dimension"),
        (("ledger", "verify", "--employer", "other"), "no employer"),
        (("retirement", "preview", "--pay-date", "2026-11-30"), "retirement plan"),
        (("retirement", "limits", "--year", "2027"), "irs cost-of-living notice"),
        (("retirement", "true-up", "--year", "2031", "--dry-run"), "has no value for 2031-01-01"),
        (("retirement", "lost-earnings", "dif_none", "--dry-run"), "no difference dif_none"),
        (("deductions", "preview", "--pay-date", "2026-11-01"), "no pay date"),
        (("enrollments", "preview", "hmo"), "no carrier"),
        (("plan", "load", "absent.yaml"), "no such file"),
        (("statement", "1001", "--day", "soon"), "not a date"),
    ],
)
def test_bad_input_is_one_line_with_its_mend(
    cli: Any,
    covered: Path,
    words: tuple[str, ...],
    said: str,
) -> None:
    code = 1 if words == ("sync", "census", "roster") else 2
    done = cli.run(*words, code=code)
    assert said in done.stderr.lower()
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_election_told_late_is_shown_on_all_legs_and_corrected(cli: Any, november: None, covered: Path) -> None:
    cli.run("premiums", "accrue", "--period", "2026-10")
    assert cli.told("retro", "preview")["corrections"] == []
    (covered / "drop" / "elections2.csv").write_text("No,Plan,Tier,From\n1001,ppo,FAM,2026-10-01\n")
    cli.run("sync", "census")
    told = cli.told("retro", "preview", "1001")
    assert told["totals"]["premium"] == "700.00" and told["corrections"][0]["causes"][0].startswith("fct_")
    assert cli.told("retro", "preview", "1002")["corrections"] == []
    assert "charge" in cli.run("retro", "preview").stdout
    assert cli.told("retro", "correct")["premium"] == 1
    assert cli.told("retro", "preview")["corrections"] == []
