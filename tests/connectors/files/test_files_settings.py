"""The column map is checked when the connection is loaded, with the field named."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from benehub_connectors.files.settings import FilesSettings, StreamMap

PAY_DAYS: dict[str, Any] = {
    "pattern": "cal*.csv",
    "columns": {"pay_date": "Pay date", "period_start": "From", "period_end": "To"},
    "constants": {"pay_group": "BW"},
}


def settings(**stream: Any) -> FilesSettings:
    return FilesSettings.model_validate({"place": {"folder": "/x"}, "streams": {"pay_calendar": PAY_DAYS | stream}})


def test_a_whole_map_is_taken() -> None:
    assert settings().streams["pay_calendar"].constants == {"pay_group": "BW"}


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        ({"columns": PAY_DAYS["columns"] | {"payday": "X"}}, "has no field payday"),
        ({"constants": {}}, "needs a column or a constant for pay_group"),
        (
            {"constants": {"pay_group": "BW", "pay_date": "2026-01-01"}},
            "both a column and a constant: pay_date",
        ),
        ({"values": {"pay_group": {"a": "b"}}}, "values for a field without a column: pay_group"),
        ({"key": ["nothing"]}, "has no field nothing"),
        ({"colums": {}}, "colums"),
    ],
)
def test_a_wrong_map_is_refused_with_the_field(stream: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(**stream)


def test_an_unknown_stream_and_a_sensitive_key_are_refused() -> None:
    with pytest.raises(ValidationError, match="no stream payroll_benefit"):
        FilesSettings.model_validate({"place": {"folder": "/x"}, "streams": {"payroll_benefit": PAY_DAYS}})
    how = StreamMap(
        pattern="*", columns={"employee": "E", "rate_minor": "R", "effective_from": "D"}, key=("rate_minor",)
    )
    with pytest.raises(ValueError, match="cannot hold rate_minor"):
        how.check("compensation")


def test_yaml_dates_in_constants_become_text() -> None:
    how = StreamMap.model_validate({"pattern": "*", "columns": {"a": "A"}, "constants": {"day": date(2026, 1, 2)}})
    assert how.constants == {"day": "2026-01-02"}


def test_a_place_is_a_folder_or_a_server() -> None:
    sftp = {"host": "h", "user": "u", "host_keys": ["SHA256:x"]}
    for place in ({}, {"folder": "/x", "sftp": sftp}):
        with pytest.raises(ValidationError, match="a folder, an sftp account or uploads"):
            FilesSettings.model_validate({"place": place, "streams": {"pay_calendar": PAY_DAYS}})
