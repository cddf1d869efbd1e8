"""A caller has so many calls, by whichever process they are answered, and whether or not one began anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from benehub import plugins
from benehub.access import Caller, Role, audit
from benehub.api.app import create_app
from benehub.api.v1.limits import Limits
from benehub.flows import Hub
from benehub.store import Store, open_store
from benehub.store.schema import INSTALLATION

HOUR = 3600


class Process:
    """An application over the database, as one process has it."""

    def __init__(self, store: Store) -> None:
        url = store.engine.url.render_as_string(hide_password=False)
        self.store = open_store(url, store.vault, store.clock)
        self.caller = Caller("usr_1", "Ben", everywhere=frozenset({Role.OWNER}))
        self.app = create_app(Hub(self.store, plugins.build(load_strangers=False)), lambda _request: self.caller)
        self.app.state.limits = Limits(self.store.windows, 3, HOUR)
        self.client = TestClient(self.app)

    def call(self, user: str = "usr_1") -> int:
        """The status of a call."""
        self.caller = replace(self.caller, user=user)
        found = self.client.get("/api/v1/employers")
        if found.status_code == 429:
            told = found.json()
            assert (told["kind"], "3 calls within 3600" in told["detail"]) == ("retriable", True)
            assert 0 < int(found.headers["retry-after"]) <= 2 * HOUR
        return found.status_code

    def close(self) -> None:
        """End it."""
        self.store.close()


@pytest.fixture
def two(store: Store) -> Iterator[tuple[Process, Process]]:
    """Two processes on one database."""
    made = Process(store), Process(store)
    yield made
    for one in made:
        one.close()


def test_a_caller_has_so_many_calls_in_all_processes_together(two: tuple[Process, Process], store: Store) -> None:
    here, there = two
    assert [here.call(), there.call(), here.call()] == [200] * 3
    assert [here.call(), there.call()] == [429] * 2
    assert [there.call("usr_2"), here.call("usr_2")] == [200] * 2, "another caller has his own"
    anew = Process(store)
    assert anew.call() == 429, "who begins anew knows what was called before"
    anew.close()


def test_calls_that_are_refused_count_and_beyond_the_limit_nothing_is_written(two: tuple[Process, Process]) -> None:
    here, _ = two
    here.caller = replace(here.caller, everywhere=frozenset({Role.AUDITOR}))
    schedules, key = "/api/v1/employers/acme/schedules", {"idempotency-key": "one", "if-match": "*"}

    def trail() -> int:
        with here.store.read("acme") as session, here.store.read(INSTALLATION) as whole:
            return len(audit.newest(session, limit=50)) + len(audit.newest(whole, limit=50))

    refused = [here.client.post(schedules, json={}, headers=key).status_code for _ in range(3)]
    assert refused == [403] * 3 and trail() == 3
    assert here.client.post(schedules, json={}, headers=key).status_code == 429
    here.caller = replace(here.caller, everywhere=frozenset({Role.OWNER}))
    written = here.client.delete(f"{schedules}/nightly", headers=key)
    assert written.status_code == 429 and written.json()["kind"] == "retriable"
    assert trail() == 3, "who calls on for ever does not fill the trail"
