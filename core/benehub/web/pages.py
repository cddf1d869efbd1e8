"""How a page is made: one helper gives every template its navigation, words, theme and the caller.

Templates escape everything, an unknown name in one is an error, and a page may load from this host alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.routing import Match

from benehub.access import Caller, Permission, users
from benehub.api import who
from benehub.api.lately import Unproved
from benehub.crypto import tells_ssn
from benehub.errors import BenehubError, ConfigError, ConflictError, DataError, NeedsPersonError, RetriableError
from benehub.flows import Hub
from benehub.store.schema import INSTALLATION
from benehub.views import questions
from benehub.views.employers import employers
from benehub.web.catalog import LANGUAGES, chosen
from benehub.web.commands import places
from benehub.web.words import Words

SAID: Final = tuple(name for name, value in vars(Words).items() if callable(value) and not name.startswith("_"))
"""What templates say by words: the public methods of `Words`."""

THEMES: Final = ("light", "dark")
KEPT: Final = 365 * 24 * 3600
"""Seconds for which a browser keeps the language and the theme that somebody chose."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the navigation: its name (in `shell.nav`), its path within an employer, and who sees it."""

    name: str
    path: str
    needs: Permission
    also: tuple[str, ...] = ()
    """Paths of other pages that belong to it: on them it is the one that is marked."""

    def holds(self, employer: str, path: str) -> bool:
        """Whether a page of an employer belongs to it."""
        own = (f"/e/{employer}/{one}" for one in (self.path, *self.also))
        return any(path == one or path.startswith(f"{one}/") for one in own)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates."""
    made = Environment(
        loader=PackageLoader("benehub.web"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.globals["languages"] = LANGUAGES
    return made


def page(
    request: Request, caller: Caller | None, template: str, *, status: int = 200, **data: Any
) -> HTMLResponse:  # fmt: skip
    """A template as an answer; `data` are its own names. A whole page and a fragment of one are made alike.

    Every template has `t`, `n`, `word`, `money`, `day`, `moment` and the others of `Words`, `can(permission)`,
    `link(path, **query)`, `here(**query)`, `csrf_field()`, `called(user)`, `called.within(text)`, `employer`, `caller`.
    """
    hub: Hub = request.app.state.hub
    employer = request.path_params.get("employer", "")
    known = employers(hub.store) if caller else ()
    seen = [row for row in known if caller and any(caller.may(one, row.employer_id) for one in Permission)]
    mine = next((row for row in seen if row.employer_id == employer), None)
    language = chosen(_choice(request, "lang", LANGUAGES), request.headers.get("accept-language", ""))
    zone = ZoneInfo(mine.timezone if mine else "UTC")
    words = Words(language, zone, hub.store.clock())
    context = {
        **{name: getattr(words, name) for name in SAID},
        "caller": caller, "employer": employer, "mine": mine, "employers": seen, "language": language,
        "theme": _choice(request, "theme", THEMES), "path": request.url.path,
        "navigation": navigation(request, caller, employer),
        "first_of": lambda other: next((one.path for one in navigation(request, caller, other)), ""),
        "can": lambda name: bool(caller and caller.may(Permission(name), employer)),
        "link": lambda path, /, **query: address(f"/e/{employer}/{path}" if employer else f"/{path}", **query),
        "here": lambda **query: _here(request, **query),
        "csrf_field": lambda: _csrf_field(request), "called": _Called(hub),
        "questions_waiting": lambda: _waiting(hub, employer), "places_of": places,
        "done": request.query_params.get("done", ""), "half_way": False,
        **data,
    }  # fmt: skip
    answer = HTMLResponse(environment().get_template(template).render(context), status, headers=_HEADERS)
    for name, allowed in (("lang", LANGUAGES), ("theme", (*THEMES, "auto"))):
        if request.query_params.get(name) in allowed:
            who.set_cookie(answer, request, f"benehub_{name}", request.query_params[name], KEPT)
    return answer


class _Called:
    """called(who): what a user is called, by id; any other name, of a command line or of benehub's own, stays."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._known: dict[str, str] = {}

    def __call__(self, who: str | None) -> str:
        name = who or ""
        if name.startswith("usr_") and name not in self._known:
            with self._hub.store.read(INSTALLATION) as session:
                self._known[name] = users.names(session, [name]).get(name, name)
        return self._known.get(name, name)

    def within(self, text: str | None) -> str:
        """A text in which users are called by their names instead of their ids."""
        return _USER.sub(lambda found: self(found[0]), text or "")


_USER: Final = re.compile(r"\busr_[a-z0-9]+")


_HEADERS: Final = {"vary": "cookie, accept-language, hx-request"}
"""Beside those of every answer (`api.headers`)."""


