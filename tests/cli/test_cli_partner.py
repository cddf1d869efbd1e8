"""`benehub partner check`, `enrollments status` and `dispatches resend --same-bytes` as a person meets them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from benehub import plugins
from benehub.connections.partners import check_partner
from benehub.connections.registry import connectors
from benehub.planbook import load
from benehub.sandbox.story.world import partner

BOOK = """
employer: {id: acme, name: Acme}
roles: {hris: hris, payroll: hris}
pay_groups:
  monthly: {frequency: monthly, days: [15]}
plans:
  - id: ppo
    name: PPO
    benefit_type: medical
    carrier: carrier
    effective_from: 2026-01-01
    rates:
      - from: 2026-01-01
        tiers: {EE: 500.00, ES: 900.00, EC: 800.00, FAM: 1200.00}
    employer_contribution: {scheme: percent_of_tier, percent: 80%}
    deduction: {code: MED, tax_class: pretax, method: per_month, per_month: 1}
carriers:
  carrier: {pay_policy: pay_as_enrolled}
"""


def profile(folder: Path, **changes: Any) -> dict[str, Any]:
    data = partner({"folder": str(folder)})
    return data | {"plans": {"ppo": data["plans"]["ppo"]}} | changes


class Stored:
    """A connection as it is stored."""

    connection_id, connector = "carrier", "carrier_x12"

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings


def found(settings: dict[str, Any]) -> list[str]:
    row: Any = Stored(settings)
    known = connectors(plugins.build(load_strangers=False))
    return [one.field for one in check_partner(row, known, load(BOOK, "book"))]


def test_a_profile_is_checked_and_its_findings_named(cli: Any, home: Path) -> None:
    (home / "box").mkdir()
    (home / "book.yaml").write_text(BOOK)
    cli.run("plan", "load", "book.yaml")
    (home / "carrier.yaml").write_text(yaml.safe_dump(profile(home / "box")))
    cli.run("connection", "add", "carrier", "--connector", "carrier_x12", "--settings", "carrier.yaml")
    assert "carrier: nothing wrong" in cli.run("partner", "check").stdout
    assert cli.told("partner", "check", "carrier") == []
    (home / "carrier.yaml").write_text(yaml.safe_dump(profile(home / "box", inbox="x", outbox="x")))
    cli.run("connection", "add", "carrier", "--connector", "carrier_x12", "--settings", "carrier.yaml")
    (one,) = cli.told("partner", "check", code=1)
    assert (one["partner"], one["field"], one["mend"]) == ("carrier", "inbox", "Name two folders")
    assert "no connection" in cli.run("partner", "check", "nobody", code=2).stderr
    assert cli.told("enrollments", "status", "carrier") == []
    assert "no state" in cli.run("enrollments", "status", "--state", "lost", code=2).stderr


def test_what_cannot_be_read_is_found_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "box").mkdir()
    good = profile(tmp_path / "box")
    assert found(good) == []
    assert found(good | {"sender": "X", "shape": 1}) == ["sender", "shape"]
    assert found(profile(tmp_path / "nowhere")) == ["place"]
    sealed = good | {"pgp": {"partner_key": "env:BENEHUB_TEST_NONE", "sign": False, "inbound": "clear"}}
    assert found(sealed) == ["pgp.partner_key"]
    monkeypatch.setenv("BENEHUB_TEST_NONE", "not a key")
    assert found(sealed) == ["pgp.partner_key"]
    assert found(good | {"plans": {}}) == ["plans"]
