"""Somebody at a browser who is not signed in is led to the sign-in page, and back to where he wanted to go."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SIGN_IN = "/signin"


class Turned:
    """Makes a redirect of a 401 that a page answers; programs get the 401."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""
        answer = _instead(Request(scope)) if scope["type"] == "http" else None
        if answer is None:
            await self._app(scope, receive, send)
            return
        turned = False

        async def told(message: Message) -> None:
            nonlocal turned
            if message["type"] == "http.response.start" and message["status"] == 401:
                turned = True
                await answer(scope, receive, send)
            elif not turned:
                await send(message)

        await self._app(scope, receive, told)


def _instead(request: Request) -> Response | None:
    """What a browser gets in place of a 401; None for whoever is no browser at a page."""
    path, query = request.url.path, request.url.query
    ours = path.startswith(("/api/", SIGN_IN, "/scim/", "/hooks/"))
    if ours or request.method != "GET" or "authorization" in request.headers:
        return None
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"hx-redirect": SIGN_IN})
    if "text/html" not in request.headers.get("accept", ""):
        return None
    then = f"{path}?{query}" if query else path
    return RedirectResponse(f"{SIGN_IN}?{urlencode({'then': then})}" if then != "/" else SIGN_IN, 303)
