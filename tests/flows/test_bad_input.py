"""What vendors and people really send: refused with a reason, nobody half-applied, and mended by the next read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from benehub import dispatch
from benehub.errors import ConfigError, VendorUnavailable
from benehub.flows.onboarding import load_plan_book
from benehub.periods import FOREVER
from benehub.store.tables import dispatch as dispatch_table
from benehub.store.tables import entry, fact, intake_batch, obligation, person

QUIET = {"confirmed": 0, "overdue": 0}
"""Nobody is on a roster yet, and no answer is late."""

HEADER = "No,First,Last,Born,Sex,SSN,Hired,Group"
ANN = "1001,Ann,Alder,1980-02-03,F,900110001,2025-03-01,monthly"
BEN = "1002,Ben,Böhm,1990-07-09,M,900110002,2025-01-05,monthly"
Office = Any
"""The office of `office.py`; under importlib mode its module cannot be imported by name."""


# Answers of an API


@pytest.mark.parametrize("fault", ["malformed_json", "html_page"])
def test_an_answer_that_is_no_json_applies_nobody(office: Office, fault: str) -> None:
    for number in (1, 2, 3):
        office.hire(number)
    office.hris.faults.add(fault, path="*datasets*", times=50)
    with pytest.raises(VendorUnavailable) as caught:
        office.sync("hris", "employee")
    assert "hris" in str(caught.value) or "bamboohr" in str(caught.value)
    assert (office.count(person), office.count(fact)) == (0, 0)
    assert [row.state for row in office.rows(select(intake_batch))] == ["staged"]
    office.hris.faults.clear()
    assert office.sync("hris", "employee") == (3, 0, 0, 0)


@pytest.mark.parametrize("fault", ["malformed_json", "html_page"])
def test_one_bad_answer_is_asked_for_again(office: Office, fault: str) -> None:
    office.hire(1)
    office.hris.faults.add(fault, path="*datasets*", times=1)
    assert office.sync("hris", "employee") == (1, 0, 0, 0)


# Files of a carrier


def answer(office: Office) -> Path:
    (found,) = (office.root / "carrier" / "from-carrier").glob("*.999")
    return found


def cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def redirected(data: bytes) -> bytes:
    assert data.count(b"NORTHWIND      ") == 1
    return data.replace(b"NORTHWIND      ", b"SOMEBODYELSE   ")


def stranger(data: bytes) -> bytes:
    assert data.count(b"SUMMITCARE     ") == 1
    return data.replace(b"SUMMITCARE     ", b"OTHERCARE      ")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (cut, "the file is cut off"),
        (redirected, "addressed to somebody else"),
        (stranger, "comes from somebody else"),
        (lambda _data: b"<html>busy</html>", "does not begin with ISA"),
        (lambda _data: b"", "does not begin with ISA"),
    ],
)
def test_an_acknowledgement_that_is_not_one_moves_nobody(
    enrolled: Office, spoil: Callable[[bytes], bytes], reason: str
) -> None:
    place = answer(enrolled)
    whole = place.read_bytes()
    place.write_bytes(spoil(whole))
    before = enrolled.sync("carrier", "acknowledgement")
    assert before[2] == 1
    (told,) = enrolled.reasons()
    assert reason in told and told.startswith("file from-carrier/ack_")
    assert enrolled.flow("enrollments.acks", "carrier") == {**QUIET, "acked": 0, "refused": 0, "refused_late": 0}
    assert {row.state for row in enrolled.rows(select(obligation))} == {"sent"}
    place.write_bytes(whole)
    assert enrolled.sync("carrier", "acknowledgement")[2] == 0
    assert enrolled.flow("enrollments.acks", "carrier") == {**QUIET, "acked": 2, "refused": 0, "refused_late": 0}
    assert {row.state for row in enrolled.rows(select(obligation))} == {"confirmed"}


def test_an_acknowledgement_that_comes_twice_counts_once(enrolled: Office) -> None:
    place = answer(enrolled)
    enrolled.sync("carrier", "acknowledgement")
    assert enrolled.flow("enrollments.acks", "carrier")["acked"] == 2
    known = enrolled.count(fact)
    place.with_name("again_" + place.name).write_bytes(place.read_bytes())
    applied, unchanged, *_ = enrolled.sync("carrier", "acknowledgement")
    assert applied == 0 and unchanged > 0
    assert enrolled.flow("enrollments.acks", "carrier")["acked"] == 0
    assert enrolled.count(fact) == known
    (sent,) = enrolled.rows(select(dispatch_table))
    with enrolled.hub.store.read("acme") as session:
        assert len(dispatch.attempts(session, sent.dispatch_id)) == 1


# Files of people


def test_the_same_bytes_twice_have_no_second_effect(office: Office) -> None:
    office.drop("census.csv", HEADER, ANN, BEN)
    opening = ("No,Kind,Plan,As of,Amount", "1001,employee_share,ppo,2026-10-01,5000")
    office.drop("opening.csv", *opening)
    assert office.sync("files", "employee") == (2, 0, 0, 0)
    assert office.sync("files", "opening_balance") == (1, 0, 0, 0)
    told = (office.count(fact), office.count(person), office.count(entry))
    assert told[2] == 1
    office.drop("census again.csv", HEADER, ANN, BEN)
    office.drop("opening again.csv", *opening)
    assert office.sync("files", "employee") == (0, 2, 0, 0)
    assert office.sync("files", "opening_balance") == (0, 1, 0, 0)
    assert (office.count(fact), office.count(person), office.count(entry)) == told


def test_an_ssn_that_lost_its_zero_is_refused_and_not_guessed(office: Office) -> None:
    office.drop("census.csv", HEADER, ANN, BEN.replace("900110002", "10110002"))
    assert office.sync("files", "employee") == (1, 0, 1, 0)
    (told,) = office.reasons()
    assert "row 3, column 'SSN' (ssn): not nine digits" in told and "leading zeros" in told
    assert "10110002" not in told
    assert office.names() == {"Alder"}
    assert office.redrive().applied == 0  # as it was read it stays wrong
    office.drop("census.csv", HEADER, ANN, BEN.replace("900110002", "010110002"))
    assert office.sync("files", "employee") == (1, 1, 0, 0)
    assert office.names() == {"Alder", "Böhm"}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8-sig", "utf-8", "utf-16"])
def test_the_encoding_of_a_census_does_not_matter(office: Office, encoding: str) -> None:
    office.drop("census.csv", HEADER, ANN, BEN, encoding=encoding)
    assert office.sync("files", "employee") == (2, 0, 0, 0)
    assert office.names() == {"Alder", "Böhm"}


def test_a_census_without_a_column_is_refused_whole(office: Office) -> None:
    office.drop("census.csv", HEADER.replace("SSN", "Social"), ANN, BEN)
    assert office.sync("files", "employee") == (0, 0, 1, 0)
    (told,) = office.reasons()
    assert "no column 'SSN'" in told and "census.csv" in told
    assert office.count(person) == 0


def test_the_second_person_with_an_ssn_waits_for_a_mend(office: Office) -> None:
    office.drop("census.csv", HEADER, ANN, BEN.replace("900110002", "900110001"))
    assert office.sync("files", "employee") == (1, 0, 1, 0)
    (told,) = office.reasons()
    assert "already belongs to another person" in told and "90011" not in told
    assert office.names() == {"Alder"}
    office.drop("census.csv", HEADER, ANN.replace("900110001", "900110009"))  # the first had the wrong one
    assert office.sync("files", "employee") == (1, 0, 0, 0)
    again = office.redrive()
    assert (again.rows, again.applied, again.quarantined) == (1, 1, 0)
    assert office.reasons() == []
    assert office.names() == {"Alder", "Böhm"}


def test_a_rehire_has_two_employments(office: Office) -> None:
    office.hire(1, hireDate="2024-02-01", employeeNumber="1001")
    office.hire(2)
    office.sync("hris", "employee")
    office.now = datetime(2026, 10, 9, 12, tzinfo=UTC)
    office.hris.terminate("1", date(2026, 10, 9), office.now)
    office.sync("hris", "employee")
    office.now = datetime(2026, 11, 16, 12, tzinfo=UTC)
    office.hris.rehire("1", date(2026, 11, 16), office.now)
    assert office.sync("hris", "employee")[2] == 0
    found = office.employment("1001")
    assert {key: (one[0].effective_from, one[-1].effective_to) for key, one in found.items()} == {
        "2024-02-01": (date(2024, 2, 1), date(2026, 10, 10)),
        "2026-11-16": (date(2026, 11, 16), FOREVER),
    }
    assert office.count(person) == 2


# Plan books


def test_a_plan_book_that_contradicts_itself_is_refused_and_the_old_one_stays(office: Office) -> None:
    wrong = office.book.replace(
        "from: 2026-01-01\n        tiers", "from: 2026-03-01\n        to: 2026-02-01\n        tiers"
    )
    assert wrong != office.book
    with pytest.raises(ConfigError) as caught:
        load_plan_book(office.hub, wrong, "new.yaml")
    assert "new.yaml" in str(caught.value) and "rates" in str(caught.value)
    office.drop("census.csv", HEADER, ANN)
    assert office.sync("files", "employee") == (1, 0, 0, 0)
    with office.hub.store.read("acme") as session:
        assert office.hub.book(session).plan("ppo").name == "PPO"


def test_what_the_plan_book_does_not_know_waits_until_it_does(office: Office) -> None:
    office.drop("census.csv", HEADER, ANN.replace("monthly", "weekly"), BEN)
    office.drop("elections.csv", "No,Plan,Tier,From", "1001,ppo,EE,2026-01-01", "1002,gold,EE,2026-01-01",
                "1002,ppo,,2026-01-01")  # fmt: skip
    assert office.sync("files", "employee") == (1, 0, 1, 0)
    assert office.sync("files", "election") == (0, 0, 3, 0)
    told = " / ".join(office.reasons())
    assert "pay group 'weekly' is not in the plan book" in told
    assert "employee '1001' is unknown" in told
    assert "gold" in told and "no coverage tier for plan ppo" in told
    assert office.names() == {"Böhm"}
    weekly = "pay_groups:\n  weekly: {frequency: weekly, first_pay_date: 2026-01-02}\n"
    load_plan_book(office.hub, office.book.replace("pay_groups:\n", weekly), "new.yaml")
    again = office.redrive()
    assert (again.rows, again.applied, again.quarantined) == (4, 2, 2)
    assert office.names() == {"Alder", "Böhm"}
    assert len(office.reasons()) == 2
