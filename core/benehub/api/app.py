"""Makes the application: its routes, the bound on bodies, and what an error of the hub says to a caller."""

from __future__ import annotations

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from benehub.api import health, hooks, scim
from benehub.api.bounds import Bounded
from benehub.errors import BenehubError
from benehub.flows import Hub

log = structlog.get_logger("benehub.api")


def create_app(hub: Hub) -> FastAPI:
    """The application over a hub. It documents itself nowhere: what it serves so far is for machines that know it."""
    app = FastAPI(title="benehub", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.hub = hub
    for part in (health.router, hooks.router, scim.router):
        app.include_router(part)
    app.add_exception_handler(BenehubError, _unwell)
    app.add_exception_handler(Exception, _unwell)
    app.add_middleware(Bounded)
    return app


def _unwell(request: Request, error: Exception) -> Response:
    """Something of ours is wrong: the caller hears no more than that, and comes again; the log has the rest."""
    where = request.url.path.split("/")[1:2]
    what = str(error) if isinstance(error, BenehubError) else type(error).__name__
    log.error("a call failed", door=where, error=what)
    return JSONResponse({"error": "not now"}, 503, headers={"retry-after": "60"})
