"""Our SCIM endpoint: what a client writes it reads back, and what it says of an employee becomes facts by custody."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from benehub import facts
from benehub.access import audit
from benehub.connect.connector import Link
from benehub.errors import DataError
from benehub.flows import custody, scim
from benehub.flows.onboarding import connect
from benehub.formats.scim import EMPLOYMENT
from benehub.intake import told
from benehub.records import Employee
from benehub.store import acts
from benehub.store.tables import payload, pushed_resource
from benehub_connectors.scim import ScimConnector, ScimSettings
from benehub_connectors.scim.attributes import CORE, ENTERPRISE

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SCIM = "application/scim+json"


class Client:
    """A SCIM client."""

    def __init__(self, desk: Any, token: str = "tok-for-tests", employer: str = "acme") -> None:
        self._http, self._base = desk.call(), f"/scim/v2/{employer}"
        self._headers = {"authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer to a call."""
        raw = json.dumps(body) if body is not None else None
        sent = {
            "content-type": SCIM,
            **self._headers,
            **{name.replace("_", "-"): text for name, text in headers.items()},
        }
        return self._http.request(method, self._base + path, content=raw, headers=sent)

    def create(self, number: int, **more: Any) -> Any:
        """A user; gives the body of the answer."""
        got = self.ask("POST", "/Users", user(number, **more))
        assert got.status_code == 201, got.text
        return got.json()

    def patch(self, user_id: str, path: str, value: Any) -> Any:
        """One attribute."""
        told = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": path, "value": value}]}
        return self.ask("PATCH", f"/Users/{user_id}", told)

    def found(self, query: str) -> list[str]:
        """User names that a search finds."""
        got = self.ask("GET", f"/Users?{query}")
        assert got.status_code == 200, got.text
        return [one["userName"] for one in got.json()["Resources"]]


def user(number: int, **more: Any) -> dict[str, Any]:
    """A whole employee; the SSN is from a range never given out."""
    return {
        "schemas": [CORE, ENTERPRISE, EMPLOYMENT],
        "userName": f"ada{number:04d}@acme.example",
        "externalId": f"hr-{number}",
        "name": {"givenName": "Ada", "familyName": f"Byron{number}"},
        "active": True,
        ENTERPRISE: {"employeeNumber": f"E{number:04d}", "department": "Sales"},
        EMPLOYMENT: {"ssn": f"900-11-{number:04d}", "birthDate": "1984-03-09", "hireDate": "2022-02-01",
                     "payGroup": "monthly"},
        **more,
    }  # fmt: skip


@pytest.fixture
def client(desk: Any) -> Client:
    return Client(desk)


def employees(desk: Any) -> dict[str, Any]:
    """Employees by number, as now known."""
    with desk.store.read("acme") as session:
        found = facts.as_of(session, "employee", desk.now.date())
    return {one.data["last_name"]: one.data for one in found}


def last_day(desk: Any) -> list[date]:
    """Where employments end."""
    with desk.store.read("acme") as session:
        found = facts.timelines(session, "employment", facts.history.Interval(date(2000, 1, 1), date(9999, 12, 31)))
    return [one.effective_to for line in found.values() for one in line if one.effective_to.year < 9999]


def test_what_is_written_is_read_back_and_becomes_an_employee(desk: Any, client: Client) -> None:
    odd = {"urn:acme:hr:2.0:User": {"badge": "7"}, "nickName": "Ad", "shoeSize": 38}
    made = client.create(1, password="do not keep me", **odd)
    got = client.ask("GET", f"/Users/{made['id']}")
    assert got.headers["content-type"] == SCIM
    assert got.json() == made
    wanted = user(1, **odd)
    assert {name: made[name] for name in wanted if name != "schemas"} == {
        name: value for name, value in wanted.items() if name != "schemas"
    }
    assert "password" not in made
    assert employees(desk)["Byron1"]["first_name"] == "Ada"
    (batch,) = desk.batches()
    assert (batch.connection_id, batch.stream, batch.rows, batch.applied) == ("idp", "employee", 1, 1)
    (row,) = desk.rows(select(pushed_resource))
    (page,) = desk.rows(select(payload))
    for sealed in (row.body_sealed, page.payload_sealed):
        assert b"900-11" not in sealed
    with desk.store.read("acme") as session:
        assert b"do not keep me" not in session.unseal(row.body_sealed, "pushed_resource")


