"""A secret that its vendor changes is kept where the new one can be written, or the connection is not added."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benehub import plugins
from benehub.connections import connectors
from benehub.connections.registry import check_new
from benehub.errors import ConfigError
from benehub.flows import Hub, connecting
from benehub.flows.onboarding import connect
from benehub.store import Store
from benehub.store.tables import connection
from benehub.testing.stage import stage_maker

IN_TREE = connectors(plugins.build(load_strangers=False))
RENEWED = [(name, one) for name, connector in IN_TREE.items() for one in connector.renewed]


def with_reference(settings: Any, name: str, reference: str) -> dict[str, Any]:
    """The settings with another reference at a dotted name."""
    first, _, rest = name.partition(".")
    return {**settings, first: with_reference(settings[first], rest, reference) if rest else reference}


@pytest.mark.parametrize(("name", "setting"), RENEWED)
def test_it_stands_in_a_file(name: str, setting: str, tmp_path: Path) -> None:
    settings = stage_maker(IN_TREE[name])(tmp_path).settings
    check_new("vendor", IN_TREE[name], with_reference(settings, setting, "file:/etc/benehub/refresh"))
    for kind in ("env", "keyring"):
        with pytest.raises(ConfigError, match=f"{setting}: the vendor changes this secret"):
            check_new("vendor", IN_TREE[name], with_reference(settings, setting, f"{kind}:REFRESH"))


@pytest.mark.parametrize(("name", "setting"), RENEWED)
def test_one_that_stands_elsewhere_keeps_nobody_from_changing_another_thing(
    name: str, setting: str, store: Store, tmp_path: Path
) -> None:
    hub = Hub(store, plugins.build(load_strangers=False))
    old = with_reference(stage_maker(IN_TREE[name])(tmp_path).settings, setting, "env:REFRESH")
    with store.write("acme") as session:
        session.add(connection, [{"connection_id": "it", "connector": name, "settings": old, "mode": "live"}])
    assert connecting.set_mode(hub, "acme", "it", "paused") == "live"
    connect(hub, "acme", {"it": {"connector": name, "settings": old, "mode": "watch"}})
    assert connecting.set_mode(hub, "acme", "it", "live") == "watch"
    elsewhere = with_reference(old, setting, "keyring:benehub/refresh")
    with pytest.raises(ConfigError, match="the vendor changes this secret"):
        connect(hub, "acme", {"it": {"connector": name, "settings": elsewhere}})


def test_every_refresh_token_is_one() -> None:
    fields = {
        name: {
            f"{outer}.refresh_token" if outer else "refresh_token"
            for outer, model in [("", connector.Settings), *_parts(connector.Settings)]
            if "refresh_token" in model.model_fields
        }
        for name, connector in IN_TREE.items()
    }
    assert {name: set(one.renewed) for name, one in IN_TREE.items()} == fields
    assert set(RENEWED) == {
        ("bamboohr", "oauth.refresh_token"), ("gusto", "refresh_token"), ("rippling", "app.refresh_token"),
    }  # fmt: skip


def _parts(settings: Any) -> list[tuple[str, Any]]:
    """Models that lie in a setting of their own."""
    found = []
    for name, field in settings.model_fields.items():
        kinds = (field.annotation, *getattr(field.annotation, "__args__", ()))
        found += [(name, kind) for kind in kinds if hasattr(kind, "model_fields")]
    return found
