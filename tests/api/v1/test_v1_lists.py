"""Lists of the API: pages by cursor, stable while rows come in, and found by an index however long the list is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, select, text, update
from tests.api.v1.conftest import ACME, Api, problem

from benehub import facts
from benehub.store.tables import difference, person
from benehub.views.worklist import Filters, part

LISTS = ("/people", "/elections?day=2026-10-05", "/obligations", "/dispatches", "/ledger/journal", "/differences",
         "/runs", "/reconciliations")  # fmt: skip


def walked(api: Api, path: str) -> None:
    """A list read page by page is the list."""
    path, _, query = path.partition("?")
    params = dict(part.split("=") for part in query.split("&") if part)
    whole = api.get(path, limit=200, **params)
    assert whole["next"] is None
    assert path == "/reconciliations" or len(whole["items"]) >= 3
    for limit in (1, 2):
        assert api.all(path, limit, **params) == whole["items"]


@pytest.mark.parametrize("path", LISTS)
def test_pages_one_after_the_other_are_the_whole_list(path: str, api: Api) -> None:
    walked(api, path)


def test_deadlines_are_read_in_parts_and_by_filters(api: Api) -> None:
    whole = api.get("/deadlines", limit=200, within=366)["items"]
    assert whole and [one["latest_safe"] for one in whole] == sorted(one["latest_safe"] for one in whole)
    assert api.all("/deadlines", 1, within="366") == whole
    kind = whole[0]["kind"]
    assert api.get("/deadlines", within=366, limit=200, kind=kind)["items"] == [
        one for one in whole if one["kind"] == kind
    ]
    api.get("/deadlines", 422, level="nosuch")


def said(api: Api) -> None:
    """Differences are found by what they say, in small letters or large ones; a wildcard of SQL is none."""
    with api.hub.store.write("acme") as session:
        known = part(session, Filters(), "USD").rows
        one = session.where(difference, difference_id=known[0].difference_id)
        session.connection.execute(update(difference).where(*one).values(action="MÜLLER pays 3 %"))
        for text_, count in (("müLLer", 1), ("PAYS 3 %", 1), ("CAUSE", len(known)), ("_", 0), ("muller", 0)):
            assert len(part(session, Filters(text=text_), "USD").rows) == count, text_


def test_what_is_said_is_found_whatever_its_letters(api: Api) -> None:
    said(api)


def test_so_they_are_on_postgresql(pg_api: Api) -> None:
    for path in LISTS:
        walked(pg_api, path)
    said(pg_api)


def test_rows_that_come_meanwhile_move_nothing(api: Api) -> None:
    first = api.get("/people", limit=2)
    with api.hub.store.write("acme") as session:
        session.add(person, [{"person_id": f"per_{n}", "kind": "employee", "subscriber_id": f"per_{n}",
                              "member_id": n, "seq": 1} for n in ("0001", "9999")])  # fmt: skip
    rest = api.get("/people", limit=200, cursor=first["next"])
    assert [one["member"] for one in first["items"] + rest["items"]] == ["1001", "1002", "1003", "9999"]


@pytest.mark.parametrize(
    "cursor", ["x", "WyJhIl0", "W10", "bnVsbA", "WyIxIiwgW11d", "AAAA", "WyI4NzQ2Nzc0ZmRjZmMiLCJFMDAwMDIiXQ", "W" * 900]
)
def test_a_cursor_that_is_none_of_this_list_is_refused(api: Api, cursor: str) -> None:
    told = problem(api.client.get(f"{ACME}/people", params={"cursor": cursor}), 422, "request")
    assert "cursor" in told["detail"]


def test_a_cursor_keeps_to_its_list_and_filters(api: Api) -> None:
    cursor = api.get("/differences", limit=1)["next"]
    assert api.get("/differences", limit=2, cursor=cursor)["items"]
    api.get("/differences", 422, limit=1, cursor=cursor, plan="ppo")
    api.get("/obligations", 422, limit=1, cursor=cursor)
    problem(api.client.get(f"/api/v1/employers/other/differences?limit=1&cursor={cursor}"), 422, "request")


@pytest.mark.parametrize(
    ("path", "params", "place"),
    [
        ("/people", {"limti": "2"}, "limti"),
        ("/people", {"limit": "201"}, "query.limit"),
        ("/people", {"limit": "0"}, "query.limit"),
        ("/people", {"kind": "robot"}, "query.kind"),
        ("/cost", {"month": "2026-13"}, "query.month"),
        ("/cost", {}, "query.month"),
        ("/plans", {"day": "2026-01-01"}, "day"),
        ("/elections", {"day": "0001-01-01"}, "query.day"),
        ("/ledger/balances", {"account": "9999"}, "query.account.0"),
    ],
)
def test_what_is_asked_wrongly_is_named(api: Api, path: str, params: dict[str, str], place: str) -> None:
    told = problem(api.client.get(f"{ACME}{path}", params=params), 422, "request")
    assert place in told["detail"] or place in [one["place"] for one in told["errors"]]


def test_differences_are_asked_for_as_the_page_does(api: Api) -> None:
    every = {one["difference"]: one for one in api.all("/differences")}

    def asked(**params: Any) -> set[str]:
        found = [one["difference"] for one in api.all("/differences", **params)]
        assert len(found) == len(set(found)), "no page repeats what another has"
        return set(found)

    def those(**columns: str) -> set[str]:
        return {name for name, one in every.items() if all(one[column] == value for column, value in columns.items())}

    stakes = {name: Decimal(one["at_stake"]) for name, one in every.items()}
    assert set(stakes.values()) == {Decimal(one) for one in ("10.00", "20.00", "30.00", "500.00")}
    assert asked(at_least="20.00") == {name for name, one in stakes.items() if one >= 20}
    assert asked(at_most="20") == {name for name, one in stakes.items() if one <= 20}
    assert asked(at_least="20.00", at_most="20.00", relation="leave") == those(at_stake="20.00")
    assert asked(leg="leave") == those(relation="leave") and asked(leg="premiums") == those(relation="premium")
    assert asked(until="2026-10") == set(every) and asked(until="2026-09") == asked(period="2026-09") == set()
    assert asked(days=0) == set(every) and asked(days=9999) == set()
    assert asked(text="DROPPED") == those(type="MEMBER_DROPPED") and asked(text="%") == set()
    first, *_ = every
    api.send(f"/differences/{first}/assign", {"step": "acknowledged", "to": ""}, etag="*")
    with api.hub.store.write("acme") as session:
        session.change(difference, {"difference_id": first}, assigned_to="usr_owner")
    assert asked(work_step="acknowledged") == asked(assigned_to="me") == {first}
    assert asked(work_step="none") == asked(assigned_to="none") == set(every) - {first}
    assert asked(state=["dismissed"]) == set()


@pytest.mark.parametrize(("name", "value"), [
    ("at_least", "1,000"), ("at_most", "-1"), ("at_least", "1.001"), ("days", "-1"), ("days", "10000"),
    ("leg", "none"), ("work_step", "gone"), ("until", "2026-13"), ("text", "a\x00"), ("text", "a" * 81),
])  # fmt: skip
def test_a_filter_of_differences_that_says_nothing_is_named(api: Api, name: str, value: str) -> None:
    told = problem(api.client.get(f"{ACME}/differences", params={name: value}), 422, "request")
    assert f"query.{name}" in [one["place"] for one in told["errors"]]


def test_a_cursor_keeps_to_the_filter_by_money(api: Api) -> None:
    cursor = api.get("/differences", limit=1, at_least="20.00")["next"]
    assert api.get("/differences", limit=1, at_least="20.00", cursor=cursor)["items"]
    api.get("/differences", 422, limit=1, at_least="10.00", cursor=cursor)


@contextmanager
def statements(api: Api) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that is run meanwhile, with its parameters."""
    ran: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        ran.append((statement, parameters))

    event.listen(api.hub.store.engine, "before_cursor_execute", note)
    try:
        yield ran
    finally:
        event.remove(api.hub.store.engine, "before_cursor_execute", note)


