"""The audit trail of the fronts, in one place: `Needs` says what has to stand in it, and here it is written.

What changes something is written before it is done (`asked`) and again with its outcome; what shows people is written
with its outcome before the first byte leaves. Where the trail cannot be written the caller gets nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from benehub.access import Caller
from benehub.access.audit import NAMED, Place
from benehub.flows import Hub
from benehub.flows.callers import keep
from benehub.ids import PERSON
from benehub.store import Session
from benehub.views.persons import person_ids


@dataclass
class Act:
    """What somebody does, until its outcome is known."""

    hub: Hub
    employer: str
    caller: Caller
    action: str
    permission: str
    place: Place
    refs: list[str] = field(default_factory=list)
    of_no: int = 0
    unproved: bool = False
    """Nothing came of it: the caller was sent to show first who he is, which is no error to a browser."""

    def asked(self) -> None:
        """It is about to be done."""
        self.of_no = self._keep("asked")

    def ended(self, status: int) -> None:
        """It was done, refused, or went wrong."""
        done = status < 400 and not self.unproved
        self._keep("done" if done else "refused" if status < 500 else "failed")

    def _keep(self, outcome: str) -> int:
        return keep(
            self.hub, self.employer, self.caller, self.action, ref=" ".join(self.refs), place=self.place,
            permission=self.permission, outcome=outcome, of_no=self.of_no,
        )  # fmt: skip


def about(request: Request, *refs: str) -> None:
    """Name what this call sees or changes by typed ids, beside those of its path: the people of a list, say."""
    act: Act | None = getattr(request.state, "act", None)
    if act is not None:
        act.refs += [ref for ref in refs if ref not in act.refs]


SEEN: Final = NAMED
"""Ids of people that one look names at most; how many more there were stands with them."""

_PLAIN: Final = re.compile(r"[a-z0-9_.:-]{1,40}")
_TYPED: Final = ("find", "search", "text", "person", "employee")
"""What people type to find somebody by: that they searched is kept, not what for."""


def seen(request: Request, ids: Iterable[str | None], count: int = 0) -> None:
    """Name the people that a list or a page shows, by the hub's ids, with how many they are and the filter in force.

    It is bounded: of a long list the first `SEEN` are named, and the trail's row says how many it showed: `count`,
    where `ids` are only the first of them.
    """
    known = list(dict.fromkeys(one for one in ids if one))
    given = sorted((name, value) for name, value in request.query_params.items() if value)
    plain = [f"{name}={value if name not in _TYPED and _PLAIN.fullmatch(value) else '*'}"
             for name, value in given if _PLAIN.fullmatch(name)]  # fmt: skip
    about(request, f"people:{max(count, len(known))}", *plain[:10], *known[:SEEN])


_WHOSE: Final = frozenset({"employee", "employees", "person", "persons", "member", "person_id"})
"""Names in an answer behind which a person stands."""


def named_in(told: Any) -> set[str]:
    """Whom an answer names, by employee number or by the hub's id, wherever in it."""
    if isinstance(told, str):
        return set(PERSON.findall(told))
    if isinstance(told, Mapping):
        whose = {one for name in _WHOSE & told.keys() for one in _texts(told[name])}
        return whose.union(*map(named_in, told.values()))
    return set[str]().union(*map(named_in, told)) if isinstance(told, list | tuple | set) else set()


def _texts(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list | tuple) else [value]) if isinstance(one, str) and one]


def seen_in(request: Request, session: Session, named: Iterable[str | None], count: int = 0) -> None:
    """As `seen`, of people by employee number or by the hub's id."""
    known = {one for one in named if one}
    numbers = person_ids(session, [one for one in known if not one.startswith("per_")])
    seen(request, sorted({*numbers.values(), *(one for one in known if one.startswith("per_"))}), count)


class Trailed:
    """Writes the outcome of what `Needs` put into the call's state, before the answer begins."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def told(message: Message) -> None:
            act: Act | None = state.pop("act", None) if message["type"] == "http.response.start" else None
            if act is not None:
                await run_in_threadpool(act.ended, message["status"])
            await send(message)

        try:
            await self._app(scope, receive, told)
        except Exception:
            act: Act | None = state.pop("act", None)
            if act is not None:
                await run_in_threadpool(act.ended, 500)
            raise
