"""Webhooks of ours: written with their event, signed as a receiver's own library checks it, tried again, given up."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook
from tests.api.v1.conftest import Api, problem, start_clock
from tests.api.v1.test_v1_trail import trail

from benehub import dispatch as dispatch_room
from benehub.connect.webhooks import STANDARD, sign
from benehub.flows import first_results, hook_delivery, hook_subscriptions
from benehub.flows import runs as run_rows
from benehub.flows.hook_delivery import PAUSES, deliver
from benehub.flows.reconciling import act
from benehub.flows.worker import _delivering
from benehub.store.events import EVENTS, note_event
from benehub.store.tables import dispatch, hook_message

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = {"events": sorted(EVENTS), "secret": "env:BENEHUB_HOOK_ACME"}


class Receiver:
    """A real server that keeps what it is sent."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.status)
                self.send_header("location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def told(self) -> list[tuple[str, str]]:
        """Type and id of everything it was sent."""
        found = [json.loads(body) for _, body in self.heard]
        return [(one["type"], one["data"]["id"]) for one in found]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that the settings allow."""
    monkeypatch.setenv("BENEHUB_HOOK_ACME", SECRET)
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def subscribed(api: Api, receiver: Receiver, **more: Any) -> str:
    """A subscription of the receiver's; gives its address at the API."""
    api.hub.hook_hosts = frozenset({receiver.host})
    body = BODY | {"url": f"http://{receiver.host}/in"} | more
    return f"/webhooks/{api.send('/webhooks', body, 201).json()['subscription']}"


def later(api: Api, fakes: Any, **after: float) -> None:
    """The hub's clock is so much further."""
    start_clock(api.hub, fakes.NOW + timedelta(days=1) + timedelta(**after))


@pytest.mark.parametrize("which", ["api", "pg_api"])
def test_what_happens_is_told_once_signed_with_ids_only(
    which: str, request: pytest.FixtureRequest, receiver: Receiver
) -> None:
    api: Api = request.getfixturevalue(which)
    subscribed(api, receiver)
    (one, *_) = [row["difference"] for row in api.get("/differences")["items"]]
    told = api.get("/ledger/journal", employee=api.get(f"/differences/{one}")["employee"])["items"]
    entry = next(row["entry"] for row in told if row["status"] == "posted")
    act(api.hub, "acme", one, "ann", step="acknowledged")
    act(api.hub, "acme", one, "ann", state="resolved", note="said by Ann Alder", entries=[entry])
    with api.hub.store.write("acme") as session:
        first = session.rows(select(dispatch.c.dispatch_id))[0].dispatch_id
        dispatch_room.acknowledge(session, first, "accepted")
        run = run_rows.begin(session, "sync", "x", "nobody")
        assert run_rows.end(session, run, {}) and not run_rows.end(session, run, {})
    assert deliver(api.hub).delivered == 3
    assert sorted(receiver.told()) == sorted(
        [("difference.closed", one), ("dispatch.acknowledged", first), ("run.ended", run)]
    )
    for headers, body in receiver.heard:
        sent_at = int(headers["webhook-timestamp"])
        assert headers["webhook-id"].startswith("whm_") and headers["content-type"] == "application/json"
        assert headers["host"] == receiver.host and b"Ann" not in body
        assert set(json.loads(body)) == {"type", "timestamp", "data"}
        # The receivers' own library, its clock set to the hub's.
        webhook = Webhook(SECRET)
        verify = {"webhook-id": headers["webhook-id"], "webhook-timestamp": headers["webhook-timestamp"],
                  "webhook-signature": headers["webhook-signature"]}  # fmt: skip
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(webhook, "_Webhook__verify_timestamp", lambda _text: api.hub.store.clock())
            webhook.verify(body, verify)
            with pytest.raises(Exception, match=r"(?i)signature"):
                webhook.verify(body + b" ", verify)
        assert abs(sent_at - api.hub.store.clock().timestamp()) < 60
    assert deliver(api.hub).delivered == 0


def test_what_is_taken_back_is_not_told(api: Api, receiver: Receiver) -> None:
    subscribed(api, receiver)

    class Lost(Exception):
        """Something went wrong before the commit."""

    with pytest.raises(Lost), api.hub.store.write("acme") as session:
        run = run_rows.begin(session, "sync", "x", "nobody")
        run_rows.end(session, run, {})
        raise Lost
    assert deliver(api.hub).delivered == 0
    assert receiver.heard == []


def test_only_what_was_asked_for_is_written(api: Api, receiver: Receiver) -> None:
    subscribed(api, receiver, events=["period.closed"])
    with api.hub.store.write("acme") as session:
        run_rows.end(session, run_rows.begin(session, "sync", "x", "nobody"), {})
        note_event(session, "period.closed", ["clo_1"], "2026-10")
        note_event(session, "period.closed", ["clo_1"], "2026-10")
    with api.hub.store.write("other") as session:
        note_event(session, "period.closed", ["clo_2"], "2026-10")
    assert deliver(api.hub).delivered == 1
    assert receiver.told() == [("period.closed", "clo_1")]


def test_a_failure_is_tried_for_days_and_given_up_and_sent_anew_by_a_word(
    api: Api, receiver: Receiver, fakes: Any
) -> None:
    path = subscribed(api, receiver)
    api.send(f"{path}/test", status=202)
    api.send(f"{path}/test", status=202)
    receiver.status = 302  # a redirection is no answer
    told = deliver(api.hub)
    assert (told.failed, len(receiver.heard)) == (1, 1), "the others wait until he answers"
    assert deliver(api.hub).failed == 1
    waits = 0.0
    for pause in (*PAUSES, timedelta(0)):
        waits += pause.total_seconds() + 60
        later(api, fakes, seconds=waits)
        deliver(api.hub)
        deliver(api.hub)
    found = api.get(f"{path}/messages")["items"]
    assert [(one["state"], one["tries"], one["reason"]) for one in found] == [
        ("dead", len(PAUSES) + 1, "status 302")
    ] * 2
    assert api.get("/webhooks")["items"][0]["dead"] == 2
    ids = {headers["webhook-id"] for headers, _ in receiver.heard}
    assert ids == {one["message"] for one in found}
    receiver.status = 204
    api.send(f"{path}/messages/{found[0]['message']}/resend", status=204)
    problem(api.send(f"{path}/messages/{found[0]['message']}/resend", status=422), 422, "data")
    assert deliver(api.hub).delivered == 1
    assert {one["state"] for one in api.get(f"{path}/messages")["items"]} == {"dead", "delivered"}
    assert [one["message"] for one in api.all(f"{path}/messages")] == [one["message"] for one in found]


def test_who_is_gone_is_sent_no_more(api: Api, receiver: Receiver) -> None:
    path = subscribed(api, receiver)
    api.send(f"{path}/test", status=202)
    receiver.status = 410
    assert deliver(api.hub).dead == 1
    told = api.get(path)
    assert (told["state"], told["failed_in_row"]) == ("paused", 1)
    api.send(f"{path}/pause", etag="*")
    assert api.get(path)["failed_in_row"] == 0, "a person knows of it"


def test_a_secret_that_is_gone_or_an_address_that_has_moved_inside_is_a_failure(
    api: Api, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = subscribed(api, receiver)
    api.send(f"{path}/test", status=202)
    monkeypatch.delenv("BENEHUB_HOOK_ACME")
    assert deliver(api.hub).failed == 1
    assert "empty or missing" in api.get(f"{path}/messages")["items"][0]["reason"]
    monkeypatch.setenv("BENEHUB_HOOK_ACME", SECRET)
    api.hub.hook_hosts = frozenset()
    api.send(f"{path}/test", status=202)
    assert deliver(api.hub).failed == 1
    assert "not https" in api.get(f"{path}/messages")["items"][0]["reason"]
    assert receiver.heard == []


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"url": "https://127.0.0.1/x"}, 422),
        ({"url": "http://8.8.8.8/x"}, 422),
        ({"url": "https://localhost/x"}, 422),
        ({"url": "javascript:alert(1)"}, 422),
        ({"events": ["all"]}, 422),
        ({"events": []}, 422),
        ({"secret": "env:BENEHUB_KEYS"}, 422),
        ({"secret": "file:/etc/passwd"}, 422),
        ({"secret": SECRET}, 422),
    ],
)
def test_what_may_not_be_subscribed(api: Api, more: dict[str, Any], status: int) -> None:
    api.send("/webhooks", BODY | {"url": "https://8.8.8.8/x"} | more, status)
    assert api.get("/webhooks")["items"] == []


