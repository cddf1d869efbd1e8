"""The kit bites: a plain connector keeps every promise, and with any one guard of the SDK taken away it does not."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.contract.taken import died_is_fresh, no_outbox

from benehub import intake, plugins
from benehub.connect import auth, http, jsontext, limits, paging, verdict, webhooks, wire
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Item
from benehub.connections import connectors
from benehub.errors import DataError, VendorUnavailable
from benehub.flows import send, sync
from benehub.flows import webhooks as hook_flows
from benehub.intake import applying, deliveries, staging
from benehub.testing import Verdict, kithub
from benehub.testing.checks import all_checks, checks_for
from benehub.testing.kit import try_check

IN_TREE = connectors(plugins.build(load_strangers=False))
CHECKS = {one.name: one for one in all_checks()}
KINDS = ("Plain", "ReadBack", "Keyed", "Upsert", "Locked", "Itemised", "Renewing", "Receiving", "Going", "Queueing")

Take = Callable[[pytest.MonkeyPatch], None]


def verdicts(hostile: ModuleType, kind: str, names: list[str], folder: Path) -> dict[str, str]:
    """Why each of these promises is broken; kept ones are left out."""
    found = {}
    for name in names:
        outcome = try_check(getattr(hostile, kind), CHECKS[name], folder / name, hostile.stage_of(kind))
        if outcome.verdict is Verdict.BROKEN:
            found[name] = outcome.why
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_plain_connector_keeps_every_promise(hostile: ModuleType, kind: str, tmp_path: Path) -> None:
    about = [one.name for one in checks_for(getattr(hostile, kind))]
    names = [name for name in about if name != "form.manifest"]  # a test module has no folder of its own
    assert verdicts(hostile, kind, names, tmp_path) == {}


def _dry(patch: pytest.MonkeyPatch) -> None:
    real = http.VendorClient.send

    def send_anyway(self: Any, request: Any) -> Any:
        self._dry_run = False
        return real(self, request)

    patch.setattr(http.VendorClient, "send", send_anyway)


def _never_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(http, "_may_repeat", lambda request, state: False)


def _always_again(patch: pytest.MonkeyPatch) -> None:
    def may(request: Any, state: Any) -> bool:
        error = state.outcome.exception()
        return isinstance(error, VendorUnavailable | http.RateLimited)

    patch.setattr(http, "_may_repeat", may)


def _no_wait(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(http, "_pause", lambda state: 0.0)
    patch.setattr(http.Pause, "acquire", lambda self, most: None)


def _no_budget(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(http.VendorClient, "_spent", lambda self, state, started: state.attempt_number > 500)


def _every_refusal_is_data(patch: pytest.MonkeyPatch) -> None:
    def judged(request: Any, response: Any, **more: Any) -> Any:
        if response.status == 401:
            raise DataError("refused", where=more["where"])
        return verdict.judge(request, response, **more)

    patch.setattr(http, "judge", judged)


def _never_renewed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(auth.OAuth2, "renew", lambda self, fetch, used: False)


def _endless(patch: pytest.MonkeyPatch) -> None:
    def by_cursor(fetch: Any, *, where: str = "", **_more: Any) -> Any:
        page = fetch(None)
        yield page.items
        while page.next:
            page = fetch(page.next)
            yield page.items

    patch.setattr(paging, "by_cursor", by_cursor)


def _endless_numbers(patch: pytest.MonkeyPatch) -> None:
    def by_number(fetch: Any, *, where: str = "", **_more: Any) -> Any:
        number = 1
        while (page := fetch(number)).items:
            yield page.items
            number += 1

    patch.setattr(paging, "by_number", by_number)


def _floats(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(jsontext, "parse", json.loads)


def _never_held(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Guard, "must_hold", property(lambda self: False))


def _no_key(patch: pytest.MonkeyPatch) -> None:
    real = http.VendorClient._exchange

    def exchange(self: Any, request: Any, credentials: Any, **more: Any) -> Any:
        return real(self, http.replace(request, idempotency_key=""), credentials, **more)

    patch.setattr(http.VendorClient, "_exchange", exchange)


def _no_lookup(patch: pytest.MonkeyPatch) -> None:
    real = send._exchange

    def exchange(hub: Any, employer: str, opened: Any, row: Any, item: Item, unknown: bool) -> Any:
        patch.setattr(opened.connector, "lookup", lambda item, settings: None, raising=False)
        return real(hub, employer, opened, row, item, unknown)

    patch.setattr(send, "_exchange", exchange)


def _talkative(patch: pytest.MonkeyPatch) -> None:
    real = wire.ReplacedLine.exchange

    def exchange(self: Any, out: wire.Outgoing) -> Any:
        logging.getLogger("httpcore").warning("%s %s %s", out.method, out.url, out.headers)
        return real(self, out)

    patch.setattr(wire.ReplacedLine, "exchange", exchange)


def _anybody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(webhooks, "_genuine", lambda *_given: True)


def _whenever(patch: pytest.MonkeyPatch) -> None:
    real = webhooks._fresh
    patch.setattr(webhooks, "_fresh", lambda text, _tolerance, now: real(text, 10**9, now))


def _each_is_new(patch: pytest.MonkeyPatch) -> None:
    real, count = deliveries.take, itertools.count()

    def take(session: Any, connection: str, delivery: Any, handshake: bool = False) -> bool:
        return real(session, connection, replace(delivery, id=f"{delivery.id}/{next(count)}"), handshake)

    patch.setattr(deliveries, "take", take)


def _said_aloud(patch: pytest.MonkeyPatch) -> None:
    real = hook_flows._checked

    def checked(connector: Any, key: str, headers: Any, body: bytes, hub: Any) -> Any:
        logging.getLogger("hooks").warning("a call: %s", body)
        return real(connector, key, headers, body, hub)

    patch.setattr(hook_flows, "_checked", checked)


def _cursor_first(patch: pytest.MonkeyPatch) -> None:
    """The cursor is written with the page, before anything of it is applied."""
    real = staging.stage

    def stage(session: Any, batch_id: str, *pages: Any, **begun: Any) -> None:
        real(session, batch_id, *pages, **begun)
        applying._move_cursor(session, applying._header(session, batch_id), *session.take_seq())

    patch.setattr(intake, "stage", stage)


def _many_pages(patch: pytest.MonkeyPatch) -> None:
    real = sync._together
    patch.setattr(sync, "_together", lambda pages, _most: real(pages, sync.STAGED // 10))


def _kept_for_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sync, "_apply_kept", lambda *_given: None)


TAKEN: dict[str, tuple[Take, str, str]] = {
    "writes are refused in a dry run": (_dry, "Plain", "write.dry-run"),
    "429 and 503 are repeated": (_never_again, "Plain", "http.5xx"),
    "a write refused with 429 is repeated": (_never_again, "Plain", "write.429"),
    "a write of unknown outcome is not repeated": (_always_again, "Plain", "write.timeout-after-apply"),
    "an error after a write is not repeated": (_always_again, "Plain", "write.500-after-apply"),
    "Retry-After is waited for": (_no_wait, "Plain", "http.429"),
    "retries have a budget": (_no_budget, "Plain", "http.5xx"),
    "401 asks a person": (_every_refusal_is_data, "Plain", "http.401"),
    "a token that has ended is renewed": (_never_renewed, "Renewing", "http.token-expiry"),
    "401 holds a write": (_every_refusal_is_data, "Plain", "write.401"),
    "the cursor is written with what was applied": (_cursor_first, "Going", "read.resumed"),
    "what is given once is kept page by page": (_many_pages, "Queueing", "once.kept"),
    "what a broken-off read has kept is applied": (_kept_for_nothing, "Queueing", "once.kept"),
    "a cursor that leads back ends": (_endless, "Plain", "http.pages-end"),
    "a page that is repeated ends": (_endless_numbers, "Plain", "http.pages-end"),
    "JSON numbers keep their text": (_floats, "Plain", "read.no-float"),
    "the outbox knows what it has sent": (no_outbox, "Plain", "write.twice"),
    "what nothing can settle is held": (_never_held, "Plain", "write.timeout-after-apply"),
    "a dead process leaves doubt": (died_is_fresh, "Plain", "write.crash"),
    "the idempotency key goes along": (_no_key, "Keyed", "write.crash"),
    "doubt is read back": (_no_lookup, "ReadBack", "write.timeout-after-apply"),
    "HTTP libraries are silent": (_talkative, "Plain", "read.private"),
    "a webhook's signature is checked": (_anybody, "Plain", "hook.door"),
    "a webhook's moment is checked": (_whenever, "Plain", "hook.door"),
    "a webhook is known again": (_each_is_new, "Plain", "hook.once"),
    "the door says nothing of a body": (_said_aloud, "Plain", "hook.private"),
}
"""Guard -> how it is taken away, on which connector, and the promise that then breaks."""


@pytest.mark.parametrize("guard", TAKEN)
def test_without_a_guard_a_promise_breaks(
    hostile: ModuleType, guard: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, kind, name = TAKEN[guard]
    assert verdicts(hostile, kind, [name], tmp_path / "with") == {}
    take(monkeypatch)
    assert set(verdicts(hostile, kind, [name], tmp_path / "without")) == {name}


@pytest.mark.parametrize("name", ["rippling", "scim"])
def test_a_cursor_written_with_its_page_is_found_in_any_connector(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _cursor_first(monkeypatch)
    outcome = try_check(IN_TREE[name], CHECKS["read.resumed"], tmp_path)
    assert outcome.verdict is Verdict.BROKEN and "before its rows are applied" in outcome.why


def test_books_that_stay_empty_show_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kithub, "BOOK", kithub.BOOK.replace("biweekly", "fortnightly", 1))
    monkeypatch.setattr(kithub, "_migrated", kithub._migrated.__wrapped__)
    outcome = try_check(IN_TREE["scim"], CHECKS["read.resumed"], tmp_path)
    assert outcome.verdict is Verdict.BROKEN and "employee: no row of the stage finds its place" in outcome.why


FAULTY = {
    "Doubling": "read.rows",
    "Wavering": "read.replay",
    "Resuming": "read.cursor",
    "Dropping": "http.unknown-field",
    "Demanding": "http.missing-field",
    "Skipping": "http.missing-field",
    "Writing": "http.dry-run",
    "Rounding": "write.cents",
    "Constant": "write.cents",
    "Insisting": "write.401",
    "Telling": "write.private",
    "Pointing": "hook.points",
    "Stumbling": "hook.points",
    "Renaming": "hook.once",
    "Blurting": "push.strange",
    "Counting": "push.rows",
    "Trusting": "write.item-refused",
    "Overwriting": "write.version-conflict",
    "GivingUp": "write.version-conflict",
}
"""A connector with one fault -> the promise that it breaks."""


@pytest.mark.parametrize("kind", FAULTY)
def test_a_faulty_connector_is_found(hostile: ModuleType, kind: str, tmp_path: Path) -> None:
    assert set(verdicts(hostile, kind, [FAULTY[kind]], tmp_path)) == {FAULTY[kind]}


def test_limits_are_held_at_the_vendors_door() -> None:
    now, waits = [0.0], []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    window = limits.SlidingWindow(10, 60, lambda: now[0], sleep)
    for _ in range(25):
        window.acquire(1000)
    assert now[0] >= 120
