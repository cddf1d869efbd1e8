"""No connector that calls its vendor escapes what that vendor has published of his API."""

from __future__ import annotations

import ast
import importlib
import warnings
from fnmatch import fnmatch
from inspect import signature
from pathlib import Path

import pytest
from tests.connectors.published import BESIDE, OTHERWISE, PUBLISHED, UNTOLD, Referee, referee, specs
from tests.connectors.test_vendor_limits import CALLING

from benehub.connect.testing import WireRequest, WireResponse
from benehub.testing.checks import Ground
from benehub.testing.pushing import desk
from benehub.testing.reading import read_all
from benehub.testing.stage import Stage, stage_maker

HERE = Path(__file__).parent
CONNECTORS = Path(__file__).parents[2] / "connectors/benehub_connectors"


def test_each_connector_that_calls_has_its_description_or_says_why_not() -> None:
    assert set(CALLING) == set(PUBLISHED) | set(OTHERWISE)
    assert not set(PUBLISHED) & set(OTHERWISE)


def test_a_description_at_hand_is_held(shared: Path) -> None:
    at_hand = {
        folder.name for folder in (shared / "specs").iterdir() if [*folder.glob("*.y*ml"), *folder.glob("*.json")]
    }
    assert at_hand & {name.split("_")[0] for name in OTHERWISE} == set()
    used = {one.file.split("/")[0] for each in PUBLISHED.values() for one in each}
    assert at_hand & set(CALLING) == used & set(CALLING)
    every = [*(one for each in PUBLISHED.values() for one in each), *BESIDE]
    assert [one.file for one in every if not (specs() / one.file).is_file()] == []


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_connectors_own_tests_are_refereed(name: str, shared: Path) -> None:
    made = importlib.import_module(f"tests.connectors.{name}.conftest").api._get_wrapped_function()
    judge = made(shared) if signature(made).parameters else made()
    assert isinstance(judge, Referee) and [one for one, _ in judge.judged] == list(PUBLISHED[name])
    source = (HERE / name / "conftest.py").read_text(encoding="utf-8")
    conditions = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.If)]
    held = [one for one in conditions if "hold" in _called(one)]
    # Nothing but the question whether there is a referee stands before him.
    assert "api.hold(wire, " in source
    assert {ast.unparse(one.test).split(" and ")[0].removeprefix("self.") for one in held} <= {"api is not None"}


def _called(one: ast.If) -> set[str]:
    """The methods that are called where a condition lets them be."""
    return {
        call.func.attr for call in ast.walk(one) if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    }


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_all_that_the_kit_plays_is_as_published(name: str, tmp_path: Path) -> None:
    judge = referee(*PUBLISHED[name])
    if judge is None:
        pytest.skip("no description at hand; set BENEHUB_SHARED")
    strange: list[str] = []
    played: set[tuple[str, str]] = set()
    maker = stage_maker(CALLING[name])

    def refereed(folder: Path) -> Stage:
        stage = maker(folder)
        real = stage.answer
        assert real is not None

        def answer(wire: WireRequest) -> WireResponse:
            got = real(wire)
            played.add((wire.method, wire.path))
            try:
                judge.hold(wire, got)
            except Exception as error:
                strange.append(f"{wire.method} {wire.path}: {error!r} {error.__cause__!r}"[:600])
            return got

        stage.answer = answer
        return stage

    ground = Ground(CALLING[name], refereed, tmp_path)
    read_all(ground.play())
    if set(CALLING[name].guards) - CALLING[name].files_out:
        with desk(ground) as made:
            assert set(made.push(made.items())) == {"sent"}
    assert strange == []
    excused = UNTOLD.get(name, {})
    untold = played - judge.paths
    used = {one for one in excused for method, path in untold if one[0] == method and fnmatch(path, one[1])}
    assert {(method, path) for method, path in untold
            if not any(one == method and fnmatch(path, pattern) for one, pattern in excused)} == set()  # fmt: skip
    assert used == set(excused)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_a_manifest_claims_no_judge_of_what_nobody_judged(name: str) -> None:
    """A token, a refusal or an answer without a body that is left out of the judging is left out of the claim."""
    text = (CONNECTORS / name / "manifest.toml").read_text(encoding="utf-8")
    claims = "\n".join(
        one for one in text.splitlines() if "openapi-core" in one or "likewise" in one or "what =" in one
    )
    tokens = [path for method, path in UNTOLD.get(name, {}) if method == "POST"]
    assert not tokens or "token" in claims
    wire = WireRequest("GET", "/x")
    for described in PUBLISHED[name]:
        left_out = {status for status in (401, 404) if not described.told(wire, WireResponse(status, {}, b"{}"))}
        assert 404 not in left_out or "refusals" in claims
        assert left_out != {401} or "401" in claims
        assert described.told(wire, WireResponse(200, {}, b"")) or "body" in claims


class _Strict:
    """A referee that finds each request deprecated, and each answer wrong."""

    def validate_request(self, _asked: object) -> None:
        warnings.warn("deprecated", UserWarning, stacklevel=1)

    def validate_response(self, _asked: object, _told: object) -> None:
        raise ValueError("a wrong answer")


def test_faults_and_warnings_are_judged_where_the_description_says_so() -> None:
    pytest.importorskip("openapi_core")
    wire, told = WireRequest("GET", "/a"), WireResponse(200, {}, b"{}")
    (rippling,), (hibob,) = PUBLISHED["rippling"], PUBLISHED["hibob"]
    with pytest.raises(ValueError, match="wrong answer"):
        Referee([(rippling, _Strict())]).hold(wire, told, fault=True)
    with pytest.raises(UserWarning, match="deprecated"):
        Referee([(hibob, _Strict())]).hold(wire, told, fault=True)
    assert not Referee([(PUBLISHED["gusto"][0], _Strict())]).hold(wire, told, fault=True)
