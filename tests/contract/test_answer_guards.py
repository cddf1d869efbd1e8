"""The kit bites on answers: a carrier's are followed once, and with any one guard taken away they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import benehub
from benehub.flows import acknowledgements
from benehub.intake import staging
from benehub.testing import Verdict
from benehub.testing.checks import all_checks
from benehub.testing.kit import try_check
from benehub_connectors.carrier_x12 import CarrierX12
from benehub_connectors.carrier_x12.stage import stage as carrier
from benehub_connectors.noyo import NoyoConnector
from benehub_connectors.noyo.stage import stage as platform

(CHECK,) = (one for one in all_checks() if one.name == "ack.twice")

Take = Callable[[pytest.MonkeyPatch], None]


def _files_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(acknowledgements.dispatch, "acknowledge", lambda session, dispatch_id, ack_state: None)


def _requests_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(acknowledgements.dispatch, "acknowledge_all", lambda session, ids, ack_state: None)


def _each_row_is_new(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(staging, "_known_hashes", lambda session, header, keys: {})


TAKEN: Mapping[str, tuple[Take, type[benehub.Connector], Any]] = {
    "a file that is answered is known as that": (_files_forgotten, CarrierX12, carrier),
    "a request that is answered is known as that": (_requests_forgotten, NoyoConnector, platform),
    "a row of an answer is known again": (_each_row_is_new, CarrierX12, carrier),
}
"""Guard -> how it is taken away, and on which connector and stage."""


@pytest.mark.parametrize("guard", TAKEN)
def test_without_a_guard_answers_are_followed_twice(
    guard: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, connector, stage = TAKEN[guard]
    take(monkeypatch)  # with it the promise is kept: see the test of the connectors of the tree
    outcome = try_check(connector, CHECK, tmp_path, stage)
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