@pytest.mark.parametrize(("path", "table"), [
    ("/people", "person"), ("/obligations", "obligation"), ("/dispatches", "dispatch"), ("/ledger/journal", "entry"),
    ("/differences", "difference"), ("/runs", "run"), ("/elections", "fact"),
    ("/differences?at_least=10.00", "difference"),
])  # fmt: skip
def test_a_page_is_found_by_an_index_and_sorts_nothing(api: Api, path: str, table: str) -> None:
    params = {"day": "2026-10-05"} if path == "/elections" else {}
    if path == "/runs":
        params["flow"] = ""
    if path == "/differences?at_least=10.00":
        path, params["at_least"] = "/differences", "10.00"
    cursor = api.get(path, limit=1, **params)["next"]
    with statements(api) as ran:
        api.get(path, limit=1, cursor=cursor, **params)
    pages = [(sql, values) for sql, values in ran if f"FROM {table}" in sql and " LIMIT " in sql]
    assert pages
    with api.hub.store.engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        for sql, values in pages:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
            assert not [line for line in plan if "TEMP B-TREE" in line or line.startswith(f"SCAN {table}")], (sql, plan)


def test_no_filter_takes_an_ssn(api: Api) -> None:
    for path, name in (("/differences", "employee"), ("/differences", "plan"), ("/people", "cursor")):
        for ssn in ("123-45-6789", "123 45 6789", "E1 123-45-6789"):
            found = api.client.get(f"{ACME}{path}", params={name: ssn})
            told = problem(found, 422, "request")
            assert "employee number" in told["mend"] and "6789" not in found.text
    nine = api.client.get(f"{ACME}/differences", params={"employee": "123456789"})
    assert "social security" not in nine.text, "it may be somebody's number"


