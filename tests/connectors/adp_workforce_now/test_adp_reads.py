"""People, dependents, pay, deductions held, the register and the event queue, in ADP's words turned into ours."""

from __future__ import annotations

import itertools
import re
import sys
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benehub.cli.sync import _pages
from benehub.connect.testing import WireRequest, WireResponse
from benehub.errors import DataError, FatalError, Unsupported, VendorUnavailable
from benehub.sandbox.faults import FaultKind
from benehub.sandbox.http import SimResponse
from benehub.testing.kithub import played_hub
from benehub.testing.stage import CONNECTION, EMPLOYER, Played
from benehub_connectors.adp_workforce_now import AdpConnector
from benehub_connectors.adp_workforce_now.stage import MEDICAL, stage


def test_people_are_told_with_their_last_day(bench: Any) -> None:
    rows = {row.data["employee_number"]: row for row in bench.rows("employee")}
    ada, eva = rows["1001"].data, rows["1000"].data
    assert (ada["first_name"], ada["ssn"], ada["pay_group"]) == ("Ada", "900000001", "biweekly")
    assert (ada["employment_class"], ada["weekly_hours"]) == ("full_time", 40)
    assert (ada["termination_date"], eva["termination_date"]) == (None, "2026-06-30")
    assert rows["1001"].extra["payrollFileNumber"] == "001001"


def test_payrolls_number_may_be_the_file_number(bench: Any) -> None:
    rows = bench.rows("payroll_person", employee_number="file_number")
    assert [row.data["employee_number"] for row in rows] == ["001001", "001002", "001000"]
    assert [row.data["active"] for row in rows] == [True, True, False]


def test_a_project_that_sees_people_masked_is_told_so(bench: Any) -> None:
    bench.simulator.unmasked = False
    for row in bench.rows("employee"):
        assert "birthDate is masked: let the project see personal data unmasked" in row.problem
        assert "SSN is masked" in row.problem
    assert {row.data["birth_date"] for row in bench.rows("payroll_person")} == {None}


def test_pay_and_dependents(bench: Any) -> None:
    pay = {row.data["employee"]: row.data for row in bench.rows("compensation")}
    assert (pay[bench.ada]["rate_minor"], pay[bench.ada]["per"]) == (320_000, "pay")
    bench.simulator.add_dependent(bench.ada, "Old", "One", birth=date(1990, 1, 1), ssn="900000005", state="inactive")
    bench.simulator.add_dependent(bench.ada, "Odd", "One", birth=date(1990, 1, 1), ssn="900000006", relationship="Ward")
    child, gone, ward = bench.rows("dependent")
    assert (child.data["first_name"], child.data["relationship"], child.data["ssn"]) == ("Anna", "child", "900000004")
    assert gone.deleted
    assert "no relationship of ours" in ward.problem
    assert bench.rows("dependent", relationships={"Ward": "foster"})[2].data["relationship"] == "foster"


def test_deductions_held_are_told_by_the_plan_books_codes(bench: Any) -> None:
    rows = {row.data["code"]: row.data for row in bench.rows("payroll_benefit")}
    assert (rows["401K"]["employee"], rows["401K"]["employee_rate"]) == (bench.ada, "4.0%")
    assert (rows["DENTAL"]["employee_amount_minor"], rows["DENTAL"]["active"]) == (1250, True)


def test_a_check_becomes_lines_to_the_cent(bench: Any) -> None:
    lines = {
        (row.data["employee"], row.data["kind"], row.data["code"]): row.data for row in bench.rows("register_line")
    }
    gross = lines[bench.ada, "earning", "GROSS"]
    assert (gross["amount_minor"], gross["hours"], gross["pay_date"]) == (320_000, "80", "2026-11-20")
    assert lines[bench.ada, "deduction", "401K"]["amount_minor"] == 12_800
    assert lines[bench.ada, "deduction", "401K"]["tax_class"] == "pretax"
    assert lines[bench.ada, "leave_taken", "PTO"]["hours"] == "7.5000"
    assert lines[bench.max, "deduction", "DENTAL"]["amount_minor"] == 1250
    assert gross["net_pay_minor"] == 320_000 - 80_000 - 12_800


def test_a_payroll_still_worked_on_is_left_out_and_a_strange_state_is_told(bench: Any) -> None:
    assert {row.data["pay_date"] for row in bench.rows("register_line")} == {"2026-11-20"}
    bench.simulator.run_payroll("x", date(2026, 11, 27), date(2026, 11, 1), date(2026, 11, 14), state="QQQ")
    (odd,) = [row for row in bench.rows("register_line") if row.problem]
    assert "a state that nobody has told: QQQ" in odd.problem
    days = {row.data["pay_date"] for row in bench.rows("register_line", finished=["Z99", "QQQ"])}
    assert days == {"2026-11-20", "2026-11-27"}


