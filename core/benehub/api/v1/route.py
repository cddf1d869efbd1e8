"""How a route of the API is called: unknown parameters are refused, errors are problems, and a write happens once."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Header, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from benehub.api.v1.office import Office, office
from benehub.api.v1.problems import Refused, told
from benehub.crypto import tells_ssn
from benehub.errors import BenehubError, RetriableError
from benehub.flows import first_results
from benehub.flows.first_results import First

REPLAYED = "idempotency-replayed"
"""Header of an answer that was given before."""

FILE = "application/octet-stream"
"""Media type of a body that is a file."""

KEPT_HEADERS = ("location", "etag", "content-type")


class Again(Exception):
    """The write was made before: its first answer is told again."""

    def __init__(self, first: First) -> None:
        super().__init__()
        self.first = first


@dataclass(frozen=True)
class Claim:
    """A caller's key while his write is made."""

    office: Office
    key: str


def once(
    request: Request,
    at: Office,
    idempotency_key: str,
    body: bytes,
) -> Claim:
    """Claim the key of a write.

    Raises:
        Again: it was made before.
        BenehubError: the key came with other content, or its first write goes on.
    """
    sent = f"{request.method} {request.url.path}?{request.url.query} {request.headers.get('if-match', '')}\n".encode()
    first = first_results.claim(at.hub, at.employer, at.caller.user, idempotency_key, sent + body)
    if first is not None:
        raise Again(first)
    return Claim(at, idempotency_key)


async def claimed(
    request: Request,
    at: Annotated[Office, office],
    idempotency_key: Annotated[
        str,
        Header(
            min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$", examples=["5f0c9a52-7c1d-4c8e-9d59-2f2b3b0f6b1e"],
            description="A text of your own for this write: the same with the same content gives the first result.",
        ),
    ],
) -> Claim:  # fmt: skip
    """What every write depends on: its key, claimed for as long as it goes on."""
    body = await request.body()
    claim = await run_in_threadpool(once, request, at, idempotency_key, body)
    request.state.claim = claim
    return claim


class Route(APIRoute):
    """A route of `/api/v1`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with what holds for all of them."""
        inner = super().get_route_handler()
        takes_file = self.body_field is not None and getattr(self.body_field.field_info, "media_type", "") == FILE
        known = set(_parameters(self.dependant))

        async def handler(request: Request) -> Response:
            try:
                if unknown := [name for name in request.query_params if name not in known]:
                    raise Refused(422, f"there is no parameter {unknown[0][:60]!r}",
                                  f"There are: {', '.join(sorted(known)) or 'none'}")  # fmt: skip
                if any(map(tells_ssn, request.query_params.values())):
                    raise Refused(422, "a social security number is no filter: addresses are kept and shown",
                                  "Ask by employee number, or by name")  # fmt: skip
                response = await inner(request)
            except Again as again:
                return _again(again.first)
            except (Refused, HTTPException, RequestValidationError, BenehubError) as error:
                response = told(_of_file(request, error) if takes_file else error)
                await _ended(request, response, kept=_final(error))
                return response
            except BaseException:
                await _ended(request, None, kept=False)
                raise
            await _ended(request, response, kept=True)
            return response

        return handler


def must_be_file(request: Request) -> None:
    """What a route depends on, behind who may call it, whose body is the bytes of a file: no form or text around them.

    Raises:
        Refused: 415.
    """
    plain = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if not plain or plain.startswith("multipart/") or plain.endswith(("/json", "+json", "form-urlencoded")):
        raise Refused(415, "the body has to be the file itself", f"Send the file's bytes as they are, as {FILE}")


def _of_file(request: Request, error: Exception) -> Exception:
    """What is wrong with a call that is refused: a body that is said to be JSON is read before anything is asked."""
    try:
        if isinstance(error, RequestValidationError):
            must_be_file(request)
    except Refused as refused:
        return refused
    return error


def _parameters(dependant: Dependant) -> Iterator[str]:
    """The names of the query's parameters, those of what the route depends on too."""
    yield from (one.alias for one in dependant.query_params)
    for below in dependant.dependencies:
        yield from _parameters(below)


def _final(error: Exception) -> bool:
    """Whether the same write would meet the same error: it is the write's result."""
    return isinstance(error, BenehubError) and not isinstance(error, RetriableError)


async def _ended(request: Request, response: Response | None, kept: bool) -> None:
    claim: Claim | None = getattr(request.state, "claim", None)
    if claim is None:
        return
    whose = (claim.office.hub, claim.office.employer, claim.office.caller.user, claim.key)
    if not kept or response is None:
        await run_in_threadpool(first_results.release, *whose)
        return
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    first = First(response.status_code, headers, bytes(response.body))
    await run_in_threadpool(first_results.keep, *whose, first)


def _again(first: First) -> Response:
    return Response(first.body, first.status, headers={**first.headers, REPLAYED: "true"})
