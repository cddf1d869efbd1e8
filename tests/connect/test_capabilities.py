"""Capabilities are data, and a refusal names its blocker."""

from __future__ import annotations

import pytest

from benehub.connect.capabilities import Blocker, Capability, Guard, find, narrowed, read_only, require
from benehub.errors import Unsupported
from benehub.records import OPERATIONS

LINES = (
    Capability("push", guard=Guard.READ_BACK),
    Capability("push", "fsa", supported=False, blocker=Blocker.CUSTOMER_PLAN, note="Upgrade the plan"),
)


def test_the_line_of_the_benefit_beats_the_general_one() -> None:
    assert find(LINES, "push", "medical") is LINES[0]
    assert find(LINES, "push", "fsa") is LINES[1]
    assert find(LINES, "pull") is None


def test_a_refusal_names_blocker_and_mend() -> None:
    with pytest.raises(Unsupported, match=r"push for fsa is not supported here\. Upgrade the plan") as caught:
        require(LINES, "push", "fsa")
    assert caught.value.blocker == "customer_plan"
    with pytest.raises(Unsupported) as undeclared:
        require(LINES, "pull")
    assert undeclared.value.blocker == "us"
    assert require(LINES, "push", "medical") is LINES[0]


@pytest.mark.parametrize(("supported", "blocker"), [(True, Blocker.VENDOR), (False, None)])
def test_a_blocker_stands_exactly_where_it_is_not_supported(supported: bool, blocker: Blocker | None) -> None:
    with pytest.raises(ValueError, match="blocker"):
        Capability("push", supported=supported, blocker=blocker)


def test_which_writes_may_be_sent_twice() -> None:
    assert [guard for guard in Guard if guard.repeat_safe] == [
        Guard.IDEMPOTENCY_KEY,
        Guard.NATURAL_KEY_UPSERT,
    ]
    assert [guard for guard in Guard if guard.must_hold] == [Guard.NONE]


def test_a_reader_refuses_every_write_by_its_vendor() -> None:
    lines = read_only(["employee"], "it takes none", {"employee": "all of them"})
    assert require(lines, "read.employee").note == "all of them"
    for operation in OPERATIONS:
        with pytest.raises(Unsupported, match="it takes none") as caught:
            require(lines, operation)
        assert caught.value.blocker == "vendor"


def test_what_is_withheld_stands_in_place_of_the_line_it_is_about() -> None:
    def no(operation: str, benefit: str | None = None) -> Capability:
        return Capability(operation, benefit, supported=False, blocker=Blocker.PERMISSIONS, note="Ask for it")

    lines = narrowed(LINES, (no("push", "dental"), no("push", "fsa"), no("pull", "fsa")))
    assert lines == (LINES[0], no("push", "fsa"), no("push", "dental"))
    with pytest.raises(Unsupported, match="push for dental"):
        require(lines, "push", "dental")
    assert require(lines, "push", "medical") is LINES[0]
    assert narrowed(LINES, (no("push"), no("push", "dental"))) == (no("push"),)