def test_changes_become_versions_and_what_changes_nothing_is_no_version(desk: Any, client: Client) -> None:
    made = client.create(1)
    assert client.patch(made["id"], "name.familyName", "Lovelace").status_code == 200
    assert set(employees(desk)) == {"Lovelace"}
    same = client.patch(made["id"], "name.familyName", "Lovelace")
    assert same.headers["etag"] == 'W/"2"'
    put = client.ask("PUT", f"/Users/{made['id']}", user(1))
    assert (put.status_code, put.headers["etag"]) == (200, 'W/"3"')
    assert set(employees(desk)) == {"Byron1"}
    assert [batch.applied for batch in desk.batches()] == [1, 1, 1]


def test_a_write_for_another_version_is_refused_and_changes_nothing(desk: Any, client: Client) -> None:
    made = client.create(1)
    address = f"/Users/{made['id']}"
    client.patch(made["id"], "name.familyName", "Lovelace")
    for method, body in (("PUT", user(1)), ("DELETE", None)):
        got = client.ask(method, address, body, if_match='W/"1"')
        assert (got.status_code, got.json()["status"]) == (412, "412")
    assert set(employees(desk)) == {"Lovelace"}
    assert client.ask("PUT", address, user(1), if_match='W/"2"').status_code == 200
    assert client.ask("GET", address, if_none_match='W/"3"').status_code == 304
    assert client.ask("DELETE", address, if_match="*").status_code == 204


def test_who_leaves_has_a_last_day_and_without_one_a_person_is_asked(desk: Any, client: Client) -> None:
    made = client.create(1)
    assert client.patch(made["id"], "active", False).status_code == 200
    (why,) = desk.waiting()
    assert "terminationDate is empty for somebody who is no longer active" in why
    assert last_day(desk) == []
    client.patch(made["id"], f"{EMPLOYMENT}:terminationDate", "2026-11-30")
    assert (desk.waiting(), last_day(desk)) == ([], [date(2026, 12, 1)])


def test_a_deleted_user_is_gone_here_and_no_employment_ends_by_it(desk: Any, client: Client) -> None:
    made = client.create(1)
    assert client.ask("DELETE", f"/Users/{made['id']}").status_code == 204
    assert client.ask("GET", f"/Users/{made['id']}").status_code == 404
    (why,) = desk.waiting()
    assert "nothing is ended by that alone" in why
    assert (set(employees(desk)), last_day(desk)) == ({"Byron1"}, [])
    assert client.create(1)["id"] != made["id"]
    assert set(employees(desk)) == {"Byron1"}


def test_what_lacks_something_is_kept_told_and_taken_once_the_settings_are_mended(desk: Any, client: Client) -> None:
    told = user(1)
    told[EMPLOYMENT].pop("payGroup")
    made = client.ask("POST", "/Users", told).json()
    assert "payGroup" in desk.waiting()[0]
    assert employees(desk) == {}
    client.create(2)
    settings = {"token": "env:SCIM_TOKEN", "default_class": "full_time", "default_pay_group": "monthly"}
    connect(desk.hub, "acme", {"idp": {"connector": "scim_inbound", "settings": settings}})
    counts = custody.redrive(desk.hub, "acme")
    assert (counts["applied"], counts["quarantined"], desk.waiting()) == (1, 0, [])
    assert set(employees(desk)) == {"Byron1", "Byron2"}
    assert client.ask("GET", f"/Users/{made['id']}").status_code == 200


def test_an_older_state_is_not_redriven_over_a_newer_one(desk: Any, client: Client) -> None:
    told = user(1)
    told[EMPLOYMENT].pop("ssn")
    made = client.ask("POST", "/Users", told).json()
    client.patch(made["id"], "name.familyName", "Newer")
    client.patch(made["id"], f"{EMPLOYMENT}:ssn", "900110001")
    assert desk.waiting() == []
    assert custody.redrive(desk.hub, "acme")["rows"] == 0
    assert set(employees(desk)) == {"Newer"}


