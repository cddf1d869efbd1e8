"""What each flow means at an occasion: which pay dates, months and streams; and each of them runs to a good end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select

from benehub import planbook
from benehub.connect.capabilities import Guard
from benehub.errors import BenehubError, ConfigError, DataError, Unsupported
from benehub.flows import JOBS, Hub, scheduled
from benehub.flows.schedulable import FLOWS, PREFIX, Occasion, Wanted, check
from benehub.periods import Month
from benehub.store.tables import run
from benehub.views.fresh import READING
from benehub.views.own_times import OF_A_MONTH, STEPS

PLAN = """  - id: 401k
    name: 401k
    benefit_type: retirement
    recordkeeper: keeper
    effective_from: 2025-01-01
    deferral: {pretax_code: 401K, roth_code: ROTH}
    match: {code: M, formula: basic}
carriers:
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, fakehub: ModuleType) -> Iterator[Hub]:
    """A hub of three people, for reading."""
    folder = tmp_path_factory.mktemp("hub")
    made = fakehub.open_hub(f"sqlite:///{folder / 'hub.db'}")
    fakehub.set_up(made, folder / "vendor", "read_back")
    yield made
    made.engine.stop()
    made.store.close()


def occasion(hub: Hub, today: str, connection: str = "", **options: str) -> Occasion:
    with hub.store.read("acme") as session:
        book = hub.book(session)
    return Occasion(hub, "acme", book, connection, options, date.fromisoformat(today), "run_1")


def calls(hub: Hub, flow: str, today: str, connection: str = "", **options: str) -> list[Any]:
    return list(FLOWS[flow].calls(occasion(hub, today, connection, **options)))


def test_a_push_tells_the_next_pay_date_of_each_group_once_it_is_near(hub: Hub) -> None:
    told = ("deductions.push", ["payroll", "monthly", "2026-10-15"])
    assert calls(hub, "deductions.push", "2026-10-01", "payroll") == [told]
    assert calls(hub, "deductions.push", "2026-09-30", "payroll") == []
    assert calls(hub, "deductions.push", "2026-09-30", "payroll", ahead="15") == [told]
    # On the pay date itself it is too late for it: the next one is meant.
    assert calls(hub, "deductions.push", "2026-10-15", "payroll") == []
    assert calls(hub, "deductions.push", "2026-10-15", "payroll", ahead="40")[0][1][2] == "2026-11-13"
    assert calls(hub, "leave.handover", "2026-10-01", "payroll") == [("leave.handover", told[1])]
    with pytest.raises(DataError, match="pay group 'weekly' is not in the plan book"):
        calls(hub, "deductions.push", "2026-10-01", "payroll", group="weekly")


def test_pay_dates_are_found_over_the_turn_of_the_year(hub: Hub) -> None:
    one = occasion(hub, "2026-12-20")
    days = one.pay_days(date(2026, 12, 1), date(2027, 1, 31))
    assert [day for _, day in days] == ["2026-12-15", "2027-01-15"]
    assert calls(hub, "deductions.push", "2026-12-20", "payroll", ahead="30")[0][1][2] == "2027-01-15"


@pytest.mark.parametrize(
    ("option", "wanted"),
    [("last", ["2026-12"]), ("this", ["2027-01"]), ("next", ["2027-02"]), ("both", ["2026-12", "2027-01"])],
)
def test_months_are_meant_from_the_employers_day(hub: Hub, option: str, wanted: list[str]) -> None:
    assert [arguments[0] for _, arguments in calls(hub, "premiums.accrue", "2027-01-01", month=option)] == wanted


@pytest.mark.parametrize("flow", OF_A_MONTH)
def test_a_run_keeps_the_months_that_its_flow_is_of(flow: str, hub: Hub) -> None:
    connection = "carrier" if FLOWS[flow].connection else ""
    for option, months in (("", OF_A_MONTH[flow]), ("last", "last"), ("both", "both")):
        if option and "month" not in FLOWS[flow].options:
            continue
        one = occasion(hub, "2026-12-20", connection, **({"month": option} if option else {}))
        wanted = [str(Month(2026, 12).plus(step)) for step in STEPS[months]]
        assert scheduled._months(flow, FLOWS[flow].calls(one)) == wanted


