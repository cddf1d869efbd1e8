"""A company at ADP whose every call and answer is held against the vendor's own sample payloads, if at hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from benehub.connect import jsontext
from benehub.connect.connector import Incoming, Item, Link, Receipt
from benehub.connect.messages import Request
from benehub.connect.testing import WireRequest, WireResponse, transport
from benehub.records import STREAMS, DeductionOrder
from benehub_connectors.adp_workforce_now import AdpConnector, AdpSettings
from benehub_connectors.adp_workforce_now.simulator import AdpSimulator
from benehub_connectors.adp_workforce_now.stage import NOW, company, settings

ASKED = ("wfn/payroll-instructions/v?/*/*request.json",)
TOLD = (
    "wfn/payroll-instructions/v2/*/*response.json",
    "wfn/workers-v2/*.json",
    "wfn/benefits/Dependents/*/*.json",
    "wfn/benefits/benefit-enrollments/Get-Sample-event-notification*.json",
    "run/payroll-output/*.json",
)


@pytest.fixture(scope="session")
def samples(root: Path) -> Path | None:
    """The folder of ADP's sample payloads; None where it is not at hand."""
    shared = Path(os.environ.get("BENEHUB_SHARED", root.parent / "shared"))
    folder = shared / "specs" / "adp"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def sample(samples: Path | None) -> Callable[[str], Any]:
    """Gives one sample by its path, as our client would parse it."""
    if samples is None:
        pytest.skip("no sample payloads of ADP; set BENEHUB_SHARED")
    return lambda name: jsontext.parse((samples / name).read_bytes())


Kinds = Mapping[str, frozenset[str]]


@pytest.fixture(scope="session")
def forms(samples: Path | None) -> tuple[Kinds, Kinds] | None:
    """What may be asked and told: each place in a sample, and the kinds of values seen there."""
    return (_forms(samples, ASKED), _forms(samples, TOLD)) if samples is not None else None


def _forms(folder: Path, patterns: tuple[str, ...]) -> Kinds:
    found: dict[str, set[str]] = {}
    for pattern in patterns:
        for file in sorted(folder.glob(pattern)):
            try:
                told = jsontext.parse(file.read_bytes())
            except ValueError:
                continue  # one of the samples is broken
            for place, kind in places(told):
                found.setdefault(place, set()).add(kind)
    return {place: frozenset(kinds) for place, kinds in found.items()}


def places(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Each place of a JSON value and the kind of what stands there."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from places(one, f"{at}/{name}")
    elif isinstance(value, list):
        yield at, "list"
        for one in value:
            yield from places(one, f"{at}[]")
    else:
        number = isinstance(value, jsontext.NumberText) or (isinstance(value, int) and not isinstance(value, bool))
        yield at, "number" if number else type(value).__name__


class CheckedAdp:
    """The simulator behind a referee."""

    def __init__(self, simulator: AdpSimulator, forms: tuple[Kinds, Kinds] | None) -> None:
        self.simulator, self.forms = simulator, forms

    def handle(self, wire: WireRequest) -> WireResponse:
        """Answer, and hold what went in and what comes out against the samples."""
        answer = self.simulator.handle(wire)
        skipped = wire.path == "/auth/oauth/v2/token" or answer.status == 401 or self.simulator.log[-1].fault
        if self.forms is not None and not skipped:
            for body, known in ((wire.body, self.forms[0]), (answer.body, self.forms[1])):
                strange = [
                    (place, kind)
                    for place, kind in (places(jsontext.parse(body)) if body else ())
                    if kind not in known.get(place, ())
                ]
                assert strange == [], f"{wire.method} {wire.path}: in none of ADP's samples"
        return answer


class Bench:
    """A connector on a simulated company, without a wait."""

    def __init__(self, simulator: AdpSimulator, forms: tuple[Kinds, Kinds] | None) -> None:
        self.simulator = simulator
        self.connector = AdpConnector()
        self.checked = CheckedAdp(simulator, forms)
        self.ada, self.max, self.eva = list(simulator.workers)
        self.usual = settings(simulator)

    def link(self, **more: Any) -> Link:
        """An open link."""
        made = AdpSettings.model_validate(self.usual | more)
        secret = {"env:SECRET": self.simulator.client_secret, "env:CERT": "c", "env:KEY": "k"}
        client = self.connector.client(
            made, secret, name="adp", transport=transport(self.checked.handle), sleep=lambda _: None,
            wall_clock=lambda: NOW,
        )  # fmt: skip
        return Link("acme", "adp", made, lambda: NOW, client)

    def rows(self, stream: str, cursor: str | None = None, **more: Any) -> list[Incoming]:
        """All rows of a stream; what could be translated is held against the stream's record."""
        found = [row for page in self.connector.read(stream, self.link(**more), cursor) for row in page.rows]
        for row in found:
            if not row.problem and not row.deleted:
                STREAMS[stream].model_validate(row.data)
        return found

    def order(self, code: str, employee: str = "", **fields: Any) -> Item:
        """A deduction order as the hub freezes it."""
        usual: dict[str, Any] = {"plan": "ppo", "tax_class": "pretax", "effective_from": date(2026, 12, 4)}
        record = DeductionOrder.model_validate(usual | fields | {"code": code, "employee": employee or self.ada})
        return Item("deduction.set", f"deduction.set/{code}", record.model_dump(mode="json"))

    def ask(self, item: Item, **more: Any) -> Request | Receipt:
        """Look up and decide, as the hub does; nothing is written."""
        link = self.link(**more)
        known = self.connector.discover(link)
        found = link.http().send(self.connector.lookup(item, known))
        return self.connector.request(item, found, known)

    def push(self, item: Item, **more: Any) -> Receipt:
        """Look up, decide, send, confirm."""
        answer = self.ask(item, **more)
        if isinstance(answer, Receipt):
            return answer
        return self.connector.receipt(item, self.link().http().send(answer))


@pytest.fixture
def bench(forms: tuple[Kinds, Kinds] | None) -> Bench:
    """A connector on the company of the stage."""
    return Bench(company(), forms)


@pytest.fixture
def now() -> datetime:
    """The hub's now."""
    return NOW