def told_without(bench: Any, who: str, side: str, name: str = "") -> None:
    """From now on a list of a payroll leaves somebody's payment out, or the name that it goes by."""
    real = bench.simulator._payments

    def half(request: Any, summary: Any) -> Any:
        answer = real(request, summary)
        if request.path.endswith(side) and answer.status == 200:
            (output,) = answer.json["payrollOutputs"]
            for one in output["associatePayments"]:
                if who in ("all", one["associateOID"]):
                    if name:
                        del one[name]
                    else:
                        one["payments"] = []
        return answer

    bench.simulator._payments = half


@pytest.mark.unpublished("a payment that one of the two lists does not tell")
@pytest.mark.parametrize(
    ("side", "lacks"), [("/non-statutory-deductions", "tells no deductions"), ("/earnings", "tells no earnings")]
)
def test_a_payment_with_one_side_only_is_one_row_with_its_reason_and_the_rest_goes_on(
    bench: Any, side: str, lacks: str
) -> None:
    told_without(bench, bench.max, side)
    rows = bench.rows("register_line")
    (odd,) = [row for row in rows if row.problem]
    assert lacks in odd.problem and bench.max in odd.key and not odd.data
    assert {row.data["employee"] for row in rows if row.data} == {bench.ada}
    assert not [row for row in bench.rows("register_line", register_from="2026-11-21") if row.problem], "not asked for"


def test_a_payment_that_names_nobody_is_a_row_and_the_rest_goes_on(bench: Any) -> None:
    told_without(bench, bench.max, "/non-statutory-deductions", "associateOID")
    rows = bench.rows("register_line")
    assert sorted("associateOID" in row.problem for row in rows if row.problem) == [False, True]
    assert {row.data["employee"] for row in rows if row.data} == {bench.ada}


