"""What is imported is shown as text, what is typed into a filter is a value, and each page asks for its permission."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import select, update
from tests.web.conftest import Desk, caller_of

from benehub.access import GRANTS, Role
from benehub.api.app import create_app
from benehub.api.guard import Needs
from benehub.records import Dependent, Employee
from benehub.store.tables import confirmation, difference, dispatch, fact, intake_batch, person, run
from benehub.web import PAGES
from benehub.web.people import PARTS

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}"
LISTS = {
    "reconcile": ("leg", "relation", "type", "state", "severity", "owner", "step", "plan", "period", "until", "person",
                  "days", "least", "most", "text", "order", "after"),
    "runs": ("state", "flow", "after"),
    "outgoing": ("state", "operation", "connection", "after"),
    "outgoing/owed": ("kind", "after"),
    "today": ("month", "lang", "theme", "done"),
    "closing": ("month", "done"),
    "reconcile/start": ("month", "leg"),
}  # fmt: skip
TEXTS = frozenset(
    name for record in (Employee, Dependent) for name, one in record.model_fields.items()
    if one.annotation in (str, str | None) and name not in ("employee", "employee_number", "pay_group")
)  # fmt: skip
"""Every field of people that a source fills with a text of its own."""
INJECTED = (EVIL, "' OR 1=1 --", "1; DROP TABLE difference", "\x00", "%_\\", "é" * 3000, "-1", "9" * 40, "2026-99")


class Marked(HTMLParser):
    """The names of all elements, and every attribute that would run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.runs: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name.startswith("on") or "javascript:" in (value or "").lower() or (tag == "script" and name != "src"):
                self.runs.append((tag, name)) if name != "defer" else None


def harmless(page: str) -> None:
    found = Marked(page)
    assert found.runs == []
    assert "img" not in found.tags
    assert len(re.findall(r"<script\b", page)) <= 1
    assert "{{" not in page or "{{7*7}}" in page


def poison(desk: Desk, texts: frozenset[str]) -> None:
    """Put the same text wherever something imported may stand, of people into these fields."""
    with desk.store.write(desk.employer) as session:
        connection = session.connection
        connection.execute(update(difference).values(cause=EVIL, action=EVIL, plan="401k", reference=EVIL))
        connection.execute(update(dispatch).values(reason=EVIL, file_name=EVIL[:150]))
        connection.execute(update(run).values(error=EVIL, mend=EVIL, subject=EVIL, error_class="X<b>"))
        connection.execute(update(confirmation).values(code=EVIL[:40], reference=EVIL))
        connection.execute(update(intake_batch).values(reason=EVIL))
        numbers = session.rows(select(person.c.person_id).where(*session.where(person)))
        for place, row in enumerate(numbers):
            session.change(person, {"person_id": row.person_id}, member_id=f"<b>{place}</b>")
    with desk.store.engine.connect() as raw:
        # Facts are never changed: the guard is taken away for the time of this write.
        names = [
            row[0]
            for row in raw.exec_driver_sql("select name from sqlite_master where type='trigger' and tbl_name='fact'")
        ]
        for name in names:
            raw.exec_driver_sql(f"drop trigger {name}")
        for one in raw.execute(select(fact.c.fact_id, fact.c.data)).all():
            told = texts & {*(one.data or ())}
            if told:
                bad = {**one.data, **dict.fromkeys(told, EVIL)}
                raw.execute(update(fact).where(fact.c.fact_id == one.fact_id).values(data=bad))
        raw.commit()


def test_what_was_imported_is_text_on_every_page(desk: Desk) -> None:
    poison(desk, TEXTS)
    with desk.store.read(desk.employer) as session:
        whose = [row.person_id for row in session.rows(select(person.c.person_id).where(*session.where(person)))]
    for path in ("people", *(f"people/{one}?show={part}" for one in (whose[0], whose[-1]) for part in PARTS)):
        harmless(desk.get(path))
    poison(desk, TEXTS | {"pay_group"})  # no source brings one that the plan book does not have
    with desk.store.read(desk.employer) as session:
        differences = [row.difference_id for row in session.rows(select(difference).where(*session.where(difference)))]
        sent = [row.dispatch_id for row in session.rows(select(dispatch).where(*session.where(dispatch)).limit(4))]
        ran = [row.run_id for row in session.rows(select(run).where(*session.where(run)).limit(2))]
    paths = [
        *LISTS, "unlinked", "questions", "deadlines", "connections", "trail",
        "reconcile?state=all", "reconcile/rules", "closing/2026-10/checklist",
        *(f"reconcile/differences/{one}" for one in differences), *(f"outgoing/{one}" for one in sent),
        *(f"outgoing/{one}/content" for one in sent), *(f"runs/{one}" for one in ran),
    ]  # fmt: skip
    told = 0
    for path in paths:
        page = desk.get(path)
        harmless(page)
        told += "&lt;script&gt;alert(1)" in page
    assert told > len(differences)