def test_many_ends_within_a_day_ask_a_person_who_lets_them_in(desk: Any, client: Client) -> None:
    made = [client.create(number) for number in range(1, 13)]
    for one in made[:3]:
        client.patch(one["id"], f"{EMPLOYMENT}:terminationDate", "2026-11-30")
    states = [batch.state for batch in desk.batches()]
    held = [batch for batch in desk.batches() if batch.state == "held"]
    assert states.count("applied") + len(held) == 15
    assert held and "have ended within a day" in held[0].reason
    assert len(last_day(desk)) == 3 - len(held)
    client.create(20)  # somebody else's write does not overtake it
    for batch in held:
        custody.release(desk.hub, "acme", batch.batch_id, "ann", "a plant was closed")
    assert len(last_day(desk)) == 3
    desk.now += timedelta(days=2)
    client.patch(made[5]["id"], f"{EMPLOYMENT}:terminationDate", "2026-11-30")
    assert [batch.state for batch in desk.batches()].count("held") == 0


def test_many_changes_within_a_day_ask_a_person_and_a_client_that_sets_up_its_users_does_not(
    desk: Any, client: Client
) -> None:
    made = [client.create(number) for number in range(1, 21)]
    for one in made:
        client.patch(one["id"], "name.middleName", "M")  # on the day it was made
    assert {batch.state for batch in desk.batches()} == {"applied"}
    desk.now += timedelta(days=2)
    for one in made[:6]:  # 30 %
        client.patch(one["id"], "name.middleName", "N")
        client.patch(one["id"], "name.middleName", "O")  # the same person again
    assert {batch.state for batch in desk.batches()} == {"applied"}
    assert client.patch(made[6]["id"], f"{EMPLOYMENT}:payGroup", "weekly").status_code == 200
    assert client.create(30)["userName"]
    (held,) = [batch for batch in desk.batches() if batch.state == "held"]
    assert held.reason == "7 of 20 users have changed or ended within a day, over 30 %"
    custody.release(desk.hub, "acme", held.batch_id, "ann", "a plant got another pay group")
    assert "held" not in {batch.state for batch in desk.batches()}
    desk.now += timedelta(days=2)
    client.patch(made[8]["id"], "name.middleName", "P")
    assert "held" not in {batch.state for batch in desk.batches()}