def test_what_is_deposited_are_the_pay_dates_just_past(hub: Hub) -> None:
    for today, wanted in (("2026-10-15", 1), ("2026-10-25", 1), ("2026-10-26", 0), ("2026-10-14", 0)):
        assert len(calls(hub, "accounts.deposit", today, "keeper")) == wanted
    assert len(calls(hub, "accounts.deposit", "2026-10-26", "keeper", back="11")) == 1
    assert calls(hub, "retirement.deposit", "2026-10-15", "keeper") == []  # there is no such plan


def test_a_deposit_is_meant_for_the_plans_of_its_recordkeeper(hub: Hub, fakehub: ModuleType) -> None:
    book = planbook.load(fakehub.BOOK.replace("carriers:\n", PLAN), "book")
    today = date(2026, 10, 16)
    for connection, options, wanted in (
        ("keeper", {}, [("retirement.deposit", ["401k", "2026-10-15"])]),
        ("keeper", {"plan": "401k"}, [("retirement.deposit", ["401k", "2026-10-15"])]),
        ("keeper", {"plan": "other"}, []),
        ("another", {}, []),
    ):
        one = Occasion(hub, "acme", book, connection, options, today, "run_1")
        assert FLOWS["retirement.deposit"].calls(one) == wanted


def test_streams_are_read_in_the_order_of_need_as_one_batch_an_occasion(hub: Hub) -> None:
    found = calls(hub, "sync", "2026-10-01", "hris", full="yes")
    assert found == [
        ("sync", ["hris", name, f"run_1/{name}", True]) for name in ("employee", "election", "payroll_person")
    ]
    assert calls(hub, "sync", "2026-10-01", "hris", stream="credit") == [
        ("sync", ["hris", "credit", "run_1/credit", False])
    ]
    # What the connection does not tell may come by another one: the job goes by what is there.
    assert [name for name, _ in calls(hub, "payroll.results", "2026-10-01", "payroll")] == ["payroll.results"] * 2


def test_a_connection_that_reads_nothing_is_no_quiet_success(
    hub: Hub, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fakehub.FakeConnector, "streams", {})
    with pytest.raises(ConfigError, match="reads nothing"):
        calls(hub, "sync", "2026-10-01", "hris")


def test_the_usual_connection_is_the_plan_books(hub: Hub) -> None:
    book = occasion(hub, "2026-10-01").book
    usual = {name: check(book, Wanted(name, "" if flow.usual(book) or not flow.connection else "bank")).connection
             for name, flow in FLOWS.items()}  # fmt: skip
    assert (usual["sync"], usual["deductions.push"], usual["premiums.remit"]) == ("hris", "payroll", "carrier")
    assert calls(hub, "notices.reports", "2026-10-01", "carrier") == [("notices.reports", [])]
    assert (usual["coverage"], usual["premiums.answers"]) == ("", "bank")


