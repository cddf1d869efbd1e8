"""What banks send back: returns and notifications of change, tied to our entry by its trace."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from datetime import date
from pathlib import Path

import achkit

from benehub.formats.nacha.addenda import Change, Return
from benehub.formats.nacha.build import closed, whole
from benehub.formats.nacha.codes import CHANGES, RETURNS
from benehub.formats.nacha.file import NachaFile, render
from benehub.formats.nacha.read import check, parse
from benehub.formats.nacha.returns import Corrected, Returned, answers

_spec = importlib.util.spec_from_file_location("nacha_samples", Path(__file__).with_name("nacha_samples.py"))
assert _spec is not None and _spec.loader is not None
samples = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(samples)
PREMIUM, made = (
    samples.PREMIUM, samples.made,
)  # fmt: skip

OURS = "011000010000001"


def back(entry_class: str, *addenda: Return | Change, amount: int = 153_450) -> NachaFile:
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
    assert set(achkit.RETURN_CODES) <= set(RETURNS)
    assert set(achkit.CHANGE_CODES) <= set(CHANGES)
