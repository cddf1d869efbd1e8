"""What leaves: 834 and 820 that the independent referee accepts, and refusals that name the item."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from benehub.errors import ConfigError, DataError, Unsupported
from benehub.formats.x12 import enrollment_834, remittance_820
from benehub_connectors.carrier_x12 import CarrierX12

FULL, CHANGE, REMIT = "enrollment.full", "enrollment.change", "premium.remit"
LONGEST = 999_999_999


def text(partner: Any, operation: str, records: list[Any], settings: Any = None, **head: Any) -> str:
    items = partner.items(operation, records)
    out = CarrierX12().render(operation, items, partner.envelope(**head), settings or partner.profile())
    return str(out.data.decode())


def test_a_full_file_is_accepted_and_says_everything(partner: Any, referee: Any) -> None:
    records = [partner.child(), partner.member(), partner.member("1002", ssn="100000002")]
    out = CarrierX12().render(FULL, partner.items(FULL, records), partner.envelope(7), partner.profile())
    whole = out.data.decode()
    assert referee(whole) == ""
    assert out.name == "to-carrier/POL001_000000007_T.834"
    assert out.totals == {"members": 3, "subscribers": 2, "dependents": 1, "coverages": 6, "left_out": 0}
    received = next(enrollment_834.parse(whole))
    assert received.enrollment.action == "4"
    assert received.envelope.interchange.control == 7
    people = list(received.members)
    assert [p.reference("23") for p in people] == ["1001", "1001-01", "1002"]
    first = people[0]
    assert (first.name.first, first.name.last, first.reason, first.employment) == (
        "ZOE",
        "MULLER",
        "XN",
        "AC",
    )
    medical = first.coverages[0]
    assert (medical.line, medical.plan, medical.tier, medical.references) == (
        "HLT",
        "PPO500",
        "EMP",
        (("1L", "POL001-01"),),
    )


def test_the_same_items_give_the_same_bytes(partner: Any) -> None:
    assert text(partner, FULL, [partner.member()]) == text(partner, FULL, [partner.member()])


def test_a_change_file_tells_a_leaver_and_a_change_of_tier(partner: Any, referee: Any) -> None:
    gone = {"maintenance": "024", "effective_to": date(2026, 12, 1)}
    leaver = partner.member(
        "1001",
        partner.line(**gone),
        maintenance="024",
        reason="08",
        termination_date=date(2026, 11, 13),
    )
    change = {"maintenance": "001", "effective_from": date(2026, 11, 5), "premium_minor": 150000}
    family = partner.member("1002", partner.line(tier="FAM", **change), maintenance="001", reason="32")
    whole = text(partner, CHANGE, [leaver, family])
    assert referee(whole) == ""
    for part in (
        "INS*Y*18*024*08*A***TE~",
        "DTP*337*D8*20261113~",
        "DTP*357*D8*20261130~",
        "HD*024**HLT*PPO500*EMP~",
        "DTP*349*D8*20261130~",
        "HD*001**HLT*PPO500*FAM~",
        "AMT*P3*1500~",
    ):
        assert part in whole


def test_an_end_date_is_exclusive_where_the_partner_counts_so(partner: Any) -> None:
    gone = partner.line(maintenance="024", effective_to=date(2026, 12, 1))
    settings = partner.profile(end_date="exclusive")
    assert "DTP*349*D8*20261201~" in text(partner, CHANGE, [partner.member("1", gone)], settings)


def test_term_by_absence_leaves_out_who_has_no_cover_any_more(partner: Any, referee: Any) -> None:
    ended = partner.line(maintenance="024", effective_to=date(2026, 11, 1))
    future = partner.line(effective_to=date(2026, 12, 1))
    records = [partner.member("1001", ended), partner.member("1002", future)]
    settings = partner.profile(term_by="absence")
    out = CarrierX12().render(FULL, partner.items(FULL, records), partner.envelope(), settings)
    assert out.totals["left_out"] == 1
    assert out.totals["members"] == 1
    assert referee(out.data.decode()) == ""
    assert text(partner, FULL, records).count("INS*") == 2


def test_the_partners_delimiters_and_case_are_kept(partner: Any, referee: Any) -> None:
    settings = partner.profile(element="|", line_breaks=True, upper_case=False, ssn_of_dependents=False)
    whole = text(partner, FULL, [partner.member(), partner.child(ssn="100000003")], settings)
    assert "NM1|IL|1|Muller|Zoe|||" in whole
    assert "100000003" not in whole
    assert referee(whole) == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ssn": "12345"}, "member item-1, NM1.*not nine digits"),
        ({"relationship": "cousin"}, "member item-1: no code for relationship"),
        ({"last_name": "李"}, "member item-1, NM103: a character has no ASCII spelling"),
    ],
)
def test_a_member_that_cannot_be_written_is_named_by_key(partner: Any, changes: Any, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        text(partner, FULL, [partner.member(**changes)])
    assert "12345" not in str(caught.value)


def test_an_unknown_plan_an_end_without_day_and_nobody_are_refused(partner: Any) -> None:
    with pytest.raises(DataError, match="member item-1: the profile has no codes for plan 'VIS'"):
        text(partner, FULL, [partner.member("1", partner.line("VIS"))])
    with pytest.raises(DataError, match="plan 'MED' is to end without a day"):
        text(partner, CHANGE, [partner.member("1", partner.line(maintenance="024"))])
    with pytest.raises(DataError, match="834 without members"):
        text(partner, FULL, [])


def test_an_820_is_accepted_and_adds_up(partner: Any, referee: Any) -> None:
    lines = [
        partner.remitted(),
        partner.remitted(plan="DEN", paid=3500, billed=4000),
        partner.remitted("1002", 90000, coverage_month="2026-10"),
    ]
    head = {"total_minor": 143500, "settle_on": "2026-11-16"}
    whole = text(partner, REMIT, lines, **head)
    assert referee(whole) == ""
    received = next(remittance_820.parse(whole))
    people = list(received.entities)
    assert received.remittance.total == 143500
    assert received.remittance.trace == "REF-1"
    assert [(p.id, p.total) for p in people] == [("1001", 53500), ("1002", 90000)]
    assert people[0].items[1].adjustments == ((-500, "IA"),)
    assert people[0].items[0].period == (date(2026, 11, 1), date(2026, 11, 30))
    assert "0001234567" not in repr(partner.profile())


def test_a_payment_of_nothing_moves_no_money(partner: Any, referee: Any) -> None:
    lines = [partner.remitted(), partner.remitted(paid=-50000, coverage_month="2026-10")]
    whole = text(partner, REMIT, lines, settle_on="2026-11-16")
    assert "BPR*I*0*C*NON*" in whole
    assert referee(whole) == ""


def test_a_payment_that_is_not_its_lines_is_refused(partner: Any) -> None:
    with pytest.raises(DataError, match="REF-1: the lines are not the total"):
        text(partner, REMIT, [partner.remitted()], total_minor=1, settle_on="2026-11-16")
    with pytest.raises(DataError, match="credits exceed"):
        text(partner, REMIT, [partner.remitted(paid=-1)], total_minor=-1, settle_on="2026-11-16")
    with pytest.raises(ConfigError, match="says nothing about premiums"):
        text(partner, REMIT, [partner.remitted()], partner.profile(premium=None), total_minor=50000)
    with pytest.raises(Unsupported):
        text(partner, "deduction.set", [])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"element": "^"}, "two delimiters"),
        ({"tiers": {"EE": "EMP"}}, "no code for tier ES, EC, FAM"),
        ({"receiver_qualifier": "12"}, "receiver_qualifier"),
        (
            {"premium": {"payer": {"name": "A", "id": "11"}, "payee": {"name": "B", "id": "22"}}},
            "ACH payment needs",
        ),
        ({"plans": {"LIFE": {"insurance_line": "LIF"}}}, "insurance_line"),
    ],
)
def test_a_wrong_profile_is_refused(partner: Any, changes: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        partner.profile(**changes)


def test_a_remittance_no_ctx_can_carry_is_split_from_its_money(
    partner: Any, referee: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benehub.formats.x12.remittance_820.CTX_CHARACTERS", 100)
    whole = text(partner, REMIT, [partner.remitted()], total_minor=50000, settle_on="2026-11-16")
    assert "BPR*U*500*C*ACH*CCP*" in whole
    assert referee(whole) == ""


def test_a_remittance_is_parted_by_members_and_every_part_fits_and_is_a_payment(partner: Any, referee: Any) -> None:
    paid = [partner.remitted(member_id=f"{1000 + n}", plan=plan, paid_minor=50000 + n, billed_minor=50000 + n)
            for n in range(1, 401) for plan in ("MED", "DEN")]  # fmt: skip
    credit = partner.remitted(member_id="credit", paid_minor=-30000, billed_minor=-30000)
    left = [*paid, credit]
    seen: list[Any] = []
    settings, longest = partner.profile(), partner.envelope(LONGEST, first_set=LONGEST, settle_on="2026-11-16")
    while left:
        items = partner.items(REMIT, left)
        places = CarrierX12().fitting(items, longest, settings, 20_000)
        part = [left[place] for place in places]
        left = [one for place, one in enumerate(left) if place not in set(places)]
        total = sum(one.paid_minor for one in part)
        whole = text(partner, REMIT, part, total_minor=total, settle_on="2026-11-16")
        assert len(whole) <= 20_000 and total > 0
        assert not {one.member_id for one in part} & {one.member_id for one in left}
        seen.append(part)
    assert len(seen) > 3 and credit in seen[0]
    assert sum(one.paid_minor for part in seen for one in part) == sum(one.paid_minor for one in [*paid, credit])
    assert all(len(text(partner, REMIT, part, total_minor=sum(one.paid_minor for one in part),
                        settle_on="2026-11-16")) > 18_000 for part in seen[:-1])  # fmt: skip
    assert referee(whole) == ""


def test_credits_that_no_first_part_carries_are_refused_by_name(partner: Any) -> None:
    lines = [partner.remitted(member_id=f"{n}", paid_minor=-100, billed_minor=-100) for n in range(50)]
    lines.append(partner.remitted(member_id="99", paid_minor=50000, billed_minor=50000))
    items = partner.items(REMIT, lines)
    envelope = partner.envelope(LONGEST, settle_on="2026-11-16")
    with pytest.raises(DataError, match="one payment cannot carry what is owed"):
        CarrierX12().fitting(items, envelope, partner.profile(), 2_000)
