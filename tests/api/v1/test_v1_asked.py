"""What employees ask, by the API: listed by whose turn it is, read, answered and closed as on the page."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from tests.api.v1.conftest import Api, problem
from tests.api.v1.test_v1_access import person_id
from tests.api.v1.test_v1_lists import statements
from tests.api.v1.test_v1_trail import trail

from benehub.access import Role
from benehub.flows import questions as flow

NONE = "/questions/qst_" + "a" * 24


@pytest.fixture
def asked(api: Api) -> list[str]:
    """Three questions of one employee, in their order."""
    whose = person_id(api)
    about = {"page": "coverage", "plan": "ppo"}
    return [flow.ask(api.hub, "acme", whose, about, f"Why {number}?", "usr_ann") for number in range(3)]


def test_a_question_is_listed_read_answered_and_closed(api: Api, asked: list[str]) -> None:
    assert [one["question"] for one in api.all("/questions")] == asked
    assert person_id(api) in trail(api)
    place = f"/questions/{asked[1]}"
    told, seen = api.get(place), api.etag(place)
    assert person_id(api) in trail(api)
    assert (told["employee"], told["turn"], told["about"]) == ("1001", "employer", {"page": "coverage", "plan": "ppo"})
    assert [(one["side"], one["who"], one["text"]) for one in told["said"]] == [("employee", "usr_ann", "Why 1?")]
    api.act_as(Role.BENEFITS_ADMIN)
    assert problem(api.send(f"{place}/close", status=422, etag=seen), 422, "data")["detail"] == "nobody has answered it"
    answered = api.send(f"{place}/answer", {"text": "Because of the tier."}, key="same", etag=seen).json()
    assert (answered["turn"], answered["messages"]) == ("employee", 2)
    assert [(one["side"], one["who"]) for one in answered["said"]] == [("employee", "usr_ann"), ("employer", "usr_1")]
    assert person_id(api) in trail(api)
    again = api.send(f"{place}/answer", {"text": "Because of the tier."}, key="same", etag=seen)
    assert again.headers["idempotency-replayed"] == "true" and len(api.get(place)["said"]) == 2
    assert [one["question"] for one in api.all("/questions")] == [asked[0], asked[2]]
    for word, body in (("answer", {"text": "Another one."}), ("close", None)):
        late = problem(api.send(f"{place}/{word}", body, 412, etag=seen), 412, "needs_person")
        assert late["changed"] == ["messages", "turn"], "the second of two sees what the first has answered"
        problem(api.send(f"{place}/{word}", body, 422), 422, "request")
    before = api.etag(place)
    assert api.send(f"{place}/close", etag=before).json()["turn"] == "closed"
    late = problem(api.send(f"{place}/answer", {"text": "Another one."}, 412, etag=before), 412, "needs_person")
    assert late["changed"] == ["turn"], "nobody opens it again who has not seen that it is closed"
    assert [one["question"] for one in api.all("/questions", turn="closed")] == [asked[1]]
    assert api.all("/questions", turn="employee") == []


def test_who_may_not_and_what_is_no_answer_is_refused(api: Api, asked: list[str]) -> None:
    place = f"/questions/{asked[0]}"
    for wrong in ({"text": ""}, {"text": "x" * 4001}, {"text": "x", "more": 1}, {}):
        problem(api.send(f"{place}/answer", wrong, 422, etag="*"), 422, "request")
    problem(api.send(f"{place}/answer", {"text": " \n "}, 422, etag="*"), 422, "data")
    api.get("/questions", 422, turn="nobody")
    api.get(NONE, 404)
    problem(api.send(f"{NONE}/answer", {"text": "x"}, 404, etag="*"), 404, "request")
    problem(api.send(f"{NONE}/close", status=404, etag="*"), 404, "request")
    api.act_as(Role.AUDITOR)
    assert api.get(place)["messages"] == 1
    problem(api.send(f"{place}/answer", {"text": "x"}, 403), 403, "access")
    problem(api.send(f"{place}/close", status=403), 403, "access")
    for role in (Role.ENGINEER, Role.FINANCE):
        api.act_as(role)
        api.get("/questions", 403)
        api.get(place, 403)
    api.act_as(Role.BENEFITS_ADMIN, employer="other")
    found = api.client.get(f"/api/v1/employers/other{place}")
    assert problem(found, 404, "request") and "Why" not in found.text


def test_a_page_of_questions_is_found_by_an_index(api: Api, asked: list[str]) -> None:
    with statements(api) as ran:
        api.get("/questions", limit=1, cursor=api.get("/questions", limit=1)["next"])
    sql, values = [one for one in ran if "FROM question" in one[0] and " LIMIT " in one[0]][-1]
    with api.hub.store.engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert any("ix_question_turn" in line for line in plan) and not any("TEMP B-TREE" in line for line in plan), plan
