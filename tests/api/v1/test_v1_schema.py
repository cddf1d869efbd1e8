"""schemathesis calls every operation of the description with what it allows and what it does not; all checks hold."""

from __future__ import annotations

import itertools
import re
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("schemathesis", reason="schemathesis is not installed (the dev extra has it)")

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import ignored_auth
from sqlalchemy import select
from tests.api.v1.conftest import Api, reads_tables, start_clock

from benehub.api import v1
from benehub.api.v1.documents import document
from benehub.api.v1.links import LINKS
from benehub.flows import bind, imports
from benehub.flows.questions import ask
from benehub.store.tables import (
    difference,
    dispatch,
    entry,
    fix,
    intake_batch,
    obligation,
    person,
    question,
    suppression,
)
from benehub.store.tables import run as run_table
from benehub.views.strangers import unlinked

# The worker's threads draw from `random` while cases are made: Hypothesis takes that for the strategies' doing.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")

TOKEN = "a-token-for-tests"
NUMBER = itertools.count(1)
EXAMPLES = 2
"""Of each operation and way; more of them find no more."""

WALKS, STEPS = 3, 5
"""Ways from answer to answer, and calls of each."""

UNGUESSED = {"add_schedule": {"name": "nightly", "flow": "sync", "connection": "hris", "cron": "0 2 * * *"}}
"""Bodies of what leads on that chance would not find."""

BOUNDS = 4
"""Cases at the bounds of each operation and way."""

CONFIG = {
    "seed": 1,
    "phases": {"stateful": {"inference": {"algorithms": []}}},  # the links that are told, and no guess
    "auth": {"openapi": {"token": {"bearer": TOKEN}}},
    "checks": {
        # What the hub refuses of a request that fits is 422 (no such plan) or 412 (a version of something else).
        "positive_data_acceptance": {"expected-statuses": ["2xx", 404, 409, 412, 422]},
        "negative_data_rejection": {"expected-statuses": [400, 401, 404, 405, 412, 422]},
        "missing_required_header": {"expected-statuses": [422]},
    },
}


@pytest.fixture(scope="module")
def described(template: Path, tmp_path_factory: pytest.TempPathFactory, fakes: ModuleType) -> Iterator[Api]:
    """An API that is called by all of these tests, with its worker."""
    folder = tmp_path_factory.mktemp("schema")
    shutil.copy(template / "hub.db", folder / "hub.db")
    hub = fakes.make_hub(f"sqlite:///{folder / 'hub.db'}")
    start_clock(hub, fakes.NOW + timedelta(days=1))
    bind(hub).engine.start()
    api = Api(hub, TOKEN)
    patience = api.app.state.patience
    patience.seconds, patience.pause = 0.05, 0.02
    yield api
    hub.engine.stop()
    hub.store.close()


@pytest.fixture(scope="module")
def real(described: Api) -> dict[str, list[str]]:
    """Things that are there, by the name they have in an address."""
    found: dict[str, list[str]] = {"employer": ["acme"], "person": ["1001", "1003"], "plan": ["ppo"],
                                   "connection": ["hris", "payroll"]}  # fmt: skip
    with described.hub.store.read("acme") as session:
        whose = session.rows(select(person.c.person_id).where(*session.where(person, member_id="1001")))[0][0]
    for text in ("Why?", "Since when?"):
        ask(described.hub, "acme", whose, {"plan": "ppo"}, text, "usr_ann")
    reads_tables(described.hub)
    found["upload"] = [
        imports.receive(described.hub, "acme", name, "employee", "a.csv", b"Emp ID,Last Name\nX1,Alder\n", "usr_ann")
        for name in ("census", "people")
    ]
    columns = {"run": run_table.c.run_id, "difference": difference.c.difference_id,
               "dispatch": dispatch.c.dispatch_id, "obligation": obligation.c.obligation_id,
               "suppression": suppression.c.suppression_id, "ref": entry.c.entry_id, "fix": fix.c.fix_id,
               "read": intake_batch.c.batch_id, "question": question.c.question_id}  # fmt: skip
    with described.hub.store.read("acme") as session:
        for name, column in columns.items():
            query = select(column).where(column.table.c.employer_id == "acme").order_by(column).limit(4)
            found[name] = [str(row[0]) for row in session.rows(query)]
        found["stranger"] = [str(one["ref"]) for one in unlinked(session)]
    return found


DOCUMENT = document(v1.router)
# To this tool the schema of a stream is that of each event; to those that make clients, that of the whole.
for _operation in (one for path in DOCUMENT["paths"].values() for one in path.values()):
    for _content in _operation["responses"].get("200", {}).get("content", {}).items():
        if _content[0] == "text/event-stream":
            _content[1]["schema"] = {"$ref": "#/components/schemas/RunEvent"}
OPERATIONS = [
    (method, path) for path, operations in DOCUMENT["paths"].items() for method in operations if method != "parameters"
]


