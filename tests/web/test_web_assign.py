"""A difference is given to somebody: taken, passed on, found by whose it is, and kept from two who decide at once."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import select
from tests.web.conftest import Desk, caller_of

from benehub.access import Role, users
from benehub.flows.users import disable
from benehub.store.schema import INSTALLATION
from benehub.store.tables import difference


@pytest.fixture
def staffed(desk: Desk) -> tuple[Desk, str, str]:
    """Somebody who owns, somebody of finance, and an auditor who works nothing."""
    ids = []
    with desk.store.write(INSTALLATION) as session:
        for name, role in (("Ann Alder", Role.OWNER), ("Fin <b>", Role.FINANCE), ("Au Ditor", Role.AUDITOR)):
            ids.append(users.add(session, f"{role}@acme.example", name))
            users.give(session, ids[-1], role, desk.employer, "test")
    desk.caller = replace(caller_of(Role.OWNER), user=ids[0])
    return desk, ids[1], ids[2]


def place(desk: Desk) -> str:
    with desk.store.read(desk.employer) as session:
        row = session.rows(select(difference).where(*session.where(difference, type="LATE")))[0]
    return f"reconcile/differences/{row.difference_id}"


def seen(html: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', html)
    assert found is not None
    return found[1]


def test_it_is_taken_passed_on_and_given_back(staffed: tuple[Desk, str, str]) -> None:
    desk, finance, auditor = staffed
    assert desk.caller is not None
    path = place(desk)
    shown = desk.get(path)
    assert "Take it" in shown and "Fin &lt;b&gt;" in shown and "Au Ditor" not in shown
    taken = desk.post(f"{path}/assign", seen=seen(shown), to=desk.caller.user)
    assert taken.headers["location"].endswith("done=assigned")
    again = desk.get(path)
    assert "Take it" not in again and "Assigned to: Ann Alder" in again and "since" in again
    late = desk.post(f"{path}/assign", seen=seen(shown), to=finance)
    assert late.status_code == 409 and "Assigned to: Ann Alder" in late.text
    assert path in desk.get("reconcile", assigned="me")
    assert path not in desk.get("reconcile", assigned="none")
    assert desk.post(f"{path}/assign", seen=seen(again), to=finance, note="yours").status_code == 303
    assert path not in desk.get("reconcile", assigned="me") and path in desk.get("reconcile", assigned=finance)
    refused = desk.post(f"{path}/assign", seen=seen(desk.get(path)), to=auditor)
    assert refused.status_code == 400 and "may not work differences" in refused.text
    assert desk.post(f"{path}/assign", seen=seen(desk.get(path))).status_code == 303
    assert path in desk.get("reconcile", assigned="none")
    assert "Zugewiesen an: Niemand" in desk.get(path, lang="de")


def test_whoever_may_not_work_them_gives_none_away_and_who_has_left_gets_none(staffed: tuple[Desk, str, str]) -> None:
    desk, finance, _ = staffed
    path = place(desk)
    disable(desk.hub, "init", finance)
    shown = desk.get(path)
    assert "Fin &lt;b&gt;" not in shown
    assert desk.post(f"{path}/assign", seen=seen(shown), to=finance).status_code == 400
    desk.caller = caller_of(Role.AUDITOR)
    assert desk.post(f"{path}/assign", seen=seen(shown), to="").status_code == 403


def test_an_assignment_outlives_the_next_comparison(staffed: tuple[Desk, str, str]) -> None:
    desk, finance, _ = staffed
    path = place(desk)
    desk.post(f"{path}/assign", seen=seen(desk.get(path)), to=finance)
    desk.start()
    desk.hub.start_flow("reconcile", desk.employer, "again", "2026-10", ["retirement"])
    assert path in desk.get("reconcile", assigned=finance)
