"""schemathesis calls every operation of the description with what it allows and what it does not; all checks hold."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Iterator
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
from tests.api.v1.conftest import Api, start_clock

from benehub.api import v1
from benehub.api.v1.documents import document
from benehub.flows import bind
from benehub.store.tables import difference, dispatch, entry, obligation, suppression
from benehub.store.tables import run as run_table

# The worker's threads draw from `random` while cases are made: Hypothesis takes that for the strategies' doing.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")

TOKEN = "a-token-for-tests"
NUMBER = itertools.count(1)
EXAMPLES = 2
"""Of each operation and way; more of them find no more."""

BOUNDS = 4
"""Cases at the bounds of each operation and way."""

CONFIG = {
    "seed": 1,
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
    columns = {"run": run_table.c.run_id, "difference": difference.c.difference_id,
               "dispatch": dispatch.c.dispatch_id, "obligation": obligation.c.obligation_id,
               "suppression": suppression.c.suppression_id, "ref": entry.c.entry_id}  # fmt: skip
    with described.hub.store.read("acme") as session:
        for name, column in columns.items():
            query = select(column).where(column.table.c.employer_id == "acme").order_by(column).limit(4)
            found[name] = [str(row[0]) for row in session.rows(query)]
    return found


DOCUMENT = document(v1.router)
OPERATIONS = [
    (method, path) for path, operations in DOCUMENT["paths"].items() for method in operations if method != "parameters"
]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fits", "does-not-fit"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[f"{m} {p}" for m, p in OPERATIONS])
def test_it_does_what_it_says(
    method: str, path: str, mode: GenerationMode, described: Api, real: dict[str, list[str]]
) -> None:
    schema = schemathesis.openapi.from_dict(DOCUMENT, config=SchemathesisConfig.from_dict(CONFIG))
    schema.app = described.app

    parameters = DOCUMENT["paths"][path][method].get("parameters", ())
    patterns = {one["name"]: one["schema"]["pattern"] for one in parameters if one["in"] == "path"}
    key = next((one["schema"] for one in parameters if one["name"].lower() == "idempotency-key"), None)

    operation = schema[path][method.upper()]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        suppress_health_check=list(HealthCheck), derandomize=True, deadline=None, max_examples=EXAMPLES, database=None,
        phases=(Phase.explicit, Phase.generate),
    )  # fmt: skip
    def called(case: Any) -> None:
        call(case)

    def call(case: Any, *without: Any) -> None:
        for name, value in (case.path_parameters or {}).items():
            # Else every answer would be a 404; what is wrong by intention stays wrong.
            if name in real and re.fullmatch(patterns[name], str(value)):
                case.path_parameters[name] = real[name][sum(map(ord, str(value))) % len(real[name])]
        told = str((case.headers or {}).get("idempotency-key", ""))
        if key is not None and re.fullmatch(key["pattern"], told) and len(told) <= key["maxLength"] - 8:
            case.headers["idempotency-key"] = f"{told}-{next(NUMBER)}"  # else it would be refused as one used before
        case.call_and_validate(excluded_checks=list(without))

    called()
    for case in _at_the_bounds(schema, operation, mode):
        # What is made up here for the header is no token of ours; that none is needed is asked of the cases above.
        others = {name: value for name, value in (case.headers or {}).items() if name.lower() != "authorization"}
        case.headers = {**others, "authorization": f"Bearer {TOKEN}"}
        call(case, ignored_auth)


def _at_the_bounds(schema: Any, operation: Any, mode: GenerationMode) -> list[Any]:
    """Values at the bounds of what is described and just beyond, some of all: they come in the order of parameters."""
    generation = schema.config.generation_for(operation=operation, phase="coverage")
    cases = list(schema.iter_coverage_cases(operation, generation_modes=[mode], generation_config=generation))
    return cases[:: max(1, -(-len(cases) // BOUNDS))]
