"""Whom an answer shows stands in the trail: walked from the router, so that a new address that says nobody fails."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select
from tests.api.v1.conftest import ACME, Api, reads_tables
from tests.api.v1.test_v1_access import person_id, routes

from benehub import dispatch as outbox
from benehub import obligations
from benehub.access.audit import newest
from benehub.api.trail import named_in
from benehub.connect.capabilities import Guard
from benehub.dispatch import Frozen
from benehub.flows import dispatches as flow
from benehub.flows import imports
from benehub.flows.import_columns import decided
from benehub.flows.questions import ask
from benehub.obligations import Wanted
from benehub.store import Session
from benehub.store.tables import difference, dispatch, entry, fix, intake_batch, obligation, person, run, suppression
from benehub.views.carried import everybody as people_of
from benehub.views.strangers import unlinked

UNNAMED = {
    "/suppressions": "kinds of differences that are set aside, of everybody",
    "/plan-book/text": "what is promised to everybody", "/cost": "sums", "/reconciliations/{run}": "sums",
    "/premiums/lacking": "whose premium lacks, here nobody's", "/trail/export": "the trail",
    "/imports": "tables", "/imports/{upload}": "a table",
    "/imports/{upload}/columns": "headings", "/imports/{upload}/preview": "whom it would change, here nobody known",
}  # fmt: skip
"""Guarded reads that may name nobody, by address, each with what they show."""


def trail(api: Api) -> set[str]:
    """Whom and what the newest row names."""
    with api.hub.store.read("acme") as session:
        found = newest(session, limit=1)
    return set(found[0].ref.split()) if found else set()


def census(api: Api) -> str:
    """A table about somebody nobody knows yet, its columns decided; its id."""
    reads_tables(api.hub)
    told = {"employee_number": "X1", "first_name": "Ann", "last_name": "Ash", "birth_date": "1990-02-03",
            "ssn": "900-11-2233", "hire_date": "2025-01-06", "employment_class": "full_time",
            "pay_group": "monthly"}  # fmt: skip
    data = f"{','.join(told)}\n{','.join(told.values())}\n".encode()
    made = imports.receive(api.hub, "acme", "census", "employee", "census.csv", data, "usr_ann")
    how = decided("employee", {one: one for one in told}, {}, {}, full=False, decimal_comma=False, date_format="")
    imports.decide(api.hub, "acme", made, how)
    return made


def test_whom_an_answer_shows_stands_in_the_trail(api: Api) -> None:
    some = {"question": ask(api.hub, "acme", person_id(api), {}, "Why?", "usr_ann")}
    some |= {"person": "1001", "plan": "ppo", "connection": "payroll", "schedule": "none", "subscription": "none",
            "month": "2026-10"}  # fmt: skip
    some["upload"] = census(api)
    with api.hub.store.read("acme") as session:
        numbers = {row.member_id: row.person_id for row in session.rows(select(person).where(*session.where(person)))}
        (one,) = session.rows(select(obligation).where(*session.where(obligation),
                                                       obligation.c.person_id.is_not(None)).limit(1))  # fmt: skip
        some |= {"obligation": one.obligation_id}
        some["stranger"] = str(unlinked(session)[0]["ref"])
        for name, table in (("run", run), ("difference", difference), ("suppression", suppression), ("fix", fix)):
            some[name] = str(session.rows(select(table.c[f"{name}_id"]).where(*session.where(table)))[0][0])
        some["read"] = str(session.rows(select(intake_batch.c.batch_id).where(*session.where(intake_batch)))[0][0])
        some["ref"] = str(session.rows(select(entry.c.entry_id).where(*session.where(entry)))[0][0])
        about = select(obligation.c.dispatch_id).where(*session.where(obligation), obligation.c.person_id.is_not(None),
                                                       obligation.c.dispatch_id.is_not(None))  # fmt: skip
        some["dispatch"] = str(session.rows(about.order_by(obligation.c.dispatch_id))[0][0])
        assert session.rows(select(dispatch).where(*session.where(dispatch, dispatch_id=some["dispatch"])))
    params: dict[str, dict[str, Any]] = {
        "deductions": {"pay_date": "2026-10-15"},
        "contributions": {"year": 2026}, "money": {"year": 2026}, "cost": {"month": "2026-10"},
        "clearing": {"month": "2026-10"}, "deposits": {"month": "2026-10"}, "lacking": {"month": "2026-10"},
        "trace": {"month": "2026-10", "employee": "1001", "plan": "ppo"},
    }  # fmt: skip
    looked: dict[str, set[str]] = {}
    for method, path, needs in routes(api):
        if method != "GET" or "{employer}" not in path or path.endswith("/events"):
            continue
        place = path.removeprefix("/api/v1/employers/{employer}")
        found = api.client.get(f"{ACME}{place.format(**some)}", params=params.get(place.rsplit("/", 1)[-1]))
        if found.status_code != 200 or "{schedule}" in place or "{subscription}" in place:
            continue
        shown = _people(found, numbers)
        named = trail(api) if needs.noted else set()
        assert shown <= named, (place, shown - named)
        looked[place] = named
    silent = {place for place, named in looked.items() if not any(one.startswith("per_") for one in named)}
    noted = {path.removeprefix("/api/v1/employers/{employer}") for method, path, needs in routes(api)
             if method == "GET" and needs.noted}  # fmt: skip
    assert silent & noted <= set(UNNAMED) | {"/elections", "/ledger/balances"}, "they name nobody"
    assert len(looked) > 25 and {"/obligations", "/ledger/journal", "/why/{ref}", "/trace"} <= set(looked) - silent


def test_who_stands_only_inside_a_text_is_named(api: Api) -> None:
    with api.hub.store.read("acme") as session:
        made = [row.person_id for row in session.rows(select(person.c.person_id).where(*session.where(person)))]
    assert made and named_in({"key": f"enrollment.change/carrier/{'/'.join(made)}", "why": ["none"]}) == set(made)


def test_whoever_takes_a_file_of_everybody_along_has_seen_everybody(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file from before it was kept of whom one tells is opened for the first look at it, and for no other."""
    opened: list[str] = []

    def everybody(session: Session, one: str) -> set[str]:
        opened.append(one)
        return people_of(session, one)

    monkeypatch.setattr(flow, "everybody", everybody)
    with api.hub.store.write("acme") as session:
        made = [row.person_id for row in session.rows(select(person.c.person_id).where(*session.where(person)))]
        day, rows = session.today(), {"rows": [{"person": one} for one in made]}
        obligations.want(session, [Wanted("contribution.deposit", "file", "payroll", "2026-10", day, day, rows)])
        frozen = Frozen("payroll", "contribution.deposit", "file", b"all", Guard.NONE, len(made), 0, "USD", "all.csv")
        file = outbox.prepare(session, frozen)
        obligations.mark(session, [session.id("obl", "file")], "open", "frozen", file)
    for path in ("", "/preview", "/content"):
        assert api.client.get(f"{ACME}/dispatches/{file}{path}").status_code == 200
        assert trail(api) >= {f"people:{len(made)}", *made}, path
    assert opened == [file]


def _people(found: Any, numbers: dict[str, str]) -> set[str]:
    """The hub's ids of whom an answer names in any way."""
    if found.headers["content-type"] != "application/json":
        return set()
    told = named_in(found.json())
    words = set(re.findall(r"[\w-]+", found.text)) & set(numbers)
    return {numbers[one] for one in (told | words) if one in numbers} | {one for one in told if one.startswith("per_")}
