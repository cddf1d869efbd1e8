"""A read that has to stand in the trail waits for the one writer of SQLite, and after long is told to come again."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, func, select
from tests.api.v1.conftest import ACME, Api, problem

from benehub.access import tokens
from benehub.store.access_tables import audit


@pytest.fixture
def hurried(api: Api) -> Api:
    """Whoever waits for the writer does so for a moment only."""
    engine = api.hub.store.engine

    def short(raw: Any, _record: Any) -> None:
        raw.execute("PRAGMA busy_timeout=20")

    event.listen(engine, "connect", short)
    engine.dispose()
    return api


def test_a_read_that_is_noted_is_told_to_come_again_while_another_writes(hurried: Api) -> None:
    api = hurried
    page = {"accept": "text/html"}
    with api.hub.store.write("acme") as writing:
        known = writing.connection.execute(select(func.count()).select_from(audit)).scalar_one()
        found = api.client.get(f"{ACME}/people")
        told = problem(found, 503, "retriable")
        assert int(found.headers["retry-after"]) > 0 and "Try again" in told["mend"]
        written = api.client.post(f"{ACME}/schedules/nightly/pause", headers={"idempotency-key": "k1"})
        assert problem(written, 503, "retriable")["mend"] and written.headers["retry-after"]
        shown = api.client.get("/e/acme/people", headers=page)
        assert shown.status_code == 503 and shown.headers["retry-after"] == "60"
        assert "<html" in shown.text and "written to by somebody else" in shown.text
        assert api.client.get(f"{ACME}/plans").status_code == 200, "what is not noted waits for nobody"
        assert writing.connection.execute(select(func.count()).select_from(audit)).scalar_one() == known
    assert api.client.get(f"{ACME}/people").status_code == 200
    assert api.client.get("/e/acme/people", headers=page).status_code == 200


def test_whoever_has_been_idle_is_let_in_all_the_same(hurried: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    found = tokens.caller
    monkeypatch.setattr(tokens, "caller", lambda session, token: (found(session, token)[0], True))
    with hurried.hub.store.write("acme"):
        assert hurried.client.get(f"{ACME}/plans").status_code == 200
        shown = hurried.client.get("/e/acme/people", headers={"accept": "text/html"})
        assert (shown.status_code, shown.headers["retry-after"]) == (503, "60")
