"""Contributions out, credits and deferral changes back, through a simulated recordkeeper."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from benehub.connect.connector import Envelope, Item, Link, Page
from benehub.connect.files import FolderMailbox
from benehub.errors import DataError, Unsupported
from benehub.formats import ascensus_180, paykonnect_180, paykonnect_360
from benehub.formats.rows import records
from benehub.records import STREAMS, ContributionRow, Source
from benehub_connectors import recordkeeper_files
from benehub_connectors.recordkeeper_files import RecordkeeperFiles, RecordkeeperSettings
from benehub_connectors.recordkeeper_files.simulator import RecordkeeperSimulator

DEPOSIT = "contribution.deposit"
CREATED = datetime(2026, 11, 13, 15, 4, 5, tzinfo=UTC)
ANA, BO = "100000001", "100000002"


def contribution(ssn: str = ANA, pretax: int = 25000, roth: int = 0, match: int = 12500, **changes: Any) -> Any:
    data: dict[str, Any] = {
        "person": f"per_{ssn[-1]}",
        "plan": "401K",
        "pay_date": date(2026, 11, 13),
        "ssn": ssn,
        "first_name": "Ana",
        "last_name": "Lee",
        "middle_name": "Quinn",
        "birth_date": date(1980, 1, 31),
        "hire_date": date(2020, 2, 1),
        "compensation_minor": 500000,
        "hours_hundredths": 8000,
        "amounts": {Source.EE_PRETAX: pretax, Source.EE_ROTH: roth, Source.ER_MATCH: match},
    }
    return ContributionRow.model_validate(data | changes)


class World:
    """A connection and its recordkeeper on one folder."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.root = root
        self.settings = RecordkeeperSettings.model_validate(
            {"place": {"folder": str(root)}, "plan": "401K", "plan_id": "P-401", "client_id": "ACME", **settings}
        )
        self.keeper = RecordkeeperSimulator(root, self.settings)
        mailbox = FolderMailbox(root)
        self.link = Link("acme", "rk", self.settings, lambda: CREATED, mailbox=mailbox)

    def render(self, rows: list[Any], control: int = 1, total: int | None = None) -> Any:
        items = [Item(DEPOSIT, f"item-{n}", row.model_dump(mode="json")) for n, row in enumerate(rows, 1)]
        due = sum(sum(row.amounts.values()) for row in rows) if total is None else total
        envelope = Envelope(control, CREATED, f"DEP-{control}", due)
        return RecordkeeperFiles().render(DEPOSIT, items, envelope, self.settings)

    def send(self, rows: list[Any], control: int = 1, day: date = date(2026, 11, 16)) -> None:
        out = self.render(rows, control)
        self.link.files().put(out.name, out.data)
        self.keeper.collect(day)

    def pages(self, stream: str) -> list[Page]:
        pages = list(RecordkeeperFiles().read(stream, self.link, None))
        for page in pages:
            for row in page.rows:
                if not row.problem:
                    STREAMS[stream].model_validate(row.data)
        return pages

    def credits(self) -> list[tuple[str, str, int, str]]:
        self.keeper.write_credit_report()
        rows = self.pages("credit")[-1].rows
        return [(r.data["ssn"][-1], r.data["source"], r.data["amount_minor"], r.data["trade_date"]) for r in rows]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture(params=["ascensus", "paykonnect"])
def either(tmp_path: Path, request: pytest.FixtureRequest) -> World:
    return World(tmp_path, layout=request.param)


