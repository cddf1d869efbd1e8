"""Webhooks sent, at their page: added, followed, tried anew, changed by those who may, seen by those who may see."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select, update
from tests.web.conftest import Desk, caller_of
from tests.web.test_web_safety import EVIL, harmless
from tests.web.test_web_trail import last

from benehub.access import Role
from benehub.api.app import create_app
from benehub.connect.hooks_out import Answer
from benehub.flows import hook_delivery
from benehub.store.events import EVENTS
from benehub.store.tables import hook_message, hook_subscription
from benehub.web.catalog import LANGUAGES, catalog

URL = "https://8.8.8.8/in"
SECRET = re.compile(r'class="secret">(whsec_[^<]+)<')


def added(desk: Desk) -> tuple[str, str]:
    """A subscription by the form: its id and the secret that was shown."""
    answer = desk.post("webhooks", url=URL, event=["run.ended", "period.closed"])
    assert answer.status_code == 201, answer.text[-500:]
    shown, found = SECRET.search(answer.text), re.search(r"webhooks/(whs_\w+)/", answer.text)
    assert shown and found
    return found[1], shown[1].replace("&#43;", "+")


def seen(html: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', html)
    assert found is not None
    return found[1]


def answers(desk: Desk, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """What is due is delivered, and the receiver answers so."""
    monkeypatch.setattr(hook_delivery.hooks_out, "post", lambda *_: Answer(status, f"status {status}"))
    hook_delivery.deliver(desk.hub)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_event_has_its_words(language: str) -> None:
    assert [one for one in (*EVENTS, "subscription.test") if f"webhooks.event.{one}" not in catalog(language)] == []


def test_one_is_added_tested_paused_changed_and_removed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Nobody hears of events yet." in desk.get("connections")
    name, secret = added(desk)
    shown = desk.get(f"webhooks/{name}")
    assert secret not in shown and "Nothing sent yet" in shown and "usr_ann" in shown
    assert URL in desk.get("connections") and URL in desk.get("webhooks")
    assert desk.post(f"webhooks/{name}/test").headers["location"].endswith("?done=queued")
    answers(desk, monkeypatch, 200)
    assert "Arrived" in desk.get(f"webhooks/{name}")
    late = seen(desk.get(f"webhooks/{name}"))
    changed = desk.post(f"webhooks/{name}/rotate", seen=late)
    found = SECRET.search(changed.text)
    assert changed.status_code == 200 and found and found[1] != secret
    assert "a signature by the secret before this one" in desk.get(f"webhooks/{name}")
    for what in ("pause", "rotate", "remove"):
        stale = desk.post(f"webhooks/{name}/{what}", seen=late)
        assert stale.status_code == 409 and "Nothing was saved." in stale.text and SECRET.search(stale.text) is None
    assert desk.post(f"webhooks/{name}/pause", seen=seen(desk.get(f"webhooks/{name}"))).status_code == 303
    assert "It hears nothing." in desk.get(f"webhooks/{name}")
    assert desk.post(f"webhooks/{name}/resume").status_code == 303
    assert desk.post(f"webhooks/{name}/dance").status_code == 422
    assert desk.post(f"webhooks/{name}/remove").status_code == 303
    desk.get(f"webhooks/{name}", 404)
    assert desk.post(f"webhooks/{name}/test").status_code == 404


def test_what_failed_is_said_in_both_languages_and_tried_anew(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    name, _ = added(desk)
    desk.post(f"webhooks/{name}/test")
    answers(desk, monkeypatch, 503)
    shown = desk.get("connections")
    assert "Failed" in shown and "status 503" in shown
    german = desk.get(f"webhooks/{name}", lang="de")
    assert "Gescheitert" in german and "nächster Versuch" in german and "Status 503" in german
    with desk.store.read(desk.employer) as session:
        message = session.rows(select(hook_message.c.message_id))[0].message_id
    assert desk.post(f"webhooks/{name}/messages/{message}/again").status_code == 303
    answers(desk, monkeypatch, 410)
    shown = desk.get(f"webhooks/{name}", lang="en", state="dead")
    assert "given up" in shown and "paused" in shown and "Try a" not in shown
    for what in ("test", "again", f"messages/{message}/again"):
        refused = desk.post(f"webhooks/{name}/{what}")
        assert refused.status_code == 409 and "is paused, and hears nothing" in refused.text, what
    assert "No message." in desk.get(f"webhooks/{name}", state="delivered")
    desk.post(f"webhooks/{name}/resume")
    assert "Try all that failed again" in desk.get(f"webhooks/{name}")
    assert desk.post(f"webhooks/{name}/again").status_code == 303
    answers(desk, monkeypatch, 204)
    shown = desk.get(f"webhooks/{name}")
    assert "Arrived" in shown and "Failed" not in shown and "Try again" not in shown
    assert desk.post(f"webhooks/{name}/messages/{message}/again").status_code == 404, "it has not failed"


@pytest.mark.parametrize(
    ("wrong", "told", "german"),
    [
        ({"url": "http://8.8.8.8/x"}, "it is not https", "sie ist nicht https"),
        ({"url": "https://127.0.0.1/x"}, "it leads inside", "sie führt nach innen"),
        ({"url": "https://10.1.2.3/x"}, "it leads inside", "sie führt nach innen"),
        ({"url": "https://169.254.169.254/latest"}, "it leads inside", "sie führt nach innen"),
        ({"url": "https://[::1]/x"}, "it leads inside", "sie führt nach innen"),
        ({"url": "https://a:b@8.8.8.8/x"}, "no plain address", "keine einfache Adresse"),
        ({"url": "javascript:alert(1)"}, "it is not https", "sie ist nicht https"),
        ({"url": EVIL}, "", ""),
        ({"url": ""}, "it is not https", "sie ist nicht https"),
        ({"event": []}, "hears of one event at least", "mindestens von einem Ereignis"),
        ({"event": ["all"]}, "No event is called", "Kein Ereignis heißt"),
        ({"secret": "env:BENEHUB_KEYS"}, "no reference that may be used", "kein Verweis"),
        ({"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "no reference that may be used", "kein Verweis"),
    ],
)  # fmt: skip
def test_what_may_not_be_is_said_above_the_form(desk: Desk, wrong: dict[str, object], told: str, german: str) -> None:
    for language, text in (("en", told), ("de", german)):
        desk.client.cookies.set("benehub_lang", language)
        answer = desk.post("webhooks", **{"url": URL, "event": ["run.ended"], **wrong})
        assert answer.status_code == 400 and 'role="alert"' in answer.text and text in answer.text
        harmless(answer.text.replace('value="javascript:', 'value="'))  # in a field it is a text like any other
    with desk.store.read(desk.employer) as session:
        assert session.rows(select(hook_subscription)) == []


def test_a_secret_is_not_changed_while_the_one_before_still_signs(desk: Desk) -> None:
    name, _ = added(desk)
    assert last(desk) == [name], "the trail says what was made"
    assert SECRET.search(desk.post(f"webhooks/{name}/rotate").text)
    for language, told in (
        ("en", ", or remove the webhook and add it anew"),
        ("de", " warten, oder den Webhook entfernen"),
    ):
        desk.client.cookies.set("benehub_lang", language)
        refused = desk.post(f"webhooks/{name}/rotate")
        assert refused.status_code == 409 and told in refused.text and SECRET.search(refused.text) is None


def test_a_secret_that_was_pasted_by_mistake_is_not_written_back(desk: Desk) -> None:
    for secret, back in (("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", False), ("env:BENEHUB_HOOK_ACME", True)):
        answer = desk.post("webhooks", url=URL, event=["all"], secret=secret)
        assert answer.status_code == 400 and (secret in answer.text) is back


def test_a_place_in_the_list_that_is_no_text_is_refused(desk: Desk) -> None:
    name, _ = added(desk)
    for after in ("\x00", "2026~\x07"):
        assert "Type it anew" in desk.get(f"webhooks/{name}", 400, after=after)


def test_what_is_refused_leads_to_the_page_it_stood_on(desk: Desk, links: Callable[[str], list[str]]) -> None:
    name, _ = added(desk)
    for path in ("pause", "dance", "messages/whm_none/again"):
        refused = desk.post(f"webhooks/{name}/{path}", seen="stale")
        found = [one for one in links(refused.text) if "lang=" in one or "theme=" in one]
        assert refused.status_code >= 400 and found, path
        assert {one.partition("?")[0] for one in found} == {desk.address(f"webhooks/{name}")}, path


def test_what_stands_in_an_address_or_an_answer_is_text(desk: Desk) -> None:
    name, _ = added(desk)
    desk.post(f"webhooks/{name}/test")
    with desk.store.write(desk.employer) as session:
        session.connection.execute(
            update(hook_subscription).values(url=EVIL, who=EVIL, last_reason=EVIL, last_at=session.now(),
                                             failed_in_row=2, secret=EVIL, secret_sealed=None)
        )  # fmt: skip
        session.connection.execute(update(hook_message).values(reason=EVIL, ref=EVIL[:40], tries=3))
    for path in ("connections", "webhooks", f"webhooks/{name}"):
        shown = desk.get(path)
        harmless(shown)
        assert "&lt;script&gt;alert(1)" in shown


def test_who_only_sees_finds_no_form_and_changes_nothing(desk: Desk) -> None:
    name, _ = added(desk)
    for role in (Role.AUDITOR, Role.BENEFITS_ADMIN):
        desk.caller = caller_of(role)
        for path in ("webhooks", f"webhooks/{name}"):
            assert '<form method="post" action="/e/' not in re.sub(r"/signout", "", desk.get(path)), path
        for path in ("webhooks", f"webhooks/{name}/rotate", f"webhooks/{name}/remove", f"webhooks/{name}/again"):
            assert desk.post(path, url=URL, event="run.ended").status_code == 403, path
    desk.caller = caller_of(Role.FINANCE)
    desk.get("webhooks", 403)
    desk.caller = caller_of(Role.ENGINEER)
    assert desk.post(f"webhooks/{name}/pause").status_code == 303
    assert 'class="stack" method="post"' in desk.get("webhooks")


def test_every_form_carries_the_proof_that_it_is_ours(desk: Desk) -> None:
    name, _ = added(desk)

    def signed_in(request: object) -> object:
        request.state.csrf = "token"  # type: ignore[attr-defined]  # as a session puts it there
        return desk.caller

    client = type(desk.client)(create_app(desk.hub, signed_in), follow_redirects=False)  # type: ignore[arg-type]  # any callable will do
    for path in ("webhooks", f"webhooks/{name}"):
        shown = client.get(desk.address(path)).text
        posts = len(re.findall(r'<form[^>]*method="post"', shown))
        assert posts and shown.count('name="csrf" value="token"') == posts