def test_an_answer_names_no_ssn_no_birth_date_and_no_pay(api: Api) -> None:
    told = [api.client.get(f"{ACME}{path}").text for path in (
        "/people/1001", "/people/1001/facts", "/people/1001/coverage", "/people/1001/statement", "/dispatches",
    )]  # fmt: skip
    ids = [one["dispatch"] for one in api.get("/dispatches")["items"]]
    told += [api.client.get(f"{ACME}/dispatches/{one}/preview").text for one in ids]
    assert not [text for text in told if "90011" in text or "1990-01-01" in text or "19900101" in text]


def test_balances_asked_again_with_their_number_are_the_same_for_ever(api: Api) -> None:
    then = api.get("/ledger/balances", by="plan")
    assert len(then["items"]) >= 3 and all(set(one["by"]) == {"plan"} for one in then["items"])
    load = api.get("/ledger/balances", by="plan", known_at=str(then["known_at"]))
    assert load == then
    assert api.get("/ledger/balances", known_at="0")["items"] == []
    api.get("/ledger/balances", 422, known_at="99999999")


def test_what_is_personal_of_a_fact_is_told_as_there_and_no_more(api: Api) -> None:
    with api.hub.store.write("acme") as session:
        who = session.rows(select(person.c.person_id).where(*session.where(person, member_id="1001")))[0].person_id
        held = facts.as_of(session, "election", date(2026, 10, 5), subjects=[who])[0]
        told = {**held.data, "tobacco": True, "tobacco_dependents": ["per_x"]}
        home = {
            "first_name": "Ann", "last_name": "Alder", "address1": "1 Main St", "sex": "F", "city": "Troy",
            "marital_status": "single", "work_authorisation": "visa", "birth_date": "1990-01-01",
        }  # fmt: skip
        facts.record(session, [
            facts.Version("election", who, held.key, held.effective_from, told),
            facts.Version("employee", who, "", date(2026, 1, 1), home),
        ], "test")  # fmt: skip
    found = api.get("/people/1001/facts", **{"from": "2026-10-05", "to": "2026-10-06"})["items"]
    said = {one["kind"]: one["data"] for one in found if one["kind"] in ("election", "employee")}
    assert (said["election"]["tobacco"], said["election"]["tobacco_dependents"]) == ("***", "***")
    assert said["election"]["plan"] == "ppo"
    shown = {name for name, value in said["employee"].items() if value != "***"}
    assert shown & home.keys() == {"first_name", "last_name", "city"}


def test_one_person_is_told_from_every_side(api: Api) -> None:
    assert api.get("/people/1001")["members"][0]["name"] == "Ann Alder 1"
    assert [one["plan"] for one in api.get("/people/1001/coverage", day="2026-10-05")["items"]] == ["ppo"]
    (line,) = api.get("/people/1001/deductions", pay_date="2026-10-15")["items"]
    assert (line["code"], line["expected"], line["state"]) == ("MED", "100.00", "SENT")
    kinds = {one["kind"] for one in api.get("/people/1001/facts")["items"]}
    assert {"employee", "employment", "election", "coverage"} <= kinds
    only = api.get("/people/1001/facts", kind="coverage", **{"from": "2026-10-01", "to": "2026-10-02"})["items"]
    assert [one["kind"] for one in only] == ["coverage"]
    assert api.get("/people/1001/contributions", year=2026)["deferred"] == "0.00"
    assert api.get("/people/1001/leave")["items"] == []
    traced = api.get("/trace", employee="1001", plan="ppo", month="2026-10")
    stations = [one["station"] for one in traced["items"]]
    assert (traced["state"], len(traced["differences"])) == ("broken", 3) and " -> " in traced["broken"]
    assert {"facts", "obligation", "dispatch", "ledger"} <= set(stations)
    entry = api.get("/ledger/journal", limit=1)["items"][0]["entry"]
    assert api.get(f"/why/{entry}")["ref"] == entry
    assert api.get("/cost", month="2026-10", by="plan")["items"][-1]["name"] == "total"
    assert api.get("/people/1001/statement", lang="de", day="2026-10-05")["sections"]