def test_halves_on_different_pages_find_each_other(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {row.key for row in bench.rows("register_line")}
    real = bench.simulator._payments

    def turned(request: Any, summary: Any) -> Any:
        told = bench.simulator.payrolls[request.params["job"]][2]
        if request.path.endswith("/earnings"):
            told.reverse()
        answer = real(request, summary)
        if request.path.endswith("/earnings"):
            told.reverse()
        return answer

    bench.simulator._payments = turned
    monkeypatch.setattr("benehub_connectors.adp_workforce_now.answers.TOP", 1)
    rows = bench.rows("register_line")
    assert {row.key for row in rows} == whole and not [row for row in rows if row.problem]


def test_two_lists_of_different_people_are_no_register(bench: Any) -> None:
    told_without(bench, "all", "/non-statutory-deductions")
    with pytest.raises(VendorUnavailable, match="told of different people"):
        bench.rows("register_line")


def test_no_more_payments_wait_for_their_other_half_than_are_held(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["benehub_connectors.adp_workforce_now.register"], "LOOSE", 0)
    told_without(bench, bench.max, "/non-statutory-deductions")
    with pytest.raises(VendorUnavailable, match="told of different people"):
        bench.rows("register_line")


def test_no_calendar_is_read_and_the_reason_says_who_could_change_that(bench: Any) -> None:
    with pytest.raises(Unsupported):
        bench.rows("pay_calendar")
    (line,) = [one for one in bench.connector.capabilities() if one.operation == "read.pay_calendar"]
    assert (line.supported, line.blocker) == (False, "us")


def test_the_queue_names_who_changed_and_is_emptied(bench: Any) -> None:
    bench.simulator.workers[bench.max].last_name = "Stone"
    bench.simulator.tell("worker.legal-name.change", bench.max)
    bench.simulator.tell("worker-general-deduction-instruction.change", bench.ada)
    bench.simulator.tell("worker.hire", "G3GONE")
    bench.simulator.tell("worker.photo.upload", None)
    changed, gone, nobody = bench.rows("employee", "queue")
    assert (changed.key, changed.data["last_name"]) == (bench.max, "Stone")
    assert "no such worker" in gone.problem
    assert "names nobody" in nobody.problem
    assert bench.simulator.queue == []
    assert bench.rows("employee", "queue") == []


def test_a_message_stays_until_its_page_is_kept(bench: Any) -> None:
    bench.simulator.tell("worker.legal-name.change", bench.ada)
    pages = bench.connector.read("employee", bench.link(), "queue")
    assert next(pages).rows[0].key == bench.ada
    assert len(bench.simulator.queue) == 1  # the hub has not asked for the next page yet
    pages.close()
    assert [row.key for row in bench.rows("employee", "queue")] == [bench.ada]


def test_what_was_taken_from_the_queue_is_applied_even_if_the_line_breaks(bench: Any) -> None:
    for one in (bench.ada, bench.max):
        bench.simulator.tell("worker.legal-name.change", one)
    bench.simulator.faults.add(FaultKind.UNAVAILABLE, path="/hr/v2/workers/*", skip=1, times=99)
    *_, last = bench.connector.read("employee", bench.link(), "queue")
    assert last.cursor == "queue"
    assert len(bench.simulator.queue) == 1
    with pytest.raises(VendorUnavailable):
        bench.rows("employee", "queue")


def test_what_the_queue_told_before_it_told_nonsense_is_kept_and_applied(bench: Any, tmp_path: Path) -> None:
    played = Played(AdpConnector, stage(tmp_path))
    made = played.stage
    assert made.changes is not None
    hub = played_hub(tmp_path, played)
    with closing(hub.store):
        hub.sync("employee", "whole")
        made.changes()
        # The second message has no id: ADP could never be told to forget it.
        played.wire.change = lambda _wire, got: (
            WireResponse(got.status, {}, got.body) if got.headers.get("adp-msg-msgid", "").endswith("2") else got
        )
        for key in ("first", "second"):
            with pytest.raises(DataError, match="a message without an id"):
                hub.sync("employee", key, full=False)
        told = [row for row in hub.books().facts if "King" in row[-1]]
    assert told, "the first message was deleted at ADP, and its change is in no book"


def test_a_run_that_is_taken_up_again_reads_the_queue_to_its_end(bench: Any, tmp_path: Path) -> None:
    played = Played(AdpConnector, stage(tmp_path))
    made = played.stage
    assert made.changes is not None
    hub = played_hub(tmp_path, played)
    with closing(hub.store):
        hub.sync("employee", "whole")
        made.changes()
        seen = itertools.count(1)

        def breaks(_wire: WireRequest, got: WireResponse) -> WireResponse:
            """A second message without an id ends the read; the first one has been kept by then."""
            second = "adp-msg-msgid" in got.headers and next(seen) in (2, 4)
            return WireResponse(got.status, {}, got.body) if second else got

        played.wire.change = breaks
        for _ in range(2):
            with pytest.raises(DataError, match="a message without an id"):
                hub.sync("employee", "run", full=False)
            made.changes()
        played.wire.change = None
        hub.sync("employee", "run", full=False)
        told = {name for row in hub.books().facts for name in ("King", "Stone") if name in row[-1]}
    assert told == {"King", "Stone"}


def test_a_read_that_is_only_tried_takes_nothing_from_the_queue(
    bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = Played(AdpConnector, stage(tmp_path))
    made = played.stage
    assert made.changes is not None
    hub = played_hub(tmp_path, played)
    desk: Any = SimpleNamespace(hub=hub, store=hub.store, employer=EMPLOYER)
    with closing(hub.store):
        hub.sync("employee", "whole")
        made.changes()
        with pytest.raises(DataError, match="gives each change once"):
            _pages(desk, CONNECTION, "employee", full=False)
        # The queue was switched off since: people are read whole, from the same cursor.
        off = played.link.settings.model_copy(update={"events": False})
        with monkeypatch.context() as patch:
            patch.setattr(played, "link", replace(played.link, settings=off))
            assert sum(len(page.rows) for page in _pages(desk, CONNECTION, "employee", full=False)) > 2
        assert hub.sync("employee", "in earnest", full=False)["applied"] == 2


def test_a_queue_that_repeats_itself_ends(bench: Any) -> None:
    bench.simulator.tell("worker.legal-name.change", bench.ada)
    bench.simulator._routes.insert(0, ("DELETE", re.compile(".*"), lambda _: SimResponse(200)))
    with pytest.raises(FatalError, match="gives a message again"):
        bench.rows("employee", "queue")


def test_without_the_queue_people_are_read_whole(bench: Any) -> None:
    pages = list(bench.connector.read("employee", bench.link(events=False), "queue"))
    assert all(page.full and page.cursor is None for page in pages)
    assert sum(len(page.rows) for page in pages) == 3


def test_an_instruction_in_a_strange_unit_is_told(bench: Any) -> None:
    real = bench.simulator.handle

    def odd(wire: Any) -> Any:
        answer = real(wire)
        return type(answer)(answer.status, answer.headers, answer.body.replace(b'"Amount"', b'"Amounts"'))

    bench.checked.forms, bench.simulator.handle = None, odd
    (row,) = [one for one in bench.rows("payroll_benefit") if one.problem]
    assert "a deduction in 'Amounts'" in row.problem
    assert MEDICAL not in row.problem
