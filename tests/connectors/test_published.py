"""No connector that calls its vendor escapes what that vendor has published of his API."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.connectors.published import OTHERWISE, PUBLISHED, referee, specs
from tests.connectors.test_vendor_limits import CALLING

from benehub.connect.testing import WireRequest, WireResponse
from benehub.testing.checks import Ground
from benehub.testing.pushing import desk
from benehub.testing.reading import read_all
from benehub.testing.stage import Stage, stage_maker

HERE = Path(__file__).parent


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
    assert [one.file for each in PUBLISHED.values() for one in each if not (specs() / one.file).is_file()] == []


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_connectors_own_tests_are_refereed(name: str) -> None:
    source = (HERE / name / "conftest.py").read_text(encoding="utf-8")
    assert "api.hold(wire, " in source


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_all_that_the_kit_plays_is_as_published(name: str, tmp_path: Path) -> None:
    judge = referee(*PUBLISHED[name])
    if judge is None:
        pytest.skip("no description at hand; set BENEHUB_SHARED")
    strange: list[str] = []
    maker = stage_maker(CALLING[name])

    def refereed(folder: Path) -> Stage:
        stage = maker(folder)
        real = stage.answer
        assert real is not None

        def answer(wire: WireRequest) -> WireResponse:
            got = real(wire)
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
    assert judge.checked