def test_a_subscription_is_paused_resumed_and_removed_with_what_waits(api: Api, receiver: Receiver) -> None:
    path = subscribed(api, receiver)
    etag = api.etag(path)
    paused = api.send(f"{path}/pause", etag=etag)
    assert paused.json()["state"] == "paused"
    assert problem(api.send(f"{path}/pause", status=412, etag=etag), 412, "needs_person")["changed"] == ["state"]
    with api.hub.store.write("acme") as session:
        note_event(session, "period.closed", ["clo_1"], "2026-10")
    for what in ("test", "resend", "messages/whm_aaaaaaaaaaaaaaaaaaaaaaaa/resend"):
        assert "paused" in problem(api.send(f"{path}/{what}", status=409), 409, "needs_person")["detail"], what
    assert api.get(f"{path}/messages")["items"] == []
    api.send(f"{path}/resume", etag="*")
    api.send(f"{path}/test", status=202)
    api.send(path, None, 204, etag="*", method="DELETE")
    with api.hub.store.read("acme") as session:
        assert session.rows(select(hook_message)) == []
    api.send(f"{path}/test", status=404)


def test_a_secret_of_the_hubs_own_is_told_once_and_both_sign_while_it_is_changed(
    api: Api, receiver: Receiver, fakes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.hub.hook_hosts = frozenset({receiver.host})
    made = api.send("/webhooks", {"url": f"http://{receiver.host}/in", "events": ["run.ended"]}, 201).json()
    assert made["subscription"] in trail(api)
    path, first = f"/webhooks/{made['subscription']}", made["signing_secret"]
    assert first.startswith("whsec_") and made["secret"] == ""
    assert first not in str(api.get("/webhooks")) + str(api.get(path))
    etag = api.etag(path)
    second = api.send(f"{path}/rotate", {}, etag=etag).json()["signing_secret"]
    assert second not in ("", first) and api.get(path)["old_secret_until"]
    told = problem(api.send(f"{path}/rotate", {}, 412, etag=etag), 412, "needs_person")
    assert told["changed"] == ["secret"]
    told = problem(api.send(f"{path}/rotate", {}, 409, etag="*"), 409, "needs_person")
    assert "still signs" in told["detail"] and "Wait until" in str(told)
    assert holds(api, receiver, path, first, second) == [first, second]
    later(api, fakes, days=1, seconds=1)
    assert api.get(path)["old_secret_until"] is None
    assert holds(api, receiver, path, first, second) == [second]
    named = api.send(f"{path}/rotate", {"secret": "env:BENEHUB_HOOK_ACME"}, etag="*").json()
    assert (named["secret"], named["signing_secret"]) == ("env:BENEHUB_HOOK_ACME", None)
    assert holds(api, receiver, path, first, second, SECRET) == [second, SECRET]
    monkeypatch.delenv("BENEHUB_HOOK_ACME")
    later(api, fakes, days=2, seconds=2)
    third = api.send(f"{path}/rotate", {}, etag="*").json()["signing_secret"]
    assert holds(api, receiver, path, second, SECRET, third) == [third], "the one before is gone: no reason to stay"
    problem(api.send(f"{path}/rotate", {"secret": "env:HOME"}, 422, etag="*"), 422, "request")


def holds(api: Api, receiver: Receiver, path: str, *secrets: str) -> list[str]:
    """Which of these secrets the signature of a test holds by."""
    api.send(f"{path}/test", status=202)
    assert deliver(api.hub).delivered == 1
    headers, body = receiver.heard[-1]
    signed = headers["webhook-signature"].split()
    given = (headers["webhook-id"], api.hub.store.clock())
    return [one for one in secrets if sign(STANDARD, one, body, *given)["webhook-signature"] in signed]


def test_what_failed_last_is_told_and_tried_at_once(api: Api, receiver: Receiver) -> None:
    path = subscribed(api, receiver)
    made = api.send(f"{path}/test", status=202).json()["message"]
    receiver.status = 503
    deliver(api.hub)
    told = api.get(path)
    assert (told["failed_in_row"], told["last_reason"], told["waiting"]) == (1, "status 503", 1) and told["last_at"]
    assert deliver(api.hub).failed == 0, "it waits"
    receiver.status = 200
    assert api.send(f"{path}/resend").json() == {"messages": 1}
    assert deliver(api.hub).delivered == 1
    told = api.get(path)
    assert (told["failed_in_row"], told["last_reason"], told["waiting"]) == (0, "status 200", 0)
    assert (
        api.get(f"{path}/messages")["items"][0] | {"message": made, "tries": 2, "state": "delivered"}
        == (api.get(f"{path}/messages")["items"][0])
    )
    assert api.send(f"{path}/resend").json() == {"messages": 0}


def test_one_whose_process_died_before_it_answered_is_added_once_and_its_secret_told_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_results, "keep", lambda *_: None)
    monkeypatch.setattr(first_results, "BUSY", timedelta(0))
    body = {"url": "https://8.8.8.8/in", "events": ["run.ended"]}
    made = api.send("/webhooks", body, 201, key="one").json()
    assert api.send("/webhooks", body, 201, key="one").json() == made and made["signing_secret"]
    assert api.send("/webhooks", body, 201, key="two").json()["subscription"] != made["subscription"]
    assert len(api.get("/webhooks")["items"]) == 2
    start_clock(api.hub, api.hub.store.clock() + timedelta(days=2))
    later = api.send("/webhooks", body, 201, key="one").json()
    assert later["subscription"] != made["subscription"], "a key is not kept for ever"
    assert later["signing_secret"] not in (None, made["signing_secret"])
    assert api.send("/webhooks", body, 201, key="one").json() == later and len(api.get("/webhooks")["items"]) == 3


