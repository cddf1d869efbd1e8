"""Samples hold no value of a person, lead where the answers led, and are a stage of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

import benehub
from benehub.connect import jsontext
from benehub.connect.connector import Incoming, Page
from benehub.connect.http import VendorClient
from benehub.connect.messages import read, search
from benehub.connect.paging import next_link
from benehub.connect.testing import WireRequest, WireResponse, network, transport
from benehub.errors import DataError
from benehub.testing.recorded import recorded
from benehub.testing.recorder import Recorder

PEOPLE: dict[str, Any] = {
    "people": [
        {"id": "p17", "firstName": "Ann", "mail": "ann@home.example", "ssn": "900-11-0001", "born": "1980-02-03",
         "salary": 52000, "rate": jsontext.NumberText("37.50"), "full": True, "manager": None, "status": "Active"},
    ],
    "next": "cursor-2",
    "total": 1,
}  # fmt: skip


def answer(wire: WireRequest) -> WireResponse:
    """A small vendor."""
    if wire.path == "/token":
        return WireResponse(200, {}, b'{"access_token": "very-secret"}')
    body = PEOPLE if wire.path == "/people" else {"id": "p17", "manager": "Ann"}
    return WireResponse(200, {"content-type": "application/json"}, jsontext.dump(body).encode())


@pytest.fixture
def told(tmp_path: Path) -> Any:
    """A recording of a list, one person and a search."""
    recorder = Recorder(frozenset({"status"}), b"salt" * 8)
    listening = network(recorder._heard, transport(answer))
    client = VendorClient("https://vendor.example", transport=listening)
    for call in (
        read("/people", {"page": "1"}),
        read("/people/p17"),
        search("/token", {}),
        search("/people", {"q": 1}),
    ):
        client.send(call)
    recorder.write(tmp_path / "samples" / "exchanges.json", benehub.ApiSettings(api_key="env:KEY"))
    return jsontext.parse((tmp_path / "samples" / "exchanges.json").read_text())


def test_nothing_of_anybody_is_left(told: Any) -> None:
    text = json.dumps(told)
    for secret in ("Ann", "home.example", "900-11-0001", "1980-02-03", "52000", "37.50", "p17", "very-secret"):
        assert secret not in text


def test_form_stays(told: Any) -> None:
    (person,) = told["exchanges"][0]["json"]["people"]
    assert set(person) == set(PEOPLE["people"][0])
    assert (person["full"], person["manager"], person["status"]) == (True, None, "Active")
    assert len(str(person["salary"])) == 5
    assert isinstance(person["rate"], jsontext.NumberText)
    assert person["ssn"][3] == person["ssn"][6] == "-"
    assert benehub.Listing("/x", fields={}).row(1, person).key == person["id"]
    assert (told["exchanges"][0]["json"]["next"], told["exchanges"][0]["json"]["total"]) == ("cursor-2", 1)


def test_ids_lead_where_they_led(told: Any) -> None:
    list_, one, found = told["exchanges"]
    assert one["call"] == f"GET /people/{list_['json']['people'][0]['id']}"
    assert one["json"]["manager"] == list_["json"]["people"][0]["firstName"]
    assert found["search"] is True


def test_a_recording_is_a_stage(told: Any, tmp_path: Path) -> None:
    stage = recorded(tmp_path / "samples" / "exchanges.json", tmp_path)
    assert (stage.settings, stage.secrets) == ({"api_key": "env:KEY"}, {"env:KEY": "kit-secret"})
    assert stage.answer is not None
    got = stage.answer(WireRequest("GET", "/people", (("page", "1"),)))
    assert jsontext.parse(got.body) == told["exchanges"][0]["json"]
    assert stage.answer(WireRequest("GET", "/people", (("page", "2"),))).status == 404


def test_what_an_answer_said_of_somebody_is_replaced_in_an_address_too() -> None:
    recorder = Recorder(frozenset({"status"}), b"salt" * 8)
    told = jsontext.dump({"id": "p17", "n": 2, "name": "Ann", "status": "Active"}).encode()
    asked = (("employeeId", "p17"), ("mail", "ann@home.example"), ("filter", 'name eq "Ann"'), ("status", "Active"),
             ("page", "2"), ("depth", "2"), ("since", "2026-01-01"))  # fmt: skip
    for query in ((), asked):
        recorder._heard(WireRequest("GET", "/people", query), WireResponse(200, {}, told))
    first, second = recorder.exchanges
    person = first["json"]
    got = dict(parse_qsl(second["call"].partition("?")[2]))
    assert (got["employeeId"], got["filter"]) == (person["id"], f'name eq "{person["name"]}"')
    assert not {"p17", "Ann"} & set(second["call"].split('"')) and "home" not in second["call"]
    assert {name: got[name] for name in ("status", "page", "depth", "since")} == dict(asked[3:])


def _heard(query: tuple[tuple[str, str], ...], body: dict[str, Any], path: str = "/people") -> tuple[Any, Any]:
    """What a recording holds of one call and its answer: the address taken apart, and the answer."""
    recorder = Recorder(frozenset(), b"salt" * 8)
    recorder._heard(WireRequest("GET", path, query), WireResponse(200, {}, jsontext.dump(body).encode()))
    (exchange,) = recorder.exchanges
    return dict(parse_qsl(exchange["call"].partition("?")[2])), exchange


def test_the_very_first_address_is_replaced_too() -> None:
    got, told = _heard((("employeeNumber", "E0001"),), {"employeeNumber": "E0001"})
    assert got["employeeNumber"] == told["json"]["employeeNumber"] != "E0001"


def test_what_a_later_answer_says_is_replaced_in_an_earlier_address() -> None:
    recorder = Recorder(frozenset(), b"salt" * 8)
    for query, body in (((("q", "Alder"),), b"{}"), ((), b'{"lastName": "Alder"}')):
        recorder._heard(WireRequest("GET", "/people", query), WireResponse(200, {}, body))
    first, second = recorder.exchanges
    assert first["call"] == f"GET /people?q={second['json']['lastName']}"
    assert "Alder" not in json.dumps(recorder.exchanges)


@pytest.mark.parametrize("name", ["Alder", "O'Brien"])
def test_a_filters_value_in_single_quotes_is_replaced(name: str) -> None:
    asked = "lastName eq '{}' and status eq 'active'"
    got, told = _heard((("$filter", asked.format(name.replace("'", "''"))),), {"lastName": name})
    assert got["$filter"] == asked.format(told["json"]["lastName"].replace("'", "''"))
    assert name.replace("'", "''") not in got["$filter"]


def test_each_of_a_list_and_each_word_is_replaced() -> None:
    body = {"ids": ["E1", "E2"], "first": "Ann", "last": "Alder", "street": "12 Elm St"}
    got, told = _heard((("ids", "E1,E2,E9"), ("q", "Ann Alder"), ("x", "at:12 Elm St;depth:2")), body)
    made = told["json"]
    assert got["ids"] == f"{','.join(made['ids'])},E9"
    assert got["q"] == f"{made['first']} {made['last']}" != "Ann Alder"
    assert got["x"] == f"at:{made['street']};depth:2"


def test_a_date_that_an_answer_said_is_moved_in_an_address_as_in_a_body() -> None:
    asked = (("birthDate", "1990-02-03"), ("$filter", "born eq 1990-02-03T00:00:00Z"), ("since", "2026-01-01"))
    got, told = _heard(asked, {"birthDate": "1990-02-03"})
    moved = told["json"]["birthDate"]
    assert moved != "1990-02-03"
    assert got == {"birthDate": moved, "$filter": f"born eq {moved}T00:00:00Z", "since": "2026-01-01"}


@pytest.mark.parametrize("value", ["ann@x.example", "900-11-0001", "900-11-0001|7"])
def test_a_mail_address_and_an_ssn_are_replaced_by_whatever_name_they_go(value: str) -> None:
    got, told = _heard((("after", value), ("cursor", value), ("page", "2")), {"next_cursor": value})
    assert got["after"] == got["cursor"] == told["json"]["next_cursor"] != value
    assert got["page"] == "2"
    assert value.split("|")[0] not in json.dumps(told)


@pytest.mark.parametrize("part", ["ann@x.example", "ann%40x.example"])
def test_a_mail_address_in_a_path_is_replaced(part: str) -> None:
    _, told = _heard((), {"mail": "ann@x.example"}, f"/people/{part}/jobs")
    made = told["json"]["mail"].replace("@", "%40")
    assert told["call"] == f"GET /people/{made}/jobs" != f"GET /people/{part}/jobs"


def test_pages_lead_on_whether_by_cursor_row_or_link(tmp_path: Path) -> None:
    """Pages go on behind a cursor that is an id's word too, behind a row's id, and by links with a mail address."""
    link = "https://vendor.example/people?{}=ann@x.example&size=2"
    bodies = [
        ({}, {"rows": [{"id": "p17"}], "cursor": "abc"}), ({"cursor": "abc"}, {"rows": [{"id": "abc"}]}),
        ({"after": "p17"}, {"rows": [{"id": "p18"}], "next": link.format("behind")}),
        ({"behind": "ann@x.example", "size": "2"}, {"rows": []}),
        ({"mail": "ann@x.example", "size": "2"}, {"rows": []}),
    ]  # fmt: skip
    recorder = Recorder(frozenset(), b"salt" * 8)
    for query, body in bodies:
        recorder._heard(
            WireRequest("GET", "/people", tuple(query.items())),
            WireResponse(200, {"link": f'<{link.format("mail")}>; rel="next"'}, jsontext.dump(body).encode()),
        )
    recorder.write(tmp_path / "exchanges.json", benehub.ApiSettings(api_key="env:KEY"))
    assert "ann@x" not in (tmp_path / "exchanges.json").read_text() and "p17" not in str(recorder.exchanges)
    answer = recorded(tmp_path / "exchanges.json", tmp_path).answer
    assert answer is not None

    def get(query: Any) -> tuple[Any, str]:
        got = answer(WireRequest("GET", "/people", tuple(query)))
        assert got.status == 200
        return jsontext.parse(got.body), next_link(got.headers) or ""

    first, to = get(())
    get([("cursor", first["cursor"])])
    get(parse_qsl(to.partition("?")[2]))
    behind, _ = get([("after", first["rows"][0]["id"])])
    get(parse_qsl(behind["next"].partition("?")[2]))


def test_a_link_within_links_without_end_is_no_trouble() -> None:
    value = "/?next=" * 2000 + "ann@x.example"
    _, told = _heard((("next", value),), {"next": value})
    assert "ann@x" not in json.dumps(told)


def test_two_recordings_share_no_value() -> None:
    one, other = Recorder().scrubbed({"name": "Ann Alder-Birch"}), Recorder().scrubbed({"name": "Ann Alder-Birch"})
    assert one != other


def test_what_cannot_be_translated_is_no_sample() -> None:
    with pytest.raises(DataError, match="cannot be translated"):
        Recorder().note(Page("employee", [Incoming("1", {}, problem="no name")], b""))


def test_an_answer_that_is_no_json_is_said() -> None:
    with pytest.raises(DataError, match="no JSON") as told:
        Recorder()._heard(WireRequest("GET", "/x/900-11-0001"), WireResponse(200, {}, b"<html>"))
    assert "/x/" in str(told.value) and "900-11-0001" not in str(told.value)


def test_the_vendors_words_are_kept_as_they_stand() -> None:
    recorder = Recorder(frozenset({"note"}), b"salt" * 8)
    said = recorder.scrubbed({"note": "Why /a/1? Ask ann@x.example"})["note"]
    assert said.startswith("Why /a/1? Ask ") and "ann@x" not in said


def test_the_network_stands_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    client = VendorClient(
        "https://vendor.example",
        transport=network(
            lambda asked, got: heard.append(asked.path), httpx.MockTransport(lambda _r: httpx.Response(204))
        ),
    )
    assert client.send(read("/x")).status == 204
    assert heard == ["/x"]
