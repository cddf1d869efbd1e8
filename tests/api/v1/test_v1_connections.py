"""Connections that a program sets up: by references and addresses that were listed for the employer, and no others."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select, text
from tests.api.v1.conftest import Api, problem
from tests.api.v1.test_v1_trail import trail

from benehub import connections, hookspecs
from benehub.access import Role
from benehub.connect.connector import Connector
from benehub.connections.by_api import check_named
from benehub.errors import DataError
from benehub.flows import Hub, connecting, first_results
from benehub.flows.code_maps import map_word
from benehub.flows.onboarding import connect
from benehub.plugins import build
from benehub.settings import ByApi, Settings
from benehub.store import acts
from benehub.store.tables import first_result
from benehub.testing.stage import stage_maker
from benehub_connectors.files import FilesConnector
from benehub_connectors.hibob import HibobConnector

KEY, OTHERS = "env:ACME_HIBOB_TOKEN", "env:OTHER_HIBOB_TOKEN"
HIBOB = {"service_user": "SERVICE-1", "token": KEY, "default_pay_group": "monthly"}
NEW = {"name": "people", "connector": "hibob", "settings": HIBOB}
LISTED = {
    "acme": {
        "hibob": ByApi(references=(KEY, "keyring:acme-hibob"), addresses=("https://bob.acme.example",)),
        "clocks": ByApi(references=(KEY,)),
    },
    "other": {"hibob": ByApi(references=(OTHERS,)), "files": ByApi(addresses=("/srv/other",))},
}


OURS = connections.connectors(build(load_strangers=False))
NAMED: dict[str, dict[str, str]] = {
    "adp_workforce_now": {"references": "client_secret certificate key"},
    "bamboohr": {"references": "oauth.client_secret oauth.refresh_token", "accounts": "company"},
    "bank_files": {
        "references": "payees.northstar.account",
        "addresses": "place.folder",
        "accounts": "nacha.bank payees.northstar.routing",
    },
    "carrier_x12": {
        "addresses": "place.folder",
        "accounts": "premium.payer_bank.routing premium.payer_bank.account premium.payee_bank.routing"
        " premium.payee_bank.account",
    },
    "custodian_files": {"addresses": "place.folder"},
    "datev": {"addresses": "place.folder"},
    "email": {"addresses": "host port link reports.folder"},
    "files": {"addresses": "place.folder"},
    "finch": {"references": "access_token"},
    "frappe_hr": {"references": "api_key api_secret", "addresses": "base_url", "accounts": "company"},
    "gusto": {"references": "client_secret refresh_token", "accounts": "company"},
    "hibob": {"references": "token"},
    "kombo": {"references": "api_key", "addresses": "dependents.path", "accounts": "integration"},
    "noyo": {"references": "client_secret", "accounts": "group"},
    "personio": {"references": "client_secret"},
    "recordkeeper_files": {"addresses": "place.folder"},
    "rippling": {"references": "app.client_secret app.refresh_token"},
    "scim": {"references": "oauth.client_secret", "addresses": "base_url oauth.token_url"},
    "scim_inbound": {"references": "token"},
}
"""What the usual settings of each connector name, by list."""
WORDS = {"pay_groups": {"Port": "monthly", "Token": "monthly", "Key": "monthly", "PIN": "Etc..."}}
TABLE = {"pattern": "*.csv", "columns": {"employee_number": "ID", "first_name": "First", "last_name": "Last",
         "birth_date": "Born", "hire_date": "Hired", "pay_group": "Group", "employment_class": "Class", "sex": "Sex"},
         "values": {"sex": {}}, "key": ["employee_number"]}  # fmt: skip
USUAL: dict[str, dict[str, Any]] = {
    "hibob": WORDS,
    "carrier_x12": {"terminator": "~"},
    "datev": {"wage_types": {"port": {"number": 1, "key": 1}}},
    "files": {"streams": {"employee": TABLE}},
}
"""What is no less usual than a stage's settings, and looks like something else."""


class Loose(HibobConnector):
    """A stranger's, whose settings take anything."""

    name = "loose"

    class Settings(BaseModel):
        """Anything."""

        model_config = ConfigDict(extra="allow")


class Clocks(HibobConnector):
    """One that only reads, and nothing about people."""

    name = "clocks"
    streams: ClassVar[Mapping[str, str]] = {"hours_worked": "full"}


class Three:
    """Brings two connectors that only read, and one that writes."""

    @hookspecs.hookimpl
    def register_connectors(self) -> list[type[Connector]]:
        """All."""
        return [HibobConnector, Clocks, FilesConnector]


