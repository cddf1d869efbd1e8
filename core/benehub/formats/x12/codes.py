"""Code lists and sizes of the 834 and 820 that the checks look up."""

from __future__ import annotations


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


RELATIONSHIPS = _codes("18 01 19 53 09 10 17 15 25 26 31 38 23 24 03 04 05 06 07 08 11 12 13 14 16 60 D2 G8 G9")
MAINTENANCE = _codes("001 021 024 025 030")
REASONS = _codes(
    "01 02 03 04 05 06 07 08 09 10 11 14 15 16 17 18 20 21 22 25 26 27 28 29 31 32 33 37 38 39 40 41 43 59 "
    "AA AB AC AD AE AF AG AH AI AJ AL EC XN XT"
)
COVERAGE_MAINTENANCE = _codes("001 002 021 024 025 026 030 032")
COVERAGE_LINES = _codes("AG AH AJ AK DCP DEN EPO FAC HE HLT HMO LTC LTD MM MOD PDG POS PPO PRA STD UR VIS")
TIERS = _codes("CHD DEP E1D E2D E3D E5D E6D E7D E8D E9D ECH EMP ESP FAM IND SPC SPO TWO")

CODES: dict[tuple[str, int], frozenset[str]] = {
    ("BGN", 1): _codes("00 15 22"),
    ("BGN", 8): _codes("2 4 RX"),
    ("INS", 1): _codes("Y N"),
    ("INS", 2): RELATIONSHIPS,
    ("INS", 3): MAINTENANCE,
    ("INS", 4): REASONS,
    ("INS", 5): _codes("A C S T"),
    ("INS", 7): _codes("1 2 3 4 5 6 7 8 9 10 ZZ"),
    ("INS", 8): _codes("AC AO AU FT L1 PT RT TE"),
    ("HD", 1): COVERAGE_MAINTENANCE,
    ("HD", 3): COVERAGE_LINES,
    ("HD", 5): TIERS,
    ("DMG", 3): _codes("F M U"),
    ("DMG", 4): _codes("B D I M R S U W X"),
    ("BPR", 1): _codes("C D I P U X"),
    ("BPR", 4): _codes("ACH BOP CHK FWT NON SWT"),
    ("TRN", 1): _codes("1 3"),
    ("ENT", 2): _codes("2L UN AG NH RGA 2J"),
}
"""(segment, element) -> what may stand there; an empty element is the business of the required ones."""

REQUIRED: dict[str, tuple[int, ...]] = {
    "BGN": (1, 2, 3, 4, 8),
    "INS": (1, 2, 3),
    "REF": (1, 2),
    "DTP": (1, 2, 3),
    "HD": (1, 3),
    "NM1": (1, 2),
    "BPR": (1, 2, 3, 4, 16),
    "TRN": (1, 2),
    "RMR": (1, 2, 4),
    "ADX": (1, 2),
    "ENT": (1, 2),
    "AMT": (1, 2),
}

LENGTHS: dict[tuple[str, int], tuple[int, int]] = {
    ("NM1", 3): (1, 60),
    ("NM1", 4): (1, 35),
    ("NM1", 5): (1, 25),
    ("NM1", 6): (1, 10),
    ("NM1", 7): (1, 10),
    ("NM1", 9): (2, 80),
    ("N1", 2): (1, 60),
    ("N1", 4): (2, 80),
    ("N3", 1): (1, 55),
    ("N3", 2): (1, 55),
    ("N4", 1): (2, 30),
    ("REF", 2): (1, 50),
    ("BGN", 2): (1, 50),
    ("HD", 4): (1, 50),
    ("RMR", 2): (1, 50),
    ("TRN", 2): (1, 50),
    ("ENT", 4): (2, 80),
}
"""Fewest and most characters."""

AMOUNTS = _codes("AMT02 BPR02 RMR04 RMR05 ADX01")

KNOWN: dict[str, frozenset[str]] = {
    "834": _codes("BGN REF DTP QTY N1 ACT INS NM1 PER N3 N4 DMG EC ICM AMT HLH LUI DSB HD IDC LX PLA COB LS LE"),
    "820": _codes("BPR TRN CUR REF DTM N1 N2 N3 N4 RDM PER ENT NM1 ADX RMR IT1 SAC SLN"),
    "999": _codes("AK1 AK2 IK3 CTX IK4 IK5 AK9"),
    "997": _codes("AK1 AK2 AK3 AK4 AK5 AK9"),
}
"""Segments of each transaction set between ST and SE."""