@pytest.mark.parametrize("name", [name for name, flow in FLOWS.items() if not name.startswith("notices.")])
def test_every_flow_runs_to_a_good_end_and_a_second_time(
    name: str, hub: Hub, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Payroll that takes leave as well.
    monkeypatch.setitem(fakehub.ReadBack.guards, "leave.take", Guard.READ_BACK)
    book = occasion(hub, "2026-10-01").book
    flow = FLOWS[name]
    connection = check(book, Wanted(name, "" if flow.usual(book) or not flow.connection else "carrier")).connection
    for turn in (1, 2):
        key = f"{name}/{turn}"
        assert isinstance(hub.start_flow(f"schedule.{name}", "acme", key, connection, {}, key), dict)
    with hub.store.read("acme") as session:
        rows = session.rows(select(run).where(run.c.flow == f"schedule.{name}"))
    assert [row.state for row in rows] == ["done", "done"], [row.error for row in rows]


Job = Callable[..., Any]


class Steps:
    """Steps that simply run."""

    def step(self, _name: str, function: Job, *arguments: Any) -> Any:
        """Run it."""
        return function(*arguments)


@pytest.mark.parametrize(
    ("flow", "ran", "raised"),
    [("reconcile", ["2026-09", "2026-10"], "DataError"), ("payroll.results", ["2026-09"], "DataError")],
)
def test_independent_jobs_do_not_wait_for_each_other(flow: str, ran: list[str], raised: str, hub: Hub) -> None:
    seen: list[str] = []

    def broken(_hub: Hub, _steps: Any, _employer: str, *arguments: Any) -> dict[str, int]:
        seen.append(next(one for one in arguments if str(one).startswith("2026")))
        raise DataError(f"{seen[-1]} cannot be read")

    jobs: Mapping[str, Job] = {flow: broken}
    with hub.store.write("acme") as session:
        scheduled.runs.begin(session, f"schedule.{flow}", "key", "x")
    with pytest.raises(BenehubError, match="2026-09 cannot be read") as caught:
        scheduled.job(flow, jobs)(hub, Steps(), "acme", "payroll" if "." in flow else "", {}, "key")
    assert (seen, type(caught.value).__name__) == (ran, raised)
    with hub.store.read("acme") as session:
        (row,) = session.rows(select(run).where(run.c.flow == f"schedule.{flow}", run.c.subject == "key"))
    months = {"months": ["2026-09", "2026-10"]} if "." in flow else {}
    assert row.counts == {**months, "stopped": len(ran)}


def test_what_no_connector_can_is_told_and_part_of_it_is_counted(hub: Hub) -> None:
    def refuses(_hub: Hub, _steps: Any, _employer: str, _connection: str, stream: str, *_: Any) -> dict[str, int]:
        if stream != "election":
            raise Unsupported("no such stream")
        return {"rows": 2, "batch": 1}

    with hub.store.write("acme") as session:
        scheduled.runs.begin(session, "schedule.sync", "part", "x")
        scheduled.runs.begin(session, "schedule.sync", "none", "x")
    job = scheduled.job("sync", {"sync": refuses})
    assert job(hub, Steps(), "acme", "hris", {}, "part") == {"unsupported": 2, "rows": 2, "batch": 1}
    with pytest.raises(Unsupported):
        job(hub, Steps(), "acme", "hris", {"stream": "credit"}, "none")


BY_HAND = {
    "adopt", "deductions.write_off", "enrollments.full", "premiums.confirm", "retirement.true-up",
    "retirement.deposit-earnings", "retirement.lost-earnings", "leave.close", "reconcile.year",
    "fixes.carry", "retro.correct", "dispatch.send", "dispatch.resend", "imports.take",
    "people.suggest", "intake.release", "intake.redrive", "plan_book.try",
}  # fmt: skip
"""Jobs that nobody may leave to a schedule, or that another one starts: docs/operations.md says why."""


def test_every_job_may_be_scheduled_or_is_said_to_be_a_persons(hub: Hub) -> None:
    jobs = {name for name in JOBS if not name.startswith(PREFIX)}
    started = {"premiums.invoice", "payroll.calendar"}  # flows that are made of other jobs
    assert jobs - FLOWS.keys() == BY_HAND
    assert FLOWS.keys() - jobs == started
    told = (Path(__file__).parents[2] / "docs/operations.md").read_text().partition("### What no schedule starts")[2]
    table = told.partition("\n## ")[0]
    assert [name for name in sorted(BY_HAND) if f"`{name}`" not in table] == []


def test_counts_are_summed_and_ids_kept_once() -> None:
    counts: dict[str, Any] = {}
    for dispatch in ("dis_1", "dis_1", "dis_2"):
        scheduled.add(counts, {"sent": 1, "dispatch": dispatch, "payroll": {"opened": 2}})
    assert counts == {"sent": 3, "dispatch": ["dis_1", "dis_2"], "payroll opened": 6}


def test_what_reads_is_known_where_it_is_told_whether_it_was_read() -> None:
    # What reads may be told to read in full.
    assert {name for name, flow in FLOWS.items() if "full" in flow.options} == READING
