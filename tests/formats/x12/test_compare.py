"""Two files against each other: by member and coverage, whatever their delimiters, within a bounded detail."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from benehub.errors import FormatError
from benehub.formats.x12.compare import ADDED, CHANGED, ENDED, Comparison, Difference, PartChange, compare
from benehub.formats.x12.kernel import Source


def against(before: str, after: str, limit: int = 1000, *, clear: bool = True) -> Comparison:
    def opener(text: str) -> AbstractContextManager[Source]:
        return nullcontext(text)

    return compare(lambda: opener(before), lambda: opener(after), limit=limit, clear=clear)


def member(number: int, *coverages: str, last: str = "DOE", more: str = "", how: str = "030") -> str:
    name = f"INS*Y*18*{how}*XN*A***FT~REF*0F*S{number:04d}~REF*23*E{number:04d}~{more}NM1*IL*1*{last}*JANE~"
    return name + "".join(coverages)


def cover(line: str = "HLT", plan: str = "PPO", tier: str = "EMP", start: str = "20260101", more: str = "") -> str:
    return f"HD*030**{line}*{plan}*{tier}~DTP*348*D8*{start}~{more}"


def file(*members: str) -> str:
    head = "BGN*00*R1*20261101*0900*ET***4~N1*P5*ACME*FI*123456789~N1*IN*CARRIER*FI*987654321~"
    body = head + "".join(members)
    isa = "ISA*00*          *00*          *ZZ*BENEHUB        *ZZ*CARRIERX       *261101*0900*^*00501*000000001*0*T*:~"
    group = "GS*BE*BENEHUB*CARRIERX*20261101*0900*1*X*005010X220A1~"
    return f"{isa}{group}ST*834*0001*005010X220A1~{body}SE*{body.count('~') + 2}*0001~GE*1*1~IEA*1*000000001~"


def test_who_was_added_changed_and_ended() -> None:
    before = file(member(1, cover()), member(2, cover(), cover("DEN")), member(3, cover()), member(4, cover()))
    after = file(
        member(1, cover()),
        member(2, cover(tier="FAM"), cover("VIS"), last="ROE"),
        member(4, cover(more="DTP*349*D8*20261130~"), how="024"),
        member(5, cover()),
    )
    found = against(before, after)
    assert dict(found.counts) == {ADDED: 1, CHANGED: 1, ENDED: 2}
    assert (found.same, found.equal, found.kind) == (1, False, "834")
    assert [(one.member, one.change) for one in found.changes] == [
        ("S0002 E0002", CHANGED), ("S0004 E0004", ENDED), ("S0005 E0005", ADDED), ("S0003 E0003", ENDED),
    ]  # fmt: skip
    second, fourth, fifth, third = found.changes
    assert second.differences == (Difference("insured (IL) last", "DOE", "ROE"),)
    assert second.parts == (
        PartChange("health (HLT) PPO", CHANGED, (Difference("tier", "employee (EMP)", "family (FAM)"),)),
        PartChange("vision (VIS) PPO", ADDED),
        PartChange("dental (DEN) PPO", ENDED),
    )
    assert fourth.parts == (PartChange("health (HLT) PPO", ENDED, (Difference("cover to (349)", "", "2026-11-30"),)),)
    assert [part.change for part in (*fifth.parts, *third.parts)] == [ADDED, ENDED]


def test_a_file_is_like_itself_in_any_order_and_with_any_delimiters() -> None:
    one, two = member(1, cover(), more="DTP*336*D8*20200115~"), member(2, cover())
    whole = file(one, two)
    assert against(whole, file(two, one)).equal
    other = whole.replace(":~", ">~").replace("*", "|").replace("~", "\n").replace("^", "!")
    found = against(whole, other)
    assert (found.equal, found.same) == (True, 2)


def test_a_member_who_stands_twice_is_compared_place_by_place() -> None:
    twice = file(member(1, cover()), member(1, cover("DEN")))
    assert against(twice, twice).same == 2
    found = against(twice, file(member(1, cover()), member(1, cover("DEN", tier="FAM"))))
    assert [(one.member, one.change) for one in found.changes] == [("S0001 E0001 #2", CHANGED)]
    same = file(member(1, cover(), cover()))
    assert [part.part for part in against(file(member(2)), same).changes[0].parts] == [
        "health (HLT) PPO", "health (HLT) PPO #2",
    ]  # fmt: skip


def test_the_limit_bounds_the_detail_and_not_the_counts() -> None:
    before = file(*(member(number, cover()) for number in range(1, 11)))
    after = file(*(member(number, cover(tier="FAM")) for number in range(6, 21)))
    found = against(before, after, limit=7)
    assert dict(found.counts) == {CHANGED: 5, ADDED: 10, ENDED: 5}
    assert len(found.changes) == 7
    assert against(before, after, limit=0).changes == []
    assert len(against(before, after).changes) == 20


def test_personal_data_are_masked_unless_asked() -> None:
    before = file(member(1, cover(), more="REF*SY*900110001~"))
    after = file(member(1, cover(), more="REF*SY*900110002~", last="ROE"))
    shown = repr(against(before, after, clear=False).changes)
    assert all(value not in shown for value in ("900110001", "900110002", "ROE", "DOE"))
    assert all(value in repr(against(before, after).changes) for value in ("900110001", "900110002", "ROE", "DOE"))


def test_payments_are_compared_item_by_item(corpus: Path) -> None:
    text = (corpus / "ours-820-individual.x12").read_text("ascii")
    other = text.replace("**22*24~", "**23*25~").replace("BPR*C*1334.5", "BPR*C*1335.5")
    found = against(text, other)
    assert (dict(found.counts), found.same, found.kind) == ({CHANGED: 1}, 1, "820")
    (part,) = found.changes[0].parts
    assert part.part == "health policy (AZ) POLICY001 2026-11-01 to 2026-11-30"
    assert part.differences == (Difference("paid", "22", "23"), Difference("billed", "24", "25"))


def test_what_cannot_be_compared(corpus: Path) -> None:
    pays = (corpus / "ours-820-individual.x12").read_text("ascii")
    with pytest.raises(FormatError, match="820 where 834 is compared"):
        against(file(member(1)), pays)
    with pytest.raises(FormatError, match="no member"):
        against(file(), file(member(1)))
    with pytest.raises(FormatError, match="999 where 834 or 820"):
        against((corpus / "ours-999-accepted.x12").read_text("ascii"), pays)
    with pytest.raises(FormatError, match="SE01"):
        against(file(member(1)), file(member(1)).replace("SE*", "SE*9"))
