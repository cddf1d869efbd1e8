"""What the vendors of the story tell when they are read: pages over the network, of books that change meanwhile.

The HRIS moves people to other departments between two reads and in the midst of one. Payroll tells what it took on the
last pay date. The carrier answers each file that lies in its folder, as a whole and member by member; the recordkeeper
credits whom a file of contributions names. So a kill in mid-read has read what a second reading tells anew.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from benehub.connect.connector import Incoming, Page
from benehub.connect.messages import path, read

PAGE = 3
"""Rows of a page."""

PAID = date(2026, 9, 15)
"""The last pay date: what was taken then for the retirement plan is deposited, and credited."""

AMOUNT = 100
"""Minor units that were taken from the first person; from the second twice as much."""

Rows = list[tuple[str, dict[str, Any]]]


def pages(link: Any, stream: str) -> Iterator[Page]:
    """Read a stream, as a connector does."""
    start = 0
    while start >= 0:
        told = link.http().send(
            read(path("/r/{employer}/{stream}/{start}", employer=link.employer, stream=stream, start=str(start)))
        )
        rows = [Incoming(key, data, row=start + place) for place, (key, data) in enumerate(told.data["rows"], 1)]
        yield Page(stream, rows, told.body, cursor=str(start))
        start = told.data["next"]


class Books:
    """Of all employers; whoever serves them lets one ask at a time.

    Args:
        fakehub: whose people they are.
        boxes: where files to carrier and recordkeeper lie, a folder an employer.
    """

    kinds: ClassVar[Mapping[str, str]] = {"acknowledgement": "enrollment.change", "credit": "contribution.deposit"}
    """What is answered to which kind of file."""

    def __init__(self, fakehub: ModuleType, boxes: Path, employers: list[str], people: int, seed: int) -> None:
        self._fakehub, self._boxes, self._chance = fakehub, boxes, random.Random(seed)
        self.people = people
        self.departments = {(one, number): ["D0"] for one in employers for number in range(1, people + 1)}
        """Every department that somebody was ever in, in order; none comes twice."""
        self.still = True
        """Whether nobody moves."""

    def page(self, employer: str, stream: str, start: int) -> dict[str, Any]:
        """The rows from `start` on, and where the next ones are; -1: there are none."""
        if stream == "employee" and not self.still and (not start or self._chance.random() < 0.5):
            self._move(employer)
        rows, end = self.rows(employer, stream), start + PAGE
        return {"rows": rows[start:end], "next": end if end < len(rows) else -1}

    def rows(self, employer: str, stream: str) -> Rows:
        """All that is to be told now, by its key."""
        numbers = range(1, self.people + 1)
        if stream in self.kinds:
            return self._answers(employer) if stream == "acknowledgement" else self._credits(employer)
        if stream == "employee":
            told = [self._fakehub.person(one, department=self.departments[employer, one][-1]) for one in numbers]
        elif stream == "election":
            told = [self._fakehub.election(one) for one in numbers]
        elif stream == "payroll_person":
            told = [Incoming(f"p{one}", {"employee_number": str(1000 + one)}) for one in numbers]
        else:
            told = [Incoming(f"r{one}", self._taken(one)) for one in numbers]
        return [(row.key, dict(row.data)) for row in told]

    def _move(self, employer: str) -> None:
        """One or two people go to departments that nobody has been in."""
        for _ in range(self._chance.randint(1, 2)):
            past = self.departments[employer, self._chance.randint(1, self.people)]
            past.append(f"D{len(past)}")

    def _taken(self, number: int) -> dict[str, Any]:
        return {
            "pay_run": "run-1", "check": f"c{number}", "employee": str(1000 + number), "pay_group": "monthly",
            "pay_date": str(PAID), "kind": "deduction", "code": "401K", "tax_class": "pretax",
            "amount_minor": number * AMOUNT,
        }  # fmt: skip

    def files(self, employer: str, stream: str) -> dict[str, list[str]]:
        """Whom the files name that an answer is given to, by their control numbers."""
        box = self._boxes / employer / self.kinds[stream]
        return {file.stem: file.read_text().split() for file in sorted(box.glob("*.txt"))}

    def owed(self, employer: str, stream: str) -> list[int]:
        """What is to be posted for each person, once, whatever keys the answers have: of all pay, of what was sent."""
        if stream not in self.kinds:
            return [number * AMOUNT for number in range(1, self.people + 1)]
        named = {int(one) for members in self.files(employer, stream).values() for one in members}
        return [(number - 1000) * AMOUNT for number in named]

    def _answers(self, employer: str) -> Rows:
        """A 999 a file, and the carrier's own report on each member of it."""
        told: Rows = []
        for control, members in self.files(employer, "acknowledgement").items():
            said = {"control": control, "status": "accepted"}
            told.append((f"a/{control}", {"level": "syntax", **said}))
            told += [(f"a/{control}/{one}", {"level": "member", "member": one, **said}) for one in members]
        return told

    def _credits(self, employer: str) -> Rows:
        told: Rows = []
        for members in self.files(employer, "credit").values():
            for one in members:
                number = int(one) - 1000
                told.append((f"c{number}", {
                    "credit_id": f"c{number}", "ssn": f"90011{number:04d}", "plan": "401k", "source": "EE_PRETAX",
                    "pay_date": str(PAID), "trade_date": "2026-10-01", "amount_minor": number * AMOUNT,
                }))  # fmt: skip
        return told
