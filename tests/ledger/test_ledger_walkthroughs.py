"""Worked cases Z01 to Z05: whole stories, and the residue is exactly the open item."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from benehub import ledger
from benehub.ledger import Leg, NewEntry
from benehub.store import Session, Store

Make = Callable[..., NewEntry]

ACCRUE = ("accrue", "5100 +60000", "1300 +20000", "2100 -80000")
REMIT = ("remit", "2100 +80000", "1010 -80000")
CONFIRM = ("confirm", "1010 +80000", "1000 -80000")


def post(session: Session, make: Make, *stories: tuple[str, ...]) -> dict[str, int]:
    ledger.record(session, [make(*story) for story in stories])
    return {f"{b.account} {b.unit}".removesuffix(" USD"): b.amount for b in ledger.balances(session)}


def withheld(*amounts: int) -> list[tuple[str, ...]]:
    told: list[tuple[str, ...]] = []
    for number, amount in enumerate(amounts, 1):
        told.append((f"withhold {number}", f"1900 +{amount}", f"1300 -{amount}"))
        told.append((f"settle {number}", f"1000 +{amount}", f"1900 -{amount}"))
    return told


def test_z01_a_month_that_goes_well(store: Store, make: Make) -> None:
    with store.write("acme") as session:
        found = post(session, make, ACCRUE, *withheld(10000, 10000), REMIT, CONFIRM)
        assert set(ledger.clearing(session).values()) == {0}
    assert found == {"5100": 60000, "1000": -60000}


def test_z02_a_deduction_taken_short(store: Store, make: Make) -> None:
    with store.write("acme") as session:
        found = post(session, make, ACCRUE, *withheld(10000, 4000), REMIT, CONFIRM)
        left = {code: amount for code, amount in ledger.clearing(session).items() if amount}
    assert left == {"1300": 6000}
    assert found == {"5100": 60000, "1000": -66000, "1300": 6000}


def test_z03_a_deposit_credited_short(store: Store, make: Make) -> None:
    with store.write("acme") as session:
        found = post(
            session, make,
            ("withhold", "1900 +10000", "2310 -10000"),
            ("match", "5200 +5000", "2320 -5000"),
            ("deposit", "2310 +10000", "2320 +5000", "1020 -15000"),
            ("settle", "1000 +10000", "1900 -10000"),
            ("credited", "1020 +14000", "1000 -14000"),
        )  # fmt: skip
        left = {code: amount for code, amount in ledger.clearing(session).items() if amount}
    assert left == {"1020": -1000}
    assert found == {"1020": -1000, "1000": -4000, "5200": 5000}


def test_z04_a_paid_month_that_never_was(store: Store, make: Make) -> None:
    with store.write("acme") as session:
        post(session, make, ACCRUE, *withheld(10000, 10000), REMIT, CONFIRM)
        back = ledger.reversal(session, session.id("ent", "accrue"), "terminated in the past")
        ledger.record(session, [back])
        left = {code: amount for code, amount in ledger.clearing(session).items() if amount}
        assert left == {"2100": 80000, "1300": -20000}
        found = post(
            session, make,
            ("refund", "1300 +20000", "1900 -20000"),
            ("refund paid", "1900 +20000", "1000 -20000"),
            ("credit used", "1000 +80000", "2100 -80000"),
        )  # fmt: skip
    assert found == {}


def test_z05_leave_paid_out_at_a_higher_rate(store: Store, make: Make) -> None:
    def hours(key: str, amount: int) -> NewEntry:
        legs = (Leg("2410", "MIN:pto", amount), Leg("2490", "MIN:pto", -amount))
        return NewEntry(key, "leave", date(2026, 1, 1), legs, "test")

    with store.write("acme") as session:
        ledger.record(session, [hours("hours accrued", 7200)])
        post(session, make, ("accrue", "5400 +240000", "2400 -240000"))
        post(session, make, ("revalue", "5400 +6000", "2400 -6000"))
        ledger.record(session, [hours("hours paid out", -7200)])
        found = post(
            session, make,
            ("pay out", "2400 +246000", "1900 -246000"),
            ("payroll confirms", "1900 +246000", "1000 -246000"),
        )  # fmt: skip
    assert found == {"5400": 246000, "1000": -246000}
