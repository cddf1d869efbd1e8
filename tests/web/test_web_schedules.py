"""Schedules at a page: added as the command adds them, changed, paused, run now, removed."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select
from tests.web.conftest import Desk, caller_of

from benehub.access import Role
from benehub.errors import DataError, RetriableError
from benehub.flows import job_schedules, runs
from benehub.flows.schedulable import FLOWS, OPTIONS
from benehub.store.tables import schedule
from benehub.web.catalog import LANGUAGES, catalog

NIGHTLY = {"name": "nightly", "flow": "sync", "connection": "hris", "cron": "0 6 * * mon-fri"}


def rows(desk: Desk) -> dict[str, tuple[str, str, str, int]]:
    with desk.store.read(desk.employer) as session:
        found = session.rows(select(schedule).where(*session.where(schedule)))
    return {row.name: (row.state, row.flow, row.cron, row.every_s) for row in found}


def seen(html: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', html)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_flow_and_option_has_its_words(language: str) -> None:
    words = catalog(language)
    wanted = [f"flows.{name}" for name in FLOWS] + [f"schedules.options.{name}" for name in OPTIONS]
    assert [key for key in wanted if key not in words] == []


def test_one_is_added_changed_paused_run_and_removed(desk: Desk) -> None:
    assert "Add a schedule" in desk.get("connections")
    assert '<option value="hris" selected>' in desk.get("schedules", connection="hris")
    more = {"closed": "after", "blackouts": "22:00-06:00\r\n", "jitter": "60", "catch_up": "skip", "option.full": "yes"}
    assert desk.post("schedules", **NIGHTLY, **more).headers["location"].endswith("schedules/nightly?done=saved")
    shown = desk.get("schedules/nightly")
    assert len(re.findall(r"(?<!\d)6:00\b", shown)) == 5 and "22:00-06:00" in shown and 'value="60"' in shown
    changed = {**NIGHTLY, "cron": "", "every": "6h", "seen": seen(shown)}
    assert desk.post("schedules/nightly", **changed).status_code == 303
    assert rows(desk)["nightly"] == ("on", "sync", "", 6 * 3600)
    late = desk.post("schedules/nightly", **changed)
    assert late.status_code == 409 and "Nothing was saved." in late.text
    assert desk.post("schedules/nightly/pause", seen=seen(shown)).status_code == 409
    assert desk.post("schedules/nightly/pause", seen=seen(desk.get("schedules/nightly"))).status_code == 303
    assert rows(desk)["nightly"][0] == "paused" and "paused by Ann Alder" in desk.get("schedules/nightly")
    assert desk.post("schedules/nightly/run").status_code == 409, "no engine runs"
    desk.start()
    ran = desk.post("schedules/nightly/run").headers["location"]
    assert "/runs/run_" in ran and rows(desk)["nightly"][0] == "paused"
    assert desk.post("schedules/nightly/resume").status_code == 303 and rows(desk)["nightly"][0] == "on"
    assert desk.post("schedules/nightly/remove").status_code == 303 and rows(desk) == {}
    desk.get("schedules/nightly", 404)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"cron": "61 * * * *"}, "61"), ({"cron": "0 6 31 2 *"}, ""), ({"every": "6h"}, ""),
        ({"connection": "none"}, ""), ({"flow": "hack"}, "starts by itself"), ({"name": "Night!"}, "cannot be called"),
        ({"zone": "../x"}, "time zone"), ({"jitter": "-1"}, "jitter"), ({"blackouts": "<script>"}, ""),
        ({"option.month": "last"}, "no option"), ({"option.full": "perhaps"}, "cannot be"),
        ({"closed": "maybe"}, "Closed days"), ({"catch_up": "all"}, "catch up"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_said_and_the_form_keeps_what_was_typed(
    desk: Desk, wrong: dict[str, str], told: str
) -> None:
    answer = desk.post("schedules", **{**NIGHTLY, **wrong})
    assert answer.status_code == 400 and "Nothing was saved." in answer.text and told in answer.text
    assert "<script>" not in answer.text and rows(desk) == {}
    (name, value), *_ = wrong.items()
    if name not in ("flow", "connection", "closed", "catch_up", "jitter", "blackouts"):
        assert f'value="{value}"' in answer.text


def test_that_the_database_is_busy_is_no_mistake_of_whoever_typed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.post("schedules", **NIGHTLY)
    shown = seen(desk.get("schedules/nightly"))

    def busy(*_: object, **__: object) -> None:
        raise RetriableError("the database is busy")

    for name in ("add", "change"):
        monkeypatch.setattr(job_schedules, name, busy)
    assert desk.post("schedules", **NIGHTLY).status_code == 503
    assert desk.post("schedules/nightly", **NIGHTLY, seen=shown).status_code == 503


def test_who_may_only_operate_starts_nothing_that_sends(desk: Desk) -> None:
    """A schedule, a run and a connection of each kind, by an engineer and by somebody who may send too."""
    engineer, both = caller_of(Role.ENGINEER), caller_of(Role.ENGINEER, Role.BENEFITS_ADMIN)
    push = {**NIGHTLY, "name": "push", "flow": "deductions.push", "connection": "payroll"}
    desk.start()
    desk.caller = engineer
    assert desk.post("schedules", **push).status_code == 403 and desk.post("schedules", **NIGHTLY).status_code == 303
    kept = {"seen": seen(desk.get("schedules/nightly"))}
    assert desk.post("schedules/nightly", **push, **kept).status_code == 403
    desk.caller = both
    assert desk.post("schedules", **push).status_code == 303
    desk.caller = engineer
    assert [desk.post(f"schedules/push/{what}").status_code for what in ("run", "pause", "resume")] == [403, 303, 403]
    assert rows(desk)["push"][0] == "paused"
    for flow, refused in (("deductions.push", True), ("reconcile", False)):
        with desk.store.write(desk.employer) as session:
            run = runs.begin(session, flow, "2026-10", "somebody")
            runs.fail(session, run, DataError("it does not fit"))
        assert ("/retry" in desk.get(f"runs/{run}")) is not refused
        assert (desk.post(f"runs/{run}/retry").status_code == 403) is refused

    def mode(wanted: str) -> int:
        seen = desk.seen("connections/payroll")
        return int(desk.post("connections/payroll/mode", mode=wanted, seen=seen).status_code)

    assert mode("watch") == 303
    assert mode("live") == 403
    desk.caller = both
    assert mode("live") == 303
