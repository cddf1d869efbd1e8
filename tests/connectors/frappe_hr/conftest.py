"""A site with its connector in front of it, and the hub's own outbox where something is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from benehub.connect.connector import Incoming, Item
from benehub.records import DeductionOrder
from benehub.testing.checks import Ground
from benehub.testing.pushing import Desk, desk
from benehub.testing.stage import Played, Stage
from benehub_connectors.frappe_hr import FrappeConnector
from benehub_connectors.frappe_hr.simulator import FrappeSimulator
from benehub_connectors.frappe_hr.stage import NOW, SECRETS, SETTINGS, site

ADA, MAX, LIN = "HR-EMP-00001", "HR-EMP-00002", "HR-EMP-00003"


class Bench:
    """One site, read and written to with the settings it is given."""

    def __init__(self, made: FrappeSimulator, folder: Path) -> None:
        self.site, self.folder, self.desks = made, folder, 0

    def stage(self, _folder: Path | None = None, **settings: Any) -> Stage:
        told = {**SETTINGS, **settings}
        item = self.item(ADA, "MED-PPO", 6125).content
        return Stage(told, SECRETS, self.site.handle, {"deduction.set": [item]}, lambda: self.site.changes, now=NOW)

    def play(self, **settings: Any) -> Played:
        return Played(FrappeConnector, self.stage(**settings))

    def rows(self, stream: str, cursor: str | None = None, **settings: Any) -> list[Incoming]:
        return [row for page in self.pages(stream, cursor, **settings) for row in page.rows]

    def pages(self, stream: str, cursor: str | None = None, **settings: Any) -> list[Any]:
        played = self.play(**settings)
        return list(played.connector.read(stream, played.link, cursor))

    def asked(self, doctype: str) -> list[dict[str, str]]:
        return [call.query for call in self.site.calls("GET", f"/api/resource/{doctype}")]

    @contextmanager
    def desk(self, *, today: date | None = None, **settings: Any) -> Iterator[Desk]:
        now = NOW if today is None else NOW.replace(year=today.year, month=today.month, day=today.day)
        self.desks += 1
        folder = self.folder / f"desk {self.desks}"
        ground = Ground(FrappeConnector, lambda _: replace(self.stage(**settings), now=now), folder)
        with desk(ground) as made:
            yield made

    @staticmethod
    def item(employee: str, code: str, minor: int, *, on: date = date(2026, 11, 30), **more: Any) -> Item:
        told = {"employee": employee, "plan": "ppo", "code": code, "tax_class": "pretax", "effective_from": on}
        order = DeductionOrder.model_validate({**told, "employee_amount_minor": minor, **more})
        return Item("deduction.set", f"{employee}/{code}/{minor}/{on}/{order.active}", order.model_dump(mode="json"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(site(), tmp_path)


@pytest.fixture
def old_bench(tmp_path: Path) -> Callable[[], Bench]:
    """A site of a version that lets two recurring Additional Salaries run side by side."""
    return lambda: Bench(site(refuse_overlap=False), tmp_path)
