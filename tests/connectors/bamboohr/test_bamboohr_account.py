"""The account: both ways in, rate limits told in two ways, broken answers, and what cannot be done."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import benehub_connectors.bamboohr as package
from benehub.connect.capabilities import require
from benehub.connect.messages import Response
from benehub.errors import DataError, RateLimited, ReauthNeeded, Unsupported, VendorUnavailable
from benehub.records import OPERATIONS
from benehub_connectors.bamboohr import BambooConnector, BambooSettings
from benehub_connectors.bamboohr.account import limited_in_body

AT = datetime(2026, 10, 1, 8, tzinfo=UTC)
FOLDER = Path(package.__file__).parent
OAUTH = {"client_id": "benehub", "client_secret": "env:CLIENT", "refresh_token": "env:REFRESH"}


def test_basic_has_the_key_as_user(bench: Any) -> None:
    bench.read("employee")
    assert bench.simulator.log[0].headers["authorization"] == "Basic YmFtYm9vLWtleTp4"  # bamboo-key:x


def test_oauth_gets_a_token_and_renews_it_after_a_401(bench: Any) -> None:
    bench.simulator.populate(3, AT)
    link = bench.link(oauth=OAUTH)
    assert list(bench.connector.read("employee", link, None))
    assert len(bench.simulator.calls("POST", "/token.php")) == 1
    bench.simulator.expire_token()
    assert list(bench.connector.read("employee", link, None))
    assert len(bench.simulator.calls("POST", "/token.php")) == 2
    # The vendor rotates refresh tokens, so each new one is handed out to be stored.
    assert [token.refresh for token in bench.tokens] == ["refresh-1", "refresh-2"]


def test_a_refresh_token_in_a_file_outlives_every_opening(bench: Any, tmp_path: Path) -> None:
    bench.simulator.populate(3, AT)
    file = tmp_path / "refresh"
    file.write_text("refresh-0\n")
    for renewed in ("refresh-1", "refresh-1", "refresh-2"):
        if renewed == "refresh-2":
            bench.simulator.expire_token()
        link = bench.opened(oauth=OAUTH | {"refresh_token": f"file:{file}"})
        assert list(bench.connector.read("employee", link, None))
        assert file.read_text() == bench.simulator.refresh_token == renewed


def test_every_call_takes_both_kinds_of_credentials(bench: Any, described: Any) -> None:
    def schemes(method: str, path: str) -> set[str]:
        return {name for one in described["paths"][path][method]["security"] for name in one}

    bench.simulator.add_person("1", AT)
    bench.simulator.terminate("1", AT.date(), AT)
    for stream in BambooConnector.streams:
        for since in (None, "2026-01-01T00:00:00Z"):
            bench.read(stream, since, benefits={"plans": {"31": "ppo"}, "since": 2026})
    used = set()
    for call in bench.simulator.log:
        path = re.sub(r"/datasets/\w+/", "/datasets/{datasetName}/", call.path)
        path = re.sub(r"/employees/(?!changed)\w+/", "/employees/{id}/", path)
        used.add((call.method.lower(), re.sub(r"/tables/\w+", "/tables/{table}", path)))
    assert len(used) == 7
    assert all(schemes(*one) == {"basic", "oauth"} for one in used)
    assert schemes("get", "/api/v1/employees") == {"oauth"}  # why it is not used


def test_a_dead_refresh_token_asks_for_a_person_once(bench: Any) -> None:
    bench.simulator.refresh_token = "another"
    link = bench.link(oauth=OAUTH)
    for _ in range(2):
        with pytest.raises(ReauthNeeded):
            list(bench.connector.read("employee", link, None))
    assert len(bench.simulator.calls("POST", "/token.php")) == 1


def test_a_wrong_key_asks_for_a_person(bench: Any) -> None:
    bench.simulator.faults.add("unauthorized")
    with pytest.raises(ReauthNeeded) as caught:
        bench.read("employee")
    assert "bamboo-key" not in str(caught.value)


@pytest.mark.parametrize("kind", ["burst_429", "body_429"])
def test_both_kinds_of_rate_limit_are_waited_out(bench: Any, kind: str) -> None:
    bench.simulator.populate(3, AT)
    bench.simulator.faults.add(kind, times=2, retry_after=7)
    pages = bench.read("employee")
    assert len(pages[-1].rows) == 3
    assert len(bench.waits) == 2
    assert kind == "body_429" or min(bench.waits) >= 7


def test_a_rate_limit_in_a_body_that_never_ends(bench: Any) -> None:
    bench.simulator.faults.add("body_429", times=50)
    with pytest.raises(RateLimited):
        bench.read("dependent")
    assert len(bench.simulator.log) == 5


def test_the_wait_in_a_body_is_read() -> None:
    body = '{"error":{"code":429,"message":"Over rate limit, please try again in 60 seconds"}}'
    assert limited_in_body(Response.of(200, body)) == 60
    assert limited_in_body(Response.of(200, '{"error":{"code":"429"}}')) == 0
    assert limited_in_body(Response.of(200, '{"error":{"code":500}}')) is None
    assert limited_in_body(Response.of(200, "[]")) is None


@pytest.mark.parametrize("kind", ["html_page", "malformed_json"])
def test_a_broken_answer_once_is_read_again(bench: Any, kind: str) -> None:
    bench.simulator.populate(3, AT)
    bench.simulator.faults.add(kind)
    assert len(bench.read("employee")[-1].rows) == 3


@pytest.mark.parametrize(("kind", "said"), [("html_page", "HTML"), ("malformed_json", "broken")])
def test_a_broken_answer_for_good_is_a_clear_error(bench: Any, kind: str, said: str) -> None:
    bench.simulator.populate(3, AT)
    bench.simulator.faults.add(kind, path="/api/v2/*", times=50)
    pages = bench.connector.read("employee", bench.link(), None)
    with pytest.raises(VendorUnavailable, match=said) as caught:
        list(pages)
    assert "/api/v2/datasets/employee/data" in str(caught.value)
    assert "Ashby" not in str(caught.value) and "9000" not in str(caught.value)


@pytest.mark.parametrize(
    ("stream", "path", "answer"),
    [
        ("employee", "/api/v1/employees/changed", []),
        ("employee", "/api/v1/employees/changed", {"latest": "soon", "employees": {}}),
        ("employee", "/api/v1/employees/changed", {"latest": "2026-01-01T00:00:00Z", "employees": [1]}),
        ("employee", "/api/v2/datasets/{name}/data", {"data": {}}),
        ("employee", "/api/v2/datasets/{name}/data", {"data": [], "meta": {}}),
        ("compensation", "/api/v1/employees/{id}/tables/{table}", {"rows": []}),
        ("dependent", "/api/v1/employeedependents", {"Employee Dependents": None}),
        ("leave_request", "/api/v1/time_off/requests", {"error": {"code": 500}}),
    ],
)
@pytest.mark.unpublished("answers that the vendor does not give")
def test_an_answer_of_another_shape_is_refused(stream: str, path: str, answer: Any) -> None:
    from benehub.sandbox.http import SimResponse
    from benehub_connectors.bamboohr.simulator import BambooSimulator

    class Odd(BambooSimulator):
        def route(self, method: str, template: str, handler: Any) -> None:
            super().route(method, template, (lambda _: SimResponse(200, answer)) if template == path else handler)

    bench = _bench(Odd())
    with pytest.raises(DataError):
        bench.read(stream)


def test_an_empty_company_reads_as_full_and_empty(bench: Any) -> None:
    pages = bench.read("employee")
    assert [len(page.rows) for page in pages] == [0]
    assert pages[0].full and pages[0].cursor


def test_writes_are_refused_with_the_vendor_as_blocker() -> None:
    connector = BambooConnector()
    for operation in OPERATIONS:
        with pytest.raises(Unsupported) as caught:
            require(connector.capabilities(), operation)
        assert caught.value.blocker == "vendor"
    for stream in connector.streams:
        assert require(connector.capabilities(), f"read.{stream}").supported


def test_another_stream_is_refused(bench: Any) -> None:
    with pytest.raises(Unsupported):
        bench.read("roster")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"api_key": "a plain key"},
        {"api_key": "env:K", "oauth": OAUTH},
        {"api_key": "env:K", "company": "acme.evil.example/"},
        {"api_key": "env:K", "fields": {"pay_group": ""}},
        {"api_key": "env:K", "fields": {"ssn": ""}},
        {"api_key": "env:K", "page_size": 1001},
        {"api_key": "env:K", "pay_per": {"Week": "week"}},
    ],
)
def test_wrong_settings(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BambooSettings.model_validate({"company": "acme"} | wrong)


def test_its_samples_are_read(bench: Any, rows: Any) -> None:
    sample = json.loads((FOLDER / "samples" / "dataset_page.json").read_text())["data"][0]["fields"]
    bench.simulator.add_person("12", AT, **sample)
    row = rows(bench.read("employee", pay_groups={"Biweekly US": "US-BW"}))["12"]
    assert not row.problem and row.data["pay_group"] == "US-BW"


def _bench(simulator: Any) -> Any:
    from benehub.connect.connector import Link
    from benehub.sandbox.http import as_transport

    class Plain:
        connector = BambooConnector()

        def read(self, stream: str) -> list[Any]:
            settings = BambooSettings(company="acme", api_key="env:KEY")
            client = self.connector.client(
                settings, {"env:KEY": "bamboo-key"}, transport=as_transport(simulator), sleep=lambda _: None
            )
            return list(self.connector.read(stream, Link("acme", "hr", settings, lambda: AT, client), None))

    return Plain()
