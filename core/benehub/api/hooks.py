"""`POST /hooks/{employer}/{connection}`: a vendor calls. It is kept and answered; what it leads to comes later."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from benehub.flows.webhooks import Answer, receive

router = APIRouter()

STATUS = {Answer.TAKEN: 200, Answer.UNKNOWN: 404, Answer.REFUSED: 401, Answer.TOO_LARGE: 413, Answer.FULL: 429}
"""What a caller hears: a number, and nothing of why."""


@router.post("/hooks/{employer}/{connection}")
async def hook(employer: str, connection: str, request: Request) -> Response:
    """Let a vendor's call in, or turn it away."""
    body = await request.body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    answer = await run_in_threadpool(receive, request.app.state.hub, employer, connection, headers, body)
    return Response(status_code=STATUS[answer], headers={"retry-after": "60"} if answer is Answer.FULL else None)