@pytest.mark.parametrize("value", INJECTED, ids=range(len(INJECTED)))
@pytest.mark.parametrize("path", LISTS)
def test_what_is_typed_into_a_filter_is_a_value(read_desk: Desk, path: str, value: str) -> None:
    for name in LISTS[path]:
        answer = read_desk.client.get(read_desk.address(path), params={name: value})
        assert answer.status_code in (200, 400, 422), (name, answer.status_code)
        harmless(answer.text)
        if answer.status_code == 200 and path == "reconcile" and value != "-1" and name in ("text", "person", "plan"):
            assert 'class="dif"' not in answer.text, "nothing is like that"
    with read_desk.store.read(read_desk.employer) as session:
        assert session.rows(select(difference.c.difference_id)), "the table stands"


ROUTES = [
    (route, next(d.call for d in route.dependant.dependencies if isinstance(d.call, Needs)))
    for one in PAGES
    for route in one.router.routes
    if route.path != "/"
]


def _asked(dependant: Any) -> Iterator[str]:
    """The names of the query's parameters."""
    yield from (one.alias for one in dependant.query_params)
    for below in dependant.dependencies:
        yield from _asked(below)


def test_no_filter_of_any_page_is_more_than_a_value(read_desk: Desk) -> None:
    """Walked from the routers: what the list above does not name is tried too, on what is there where it can be."""
    with read_desk.store.read(read_desk.employer) as session:
        some = {"difference": session.rows(select(difference.c.difference_id).where(*session.where(difference)))[0][0],
                "dispatch": session.rows(select(dispatch.c.dispatch_id).where(*session.where(dispatch)))[0][0],
                "number": session.rows(select(person.c.member_id).where(*session.where(person)))[0][0],
                "employer": read_desk.employer, "month": "2026-10", "connection": "carrier"}  # fmt: skip
    tried = set()
    for route, needs in ROUTES:
        place = re.sub(r"\{(\w+)[^}]*\}", lambda one: str(some.get(one[1], some["difference"])), route.path)
        named = set(_asked(route.dependant)) - set(LISTS.get(route.path.removeprefix("/e/{employer}/"), ()))
        for name in sorted(named if "GET" in route.methods and needs.permission in GRANTS[Role.OWNER] else ()):
            for value in INJECTED[:4]:
                answer = read_desk.client.get(place, params={name: value})
                assert answer.status_code in (200, 303, 400, 404, 422), (route.path, name, value, answer.status_code)
                harmless(answer.text) if "html" in answer.headers.get("content-type", "") else None
            tried.add((route.path, name))
    assert {name for _, name in tried} >= {"search", "connection", "who", "ref", "find", "kind", "level", "action"}


@pytest.mark.parametrize("role", Role)
def test_every_page_is_there_for_its_permission_alone(read_desk: Desk, role: Role) -> None:
    """Walked from the routers: whoever may not is refused before anything is looked at, also by an employer's id."""
    owner = read_desk.caller
    try:
        for route, needs in ROUTES:
            path = re.sub(r"\{(?!employer)\w+(:\w+)?\}", "x", route.path)
            method = next(iter(route.methods - {"HEAD"}))
            for employer in (read_desk.employer, "somebody_else"):
                read_desk.caller = caller_of(role, employer=read_desk.employer)
                status = read_desk.client.request(method, path.replace("{employer}", employer)).status_code
                if "{employer}" not in route.path:
                    assert status == 403, path  # it is the installation's, and the role is with one employer
                elif employer != read_desk.employer or role is Role.EMPLOYEE:
                    assert status == 404, path
                elif needs.permission not in GRANTS[role]:
                    assert status == 403, path
                else:
                    assert status not in (401, 403), path
            read_desk.caller = None
            assert read_desk.client.request(method, path.replace("{employer}", read_desk.employer)).status_code == 401
    finally:
        read_desk.caller = owner


def test_a_form_carries_the_proof_that_it_is_ours(read_desk: Desk) -> None:
    with read_desk.store.read(read_desk.employer) as session:
        one = session.rows(select(difference).where(*session.where(difference)))[0].difference_id
    app = create_app(read_desk.hub, lambda request: _with_csrf(request, read_desk))
    client = type(read_desk.client)(app, follow_redirects=False)
    for path in ("reconcile/start", f"reconcile/differences/{one}"):
        page = client.get(read_desk.address(path)).text
        posts = len(re.findall(r'<form[^>]*method="post"', page))
        assert posts and page.count('<input type="hidden" name="csrf" value="tok&#34;en">') == posts


def _with_csrf(request: Any, desk: Desk) -> Any:
    request.state.csrf = 'tok"en'
    return desk.caller


def test_every_route_of_the_pages_is_in_the_application(read_desk: Desk) -> None:
    paths = {route.path for route in iter_route_contexts(read_desk.client.app.routes)}
    assert {route.path for route, _ in ROUTES} <= paths
