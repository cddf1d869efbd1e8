"""The last day of work of somebody whom the HRIS no longer shows, said by a person."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from benehub import reconcile
from benehub.errors import DataError
from benehub.flows import persons
from benehub.flows.onboarding import connect
from benehub.store import acts
from benehub.store.tables import connection

HEADER = "No,First,Last,Born,Sex,SSN,Hired,Group"
ANN = "1001,Ann,Alder,1980-02-03,F,900110001,2025-03-01,monthly"
BEN = "1002,Ben,Boehm,1990-07-09,M,900110002,2025-01-05,monthly"
LAST = date(2026, 9, 25)


@pytest.fixture
def left(office: Any) -> Any:
    """Ben is no longer in the full census."""
    (row,) = office.rows(select(connection).where(connection.c.connection_id == "files"))
    row.settings["streams"]["employee"]["full"] = True
    connect(office.hub, "acme", {"files": {"connector": "files", "settings": row.settings}})
    office.drop("census.csv", HEADER, ANN, BEN)
    office.sync("files", "employee")
    office.drop("census.csv", HEADER, ANN)
    office.sync("files", "employee")
    return office


def differences(office: Any) -> list[str]:
    office.flow("reconcile", "2026-10", ["intake"])
    with office.hub.store.read("acme") as session:
        return [row.type for row in reconcile.listed(session)]


def test_the_difference_closes_with_the_last_day(left: Any) -> None:
    assert differences(left) == ["MISSING_FROM_HRIS"]
    who = persons.end_employment(left.hub, "acme", "1002", LAST, "ann", "told by his manager")
    assert differences(left) == []
    ((span,),) = left.employment("1002").values()
    assert span.effective_to == date(2026, 9, 26)
    with left.hub.store.read("acme") as session:
        assert [(one.who, one.what, one.note) for one in acts(session, who)] == [
            ("ann", "end employment on 2026-09-25", "told by his manager")
        ]
    with pytest.raises(DataError, match="ended already"):
        persons.end_employment(left.hub, "acme", "1002", LAST, "ann", "twice")


def test_the_hris_has_the_last_word(left: Any) -> None:
    persons.end_employment(left.hub, "acme", "1002", LAST, "ann", "told by his manager")
    left.drop("census.csv", HEADER, ANN, BEN)
    assert left.sync("files", "employee") == (1, 1, 0, 0)
    ((span,),) = left.employment("1002").values()
    assert span.effective_to.year == 9999


@pytest.mark.parametrize(
    ("employee", "day", "why"),
    [
        ("1001", LAST, "still shows"),
        ("1002", date(2024, 1, 1), "before the employment began"),
        ("1009", LAST, "no employee"),
    ],
)
def test_what_cannot_be_said(left: Any, employee: str, day: date, why: str) -> None:
    with pytest.raises(DataError, match=why):
        persons.end_employment(left.hub, "acme", employee, day, "ann", "a reason")
