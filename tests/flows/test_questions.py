"""An employee asks, the employer answers; what was said is sealed, stays, and is seen by those two only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from benehub.errors import DataError
from benehub.flows import Hub, questions
from benehub.flows.onboarding import load_plan_book
from benehub.store.tables import message, person
from benehub.views import questions as seen

BOOK = """
employer: {id: acme, name: Acme}
roles: {hris: hris, payroll: hris}
pay_groups: {monthly: {frequency: monthly, days: [last]}}
plans:
  - id: ppo
    name: PPO
    benefit_type: medical
    carrier: hris
    effective_from: 2026-01-01
    rates: [{from: 2026-01-01, tiers: {EE: 500.00}}]
    deduction: {code: MED, tax_class: pretax, method: per_month, per_month: 1}
"""


@pytest.fixture
def hub(db_url: str, open_hub: Callable[..., Hub]) -> Iterator[Hub]:
    """An employer with two employees."""
    made = open_hub(db_url)
    load_plan_book(made, BOOK, "book")
    with made.store.write("acme") as session:
        rows: list[dict[str, Any]] = [
            {"person_id": name, "kind": "employee", "subscriber_id": name, "member_id": number, "seq": 0}
            for name, number in (("per_ann", "1"), ("per_bo", "2"))
        ]
        session.add(person, rows)
    yield made


def _listed(hub: Hub, **asked: Any) -> list[seen.Question]:
    with hub.store.read("acme") as session:
        return seen.listed(session, **asked)


def _texts(hub: Hub, question: str, who: str = "") -> list[tuple[str, str]]:
    with hub.store.read("acme") as session:
        return [(one.side, one.text) for one in seen.thread(session, question, who)[1]]


def test_a_question_waits_for_the_employer_and_its_answer_for_nobody(hub: Hub) -> None:
    about = {"plan": "ppo", "amount": "$61.25", "label": "Medical", "unheard": "of"}
    ref = questions.ask(hub, "acme", "per_ann", about, " Why so much?\r\n", "usr_ann")
    assert [(one.turn, one.member, one.about) for one in _listed(hub, turn="employer")] == [
        ("employer", "1", {"plan": "ppo", "amount": "$61.25", "label": "Medical"})
    ]
    questions.answer(hub, "acme", ref, "Because of the tier.", "usr_admin")
    assert _listed(hub, turn="employer") == []
    assert _texts(hub, ref, "per_ann") == [("employee", "Why so much?"), ("employer", "Because of the tier.")]
    questions.say(hub, "acme", ref, "per_ann", "And next year?", "usr_ann")
    assert [one.messages for one in _listed(hub, turn="employer")] == [3]


def test_nobody_reads_or_writes_to_somebody_elses(hub: Hub) -> None:
    ref = questions.ask(hub, "acme", "per_ann", {}, "Mine", "usr_ann")
    with pytest.raises(DataError, match="no question"):
        _texts(hub, ref, "per_bo")
    with pytest.raises(DataError, match="no question"):
        questions.say(hub, "acme", ref, "per_bo", "Mine too", "usr_bo")
    assert _listed(hub, person_id="per_bo") == []


def test_what_was_said_is_sealed_and_stays(hub: Hub) -> None:
    ref = questions.ask(hub, "acme", "per_ann", {}, "about my knee", "usr_ann")
    with hub.store.read("acme") as session:
        assert b"knee" not in session.rows(message.select())[0].text_sealed
    for change in (f"UPDATE message SET who = 'x' WHERE question_id = '{ref}'", "DELETE FROM message"):
        with pytest.raises(DBAPIError, match="stays said"), hub.store.write("acme") as session:
            session.connection.execute(text(change))


@pytest.mark.parametrize("said", ["", "  \n", "x" * (questions.MAX_TEXT + 1)])
def test_nothing_and_too_much_is_refused(hub: Hub, said: str) -> None:
    with pytest.raises(DataError):
        questions.ask(hub, "acme", "per_ann", {}, said, "usr_ann")
    assert _listed(hub) == []


def test_one_person_cannot_fill_the_list(hub: Hub) -> None:
    for number in range(questions.MAX_OPEN):
        questions.ask(hub, "acme", "per_ann", {}, f"question {number}", "usr_ann")
    with pytest.raises(DataError, match="wait for an answer"):
        questions.ask(hub, "acme", "per_ann", {}, "one more", "usr_ann")
    questions.ask(hub, "acme", "per_bo", {}, "others can", "usr_bo")


def test_only_what_is_answered_is_closed_and_another_message_opens_it(hub: Hub) -> None:
    ref = questions.ask(hub, "acme", "per_ann", {}, "Why?", "usr_ann")
    with pytest.raises(DataError, match="nobody has answered"):
        questions.close(hub, "acme", ref)
    questions.answer(hub, "acme", ref, "So.", "usr_admin")
    questions.close(hub, "acme", ref)
    assert [one.turn for one in _listed(hub)] == ["closed"]
    questions.say(hub, "acme", ref, "per_ann", "But why?", "usr_ann")
    assert [one.turn for one in _listed(hub)] == ["employer"]


def test_the_list_goes_on_behind_what_was_seen(hub: Hub) -> None:
    refs = [questions.ask(hub, "acme", "per_ann", {}, f"q{number}", "usr_ann") for number in range(3)]
    first = _listed(hub, turn="employer", limit=2)
    rest = _listed(hub, turn="employer", after=first[-1].seq, limit=2)
    assert [one.question for one in [*first, *rest]] == refs
