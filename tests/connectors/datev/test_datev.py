"""The lines of a pay date become LODAS bookings by the adviser's map; what is not in it is refused."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from benehub.connect.connector import Envelope, Item
from benehub.errors import DataError, Unsupported
from benehub.formats.datev_lodas import Booking, parse, validate
from benehub.periods import Month
from benehub_connectors import datev
from benehub_connectors.datev import Datev, DatevSettings

FOLDER = Path(datev.__file__).parent
SAMPLE: list[dict[str, Any]] = json.loads((FOLDER / "samples" / "bookings.json").read_text())["items"]
CREATED = datetime(2026, 10, 20, 9, tzinfo=UTC)
OCTOBER = Month(2026, 10)
SETTINGS = {
    "place": {"folder": "/nowhere"},
    "adviser": "1234567",
    "client": "12345",
    "wage_types": {
        "3040": {"number": 3040, "key": 3, "negate": True},
        "5200": {"number": 5200, "key": 3},
        "9100": {"number": 9100, "key": 3, "negate": True},
    },
}


def render(rows: list[dict[str, Any]], total: int | None = None, **settings: Any) -> Any:
    items = [Item(datev.BOOK, f"item-{n}", row) for n, row in enumerate(rows, 1)]
    due = sum(row["amount_minor"] for row in rows) if total is None else total
    given = DatevSettings.model_validate(SETTINGS | settings)
    return Datev().render(datev.BOOK, items, Envelope(7, CREATED, "BOOK-7", due), given)


def test_a_pension_by_conversion_has_three_bookings_a_month() -> None:
    out = render(SAMPLE)
    assert out.name == "to-datev/lodas-12345-2026-10-000007.txt"
    assert parse(out.data).file().bookings == (
        Booking(26, OCTOBER, 3040, 3, -200_00),
        Booking(26, OCTOBER, 5200, 3, 30_00),
        Booking(26, OCTOBER, 9100, 3, -50_00),
    )
    assert out.totals == {
        "rows": 3, "wage_type_3040_minor": -200_00, "wage_type_5200_minor": 30_00, "wage_type_9100_minor": -50_00,
    }  # fmt: skip
    assert validate(out.data, OCTOBER) == []
    assert render(SAMPLE).data == out.data
    assert b"\r\n1;01.10.2026;-200,00;3;3040;26;\r\n" in out.data


def test_lines_that_meet_in_one_wage_type_are_added_up() -> None:
    types: dict[str, Any] = {code: {"number": 3040, "key": 3} for code in ("3040", "5200", "9100")}
    assert [one.value for one in parse(render(SAMPLE, wage_types=types).data).file().bookings] == [280_00]
    cost = render(SAMPLE, wage_types=types, cost_centers={"26": "Vertrieb"})
    assert parse(cost.data).file().bookings[0].cost_center == "Vertrieb"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"code": "4711"}, "item item-1: no wage type for code '4711'"),
        ({"employer_side": True}, "no wage type for code '3040:employer'"),
        ({"employee": "E26"}, "item item-1: the employee's number is no personnel number"),
        ({"employee": "100000"}, "no personnel number"),
        ({"employee": "0"}, "no personnel number"),
        ({"pay_date": "2026-11-30"}, "item item-2: another pay date or correction"),
        ({"correction": 1}, "item item-2: another pay date or correction"),
    ],
)
def test_what_cannot_be_booked_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        render([SAMPLE[0] | change, *SAMPLE[1:]])


def test_totals_tie_and_closed_years_are_refused() -> None:
    with pytest.raises(DataError, match="not the total"):
        render(SAMPLE, total=1)
    with pytest.raises(DataError, match="no bookings"):
        render([])
    old = [row | {"pay_date": "2024-12-31"} for row in SAMPLE]
    with pytest.raises(DataError, match="closed-year: 2024-12 lies before 2025"):
        render(old)
    assert render([row | {"pay_date": "2025-01-31", "correction": 2} for row in SAMPLE]).name.endswith(
        "2025-01-C2-000007.txt"
    )


def test_settings_and_operations_that_are_not_there() -> None:
    wrong: dict[str, Any]
    for wrong in ({"adviser": "12345678"}, {"client": ""}, {"wage_types": {}}, {"characters": "guess"}):
        with pytest.raises(ValidationError):
            DatevSettings.model_validate(SETTINGS | wrong)
    with pytest.raises(Unsupported):
        Datev().render("deduction.set", [], Envelope(1, CREATED, "X"), DatevSettings.model_validate(SETTINGS))
    manifest = tomllib.loads((FOLDER / "manifest.toml").read_text())
    assert (manifest["name"], manifest["kind"]) == (Datev.name, Datev.kind.value)
