"""Several employees' new benefits leave in one request, refereed; what is doubtful about it is settled one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.connectors.gusto.conftest import CheckedGusto

from benehub.flows.send import send_batch
from benehub.records import DeductionOrder
from benehub.testing.checks import Ground
from benehub.testing.pushing import Desk, desk
from benehub.testing.stage import CONNECTION, EMPLOYER
from benehub_connectors.gusto import GustoConnector
from benehub_connectors.gusto import stage as stages
from benehub_connectors.gusto.simulator import refused

ALL = "/employee_benefits"


def ordered(employee: str, **more: Any) -> dict[str, Any]:
    """An order for MED-PPO."""
    told = {
        "employee": employee,
        "code": "MED-PPO",
        "plan": "ppo",
        "tax_class": "pretax",
        "employee_amount_minor": 6125,
    }
    return DeductionOrder.model_validate(
        told | {"effective_from": date(2026, 12, 4), "employer_amount_minor": 24501} | more
    ).model_dump(mode="json")


@contextmanager
def company(api: Any, folder: Path, *more: dict[str, Any]) -> Iterator[tuple[Desk, CheckedGusto, list[str]]]:
    """A desk before a refereed company of three who get MED-PPO."""
    made = CheckedGusto(api)
    made.add_schedule("Biweekly", date(2026, 11, 6))
    people = [
        made.add_employee(code, first, "Byron", birth=date(1980, 3, 9), pay_group="Biweekly", gross_minor=320_000,
                          hired=date(2020, 1, 6))
        for code, first in (("1001", "Ada"), ("1002", "Max"), ("1003", "Eva"))
    ]  # fmt: skip
    made.add_benefit("MED-PPO", 1)

    def stage(folder: Path) -> Any:
        staged = stages.stage(folder)
        staged.settings["company"] = made.company
        staged.answer, staged.effects = made.handle, lambda: made.written
        staged.items = {"deduction.set": [*(ordered(one) for one in people), *more], "leave.take": []}
        return staged

    with desk(Ground(GustoConnector, stage, folder)) as hub:
        yield hub, made, people


def writes(made: CheckedGusto) -> list[tuple[str, str, int]]:
    """What was written: method, the end of the path, how it was answered."""
    return [(call.method, call.path.split("/")[2], call.status) for call in made.calls("write")
            if call.path.endswith(ALL) or "employee_benefits" in call.path]  # fmt: skip


def test_new_benefits_of_many_leave_in_one_request(api: Any, tmp_path: Path) -> None:
    with company(api, tmp_path) as (hub, made, people):
        assert hub.push(hub.items()) == ["sent"] * 3
        assert writes(made) == [("PUT", "company_benefits", 200)]
        held = [made.holding(one, "MED-PPO") for one in people]
        assert [(one.deduction_minor, one.contribution_minor) for one in held if one] == [(6125, 24501)] * 3


def test_one_that_is_refused_has_all_of_them_sent_by_themselves(api: Any, tmp_path: Path) -> None:
    with company(api, tmp_path, ordered("nobody")) as (hub, made, people):
        assert hub.push(hub.items()) == ["sent", "sent", "sent", "failed"]
        assert all(made.holding(one, "MED-PPO") for one in people)
        # Nobody's benefits cannot be looked up, so the others go together and he alone is refused.
        assert writes(made) == [("PUT", "company_benefits", 200)]


def test_a_request_refused_whole_is_sent_again_one_by_one(
    api: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with company(api, tmp_path) as (hub, made, people):
        accepted = CheckedGusto._changed

        def choosy(self: Any, one: Any, body: Any, status: int) -> Any:
            """Gusto finds fault with what is asked for the second of them only."""
            if one.employee == people[1]:
                return refused(422, "base", "invalid_operation", "Not eligible")
            return accepted(self, one, body, status)

        monkeypatch.setattr(CheckedGusto, "_changed", choosy)
        assert hub.push(hub.items()) == ["sent", "failed", "sent"]
        assert writes(made)[0] == ("PUT", "company_benefits", 422)
        assert [one is not None for one in (made.holding(who, "MED-PPO") for who in people)] == [True, False, True]
        assert made.written == 2


def test_what_is_held_is_changed_by_itself_with_the_version_that_was_read(api: Any, tmp_path: Path) -> None:
    with company(api, tmp_path) as (hub, made, people):
        for one in people[:2]:
            made.enroll(one, "MED-PPO", amount_minor=1000)
        assert hub.push(hub.items()) == ["sent"] * 3
        assert sorted(writes(made)) == [
            ("POST", "employees", 201),
            ("PUT", "employee_benefits", 200),
            ("PUT", "employee_benefits", 200),
        ]


def test_of_two_revisions_only_the_newer_is_in_it(api: Any, tmp_path: Path) -> None:
    with company(api, tmp_path) as (hub, made, people):
        first = hub.freeze(hub.items())
        hub.played.stage.items["deduction.set"] = [ordered(one, employee_amount_minor=7000) for one in people]
        second = hub.freeze(hub.items())
        assert send_batch(hub.hub, EMPLOYER, CONNECTION, [*first, *second]) == ["refused"] * 3 + ["sent"] * 3
        assert [one.deduction_minor for who in people if (one := made.holding(who, "MED-PPO"))] == [7000] * 3
        assert len(writes(made)) == 1
