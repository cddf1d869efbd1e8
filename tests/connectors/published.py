"""What vendors have published of their APIs, as referees of every request that a test makes, and of every answer.

A connector that calls its vendor stands here, with the description or with why there is none; the descriptions lie in
the reference material (`BENEHUB_SHARED`). Their known slips are mended here and nowhere else.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from benehub.connect import jsontext
from benehub.connect.testing import WireRequest, WireResponse

ROOT = Path(__file__).resolve().parents[2]


def _always(_: WireRequest) -> bool:
    return True


def _told(_: WireRequest, answer: WireResponse) -> bool:
    return True


def _fine(_: WireRequest, answer: WireResponse) -> bool:
    return answer.status == 200


def _as_it_is(_: Any) -> None:
    """Nothing to mend."""


@dataclass(frozen=True)
class Description:
    """One published description: where the vendor is, and which calls and answers it has words for.

    `faults` says that the answer of a planted fault is held against it too; `silent` are the kinds of warnings of the
    referee that are none of ours (deprecated properties; OAuth 2, which he does not know).
    """

    file: str
    host: str
    about: Callable[[WireRequest], bool] = _always
    told: Callable[[WireRequest, WireResponse], bool] = _told
    mend: Callable[[Any], None] = _as_it_is
    respelled: tuple[str, str] = ("", "")
    faults: bool = False
    silent: tuple[type[Warning], ...] = (UserWarning, DeprecationWarning)


def _untie(told: Any) -> None:
    """Drop lists of types (a custom field's value), which this version of OpenAPI has no word for."""
    for one in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
        if isinstance(one, dict) and isinstance(one.get("type"), list):
            del one["type"]
        _untie(one)


def _since(told: Any) -> None:
    """It says of `since` that it is a timestamp, shows two, and gives it the format of a day."""
    (since,) = (
        one for one in told["paths"]["/timeoff/requests/changes"]["get"]["parameters"] if one["name"] == "since"
    )
    del since["schema"]["format"]


def _nulls(told: Any) -> None:
    """Days and times that it calls null are text, and bounds of a float are none."""
    waiting = [told]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if one.get("type") == "null" and "`" in str(one.get("description", "")):
                one["type"] = ["string", "null"]
            if str(one.get("minimum", "")).startswith("-1.79"):
                del one["minimum"]
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _lists(told: Any) -> None:
    """It says of every list that its data is an object and a list at once."""
    told["components"]["schemas"]["Response"]["properties"]["data"] = {}


def _finch(_: WireRequest, answer: WireResponse) -> bool:
    # Neither a 401, nor statements on their way, nor a match by tiers are in the description.
    return answer.status != 401 and b"tiered" not in answer.body and b"data_sync" not in answer.body


def _enrolling(wire: WireRequest) -> bool:
    return wire.method in ("POST", "DELETE") and wire.path.endswith("/individuals")


_DAY = ("pattern: YYYY-MM-DD", "pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'")
"""A format in the place of a pattern: as it is, it refuses every call."""

FINCH = Description(
    "finch/employer.openapi.yaml", "https://api.tryfinch.com", lambda wire: wire.path != "/introspect", _finch, _untie,
    _DAY,
)  # fmt: skip
FINCH_JOBS = Description(
    "finch/async-deductions.openapi.yaml", "https://api.tryfinch.com", _enrolling, _finch, _untie, _DAY,
)  # fmt: skip
"""In which enrollments are jobs."""
FINCH_MANAGEMENT = Description(
    "finch/management.openapi.yaml", "https://api.tryfinch.com", lambda wire: wire.path.startswith("/jobs/"),
    mend=_untie, respelled=_DAY,
)  # fmt: skip
"""What became of such a job."""

FINCH_TOKEN = Description(
    "finch/management.openapi.yaml", "https://api.tryfinch.com", lambda wire: wire.path == "/introspect",
    mend=_untie, respelled=_DAY,
)  # fmt: skip
"""What a token may do."""

PUBLISHED: dict[str, tuple[Description, ...]] = {
    # How a token is got stands in no description of OAuth 2.
    "bamboohr": (
        Description("bamboohr/public.yaml", "https://acme.bamboohr.com", lambda wire: wire.path != "/token.php",
                    lambda _, answer: bool(answer.body), silent=(UserWarning,)),
    ),
    "finch": (FINCH, FINCH_TOKEN),
    # A token fits both branches of the description's own oneOf, so no answer can pass that one.
    "gusto": (
        Description("gusto/embedded.openapi.yaml", "https://api.gusto.com",
                    told=lambda wire, answer: answer.status != 401 and wire.path != "/oauth/token"),
    ),
    "hibob": (Description("hibob/openapi.yaml", "https://api.hibob.com", told=_fine, mend=_since, silent=()),),
    "kombo": (Description("kombo/kombo-openapi.json", "https://api.kombo.dev", mend=_nulls),),
    "noyo": (
        Description("noyo/noyo-tracking-openapi.json", "https://tracking.noyo.com",
                    lambda wire: wire.path.endswith("/differences"), lambda _, answer: answer.status != 401),
        Description("noyo/noyo-fulfillment-openapi.json", "https://fulfillment.noyo.com",
                    lambda wire: wire.path != "/auth/public/token" and not wire.path.endswith("/differences"),
                    lambda _, answer: answer.status != 401),
    ),
    "personio": (
        Description("personio/personio-auth-api.yaml", "https://api.personio.de",
                    lambda wire: wire.path == "/v1/auth", _fine, silent=()),
        Description("personio/personio-personnel-data-api-oa3.yaml", "https://api.personio.de",
                    lambda wire: wire.path != "/v1/auth", _fine, _lists, silent=()),
    ),
    # It has no word on refusals.
    "rippling": (
        Description("rippling/RipplingOpenAPI.v1.yaml", "https://api.rippling.com",
                    lambda wire: not wire.path.startswith("/api/o/"), lambda _, answer: answer.status < 400,
                    faults=True),
    ),
}  # fmt: skip
"""Connector -> the descriptions of its vendor's API."""

BESIDE: tuple[Description, ...] = (FINCH_JOBS, FINCH_MANAGEMENT)
"""Descriptions by which a vendor is judged who makes jobs of what he is asked, before those above."""

_TOKEN = "how a token is got stands in no description of OAuth 2"
UNTOLD: dict[str, dict[tuple[str, str], str]] = {
    "bamboohr": {("POST", "/token.php"): _TOKEN},
    "gusto": {("POST", "/oauth/token"): "a token fits both branches of the description's own oneOf"},
    "noyo": {("POST", "/auth/public/token"): _TOKEN},
    "rippling": {
        ("POST", "/api/o/token/"): _TOKEN,
        ("GET", "/platform/api/employees/*/deductions_401k"): "it has no word on who has none (404)",
    },
}
"""Connector -> method and pattern of a path that the kit plays and nobody judges -> why not."""

OTHERWISE = {
    "adp_workforce_now": "ADP has published samples and no description: every body is held against their forms",
    "frappe_hr": "Frappe has published no description: its documents are made from its own source",
    "scim": "a server that nobody here wrote answers in the tests",
}
"""Connector -> what stands in for a description."""


class Referee:
    """Descriptions of one vendor, as judges; `checked` is what has been judged: method, end of the path, status."""

    def __init__(self, judged: list[tuple[Description, Any]]) -> None:
        self.judged = judged
        self.checked: set[tuple[str, str, int]] = set()
        self.paths: set[tuple[str, str]] = set()

    @property
    def api(self) -> Any:
        """The first description."""
        return self.judged[0][1]

    def knows(self, wire: WireRequest) -> bool:
        """Whether one of the descriptions is about such a call."""
        return any(described.about(wire) for described, _ in self.judged)

    def hold(self, wire: WireRequest, answer: WireResponse | None, fault: bool = False) -> bool:
        """Hold a call and its answer against the description; a planted fault's answer is none. Whether both were."""
        for described, api in self.judged:
            if described.about(wire):
                return self._hold(described, api, wire, answer, fault)
        return False

    def _hold(
        self, described: Description, api: Any, wire: WireRequest, answer: WireResponse | None, fault: bool
    ) -> bool:
        from openapi_core.testing import MockRequest, MockResponse
        from werkzeug.datastructures import ImmutableMultiDict

        mime = "application/json"
        asked = MockRequest(
            described.host, wire.method.lower(), wire.path, args=ImmutableMultiDict(wire.query),
            headers=dict(wire.headers), data=wire.body or None, content_type=wire.headers.get("content-type", mime),
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for kind in described.silent:
                warnings.simplefilter("ignore", kind)
            api.validate_request(asked)
            if answer is None or (fault and not described.faults) or not described.told(wire, answer):
                return False
            told = MockResponse(
                answer.body, status_code=answer.status, headers=answer.headers,
                content_type=answer.headers.get("content-type", mime),
            )  # fmt: skip
            api.validate_response(asked, told)
        self.checked.add((wire.method, wire.path.rpartition("/")[2], answer.status))
        self.paths.add((wire.method, wire.path))
        return True


def specs() -> Path:
    """The folder of descriptions."""
    return Path(os.environ.get("BENEHUB_SHARED", ROOT.parent / "shared")) / "specs"


def referee(*described: Description) -> Referee | None:
    """These as a referee; None where one is not at hand."""
    if not all((specs() / one.file).is_file() for one in described):
        return None
    return Referee([(one, _judge(one)) for one in described])


@cache
def document(described: Description) -> Any:
    """A description as it was published, without its slips."""
    text = (specs() / described.file).read_text(encoding="utf-8").replace(*described.respelled)
    if described.file.endswith(".json"):
        told = jsontext.parse(text.encode())
    else:
        told = yaml.load(text, Loader=yaml.CSafeLoader)
    described.mend(told)
    return told


@cache
def _judge(described: Description) -> Any:
    openapi_core = pytest.importorskip("openapi_core")
    return openapi_core.OpenAPI.from_dict(document(described), config=openapi_core.Config(spec_validator_cls=None))
