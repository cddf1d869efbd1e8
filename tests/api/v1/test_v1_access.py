"""Who may call what: every route by every role, ids of another employer, and words that are meant to be more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import select
from tests.api.v1.conftest import ACME, Api, problem, reads_tables

from benehub.access import GRANTS, Caller, Role
from benehub.access.audit import newest
from benehub.api.guard import OPEN, Needs
from benehub.flows import hook_subscriptions, imports
from benehub.flows.questions import ask
from benehub.store.schema import INSTALLATION
from benehub.store.tables import difference, dispatch, entry, fix, intake_batch, obligation, person, run, suppression
from benehub.views.strangers import unlinked

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
HOOK = "https://8.8.8.8/in"
IDS = {"run": "run", "difference": "dif", "dispatch": "dis", "obligation": "obl", "suppression": "sup", "ref": "ent",
       "subscription": "whs", "message": "whm", "fix": "fix", "stranger": "unl",
       "read": "int", "question": "qst", "upload": "upl"}  # fmt: skip


def routes(api: Api) -> Iterator[tuple[str, str, Needs]]:
    """Method, path and need of every guarded route of the API."""
    for route in iter_route_contexts(api.app.routes):
        if not str(route.path).startswith("/api/v1") or route.path in OPEN:
            continue
        dependant: Any = getattr(route, "dependant", None)
        (needs,) = [one.call for one in dependant.dependencies if isinstance(one.call, Needs)]
        for method in set(route.methods or ()) & set(METHODS):
            yield method, str(route.path), needs


def person_id(api: Api) -> str:
    """The hub's id of somebody."""
    with api.hub.store.read("acme") as session:
        return str(session.rows(select(person.c.person_id).where(*session.where(person, member_id="1001")))[0][0])


def filled(path: str, employer: str = "acme") -> str:
    """The path with ids of nothing."""
    return re.sub(
        r"\{(\w+)\}", lambda one: employer if one[1] == "employer" else f"{IDS.get(one[1], 'x')}_{'a' * 24}", path
    )


def test_every_route_lets_in_whom_it_names_and_nobody_else(api: Api) -> None:
    found = list(routes(api))
    assert len(found) > 50
    for method, path, needs in found:
        for role in Role:
            api.caller = Caller("usr_1", "Ben", roles={"acme": frozenset({role})}, persons={"acme": "per_1"})
            status = api.client.request(method, filled(path)).status_code
            assert (status != 403) == (needs.permission in GRANTS[role]), (method, path, role, status)
        api.act_as(Role.OWNER, employer="other")
        assert "{employer}" not in path or api.client.request(method, filled(path)).status_code == 404
        api.caller = None
        found_ = api.client.request(method, filled(path))
        assert problem(found_, 401, "access") and found_.headers["www-authenticate"] == "Bearer"


def test_an_auditor_changes_nothing(api: Api) -> None:
    api.act_as(Role.AUDITOR)
    for method, path, _ in routes(api):
        if method != "GET":
            problem(api.client.request(method, filled(path)), 403, "access")


def test_who_may_see_no_employer_is_refused_the_list_and_it_stands_in_the_trail(api: Api) -> None:
    api.act_as(Role.EMPLOYEE)
    problem(api.client.get("/api/v1/employers"), 403, "access")
    with api.hub.store.read(INSTALLATION) as session:
        assert [(row.action, row.outcome) for row in newest(session)] == [("GET /api/v1/employers", "refused")]


def test_a_look_at_money_by_person_stands_in_the_trail(api: Api) -> None:
    api.act_as(Role.AUDITOR)
    for path in ("differences", "ledger/journal", "ledger/balances", "obligations", "suppressions"):
        assert api.client.get(f"/api/v1/employers/acme/{path}").status_code == 200
    with api.hub.store.read("acme") as session:
        told = [row.action.removeprefix("GET /api/v1/employers/{employer}/") for row in newest(session)]
    assert told == ["obligations", "ledger/balances", "ledger/journal", "differences"]


