"""Each event of a member's life as the change file tells it; the referee and our checks take it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from benehub.errors import DataError
from benehub.formats.x12 import enrollment_834 as x834
from benehub.formats.x12 import enrollment_recipes as recipes
from benehub.formats.x12.checks import check
from benehub.formats.x12.envelope import Interchange

INTERCHANGE = Interchange("BENEHUB", "CARRIERX", 7, 7, datetime(2026, 11, 1, 9, 0, tzinfo=UTC))
PARTY = x834.Party("ACME CORP", "FI", "123456789")
HEAD = x834.Enrollment834("REF-1", date(2026, 11, 1), x834.CHANGE, PARTY, PARTY)
FIRST, LAST, DAY = date(2026, 11, 1), date(2026, 10, 31), date(2026, 10, 12)
HEALTH = x834.Coverage("030", "HLT", "PPO500", "FAM", (("348", date(2026, 1, 1)),), (("1L", "G1"),))
DENTAL = replace(HEALTH, line="DEN", plan="DENT1")
JANE = x834.Member(
    True, "18", "030", "XN", "A", "S1", x834.Name("DOE", "JANE", id_qualifier="34", id="900000001"), employment="FT",
    demographics=x834.Demographics(date(1980, 1, 2), "F"), coverages=(HEALTH, DENTAL),
)  # fmt: skip
KIT = replace(
    JANE, subscriber=False, relationship="19", name=x834.Name("DOE", "KIT"), employment="",
    demographics=x834.Demographics(date(2026, 10, 15), "U"), coverages=(HEALTH,),
)  # fmt: skip
SAM = replace(KIT, relationship="01", name=x834.Name("DOE", "SAM"))
NEW = replace(HEALTH, plan="HMO1")

EVENTS = {
    "new hire": (
        recipes.new_hire(JANE, DAY, FIRST, FIRST),
        "INS*Y*18*021*28*A***FT~REF*0F*S1~DTP*336*D8*20261012~DTP*356*D8*20261101~",
        "HD*021**HLT*PPO500*FAM~DTP*348*D8*20261101~REF*1L*G1~HD*021**DEN*DENT1*FAM~DTP*348*D8*20261101~",
    ),
    "birth": (
        recipes.birth(KIT, "1"),
        "INS*N*19*021*02*A************1~REF*0F*S1~",
        "HD*021**HLT*PPO500*FAM~DTP*348*D8*20261015~",
    ),
    "marriage": (recipes.marriage(SAM, FIRST), "INS*N*01*021*32*A~", "HD*021**HLT*PPO500*FAM~DTP*348*D8*20261101~"),
    "correction": (
        recipes.correction(JANE, x834.Name("DOH", "JANE"), x834.Demographics(date(1980, 1, 3))),
        "INS*Y*18*001*25*A***FT~REF*0F*S1~NM1*74*1*DOE*JANE****34*900000001~DMG*D8*19800102*F~NM1*70*1*DOH*JANE~",
        "DMG*D8*19800103~SE*",
    ),
    "tier change": (
        recipes.tier_change(replace(JANE, coverages=(replace(HEALTH, tier="ECH"),)), FIRST),
        "INS*Y*18*001*22*A***FT~",
        "HD*001**HLT*PPO500*ECH~DTP*348*D8*20261101~",
    ),
    "plan change": (
        recipes.plan_change(JANE, HEALTH, NEW, FIRST),
        "INS*Y*18*001*22*A***FT~",
        "HD*024**HLT*PPO500*FAM~DTP*349*D8*20261031~REF*1L*G1~HD*021**HLT*HMO1*FAM~DTP*348*D8*20261101~",
    ),
    "leaves": (
        recipes.leaves(JANE, DAY, LAST),
        "INS*Y*18*024*08*A***TE~REF*0F*S1~DTP*337*D8*20261012~DTP*357*D8*20261031~",
        "HD*024**DEN*DENT1*FAM~DTP*349*D8*20261031~",
    ),
    "line dropped": (
        recipes.line_dropped(JANE, DENTAL, LAST),
        "INS*Y*18*001*14*A***FT~",
        "DMG*D8*19800102*F~HD*024**DEN*DENT1*FAM~DTP*349*D8*20261031~",
    ),
    "ages out": (
        recipes.ages_out(KIT, LAST),
        "INS*N*19*024*07*A~REF*0F*S1~DTP*357*D8*20261031~",
        "HD*024**HLT*PPO500*FAM~DTP*349*D8*20261031~",
    ),
    "death of a subscriber": (
        recipes.death(JANE, DAY),
        "INS*Y*18*024*03*A***TE***D8*20261012~REF*0F*S1~DTP*357*D8*20261012~",
        "HD*024**HLT*PPO500*FAM~DTP*349*D8*20261012~",
    ),
    "death of a dependent": (
        recipes.death(KIT, date(2026, 10, 20)),
        "INS*N*19*024*03*A******D8*20261020~",
        "HD*024**HLT*PPO500*FAM~DTP*349*D8*20261020~",
    ),
    "reinstatement": (
        recipes.reinstatement(JANE, FIRST, date(2026, 1, 1)),
        "INS*Y*18*025*41*A***FT~REF*0F*S1~DTP*303*D8*20261101~",
        "HD*025**HLT*PPO500*FAM~DTP*348*D8*20260101~",
    ),
    "COBRA": (
        recipes.cobra(JANE, "1", LAST, FIRST, date(2028, 4, 30)),
        "INS*Y*18*021*09*C**1*TE~REF*0F*S1~DTP*301*D8*20261031~DTP*340*D8*20261101~DTP*341*D8*20280430~",
        "HD*021**HLT*PPO500*FAM~DTP*348*D8*20261101~",
    ),
    "COBRA of a dependent alone": (
        recipes.on_his_own(recipes.cobra(SAM, "5", LAST, FIRST, date(2029, 10, 31)), "S9"),
        "INS*Y*18*021*09*C**5~REF*0F*S9~REF*Q4*S1~DTP*301*D8*20261031~",
        "HD*021**HLT*PPO500*FAM~DTP*348*D8*20261101~",
    ),
    "void": (
        recipes.void(KIT),
        "INS*N*19*024*07*A~REF*0F*S1~NM1*",
        "HD*024**HLT*PPO500*FAM~DTP*348*D8*20260101~DTP*349*D8*20260101~",
    ),
    "void by the day before": (
        recipes.void(KIT, day_before=True),
        "INS*N*19*024*07*A~",
        "DTP*348*D8*20260101~DTP*349*D8*20251231~",
    ),
}


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_is_told_as_the_table_has_it(event: str) -> None:
    member, opening, coverage = EVENTS[event]
    text = "".join(x834.render(INTERCHANGE, HEAD, [member]))
    assert f"~{opening}" in text
    assert f"~{coverage}" in text
    assert check(text) == []
    ((got,),) = (list(one.members) for one in x834.parse(text))
    assert got == member


def test_the_referee_takes_a_file_of_all_events(referee: Callable[[str], str]) -> None:
    text = "".join(x834.render(INTERCHANGE, HEAD, [member for member, *_ in EVENTS.values()]))
    assert referee(text) == ""


def test_what_is_not_known_is_not_guessed() -> None:
    with pytest.raises(DataError, match="birth date"):
        recipes.birth(replace(KIT, demographics=None))
    with pytest.raises(DataError, match="first day"):
        recipes.void(replace(KIT, coverages=(replace(HEALTH, dates=()),)))
