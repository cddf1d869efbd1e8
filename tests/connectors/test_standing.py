"""No call to a simulator escapes the referee at its door, whichever test makes it."""

from __future__ import annotations

import importlib
import inspect
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tests.conftest import pytest_report_header
from tests.connectors.published import OTHERWISE, PUBLISHED
from tests.connectors.standing import Standing, descriptions, form, untold, vendor_of, words_of
from tests.connectors.test_vendor_limits import CALLING

from benehub.connect.testing import WireRequest, WireResponse
from benehub.sandbox.faults import FaultKind
from benehub.sandbox.http import Simulator, serve
from benehub_connectors.bamboohr.simulator import BambooSimulator
from benehub_connectors.finch.simulator import FinchSimulator
from benehub_connectors.finch.stage import NOW

pytest.importorskip("openapi_core")
CHANGED = WireRequest("GET", "/api/v1/employees/changed", (("since", "2026-11-01T00:00:00Z"),),
                      {"authorization": "Basic YmFtYm9vLWtleTp4"})  # fmt: skip


@pytest.fixture
def standing(shared: Any) -> Standing:
    """One who has judged nothing yet."""
    if not Standing.present():
        pytest.skip(f"no descriptions of vendors in {shared}")
    return Standing()


def account() -> BambooSimulator:
    made = BambooSimulator()
    made.add_person("1", datetime(2026, 11, 2, tzinfo=UTC))
    return made


@pytest.mark.parametrize("name", sorted(CALLING))
def test_each_simulator_is_known_and_answers_through_the_one_door(name: str) -> None:
    module = importlib.import_module(f"benehub_connectors.{name}.simulator")
    made = [one for _, one in inspect.getmembers(module, inspect.isclass) if issubclass(one, Simulator)]
    (own,) = [one for one in made if one.__module__ == module.__name__]
    simulator = object.__new__(own)
    assert vendor_of(simulator) == name
    assert bool(descriptions(simulator)) is (name in PUBLISHED) is (name not in OTHERWISE)
    assert "handle" not in vars(own) or "super().handle(wire)" in inspect.getsource(own.handle)


@pytest.mark.unpublished("he has something to catch")
def test_a_bad_call_and_a_bad_answer_are_found(standing: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    with standing.at_the_door():
        vendor = account()
        assert vendor.handle(CHANGED).status == 200
        assert (standing.taken(), standing.judged) == ([], {"bamboohr": 1})
        vendor.handle(WireRequest("GET", CHANGED.path, (), CHANGED.headers))
        assert "since" in standing.taken()[0]
        vendor.faults.add(FaultKind.TIMEOUT, path="*/changed")
        with pytest.raises(TimeoutError):
            vendor.handle(WireRequest("GET", CHANGED.path, (("since", "yesterday"),), CHANGED.headers))
        assert "since" in standing.taken()[0]
        real = Simulator._answer
        said = WireResponse(200, {"content-type": "application/json"}, b'{"latest": "soon", "employees": {}}')
        monkeypatch.setattr(Simulator, "_answer", lambda *_: said)
        vendor.handle(CHANGED)
        assert "'soon' is not a 'date-time'" in standing.taken()[0]
        vendor.handle(CHANGED)
        assert "'soon' is not a 'date-time'" in standing.taken()[0]  # what was wrong is never taken as known
        monkeypatch.setattr(Simulator, "_answer", real)
    vendor.handle(WireRequest("GET", CHANGED.path, (), CHANGED.headers))
    assert standing.taken() == []


@pytest.mark.unpublished("he has something to catch")
def test_who_is_called_on_a_port_is_judged_too(standing: Standing) -> None:
    with standing.at_the_door(), serve(account()) as address:
        assert httpx.get(f"{address}/api/v1/employees/changed", auth=("bamboo-key", "x")).status_code == 400
    assert "since" in standing.taken()[0]


def test_a_call_that_no_description_is_about_is_listed_or_found(standing: Standing) -> None:
    vendor = FinchSimulator(today=NOW.date(), jobs=True)
    assert [one.file for one in descriptions(vendor)] == [
        "finch/async-deductions.openapi.yaml", "finch/management.openapi.yaml", "finch/employer.openapi.yaml",
        "finch/management.openapi.yaml",
    ]  # fmt: skip
    assert untold("bamboohr", WireRequest("POST", "/token.php"))
    assert not untold("bamboohr", WireRequest("GET", "/token.php"))
    assert not untold("finch", WireRequest("POST", "/token.php"))
    unknown = WireRequest("GET", "/token.php")
    standing.hold(account(), unknown, WireResponse(), fault=False)
    assert standing.taken() == ["GET /token.php of bamboohr: no description is about it"]
    standing.hold(account(), WireRequest("POST", "/token.php"), WireResponse(), fault=False)
    assert standing.taken() == []


WORDS = frozenset({"active", "gone"})


def told(value: Any, **more: Any) -> Any:
    """The form of an answer."""
    asked: dict[str, Any] = {"method": "GET", "path": "/v1/people/17"} | more
    wire = WireRequest(**asked)
    return form(wire, WireResponse(200, {}, json.dumps(value).encode()), WORDS)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": "1"}), ({"a": 1}, {"a": 1.5}), ({"a": 1}, {"a": -1}), ({"a": 1}, {"a": 0}), ({"a": 1}, {}),
        ({"a": None}, {"a": ""}), ({"a": True}, {"a": 1}), ({"a": []}, {"a": [1]}), ({"a": [1]}, {"a": [1, "b"]}),
        ({"s": "active"}, {"s": "gone"}), ({"s": "active"}, {"s": "acting"}),
        ({"d": "2026-11-01"}, {"d": "2026-11-1"}),
        ({"d": "2026-11-01"}, {"d": "2026-11-01T00:00:00Z"}), ({"n": "61.25"}, {"n": "61,25"}),
        ({"c": "US"}, {"c": "us"}), ({"c": "US"}, {"c": "USA"}), ({"a": "x"}, {"b": "x"}),
        ({"a": "w" * 5}, {"a": "w" * 101}),
    ],
)  # fmt: skip
def test_what_a_description_could_tell_apart_is_judged_apart(one: Any, other: Any) -> None:
    assert told(one) != told(other)


def test_what_it_could_not_is_judged_once() -> None:
    ada, max_ = (
        {"name": "Byron", "born": "1980-03-09", "pay": 3200},
        {"name": "Steinbeck", "born": "1999-12-31", "pay": 1},
    )
    assert told([ada]) == told([ada, max_]) == told([max_], path="/v1/people/42")
    assert told({"1": ada}) == told({"1": ada, "2": max_})
    assert told([ada]) != told([ada], method="POST") != told([ada], path="/v1/people/17/x")
    assert told([ada]) != told([ada], headers={"authorization": "Bearer x"})
    assert told([ada]) != told([ada], query=(("page", "1"),))
    assert "s125_medical" in words_of(PUBLISHED["finch"]) if Standing.present() else True


def test_the_header_says_when_the_descriptions_are_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (pytest_report_header() is None) is Standing.present()
    for there in (True, False):
        monkeypatch.setattr(Standing, "present", lambda there=there: there)
        assert ("absent" in (pytest_report_header() or "")) is not there