@pytest.fixture
def hr(api: Api) -> Api:
    """An API whose installation lists something for each of two employers."""
    api.hub.plugins.register(Three())
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
    with hr.hub.store.read("acme") as session:
        noted = [(one.who, one.what, one.note) for one in acts(session, "con_people")]
    assert noted == [
        ("usr_owner", "add a connection", "added: service_user, token, default_pay_group"),
        ("usr_owner", "change a connection", "added: base_url; changed: token"),
        ("usr_owner", "change a connection", "changed: token; removed: base_url"),
    ]
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
    assert told["where"] == place and not [one for one in _values(settings) if str(one) in got.text]
    assert hr.get("/connections") == before
    hr.send("/connections", NEW, 201)
    hr.send("/connections/people", {"settings": HIBOB | settings}, 422, etag="*", method="PUT")
    assert kept(hr).settings == HIBOB


def _values(part: Any) -> list[Any]:
    """The innermost values: how a whole list is written here is not how it is written in JSON."""
    if isinstance(part, dict | list):
        return [each for one in (part.values() if isinstance(part, dict) else part) for each in _values(one)]
    return [part]


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


SFTP = {"host": "sftp.example.com", "user": "acme", "private_key": "env:ACME_SFTP_KEY",
        "host_keys": ["SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDoNTIlbIxQqUZQ5Co"]}  # fmt: skip


@pytest.mark.parametrize(
    ("place", "theirs", "ours"),
    [
        ("streams.employee.values.sex", "password", "env:BENEHUB_KEYS"),
        ("streams.employee.values.sex", "M", "file:/etc/passwd"),
        ("streams.employee.values.sex", "M", "https://thief.example"),
        ("streams.employee.values.sex", "M", "../../etc/passwd"),
    ],
)
def test_no_word_brings_in_what_nobody_listed(hr: Api, place: str, theirs: str, ours: str) -> None:
    had = {"place": {"sftp": SFTP}, "streams": {"employee": TABLE}}
    connect(hr.hub, "acme", {"tables": {"connector": "files", "settings": had}})
    hr.act_as(Role.ENGINEER)
    word = {"place": place, "theirs": theirs, "ours": ours}
    told = problem(hr.send("/connections/tables/words", word, 422, etag="*"), 422, "data")
    assert told["where"] == f"{place}.{theirs}" and ours not in str(told)
    assert kept(hr, "tables").settings == had
    hr.send("/connections/tables/words", word | {"ours": "male"}, etag="*")
    assert kept(hr, "tables").settings["streams"]["employee"]["values"] == {"sex": {theirs: "male"}}


