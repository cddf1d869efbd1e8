"""Makes the application: its routes, the bound on bodies, and what an error of the hub says to a caller."""

from __future__ import annotations

import secrets
from functools import cache

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from benehub import web
from benehub.api import health, hooks, metrics, scim, v1
from benehub.api.bounds import Bounded
from benehub.api.front import Front
from benehub.api.guard import Resolve, nobody
from benehub.api.headers import Guarded
from benehub.api.trail import Trailed
from benehub.api.turned import Turned
from benehub.api.v1.events import Patience
from benehub.api.v1.limits import Limits
from benehub.api.v1.problems import BASE, Problems, told
from benehub.errors import BenehubError, RetriableError
from benehub.flows import Hub
from benehub.web import signin
from benehub.web.pages import failed

log = structlog.get_logger("benehub.api")


def create_app(hub: Hub, resolve: Resolve = nobody, front: Front | None = None) -> FastAPI:
    """The application over a hub; `resolve` tells who calls, `front` what the settings say of fronts.

    Only `/api/v1` documents itself, at its own address; the rest is for machines that know it.
    """
    app = FastAPI(title="benehub", docs_url=None, redoc_url=None, openapi_url=None, routes=list(_routes()))
    app.state.hub = hub
    app.state.resolve = resolve
    app.state.front = front or Front()
    app.state.limits, app.state.patience = Limits(hub.store.windows), Patience()
    web.mount(app)
    app.add_exception_handler(HTTPException, _refused)
    app.add_middleware(Trailed)
    app.add_middleware(Turned)
    app.add_middleware(Bounded)
    app.add_middleware(Quiet)
    app.add_middleware(Problems)
    app.add_middleware(Guarded)
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """The routes, the same of every application: what each asks of a call is worked out once, not with each anew."""
    doors = APIRouter()
    for part in (health, metrics, hooks, scim, v1, signin, *web.PAGES):
        doors.include_router(part.router)
    return tuple(doors.routes)


class Quiet:
    """Answers for what is wrong on our side: the caller hears no more than that, and comes again; the log has the rest.

    Of an error that is none of ours only the type is logged: its text may carry values of a person. The number of the
    call stands in the log and on the page, so that who reads the one finds the other.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            what, call = str(error) if isinstance(error, BenehubError) else type(error).__name__, secrets.token_hex(5)
            log.error("a call failed", door=str(scope.get("path", "")).split("/")[1:2], error=what, call=call)
            if scope["type"] == "http" and not begun:
                await (await _again(Request(scope), error, call))(scope, receive, send)


def _at_page(request: Request) -> bool:
    """Whether somebody reads the answer in a browser, or on a page that htmx changes."""
    machines = request.url.path.startswith(("/api/", "/scim/", "/hooks/", "/static/"))
    return not machines and ("text/html" in request.headers.get("accept", "") or "hx-request" in request.headers)


async def _refused(request: Request, error: Exception) -> Response:
    """No such address, or not in this way: a page for who reads, FastAPI's own answer for a program."""
    assert isinstance(error, HTTPException)
    if not _at_page(request):
        return await http_exception_handler(request, error)
    what, mend = _SAID.get(error.status_code, (str(error.detail), ""))
    page = await run_in_threadpool(failed, request, error.status_code, what, request.url.path, mend)
    page.headers.update(error.headers or {})
    return page


_SAID = {
    404: ("there is no page at this address", "Go back to the first page, and choose from there"),
    405: ("this address takes no call of this kind", "Go back to the first page, and choose from there"),
}
"""What is wrong with an address and what to do, by status."""
_BROKEN = "this page could not be made: something is wrong in the hub itself"
_TELL = "Go back and try again; if it stays, give whoever runs this hub the number of the call"


async def _again(request: Request, error: Exception, call: str) -> Response:
    """Not now. Of what is worth another try soon it is said why; somebody at a page gets a page."""
    path, wait = request.url.path, {"retry-after": "60"}
    if isinstance(error, RetriableError) and path.startswith(f"{BASE}/"):
        return told(error)
    if not _at_page(request):
        return JSONResponse({"error": "not now"}, 503, headers=wait)
    try:
        if not isinstance(error, RetriableError):
            return await run_in_threadpool(failed, request, 500, _BROKEN, f"call number {call}", _TELL)
        page = await run_in_threadpool(failed, request, 503, error.what, error.where, error.mend)
    except Exception as another:  # what broke is what every page is made of: no text of it may get into a log
        log.error("its page failed too", error=type(another).__name__, call=call)
        return JSONResponse({"error": "not now"}, 503, headers=wait)
    page.headers.update(wait)
    return page
