"""What pages show and the API tells too: where a person's money is, decisions, notices, and plans side by side."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import yaml
from tests.api.v1.conftest import Api, problem
from tests.api.v1.test_v1_access import person_id

from benehub import facts, obligations
from benehub.access import Role
from benehub.access.audit import newest
from benehub.facts import Version
from benehub.flows.onboarding import load_plan_book
from benehub.obligations import Wanted
from benehub.store.tables import explanation
from benehub.views.mine.told import SEND


def test_where_a_persons_money_is(api: Api) -> None:
    (way,) = api.get("/people/1001/money", year=2026)["items"]
    assert (way["plan"], way["when"], way["where"], way["unit"]) == ("ppo", "2026-10", "due", "USD")
    assert {name: way[name] for name in ("premium", "owed", "taken", "given", "sent", "credited")} == {
        "premium": "500.00", "owed": "100.00", "taken": "0.00", "given": "0.00", "sent": "0.00", "credited": "0.00",
    }  # fmt: skip
    assert set(way["proofs"]) == {"owed", "given"} and api.get(f"/why/{way['proofs']['owed']}")
    assert api.get("/people/1001/money", year=2026, plan="ppo", month="2026-10")["items"] == [way]
    for other in ({"plan": "dental"}, {"month": "2026-09"}):
        assert api.get("/people/1001/money", year=2026, **other)["items"] == []
    assert api.get("/people/1001/money", year=2025)["items"] == []
    api.get("/people/1001/money", 422)
    api.get("/people/nobody/money", 404, year=2026)
    with api.hub.store.read("acme") as session:
        assert any(person_id(api) in row.ref for row in newest(session))
    api.act_as(Role.ENGINEER)
    api.get("/people/1001/money", 403, year=2026)


def test_what_was_decided_on_a_persons_cover(api: Api) -> None:
    (held,) = api.get("/people/1001/decisions")["items"]
    assert (held["plan"], held["status"], held["stands_in_the_way"]) == ("ppo", "eligible", [])
    assert api.get(f"/why/{held['decision']}")["ref"] == held["decision"]
    who = person_id(api)
    content = {"rule": "eligibility/1", "reasons": [
        {"rule": "waiting_period", "outcome": "fail", "needed": {"hire_date": "2026-09-01"}},
    ]}  # fmt: skip
    with api.hub.store.write("acme") as session:
        session.add(explanation, [{
            "explanation_id": "elg_" + "a" * 24, "rule": "eligibility", "rule_version": "1", "plan_book": "b",
            "known_at": 1, "content": content,
        }])  # fmt: skip
        data = {"status": "waiting", "covered": [["2026-10-01", None]], "decisions": ["elg_" + "a" * 24]}
        facts.record(session, [Version("eligibility", who, "ppo", session.today(), data)], "test")
    made, before = api.get("/people/1001/decisions")["items"]
    assert (made["plan"], made["status"], made["covered"]) == ("ppo", "waiting", ["2026-10-01 open"])
    assert made["stands_in_the_way"] == ["waiting_period fail, needs hire_date 2026-09-01"]
    assert api.get("/people/1001/decisions", plan="ppo")["items"] == [made, before] and before == held
    assert api.get("/people/1001/decisions", plan="dental")["items"] == []
    api.get("/people/nobody/decisions", 404)


def test_what_a_person_was_told_before_asking(api: Api) -> None:
    assert api.get("/people/1001/notices")["items"] == []
    with api.hub.store.write("acme") as session:
        day = session.today()
        says = {"plan": "ppo", "open_minor": 50_00, "months": "2026-10"}
        letter = {"email": "ann@acme.example", "kind": "arrears", "language": "en", "reference": "obl_1"}
        content = {"letter": letter, "says": says, "refs": ["ent_1"]}
        obligations.want(session, [
            Wanted(SEND, "notice.send/arrears/1", "payroll", "2026-10", day, day, content, person_id=person_id(api))
        ])  # fmt: skip
    (told,) = api.get("/people/1001/notices")["items"]
    assert (told["kind"], told["state"], told["sent_at"], told["refs"]) == ("arrears", "waiting", "", ["ent_1"])
    assert "50.00" in told["text"] and "PPO" in told["text"] and "ann@acme.example" not in str(told)
    (german,) = api.get("/people/1001/notices", lang="de")["items"]
    assert german["text"] != told["text"] and "50,00" in german["text"]


def test_the_plan_that_people_have_beside_the_others(api: Api, root: Path, fakes: ModuleType) -> None:
    told = problem(api.client.get("/api/v1/employers/acme/plan-book/comparison"), 409, "fatal")
    assert "no plan of the plan book has a design" in told["detail"] and told["mend"]
    example = yaml.safe_load((root / "config" / "planbook.example.yaml").read_text(encoding="utf-8"))
    design = {one["id"]: one["design"] for one in example["plans"] if "design" in one}
    book = yaml.safe_load(fakes.BOOK)
    (ppo,) = book["plans"]
    deduction = {**ppo["deduction"], "code": "HDH"}
    hdhp = {**ppo, "id": "hdhp", "name": "HDHP", "deduction": deduction, "design": design["hdhp"]}
    book["plans"] = [{**ppo, "design": design["ppo"]}, hdhp]
    load_plan_book(api.hub, json.dumps(book, default=str), "book")
    found = api.get("/plan-book/comparison")
    assert (found["plan"], found["currency"]) == ("ppo", "USD") and "estimate" in found["label"]
    (one,) = found["candidates"]
    assert (one["plan"], one["rank"], one["verdict"] in ("qualifies", "unknown", "does_not")) == ("hdhp", 1, True)
    assert set(one) >= {"saving", "worst", "losing", "winning", "speaks_for", "speaks_against", "unknown"}
    assert found == api.get("/plan-book/comparison", plan="ppo")
    api.get("/plan-book/comparison", 422, plan="none")
    api.get("/plan-book/comparison", 422, plan="A B")