def test_what_many_writes_held_is_let_in_as_one_decision(
    desk: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    told_in = told.told_in

    def looks(*args: Any) -> Any:
        rows = told_in(*args)
        read.append(len(rows))
        return rows

    monkeypatch.setattr(told, "told_in", looks)
    monkeypatch.setattr(custody, "TURN", 1)
    made = [client.create(number) for number in range(1, 13)]
    for one in made[:5]:
        client.patch(one["id"], f"{EMPLOYMENT}:terminationDate", "2026-11-30")
    client.patch(made[4]["id"], f"{EMPLOYMENT}:terminationDate", "2026-12-31")  # its last word
    held = [batch for batch in desk.batches() if batch.state == "held"]
    with pytest.raises(DataError, match="needs a name and a reason"):
        custody.release_all(desk.hub, "acme", "idp", "ann", "")
    assert [batch for batch in desk.batches() if batch.state == "held"] == held
    read.clear()
    counts = custody.release_all(desk.hub, "acme", "idp", "ann", "a plant was closed")
    # One look at all, what is applied since; then each turn reads of its own user alone, who has written once or twice.
    assert read[:2] == [len(held), 0] and max(read[2:]) <= 2 and len(read) == 2 + len(held)
    assert (counts["batches"], counts["aside"], counts["applied"]) == (len(held) - 1, 1, len(held) - 1)
    assert sorted(last_day(desk)) == [date(2026, 12, 1)] * 4 + [date(2027, 1, 1)]
    assert "held" not in {batch.state for batch in desk.batches()}
    with desk.hub.store.read("acme") as session:
        said = {row.what for batch in held for row in acts(session, batch.batch_id)}
    assert said == {f"release with {len(held) - 2} others", "discard, for a later word counts"}
    with pytest.raises(DataError, match="nothing is held"):
        custody.release_all(desk.hub, "acme", "idp", "ann", "again")


def test_the_last_word_of_a_user_is_the_one_written_last_though_a_former_one_was_let_in(
    desk: Any, client: Client
) -> None:
    made = [client.create(number) for number in range(1, 13)]
    for one in made[:5]:
        client.patch(one["id"], f"{EMPLOYMENT}:terminationDate", "2026-11-30")
    client.patch(made[4]["id"], f"{EMPLOYMENT}:terminationDate", "2026-12-31")
    held = [batch for batch in desk.batches() if batch.state == "held"]
    custody.release(desk.hub, "acme", held[-2].batch_id, "ann", "he left first")
    counts = custody.release_all(desk.hub, "acme", "idp", "ann", "a plant was closed")
    assert (counts["batches"], counts["aside"]) == (len(held) - 1, 0)
    assert sorted(last_day(desk)) == [date(2026, 12, 1)] * 4 + [date(2027, 1, 1)]


def test_an_end_that_is_taken_back_while_it_is_held_is_not_let_in(desk: Any, client: Client) -> None:
    made = [client.create(number) for number in range(1, 13)]
    for one in made[:5]:
        client.patch(one["id"], f"{EMPLOYMENT}:terminationDate", "2026-11-30")
    held = [batch for batch in desk.batches() if batch.state == "held"]
    for number, one in enumerate(made[:5], 1):  # as each was before
        assert client.ask("PUT", f"/Users/{one['id']}", user(number)).status_code == 200
    with pytest.raises(DataError, match="read and applied since"):
        custody.release(desk.hub, "acme", held[0].batch_id, "ann", "a plant was closed")
    counts = custody.release_all(desk.hub, "acme", "idp", "ann", "a plant was closed")
    assert (counts["batches"], counts["aside"]) == (0, len(held))
    assert last_day(desk) == []


def test_what_is_written_or_discarded_while_all_is_let_in_counts(
    desk: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [client.create(number) for number in range(1, 13)]
    for one in made[:7]:
        client.patch(one["id"], f"{EMPLOYMENT}:terminationDate", "2026-11-30")
    held = [batch for batch in desk.batches() if batch.state == "held"]
    begun = len(last_day(desk))
    turn = custody._turn
    said: list[list[str]] = []

    def busy(*args: Any) -> dict[str, int]:
        """After the first turn one user is written back, and the next one's batch is discarded."""
        counts = turn(*args)
        if not said:
            assert client.ask("PUT", f"/Users/{made[begun + 1]['id']}", user(begun + 2)).status_code == 200
            custody.discard(desk.hub, "acme", held[2].batch_id, 0, "bob", "not him")
            with desk.hub.store.read("acme") as session:
                said.extend([row.what for row in acts(session, batch.batch_id)] for batch in held)
        return counts

    monkeypatch.setattr(custody, "TURN", 1)
    monkeypatch.setattr(custody, "_turn", busy)
    counts = custody.release_all(desk.hub, "acme", "idp", "ann", "a plant was closed")
    # What has not had its turn carries no act: it would still be held after a break.
    assert said == [[f"release with {len(held) - 1} others"], [], ["discard"], *([[]] * (len(held) - 3))]
    assert (counts["batches"], counts["aside"], counts["applied"]) == (len(held) - 2, 1, len(held) - 2)
    assert len(last_day(desk)) == begun + len(held) - 2


def test_lists_are_filtered_paged_and_sorted(desk: Any, client: Client) -> None:
    for number in range(1, 8):
        client.create(number, userType="Contractor" if number % 2 else "Employee")
        desk.now += timedelta(seconds=1)
    names = [f"ada{number:04d}@acme.example" for number in range(1, 8)]
    assert client.found("") == names
    assert client.found("startIndex=3&count=2") == names[2:4]
    assert client.found("startIndex=8") == [] and client.found("startIndex=0&count=1") == names[:1]
    assert client.found('filter=userName eq "ADA0003@acme.example"') == names[2:3]
    assert client.found('filter=externalId eq "hr-4"') == names[3:4]
    assert client.found('filter=externalId eq "HR-4"') == []
    assert client.found('filter=userType eq "contractor"') == names[::2]
    assert client.found('filter=userType eq "Employee"&startIndex=2&count=1') == names[3:4]
    assert client.found('filter=meta.lastModified gt "2026-11-25T12:00:04Z"') == names[5:]
    assert client.found('filter=(userType eq "Employee") and meta.lastModified ge "2026-11-25T12:00:03Z"') == [
        names[3], names[5]
    ]  # fmt: skip
    assert client.found(f'filter={ENTERPRISE}:employeeNumber eq "E0002"') == names[1:2]
    assert client.found("sortBy=name.familyName&sortOrder=descending&count=2") == names[:4:-1]
    none = client.ask("GET", "/Users?count=0").json()
    assert (none["totalResults"], none["Resources"]) == (7, [])
    search = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": 'userName sw "ada0001"'}
    got = client.ask("POST", "/Users/.search", search)
    assert [one["userName"] for one in got.json()["Resources"]] == names[:1]
    only = client.ask("GET", "/Users?attributes=userName&count=1").json()["Resources"][0]
    assert set(only) == {"schemas", "id", "userName"}


def test_a_filter_that_would_look_through_too_many_is_refused(
    desk: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        client.create(number)
    monkeypatch.setattr(scim, "MAX_SCAN", 2)
    got = client.ask("GET", '/Users?filter=userType eq "x"')
    assert (got.status_code, got.json()["scimType"]) == (400, "tooMany")
    assert client.found('filter=userType eq "x" and userName eq "ada0001@acme.example"') == []


def test_names_are_one_persons_in_whatever_case(desk: Any, client: Client) -> None:
    client.create(1)
    other = client.create(2)
    for got in (
        client.ask("POST", "/Users", user(3, userName="ADA0001@acme.example")),
        client.patch(other["id"], "userName", "Ada0001@acme.example"),
    ):
        assert (got.status_code, got.json()["scimType"]) == (409, "uniqueness")
    assert len(desk.batches()) == 2


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind"),
    [
        ("POST", "/Users", {"schemas": [CORE]}, 400, "invalidValue"),
        ("POST", "/Users", [], 400, "invalidSyntax"),
        ("GET", "/Users?filter=nothing eq 1", None, 400, "invalidFilter"),
        ("GET", "/Users?filter=userName eq", None, 400, "invalidFilter"),
        ("GET", "/Users?attributes=userName&excludedAttributes=name", None, 400, "invalidValue"),
        ("PATCH", "/Users/none", {"schemas": [PATCH], "Operations": []}, 404, None),
        ("GET", "/Groups", None, 404, None),
        ("POST", "/Bulk", {}, 501, None),
        ("DELETE", "/Schemas", None, 405, None),
    ],
)
def test_mistakes_are_told_as_the_rfc_has_it(
    desk: Any, client: Client, method: str, path: str, body: Any, status: int, kind: str | None
) -> None:
    got = client.ask(method, path, body)
    told = got.json()
    assert (got.status_code, told["status"], told.get("scimType")) == (status, str(status), kind)
    assert told["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert got.headers["content-type"] == SCIM
    assert desk.batches() == []


def test_a_search_nested_beyond_reason_is_the_callers_mistake(desk: Any, client: Client) -> None:
    got = desk.call().request(
        "POST", "/scim/v2/acme/Users/.search", content="[" * 200_000,
        headers={"authorization": "Bearer tok-for-tests", "content-type": SCIM},
    )  # fmt: skip
    assert (got.status_code, got.json()["scimType"]) == (400, "invalidSyntax")


def test_a_patch_of_what_no_schema_declares_is_refused_and_not_dropped(desk: Any, client: Client) -> None:
    made = client.create(1, **{"urn:acme:hr:2.0:User": {"badge": "7"}})
    got = client.patch(made["id"], "urn:acme:hr:2.0:User:badge", "8")
    assert (got.status_code, got.json()["scimType"]) == (400, "invalidPath")
    assert client.ask("GET", f"/Users/{made['id']}").json()["urn:acme:hr:2.0:User"] == {"badge": "7"}


def test_only_a_token_gets_in_and_only_to_its_own_connection(
    desk: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECOND_TOKEN", "another-token")
    desk.connect("second", "scim_inbound", token="env:SECOND_TOKEN", default_class="full_time")
    mine = client.create(1)
    for one in (Client(desk, "wrong"), Client(desk, ""), Client(desk, employer="other")):
        got = one.ask("GET", "/Users")
        assert (got.status_code, "www-authenticate" in got.headers) == (401, True)
    other = Client(desk, "another-token")
    assert other.found("") == []
    assert other.ask("GET", f"/Users/{mine['id']}").status_code == 404
    desk.connect("third", "scim_inbound", token="env:NOBODY", default_class="full_time")
    assert client.found("") == ["ada0001@acme.example"]  # another's secret that is gone keeps nobody out
    assert client.ask("POST", "/Users", user(2), content_type="text/csv").status_code == 415
    connect(desk.hub, "acme", {"idp": {"connector": "scim_inbound", "mode": "paused", "settings": {
        "token": "env:SCIM_TOKEN"}}})  # fmt: skip
    assert client.ask("GET", "/Users").status_code == 503


def test_our_own_scim_connector_reads_it(
    sqlite_desk: Any, served: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(sqlite_desk)
    for number in range(1, 6):
        client.create(number, userType="Employee")
    client.patch(
        client.ask("GET", "/Users").json()["Resources"][4]["id"], f"{EMPLOYMENT}:terminationDate", "2026-12-31"
    )
    names = {"ssn": "ssn", "birth_date": "birthDate", "hire_date": "hireDate", "pay_group": "payGroup",
             "termination_date": "terminationDate"}  # fmt: skip
    with served(sqlite_desk.hub) as address:
        settings = ScimSettings.model_validate(
            {
                "base_url": f"{address}/scim/v2/acme", "token": "env:T", "count": 2, "sort_by": "id",
                "employment_classes": {"Employee": "full_time"}, "filter": 'userType eq "Employee"',
                "attributes": {ours: f"{EMPLOYMENT}:{theirs}" for ours, theirs in names.items()},
            }
        )  # fmt: skip
        connector = ScimConnector()
        with connector.client(settings, {"env:T": "tok-for-tests"}, name="idp") as http:
            link = Link("acme", "us", settings, lambda: sqlite_desk.now, http)
            pages = list(connector.read("employee", link, None))
            since = list(connector.read("employee", link, "2026-11-25T12:20:00Z"))
    rows = [Employee.model_validate(row.data) for page in pages for row in page.rows]
    assert (len(pages), [row.problem for page in pages for row in page.rows]) == (3, [""] * 5)
    assert sorted(row.last_name for row in rows) == [f"Byron{number}" for number in range(1, 6)]
    assert {row.ssn for row in rows} == {f"90011{number:04d}" for number in range(1, 6)}
    assert [row.termination_date for row in rows].count(date(2026, 12, 31)) == 1
    assert [row for page in since for row in page.rows] == []


def test_what_a_client_writes_stands_in_the_trail_and_what_it_reads_or_is_refused_does_not(
    desk: Any, client: Client
) -> None:
    made = client.create(1)
    client.patch(made["id"], "nickName", "Ad")
    client.ask("GET", f"/Users/{made['id']}")
    assert client.patch("none", "nickName", "Ad").status_code == 404
    assert client.ask("DELETE", f"/Users/{made['id']}").status_code == 204
    with desk.store.read("acme") as session:
        rows = [(row.front, row.who, row.action, row.ref, row.outcome) for row in audit.newest(session)]
        assert audit.verify(session).wrong == ""
    (name,) = {who for _, who, *_ in rows}
    where = f"{name.removeprefix('scim ')} {made['id']}"
    assert rows == [("scim", name, f"{way} /scim/v2/Users", where, "done") for way in ("DELETE", "PATCH", "POST")]
