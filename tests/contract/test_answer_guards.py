"""The kit bites on answers: a carrier's are followed once, and with any one guard taken away they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import benehub
from benehub.errors import DataError
from benehub.flows import acknowledgements
from benehub.intake import staging
from benehub.testing import Verdict
from benehub.testing.checks import all_checks
from benehub.testing.kit import try_check
from benehub_connectors.carrier_x12 import CarrierX12
from benehub_connectors.carrier_x12.stage import stage as carrier
from benehub_connectors.noyo import NoyoConnector
from benehub_connectors.noyo.stage import stage as platform

CHECKS = {one.name: one for one in all_checks()}
CHECK = CHECKS["ack.twice"]

Take = Callable[[pytest.MonkeyPatch], None]


def _files_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(acknowledgements.dispatch, "acknowledge", lambda session, dispatch_id, ack_state: None)


def _requests_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(acknowledgements.dispatch, "acknowledge_all", lambda session, ids, ack_state: None)


def _each_row_is_new(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(staging, "_known_hashes", lambda session, header, keys: {})


TAKEN: Mapping[str, tuple[Take, type[benehub.Connector], Any, str]] = {
    "a file that is answered is known as that": (_files_forgotten, CarrierX12, carrier, "ack.twice"),
    "a request that is answered is known as that": (_requests_forgotten, NoyoConnector, platform, "ack.twice"),
    "a row of an answer is known again": (_each_row_is_new, CarrierX12, carrier, "ack.twice"),
}
"""Guard -> how it is taken away, on which connector and stage, and the promise that then breaks."""


@pytest.mark.parametrize("guard", TAKEN)
def test_without_a_guard_answers_are_followed_twice(
    guard: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, connector, stage, name = TAKEN[guard]
    take(monkeypatch)  # with it the promise is kept: see the test of the connectors of the tree
    outcome = try_check(connector, CHECKS[name], tmp_path, stage)
    assert outcome.verdict is Verdict.BROKEN and "twice" in outcome.why


class ByReading(CarrierX12):
    """Knows an answer by when it was read."""

    count = 0

    def read(self, stream: str, link: benehub.Link, cursor: str | None) -> Iterator[benehub.Page]:
        """Under keys of this read."""
        ByReading.count += 1
        for page in super().read(stream, link, cursor):
            yield replace(page, rows=[replace(row, key=f"{row.key}-{ByReading.count}") for row in page.rows])


def test_a_connector_that_knows_answers_by_the_read_is_found(tmp_path: Path) -> None:
    outcome = try_check(ByReading, CHECK, tmp_path, carrier)
    assert outcome.verdict is Verdict.BROKEN and "read twice" in outcome.why


class Mute(NoyoConnector):
    """Reads nothing of what its vendor says."""

    def read(self, stream: str, link: benehub.Link, cursor: str | None) -> Iterator[benehub.Page]:
        """No page."""
        return iter(())


def test_a_receipt_is_no_answer(tmp_path: Path) -> None:
    for connector, maker in (
        (Mute, platform),
        (NoyoConnector, lambda folder: replace(platform(folder), answers=None)),
    ):
        outcome = try_check(connector, CHECK, tmp_path / connector.__name__, maker)
        assert outcome.verdict is Verdict.BROKEN and "nothing of what was sent is answered" in outcome.why


class Once(CarrierX12):
    """Reads as often as it is let, then never again."""

    left = 0

    def read(self, stream: str, link: benehub.Link, cursor: str | None) -> Iterator[benehub.Page]:
        """Until its reads are used up."""
        Once.left -= 1
        if Once.left < 0:
            raise DataError("nothing to be had", mend="Ask on another day")
        return super().read(stream, link, cursor)


def test_what_is_not_read_again_is_not_followed_once(tmp_path: Path) -> None:
    Once.left = 3 * len(CarrierX12.streams)
    outcome = try_check(Once, CHECK, tmp_path / "dry", carrier)
    assert outcome.verdict is Verdict.BROKEN and "read once more it ends in DataError" in outcome.why


class OneFile(CarrierX12):
    """Passes over files under a second name."""

    def read(self, stream: str, link: benehub.Link, cursor: str | None) -> Iterator[benehub.Page]:
        """The pages of the others."""
        return (page for page in super().read(stream, link, cursor) if "-2." not in page.name)


FAULTY = {"answers under a second name": "ack.again", "files under a second name": "box.again"}
"""What `OneFile` passes over -> the promise that it breaks."""


@pytest.mark.parametrize("fault", FAULTY)
def test_a_second_file_has_to_be_read(fault: str, tmp_path: Path) -> None:
    outcome = try_check(OneFile, CHECKS[FAULTY[fault]], tmp_path, carrier)
    assert outcome.verdict is Verdict.BROKEN and "under a second name gives no row" in outcome.why


def test_requests_have_no_second_name(tmp_path: Path) -> None:
    assert try_check(NoyoConnector, CHECKS["ack.again"], tmp_path, platform).verdict is Verdict.NOT_HERE
