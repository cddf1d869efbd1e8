"""Kombo's own Python SDK drives the simulator over a loopback port: it reads what we say Kombo says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from benehub.sandbox.http import serve
from benehub_connectors.kombo.simulator import KomboSimulator

kombo = pytest.importorskip("kombo")


@contextmanager
def sdk(simulator: KomboSimulator, **more: Any) -> Iterator[Any]:
    """Kombo's client before the simulator."""
    told = {"api_key": simulator.api_key, "integration_id": simulator.integration} | more
    with serve(simulator) as address, kombo.Kombo(**told, server_url=f"{address}/v1") as client:
        yield client


def every(first: Any) -> list[Any]:
    """All rows of all pages."""
    found, page = [], first
    while page is not None:
        found += page.result.data.results
        page = page.next()
    return found


def test_employees_page_by_page(bench: Any) -> None:
    with sdk(bench.simulator) as client:
        people = every(client.hris.get_employees(page_size=2))
    assert [one.employee_number for one in people] == ["1001", "1002", "1000"]
    assert people[0].date_of_birth.date().isoformat() == "1980-03-09"
    assert [call.query.get("cursor") for call in bench.simulator.log] == [None, "2"]


def test_pay_and_absences(bench: Any) -> None:
    with sdk(bench.simulator) as client:
        pay = every(client.hris.get_employments())
        off = every(client.hris.get_absences())
    assert (pay[0].employee_id, float(pay[0].pay_rate), pay[0].pay_currency) == (bench.ada, 5200.5, "EUR")
    assert [one.type.name for one in off] == ["Vacation", "Vacation"]


def test_what_has_changed_and_what_was_deleted(bench: Any) -> None:
    late = "2026-12-01T08:00:00.000Z"
    bench.simulator.touch(bench.ada, late, deleted=late)
    with sdk(bench.simulator) as client:
        rows = every(client.hris.get_employees(updated_after="2026-11-01T00:00:00.000Z", include_deleted=True))
    assert [one.id for one in rows] == [bench.ada]
    assert rows[0].remote_deleted_at is not None


def test_pass_through(bench: Any) -> None:
    with sdk(bench.simulator) as client:
        told = client.general.send_passthrough_request(
            tool="datev", api="v1", method="GET", path="/dependents", params={"page": "1"}
        )
    assert told.data.status == 200
    assert told.data.data["items"][0]["kind"] == "Kind"


def test_refusals_carry_kombos_code(bench: Any) -> None:
    bench.simulator.switched_off["/hris/employees"] = "INTEGRATION.MODEL_DISABLED"
    with sdk(bench.simulator) as client, pytest.raises(kombo.errors.KomboHrisError) as refused:
        client.hris.get_employees()
    assert refused.value.data.error.code == "INTEGRATION.MODEL_DISABLED"
    with sdk(bench.simulator, api_key="wrong") as client, pytest.raises(kombo.errors.KomboHrisError) as unknown:
        client.hris.get_absences()
    assert unknown.value.data.error.code == "PLATFORM.AUTHENTICATION_INVALID"