def _led() -> dict[str, set[str]]:
    """By the tag of an operation that leads on: those, and where they lead."""
    tags = {one["operationId"]: one["tags"][0] for path in DOCUMENT["paths"].values() for one in path.values()}
    found: dict[str, set[str]] = {}
    for (source, _), targets in LINKS.items():
        found.setdefault(tags[source], set()).update((source, *targets))
    return found


LED = _led()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fits", "does-not-fit"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[f"{m} {p}" for m, p in OPERATIONS])
def test_it_does_what_it_says(
    method: str, path: str, mode: GenerationMode, described: Api, real: dict[str, list[str]]
) -> None:
    schema = _schema(described)
    operation = schema[path][method.upper()]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        suppress_health_check=list(HealthCheck), derandomize=True, deadline=None, max_examples=EXAMPLES, database=None,
        phases=(Phase.explicit, Phase.generate),
    )  # fmt: skip
    def called(case: Any) -> None:
        call(case)

    def call(case: Any, *without: Any) -> None:
        led(case, real)
        case.call_and_validate(excluded_checks=list(without))

    called()
    for case in _at_the_bounds(schema, operation, mode):
        # What is made up here for the header is no token of ours; that none is needed is asked of the cases above.
        others = {name: value for name, value in (case.headers or {}).items() if name.lower() != "authorization"}
        case.headers = {**others, "authorization": f"Bearer {TOKEN}"}
        call(case, ignored_auth)


def test_what_it_answers_leads_on(
    described: Api, real: dict[str, list[str]], template: Path, fakes: ModuleType
) -> None:
    """Many calls one after the other, each with what the one before has told: every answer holds there too.

    Each way begins with the same things in the same database: what is drawn depends on what was answered.
    """
    followed: dict[str, set[str]] = {}
    live = sqlite3.connect(described.hub.store.engine.url.database or "")
    with closing(live), closing(sqlite3.connect(template / "hub.db")) as begun:

        def anew() -> None:
            begun.backup(live)
            start_clock(described.hub, fakes.NOW + timedelta(days=1))

        for tag, operations in LED.items():
            followed[tag] = _walked(_schema(described).include(operation_id=sorted(operations)), real, anew)
    assert sum(map(bool, followed.values())) >= len(LED) - 3, followed
    assert len(set().union(*followed.values())) > 12


def _walked(schema: Any, real: dict[str, list[str]], anew: Callable[[], None]) -> set[str]:
    """Go where the links lead from operation to operation; gives the ways that were taken."""
    taken = set[str]()

    class Walk(schema.as_state_machine()):  # type: ignore[misc]  # made of the description
        """Somebody who begins anew each time."""

        def setup(self) -> None:
            anew()

        def step(self, input: Any) -> Any:
            case, told = input.case, {name for _, name in input.applied_parameters}
            led(case, real, told)
            if case.method == "GET":
                needed = {one.name for one in case.operation.query if one.is_required}
                # All there is: with filters most lists are empty, and lead nowhere.
                case.query = {name: one for name, one in (case.query or {}).items() if name in needed}
            case.body = UNGUESSED.get(case.operation.definition.raw["operationId"], case.body)
            taken.update([input.transition.id] if told else [])
            return super().step(input)

    Walk.run(
        settings=settings(
            suppress_health_check=list(HealthCheck), derandomize=True, deadline=None, max_examples=WALKS,
            stateful_step_count=STEPS, database=None, phases=(Phase.generate,),
        )
    )  # fmt: skip
    return taken


def led(case: Any, real: dict[str, list[str]], told: Collection[str] = ()) -> None:
    """Let a call that fits be about what is there, else every answer would be a 404; what is wrong stays wrong.

    What the answer before has `told` stays so. A key is made one's own, else it would be refused as one used before.
    """
    parameters = DOCUMENT["paths"][case.operation.path][case.operation.method.lower()].get("parameters", ())
    patterns = {one["name"]: one["schema"].get("pattern", "") for one in parameters if one["in"] == "path"}
    key = next((one["schema"] for one in parameters if one["name"].lower() == "idempotency-key"), None)
    for name, value in (case.path_parameters or {}).items():
        if name in real and name not in told and re.fullmatch(patterns[name], str(value)):
            case.path_parameters[name] = real[name][sum(map(ord, str(value))) % len(real[name])]
    said = str((case.headers or {}).get("idempotency-key", ""))
    if key is not None and re.fullmatch(key["pattern"], said) and len(said) <= key["maxLength"] - 8:
        case.headers["idempotency-key"] = f"{said}-{next(NUMBER)}"


def _schema(described: Api) -> Any:
    schema = schemathesis.openapi.from_dict(DOCUMENT, config=SchemathesisConfig.from_dict(CONFIG))
    schema.app = described.app
    return schema


def _at_the_bounds(schema: Any, operation: Any, mode: GenerationMode) -> list[Any]:
    """Values at the bounds of what is described and just beyond, some of all: they come in the order of parameters."""
    generation = schema.config.generation_for(operation=operation, phase="coverage")
    cases = list(schema.iter_coverage_cases(operation, generation_modes=[mode], generation_config=generation))
    return cases[:: max(1, -(-len(cases) // BOUNDS))]
