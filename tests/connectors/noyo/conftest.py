"""A group at Noyo whose every call and answer is held against the vendor's description, if at hand."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benehub.connect.connector import Incoming, Item, Link, Receipt
from benehub.connect.messages import Request
from benehub.connect.testing import WireRequest, WireResponse
from benehub.records import STREAMS
from benehub.sandbox.http import as_transport
from benehub_connectors.noyo import NoyoConnector, NoyoSettings
from benehub_connectors.noyo.settings import LIVE, TRACKING
from benehub_connectors.noyo.simulator import NoyoSimulator
from benehub_connectors.noyo.stage import NOW, PLANS, family, settings


@pytest.fixture(scope="session")
def api(root: Path) -> Any:
    """The vendor's two API descriptions as referees by host, loaded once; None where they are not at hand."""
    shared = Path(os.environ.get("BENEHUB_SHARED", root.parent / "shared")) / "specs" / "noyo"
    files = {LIVE: shared / "noyo-fulfillment-openapi.json", TRACKING: shared / "noyo-tracking-openapi.json"}
    if not all(file.is_file() for file in files.values()):
        return None
    openapi_core = pytest.importorskip("openapi_core")
    config = openapi_core.Config(spec_validator_cls=None)
    return {
        host: openapi_core.OpenAPI.from_dict(json.loads(file.read_text(encoding="utf-8")), config=config)
        for host, file in files.items()
    }


class CheckedNoyo(NoyoSimulator):
    """The simulator, with a referee for what goes in and for what comes out."""

    def __init__(self, api: Any) -> None:
        super().__init__(today=NOW.date(), plans=list(PLANS.values()))
        self.api = api
        self.checked: set[tuple[str, str, int]] = set()

    def handle(self, wire: WireRequest) -> WireResponse:
        answer = super().handle(wire)
        # The description has no word on tokens.
        if self.api is not None and wire.path != "/auth/public/token":
            self._referee(wire, answer)
        return answer

    def _referee(self, wire: WireRequest, answer: WireResponse) -> None:
        from openapi_core.testing import MockRequest, MockResponse

        mime, host = "application/json", TRACKING if wire.path.endswith("/differences") else LIVE
        asked = MockRequest(
            host, wire.method.lower(), wire.path, args=dict(wire.query), headers=dict(wire.headers),
            data=wire.body or None, content_type=mime,
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecated properties
            self.api[host].validate_request(asked)
            if not self.log[-1].fault and answer.status != 401:
                told = MockResponse(answer.body, status_code=answer.status, headers=answer.headers, content_type=mime)
                self.api[host].validate_response(asked, told)
        self.checked.add((wire.method, wire.path.rpartition("/")[2], answer.status))


class Bench:
    """A connector on a simulated group, without a wait."""

    def __init__(self, simulator: CheckedNoyo) -> None:
        self.simulator = simulator
        self.connector = NoyoConnector()

    def link(self, **more: Any) -> Link:
        """An open link."""
        checked = NoyoSettings.model_validate(settings(self.simulator) | more)
        secret = {checked.client_secret: self.simulator.client_secret}
        client = self.connector.client(
            checked, secret, name="noyo", transport=as_transport(self.simulator), sleep=lambda _: None,
            wall_clock=lambda: NOW,
        )  # fmt: skip
        return Link("acme", "noyo", checked, lambda: NOW, client)

    def rows(self, stream: str) -> list[Incoming]:
        """All rows of a stream; what could be translated is held against the stream's record."""
        found = [row for page in self.connector.read(stream, self.link(), None) for row in page.rows]
        for row in found:
            if not row.problem:
                STREAMS[stream].model_validate(row.data)
        return found

    def ask(self, content: Mapping[str, Any], link: Link) -> Request | Receipt:
        """Look up and decide, as the hub does; nothing is written."""
        item = Item("enrollment.change", "k", content)
        known = self.connector.discover(link)
        return self.connector.request(item, link.http().send(self.connector.lookup(item, known)), known)

    def push(self, content: Mapping[str, Any], **more: Any) -> Receipt:
        """Look up, decide, send, confirm."""
        link = self.link(**more)
        answer = self.ask(content, link)
        if isinstance(answer, Receipt):
            return answer
        return self.connector.receipt(Item("enrollment.change", "k", content), link.http().send(answer))

    def cover(self, number: str, plan: str = "ppo") -> dict[str, tuple[str, str]]:
        """Who is covered in a plan of a family: individual's number -> first and last day."""
        found = self.simulator.family(number)
        assert found is not None
        return {
            one["custom_individual_id"]: (one["effective_start_date"], one["effective_end_date"])
            for coverage in found["coverages"] if coverage["plan_id"] == PLANS[plan].id
            for one in coverage["enrolled_members"]
        }  # fmt: skip


@pytest.fixture
def noyo(api: Any) -> CheckedNoyo:
    """A group of two families."""
    made = CheckedNoyo(api)
    made.enroll(family("1001", "Ada", "Byron", "1980-03-09"))
    made.enroll(family("1002", "Max", "Stein", "1975-07-01"))
    return made


@pytest.fixture
def bench(noyo: CheckedNoyo) -> Bench:
    """A connector on that group."""
    return Bench(noyo)
