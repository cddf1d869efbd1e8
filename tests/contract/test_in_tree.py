"""Every connector of the tree keeps the contract; a new one is found by its folder and needs no line here."""

from __future__ import annotations

from benehub import plugins
from benehub.connections import connectors
from benehub.testing import contract

IN_TREE = connectors(plugins.build(load_strangers=False))

test_contract = contract(*IN_TREE.values())


def test_all_are_found() -> None:
    assert {"bamboohr", "carrier_x12", "email", "files", "gusto", "recordkeeper_files"} <= set(IN_TREE)
