"""By the API too: vendors' people are linked, months signed, plan books tried and loaded; two who do so are told."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update
from tests.api.v1.conftest import ACME, Api, problem

from benehub.access import Role
from benehub.access.audit import newest
from benehub.api.loosening import must_not_loosen
from benehub.crypto import Vault
from benehub.flows import Hub
from benehub.flows import closing as flow
from benehub.flows.onboarding import load_plan_book
from benehub.identity import strangers
from benehub.store.tables import crosswalk
from benehub.views import closing as view
from benehub.views.closing import Condition


def test_who_is_who_is_said_by_a_person(api: Api) -> None:
    ann, other = api.all("/unlinked")
    assert [one["employee"] for one in ann["likely"]] == ["1001"] and other["likely"] == []
    place = f"/unlinked/{ann['ref']}"
    seen = api.etag(place)
    api.send(f"{place}/link", {"employee": "1001", "note": "her old number"}, 422, etag=seen)  # has another id there
    told = api.send(f"{place}/link", {"employee": "1001", "note": "her old number", "also": True}, etag=seen)
    assert told.json()["linked_to"] == "1001" and told.headers["etag"] != seen
    late = api.client.post(f"{ACME}{place}/reject", json={"note": "x"},
                           headers={"idempotency-key": "late", "if-match": seen})  # fmt: skip
    assert "person" in problem(late, 412, "needs_person")["changed"]
    assert [one["ref"] for one in api.all("/unlinked")] == [other["ref"]]
    freed = api.send(f"{place}/unlink", {"note": "it is not her"}, etag=told.headers["etag"]).json()
    assert freed["linked_to"] == "" and [one["what"] for one in freed["said"]] == ["link", "unlink"]
    api.send(f"{place}/reject", {"employee": "1002", "note": "nor him"}, etag="*")
    aside = api.send(f"/unlinked/{other['ref']}/reject", {"note": "a contractor"}, etag="*").json()
    assert aside["how"] == strangers.ASIDE
    assert [one["ref"] for one in api.all("/unlinked")] == [ann["ref"]]
    assert {one["ref"] for one in api.all("/unlinked", aside=True)} == {ann["ref"], other["ref"]}


def test_a_vendors_id_stands_in_no_cursor(api: Api) -> None:
    """It may be an SSN; addresses are kept by proxies and browsers."""
    with api.hub.store.write("acme") as session:
        session.connection.execute(
            update(crosswalk).where(crosswalk.c.external_id == "9001").values(external_id="900-11-0001")
        )
    page = api.get("/unlinked", limit=1)
    assert "900-11-0001" not in str(page)
    (rest,) = api.get("/unlinked", limit=1, cursor=page["next"])["items"]
    assert rest["id"] == "9002"


def test_a_key_that_is_not_loaded_is_no_fault_of_the_cursor(api: Api) -> None:
    gone = Vault({"k0": b"0" * 32}, "k0").seal(b"{}", "acme/crosswalk")
    cursor = api.get("/unlinked", limit=1)["next"]
    with api.hub.store.write("acme") as session:
        session.connection.execute(update(crosswalk).where(crosswalk.c.external_id == "9002").values(told_sealed=gone))
    told = api.client.get(f"{ACME}/unlinked", params={"limit": 1, "cursor": cursor})
    assert "sealed with key 'k0', which is not loaded" in told.text and "cursor" not in told.json()["detail"]
    problem(api.client.get(f"{ACME}/unlinked", params={"cursor": cursor[:-9]}), 422, "request")


def test_names_of_strangers_are_for_whoever_may_link_them(api: Api) -> None:
    api.act_as(Role.AUDITOR)
    assert {one["name"] for one in api.all("/unlinked")} == {"A*** P***"}
    api.act_as(Role.BENEFITS_ADMIN)
    assert {one["name"] for one in api.all("/unlinked")} == {"Ann Person1"}


def test_a_month_is_signed_when_all_holds_and_not_before(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    found = api.get("/periods/2026-10/check")
    missing = [one["name"] for one in found["items"] if not one["holds"]]
    assert not found["holds"] and missing and api.get("/periods") == {"items": []}
    refused = api.client.post(f"{ACME}/periods/2026-10/close", json={"sure": True}, headers={"idempotency-key": "a"})
    told = problem(refused, 409, "needs_person")["detail"]
    assert all(one in told for one in missing)
    api.send("/periods/2026-10/close", {"sure": False}, 422)
    api.get("/periods/2026-10", 404)
    held = [Condition("All of it", 0, (), "")]
    monkeypatch.setattr(flow, "checklist", lambda *_: held)
    done = api.send("/periods/2026-10/close", {"sure": True, "note": "as agreed"}, 201).json()
    (signed,) = api.get("/periods")["items"]
    report = api.get("/periods/2026-10")
    assert done["digest"] == signed["digest"] == report["digest"]
    assert (report["who"], report["note"], report["conditions"]) == ("Ann (usr_owner)", "as agreed", ["All of it"])
    assert report["accounts"] and view.COUNTS[0] in report["custody"][0]


def test_a_plan_book_is_tried_on_the_people_and_loaded_by_who_looked(api: Api, fakes: Any) -> None:
    before = api.get("/plan-book")
    text = api.get("/plan-book/text")["text"]
    dearer = text.replace("EE: 500.00", "EE: 510.00")
    tried = api.send("/plan-book/check", {"text": dearer}).json()
    assert tried["ok"] and tried["version"] != before["version"]
    refused = api.send("/plan-book/check", {"text": text.replace("EE: 500.00", "EE: 5x")}).json()
    assert not refused["ok"] and "plans" in " ".join(refused["faults"])
    changes = api.send("/plan-book/diff", {"text": dearer}).json()["changes"]
    assert [(one["before"], one["after"]) for one in changes] == [("500.00", "510.00")]
    (plan,) = api.send("/plan-book/preview", {"text": dearer, "month": "2026-10"}).json()["plans"]
    assert plan["covered"] and (plan["status"], plan["unpriced"]) == ("changed", 0)
    assert api.get("/plan-book") == before, "nothing is put in force"
    api.send("/plan-book/diff", {"text": text.replace("id: acme", "id: other")}, 422)
    api.send("/plan-book", {"text": text.replace("id: acme", "id: other")}, 422, etag="*", method="PUT")
    seen = api.etag("/plan-book")
    loaded = api.send("/plan-book", {"text": dearer}, etag=seen, method="PUT")
    assert loaded.json()["version"] == tried["version"] and loaded.headers["etag"] != seen
    late = api.send("/plan-book", {"text": text}, 412, etag=seen, method="PUT")
    assert problem(late, 412, "needs_person")["changed"] == ["version"]
    assert api.get("/plan-book")["version"] == tried["version"]
    strict = f"{text}guards: {{second_person_above: 100.00}}\n"
    seen = api.send("/plan-book", {"text": strict}, etag="*", method="PUT").headers["etag"]
    api.act_as(Role.BENEFITS_ADMIN)
    for looser in (text, strict.replace("100.00", "200.00")):
        refused = problem(api.send("/plan-book", {"text": looser}, 403, etag=seen, method="PUT"), 403, "access")
        assert "manage_access" in refused["detail"]
    api.send("/plan-book", {"text": strict.replace("100.00", "50.00")}, etag=seen, method="PUT")


def test_a_book_that_is_made_stricter_meanwhile_is_not_loosened_by_who_may_not(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = api.get("/plan-book/text")["text"]
    strict = f"{text}guards: {{second_person_above: 100.00}}\n"
    wanted = {"text": f"{text}guards: {{second_person_above: 500.00}}\n"}
    api.send("/plan-book", wanted, etag="*", method="PUT")

    def owner_comes_between(hub: Hub, *arguments: Any) -> str:
        allowed = must_not_loosen(hub, *arguments)
        load_plan_book(hub, strict, "book")
        return allowed

    monkeypatch.setattr("benehub.api.v1.plan_book.must_not_loosen", owner_comes_between)
    api.act_as(Role.BENEFITS_ADMIN)
    problem(api.send("/plan-book", wanted, 412, etag="*", method="PUT"), 412, "needs_person")
    assert api.get("/plan-book/text")["text"] == strict
    api.act_as(Role.OWNER)
    api.send("/plan-book", wanted, etag="*", method="PUT")


def test_a_fix_is_listed_read_and_decided_by_who_has_looked(api: Api) -> None:
    (made,) = api.all("/fixes", state="proposed")
    assert made in api.get(f"/differences/{made['difference']}/fixes")["items"] and not api.all(
        "/fixes", state="failed"
    )
    (option,) = api.get(f"/differences/{made['difference']}/fix-options")["items"]
    assert option["action"] == made["action"] and "is proposed" in option["why_not"]
    api.get(f"/differences/{made['difference']}/fix-preview", 422)
    api.send(f"/differences/{made['difference']}/fixes", {}, 422)
    place = f"/fixes/{made['fix']}"
    shown, seen = api.get(place), api.etag(place)
    assert shown["preview"] == "what would leave" and shown["history"][0]["note"] == "they lost him"
    api.send(f"{place}/approve", {}, 503, etag=seen)
    no = api.send(f"{place}/reject", {"note": "not this way"}, etag=seen)
    assert (no.json()["state"], no.json()["reason"]) == ("rejected", "not this way")
    late = api.send(f"{place}/withdraw", {"note": "x"}, 412, etag=seen)
    assert "state" in problem(late, 412, "needs_person")["changed"]
    with api.hub.store.read("acme") as session:
        tried = [(row.action.rsplit("/", 1)[1], row.outcome) for row in newest(session)
                 if "{fix}/" in row.action and row.outcome != "asked"]  # fmt: skip
    assert tried == [("withdraw", "refused"), ("reject", "done"), ("approve", "failed")]
