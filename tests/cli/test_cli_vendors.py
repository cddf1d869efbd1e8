"""The month's sending commands, typed, against the sandbox's vendors: previews, pushes, files, answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import time_machine
import yaml

from benehub import flows, planbook, plugins
from benehub.periods import Month
from benehub.sandbox.story import world as story
from benehub.sandbox.story.people import population
from benehub.sandbox.story.plot import HEADER
from benehub_connectors.bank_files.settings import BankSettings
from benehub_connectors.bank_files.simulator import BankSimulator

PERIOD = ("--period", "2026-10")
PAY = ("--group", "biweekly", "--pay-date", "2026-10-02")


@dataclass
class Town:
    """An installation in the working folder, and the simulators its connections lead to."""

    cli: Any
    world: story.World
    root: Path
    clock: Any

    def run(self, *words: str, code: int = 0) -> Any:
        """A command."""
        return self.cli.run(*words, code=code)

    def told(self, *words: str, code: int = 0) -> Any:
        """What a command says with --json."""
        return self.cli.told(*words, code=code)

    def to(self, day: str) -> None:
        """The morning of a day."""
        self.clock.move_to(f"{day}T08:00:00Z")

    def sent(self, suffix: str) -> list[Path]:
        """Files that we delivered, taken by the carrier or not."""
        return sorted(path for path in self.root.rglob(f"*.{suffix}") if path.is_file())


@pytest.fixture
def town(cli: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """Twelve employees on the evening before October; read, decided, adopted, nothing sent."""
    for name, value in story.SECRETS.items():
        monkeypatch.setenv(name, value)
    root = home / "vendors"
    root.mkdir()
    text = files("benehub.sandbox.story").joinpath("planbook.yaml").read_text()
    world = story.build(plugins.build(load_strangers=False), root, planbook.load(text, "book"), population(7, 12))
    transports = world.transports()

    def wiring(_employer: str, name: str) -> Mapping[str, Any]:
        return {"transport": transports[name], "sleep": lambda _s: None} if name in transports else {}

    hub: Any = flows.Hub
    monkeypatch.setattr(
        flows, "Hub", lambda store, plugins, *more, **told: hub(store, plugins, *(more or (wiring,)), **told)
    )
    (home / "book.yaml").write_text(text)
    cli.run("plan", "load", "book.yaml")
    place = {"folder": str(root / "carrier")}
    known = story.connections(root, _Nowhere(), world.payroll.company)
    known["carrier"]["settings"] = story.partner(place)
    known["recordkeeper"]["settings"] = story.keeper_settings({"folder": str(root / "keeper")})
    for name, one in known.items():
        (home / f"{name}.yaml").write_text(yaml.safe_dump(one["settings"]))
        cli.run("connection", "add", name, "--connector", one["connector"], "--settings", f"{name}.yaml")
    with time_machine.travel("2026-09-30T20:00:00Z", tick=True) as clock:
        made = Town(cli, world, root, clock)
        _join(made)
        yield made


class _Nowhere:
    """No SFTP server: the folders themselves are the mailboxes."""

    host, port, user, host_key = "localhost", 22, "x", "x"


def _join(town: Town) -> None:
    people = list(town.world.people.values())
    rows = [row for person in people for row in story.election_rows(person, date(2026, 1, 1), "open_enrollment")]
    town.world.drop_file("elections_2026-01-01.csv", HEADER, rows)
    for stream in ("employee", "compensation", "dependent"):
        town.run("sync", "hris", stream, "--full")
    town.run("sync", "elections", "election")
    town.run("enrollments", "decide", "--day", "2026-09-30")
    town.world.carrier.write_roster(date(2026, 9, 30))
    town.run("sync", "carrier", "roster")
    town.run("enrollments", "adopt")
    for stream in ("pay_calendar", "payroll_person", "payroll_benefit"):
        town.run("sync", "payroll", stream, "--full")
    town.to("2026-10-01")
    town.run("deductions", "expect", *PERIOD)


def test_a_change_file_is_previewed_byte_for_byte_sent_and_answered(town: Town) -> None:
    member = sorted(town.world.people)[0]
    tier = "FAM" if town.world.people[member].elections.get("dental") == "EE" else "EE"
    row = [member, "dental", tier, "", "", "", "2026-10-01", "tier_change"]
    town.world.drop_file("elections_2026-10-01.csv", HEADER, [row])
    town.run("sync", "elections", "election")
    town.run("enrollments", "decide", "--day", "2026-10-01")
    before = town.told("enrollments", "preview", "carrier", "--day", "2026-10-01", "--unmasked")
    (shown,) = before["dispatches"]
    assert shown["content"].startswith("ISA*") and f"REF*0F*{member.upper()}" in shown["content"]
    masked = town.told("enrollments", "preview", "carrier", "--day", "2026-10-01")["dispatches"][0]["content"]
    person = town.world.people[member]
    assert person.ssn in shown["content"] and person.ssn not in masked
    assert person.born.strftime("%Y%m%d") not in masked
    assert town.told("enrollments", "send", "carrier", "--dry-run")["dispatches"][0]["items"] == shown["items"]
    assert town.sent("834") == [] and town.told("dispatches", "list") == []

    sent = town.told("enrollments", "send", "carrier", "--day", "2026-10-01")["carrier"]
    assert sent["sent"] == 1
    (delivered,) = town.sent("834")
    body = delivered.read_text()
    # Beside the moment it was made, the file is what the preview showed.
    assert _timeless(body) == _timeless(shown["content"])
    town.run("dispatches", "preview", sent["dispatch"], "--out", "exact.834")
    assert Path("exact.834").read_bytes() == delivered.read_bytes()
    assert Path("exact.834").stat().st_mode & 0o077 == 0
    assert "Name a new file" in town.run("dispatches", "preview", sent["dispatch"], "--out", "exact.834", code=2).stderr
    town.world.carrier.collect()
    town.run("sync", "carrier", "acknowledgement")
    assert town.told("enrollments", "acks", "carrier", "--dry-run")["carrier"]["acked"] == 1
    assert town.told("enrollments", "acks", "carrier")["carrier"]["acked"] == 1
    assert town.told("enrollments", "acks", "carrier")["carrier"]["acked"] == 0
    assert town.told("dispatches", "list")[0]["acknowledged"] == "accepted"


def _timeless(text: str) -> list[str]:
    """The segments of a file without those that carry its time."""
    parts = [part.strip() for part in text.split("~")]
    return [part for part in parts if not part.startswith(("ISA", "GS", "BGN", "BPR", "TRN"))]


def test_a_full_file_names_its_carrier_and_is_sent_once(town: Town) -> None:
    assert "name the one carrier" in town.run("enrollments", "send", "--full", code=2).stderr.lower()
    tried = town.told("enrollments", "send", "carrier", "--full", "--dry-run")
    assert tried["carrier"] == sum(1 for one in town.world.people.values() if one.elections)
    assert "INS*Y*18*030" in tried["dispatches"][0]["content"] and town.sent("834") == []
    sent = town.told("enrollments", "send", "carrier", "--full")["carrier"]
    assert sent["sent"] == 1 and sent["families"] == tried["carrier"]
    town.world.carrier.collect()
    town.run("sync", "carrier", "acknowledgement")
    assert town.told("enrollments", "acks", "carrier")["carrier"]["acked"] == sent["families"]
    assert "sent" not in town.told("enrollments", "send", "carrier", "--full")["carrier"]


def test_deductions_are_previewed_pushed_and_come_back_in_the_register(town: Town) -> None:
    tried = town.told("deductions", "preview", *PAY)
    dry = town.told("deductions", "push", *PAY, "--dry-run")
    assert [one["key"] for one in dry["dispatches"]] == [one["key"] for one in tried["dispatches"]]
    assert town.told("dispatches", "list") == []
    pushed = town.told("deductions", "push", *PAY)
    assert pushed.get("sent", 0) == len(tried["dispatches"])
    assert "sent" not in town.told("deductions", "push", *PAY)
    for one in town.told("dispatches", "list"):
        shown = town.told("dispatches", "show", one["dispatch"])
        assert (shown["state"], len(shown["attempts"])) == ("sent", 1)
        assert town.told("dispatches", "preview", one["dispatch"])["calls"]
    town.world.payroll.run_payroll("biweekly", date(2026, 10, 2), *story.period("biweekly", date(2026, 10, 2)))
    town.to("2026-10-05")
    town.run("sync", "payroll", "register_line")
    dry = town.told("deductions", "results", *PERIOD, "--dry-run")
    done = town.told("deductions", "results", *PERIOD)
    assert dry == done and done["new"] > 0
    again = town.told("deductions", "results", *PERIOD)
    assert (again["new"], again["unchanged"]) == (0, done["new"])
    assert town.told("ledger", "verify")["ok"]


def test_contributions_are_deposited_by_file_and_credited(town: Town) -> None:
    town.run("deductions", "push", *PAY)
    town.world.payroll.run_payroll("biweekly", date(2026, 10, 2), *story.period("biweekly", date(2026, 10, 2)))
    town.to("2026-10-06")
    town.run("sync", "payroll", "register_line")
    town.run("deductions", "results", *PERIOD)
    shown = town.told("retirement", "preview", "--pay-date", "2026-10-02", "--unmasked")["dispatches"][0]
    saver = next(one for one in town.world.people.values() if one.pretax and one.group == "biweekly")
    assert saver.ssn in shown["content"].replace("-", "")
    masked = town.told("retirement", "preview", "--pay-date", "2026-10-02")["dispatches"][0]
    assert saver.ssn not in masked["content"].replace("-", "")
    assert town.told("retirement", "deposit", "--pay-date", "2026-10-02", "--dry-run")["dispatches"]
    assert town.told("dispatches", "list", "--operation", "contribution.deposit") == []
    done = town.told("retirement", "deposit", "--pay-date", "2026-10-02")
    assert done["sent"] == 1
    town.run("dispatches", "preview", done["dispatch"], "--out", "exact.180")
    delivered = [path for path in (town.root / "keeper").rglob("*") if path.is_file()]
    assert Path("exact.180").read_bytes() in [path.read_bytes() for path in delivered]
    assert "sent" not in town.told("retirement", "deposit", "--pay-date", "2026-10-02")
    town.world.keeper.collect(date(2026, 10, 7))
    town.to("2026-10-08")
    town.world.keeper.write_credit_report()
    town.run("sync", "recordkeeper", "credit")
    dry = town.told("retirement", "credits", *PERIOD, "--dry-run")
    assert town.told("retirement", "credits", *PERIOD) == dry
    balances = {one["account"]: one["balance"] for one in town.told("ledger", "balances")}
    assert balances.get("1020", "0.00") == "0.00"


def test_a_premium_is_remitted_to_the_cent_rejected_and_remitted_again(town: Town) -> None:
    town.run("premiums", "accrue", *PERIOD)
    town.world.carrier.bill(Month(2026, 10), "INV-2610", date(2026, 9, 30), date(2026, 11, 1))
    town.run("sync", "carrier", "invoice_line")
    shown = town.told("premiums", "preview", "carrier", *PERIOD, "--unmasked")["dispatches"][0]
    assert "BPR*C*" in shown["content"]
    assert town.told("premiums", "remit", "carrier", *PERIOD, "--dry-run")["dispatches"][0]["worth"] == shown["worth"]
    assert town.sent("820") == []
    first = town.told("premiums", "remit", "carrier", *PERIOD)
    assert first["sent"] == 1
    (delivered,) = town.sent("820")
    assert _timeless(delivered.read_text()) == _timeless(shown["content"])
    town.world.carrier.reject_files()
    town.world.carrier.collect()
    town.run("sync", "carrier", "acknowledgement")
    town.run("enrollments", "acks", "carrier")
    assert town.told("premiums", "remit", "carrier", *PERIOD)["sent"] == 1
    newest, before = town.told("dispatches", "list", "--operation", "premium.remit")
    assert (newest["revision"], before["acknowledged"], newest["worth"]) == (2, "rejected", before["worth"])
    assert before["dispatch"] in town.told("why", newest["dispatch"])["revisions"][0]


def test_a_premium_is_paid_through_the_bank(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYEE_ACCOUNT", "0099887766")
    book = (
        (Path.cwd() / "book.yaml")
        .read_text()
        .replace("transit_bank_days: 2}", "transit_bank_days: 2, pay_through: bank}")
    )
    Path("book.yaml").write_text(book)
    town.run("plan", "load", "book.yaml")
    (town.root / "bank").mkdir()
    settings = {
        "place": {"folder": str(town.root / "bank")}, "format": "nacha-ctx",
        "nacha": {"bank": "021000021", "bank_name": "Bank", "company_name": "Northwind", "company_id": "1123456789"},
        "payees": {"carrier": {"name": "Summit", "routing": "021000021", "account": "env:PAYEE_ACCOUNT"}},
    }  # fmt: skip
    Path("bank.yaml").write_text(yaml.safe_dump(settings))
    town.run("connection", "add", "bank", "--connector", "bank_files", "--settings", "bank.yaml")
    bank = BankSimulator(
        town.root / "bank", BankSettings.model_validate(settings).with_accounts({"env:PAYEE_ACCOUNT": "0099887766"})
    )
    town.run("premiums", "accrue", *PERIOD)
    town.world.carrier.bill(Month(2026, 10), "INV-2610", date(2026, 9, 30), date(2026, 11, 1))
    town.run("sync", "carrier", "invoice_line")
    shown = town.run("premiums", "preview", "carrier", *PERIOD).stdout
    assert "payment.order" in shown and "0099887766" not in shown
    told = town.told("premiums", "remit", "carrier", *PERIOD)
    assert told["sent"] == 1 and town.sent("820") == []
    (delivered,) = town.sent("ach")
    assert "nothing wrong" in town.run("nacha", "check", str(delivered)).stdout
    bank.collect()
    bank.settle(date(2026, 10, 30))
    town.run("sync", "bank", "payment_answer")
    assert town.told("premiums", "answers", "bank", "--dry-run")["settled"] == 1
    assert town.told("premiums", "answers", "bank")["settled"] == 1
    balances = {one["account"]: one["balance"] for one in town.told("ledger", "balances")}
    assert balances.get("1010", "0.00") == "0.00" and balances["1000"].startswith("-")


def test_what_was_held_by_watching_is_let_go_by_command(town: Town) -> None:
    town.run("connection", "watch", "carrier")
    town.run("enrollments", "send", "carrier", "--full", code=3)
    (held,) = town.told("dispatches", "list", "--state", "held")
    for words in (("resend", held["dispatch"]), ("settle", held["dispatch"], "--has")):
        town.run("dispatches", *words, "--note", "a trial", "--dry-run")
    assert town.told("dispatches", "show", held["dispatch"])["said"] == []
    assert (
        "nobody has tried"
        in town.run("dispatches", "settle", held["dispatch"], "--has-not", "--note", "looked", code=2).stderr
    )
    for words, why in (((), "one thing at a time"), (("--has", "--came-back"), "one thing at a time"),
                       (("--came-back",), "no deposit that has left")):  # fmt: skip
        assert why in town.run("dispatches", "settle", held["dispatch"], *words, "--note", "x", code=2).stderr
    town.run("connection", "resume", "carrier")
    done = town.told("dispatches", "resend", held["dispatch"], "--note", "the carrier is ready", "--who", "ann")
    assert (done["state"], done["sent"]) == ("sent", 1)
    assert "ann: resend: the carrier is ready" in town.told("dispatches", "show", held["dispatch"])["said"][0]
    assert len(town.sent("834")) == 1


def test_intake_is_listed_shown_and_worked(town: Town) -> None:
    town.world.drop_file("elections_bad.csv", HEADER, [["nobody", "ppo", "EE", "", "", "", "2026-10-01", ""]])
    town.run("sync", "elections", "election", code=1)
    (waiting,) = town.told("intake", "list", "--open")
    assert (waiting["open"], waiting["quarantined"]) == (1, 1)
    shown = town.told("intake", "show", waiting["batch"])
    assert shown["pages"][0]["name"].endswith("elections_bad.csv") and shown["quarantine"][0]["open"] is True
    assert town.told("intake", "redrive", waiting["batch"], code=1)["quarantined"] == 1
    town.run("intake", "discard", waiting["batch"], "--note", "a test row", "--dry-run")
    assert len(town.told("intake", "list", "--open")) == 1
    town.run("intake", "discard", waiting["batch"], "--note", "a test row", "--who", "ann")
    assert town.told("intake", "list", "--open") == []
    assert town.told("intake", "show", waiting["batch"])["said"][0]["who"] == "ann"
    assert "no intake batch" in town.run("intake", "show", "int_none", code=2).stderr
    assert "no dispatch" in town.run("dispatches", "show", "dis_none", code=2).stderr


def test_a_fix_is_proposed_shown_approved_and_sent_by_command(town: Town) -> None:
    book = (Path.cwd() / "book.yaml").read_text().replace("guards: {", "guards: {second_person_above: 0.00, ")
    Path("book.yaml").write_text(book)
    town.run("plan", "load", "book.yaml")
    town.run("premiums", "accrue", *PERIOD)
    wrong = next(one for one in town.world.people.values() if one.elections.get("ppo") == "EE" and one.gone is None)
    town.world.carrier.bill_tier(wrong.member, "ppo", "FAM")
    town.world.carrier.bill(Month(2026, 10), "INV-2610", date(2026, 9, 30), date(2026, 11, 1))
    town.run("sync", "carrier", "invoice_line")
    town.run("reconcile", "premium", *PERIOD, code=1)
    (one,) = [row["id"] for row in town.told("differences", "list") if row["type"] == "TIER_DIFF"]
    seen = town.told("fixes", "preview", one)
    assert {option["action"] for option in seen["options"]} == {"enrollment_correction", "credit_claim"}
    fix = ("differences", "fix", one, "--action", "credit_claim", "--who", "ann")
    assert town.told(*fix, "--dry-run")["fix"] == "" and town.told("fixes", "list") == []
    made = town.told(*fix)["fix"]
    assert '"claim_minor"' in town.run("fixes", "show", made).stdout
    assert "second person" in town.run("fixes", "approve", made, "--who", "ann", code=2).stderr
    town.run("fixes", "approve", made, "--who", "ben", "--dry-run")
    assert town.told("fixes", "list", "--state", "proposed")[0]["fix"] == made
    done = town.told("fixes", "approve", made, "--who", "ben", code=3)
    town.run("dispatches", "settle", done["dispatch"], "--has", "--note", "by their portal", "--who", "ben")
    assert town.told("fixes", "show", made)["state"] == "carried_out"
    assert town.told("why", made)["difference"] == one
    other = town.told("differences", "fix", one, "--who", "ann")["fix"]
    town.run("fixes", "reject", other, "--note", "they mend it", "--who", "ben")
    assert [row["state"] for row in town.told("fixes", "list", "--difference", one)] == ["carried_out", "rejected"]
    assert "it is rejected" in town.run("fixes", "withdraw", other, "--note", "no", code=2).stderr
    assert "it is rejected" in town.run("fixes", "carry", other, code=2).stderr
