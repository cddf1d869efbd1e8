"""Bookings pushed into DATEV: whole, once a month, and looked for before they are pushed again."""

from __future__ import annotations

from typing import Any

import pytest

from benehub.connect import jsontext
from benehub.connect.verdict import was_sent
from benehub.errors import ConfigError, DataError, NeedsPersonError, ReauthNeeded, VendorUnavailable
from benehub.formats.datev_lodas import parse
from benehub.formats.datev_text import ENCODING
from benehub.sandbox.faults import FaultKind

PUSH = "/v1/custom/datev/push-data/payroll"


def booked(bench: Any) -> list[tuple[int, int, int]]:
    """Personnel number, wage type and value of all that was pushed."""
    files = [job["file"] for push in bench.simulator.pushes for job in push["upload_jobs"]]
    found = [one for file in files for one in parse(file.encode(ENCODING)).file().bookings]
    return [(one.personnel_number, one.wage_type, one.value) for one in found]


def test_a_pay_date_is_pushed_to_the_cent_and_lines_that_meet_are_added_up(bench: Any) -> None:
    mine = [bench.line(20_001), bench.line(1_000), bench.line(3_001, employer_side=True)]
    out = bench.render(*mine, bench.line(50, employee=bench.max))
    assert out.name == "kombo-datev-2026-11-000007.json"
    assert out.totals == {"rows": 3, "wage_type_3040_minor": -21_051, "wage_type_5200_minor": 3_001}
    told = jsontext.parse(out.data)
    assert told["payroll_month"] == "2026-11-01T00:00:00.000Z"
    assert {one["prepare"]["payroll_run"]["date"] for one in told["employees"]} == {told["payroll_month"]}
    assert bench.box().put(out.name, out.data) == "lodas_2026-11.txt"
    assert sorted(booked(bench)) == [(1001, 3040, -21_001), (1001, 5200, 3_001), (1002, 3040, -50)]


def test_pushed_again_it_is_found_there(bench: Any) -> None:
    out, box = bench.render(bench.line(20_001)), bench.box()
    box.put(out.name, out.data)
    assert bench.box().put(out.name, out.data) == "push0"
    assert bench.simulator.effects == 1
    assert [(one.name, one.size) for one in box.list("kombo-*.json")] == [(out.name, len(out.data))]
    assert bench.box().list("*") == []


def test_a_push_that_broke_off_is_in_doubt_and_then_found(bench: Any) -> None:
    out = bench.render(bench.line(20_001))
    bench.simulator.faults.add(FaultKind.APPLY_THEN_TIMEOUT, path=PUSH, method="POST")
    with pytest.raises(VendorUnavailable) as doubt:
        bench.box().put(out.name, out.data)
    assert was_sent(doubt.value)
    assert bench.box().put(out.name, out.data) == "push0"
    assert bench.simulator.effects == 1


def test_a_preparation_that_broke_off_has_pushed_nothing(bench: Any) -> None:
    out = bench.render(bench.line(20_001))
    bench.simulator.faults.add(FaultKind.APPLY_THEN_TIMEOUT, path="/v1/custom/datev/employees/*", method="PUT")
    with pytest.raises(VendorUnavailable) as broken:
        bench.box().put(out.name, out.data)
    assert not was_sent(broken.value)
    assert bench.simulator.pushes == []
    bench.box().put(out.name, out.data)
    assert booked(bench) == [(1001, 3040, -20_001)]


def test_a_month_that_was_pushed_already_waits_for_a_person(bench: Any) -> None:
    first, second = bench.render(bench.line(20_001)), bench.render(bench.line(50, employee=bench.max), control=8)
    bench.box().put(first.name, first.data)
    with pytest.raises(NeedsPersonError, match="pushed files of this month already"):
        bench.box().put(second.name, second.data)
    bench.simulator.pushes[0]["upload_jobs"][0]["state"] = "DELETED"  # the adviser has
    bench.box().put(second.name, second.data)
    assert bench.simulator.effects == 2
    december = bench.render(bench.line(50, pay_date="2026-12-31"), control=9)
    bench.box().put(december.name, december.data)
    assert bench.simulator.effects == 3


def test_a_push_of_a_form_nobody_knows_is_in_doubt_only_if_it_is_later(bench: Any) -> None:
    out = bench.render(bench.line(20_001))
    job = {"id": "j", "file_name": "x", "state": "UPLOADED", "file": "??"}
    bench.simulator.pushes = [
        {"id": "odd", "type": "PAYROLL", "created_at": "2026-11-25T13:00:00.000Z", "upload_jobs": [job]}
    ]
    with pytest.raises(NeedsPersonError, match="of a month that cannot be told"):
        bench.box().put(out.name, out.data)
    bench.simulator.pushes[0]["created_at"] = "2026-11-25T11:00:00.000Z"
    bench.box().put(out.name, out.data)
    assert bench.simulator.effects == 1


def test_the_same_amount_twice_needs_two_bookings(bench: Any) -> None:
    one = bench.render(bench.line(100))
    bench.box().put(one.name, one.data)
    both = bench.render(bench.line(100), bench.line(100, employee=bench.max), control=8)
    with pytest.raises(NeedsPersonError):
        bench.box().put(both.name, both.data)


def test_without_the_advisers_grant_nothing_is_prepared(bench: Any) -> None:
    bench.simulator.may_write = False
    out = bench.render(bench.line(20_001))
    with pytest.raises(ReauthNeeded, match="does not let Kombo write"):
        bench.box().put(out.name, out.data)
    assert bench.simulator.prepared == {}


def test_an_employee_whom_datev_does_not_know_stops_the_push(bench: Any) -> None:
    out = bench.render(bench.line(1), bench.line(2, employee="nobody"))
    with pytest.raises(DataError, match=r"refused it \(PLATFORM.INPUT_INVALID\)"):
        bench.box().put(out.name, out.data)
    assert bench.simulator.pushes == []


def test_by_personnel_number_where_the_settings_say_so(bench: Any) -> None:
    datev = {**bench.usual["datev"], "employee_by": "remote"}
    out = bench.render(bench.line(20_001, employee="1002"), datev=datev)
    bench.box().put(out.name, out.data)
    assert booked(bench) == [(1002, 3040, -20_001)]


def test_what_cannot_be_pushed_is_refused_by_name(bench: Any) -> None:
    with pytest.raises(DataError, match="no wage type for code 'OTHER'"):
        bench.render(bench.line(1, code="OTHER"))
    with pytest.raises(DataError, match="a correction says the difference"):
        bench.render(bench.line(1, correction=1))
    with pytest.raises(ConfigError, match="not set up for a push into DATEV"):
        bench.render(bench.line(1), datev=None)
    assert bench.connector.mailbox(bench.link(datev=None).settings, {"env:KEY": "k"}) is None
