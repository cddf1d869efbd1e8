"""The simulator's answers read by scim2-models, which nobody here wrote: what it says has to be SCIM."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from benehub.connect.testing import WireRequest
from benehub_connectors.scim.attributes import ENTERPRISE
from benehub_connectors.scim.simulator import HR

scim2_models = pytest.importorskip("scim2_models", reason="scim2-models is not installed (the dev extra has it)")


class Hr(scim2_models.Extension):
    """The employer's own extension."""

    __schema__ = scim2_models.URN(HR)
    ssn: str | None = None
    birth_date: str | None = None
    hire_date: str | None = None
    termination_date: str | None = None
    pay_group: str | None = None


def test_every_page_is_a_list_response_of_users(bench: Any) -> None:
    pages = bench.pages(ask_attributes=False)
    reader = scim2_models.ListResponse[scim2_models.User[scim2_models.EnterpriseUser | Hr]]
    users = []
    for page in pages:
        answer = reader.model_validate_json(page.payload)
        assert (answer.total_results, answer.items_per_page) == (5, len(page.rows))
        users += answer.resources
    assert [one.id for one in users] == [row.key for page in pages for row in page.rows]
    first = users[0]
    assert (first[Hr].pay_group, first[Hr].ssn) == ("biweekly", "900-01-0001")
    assert first[scim2_models.EnterpriseUser].employee_number == "E0001"
    assert (first.name.given_name, first.active, first.user_type) == ("Ada", True, "Employee")
    assert first.meta.last_modified == datetime(2026, 10, 1, 8, tzinfo=UTC)


def test_a_refusal_is_an_error_of_scim(bench: Any) -> None:
    bench.rows()
    headers = bench.service.calls("GET", "/scim/v2/Users")[-1].headers
    asked = WireRequest("GET", "/scim/v2/Users", (("filter", "title pr"),), headers, b"")
    told = scim2_models.Error.model_validate_json(bench.service.handle(asked).body)
    assert (told.status, told.scim_type) == (400, "invalidFilter")
    told = scim2_models.Error.model_validate_json(
        bench.service.handle(WireRequest("GET", "/scim/v2/Users", (), {}, b"")).body
    )
    assert told.status == 401


def test_what_the_connector_asks_is_a_search_request(bench: Any) -> None:
    bench.rows("2026-10-01T00:00:00Z", filter='userType eq "Employee"')
    (query, *_) = bench.queries()
    told: dict[str, Any] = {name: value for name, value in query.items() if name != "attributes"}
    asked = scim2_models.SearchRequest.model_validate({**told, "attributes": query["attributes"].split(",")})
    assert (asked.start_index, asked.count, str(asked.sort_by)) == (1, 2, "id")
    assert f"{ENTERPRISE}:employeeNumber" in [str(one) for one in asked.attributes]
