"""`/healthz`: the process answers. `/readyz`: its database does too, with a schema that serves this code."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from benehub.views.health import ready

router = APIRouter()


@router.get("/healthz")
async def healthz() -> JSONResponse:
    """Whether the process lives."""
    return JSONResponse({"ok": True})


@router.get("/readyz")
async def readyz(request: Request) -> JSONResponse:
    """Whether it can work: 503 where the database is away or behind."""
    ok = await run_in_threadpool(ready, request.app.state.hub.store)
    return JSONResponse({"ok": ok}, 200 if ok else 503)
