"""Accounts in the settings of a connection: sealed where they are kept, masked where shown, whole for the connector."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from tests.flows.books import late

from benehub import connections, plugins
from benehub.connections import accounts
from benehub.connections.registry import seal_accounts
from benehub.errors import ChangedMeanwhile, ConfigError
from benehub.flows import Hub, connecting
from benehub.flows.onboarding import connect
from benehub.planbook import load
from benehub.settings import ByApi
from benehub.store import Store, acts
from benehub.store.tables import connection
from benehub.views import connected
from benehub_connectors.bank_files import BankFiles
from benehub_connectors.noyo import NoyoConnector

NUMBERS = ("011000015", "021000021", "0099887766", "DE02120300000000202051")
SETTINGS: dict[str, Any] = {
    "place": {"folder": "/srv/acme/bank"},
    "format": "nacha-ccd+",
    "nacha": {"bank": NUMBERS[0], "bank_name": "First Bank", "company_name": "Acme", "company_id": "1123456789"},
    "payees": {
        "northstar": {"name": "Northstar", "routing": NUMBERS[1], "account": NUMBERS[2], "kind": "savings"},
        "harbor": {"name": "Harbor", "routing": NUMBERS[1], "account": "env:ACME_HARBOR_ACCOUNT"},
    },
}
BANK = {"bank": {"connector": "bank_files", "settings": SETTINGS, "mode": "watch"}}


@pytest.fixture
def hub(store: Store) -> Hub:
    """A hub with a connection to a bank."""
    made = Hub(store, plugins.build(load_strangers=False))
    connect(made, "acme", BANK)
    return made


def kept(hub: Hub) -> str:
    """Everything that the database keeps of connections, as it lies there."""
    with hub.store.engine.connect() as raw:
        return str([raw.execute(text(f"SELECT * FROM {table}")).all() for table in ("connection", "act")])


def put_in_clear(hub: Hub) -> None:
    """The settings as they were kept before accounts were sealed."""
    with hub.store.write("acme") as session:
        session.change(connection, {"connection_id": "bank"}, settings=SETTINGS, settings_sealed=None)


def in_force(hub: Hub) -> connections.Configured:
    with hub.store.read("acme") as session:
        return connections.get(session, "bank")


def test_no_account_lies_in_clear_and_each_is_there_for_the_connector(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not [one for one in NUMBERS if one in kept(hub)]
    assert "First Bank" in kept(hub) and "env:ACME_HARBOR_ACCOUNT" in kept(hub)
    assert in_force(hub).settings == SETTINGS
    monkeypatch.setenv("ACME_HARBOR_ACCOUNT", "4455667788")
    here = SETTINGS | {"place": {"folder": str(tmp_path)}}
    connect(hub, "acme", {"bank": {"connector": "bank_files", "settings": here}})
    with hub.open("acme", "bank") as opened:
        payees = opened.link.settings.payees
        assert (payees["northstar"].account, payees["harbor"].account) == (NUMBERS[2], "4455667788")


def test_what_was_written_in_clear_is_read_and_sealed_by_the_next_write_or_by_all_at_once(hub: Hub) -> None:
    put_in_clear(hub)
    assert in_force(hub).settings == SETTINGS and NUMBERS[2] in kept(hub)
    connect(hub, "acme", BANK)
    assert NUMBERS[2] not in kept(hub) and in_force(hub).settings == SETTINGS
    put_in_clear(hub)
    assert connecting.seal_accounts(hub) == 1
    assert NUMBERS[2] not in kept(hub) and in_force(hub).settings == SETTINGS and in_force(hub).mode == "watch"
    assert connecting.seal_accounts(hub) == 0
    put_in_clear(hub)
    with hub.store.write("acme") as session:
        assert seal_accounts(session, {}) == 0, "of a connector that is not installed nobody knows its accounts"


def test_the_version_is_that_of_what_is_said_however_it_was_sealed(hub: Hub) -> None:
    first = connecting.version_of(in_force(hub))
    with hub.store.read("acme") as session:
        (before,) = session.rows(select(connection.c.settings_sealed))
    connect(hub, "acme", BANK)
    with hub.store.read("acme") as session:
        (after,) = session.rows(select(connection.c.settings_sealed))
    assert before != after and connecting.version_of(in_force(hub)) == first
    other = copy.deepcopy(BANK)
    other["bank"]["settings"]["payees"]["northstar"]["account"] = "0099887767"
    connect(hub, "acme", other)
    with pytest.raises(ChangedMeanwhile) as changed:
        connecting.set_mode(hub, "acme", "bank", "paused", first)
    assert changed.value.changed == ("settings",)
    assert not [one for one in NUMBERS if one in json.dumps(connecting.edited(in_force(hub)))], (
        "no account to be guessed"
    )


def test_a_page_and_what_is_written_down_tell_four_signs_or_none(hub: Hub) -> None:
    book = load(late(), "book.yaml")
    with hub.store.read("acme") as session:
        shown = dict(connected.detail(session, book, hub.connectors, "bank").settings)
    assert shown["payees.northstar.account"] == "****7766" and shown["nacha.bank"] == "****0015"
    assert shown["nacha.bank_name"] == "First Bank" and not [one for one in NUMBERS if one in str(shown)]
    hub.by_api = {"acme": {"bank_files": ByApi(accounts=(NUMBERS[3],))}}
    other = copy.deepcopy(SETTINGS)
    other["payees"]["northstar"]["account"] = NUMBERS[3]
    connecting.change_by_api(hub, "acme", "bank", other, "usr_1")
    with hub.store.read("acme") as session:
        assert [one.note for one in acts(session, "con_bank")] == ["changed: payees.northstar.account"]
    assert not [one for one in NUMBERS if one in kept(hub) or one in repr(in_force(hub))]


def test_without_its_key_the_connection_is_listed_and_says_so_when_it_is_asked_for(hub: Hub) -> None:
    with hub.store.write("acme") as session:
        session.change(connection, {"connection_id": "bank"}, settings_sealed=session.seal([], "connection/other"))
    with hub.store.read("acme") as session:
        (row,) = connections.listed(session)
        with pytest.raises(ConfigError, match="does not open"):
            _ = row.settings


def test_an_account_under_a_name_of_the_connectors_own_and_in_lists_is_one() -> None:
    said = {"base_url": "https://noyo.example", "group": "grp-123456", "places": [{"iban": NUMBERS[3]}, {"iban": ""}]}
    clear, taken = accounts.apart(NoyoConnector, said)
    assert taken == [(["group"], "grp-123456"), (["places", "0", "iban"], NUMBERS[3])]
    assert clear == said | {"group": None, "places": [{"iban": None}, {"iban": ""}]}
    assert accounts.together(clear, taken) == said
    assert accounts.masked(NoyoConnector, said)["places"] == [{"iban": "****2051"}, {"iban": ""}]
    assert accounts.last_four("1234") == "****"
    assert accounts.apart(BankFiles, {"format": "ctx"}) == ({"format": "ctx"}, [])