def test_a_secret_whose_process_died_before_it_was_told_is_changed_once_and_told_again(
    api: Api, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.hub.hook_hosts = frozenset({receiver.host})
    made = api.send("/webhooks", {"url": f"http://{receiver.host}/in", "events": ["run.ended"]}, 201).json()
    path, first = f"/webhooks/{made['subscription']}", made["signing_secret"]
    etag = api.etag(path)
    monkeypatch.setattr(first_results, "keep", lambda *_: None)
    monkeypatch.setattr(first_results, "BUSY", timedelta(0))
    second = api.send(f"{path}/rotate", {}, key="one", etag=etag).json()["signing_secret"]
    assert api.send(f"{path}/rotate", {}, key="one", etag=etag).json()["signing_secret"] == second != first
    problem(api.send(f"{path}/rotate", {}, 412, key="two", etag=etag), 412, "needs_person")
    problem(api.send(f"{path}/rotate", {}, 409, key="three", etag="*"), 409, "needs_person")
    assert holds(api, receiver, path, first, second) == [first, second]
    with api.hub.store.read("acme") as session:
        kept = session.unseal(hook_subscriptions.get(session, made["subscription"]).secret_sealed, "hook_subscription")
    assert kept.decode() == second, "a release that knows nothing of keys signs with all that is sealed"
    assert 24 <= len(base64.b64decode(second.removeprefix("whsec_"))) <= 64, "what receivers' libraries take"
    start_clock(api.hub, api.hub.store.clock() + timedelta(days=2))
    third = api.send(f"{path}/rotate", {}, key="one", etag="*").json()["signing_secret"]
    assert third not in (first, second), "a key is not kept for ever"


def test_a_reference_whose_process_died_before_it_answered_is_put_in_once(
    api: Api, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = subscribed(api, receiver)
    etag, body = api.etag(path), {"secret": "env:BENEHUB_HOOK_OTHER"}
    monkeypatch.setattr(first_results, "keep", lambda *_: None)
    monkeypatch.setattr(first_results, "BUSY", timedelta(0))
    first = api.send(f"{path}/rotate", body, key="one", etag=etag)
    for key, named in (("one", etag), ("any", "*")):
        again = api.send(f"{path}/rotate", body, key=key, etag=named)
        assert again.json() == first.json() and again.headers["etag"] == first.headers["etag"] != etag
    other = {"secret": "env:BENEHUB_HOOK_ACME"}
    problem(api.send(f"{path}/rotate", other, 412, key="two", etag=etag), 412, "needs_person")
    start_clock(api.hub, api.hub.store.clock() + timedelta(days=2))
    problem(api.send(f"{path}/rotate", body, 412, key="one", etag=etag), 412, "needs_person")


def test_a_worker_delivers_by_itself(api: Api, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    path = subscribed(api, receiver)
    heard = threading.Event()
    post = hook_delivery.hooks_out.post
    monkeypatch.setattr(hook_delivery.hooks_out, "post", lambda *args: (post(*args), heard.set())[0])
    api.send(f"{path}/test", status=202)
    with _delivering(api.hub, threading.Event()):
        assert heard.wait(60)
    assert len(receiver.heard) == 1
