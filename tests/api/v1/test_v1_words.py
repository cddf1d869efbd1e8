"""Words of a connection by the API: told with those that nobody has mapped, and set as the page sets them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from tests.api.v1.conftest import Api, problem

from benehub import connections
from benehub.access import Role
from benehub.store.tables import act, confirmation, intake_batch
from benehub_connectors.bank_files import BankFiles

PLACE = "/connections/payroll/words"
MON = {"place": "codes", "theirs": "MON", "ours": "monthly"}


def test_a_word_is_set_on_what_was_looked_at_and_says_who_did(api: Api) -> None:
    first = api.etag(PLACE)
    assert first == api.etag("/connections/payroll")
    assert api.get(PLACE) == {"connection": "payroll", "maps": [{"place": "codes", "words": {}}], "unmapped": []}
    api.act_as(Role.ENGINEER)
    told = api.send(PLACE, MON, etag=first)
    assert told.json()["maps"] == [{"place": "codes", "words": {"MON": "monthly"}}]
    assert told.headers["etag"] == api.etag(PLACE) != first
    changed = problem(api.send(PLACE, MON | {"ours": "weekly"}, 412, etag=first), 412, "needs_person")
    assert changed["changed"] == ["settings"]
    gone = api.send(PLACE, MON | {"ours": ""}, etag=told.headers["etag"])
    assert gone.json()["maps"][0]["words"] == {} and gone.headers["etag"] != told.headers["etag"]
    with api.hub.store.read("acme") as session:
        rows = session.rows(select(act).where(*session.where(act, what="map a word")))
    assert [(row.who, row.note) for row in rows] == [
        ("usr_1", "codes: MON = monthly"),
        ("usr_1", "codes: MON = nothing"),
    ]


def test_codes_without_a_meaning_are_told_those_that_came_most_often_first(api: Api) -> None:
    with api.hub.store.write("acme") as session:
        batch = session.rows(select(intake_batch.c.batch_id).where(*session.where(intake_batch)))[0].batch_id
        row = {
            "kind": "register_line", "connection_id": "payroll", "version": 1, "current": 1, "external_id": "P1",
            "part": "employee", "tax_class": "", "tier": "", "coverage_month": "", "amount": 1, "unit": "USD",
            "reference": "", "detail": {}, "batch_id": batch, "row_no": 1, "seq": 1,
        }  # fmt: skip
        codes = ({"code": "VIS"}, {"code": "DEN"}, {"code": "DEN"}, {"code": "OLD", "current": 0},
                 {"code": "PPO", "plan": "ppo"}, {"code": "PTO", "part": "leave_taken"})  # fmt: skip
        session.add(confirmation, [{"plan": None, **row, "row_key": str(key), **one} for key, one in enumerate(codes)])
    assert api.get(PLACE)["unmapped"] == [{"code": "DEN", "part": "employee", "lines": 2},
                                          {"code": "VIS", "part": "employee", "lines": 1}]  # fmt: skip


def test_what_is_no_word_and_who_may_not_is_refused(api: Api) -> None:
    for wrong in ({"place": "folder"}, {"place": "no.such"}, {"place": "vendor"}, {"theirs": " "}):
        assert problem(api.send(PLACE, MON | wrong, 422, etag="*"), 422, "data")
    for wrong in ({"theirs": ""}, {"ours": "x" * 121}, {"theirs": "a\nb"}, {"place": ""}, {"more": 1}):
        problem(api.send(PLACE, MON | wrong, 422, etag="*"), 422, "request")
    api.send(PLACE, MON, 422)
    api.send("/connections/none/words", MON, 404, etag="*")
    api.get("/connections/none/words", 404)
    api.act_as(Role.AUDITOR)
    assert api.get(PLACE)["maps"][0]["words"] == {}
    problem(api.send(PLACE, MON, 403, etag="*"), 403, "access")


def test_only_words_are_set_and_no_account_nor_folder(api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    settings = {
        "place": {"folder": str(tmp_path)}, "format": "sepa",
        "sepa": {"name": "Acme", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX"},
        "payees": {"carrier": {"name": "Carrier", "iban": "DE75512108001245126199"}},
    }  # fmt: skip
    monkeypatch.setattr(api.hub, "connectors", {**api.hub.connectors, "bank_files": BankFiles})
    with api.hub.store.write("acme") as session:
        connections.add(session, "bank", BankFiles, settings, "watch")
    before = api.etag("/connections/bank")
    for place, theirs in (("payees.carrier", "iban"), ("sepa", "iban"), ("place", "folder"), ("payees", "carrier")):
        wrong = {"place": place, "theirs": theirs, "ours": "DE89370400440532013000"}
        problem(api.send("/connections/bank/words", wrong, 422, etag="*"), 422, "data")
    assert api.etag("/connections/bank") == before
