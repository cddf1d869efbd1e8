"""Simulators: state, routes, faults and the two ways to reach them."""

from __future__ import annotations

import pytest

from benehub.connect.auth import bearer
from benehub.connect.http import Caps, RetryBudget, VendorClient, was_sent
from benehub.connect.jsontext import NumberText
from benehub.connect.messages import Request, Response, change, path, read
from benehub.errors import DataError, ReauthNeeded, VendorUnavailable
from benehub.sandbox.http import FaultKind, SimRequest, SimResponse, Simulator, as_transport, serve


class Payroll(Simulator):
    """A payroll that keeps deductions; a POST twice is two deductions."""

    def __init__(self) -> None:
        super().__init__()
        self.deductions: list[dict[str, object]] = []
        self.route("GET", "/v1/employees/{id}/deductions", self.show)
        self.route("POST", "/v1/employees/{id}/deductions", self.add)

    def admit(self, request: SimRequest) -> SimResponse | None:
        if request.headers.get("authorization") != "Bearer good":
            return SimResponse(401, {"message": "no"})
        return None

    def show(self, request: SimRequest) -> SimResponse:
        mine = [line for line in self.deductions if line["employee"] == request.params["id"]]
        return SimResponse(200, {"items": mine, "rate": NumberText("0.50"), "q": request.query})

    def add(self, request: SimRequest) -> SimResponse:
        line = {"employee": request.params["id"], "amount": request.json()["amount"]}
        self.deductions.append(line)
        return SimResponse(201, line, headers={"x-id": str(len(self.deductions))})


def under(simulator: Simulator, token: str = "good") -> VendorClient:
    return VendorClient(
        "https://pay.example.com",
        auth=bearer(token),
        transport=as_transport(simulator),
        sleep=lambda seconds: None,
        body_check=lambda response: 1 if "error" in (response.json() or {}) else None,
    )


PUSH = change("POST", path("/v1/employees/{id}/deductions", id="e/1"), {"amount": "10.00"})
PULL = read(path("/v1/employees/{id}/deductions", id="e/1"), {"year": "2026"})


def test_state_routes_and_log() -> None:
    simulator = Payroll()
    with under(simulator) as client:
        answer = client.send(PUSH)
        assert (answer.status, answer.header("X-Id")) == (201, "1")
        data = client.send(PULL).json()
        assert data == {
            "items": [{"employee": "e/1", "amount": "10.00"}],
            "rate": "0.50",
            "q": {"year": "2026"},
        }
        with pytest.raises(DataError, match="404"):
            client.send(read("/v2/nothing"))
        with pytest.raises(DataError, match="405"):
            client.send(change("DELETE", "/v1/employees/1/deductions"))
        with pytest.raises(DataError, match="400"):
            client.send(Request("POST", "/v1/employees/1/deductions", body="{"))
    with under(simulator, "bad") as stranger, pytest.raises(ReauthNeeded):
        stranger.send(PULL)
    assert [call.status for call in simulator.log] == [201, 200, 404, 405, 400, 401]
    assert len(simulator.calls("write")) == 3
    assert simulator.calls("GET", "/v2/nothing")[0].query == {}


@pytest.mark.parametrize("kind", ["burst_429", "body_429"])
def test_rate_limits_pass_and_the_write_has_one_effect(kind: str) -> None:
    simulator = Payroll()
    simulator.faults.add(kind, method="write", times=2)
    with under(simulator) as client:
        assert client.send(PUSH).attempts == 3
    assert len(simulator.deductions) == 1
    assert [call.fault for call in simulator.log] == [kind, kind, ""]


@pytest.mark.parametrize("kind", ["apply_then_500", "apply_then_timeout", "malformed_json"])
def test_an_applied_write_without_a_good_answer_is_not_sent_again(kind: str) -> None:
    simulator = Payroll()
    simulator.faults.add(kind, method="write", skip=1)
    with under(simulator) as client:
        client.send(PUSH)
        with pytest.raises(VendorUnavailable) as caught:
            client.send(PUSH)
        assert was_sent(caught.value)
        assert len(client.send(PULL).json()["items"]) == 2
    assert len(simulator.deductions) == 2


@pytest.mark.parametrize("kind", ["unavailable", "timeout", "html_page"])
def test_a_fault_before_the_work_applies_nothing(kind: str) -> None:
    simulator = Payroll()
    simulator.faults.add(kind, path="/v1/*", times=1)
    with under(simulator) as client, pytest.raises(VendorUnavailable):
        client.send(PUSH)
    assert simulator.deductions == []
    assert [call.fault for call in simulator.log] == [kind]


def test_a_scripted_401_is_asked_once_and_a_script_can_be_cleared() -> None:
    simulator = Payroll()
    simulator.faults.add(FaultKind.UNAUTHORIZED, times=100)
    with under(simulator) as client:
        with pytest.raises(ReauthNeeded):
            client.send(PULL)
        simulator.faults.clear()
        client.send(PULL)
    assert len(simulator.log) == 2


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="earthquake"):
        Payroll().faults.add("earthquake")


def test_on_a_real_port() -> None:
    simulator = Payroll()
    simulator.faults.add("malformed_json", method="GET")
    simulator.faults.add("apply_then_timeout", method="write", skip=1)
    with serve(simulator) as address:
        with VendorClient(
            address,
            auth=bearer("good"),
            caps=Caps(idle_seconds=0.3),
            sleep=lambda seconds: None,
            budget=RetryBudget(max_attempts=3),
        ) as client:
            assert client.send(PUSH).header("x-id") == "1"
            answer: Response = client.send(PULL)
            assert (answer.attempts, answer.json()["q"]) == (2, {"year": "2026"})
            with pytest.raises(VendorUnavailable, match="time-out") as caught:
                client.send(PUSH)
            assert was_sent(caught.value)
            assert len(client.send(PULL).json()["items"]) == 2
        dead = VendorClient(address, sleep=lambda seconds: None, budget=RetryBudget(max_attempts=2))
    with dead, pytest.raises(VendorUnavailable, match="no connection") as caught:
        dead.send(PUSH)
    assert not was_sent(caught.value)
