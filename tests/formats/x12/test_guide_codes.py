"""Our guide tables against others than pyx12's maps, which they were made from: a fault of the maps would be ours too.

`OTHERS` is what LinuxForHealth/x12 (Apache-2.0, commit 1d0c847, its models of the 834 005010X220A1) lists element by
element; its authors worked from the guide they had bought, not from those maps. Codes are facts and stand here without
its words. Where the two differ, `DIFFER` says so and why; a difference that is not there fails.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benehub.formats.x12.guide import SegmentSpec, guide

LEFT = "14 22 46 AA AB AC AD AE AF AG AH AI AJ"
MARITAL, CITIZENS, AMOUNTS = "B D I M R S U W X", "1 2 3 4 5 6 7", "B9 C1 D2 EBA FK P3 R"
OTHERS = {
    "834 REF 1": "38",
    "834 DTP 1": "007 090 091 303 382 388",
    "834 DTP 2": "D8",
    "834 QTY 1": "DT ET TO",
    "1000A N1 1": "P5",
    "1000A N1 3": "24 94 FI",
    "1000B N1 1": "IN",
    "1000B N1 3": "94 FI XV",
    "1000C N1 1": "BO TV",
    "1000C N1 3": "94 FI XV",
    "2000 INS 2": "01 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 23 24 25 26 31 38 53 60 D2 G8 G9",
    "2000 INS 3": "001 021 024 025 030",
    "2000 INS 4": "01 02 03 04 05 06 07 08 09 10 11 14 15 16 17 18 20 21 22 25 26 27 28 29 31 32 33 37 38 39 40 41 43"
                  " 59 AA AB AC AD AE AF AG AH AI AJ AL EC XN XT",
    "2000 INS 5": "A C S T",
    "2000 INS 7": "1 2 3 4 5 6 7 8 9 10 ZZ",
    "2000 INS 8": "AO AU FT L1 PT RT TE",
    "2000 INS 9": "F N P",
    "2000 INS 13": "R U",
    "2000 REF 1": "0F 1L 17 23 3H 4A 60 ABB D3 DX HIC P5 Q4 QQ ZZ",
    "2000 DTP 1": "050 286 296 297 300 301 303 336 337 338 339 340 341 350 351 356 357 383 385 386 393 394 473 474",
    "2100A NM1 1": "74 IL",
    "2100A NM1 8": "34 ZZ",
    "2100A PER 1": "IP",
    "2100A PER 3": "AP BN CP EM EX FX HP TE WP",
    "2100A DMG 4": MARITAL,
    "2100A DMG 6": CITIZENS,
    "2100A DMG 10": "REC",
    "2100A AMT 1": AMOUNTS,
    "2100B NM1 1": "70",
    "2100B NM1 8": "34 ZZ",
    "2100B DMG 4": MARITAL,
    "2100B DMG 6": CITIZENS,
    "2100C NM1 1": "31",
    "2100D NM1 1": "36",
    "2100D NM1 8": "34 ZZ",
    "2100E NM1 1": "M8",
    "2100F NM1 1": "S3",
    "2100F NM1 8": "34 ZZ",
    "2100G NM1 1": "6Y 9K E1 EI EXS GB GD J6 LR QD S1 TZ X4",
    "2100G NM1 8": "34 ZZ",
    "2100H NM1 1": "45",
    "2200 DTP 1": "360 361",
    "2300 DTP 1": "300 303 343 348 349 543 695",
    "2300 DTP 2": "D8 RD8",
    "2300 AMT 1": AMOUNTS,
    "2300 REF 1": "17 1L 9V CE E8 M7 PID RB X9 XM XX1 XX2 ZX ZZ QQ",
    "2310 NM1 1": "1X 3D 80 FA OD P3 QA QN",
    "2310 NM1 8": "34 FI SV XX",
    "2310 NM1 10": "25 26 72",
    "2310 PLA 1": "2",
    "2310 PLA 2": "1P",
    "2310 PLA 5": LEFT,
}  # fmt: skip
DIFFER = {
    "2000 INS 8": ("AC", ""),  # active: the other list leaves it out, carriers and the reference of our files use it
    "2000 REF 1": ("6O F6", "60 HIC"),  # the letter O read as a nought; HIC was replaced by F6 with the errata A1
    "2100D NM1 8": ("24", "ZZ"),  # an employer has an EIN (24); the other repeats the line of a member
    "2310 NM1 1": ("Y2", ""),  # managed care organization: in the maps only
}
"""By place: codes that only we have, and codes that only the other has."""

REFERENCE = {
    "INS02": "2000 INS 2", "INS03": "2000 INS 3", "INS05": "2000 INS 5", "INS07": "2000 INS 7", "AMT01": "2300 AMT 1",
    "HD01": "2300 HD 1", "HD03": "2300 HD 3", "HD05": "2300 HD 5", "DTP 2300": "2300 DTP 1", "REF 2300": "2300 REF 1",
    "BPR01": "820 BPR 1", "ADX02 previous": "2200A ADX 2", "ADX02 current": "2320A ADX 2", "RMR03": "2300A RMR 3",
}  # fmt: skip
"""Rows of the project's reference of X12 (each begins with its codes) and the places they speak of."""


def ours(place: str, name: str = "834") -> set[str]:
    """The codes of a place in a guide, over all segments of that id in the loop."""
    loop, tag, number = place.split()
    found: set[str] = set()
    for one in guide(name).root.segments():
        spec = one.elements[int(number) - 1] if one.tag == tag and int(number) <= len(one.elements) else None
        if spec is not None and one.loop.name == loop:
            found |= spec.codes
    return found


@pytest.mark.parametrize("place", OTHERS)
def test_an_independent_list_has_the_same_codes(place: str) -> None:
    mine, theirs = ours(place), set(OTHERS[place].split())
    only_mine, only_theirs = (set(text.split()) for text in DIFFER.get(place, ("", "")))
    assert mine and (mine - theirs, theirs - mine) == (only_mine, only_theirs)


def test_the_independent_list_covers_most_coded_places_of_the_enrollment() -> None:
    def coded(one: SegmentSpec) -> set[str]:
        return {f"{one.loop.name} {one.tag} {spec.place}" for spec in one.elements if spec and spec.codes}

    places = {place for one in guide("834").root.segments() for place in coded(one)}
    assert set(OTHERS) <= places
    # Not covered: HD, COB and IDC, which it types without codes, states and countries, and further contacts of a PER.
    assert len(OTHERS) * 100 // len(places) >= 35


@pytest.mark.parametrize("row", REFERENCE)
def test_every_code_of_the_reference_is_one_of_ours(row: str, shared: Path) -> None:
    page = shared / "reference" / "x12.md"
    if not page.is_file():
        pytest.skip(f"no reference at {page}")
    (line,) = re.findall(rf"^\| {row}(?: \[.*?\])? \| (.*?) \|$", page.read_text("utf-8"), re.MULTILINE)
    told = {
        code
        for part in re.sub(r"\(.*?\)", "", line.split(";")[0].removesuffix("(organisation only)")).split(",")
        for code in re.match(r"[A-Z0-9/]*", part.strip())[0].split("/")  # type: ignore[index]  # matches always
        if code
    }
    assert len(told) >= 4 and told <= ours(REFERENCE[row], "820" if row[:3] in ("BPR", "ADX", "RMR") else "834")