def address(path: str, /, **query: object) -> str:
    """A path, written so that any name may stand in it, with these values as its query; what is empty is left out.

    Args:
        path: as it is meant, not yet percent-encoded; a slash parts it.
        query: its values.
    """
    path = quote(path)
    given = [(name, str(value)) for name, value in query.items() if value not in (None, "", [], ())]
    return f"{path}?{urlencode(given)}" if given else path


def a_day(text: str, where: str) -> date:
    """A day as a form gives it.

    Raises:
        DataError: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError("no day that can be read", where=where, mend="Write it as `2026-11-30`") from None


def then(request: Request, path: str, /, **query: object) -> RedirectResponse:
    """After a form was taken: on to another page of the same employer, by a GET."""
    return RedirectResponse(address(f"/e/{request.path_params['employer']}/{path}", **query), 303)


def _here(request: Request, /, **query: object) -> str:
    """This page with other values in its query; the place in a list is forgotten unless it is given."""
    given = request.query_params.items()
    kept = {name: value for name, value in given if name not in ("after", "done") and not tells_ssn(value)}
    return address(_shown_at(request), **{**kept, **query})


def _shown_at(request: Request) -> str:
    """Where the page of an answer is found: of a form that was refused the page it stood on, not where it was sent to.

    Of a host that a path like `//host/x` might be taken for nothing stays.
    """
    path: str = "/" + request.scope["path"].lstrip("/\\")
    if request.method in ("GET", "HEAD"):
        return path
    at = path
    while at and not _is_page(request, at):
        at = at.rpartition("/")[0]
    return at or path


def _is_page(request: Request, path: str) -> bool:
    asked = {**request.scope, "method": "GET", "path": path}
    return any(route.matches(asked)[0] is Match.FULL for route in request.app.routes)


def _choice(request: Request, name: str, allowed: tuple[str, ...]) -> str:
    asked = request.query_params.get(name) or who.cookie(request, f"benehub_{name}")
    return asked if asked in allowed else ""


def _csrf_field(request: Request) -> Markup:
    """The hidden field of a form that proves it is ours, where sessions are in use."""
    token = getattr(request.state, "csrf", "")
    return Markup('<input type="hidden" name="csrf" value="{}">').format(token) if token else Markup()


def navigation(request: Request, caller: Caller | None, employer: str) -> list[Entry]:
    """What the navigation offers to somebody within an employer."""
    entries: tuple[Entry, ...] = getattr(request.app.state, "navigation", ())
    return [one for one in entries if caller and employer and caller.may(one.needs, employer)]


def _waiting(hub: Hub, employer: str) -> int:
    """Questions that wait for an answer: asked for whoever has them in his navigation alone."""
    with hub.store.read(employer) as session:
        return questions.waiting(session)


def works(hub: Hub) -> bool:
    """Whether this process can start jobs."""
    return hasattr(hub, "engine") and hub.engine.running


def must_work(hub: Hub) -> None:
    """Nothing, where this process can start jobs.

    Raises:
        ConfigError: it cannot.
    """
    if not works(hub):
        raise ConfigError("no job can be started from here", mend="Serve the pages with `benehub up`")


class Page(APIRoute):
    """A route of people: what goes wrong is answered by a page that says what, where and the mend."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As FastAPI's, with our answers to errors."""
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                if any(map(tells_ssn, request.query_params.values())):
                    raise DataError("a social security number is no word to search by: addresses are kept and shown",
                                    mend="Search by name or employee number")  # fmt: skip
                return await handle(request)
            except Unproved as error:
                return RedirectResponse(address("/signin/again", then=error.then), 303)
            except HTTPException as error:
                return await run_in_threadpool(failed, request, error.status_code, str(error.detail))
            except RequestValidationError as error:
                names = ", ".join(str(fault["loc"][-1]) for fault in error.errors())
                return await run_in_threadpool(failed, request, 422, f"Not understood: {names}")
            except BenehubError as error:
                told = (_status(error), error.what, error.where, error.mend)
                return await run_in_threadpool(failed, request, *told)

        return answered


def _status(error: BenehubError) -> int:
    if isinstance(error, DataError):
        return 404 if error.what.startswith("no ") else 400
    if isinstance(error, ConfigError) and error.what.startswith("no connection "):
        return 404
    if isinstance(error, RetriableError):
        return 503
    return 409 if isinstance(error, NeedsPersonError | ConfigError | ConflictError) else 500


def failed(request: Request, status: int, what: str, where: str = "", mend: str = "") -> Response:
    """The page of an error; a part of a page that htmx asked for gets a sentence alone."""
    try:
        caller = request.app.state.resolve(request)
    except Exception:  # the page of what is broken, or of a database that is away, is nobody's
        caller = None
    bare = "hx-request" in request.headers
    return page(request, caller, "parts/failed.html" if bare else "failed.html", status=status, code=status, what=what,
                where=where, mend=mend)  # fmt: skip
