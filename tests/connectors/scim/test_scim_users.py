"""Users as employees: what stands where, what SCIM cannot tell, and a list that moves while it is read."""

from __future__ import annotations

from typing import Any

import pytest

from benehub.errors import ConfigError, DataError, VendorUnavailable
from benehub.records import Employee
from benehub.sandbox.http import SimResponse
from benehub_connectors.scim import ScimSettings
from benehub_connectors.scim.attributes import ENTERPRISE, Resource, parse_path
from benehub_connectors.scim.simulator import HR, person
from benehub_connectors.scim.stage import NOW, SETTINGS


def test_a_user_in_the_hubs_words(bench: Any) -> None:
    first, *_, last = bench.rows(extra_attributes=["userName"], pay_groups={"biweekly": "two-weeks"})
    told = Employee.model_validate(first.data)
    assert (told.employee_number, told.ssn, told.pay_group, told.city) == ("E0001", "900010001", "two-weeks", "Provo")
    assert told.email == "Ada@work.example"  # not the first of the two
    assert first.extra == {"userName": "ada.byron@example.com"}
    assert last.data["termination_date"] == "2026-09-30"


def test_only_what_is_mapped_is_asked_for_and_each_attribute_whole(bench: Any) -> None:
    bench.rows()
    asked = bench.queries()[0]["attributes"].split(",")
    assert {"emails", "name", "active", f"{ENTERPRISE}:employeeNumber", f"{HR}:ssn"} <= set(asked)
    assert not {"groups", "meta", "emails.value"} & set(asked)
    bench.rows(ask_attributes=False)
    assert "attributes" not in bench.queries()[-1]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({HR: {}}, f"{HR}:birthDate is empty, or the token may not see it"),
        ({HR: {"ssn": "12345678", "birthDate": "1984-03-09", "hireDate": "2022-02-01", "payGroup": "b"}}, "is no SSN"),
        ({"active": False}, "terminationDate is empty for somebody who is no longer active"),
        ({"active": "perhaps"}, "active is neither true nor false"),
        ({"userType": "Intern"}, "userType says 'Intern', which is no class: map it"),
        ({"userType": None}, "set the connection's default_class"),
        ({"name": {"givenName": ["Ada"]}}, "name.givenName holds a list instead of text"),
    ],
)
def test_what_the_service_does_not_tell_is_a_problem_of_the_row(bench: Any, fields: Any, problem: str) -> None:
    bench.service.users["u0002"] |= fields
    found = {row.key: row for row in bench.rows()}
    assert problem in found["u0002"].problem and "12345678" not in found["u0002"].problem
    assert not found["u0001"].problem


def test_without_an_extension_every_field_that_scim_lacks_is_named(bench: Any) -> None:
    rows = bench.rows(attributes={}, default_class="full_time")
    for field in ("birth_date", "hire_date", "pay_group"):
        assert (
            f"{field} is nothing that SCIM tells: name the extension's attribute in attributes.{field}"
            in rows[0].problem
        )
    assert "active is false, without a last day" in rows[-1].problem


def test_an_account_that_outlives_its_last_day_is_a_problem(bench: Any) -> None:
    bench.service.users["u0005"]["active"] = "True"
    assert "terminationDate is past for somebody who is active" in bench.rows()[-1].problem


def test_pages_go_by_start_index_even_where_the_service_cuts_them(bench: Any) -> None:
    bench.service.page_limit = 3
    pages = bench.pages(count=100)
    assert [len(page.rows) for page in pages] == [3, 2]
    assert [one["startIndex"] for one in bench.queries()] == ["1", "4"]
    assert all(page.full for page in pages)


@pytest.mark.parametrize("change", ["somebody goes", "somebody comes"])
def test_a_list_that_moves_while_it_is_read_is_not_taken_for_the_whole(bench: Any, change: str) -> None:
    played = bench.play()
    pages = played.connector.read("employee", played.link, None)
    next(pages)
    others = dict(bench.service.users)
    bench.service.users = {name: one for name, one in others.items() if name != "u0001"}
    if change == "somebody comes":  # before the others: the last of a page is the first of the next
        bench.service.users = {}
        bench.service.add("u0000", NOW, **person(9, "Zoe", "Zed"))
        bench.service.users |= others
    with pytest.raises(VendorUnavailable, match="moved while it was read"):
        list(pages)


def test_a_read_of_changes_overlaps_and_says_nothing_of_who_is_absent(bench: Any) -> None:
    cursor = bench.pages()[-1].cursor
    assert cursor == "2026-11-02T12:00:00Z"
    bench.service.add("u0003", NOW, **person(3, "Lin", "Wong"))
    (page,) = bench.pages(cursor)
    assert bench.queries()[-1]["filter"] == 'meta.lastModified gt "2026-11-02T11:50:00Z"'
    assert [row.data["last_name"] for row in page.rows] == ["Wong"] and not page.full
    (empty,) = bench.pages("2026-12-01T00:00:00Z")
    assert not empty.rows and empty.cursor
    bench.rows(cursor, filter='userType eq "Employee"')
    assert bench.queries()[-1]["filter"].startswith('(userType eq "Employee") and meta.lastModified gt')


def test_a_service_without_that_filter_is_read_whole(bench: Any) -> None:
    cursor = bench.pages()[-1].cursor
    pages = bench.pages(cursor, incremental=False)
    assert sum(len(page.rows) for page in pages) == 5 and all(page.full for page in pages)


def test_what_the_service_refuses_names_the_settings_to_look_at(bench: Any) -> None:
    with pytest.raises(ConfigError, match="400 invalidFilter") as caught:
        bench.rows(filter="title pr")
    assert "filter" in caught.value.mend
    with pytest.raises(ConfigError, match="404"):
        bench.rows(base_url="https://idp.example.com/scim")
    bench.service.route("GET", "/other/Users", lambda _: SimResponse(200, {"users": []}))
    with pytest.raises(DataError, match="no ListResponse"):
        bench.rows(base_url="https://idp.example.com/other")
    with pytest.raises(DataError, match="not a cursor"):
        bench.rows("yesterday")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("NAME.givenname", "Ada"),
        ("emails.value", "b@work"),
        ('emails[type eq "home"].value', "a@home"),
        ("phoneNumbers.value", None),
        (f"{ENTERPRISE.upper()}:employeenumber", "7"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:name.givenName", "Ada"),
        ("nickName.x", None),
    ],
)
def test_attribute_paths(path: str, found: Any) -> None:
    user = {
        "name": {"givenName": "Ada"}, "nickName": "A", ENTERPRISE: {"employeeNumber": "7"},
        "emails": [{"type": "home", "value": "a@home"}, {"type": "work", "value": "b@work"}],
        "phoneNumbers": [{"type": "home", "value": "1"}, {"type": "mobile", "value": "2"}],
    }  # fmt: skip
    assert parse_path(path).of(user) == found
    assert Resource(user).value("") is None


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("attributes", {"ssn": "no path"}, "is no attribute path"),
        ("token", "env:TOKEN", "not both"),
        ("base_url", "https://idp.example.com/scim?x=1", "base_url"),
    ],
)
def test_settings_that_cannot_be_right_are_refused(bench: Any, setting: str, value: Any, told: str) -> None:
    good = bench.play().stage.settings
    with pytest.raises(ValueError, match=told):
        ScimSettings.model_validate({**good, setting: value})
    with pytest.raises(ValueError, match="name a token or oauth"):
        ScimSettings.model_validate(SETTINGS)