def test_the_180_holds_what_payroll_took_to_the_cent(world: World) -> None:
    out = world.render([contribution(), contribution(BO, 0, 1999, 1)], 7)
    assert out.name == "to-recordkeeper/TEST_ACME_20261113-7_11132026.150405.csv"
    assert out.kind == "180"
    assert out.totals["deposit_minor"] == 25000 + 12500 + 1999 + 1
    ana, bo = records(ascensus_180.parse(out.data))
    assert (ana.ssn, ana.pretax, ana.match, ana.middle_initial, ana.hours) == (ANA, 25000, 12500, "Q", 8000)
    assert (bo.roth, bo.match, bo.compensation) == (1999, 1, 500000)
    assert world.render([contribution(), contribution(BO, 0, 1999, 1)], 7).data == out.data
    assert b"100-00-0001" in out.data
    assert ANA not in out.name + repr(out)


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (contribution(BO, plan="403B"), "item item-2: plan '403B' on the connection of plan '401K'"),
        (contribution(BO, pay_date=date(2026, 11, 27)), "item item-2: another pay date"),
        (contribution(ANA), "item item-2: a participant stands twice"),
        (contribution("10000002"), "item item-2, SOCIAL SECURITY"),
        (contribution(BO, last_name=""), "item item-2, LAST NAME"),
    ],
)
def test_what_cannot_be_written_is_named_by_key(world: World, second: Any, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        world.render([contribution(), second])
    assert second.ssn not in str(caught.value)


def test_a_deposit_of_nobody_or_of_another_sum_is_refused(world: World) -> None:
    with pytest.raises(DataError, match="DEP-1: a deposit of nobody"):
        world.render([])
    with pytest.raises(DataError, match="DEP-1: the rows are not the total"):
        world.render([contribution()], total=1)
    with pytest.raises(Unsupported):
        RecordkeeperFiles().render("premium.remit", [], Envelope(1, CREATED, "X"), world.settings)


def test_what_is_sent_is_credited_by_source_and_told_once(either: World) -> None:
    either.send([contribution(), contribution(BO, 0, 2000, 1000)])
    assert either.credits() == [
        ("1", "EE_PRETAX", 25000, "2026-11-16"),
        ("1", "ER_MATCH", 12500, "2026-11-16"),
        ("2", "EE_ROTH", 2000, "2026-11-16"),
        ("2", "ER_MATCH", 1000, "2026-11-16"),
    ]
    first = either.pages("credit")[0].rows[0]
    assert (first.key, first.data["pay_date"], first.data["plan"]) == ("CR000001", "2026-11-13", "401K")
    assert either.credits() == []


def test_scripted_faults_happen_once(either: World) -> None:
    either.keeper.credit_short("100-00-0001", Source.ER_MATCH, 500)
    either.keeper.duplicate_credit(ANA, Source.EE_PRETAX)
    either.keeper.swap_source(BO)
    either.keeper.delay(9)
    either.send([contribution(), contribution(BO, 0, 2000, 0)])
    assert either.credits() == [
        ("1", "EE_PRETAX", 25000, "2026-11-25"),
        ("1", "EE_PRETAX", 25000, "2026-11-25"),
        ("1", "ER_MATCH", 12000, "2026-11-25"),
        ("2", "EE_PRETAX", 2000, "2026-11-25"),
    ]
    either.keeper.lose(ANA)
    either.send([contribution(), contribution(BO, 0, 2000, 0)], 2)
    assert either.credits() == [("2", "EE_ROTH", 2000, "2026-11-16")]
    assert ANA not in repr(either.keeper.trust)


def test_a_file_of_somebody_else_or_cut_off_credits_nothing(world: World) -> None:
    out = world.render([contribution()])
    folder = world.root / "to-recordkeeper"
    folder.joinpath("TEST_OTHER_20261113-1_11132026.150405.csv").write_bytes(out.data)
    folder.joinpath("TEST_ACME_20261113-1_11132026.150405.csv").write_bytes(out.data[:-40])
    world.keeper.collect(date(2026, 11, 16))
    assert len(world.keeper.refused) == 2
    assert world.keeper.trust.credits == []


def test_deferral_changes_come_as_rate_or_amount(world: World) -> None:
    world.keeper.change_deferral(ANA, Source.EE_ROTH, date(2026, 12, 1), rate="6.5%", last_name="Lee")
    world.keeper.change_deferral(BO, Source.EE_PRETAX, date(2026, 12, 1), amount_minor=15000)
    rate, amount = (page.rows[0] for page in world.pages("deferral_change"))
    assert dict(rate.data) == {
        "ssn": ANA,
        "plan": "401K",
        "source": "EE_ROTH",
        "rate": "6.5%",
        "amount_minor": None,
        "effective_from": "2026-12-01",
    }
    assert (amount.data["amount_minor"], amount.data["rate"]) == (15000, "")
    assert rate.key == "from-recordkeeper/ACME_360_000001.csv#2"


def test_rows_of_a_360_that_cannot_be_taken_are_problems(world: World) -> None:
    name = world.keeper.change_deferral(ANA, Source.EE_ROTH, date(2026, 12, 1), rate="6%")
    header, good = (world.root / name).read_text().splitlines()
    rows = [
        header,
        good.replace("ROTH", "BONUS"),
        good.replace("12012026", ""),
        good.replace("P-401", "P-402"),
        good.replace("100-00-0001", "10000001"),
        "L,P-401,Lee,Ana,,100-00-0001,12012026,,,,,L1,50.00,1000.00",
    ]
    (world.root / name).write_text("\r\n".join(rows) + "\r\n")
    (page,) = world.pages("deferral_change")
    words = ("do not list", "without a day", "another plan", "row 5", "a loan")
    for row, said in zip(page.rows, words, strict=True):
        assert said in row.problem
        assert row.problem.startswith(f"row {row.row}")
        assert "100000" not in row.problem
        assert "100-00" not in row.problem
        assert row.data == {}


def test_the_sample_report_gives_rows_and_problems(world: World) -> None:
    path = Path(recordkeeper_files.__file__).parent / "samples" / "credits.json"
    sample = json.loads(path.read_text())
    out = io.StringIO()
    csv.writer(out).writerows([sample["header"], *sample["rows"]])
    world.link.files().put("from-recordkeeper/a_credits.csv", out.getvalue().encode())
    world.link.files().put("from-recordkeeper/b_credits.csv", b"a,b\r\n1,2\r\n")
    good, bad = world.pages("credit")
    assert [bool(row.problem) for row in good.rows] == [False, False, False, True, True, True]
    assert good.rows[2].data["amount_minor"] == -1000
    assert bad.rows[0].key == "file"
    assert bad.rows[0].problem.startswith("file from-recordkeeper/b_credits.csv")


def test_settings_refuse_what_a_file_name_cannot_hold_and_other_streams(world: World) -> None:
    with pytest.raises(ValidationError, match="client_id"):
        RecordkeeperSettings.model_validate(world.settings.model_dump() | {"client_id": "A_B"})
    with pytest.raises(Unsupported):
        list(RecordkeeperFiles().read("roster", world.link, None))
    with pytest.raises(DataError, match="nine digits") as caught:
        world.keeper.credit_short("12345678", Source.EE_ROTH, 1)
    assert "12345678" not in str(caught.value)


def test_deferral_changes_are_read_in_either_layout(either: World) -> None:
    either.keeper.change_deferral(ANA, Source.EE_ROTH, date(2026, 12, 1), rate="6.5%")
    either.keeper.change_deferral(BO, Source.EE_PRETAX, date(2026, 12, 1), amount_minor=15000)
    rate, amount = (page.rows[0].data for page in either.pages("deferral_change"))
    assert (rate["source"], rate["rate"], rate["effective_from"]) == ("EE_ROTH", "6.5%", "2026-12-01")
    assert (amount["source"], amount["amount_minor"], amount["rate"]) == ("EE_PRETAX", 15000, "")


def test_the_paykonnect_180_tells_period_year_and_person(tmp_path: Path) -> None:
    world = World(tmp_path, layout="paykonnect", plan_name="Acme 401(k)", ein="12-3456789", division="D1")
    rehired: dict[str, Any] = {"prior_hire_date": date(2015, 3, 1), "prior_termination_date": date(2018, 6, 30)}
    row = contribution(
        sex="F", pay_cycle="biweekly", period_start=date(2026, 10, 26), period_end=date(2026, 11, 8),
        employee_number="1001", year_compensation_minor=9000000, year_amounts={Source.EE_PRETAX: 250000}, **rehired,
    )  # fmt: skip
    out = world.render([row], 7)
    assert out.name == "to-recordkeeper/P-401_13112026_150405007.csv"
    (one,) = records(paykonnect_180.parse(out.data))
    assert (one.plan_name, one.ein, one.run_type, str(one.pay_cycle)) == (
        "Acme 401(k)",
        "12-3456789",
        "Regular",
        "Bi-Weekly",
    )
    assert (one.hire_date, one.rehire_date, str(one.status), str(one.gender)) == (
        date(2015, 3, 1),
        date(2020, 2, 1),
        "Active",
        "Female",
    )
    assert (one.pretax, one.pretax_ytd, one.roth_ytd, one.compensation_ytd) == (25000, 250000, None, 9000000)
    assert paykonnect_180.validate(out.data) == []


def test_a_correction_is_named_as_one_and_ties_to_the_difference(either: World) -> None:
    either.send([contribution()])
    either.credits()
    out = either.render([contribution(pretax=-5000, match=2500, correction=1, compensation_minor=-10000)], 2)
    assert out.totals["deposit_minor"] == -2500
    assert ("-2-C1_" in out.name) if "ACME" in out.name else (b'"Correction"' in out.data)
    either.link.files().put(out.name, out.data)
    either.keeper.collect(date(2026, 11, 18))
    assert [amount for _, _, amount, _ in either.credits()] == [-5000, 2500]


def test_money_taken_back_is_refused_where_the_recordkeeper_takes_none(tmp_path: Path) -> None:
    world = World(tmp_path, negative_amounts=False)
    rows = [contribution(correction=1), contribution(BO, pretax=-100, match=0, correction=1)]
    with pytest.raises(DataError, match="item item-2: money is taken back"):
        world.render(rows)
    with pytest.raises(DataError, match="item item-2: another correction"):
        world.render([contribution(), contribution(BO, correction=1)])


def test_who_cannot_be_in_the_file_stops_nobody_else(tmp_path: Path) -> None:
    told = {
        "fits": contribution("100000003"), "taken back": contribution(BO, pretax=-100), "one": contribution(ANA),
        "same": contribution(ANA, match=1), "same and faulty": contribution(ANA, last_name=""),
    }  # fmt: skip
    items = [Item(DEPOSIT, name, row.model_dump(mode="json")) for name, row in told.items()]
    for takes, names in ((False, {"taken back", "one", "same", "same and faulty"}),
                         (True, {"one", "same", "same and faulty"})):  # fmt: skip
        world = World(tmp_path, negative_amounts=takes)
        why = RecordkeeperFiles().unfit(DEPOSIT, items, world.settings)
        assert set(why) == names
        assert why["one"] == why["same"] == "another participant has the same SSN"
        assert "LAST NAME" in why["same and faulty"] and not any(ANA in text or BO in text for text in why.values())
        assert why.get("taken back", "money is taken back").startswith("money is taken back")
        assert world.render([row for name, row in told.items() if name not in names]).totals["rows"] == 5 - len(names)


def test_a_change_without_a_day_may_hold_from_eligibility(tmp_path: Path) -> None:
    world = World(tmp_path, layout="paykonnect", undated_from_eligibility=True)
    rows = [
        ",".join(paykonnect_360.LAYOUT.header),
        "D,P-401,100-00-0001,,12012026,,,4ROTH,Percent,6.0,,",
        "D,P-401,100-00-0001,,12012026,,,401KC,Percent,6.0,,",
        "L,P-401,100-00-0001,,12012026,,,401L,Amount,50.00,L1,",
        "D,P-401,100-00-0001,12012026,,,,401K,Bonus,6.0,,",
    ]
    world.link.files().put("from-recordkeeper/a_360_1.csv", "\r\n".join(rows).encode())
    (page,) = world.pages("deferral_change")
    assert page.rows[0].data["effective_from"] == "2026-12-01"
    for row, said in zip(page.rows[1:], ("do not list", "a loan", "row 5, Value Type"), strict=True):
        assert said in row.problem
        assert "100-00" not in row.problem


def test_a_paykonnect_plan_must_fit_a_file_name(world: World) -> None:
    with pytest.raises(ValidationError, match="letters, digits"):
        RecordkeeperSettings.model_validate(world.settings.model_dump() | {"layout": "paykonnect", "plan_id": "P_1"})


def test_the_sample_changes_give_rows_and_problems(either: World) -> None:
    sample = json.loads((Path(recordkeeper_files.__file__).parent / "samples" / "deferrals.json").read_text())
    out, told = io.StringIO(), sample[either.settings.layout]
    csv.writer(out).writerows([told["header"], *told["rows"]])
    either.link.files().put("from-recordkeeper/a_360_1.csv", out.getvalue().encode())
    (page,) = either.pages("deferral_change")
    rate, amount, unknown, loan = page.rows
    assert (rate.data["source"], rate.data["rate"]) == ("EE_PRETAX", "6.5%")
    assert (amount.data["source"], amount.data["amount_minor"]) == ("EE_ROTH", 15000)
    assert "do not list" in unknown.problem and "a loan" in loan.problem
