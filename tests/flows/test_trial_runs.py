"""A plan book tried on many employees as a run: the same result, part by part, with how far it is; nothing in force."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import func, select

from benehub import planbook
from benehub.errors import DataError, NeedsPersonError
from benehub.flows import Hub, runs, trial_runs
from benehub.flows.onboarding import load_plan_book
from benehub.flows.plan_trial import impact, tried
from benehub.flows.trial_runs import FLOW, is_long, keep_text, outcome_of, text_of, tried_books, try_by_run
from benehub.periods import Month
from benehub.store.tables import fact, payload, run
from benehub.views import runs as view

Open = Callable[..., Hub]
OCTOBER = Month(2026, 10)


@pytest.fixture
def hub(db_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType) -> Hub:
    """Three employees, each a part of their own, of whom more than one are many."""
    made = open_hub(db_url)
    fakehub.set_up(made, tmp_path / "vendor", "read_back")
    return made


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part is one employee, as is a step."""
    monkeypatch.setattr(trial_runs, "tried", partial(tried, size=1))
    monkeypatch.setattr(trial_runs, "PARTS", 1)


def dearer(fakehub: ModuleType) -> str:
    return str(fakehub.BOOK).replace("80%", "75%", 1)


def begun(hub: Hub, text: str, key: str = "a key") -> tuple[str, tuple[Any, ...]]:
    """The key and arguments of a run in this process."""
    with hub.store.write("acme") as session:
        return key, (keep_text(session, text), hub.book(session).version, str(OCTOBER), key)


def stood(hub: Hub, key: str = "a key") -> dict[str, Any]:
    with hub.store.read("acme") as session:
        return view.run(session, session.id("run", FLOW, key))


def test_a_run_finds_the_same_as_whoever_is_answered_at_once(hub: Hub, fakehub: ModuleType) -> None:
    text, book = dearer(fakehub), planbook.load(dearer(fakehub), "book")
    key, arguments = begun(hub, text)
    with hub.store.read("acme") as session:
        at_once, in_force = impact(session, hub.book(session), book, OCTOBER), hub.book(session)
        facts = session.rows(select(func.count()).select_from(fact))
    hub.start_flow(FLOW, "acme", key, *arguments)
    with hub.store.read("acme") as session:
        told = outcome_of(session, session.id("run", FLOW, key))
        assert told is not None and told.impact == at_once and any(one.changed for one in at_once)
        assert (told.month, told.before, text_of(session, told.kept)) == (OCTOBER, in_force.version, text)
        assert [one.version for one in tried_books(session, in_force, told)] == [in_force.version, book.version]
        assert hub.book(session).version == in_force.version, "nothing is put in force"
        assert session.rows(select(func.count()).select_from(fact)) == facts
    assert stood(hub)["counts"] == {"employees": 3, "of": 3}, "what it found is told to who may ask for it"
    steps = [one.name for one in hub.steps("acme", stood(hub)["run"])]
    assert steps[:4] == ["count", "part 1", "part 2", "part 3"]
    load_plan_book(hub, text, "book")
    with hub.store.read("acme") as session:
        both = tried_books(session, hub.book(session), told)
    assert [one.version for one in both] == [in_force.version, book.version], "also once another one is in force"


def test_it_tells_how_far_it_is_and_ends_where_it_is_canceled(
    hub: Hub, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    key, arguments = begun(hub, dearer(fakehub))

    def watched(text: str) -> None:
        told.append((text, stood(hub)["counts"]))
        if len(told) == 2:
            hub.cancel("acme", stood(hub)["run"])

    hub.progress = watched
    with pytest.raises(NeedsPersonError):
        hub.start_flow(FLOW, "acme", key, *arguments)
    assert told == [
        ("tried on 1 of 3 employees", {}), ("tried on 2 of 3 employees", {"employees": 1, "of": 3})
    ]  # fmt: skip
    assert (stood(hub)["state"], stood(hub)["counts"]) == ("canceled", {"employees": 2, "of": 3})
    with hub.store.read("acme") as session:
        assert outcome_of(session, stood(hub)["run"]) is None


def test_a_book_put_in_force_meanwhile_ends_it(hub: Hub, fakehub: ModuleType) -> None:
    key, arguments = begun(hub, dearer(fakehub))
    load_plan_book(hub, str(fakehub.BOOK).replace("80%", "60%", 1), "book")
    with pytest.raises(DataError, match="put in force meanwhile"):
        hub.start_flow(FLOW, "acme", key, *arguments)
    assert stood(hub)["state"] == "failed"


def test_whoever_asks_again_is_told_of_the_run_under_way(
    hub: Hub, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, book = dearer(fakehub), planbook.load(dearer(fakehub), "book")
    by = runs.By("usr_ann", ("edit_plan_book",))
    first = try_by_run(hub, "acme", book, text, OCTOBER, by=by)
    assert try_by_run(hub, "acme", book, text, OCTOBER, "another") == first
    assert try_by_run(hub, "acme", book, text, OCTOBER.plus(1)) != first
    assert try_by_run(hub, "acme", book, f"{text}\n# other words\n", OCTOBER) != first, "of that text would be loaded"
    with hub.store.read("acme") as session:
        assert runs.started_by(session, first) == by
        assert session.rows(select(func.count()).select_from(run).where(run.c.flow == FLOW))[0][0] == 3
        kept = session.rows(select(payload.c.payload_sealed).where(payload.c.employer_id == "acme"))
        assert not any(b"medical" in bytes(row.payload_sealed) for row in kept)


def test_many_are_more_than_the_bound(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with hub.store.read("acme") as session:
        assert not is_long(session, OCTOBER)
        for bound, long in ((2, True), (3, False)):
            monkeypatch.setattr(trial_runs, "AT_ONCE", bound)
            assert is_long(session, OCTOBER) is long


def test_a_text_that_is_not_kept_is_said(hub: Hub) -> None:
    with hub.store.read("acme") as session, pytest.raises(DataError, match="Try it again"):
        text_of(session, "0" * 64)