def test_a_list_of_employers_tells_only_those_of_the_caller(api: Api) -> None:
    def ids() -> list[str]:
        return [one["employer"] for one in api.client.get("/api/v1/employers").json()["items"]]

    assert ids() == ["acme", "other"]
    api.act_as(Role.FINANCE)
    assert ids() == ["acme"]
    api.caller = Caller("usr_1", "Ben", everywhere=frozenset({Role.AUDITOR}))
    problem(api.client.get("/api/v1/employers/none"), 404, "request")


_MONTH = "a month is nobody's: each employer has his own of every one"
LEFT = {
    "/plans/{plan}": "a plan is named by its employer's book, and two books may name one alike",
    "/periods/{month}": _MONTH, "/periods/{month}/check": _MONTH, "/periods/{month}/close": _MONTH,
    "/invoices/{connection}/{month}": "a carrier is named by its employer's book, and two books may name one alike",
}  # fmt: skip
"""Routes below an employer with a part that is no id of his, and why none of another one is tried there."""


def test_ids_of_one_employer_are_nothing_with_another(working: Api) -> None:
    with working.hub.store.read("acme") as session:
        some: dict[str, str] = {}
        for name, table, column in (
            ("run", run, "run_id"), ("difference", difference, "difference_id"), ("dispatch", dispatch, "dispatch_id"),
            ("obligation", obligation, "obligation_id"), ("suppression", suppression, "suppression_id"),
            ("ref", entry, "entry_id"), ("fix", fix, "fix_id"), ("read", intake_batch, "batch_id"),
        ):  # fmt: skip
            some[name] = str(session.rows(select(table.c[column]).where(*session.where(table)))[0][0])
        some["stranger"] = str(unlinked(session)[0]["ref"])
    some["subscription"] = hook_subscriptions.subscribe(working.hub, "acme", HOOK, ["run.ended"], "", "usr_ann").id
    some["message"] = hook_subscriptions.send_test(working.hub, "acme", some["subscription"])
    some["question"] = ask(working.hub, "acme", person_id(working), {}, "Why?", "usr_ann")
    reads_tables(working.hub)
    some["upload"] = imports.receive(working.hub, "acme", "census", "employee", "a.csv", b"Emp ID\nX1\n", "usr_ann")
    some |= {"row": "1", "person": "1001", "connection": "hris", "schedule": "nightly"}
    bodies = {"assign": {"step": "acknowledged"}, "settle": {"has": True, "note": "x"},
              "link": {"employee": "1001", "note": "x"}, "discard": {"note": "x", "seen": "1"},
              "answer": {"text": "x"}, "rotate": {}, "end": {"last_day": "2026-10-20", "note": "x"},
              "words": {"place": "codes", "theirs": "a", "ours": "b"}}  # fmt: skip
    seen, left = 0, set[str]()
    for method, path, _ in routes(working):
        below = path.removeprefix("/api/v1/employers/{employer}")
        if below in LEFT:
            left.add(below)
        if below in LEFT or "{" not in below or path == below:
            continue
        place = path.format(employer="other", **some)
        body = (
            {"columns": {"employee_number": "Emp ID"}}
            if "{upload}" in path
            else {"settings": {}}
            if method == "PUT" and path.endswith("{connection}")
            else {"flow": "sync"}
            if method == "PUT"
            else {}
            if path.endswith("/calls/replay")
            else {"note": "x"}
            if "{row}" in path
            else bodies.get(path.rsplit("/", 1)[1], {"note": "x"})
        )
        headers = {"idempotency-key": place, "if-match": "*"}
        params = {"pay_date": "2026-10-15"} if place.endswith("/deductions") else {}
        params |= {"year": "2026"} if place.endswith(("/contributions", "/money")) else {}
        sends = method == "PUT" or (
            method != "GET"
            and not re.search(r"/(test|pause|watch|resume|cancel|lift|close|take|drop)$|schedules", path)
        )
        found = working.client.request(method, place, json=body if sends else None, headers=headers, params=params)
        assert found.status_code == 404, (method, place, found.text)
        seen += 1
    assert seen >= 25 and left == set(LEFT), "what is left out is said with its reason, and nothing else is"


