"""NACHA files: what is written is read back to the same bytes, and an outside reader agrees with both."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import achkit
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import BenehubError, DataError, FormatError
from benehub.formats.banking_days import next_banking_day
from benehub.formats.nacha.build import Originator, Payment, payment_file
from benehub.formats.nacha.codes import AccountKind, Sec
from benehub.formats.nacha.file import NachaFile, render
from benehub.formats.nacha.read import check, parse, read
from benehub.formats.nacha.routing import is_routing

_spec = importlib.util.spec_from_file_location("nacha_samples", Path(__file__).with_name("nacha_samples.py"))
assert _spec is not None and _spec.loader is not None
samples = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(samples)
ACME, PREMIUM, SETTLES, WHEN, data, files, made, routings = (
    samples.ACME, samples.PREMIUM, samples.SETTLES, samples.WHEN, samples.data,
    samples.files, samples.made, samples.routings,
)  # fmt: skip


@given(st.sampled_from([Sec.CCD, Sec.CTX]).flatmap(files))
def test_what_is_written_is_read_back_and_an_outside_reader_agrees(file: NachaFile) -> None:
    out = render(file)
    text = out.decode("ascii")
    assert check(out) == ()
    assert parse(out) == file and render(parse(out)) == out
    assert {len(line) for line in text.splitlines()} == {94} and len(text.splitlines()) % 10 == 0
    judged = achkit.validate(text)
    assert judged == {"ok": True, "errors": []}
    (seen,), (batch,) = achkit.parse(text)["batches"], file.batches
    assert seen["control"]["total_credit"] == batch.control.credits
    assert [entry["amount_cents"] for entry in seen["entries"]] == [entry.amount for entry in batch.entries]
    assert [entry["routing"] for entry in seen["entries"]] == [entry.routing for entry in batch.entries]
    assert [[part["info"] for part in entry["addenda"]] for entry in seen["entries"]] == [
        [getattr(part, "text", "") for part in entry.addenda] for entry in batch.entries
    ]


@pytest.mark.parametrize("line_end", ["\r\n", "", "\n"])
@pytest.mark.parametrize("ended", [True, False])
def test_line_ends_stay_as_they_are(line_end: str, ended: bool) -> None:
    file = replace(made(PREMIUM), line_end=line_end, ended=ended and bool(line_end))
    assert parse(render(file)) == file


def test_an_outside_writer_is_read() -> None:
    theirs = achkit.AchFile.create(
        "011000015", "1123456789", "011000015", "FIRST BANK", "ACME TOOLS", creation_date=WHEN
    )
    batch = theirs.batch("CCD", "PREMIUM", "2026-11-30")
    batch.credit("NORTHSTAR HEALTH", "021000021", "99887766", 153450, id_number="GRP001", addenda="RMR*IK*INV7\\")
    batch.debit("SOMEBODY", "021000021", "1", 5, account_type="savings")
    text = theirs.render().encode()
    file = parse(text)
    assert render(file) == text
    assert [(one.transaction, one.amount) for one in file.batches[0].entries] == [(22, 153450), (37, 5)]
    assert (file.control.credits, file.control.debits, file.batches[0].header.service_class) == (153450, 5, 200)


@given(routings, st.integers(0, 8), st.integers(1, 9))
def test_the_check_digit_finds_every_single_wrong_digit(number: str, place: int, by: int) -> None:
    assert is_routing(number) and achkit.is_valid_routing(number)
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    assert not is_routing(wrong) and not achkit.is_valid_routing(wrong)


def test_a_prenote_moves_nothing() -> None:
    (entry,) = made(replace(PREMIUM, amount=0, texts=(), prenote=True, kind=AccountKind.SAVINGS)).batches[0].entries
    assert (entry.transaction, entry.amount, entry.addenda_flag) == (33, 0, 0)


def test_remittance_without_money_has_a_code_of_its_own() -> None:
    (entry,) = made(replace(PREMIUM, amount=0)).batches[0].entries
    assert (entry.transaction, entry.addenda_flag) == (24, 1)


def test_the_sums_of_a_large_file_keep_their_last_digits() -> None:
    file = made(*(replace(PREMIUM, routing="999999992", id=str(n)) for n in range(101)))
    assert file.control.entry_hash == 101 * 99_999_999 % 10**10
    assert check(render(file)) == () and achkit.validate(render(file).decode())["ok"]


@pytest.mark.parametrize(
    ("day", "next_day"),
    [
        (date(2026, 11, 26), date(2026, 11, 27)),  # Thanksgiving
        (date(2026, 11, 28), date(2026, 11, 30)),  # a Saturday
        (date(2027, 1, 1), date(2027, 1, 4)),
    ],
)
def test_money_settles_on_a_banking_day(day: date, next_day: date) -> None:
    assert next_banking_day("us", day) == next_day
    with pytest.raises(DataError, match=f"no banking day.*{next_day}"):
        payment_file(ACME, [PREMIUM], entry_class=Sec.CCD, description="X", effective=day, created=WHEN)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"routing": "021000022"}, "payment 1, routing: .*check digit"),
        ({"routing": "02100002"}, "not nine digits"),
        ({"amount": -1}, "negative"),
        ({"amount": 10**10}, "ten digits"),
        ({"prenote": True}, "prenote with money"),
        ({"amount": 0, "texts": ()}, "neither money nor remittance"),
        ({"texts": ("A", "B")}, "2 addenda"),
        ({"kind": AccountKind.LOAN, "debit": True}, "debit of a loan"),
        ({"account": "1" * 18}, "entry account: cannot be written"),
        ({"texts": ("x" * 81,)}, "text: cannot be written"),
        ({"name": "北星"}, "entry name: cannot be written"),
    ],
)
def test_what_cannot_be_paid_is_refused_by_name(change: dict[str, Any], told: str) -> None:
    with pytest.raises(DataError, match=told) as caught:
        data(replace(PREMIUM, **change))
    assert "99887766" not in str(caught.value)


def test_a_file_of_nothing_or_of_the_past_is_refused() -> None:
    with pytest.raises(DataError, match="no payment"):
        made()
    with pytest.raises(DataError, match="before the file was made"):
        late = datetime(2026, 12, 1, tzinfo=UTC)
        payment_file(ACME, [PREMIUM], entry_class=Sec.CCD, description="X", effective=SETTLES, created=late)
    with pytest.raises(DataError, match="originator, bank"):
        bank = Originator("011000016", "B", "C", "1123456789")
        payment_file(bank, [PREMIUM], entry_class=Sec.CCD, description="X", effective=SETTLES, created=WHEN)


# line, columns (1-based), what to put there, and the code of the finding it must give
MUTATIONS = [
    (1, 4, " 011000016", "check-digit"),
    (1, 34, "a", "modifier"),
    (1, 30, "2460", "time"),
    (1, 24, "261301", "date"),
    (1, 35, "095", "constant"),
    (2, 2, "225", "service-class"),
    (2, 51, "XYZ", "entry-class"),
    (2, 70, "261126", "banking-day"),
    (2, 70, "991231", "banking-day"),
    (2, 70, "      ", "date"),
    (2, 80, "01100002", "header-and-control"),
    (3, 2, "21", "count"),
    (3, 2, "25", "transaction"),
    (3, 12, "2", "check-digit"),
    (3, 13, " " * 17, "missing"),
    (3, 30, "0000153451", "credits"),
    (3, 30, "000015345X", "number"),
    (3, 79, "0", "addenda-flag"),
    (3, 80, "02100001", "trace-bank"),
    (4, 84, "0002", "addenda-order"),
    (4, 88, "0000009", "addenda-entry"),
    (4, 2, "77", "addenda-type"),
    (5, 2, "200", "header-and-control"),
    (5, 5, "000003", "count"),
    (5, 11, "0000000001", "entry-hash"),
    (5, 21, "000000000001", "debits"),
    (5, 45, "1123456780", "header-and-control"),
    (6, 2, "000002", "batches"),
    (6, 8, "000002", "blocks"),
    (6, 14, "00000003", "count"),
    (6, 44, "000000000000", "credits"),
    (7, 1, "8", "order"),
]


@pytest.mark.parametrize(("line", "column", "text", "code"), MUTATIONS)
def test_every_wrong_field_is_found_with_line_and_mend(line: int, column: int, text: str, code: str) -> None:
    lines = data(PREMIUM).decode().splitlines()
    old = lines[line - 1]
    lines[line - 1] = old[: column - 1] + text + old[column - 1 + len(text) :]
    found = check(("\n".join(lines) + "\n").encode())
    if code == "count" and text == "21":
        assert found == ()  # a returned entry needs no trace of the originating bank and may carry any amount
        return
    assert code in {one.code for one in found}
    assert all(one.line and one.field and one.mend for one in found)
    with pytest.raises(FormatError, match="line"):
        parse(("\n".join(lines) + "\n").encode())


@pytest.mark.parametrize(
    ("mangle", "code"),
    [
        (lambda lines: lines[1:], "order"),
        (lambda lines: lines[:5], "cut-off"),
        (lambda lines: [], "length"),
        (lambda lines: lines[:-1], "blocking"),
        (lambda lines: [lines[0], lines[0], *lines[1:]], "order"),
        (lambda lines: [lines[0], lines[2], *lines[1:]], "order"),
        (lambda lines: [*lines[:2], lines[1], *lines[2:]], "order"),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], "trace-order"),
        (lambda lines: [*lines[:2], *lines[4:]], "empty"),
        (lambda lines: [lines[0], *lines[1:5], *lines[1:5], *lines[5:]], "batch-number"),
        (lambda lines: [*lines[:3], lines[3], lines[3], *lines[4:]], "addenda-count"),
        (lambda lines: [lines[0][:-1], *lines[1:]], "length"),
        (lambda lines: [lines[0].replace("FIRST", "FÏRST"), *lines[1:]], "characters"),
        (lambda lines: [lines[0], "X" * 94, *lines[1:]], "record-type"),
    ],
)
def test_records_out_of_place_are_found(mangle: Any, code: str) -> None:
    lines = mangle(data(PREMIUM).decode().splitlines())
    found = check(("\n".join(lines) + "\n").encode())
    assert code in {one.code for one in found}, found


def test_findings_end_somewhere() -> None:
    assert len(check(b"x\n" * 5000)) == 1000


@given(st.binary(max_size=400))
def test_random_bytes_give_findings_only(noise: bytes) -> None:
    assert check(noise)


@given(
    files(Sec.CTX).map(render),
    st.lists(st.tuples(st.integers(0, 4000), st.sampled_from(b"0159 XZ~\n\r\xff")), min_size=1, max_size=6),
)
def test_mutated_files_give_findings_or_themselves(out: bytes, changes: list[tuple[int, int]]) -> None:
    broken = bytearray(out)
    for at, byte in changes:
        broken[at % len(broken)] = byte
    done = read(bytes(broken))
    if done.findings:
        with pytest.raises(BenehubError):
            parse(bytes(broken))
    else:
        assert render(parse(bytes(broken))) == bytes(broken)


def test_no_account_number_is_shown() -> None:
    file = made(PREMIUM)
    assert "99887766" not in repr(file) and "99887766" not in repr(PREMIUM)
    assert "REF1" not in repr(file)


def test_a_payment_is_no_surprise_in_capitals() -> None:
    (entry,) = made(Payment("Müller & Söhne", "021000021", "1", 1)).batches[0].entries
    assert entry.name == "MULLER & SOHNE"
