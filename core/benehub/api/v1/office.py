"""Who calls, of which employer, and the hub: what every route of the API works with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

from fastapi import Depends, Path, Request
from sqlalchemy import Row
from starlette.concurrency import run_in_threadpool

from benehub.access import Caller
from benehub.api.guard import Needs
from benehub.api.own_runs import NeedsRun
from benehub.api.trail import seen_in
from benehub.api.v1.limits import Limits
from benehub.api.v1.problems import Refused, named
from benehub.errors import DataError
from benehub.flows import Hub
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.views.employers import employer_of
from benehub.views.persons import find_person

NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$"
"""How things of an address may be called."""

MEMBER: Final = r"^[A-Za-z0-9][A-Za-z0-9._/@ -]{0,59}$"


class Takes(Needs):
    """As `Needs`, for so many calls of a caller, refused ones too; remembers who it was for what comes after it."""

    async def __call__(self, request: Request) -> Caller:
        """Who calls."""
        caller = await super().__call__(request)
        request.state.caller = caller
        return caller

    async def _counted(self, request: Request, caller: Caller) -> None:
        limits: Limits = request.app.state.limits
        await run_in_threadpool(limits.take, caller.user)


class TakesRun(NeedsRun, Takes):
    """As `Takes`, of a run: its own starter needs no other permission than he started it by."""


@dataclass(frozen=True)
class Office:
    """The hub and one employer of it, for one call."""

    hub: Hub
    caller: Caller
    employer: str
    request: Request

    def seen(self, session: Session, named: Iterable[str], count: int = 0) -> None:
        """Say in the trail whom an answer names: employee numbers, or the hub's ids; `count` where they are more."""
        seen_in(self.request, session, named, count)

    def whose(self, session: Session, person: str) -> Row[Any]:
        """The person of an address; that he was looked at stands in the trail.

        Raises:
            DataError: there is none.
        """
        found = find_person(session, person)
        seen_in(self.request, session, [str(found.person_id)])
        return found

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One reading transaction."""
        with self.hub.store.read(self.employer) as session:
            yield session

    @contextmanager
    def book(self) -> Iterator[tuple[Session, PlanBook]]:
        """The same, with the plan book in force."""
        with self.read() as session:
            yield session, self.hub.book(session)


def open_office(
    request: Request,
    employer: Annotated[str, Path(pattern=NAME, description="Id of the employer.", examples=["acme"])],
) -> Office:
    """The office of the employer that the address names."""
    made = Office(request.app.state.hub, request.state.caller, employer, request)
    with named(), made.read() as session:
        employer_of(session)
    return made


office = Depends(open_office)


def month_of(text: str) -> Month:
    """A month as given.

    Raises:
        Refused: it is none.
    """
    try:
        return Month.parse(text)
    except DataError as error:
        raise Refused(422, error.what, error.mend) from None


def day_or_today(session: Session, day: date | None) -> date:
    """The day as given, else the employer's own day."""
    return session.today() if day is None else day
