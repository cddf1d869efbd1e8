"""Connections that a program sets up: by references and addresses that were listed for the employer, and no others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.api.v1.conftest import Api, problem
from tests.api.v1.test_v1_trail import trail

from benehub import connections, hookspecs
from benehub.access import Role
from benehub.connect.connector import Connector
from benehub.connections.by_api import check_named
from benehub.errors import DataError
from benehub.flows import first_results
from benehub.flows.onboarding import connect
from benehub.plugins import build
from benehub.settings import ByApi, Settings
from benehub_connectors.files import FilesConnector
from benehub_connectors.hibob import HibobConnector

KEY, OTHERS = "env:ACME_HIBOB_TOKEN", "env:OTHER_HIBOB_TOKEN"
HIBOB = {"service_user": "SERVICE-1", "token": KEY, "default_pay_group": "monthly"}
NEW = {"name": "people", "connector": "hibob", "settings": HIBOB}
LISTED = {
    "acme": {"hibob": ByApi(references=(KEY, "keyring:acme-hibob"), addresses=("https://bob.acme.example",))},
    "other": {"hibob": ByApi(references=(OTHERS,)), "files": ByApi(addresses=("/srv/other",))},
}


class Two:
    """Brings one connector that only reads, and one that writes."""

    @hookspecs.hookimpl
    def register_connectors(self) -> list[type[Connector]]:
        """Both."""
        return [HibobConnector, FilesConnector]


@pytest.fixture
def hr(api: Api) -> Api:
    """An API whose installation lists something for each of two employers."""
    api.hub.plugins.register(Two())
    vars(api.hub).pop("connectors", None)
    api.hub.by_api = LISTED
    return api


def kept(api: Api, name: str = "people", employer: str = "acme") -> Any:
    """The connection as it stands."""
    with api.hub.store.read(employer) as session:
        return connections.get(session, name)


def test_one_is_added_by_reference_changed_and_tried(hr: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    made = hr.send("/connections", NEW, 201, key="once")
    assert made.json()["mode"] == "watch" and "settings" not in made.json() and KEY not in made.text
    assert "people" in trail(hr)
    again = hr.send("/connections", NEW, 201, key="once")
    assert again.headers["idempotency-replayed"] == "true"
    assert "people" in {one["name"] for one in hr.get("/connections")["items"]}
    settings = HIBOB | {"token": "keyring:acme-hibob", "base_url": "https://bob.acme.example"}
    changed = hr.send("/connections/people", {"settings": settings}, etag=made.headers["etag"], method="PUT")
    assert kept(hr).settings == settings and (kept(hr).connector, kept(hr).mode) == ("hibob", "watch")
    stale = hr.send("/connections/people", {"settings": HIBOB}, 412, etag=made.headers["etag"], method="PUT")
    assert "settings" in problem(stale, 412, "needs_person")["changed"]
    hr.send("/connections/people", {"settings": HIBOB}, etag=changed.headers["etag"], method="PUT")
    monkeypatch.delenv("ACME_HIBOB_TOKEN", raising=False)
    assert "ACME_HIBOB_TOKEN" in hr.send("/connections/people/test", status=409).json()["detail"]
    hr.send("/connections/none", {"settings": HIBOB}, 404, etag="*", method="PUT")
    assert "there is such" in hr.send("/connections", NEW | {"mode": "live"}, 422).json()["detail"]


def test_what_a_process_did_that_died_before_it_answered_is_done_once(hr: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_results, "keep", lambda *_: None)
    monkeypatch.setattr(first_results, "BUSY", timedelta(0))
    made = hr.send("/connections", NEW, 201, key="once")
    again = hr.send("/connections", NEW, 201, key="once")
    old = made.headers["etag"]
    assert again.json() == made.json() and again.headers["etag"] == old
    body = {"settings": HIBOB | {"token": "keyring:acme-hibob"}}
    changed = hr.send("/connections/people", body, key="put", etag=old, method="PUT")
    again = hr.send("/connections/people", body, key="put", etag=old, method="PUT")
    assert again.json() == changed.json() and again.headers["etag"] == changed.headers["etag"] != old
    hr.send("/connections", NEW, 422, key="once")
    problem(hr.send("/connections/people", {"settings": HIBOB}, 412, etag=old, method="PUT"), 412, "needs_person")


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"token": OTHERS}, "token"),
        ({"token": "env:BENEHUB_KEYS"}, "token"),
        ({"token": "file:/etc/benehub.keys"}, "token"),
        ({"token": "keyring:other"}, "token"),
        ({"token": "a-token-in-plain-text"}, "token"),
        ({"base_url": "https://thief.example"}, "base_url"),
        ({"base_url": "thief.example"}, "base_url"),
        ({"service_user": "env:BENEHUB_KEYS"}, "service_user"),
        ({"countries": {"x": "file:/etc/passwd"}}, "countries.x"),
        ({"service_user": "a\x00b"}, "service_user"),
        ({"extra_fields": ["../../etc/passwd"]}, "extra_fields.0"),
        ({"pay_groups": {"x": "y" * 9000}}, "pay_groups.x"),
    ],
)
def test_what_nobody_listed_is_named_by_nobody(hr: Api, settings: dict[str, Any], place: str) -> None:
    before = hr.get("/connections")
    got = hr.send("/connections", NEW | {"settings": HIBOB | settings}, 422)
    told = problem(got, 422, "data")
    assert told["where"] == place and not [one for one in settings.values() if str(one) in got.text]
    assert hr.get("/connections") == before
    hr.send("/connections", NEW, 201)
    hr.send("/connections/people", {"settings": HIBOB | settings}, 422, etag="*", method="PUT")
    assert kept(hr).settings == HIBOB


def test_another_employers_reference_is_not_to_be_had(hr: Api) -> None:
    connect(hr.hub, "other", {"people": {"connector": "hibob", "settings": HIBOB | {"token": OTHERS}}})
    for reference in (OTHERS, "env:OTHER_HIBOB_TOKEN "):
        hr.send("/connections", NEW | {"settings": HIBOB | {"token": reference}}, 422)
    hr.act_as(Role.OWNER)  # of acme alone
    hr.send("/connections", NEW | {"settings": HIBOB | {"token": OTHERS}}, 422)
    elsewhere = "/api/v1/employers/other/connections"
    made = hr.client.post(elsewhere, json=NEW, headers={"idempotency-key": "x"})
    assert made.status_code == 404, "who has nothing with an employer is told of none"
    assert kept(hr, employer="other").settings["token"] == OTHERS


def test_a_connector_that_is_not_listed_for_the_employer_takes_nothing(hr: Api) -> None:
    files = {"place": {"folder": "/srv/other"}, "streams": {}}
    got = hr.send("/connections", {"name": "tables", "connector": "files", "settings": files}, 422)
    assert "connections_by_api.acme.files" in got.json()["mend"]
    hr.hub.by_api = {}
    hr.send("/connections", NEW, 422)
    hr.send("/connections/payroll", {"settings": dict(kept(hr, "payroll").settings)}, 422, etag="*", method="PUT")


def test_what_stands_at_its_place_may_stay_there_and_nowhere_else(hr: Api) -> None:
    had = HIBOB | {"token": "file:/run/secrets/bob", "base_url": "https://inside.example"}
    connect(hr.hub, "acme", {"people": {"connector": "hibob", "settings": had}})
    more = had | {"pay_groups": {"Monthly": "monthly"}}
    hr.send("/connections/people", {"settings": more}, etag="*", method="PUT")
    assert kept(hr).settings == more and kept(hr).mode == "live"
    moved = more | {"service_user": "file:/run/secrets/bob"}
    hr.send("/connections/people", {"settings": moved}, 422, etag="*", method="PUT")
    thief = more | {"base_url": "https://thief.example"}
    hr.send("/connections/people", {"settings": thief}, 422, etag="*", method="PUT")


def test_one_that_can_write_is_set_up_by_who_may_send(hr: Api) -> None:
    hr.act_as(Role.ENGINEER)
    hr.send("/connections", NEW, 201)
    held = kept(hr, "payroll")
    new = {"name": "payroll-2", "connector": held.connector, "settings": dict(held.settings)}
    hr.hub.by_api = LISTED | {"acme": {held.connector: ByApi(addresses=(held.settings["folder"],))}}
    assert "send" in hr.send("/connections", new, 403).text
    hr.send("/connections/payroll", {"settings": dict(held.settings)}, 403, etag="*", method="PUT")
    hr.act_as(Role.OWNER)
    hr.send("/connections", new, 201)
    hr.send("/connections/payroll", {"settings": dict(held.settings)}, etag="*", method="PUT")
    hr.act_as(Role.BENEFITS_ADMIN)
    hr.send("/connections", NEW | {"name": "x"}, 403)


def test_what_cannot_be_kept_is_not() -> None:
    for settings in ({"a": "\ud800"}, {"\ud800": "a"}, {"a" * 9000: "a"}, {"a": {"b": {"c": [[[[[[["x"]]]]]]]}}}):
        with pytest.raises(DataError, match=r"kept|deep"):
            check_named("acme", "hibob", settings, ByApi())


def test_no_file_can_be_listed() -> None:
    with pytest.raises(ValueError, match="references"):
        Settings(connections_by_api={"acme": {"hibob": ByApi.model_validate({"references": ["file:/etc/keys"]})}})


def test_each_address_and_credential_of_each_connector_is_guarded() -> None:
    """Whatever a connector of ours calls something that leads somewhere or opens something, it is refused unlisted."""
    unguarded: list[str] = []
    count = 0
    for name, connector in connections.connectors(build(load_strangers=False)).items():
        for place in _places(connector.Settings.model_json_schema()):
            if not any(word in place for word in ("url", "host", "folder", "secret", "token", "password", "api_key",
                                                  "certificate", "private_key", "passphrase")):  # fmt: skip
                continue
            count += 1
            try:
                check_named("acme", name, _nested(place, "thing"), ByApi())
                unguarded.append(f"{name}: {place}")
            except DataError as error:
                assert error.where == place
    assert count > 40 and unguarded == []


def _places(schema: dict[str, Any], part: dict[str, Any] | None = None, before: str = "") -> list[str]:
    found: list[str] = []
    for name, one in (schema if part is None else part).get("properties", {}).items():
        refs = [each["$ref"] for each in (one, *one.get("anyOf", ()), *one.get("allOf", ())) if "$ref" in each]
        below = schema["$defs"][refs[0].rsplit("/", 1)[-1]] if refs else {}
        if below.get("properties"):
            found += _places(schema, below, f"{before}{name}.")
        else:
            found.append(f"{before}{name}")
    return found


def _nested(place: str, value: str) -> dict[str, Any]:
    head, _, rest = place.partition(".")
    return {head: _nested(rest, value) if rest else value}
