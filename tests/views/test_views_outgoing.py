"""What a preview shows of frozen bytes: everything but SSN, birth date and pay."""

from __future__ import annotations

from benehub.views.outgoing import masked, readable

PERSON = {"ssn": "900010001", "birth_date": "1980-02-03", "compensation_minor": 416667, "last_name": "Byron"}


def test_hidden_values_are_masked_in_every_form_a_file_writes_them() -> None:
    text = "900010001|900-01-0001|1980-02-03|19800203|02/03/1980|02031980|4166.67|416667|Byron|20261101"
    said = masked(text, [{"rows": [PERSON]}])
    assert said.split("|")[-2:] == ["Byron", "20261101"]
    assert not [part for part in said.split("|")[:-2] if part.strip("*-")]


def test_a_longer_number_that_holds_a_hidden_one_stays() -> None:
    assert masked("1416667", [PERSON]) == "1416667"


def test_without_content_ssn_and_x12_birth_dates_are_masked_still() -> None:
    assert masked("DMG*D8*19800203*F~REF*SY*900010001", []) == "DMG*D8*" + "*" * 8 + "*F~REF*SY****-**-****"


def test_nothing_to_hide_leaves_the_text_alone() -> None:
    assert masked("BGN*00*1", [{"ssn": "", "birth_date": None, "compensation_minor": 0}]) == "BGN*00*1"


def test_a_correction_and_the_year_so_far_hide_pay_too() -> None:
    row = {"compensation_minor": -20000, "year_compensation_minor": 9000000, "amounts": {"EE_PRETAX": -1000}}
    said = masked('"-200.00","90000.00","-10.00"', [{"rows": [row]}])
    assert "200.00" not in said and "90000.00" not in said and "-10.00" in said


def test_files_in_windows_1252_are_shown_as_they_are() -> None:
    assert readable("Käse".encode("cp1252")) == "Käse" == readable("Käse".encode())
