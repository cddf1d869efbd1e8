"""What a preview shows of frozen bytes: everything but SSN, birth date and pay."""

from __future__ import annotations

from datetime import UTC, date, datetime

from benehub.formats.nacha.build import Originator, Payment, payment_file
from benehub.formats.nacha.codes import Sec
from benehub.formats.nacha.file import render
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


def test_a_banks_file_shows_no_account() -> None:
    when, effective = datetime(2026, 11, 25, tzinfo=UTC), date(2026, 11, 30)
    for entry_class, texts in ((Sec.CCD, ("TRN*3*REF1\\",)), (Sec.CTX, ("TRN*3*REF1~BPR*C*1*DA*12345", "678~"))):
        file = payment_file(
            Originator("011000015", "Bank", "Acme", "1123456789"),
            [Payment("North", "021000021", "998877", 5, texts=texts)],
            entry_class=entry_class, description="PREMIUM", effective=effective, created=when,
        )  # fmt: skip
        text = masked(render(file).decode(), [])
        assert "998877" not in text and "NORTH" in text
        # an 820 inside is cut anywhere: nothing of it is shown
        assert ("TRN*3*REF1" in text) is (entry_class is Sec.CCD) and "DA*12345" not in text
    assert masked("<IBAN>DE02120300000000202051</IBAN>", []) == "<IBAN>****</IBAN>"


def test_a_correction_and_the_year_so_far_hide_pay_too() -> None:
    row = {"compensation_minor": -20000, "year_compensation_minor": 9000000, "amounts": {"EE_PRETAX": -1000}}
    said = masked('"-200.00","90000.00","-10.00"', [{"rows": [row]}])
    assert "200.00" not in said and "90000.00" not in said and "-10.00" in said


def test_files_in_windows_1252_are_shown_as_they_are() -> None:
    assert readable("Käse".encode("cp1252")) == "Käse" == readable("Käse".encode())
