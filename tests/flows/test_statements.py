"""Statements made for everybody: once a day and person, sealed, and as they were when they were made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import select

from benehub import facts
from benehub.errors import DataError
from benehub.facts import Version
from benehub.flows import Hub, statements
from benehub.store.tables import kept_statement, person
from benehub.views.kept_statements import days, kept

Open = Callable[..., Hub]


@pytest.fixture
def hub(db_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType) -> Hub:
    made = open_hub(db_url)
    fakehub.set_up(made, tmp_path / "vendor", "read_back")
    return made


def text(hub: Hub, employee: str, day: date | None = None) -> str:
    with hub.store.read("acme") as session:
        return str(kept(session, employee, day))


def test_everybody_gets_one_and_a_second_run_makes_none(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "AT_ONCE", 2)  # three people in two parts
    first = hub.start_flow("statements.make", "acme", "1", "2026-10-01")
    assert first == {"made": 3, "there_before": 0, "nothing_to_say": 0}
    again = hub.start_flow("statements.make", "acme", "2", "2026-10-01")
    assert again == {"made": 0, "there_before": 3, "nothing_to_say": 0}
    with hub.store.read("acme") as session:
        assert [(one["day"], one["statements"]) for one in days(session)] == [("2026-10-01", 3)]
        sealed = [bytes(row.content_sealed) for row in session.rows(select(kept_statement))]
    assert not any(b"1001" in one or b"medical" in one for one in sealed)


def test_a_statement_says_what_was_known_when_it_was_made(hub: Hub) -> None:
    hub.start_flow("statements.make", "acme", "1", "2026-10-01")
    before = text(hub, "1001")
    with hub.store.write("acme") as session:
        who = session.rows(select(person.c.person_id).where(person.c.member_id == "1001"))[0].person_id
        cover = {"plan": "ppo", "tier": "FAM", "dependents": [], "event": ""}
        facts.record(session, [Version("coverage", who, "medical", date(2026, 10, 1), cover)], "test")
    hub.start_flow("statements.make", "acme", "2", "2026-10-01")
    assert text(hub, "1001") == before
    hub.start_flow("statements.make", "acme", "3", "2026-10-02")
    assert text(hub, "1001") != before
    assert text(hub, "1001", date(2026, 10, 1)) == before
    with pytest.raises(DataError, match=r"no statement of 2026-10-03 was made for 1001"):
        text(hub, "1001", date(2026, 10, 3))


def test_who_was_not_employed_on_the_day_has_none(hub: Hub) -> None:
    assert hub.start_flow("statements.make", "acme", "1", "2023-12-31")["made"] == 0