def test_a_secret_is_that_of_its_reference_whatever_else_has_the_settings_name(
    hr: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_SFTP_KEY", "the key")
    monkeypatch.setenv("SOMETHING_ELSE", "another")
    table = TABLE | {"values": {"sex": {"password": "env:SOMETHING_ELSE"}}}
    had = {"place": {"sftp": SFTP}, "streams": {"employee": table}}
    connect(hr.hub, "acme", {"tables": {"connector": "files", "settings": had}})
    with hr.hub.open("acme", "tables") as link:
        assert link.link.secret == {"env:ACME_SFTP_KEY": "the key", "env:SOMETHING_ELSE": "another"}
        account = vars(link.link.mailbox)["_account"]
    assert (account.private_key, account.password) == ("the key", "")


@pytest.mark.parametrize("way", ["mode", "word", "settings"])
def test_of_two_changes_at_once_none_is_lost(pg_api: Api, way: str) -> None:
    hub = pg_api.hub
    hub.plugins.register(Three())
    vars(hub).pop("connectors", None)
    hub.by_api = LISTED
    connect(hub, "acme", {"people": {"connector": "hibob", "settings": HIBOB}})
    changes: dict[str, Callable[[], Any]] = {
        "mode": lambda: connecting.set_mode(hub, "acme", "people", "watch"),
        "word": lambda: map_word(hub, "acme", "people", "pay_groups", "MON", "monthly", "ann"),
        "settings": lambda: connecting.change_by_api(hub, "acme", "people", HIBOB | {"country": "DE"}, "ann"),
    }
    with ThreadPoolExecutor(1) as pool:
        with hub.store.write("acme") as session:
            session.take_seq(0)
            other = pool.submit(changes[way])
            _until(lambda: other.done() or _waits(hub))
            connections.add(session, "people", HibobConnector, HIBOB | {"service_user": "SERVICE-2"}, "paused")
        other.result(20)
    row = kept(pg_api)
    assert row.mode == ("watch" if way == "mode" else "paused")
    assert row.settings["service_user"] == ("SERVICE-1" if way == "settings" else "SERVICE-2")
    assert row.settings.get("pay_groups") == ({"MON": "monthly"} if way == "word" else None)
    assert row.settings.get("country") == ("DE" if way == "settings" else None)


def _until(done: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not done():
        assert time.monotonic() < ends, "it neither waits nor ends"
        time.sleep(0.01)


def _waits(hub: Hub) -> bool:
    """Whether somebody waits for a lock in this database."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with hub.store.engine.connect() as connection:
        return bool(connection.execute(query).scalar_one())


def test_one_that_can_write_is_set_up_by_who_may_send(hr: Api) -> None:
    hr.act_as(Role.ENGINEER)
    hr.send("/connections", NEW | {"name": "hours", "connector": "clocks"}, 201)
    assert "edit_people" in hr.send("/connections", NEW, 403).text
    hr.act_as(Role.ENGINEER, Role.BENEFITS_ADMIN)
    hr.send("/connections", NEW, 201)
    hr.act_as(Role.ENGINEER)
    assert "edit_people" in hr.send("/connections/people", {"settings": HIBOB}, 403, etag="*", method="PUT").text
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


def test_one_made_or_changed_again_under_another_key_is_told_as_it_stands(hr: Api) -> None:
    first = hr.send("/connections", NEW, 201, key="one")
    watched = hr.send("/connections/people/pause", etag=first.headers["etag"])
    again = hr.send("/connections", NEW | {"mode": "paused"}, 201, key="two")
    assert (again.json(), again.headers["etag"]) == (watched.json(), watched.headers["etag"])
    assert again.headers["etag"] == hr.send("/connections/people", None, 200, method="GET").headers["etag"]
    old = first.headers["etag"]
    same = hr.send("/connections/people", {"settings": HIBOB}, key="three", etag=old, method="PUT")
    assert same.json()["mode"] == "paused" and same.headers["etag"] == watched.headers["etag"] != old


def test_what_is_kept_of_a_call_lets_nobody_guess_what_it_held(hr: Api) -> None:
    body, plain = b'{"account": "0099887766"}', hashlib.sha256(b'{"account": "0099887766"}').hexdigest()
    assert first_results.claim(hr.hub, "acme", "usr_1", "guess", body) is None
    first_results.keep(hr.hub, "acme", "usr_1", "guess", first_results.First(201, {}, b"{}"))
    with hr.hub.store.write("acme") as session:
        (row,) = session.rows(select(first_result))
        assert plain != row.content_hash
        session.change(first_result, {"result_id": row.result_id}, content_hash=plain)
    again = first_results.claim(hr.hub, "acme", "usr_1", "guess", body)
    assert again is not None and again.status == 201, "what was kept so before still answers"


BANK: dict[str, Any] = {"place": {"folder": "/srv/a"}, "format": "nacha-ccd+", "nacha": {"bank": "011000015"},
        "payees": {"north": {"routing": "021000021"}, "south": {"routing": "031000031"}}}  # fmt: skip


@pytest.mark.parametrize(
    ("accounts", "refused"),
    [
        (["011000015", "021000021", "031000031"], ""),
        ({"nacha.bank": ["011000015"], "payees.*.routing": ["021000021", "031000031"]}, ""),
        ({"nacha": ["011000015"], "payees": ["021000021", "031000031"]}, ""),
        ({"nacha.bank": ["011000015"], "payees.north": ["021000021"], "payees.south.routing": ["031000031"]}, ""),
        ({"nacha.bank": ["011000015"], "payees.north": ["021000021", "031000031"]}, "payees.south.routing"),
        ({"nacha.ban": ["011000015"], "payees": ["021000021", "031000031"]}, "nacha.bank"),
        ({"payees": ["011000015", "021000021", "031000031"]}, "nacha.bank"),
        ({"nacha": ["011000015", "021000021", "031000031"]}, "payees.north.routing"),
    ],
)
def test_what_is_listed_by_setting_is_good_for_that_one_alone(accounts: Any, refused: str) -> None:
    allowed = ByApi.model_validate({"addresses": {"place.folder": ["/srv/a"]}, "accounts": accounts})
    if not refused:
        check_named("acme", OURS["bank_files"], BANK, allowed)
        with pytest.raises(DataError, match="may not be named") as folder:
            check_named("acme", OURS["bank_files"], BANK | {"more": {"folder": "/srv/a"}}, allowed)
        assert folder.value.where == "more.folder"
        return
    with pytest.raises(DataError, match="may not be named") as error:
        check_named("acme", OURS["bank_files"], BANK, allowed)
    assert error.value.where == refused


def test_a_word_with_a_dot_is_no_setting_of_another() -> None:
    allowed = ByApi.model_validate({"accounts": {"payees.north.routing": ["021000021"]}})
    with pytest.raises(DataError, match="may not be named"):
        check_named("acme", OURS["bank_files"], {"payees": {"north.routing": {"routing": "021000021"}}}, allowed)
    check_named("acme", OURS["bank_files"], {"payees": {"north": {"routing": "021000021"}}}, allowed)


def test_what_cannot_be_kept_is_not() -> None:
    for settings in ({"a": "\ud800"}, {"\ud800": "a"}, {"a" * 9000: "a"}, {"a": {"b": {"c": [[[[[[["x"]]]]]]]}}}):
        with pytest.raises(DataError, match=r"kept|deep"):
            check_named("acme", HibobConnector, settings, ByApi())


def test_no_file_can_be_listed() -> None:
    with pytest.raises(ValueError, match="references"):
        Settings(connections_by_api={"acme": {"hibob": ByApi.model_validate({"references": ["file:/etc/keys"]})}})
    with pytest.raises(ValueError, match="references"):
        ByApi.model_validate({"references": {"token": ["file:/etc/keys"]}})


def test_each_text_of_each_connector_is_guarded_or_known_to_be_harmless() -> None:
    """A setting that a connector gets anew is refused unlisted, until somebody has written down that it may be said."""
    known = harmless()
    for name, connector in OURS.items():
        free = set()
        for place in _texts(connector.Settings.model_json_schema()):
            try:
                check_named("acme", connector, _nested(place.split("."), "thing"), ByApi())
                free.add(place)
            except DataError as error:
                assert error.where == place.replace("*", "x").replace("#", "0")
        assert free == known.get(name, set()), name


@pytest.mark.parametrize("name", OURS)
def test_the_usual_settings_of_a_connector_are_taken_where_what_they_name_is_listed(name: str, tmp_path: Path) -> None:
    settings = dict(stage_maker(OURS[name])(tmp_path).settings) | USUAL.get(name, {})
    connections.check("x", OURS[name], settings)
    lists: dict[str, list[str]] = {"references": [], "addresses": [], "accounts": []}
    for what, places in NAMED[name].items():
        lists[what] = [str(_at(settings, one)) for one in places.split()]
    check_named("acme", OURS[name], settings, ByApi.model_validate(lists))
    for what, values in lists.items():
        for value in set(values):
            less = lists | {what: [one for one in values if one != value]}
            with pytest.raises(DataError, match="may not be named"):
                check_named("acme", OURS[name], settings, ByApi.model_validate(less))


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"endpoint": "thief.example"}, "endpoint"),
        ({"hostname": "thief.example"}, "hostname"),
        ({"domain": "thief.example"}, "domain"),
        ({"base_url": {"x": "thief.example"}}, "base_url.x"),
        ({"callbackUri": "thief.example"}, "callbackUri"),
        ({"apikey": "plain"}, "apikey"),
        ({"apiKey": "plain"}, "apiKey"),
        ({"credentials": {"user_name": "x", "word": "plain"}}, "credentials.user_name"),
        ({"bearer": "plain"}, "bearer"),
        ({"payees": {"c": {"iban": "DE02120300000000202051"}}}, "payees.c.iban"),
        ({"bank": {"number": 12345}}, "bank.number"),
        ({"note": "a/../../etc"}, "note"),
        ({"note": "~/keys"}, "note"),
    ],
)
def test_what_a_stranger_calls_something_is_asked_at_each_part_of_its_place(settings: Any, place: str) -> None:
    with pytest.raises(DataError) as error:
        check_named("acme", Loose, settings, ByApi())
    assert error.value.where == place


def harmless() -> dict[str, set[str]]:
    """The texts that anybody may say who may set up a connection, by connector."""
    told: dict[str, str] = yaml.safe_load(Path(__file__).with_name("harmless_settings.yaml").read_text("utf-8"))
    return {name: set(places.split()) for name, places in told.items()}


def _texts(root: dict[str, Any], part: dict[str, Any] | None = None, place: str = "") -> set[str]:
    """Every place of a text: `*` for keys of maps, `#` for items of lists."""
    one = root if part is None else part
    if "$ref" in one:
        return _texts(root, root["$defs"][one["$ref"].rsplit("/", 1)[-1]], place)
    below = [(each, place) for kind in ("anyOf", "allOf", "oneOf") for each in one.get(kind, ())]
    below += [(each, f"{place}.{name}") for name, each in one.get("properties", {}).items()]
    below += [(one[kind], f"{place}.{sign}") for kind, sign in (("additionalProperties", "*"), ("items", "#"))
              if isinstance(one.get(kind), dict)]  # fmt: skip
    found = {each for each in (_texts(root, *one) for one in below) for each in each}
    return found | ({place.removeprefix(".")} if one.get("type") == "string" and "enum" not in one else set())


def _nested(place: list[str], value: str) -> Any:
    if not place:
        return value
    within = _nested(place[1:], value)
    return [within] if place[0] == "#" else {place[0].replace("*", "x"): within}


def _at(settings: Any, place: str) -> Any:
    for part in place.split("."):
        settings = settings[int(part)] if isinstance(settings, list | tuple) else settings[part]
    return settings
