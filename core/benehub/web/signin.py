"""Sign-in: password and code, providers, enrolment of a phone, another password, and out again.

Every form is bound to the browser that asked for it. Each step gives another cookie; what was open before ends.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import pyotp
import segno
from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from benehub.access.sessions import Stage, Standing
from benehub.api import lately, who
from benehub.api.front import front, place
from benehub.api.headers import POLICY
from benehub.api.unforged import unforged
from benehub.errors import DataError, VendorUnavailable
from benehub.flows import providers, signing_in
from benehub.flows.providers import SignInBy
from benehub.flows.signing_in import Opened, Refused
from benehub.web.pages import Page, address, page

router = APIRouter(route_class=Page, dependencies=[Depends(unforged)], include_in_schema=False)

BACK: Final = "benehub-oidc"
"""The cookie that binds a sign-in by a provider to the browser that began it."""

LINKS: Final = "/signin/providers"
"""Where providers are linked."""

PATHS: Final = {Stage.CODE: "/signin/code", Stage.ENROL: "/signin/enrol", Stage.PASSWORD: "/signin/password"}
"""Where what is still to be done is done."""

DRAWN: Final = POLICY.replace("img-src 'self'", "img-src 'self' data:")
"""What the page with the QR picture may load: the picture stands in the page itself, so that it is kept nowhere."""

Text = Annotated[str, Form(max_length=1000)]


@router.get("/signin")
def sign_in(request: Request, then: str = "") -> Response:
    """The form, or on to where a session that stands leads."""
    held = who.standing(request)
    if held is not None:
        return RedirectResponse(PATHS.get(held.stage, _local(then)), 303)
    return _form(request, then=_local(then))


@router.post("/signin")
def signed_in(request: Request, email: Text, password: Text, then: Text = "") -> Response:
    """The first step."""
    if not front(request).private(request):
        return _form(request, "plain", 403)
    before = who.standing(request)
    result = signing_in.sign_in(_hub(request), email, password, place(request), front(request).policy, before)
    again = partial(_form, request, email=email, then=_local(then))
    return _went(request, result, again, _local(then))


@router.get("/signin/code")
def code(request: Request, then: str = "") -> Response:
    """The form for the code of the phone."""
    held = who.standing(request)
    if held is None or held.stage is not Stage.CODE:
        return RedirectResponse("/signin", 303)
    return _page(request, "code.html", then=_local(then))


@router.post("/signin/code")
def code_given(request: Request, code: Text, then: Text = "") -> Response:
    """The second step."""
    held = who.standing(request)
    if held is None:
        return _form(request, "late", 401)
    result = signing_in.give_code(_hub(request), held, code, place(request), front(request).policy)
    return _went(request, result, partial(_page, request, "code.html", then=_local(then)), _local(then))


@router.get("/signin/enrol")
def enrol(request: Request) -> Response:
    """The QR picture and the form for its first code."""
    held = who.standing(request)
    if held is None or not signing_in.may_enrol(_hub(request), held):
        return RedirectResponse("/signin", 303)
    return _unproved(request, held, "/signin/enrol") or _enrol(request, held)


@router.post("/signin/enrol")
def enrolled(request: Request, code: Text) -> Response:
    """Takes the phone into use, and shows the recovery codes once."""
    held = who.standing(request)
    if held is None or not signing_in.may_enrol(_hub(request), held):
        return _form(request, "late", 401)
    if (before := _unproved(request, held, "/signin/enrol")) is not None:
        return before
    result = signing_in.enrol(_hub(request), held, code, place(request), front(request).policy)
    if isinstance(result, Refused):
        return _enrol(request, held, "wrong", 401)
    request.state.csrf = who.form_token(result.secret)
    answer = _page(request, "codes.html", codes=result.codes)
    who.set_cookie(answer, request, who.SESSION, result.secret)
    return answer


@router.get("/signin/again")
def again(request: Request, then: str = "") -> Response:
    """The form to show again who one is."""
    held = who.standing(request)
    if held is None or held.stage is not Stage.OPEN:
        return RedirectResponse("/signin", 303)
    return _again(request, held, _local(then))


@router.post("/signin/again")
def shown_again(request: Request, password: Text = "", code: Text = "", then: Text = "") -> Response:
    """On to what asked for it, with another cookie."""
    held = who.standing(request)
    if held is None or held.stage is not Stage.OPEN:
        return _form(request, "late", 401)
    if not front(request).private(request):
        return _form(request, "plain", 403)
    result = signing_in.prove(_hub(request), held, password, code, place(request), front(request).policy)
    return _went(request, result, partial(_again, request, held, _local(then)), _local(then))


@router.get("/signin/password")
def password(request: Request) -> Response:
    """The form for another password."""
    held = who.standing(request)
    if held is None or held.stage not in (Stage.PASSWORD, Stage.OPEN):
        return RedirectResponse("/signin", 303)
    return _page(request, "password.html", must=held.stage is Stage.PASSWORD)


@router.post("/signin/password")
def password_changed(request: Request, old: Text, new: Text) -> Response:
    """Another password."""
    held = who.standing(request)
    if held is None:
        return _form(request, "late", 401)
    again = partial(_page, request, "password.html", must=held.stage is Stage.PASSWORD)
    try:
        result = signing_in.change_password(_hub(request), held, old, new, place(request), front(request).policy)
    except DataError:
        return again(told="change_weak", status=422)
    return _went(request, result, again, "/")


@router.get("/signin/providers")
def linking(request: Request) -> Response:
    """The providers, and which of them whoever is signed in comes by."""
    held = who.standing(request)
    if held is None or held.stage is not Stage.OPEN:
        return RedirectResponse("/signin", 303)
    return _unproved(request, held, LINKS) or _linking(request, held)


@router.post("/signin/providers/{provider}")
def link(request: Request, provider: str) -> Response:
    """Sends the browser of whoever is signed in to a provider, to come in by it from then on."""
    held = who.standing(request)
    if held is None or held.stage is not Stage.OPEN:
        return _form(request, "late", 401)
    return _unproved(request, held, LINKS) or _begun(request, provider, LINKS, held.user)


@router.post("/signout")
def sign_out(request: Request) -> Response:
    """Ends what the browser has open."""
    held = who.standing(request)
    if held is not None:
        signing_in.sign_out(_hub(request), held, place(request))
    answer = RedirectResponse("/signin", 303)
    who.drop_cookie(answer, request, who.SESSION)
    answer.headers["clear-site-data"] = '"cache", "storage"'
    return answer


@router.get("/signin/by/{provider}")
def to_provider(request: Request, provider: str, then: str = "", again: bool = False) -> Response:
    """Sends the browser to a provider; `again` where who has it open is to show anew who he is."""
    held = who.standing(request) if again else None
    shows = held.user if held is not None and held.stage is Stage.OPEN else ""
    return _begun(request, provider, _local(then), shows=shows)


@router.get("/signin/by/{provider}/back")
def from_provider(request: Request, provider: str) -> Response:
    """Lets in who comes back from a provider."""
    by = _provider(request, provider)
    kept, _, then = who.cookie(request, BACK).partition("|")
    query = dict(request.query_params)
    before = who.standing(request)
    try:
        result = providers.finish(
            _hub(request), by, _back(request, provider), kept, query, place(request), front(request).policy, before
        )
    except DataError:
        answer: Response = _form(request, "late", 401)
    except VendorUnavailable:
        answer = _form(request, "away", 503)
    else:
        if isinstance(result, Refused) and result.reason and before is not None:
            further = _linking if result.reason == "taken" else partial(_again, then=_local(then))
            answer = further(request, before, told=result.reason, status=409)
        else:
            answer = _went(request, result, lambda **_: _form(request, "unknown", 403), _local(then))
    who.drop_cookie(answer, request, BACK)
    return answer


def _begun(request: Request, provider: str, then: str, links: str = "", shows: str = "") -> Response:
    by = _provider(request, provider)
    if not front(request).private(request):
        return _form(request, "plain", 403)
    try:
        begun, kept = providers.begin(_hub(request), by, _back(request, provider), links, shows)
    except VendorUnavailable:
        return _form(request, "away", 503)
    # Our policy lets no form of ours lead to another place, not by a redirect either: after one, the page leads there.
    answer: Response = _page(request, "onward.html", onward=begun) if links else RedirectResponse(begun, 303)
    who.set_cookie(answer, request, BACK, f"{kept}|{then}", 600)
    return answer


def _unproved(request: Request, held: Standing, then: str) -> Response | None:
    """On to show again who one is, where that is long ago; a sign-in that is under way has just done so."""
    if held.stage is not Stage.OPEN or lately.proved(request, held):
        return None
    return RedirectResponse(address("/signin/again", then=then), 303)


def _again(
    request: Request, held: Standing, then: str, told: str = "", status: int = 200, seconds: int = 0
) -> HTMLResponse:  # fmt: skip
    password, factor = signing_in.ways(_hub(request), held)
    known = front(request).providers
    by = [(name, known[name].label) for name in providers.linked(_hub(request), held.user, known)]
    return _page(request, "again.html", told, status, seconds, password=password, factor=factor, by=by, then=then)


def _linking(request: Request, held: Standing, told: str = "", status: int = 200) -> HTMLResponse:
    known = front(request).providers
    comes = providers.linked(_hub(request), held.user, known)
    listed = [(name, one.label, name in comes) for name, one in known.items()]
    return _page(request, "providers.html", told, status, listed=listed)


def _went(request: Request, result: Opened | Refused, again: Callable[..., Response], then: str) -> Response:
    """On to the next step with another cookie, or the form again with what is wrong."""
    if isinstance(result, Refused):
        if not result.wait:
            return again(told="wrong", status=401)
        answer = again(told="wait", status=429, seconds=result.wait)
        answer.headers["retry-after"] = str(result.wait)
        return answer
    path = PATHS.get(result.stage, then)
    if result.stage is Stage.CODE and then != "/":
        path = f"{path}?{urlencode({'then': then})}"
    answer = RedirectResponse(path, 303)
    who.set_cookie(answer, request, who.SESSION, result.secret)
    who.drop_cookie(answer, request, who.FORM)
    return answer


def _form(request: Request, told: str = "", status: int = 200, **data: Any) -> HTMLResponse:
    """The first form, bound to this browser."""
    secret = "" if getattr(request.state, "csrf", "") else who.fresh()
    if secret:
        request.state.csrf = who.form_token(secret)
    by = [(name, one.label) for name, one in front(request).providers.items()]
    answer = _page(request, "signin.html", told, status, providers=by, **{"email": "", "then": "/", **data})
    if secret:
        who.set_cookie(answer, request, who.FORM, secret)
    return answer


def _enrol(request: Request, held: Standing, told: str = "", status: int = 200) -> HTMLResponse:
    uri = signing_in.seed(_hub(request), held)
    picture = segno.make(uri, error="m").svg_data_uri(scale=5, dark="#000", light="#fff")
    answer = _page(request, "enrol.html", told, status, picture=picture, secret=pyotp.parse_uri(uri).secret)
    answer.headers["content-security-policy"] = DRAWN
    return answer


def _page(
    request: Request, template: str, told: str = "", status: int = 200, seconds: int = 0, **data: Any
) -> HTMLResponse:  # fmt: skip
    """A page of the sign-in; what is in its address besides the choices of look is where to go on to."""
    further = {"then": data["then"]} if data.get("then", "/") != "/" else {}
    again = partial(address, request.url.path, **further)
    caller = who.resolve(request)
    held = caller is None and who.standing(request) is not None
    return page(request, caller, f"signin/{template}", status=status, told=told, seconds=seconds, here=again,
                half_way=held, **data)  # fmt: skip


def _provider(request: Request, name: str) -> SignInBy:
    found = front(request).providers.get(name)
    if found is None:
        raise HTTPException(404, "There is no such sign-in provider here")
    return found


def _back(request: Request, provider: str) -> str:
    return f"{front(request).origin(request)}/signin/by/{provider}/back"


def _local(path: str) -> str:
    """A path of ours to go on to; anything that a browser might take for another place is our first page."""
    fine = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "|" not in path
    return path[:300] if fine and "\\" not in path else "/"


def _hub(request: Request) -> Any:
    return request.app.state.hub
