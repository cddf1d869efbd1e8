"""The points that a connector is held to say what is done, not what is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from benehub.connect.connector import Connector
from benehub.testing import points
from benehub.testing.points import Cell, cells
from benehub_connectors.adp_workforce_now import AdpConnector
from benehub_connectors.finch import FinchConnector
from benehub_connectors.hibob import HibobConnector
from benehub_connectors.noyo import NoyoConnector


def limit(connector: type[Connector]) -> Cell:
    (cell,) = [one for one in cells(connector) if one.part == "limit"]
    return cell


@pytest.mark.parametrize(
    ("connector", "why"),
    [
        (AdpConnector, "as the setting calls_a_minute says"),
        (FinchConnector, "as published"),
        (NoyoConnector, "where the setting calls_a_minute says one"),
        (HibobConnector, "some calls as published, the others where the setting calls_a_minute says one"),
    ],
)
def test_a_limit_is_told_as_it_is_held(connector: type[Connector], why: str) -> None:
    assert limit(connector).why == f"{why}: tests/connectors/test_vendor_limits.py"


def test_a_book_of_limits_that_nobody_asks_counts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points, "home", lambda _: tmp_path)
    monkeypatch.setattr(points, "manifest", lambda _: {})
    (tmp_path / "a.py").write_text("from benehub.connect.limits import LimitBook\n\n_BOOK = LimitBook()\n")
    assert limit(NoyoConnector).word == "us"
    (tmp_path / "b.py").write_text("_BOOK.wire(wiring, 'a', 'b', None)\n")
    assert limit(NoyoConnector).word == "yes"
