"""What banks send back: returns and notifications of change, tied to our entry by its trace."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import achkit
import pytest

from benehub.formats.nacha.addenda import Addenda, Change, Contested, Dishonored, Return
from benehub.formats.nacha.build import closed, whole
from benehub.formats.nacha.codes import CHANGES
from benehub.formats.nacha.file import NachaFile, render
from benehub.formats.nacha.read import check, parse
from benehub.formats.nacha.return_reasons import REASONS, Step, reason_of
from benehub.formats.nacha.returns import Corrected, Returned, answers

_spec = importlib.util.spec_from_file_location("nacha_samples", Path(__file__).with_name("nacha_samples.py"))
assert _spec is not None and _spec.loader is not None
samples = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(samples)
PREMIUM, made = (
    samples.PREMIUM, samples.made,
)  # fmt: skip

OURS = "011000010000001"


def back(entry_class: str, *addenda: Addenda, amount: int = 153_450) -> NachaFile:
    """The file of a receiving bank that answers our entry."""
    sent = made(PREMIUM)
    (batch,), (entry,) = sent.batches, sent.batches[0].entries
    header = replace(batch.header, entry_class=entry_class, effective=None, settled="335", bank="02100002")
    entries = tuple(
        replace(entry, transaction=21, amount=amount, trace=f"02100002{n:07d}", addenda=(one,))
        for n, one in enumerate(addenda, 1)
    )
    return whole(replace(sent.header, origin=" 021000021", destination=" 011000015"), (closed(header, entries),))


def test_a_return_is_read_with_its_reason() -> None:
    out = render(back("CCD", Return("R03", OURS, "02100002", "021000020000001", text="NO SUCH ACCOUNT")))
    assert check(out) == () and render(parse(out)) == out
    assert list(answers(parse(out))) == [
        Returned(
            OURS, "R03", "no account, or unable to locate it", 153_450, "GRP001", date(2026, 11, 25),
            "021000020000001", "NO SUCH ACCOUNT",
        )
    ]  # fmt: skip


def test_a_change_says_what_to_send_from_now_on() -> None:
    out = render(back("COR", Change("C01", OURS, "02100002", "99887767", "021000020000001"), amount=0))
    assert check(out) == ()
    (answer,) = answers(parse(out))
    assert isinstance(answer, Corrected)
    assert (answer.original_trace, answer.reason, answer.text, answer.corrected) == (
        OURS, "C01", "account number", "99887767",
    )  # fmt: skip
    assert "99887767" not in repr(answer)


def test_several_answers_keep_their_order_and_unknown_reasons_stay() -> None:
    out = render(
        back(
            "CCD",
            Return("R01", OURS, "02100002", "021000020000001"),
            Return("R99", OURS, "02100002", "021000020000002"),
        )
    )
    assert [(one.reason, bool(one.text)) for one in answers(parse(out))] == [("R01", True), ("R99", True)]


def test_what_we_sent_is_no_answer() -> None:
    assert list(answers(made(PREMIUM))) == []


def test_the_reasons_are_those_an_outside_table_knows() -> None:
    assert set(achkit.RETURN_CODES) <= {one.code for one in REASONS}
    assert set(achkit.CHANGE_CODES) <= set(CHANGES)


DISHONORED = Dishonored("R68", OURS, "02100002", "021000020000001", "337", "03", "011000010000077", "TOO LATE")
CONTESTED = Contested(
    "R73", OURS, date(2026, 12, 3), "02100002", "334", "021000020000001", "337", "03", "011000010000077", "342", "68",
    "021000020000009",
)  # fmt: skip
COLUMNS = (
    "799R68011000010000001      02100002   02100002000000133703TOO LATE             011000010000077",
    "799R730110000100000012612030210000233402100002000000133703011000010000077342" + "68 021000020000009",
)
"""The same by hand, column for column."""


@pytest.mark.parametrize(("addenda", "line", "step"), [
    (DISHONORED, COLUMNS[0], Step.DISHONORED), (CONTESTED, COLUMNS[1], Step.CONTESTED),
])  # fmt: skip
def test_a_word_on_a_return_leads_to_the_payment_we_sent(addenda: Addenda, line: str, step: Step) -> None:
    out = render(back("CCD", addenda))
    assert line in out.decode("ascii")
    assert check(out) == () and render(parse(out)) == out
    (answer,) = answers(parse(out))
    assert isinstance(answer, Returned)
    assert (answer.original_trace, answer.step, answer.amount) == (OURS, step, 153_450)
    assert (answer.return_trace, answer.return_reason) == ("021000020000001", "R03")


def test_an_outside_reader_takes_the_answers_to_a_return_and_reads_the_same_trace() -> None:
    for one in (DISHONORED, CONTESTED):
        text = render(back("CCD", one)).decode("ascii")
        # It counts the credit of a return (transaction 21) as no credit; of the rest it has nothing to say.
        errors = {error["code"] for error in achkit.validate(text)["errors"]}
        assert errors == {"BAD_BATCH_CREDIT", "BAD_FILE_CREDIT"}
        (entry,) = achkit.parse(text)["batches"][0]["entries"]
        (told,) = entry["addenda"]
        assert (told["type"], told["info"][:3], told["info"][3:18]) == ("99", one.reason, one.original_trace)


@pytest.mark.parametrize("code", [f"R{n}" for n in (*range(61, 78),)])
def test_every_code_of_a_word_on_a_return_is_read(code: str) -> None:
    step = Step.CONTESTED if code > "R70" else Step.DISHONORED
    one = CONTESTED if step is Step.CONTESTED else DISHONORED
    (answer,) = answers(parse(render(back("CCD", replace(one, reason=code)))))
    assert isinstance(answer, Returned)
    assert (answer.reason, answer.step, answer.original_trace) == (code, step, OURS)
    gone = code in ("R63", "R64", "R65", "R66")
    assert answer.text == ("a reason without a text here" if gone else reason_of(code, date(2026, 11, 25)).text)  # type: ignore[union-attr]  # one that holds today


def test_a_code_has_one_meaning_on_each_day_and_says_where_it_is_from() -> None:
    for code in {one.code for one in REASONS}:
        spans = [one for one in REASONS if one.code == code]
        for before, after in pairwise(spans):
            assert before.until is not None and before.until == after.since
        assert all(one.text and one.source for one in spans)
        assert all(one.since is None for one in spans[:1])
    assert reason_of("R11", date(2020, 3, 31)) != reason_of("R11", date(2020, 4, 1))
    today, old = reason_of("R11", None), reason_of("R11", date(2020, 4, 1) - timedelta(days=1))
    assert today is not None and old is not None
    assert (today.text, old.text) == ("entry is not as authorized", "return of a truncated check")
    assert reason_of("R64", date(2026, 11, 25)) is None and reason_of("R98", None) is None


def test_the_table_names_every_code_of_the_three_steps() -> None:
    known = {one.code for one in REASONS}
    assert {f"R{n:02d}" for n in range(1, 48)} <= known
    assert {f"R{n}" for n in (*range(50, 54), *range(61, 78), *range(80, 86))} <= known
    assert known == {one.code for one in REASONS if one.step in set(Step)}