SURROGATE = "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")
NASTY = (
    "' OR 1=1 --", '"; DROP TABLE person; --', "%", "_", "1001' UNION SELECT", "\x00", "../../etc/passwd", "{{7*7}}",
    "<script>alert(1)</script>", "𝟙", SURROGATE, "9" * 400,
)  # fmt: skip


def test_no_filter_is_more_than_a_text(api: Api) -> None:
    """Whatever a parameter of a query says, the answer is a list, or a refusal that does not repeat it."""
    told = api.client.get("/api/v1/openapi.json").json()
    tried = 0
    for path, operations in told["paths"].items():
        operation = operations.get("get")
        if operation is None or "/events" in path:
            continue
        needed = {one["name"]: one["schema"]["examples"][0] if "examples" in one["schema"] else one.get("example")
                  for one in operation.get("parameters", ()) if one["in"] == "query" and one["required"]}  # fmt: skip
        for parameter in operation.get("parameters", ()):
            if parameter["in"] != "query":
                continue
            for nasty in NASTY:
                found = api.client.get(filled(path).replace("x_" + "a" * 24, "1001"),
                                       params=needed | {parameter["name"]: nasty})  # fmt: skip
                tried += 1
                assert found.status_code in (200, 404, 422), (path, parameter["name"], nasty, found.text)
                if found.status_code == 200 and nasty != "_":
                    assert found.json().get("items") in ([], None), (path, parameter["name"], nasty)
                assert len(nasty) < 8 or nasty not in found.text
    assert tried > 300
    assert len(api.get("/people", limit=200)["items"]) == 3


def test_no_part_of_a_path_is_more_than_a_text(api: Api) -> None:
    for nasty in ("%27%20OR%201=1", "..%2f..%2fetc", "%00", "%25", "a" * 300, "%ff", "per_%", "1001%0a"):
        for place in ("people", "plans", "connections", "schedules", "runs", "differences", "why", "dispatches"):
            found = api.client.get(f"{ACME}/{place}/{nasty}")
            assert found.status_code in (404, 422), (place, nasty, found.text)
            problem(found, found.status_code, "request")


def test_a_body_is_bounded_and_must_fit(api: Api) -> None:
    found = api.client.post(f"{ACME}/reconciliations", content=b"x" * (2**20 + 1), headers={"idempotency-key": "k"})
    problem(found, 413, "request")
    headers = {"idempotency-key": "k", "content-type": "application/json"}
    for body in (b"", b"{", b"[" * 100_000, b'{"period": 1e999}', b'{"period": "2026-10", "more": 1}', b"\xff\xfe"):
        found = api.client.post(f"{ACME}/reconciliations", content=body, headers=headers)
        assert found.status_code in (400, 422), (body[:20], found.text)
        problem(found, found.status_code, "request")


def test_what_is_not_there_is_a_problem_too(api: Api) -> None:
    problem(api.client.get("/api/v1/nothing"), 404, "request")
    found = api.client.put(f"{ACME}/people")
    assert problem(found, 405, "request") and found.headers["allow"] == "GET"
    found = api.client.options(f"{ACME}/differences/dif_none/fixes")
    assert problem(found, 405, "request") and found.headers["allow"] == "GET, POST"
    assert api.client.get("/scim/v2/acme/Users").headers["content-type"] == "application/scim+json"


def test_what_is_wrong_on_our_side_says_no_more_than_that(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    from benehub.views import persons

    def broken(*_args: Any) -> None:
        raise ValueError("900-11-0001 is in here")

    monkeypatch.setattr(persons, "listed", broken)
    found = api.client.get(f"{ACME}/people")
    told = problem(found, 503, "retriable")
    assert "900" not in found.text and told["detail"] == "Service Unavailable" and found.headers["retry-after"] == "60"


def test_whom_a_search_finds_stands_in_the_trail(api: Api) -> None:
    found = [one["person"] for one in api.get("/people", search="1001")["items"]]
    with api.hub.store.read("acme") as session:
        row = newest(session, limit=1)[0]
    assert found and set(found) <= set(row.ref.split()) and "1001" not in row.ref
