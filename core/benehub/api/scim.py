"""`/scim/v2/{employer}`: the door of our SCIM 2.0 endpoint.

What answers is imported with the first call: its models take longer to make than all else that is served, and most
installations have no SCIM client.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from benehub.flows import Hub

router = APIRouter()

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True)
class Call:
    """A call, read whole."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    base: str


@router.api_route("/scim/v2/{employer}/{path:path}", methods=METHODS)
async def scim(employer: str, path: str, request: Request) -> Response:
    """Answer a call of a SCIM client."""
    base = f"{str(request.base_url).rstrip('/')}/scim/v2/{employer}"
    parts = tuple(part for part in path.removesuffix(".scim").split("/") if part)
    headers = {name.lower(): value for name, value in request.headers.items()}
    call = Call(request.method, parts, dict(request.query_params), headers, await request.body(), base)
    return await run_in_threadpool(_answer, request.app.state.hub, employer, call)


def _answer(hub: Hub, employer: str, call: Call) -> Response:
    from benehub.api import scim_answers

    return scim_answers.answer(hub, employer, call)
