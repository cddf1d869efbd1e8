"""A name typed by hand that is not known: the answer says what, where and the mend; never an empty list or a fault."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import BOOK, Cli

LIST = "There are: "
CASES = (
    ("deductions push -g nosuch --pay-date 2026-10-31", "pay group 'nosuch' is not in the plan", "Name one: monthly"),
    (
        "schedule add x --flow deductions.push --every 1d --option group=nosuch",
        "pay group 'nosuch' is not in the plan",
        "monthly",
    ),
    ("premiums invoice nosuch --period 2026-10", "plan book: no carrier 'nosuch'", f"{LIST}carrier"),
    ("premiums walk nosuch --period 2026-10", "plan book: no carrier 'nosuch'", f"{LIST}carrier"),
    ("premiums credits nosuch", "plan book: no carrier 'nosuch'", f"{LIST}carrier"),
    ("premiums confirm dis_nosuch", "no dispatch dis_nosuch", "benehub dispatches list"),
    ("enrollments status nosuch", "plan book: no carrier 'nosuch'", f"{LIST}carrier"),
    ("differences list --relation nosuch", "--relation: no relation 'nosuch'", f"{LIST}intake"),
    ("differences list --state nosuch", "--state: no state of a difference 'nosuch'", f"{LIST}pending"),
    ("differences list --period 2026-13", "not a month: '2026-13'", "YYYY-MM"),
    ("reconcile all --period 9999-12", "not a month: '9999-12'", "YYYY-MM"),
    ("period close --period 2026-13 --who ann", "not a month: '2026-13'", "YYYY-MM"),
    (
        "differences suppress --relation moon --type FEE --until 2027-01-01 --note x",
        "no relation 'moon'",
        "There are: accounts, coverage",
    ),
    ("differences suppress --relation premium --type MOON --until 2027-01-01 --note x", "'MOON'", "There are: ACK_"),
    ("reconcile year --year 1900", "posted pay, Form W-2 or recordkeeper's total of 1900", "the ledger is empty"),
    ("deductions lines --pay-date 2026-10-14", "no pay date 2026-10-14", "Near it: 2026-09-30, 2026-10-30"),
    ("runs list --state nosuch", "--state: no state of a run 'nosuch'", f"{LIST}queued"),
    ("dispatches list --state nosuch", "--state: no state of a dispatch 'nosuch'", f"{LIST}prepared"),
    ("dispatches list --connection nosuch", "no connection 'nosuch'", "benehub connection list"),
    ("webhooks list --state nosuch", "--state: no state of a delivery 'nosuch'", f"{LIST}waiting"),
    ("webhooks list --connection nosuch", "no connection 'nosuch'", "benehub connection list"),
    ("webhooks replay --connection nosuch", "no connection 'nosuch'", "benehub connection list"),
    ("intake list --state nosuch", "--state: no state of a batch 'nosuch'", f"{LIST}staged"),
    ("intake list --connection nosuch", "no connection 'nosuch'", "benehub connection list"),
    ("intake redrive nosuch", "no intake batch 'nosuch'", "benehub intake list"),
    ("fixes list --state nosuch", "--state: no state of a fix 'nosuch'", f"{LIST}proposed"),
    ("people unlinked --connection nosuch", "no connection 'nosuch'", "benehub connection list"),
    ("audit export --since nosuch", "--since: not a day or moment: 'nosuch'", "Write it as 2026-11-26"),
    ("audit export --out no/such/file", "no/such/file: cannot be written", "Name a file in a folder of yours"),
    ("backup no/such/file", "no/such/file: cannot be written", "Name a file in a folder of yours"),
)


def test_an_unknown_name_is_told_with_its_mend(cli: Cli, home: Path) -> None:
    (home / "book.yaml").write_text(BOOK)
    cli.run("plan", "load", "book.yaml")
    for words, what, mend in CASES:
        told = " ".join(cli.run(*words.split(), code=2).output.split())
        assert what in told and mend in told, told
