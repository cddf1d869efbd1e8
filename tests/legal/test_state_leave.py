"""What states say of leave: the version of the day, deadlines, and no silence for a state that is not loaded."""

from __future__ import annotations

from datetime import date

import pytest

from benehub.errors import ConfigError
from benehub.legal.state_leave import state_leave
from benehub.legal.tables import legal_tables


def test_the_version_of_the_day_holds() -> None:
    before, after = state_leave("CA", date(2023, 12, 31)), state_leave("CA", date(2024, 1, 1))
    assert before.sick is not None and after.sick is not None
    assert (before.sick.use_cap_hours, after.sick.use_cap_hours) == (24, 40)


@pytest.mark.parametrize(("state", "day", "said"), [("WY", date(2026, 1, 1), "no leave rules are loaded for WY"),
                                                    ("CO", date(2020, 1, 1), "do not reach back")])  # fmt: skip
def test_what_is_not_loaded_is_an_error(state: str, day: date, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        state_leave(state, day)


def test_every_german_number_names_its_source() -> None:
    tables = legal_tables("de")
    assert tables["werktage"].values[0].value == 24
    assert all(value.source for table in tables.values() for value in table.values)
