"""One read of a system on its page: why something of it waits, and who lays it aside, tries it again or lets it in."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from tests.web.conftest import Desk, caller_of

from benehub.access import Role
from benehub.flows import custody
from benehub.store.tables import intake_batch
from benehub.views.custody import batches


def waiting(desk: Desk) -> str:
    """The page of a read of the HRIS that has rows in quarantine."""
    with desk.store.read(desk.employer) as session:
        row = batches(session, waiting=True, connection_id="hris")[0]
    return f"connections/hris/reads/{row['batch']}"


def test_what_waits_is_tried_again_and_laid_aside_with_a_reason(desk: Desk) -> None:
    place = waiting(desk)
    desk.caller = caller_of(Role.ENGINEER, employer=desk.employer)
    assert f"/{place}" in desk.get("connections/hris")
    told = desk.get(place)
    assert "hireDate" in told and ">waits<" in told and "Release" not in told
    desk.caller = caller_of(Role.OWNER, employer=desk.employer)
    for what in ("again", "discard", "release"):
        assert desk.post(f"{place.replace('hris', 'payroll')}/{what}", note="x").status_code == 404, what
    desk.caller = caller_of(Role.ENGINEER, employer=desk.employer)
    assert desk.post(f"{place}/again").status_code == 303 and ">waits<" in desk.get(place)
    assert desk.post(f"{place}/discard", note=" ").status_code == 400
    assert desk.post(f"{place}/discard", note="<b>a test</b>").status_code == 303
    told = desk.get(place, lang="de")
    assert "beiseitegelegt" in told and "&lt;b&gt;a test&lt;/b&gt;" in told and "wartet<" not in told
    assert desk.post(f"{place}/discard", note="again").status_code == 404, "nothing waits any more"
    desk.get(place.replace("hris", "payroll"), 404)
    desk.get("connections/hris/reads/int_none", 404)


def test_a_held_read_is_let_in_by_whoever_approves_and_edits_people(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = waiting(desk)
    with desk.store.write(desk.employer) as session:
        of = update(intake_batch).where(intake_batch.c.batch_id == place.rpartition("/")[2])
        session.connection.execute(of.values(state="held", reason="9 % of the rows would end somebody"))
    let_in: list[tuple[str, ...]] = []
    monkeypatch.setattr(custody, "release", lambda _hub, *told: let_in.append(told))
    for role, status in ((Role.FINANCE, 403), (Role.AUDITOR, 403), (Role.BENEFITS_ADMIN, 303)):
        desk.caller = caller_of(role, employer=desk.employer)
        assert desk.post(f"{place}/release", note="the plant closed").status_code == status
    assert let_in == [(desk.employer, place.rpartition("/")[2], "usr_ann", "the plant closed")]
    told = desk.get(place)
    assert "would end somebody" in told and "/release" in told and "/discard" not in told
