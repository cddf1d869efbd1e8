"""What the segments, elements and codes of our X12 sets mean, in our own words; for people who look into a file.

X12's guides are sold and not quoted here. What has no word is shown as it is written.
"""

from __future__ import annotations

from benehub.formats.x12.ack_records import ELEMENT_CODES, GROUP_CODES, SEGMENT_CODES, SET_CODES
from benehub.formats.x12.ack_ta1 import NOTES
from benehub.formats.x12.remittance_records import HANDLING, METHODS

VERDICTS = {
    "A": "accepted", "E": "accepted with errors", "P": "partly accepted", "R": "rejected", "M": "rejected: security",
    "W": "rejected: security", "X": "rejected: security",
}  # fmt: skip
YES = {"Y": "yes", "N": "no"}
DATES = {
    "007": "effective", "009": "processed", "035": "delivered", "050": "received", "090": "from", "091": "to",
    "097": "created", "286": "retired", "296": "disability: back at work", "297": "disability: last day worked",
    "300": "signed", "301": "COBRA event", "303": "change effective", "336": "hired", "337": "employment ended",
    "338": "Medicare from", "339": "Medicare to", "340": "COBRA from", "341": "COBRA to", "343": "premium paid to",
    "344": "other cover from", "345": "other cover to", "348": "cover from", "349": "cover to",
    "350": "education from", "351": "education to", "356": "eligible from", "357": "eligible to",
    "360": "disability from", "361": "disability to", "382": "enrolled", "383": "hired (adjusted)",
    "385": "service from", "386": "service to", "388": "payment from", "393": "participation suspended",
    "394": "rehired", "473": "Medicaid from", "474": "Medicaid to", "543": "last premium paid", "582": "period covered",
    "695": "cover before", "AAG": "paid through",
}  # fmt: skip
REFERENCES = {
    "0F": "subscriber number", "14": "account", "17": "reporting category", "18": "plan", "1L": "group or policy",
    "23": "member id", "2F": "invoice", "38": "master policy", "3H": "case", "4A": "PIN", "6O": "cross reference",
    "72": "schedule", "9V": "payment category", "ABB": "personal id", "CE": "class of contract", "D3": "pharmacy",
    "DX": "department", "E8": "service contract", "F6": "Medicare number", "LB": "lockbox", "LU": "location",
    "P5": "position", "PID": "program", "Q4": "id before", "QQ": "months before", "RB": "rate code", "SY": "SSN",
    "X9": "internal control", "XX1": "special program", "XX2": "service area", "ZX": "county", "ZZ": "agreed",
}  # fmt: skip
PARTIES = {
    "P5": "sponsor", "IN": "insurer", "BO": "broker", "TV": "administrator", "PE": "payee", "PR": "payer",
    "75": "reporting category", "IL": "insured", "74": "insured, corrected", "70": "as told before, wrong",
    "31": "mailing address", "36": "employer", "M8": "school", "S3": "parent with custody", "45": "drop-off",
    "EY": "employee", "QE": "policyholder", "DO": "dependent",
}  # fmt: skip
RELATIONSHIPS = {
    "01": "spouse", "03": "parent", "04": "grandparent", "05": "grandchild", "06": "uncle or aunt",
    "07": "nephew or niece", "08": "cousin", "09": "adopted child", "10": "foster child", "11": "child-in-law",
    "12": "sibling-in-law", "13": "parent-in-law", "14": "sibling", "15": "ward", "16": "stepparent",
    "17": "stepchild", "18": "self", "19": "child", "23": "sponsored dependent", "24": "dependent's dependent",
    "25": "former spouse", "26": "guardian", "31": "court-appointed guardian", "38": "collateral dependent",
    "53": "life partner", "60": "annuitant", "D2": "trustee", "G8": "other", "G9": "other relative",
}  # fmt: skip
MAINTENANCE = {
    "001": "change", "002": "delete", "021": "add", "024": "end", "025": "reinstate", "026": "correct",
    "030": "as it is", "032": "not covered",
}  # fmt: skip
REASONS = {
    "01": "divorce", "02": "birth", "03": "death", "04": "retirement", "05": "adoption", "06": "strike",
    "07": "end of benefits", "08": "end of employment", "09": "COBRA", "10": "COBRA premium paid",
    "11": "surviving spouse", "14": "voluntary withdrawal", "15": "other primary care", "16": "quit", "17": "fired",
    "18": "suspended", "20": "active", "21": "disability", "22": "plan change", "25": "identifying data",
    "26": "declined", "27": "before enrollment", "28": "first enrollment", "29": "selection", "31": "separation",
    "32": "marriage", "33": "personnel data", "37": "leave with benefits", "38": "leave without benefits",
    "39": "lay-off with benefits", "40": "lay-off without benefits", "41": "enrolled again", "43": "moved",
    "59": "non-payment", "AI": "no reason", "AL": "assigned", "EC": "member's choice", "XN": "notification only",
    "XT": "transfer",
}  # fmt: skip
LINES = {
    "AG": "preventive", "AH": "24-hour care", "AJ": "Medicare risk", "AK": "mental health", "DCP": "dental capitation",
    "DEN": "dental", "EPO": "EPO", "FAC": "facility", "HE": "hearing", "HLT": "health", "HMO": "HMO",
    "LTC": "long-term care", "LTD": "long-term disability", "MM": "major medical", "MOD": "mail-order drugs",
    "PDG": "drugs", "POS": "point of service", "PPO": "PPO", "PRA": "practitioners", "STD": "short-term disability",
    "UR": "utilization review", "VIS": "vision",
}  # fmt: skip
TIERS = {
    "CHD": "children only", "DEP": "dependents only", "E1D": "employee and one", "E2D": "employee and two",
    "E3D": "employee and three", "E5D": "employee and one or more", "E6D": "employee and two or more",
    "E7D": "employee and three or more", "E8D": "employee and four or more", "E9D": "employee and five or more",
    "ECH": "employee and children", "EMP": "employee", "ESP": "employee and spouse", "FAM": "family",
    "IND": "individual", "SPC": "spouse and children", "SPO": "spouse", "TWO": "two-party",
}  # fmt: skip
ADJUSTMENTS = {
    "52": "credit for an overpayment before", "53": "remittance for an underpayment before", "80": "overpayment",
    "81": "credit as agreed", "86": "duplicate payment", "H6": "partial payment", "IA": "invoice does not match",
    "RU": "interest", "WO": "overpayment recovered",
}  # fmt: skip
GUIDES = {"BE": "enrollment", "RA": "payment", "FA": "acknowledgement"}
SETS = {"834": "enrollment", "820": "premium payment", "999": "acknowledgement", "997": "acknowledgement"}
CONTACTS = {
    "AP": "other phone", "BN": "beeper", "CP": "cell phone", "EM": "e-mail", "EX": "extension", "FX": "fax",
    "HP": "home phone", "TE": "phone", "WP": "work phone",
}  # fmt: skip
IDS = {
    "34": "SSN", "EI": "employee id", "FI": "tax id", "24": "employer id", "94": "assigned", "N": "member id",
    "II": "health id", "XV": "plan id", "1": "D-U-N-S", "9": "D-U-N-S+4", "ZZ": "agreed",
}  # fmt: skip

LABELS: dict[str, dict[int, str]] = {
    "ISA": {5: "qualifier", 6: "from", 7: "qualifier", 8: "to", 9: "date", 10: "time", 13: "control", 14: "TA1 asked",
            15: "usage"},
    "TA1": {1: "control", 2: "date", 3: "time", 4: "", 5: "note"},
    "GS": {1: "", 2: "from", 3: "to", 4: "date", 5: "time", 6: "control", 8: "guide"},
    "ST": {1: "", 2: "control", 3: "guide"},
    "SE": {1: "segments", 2: "control"}, "GE": {1: "sets", 2: "control"}, "IEA": {1: "groups", 2: "control"},
    "BGN": {1: "", 2: "reference", 3: "date", 4: "time", 5: "zone", 6: "original reference", 8: ""},
    "REF": {2: ""}, "DTP": {3: ""}, "DTM": {2: "", 6: ""}, "QTY": {2: ""},
    "N1": {2: "", 3: "", 4: "id"}, "N2": {1: "name"}, "N3": {1: "address", 2: ""},
    "N4": {1: "city", 2: "state", 3: "ZIP", 4: "country", 6: "county", 7: "subdivision"},
    "INS": {1: "subscriber", 2: "", 3: "", 4: "reason", 5: "status", 6: "Medicare", 7: "COBRA event",
            8: "employment", 9: "student", 10: "handicapped", 12: "death", 13: "confidential", 17: "birth order"},
    "NM1": {3: "last", 4: "first", 5: "middle", 6: "prefix", 7: "suffix", 8: "", 9: "id"},
    "PER": {2: "name", 3: "", 4: "", 5: "", 6: "", 7: "", 8: ""},
    "DMG": {2: "birth date", 3: "sex", 4: "marital", 5: "ethnicity", 6: "citizenship"},
    "EC": {1: "class"}, "ICM": {1: "paid", 2: "wage", 3: "hours", 4: "department", 5: "grade"},
    "AMT": {1: "", 2: ""}, "HLH": {1: "health", 2: "height", 3: "weight"}, "LUI": {2: "language", 4: "use"},
    "DSB": {1: "disability", 7: "kind", 8: "diagnosis"},
    "HD": {1: "", 3: "", 4: "plan", 5: "tier", 9: "late"}, "IDC": {1: "card", 2: "kind", 3: "count", 4: "action"},
    "LX": {1: "number"}, "PLA": {1: "action", 3: "date", 5: "reason"},
    "COB": {1: "order", 2: "policy", 3: "coordination", 4: "service"}, "ACT": {1: "account"},
    "BPR": {1: "", 2: "total", 4: "by", 5: "format", 7: "from bank", 9: "account", 10: "originator", 13: "to bank",
            15: "account", 16: "settles"},
    "TRN": {1: "", 2: "trace", 3: "originator"}, "CUR": {1: "", 2: "currency"},
    "RDM": {1: "deliver by", 2: "to", 3: ""},
    "ENT": {1: "number", 2: "", 3: "", 4: "id"},
    "RMR": {1: "", 2: "", 3: "", 4: "paid", 5: "billed"}, "ADX": {1: "adjusted by", 2: "because"},
    "IT1": {1: "summary line"}, "SAC": {2: "charge", 5: "amount in cents"}, "SLN": {1: "line", 4: "heads", 5: ""},
    "AK1": {1: "", 2: "group", 3: "guide"}, "AK2": {1: "", 2: "set", 3: "guide"},
    "IK3": {1: "segment", 2: "at", 3: "loop", 4: ""}, "IK4": {1: "element", 2: "number", 3: "", 4: "copy"},
    "CTX": {1: "", 2: "segment", 3: "at"}, "IK5": {1: "", 2: "", 3: "", 4: "", 5: "", 6: ""},
    "AK9": {1: "", 2: "included", 3: "received", 4: "accepted", 5: "", 6: "", 7: "", 8: "", 9: ""},
    "LS": {1: "loop"}, "LE": {1: "loop"},
}  # fmt: skip
"""Segment -> element -> what it is; an empty word where its code or value says enough, absent where it says nothing."""

for _old, _new in (("AK3", "IK3"), ("AK4", "IK4"), ("AK5", "IK5")):
    LABELS[_old] = LABELS[_new]

CODES: dict[tuple[str, int], dict[str, str]] = {
    ("ISA", 14): {"0": "no", "1": "yes"}, ("ISA", 15): {"T": "test", "P": "production"},
    ("TA1", 4): VERDICTS, ("TA1", 5): NOTES, ("GS", 1): GUIDES, ("ST", 1): SETS,
    ("BGN", 1): {"00": "original", "15": "sent again", "22": "copy"},
    ("BGN", 8): {"2": "change file", "4": "full file", "RX": "replacement"},
    ("QTY", 1): {"TO": "members", "ET": "subscribers", "DT": "dependents"},
    ("REF", 1): REFERENCES, ("DTP", 1): DATES, ("DTM", 1): DATES, ("N1", 1): PARTIES, ("N1", 3): IDS,
    ("NM1", 1): PARTIES, ("NM1", 8): IDS, ("PER", 3): CONTACTS, ("PER", 5): CONTACTS, ("PER", 7): CONTACTS,
    ("INS", 1): YES, ("INS", 2): RELATIONSHIPS, ("INS", 3): MAINTENANCE, ("INS", 4): REASONS,
    ("INS", 5): {"A": "active", "C": "COBRA", "S": "surviving", "T": "TEFRA"},
    ("INS", 7): {"1": "end of employment", "2": "fewer hours", "3": "Medicare", "4": "death", "5": "divorce",
                 "6": "separation", "7": "child too old", "8": "bankruptcy", "9": "lay-off", "10": "leave"},
    ("INS", 8): {"AC": "active", "FT": "full-time", "PT": "part-time", "L1": "on leave", "RT": "retired",
                 "TE": "ended", "AO": "military", "AU": "military"},
    ("INS", 9): {"F": "full-time", "P": "part-time", "N": "no"}, ("INS", 10): YES,
    ("ICM", 1): {"1": "weekly", "2": "every two weeks", "3": "twice a month", "4": "monthly", "7": "yearly",
                 "H": "hourly"},
    ("IDC", 2): {"D": "dental", "H": "health", "P": "drugs"}, ("IDC", 4): {"1": "add", "2": "change", "RX": "replace"},
    ("COB", 1): {"P": "first", "S": "second", "T": "third", "U": "unknown"},
    ("COB", 3): {"1": "coordinated", "5": "unknown", "6": "none"},
    ("LUI", 4): {"5": "reads", "6": "writes", "7": "speaks", "8": "native"},
    ("HD", 1): MAINTENANCE, ("HD", 3): LINES, ("HD", 5): TIERS, ("HD", 9): YES,
    ("AMT", 1): {"P3": "premium", "C1": "co-payment", "D2": "deductible", "B9": "co-insurance", "R": "spend-down",
                 "EBA": "expected", "FK": "other"},
    ("BPR", 1): HANDLING, ("BPR", 4): METHODS,
    ("TRN", 1): {"1": "this payment", "3": "joins payment and remittance"},
    ("CUR", 1): {"PR": "payer's", "2B": "bank's"},
    ("ENT", 2): {"2J": "individual", "2L": "corporation", "UN": "union", "AG": "agent"}, ("ENT", 3): IDS,
    ("RMR", 1): {"11": "account", "1L": "group or policy", "9J": "pension", "AZ": "health policy",
                 "B7": "life policy", "CT": "contract", "ID": "insurance certificate", "IG": "policy",
                 "IK": "invoice", "KW": "certification"},
    ("RMR", 3): {"PA": "in advance", "PI": "item", "PO": "on account", "PP": "partial"},
    ("ADX", 2): ADJUSTMENTS, ("SLN", 5): {"IE": "persons", "10": "groups", "PR": "pairs"},
    ("RDM", 1): {"BM": "post", "EM": "e-mail", "FT": "file", "FX": "fax", "IA": "in person", "OL": "online"},
    ("AK1", 1): GUIDES, ("AK2", 1): SETS, ("AK9", 1): VERDICTS,
    ("IK3", 4): SEGMENT_CODES, ("IK4", 3): ELEMENT_CODES, ("IK5", 1): VERDICTS,
    ("AK3", 4): SEGMENT_CODES, ("AK4", 3): ELEMENT_CODES, ("AK5", 1): VERDICTS,
}  # fmt: skip
"""(segment, element) -> code -> word."""

for _at in range(2, 7):
    CODES["IK5", _at] = CODES["AK5", _at] = SET_CODES
    CODES["AK9", _at + 3] = GROUP_CODES

ALONE: dict[tuple[str, int], str] = {
    ("INS", 2): "relationship", ("INS", 3): "maintenance", ("HD", 1): "maintenance", ("HD", 3): "line",
    ("N1", 2): "name", ("NM1", 8): "kind of id", ("N3", 2): "address, second line", ("PER", 3): "contact",
    ("PER", 4): "contact", ("PER", 5): "contact", ("PER", 6): "contact", ("PER", 7): "contact", ("PER", 8): "contact",
    ("ENT", 3): "kind of id", ("RMR", 3): "action", ("SLN", 5): "unit", ("COB", 2): "policy",
}  # fmt: skip
"""What an element is where it stands without its segment."""

SILENT = frozenset({
    ("ISA", 1), ("ISA", 2), ("ISA", 3), ("ISA", 4), ("ISA", 11), ("ISA", 12), ("ISA", 16), ("GS", 7), ("DTP", 2),
    ("DTM", 5), ("NM1", 2), ("PER", 1), ("DMG", 1), ("INS", 11), ("BPR", 3), ("BPR", 6), ("BPR", 8), ("BPR", 12),
    ("BPR", 14), ("SAC", 1), ("SLN", 3), ("LUI", 1), ("N4", 5),
})  # fmt: skip
"""Elements that only say how the next one is written, or are the same in every file."""

DATE_ELEMENTS = frozenset({
    ("BGN", 3), ("DTP", 3), ("DTM", 2), ("DTM", 6), ("DMG", 2), ("INS", 12), ("BPR", 16), ("GS", 4), ("PLA", 3),
})  # fmt: skip

LOOPS: dict[str, dict[str, str]] = {
    "834": {
        "1000A": "sponsor", "1000B": "insurer", "1000C": "broker", "1100C": "broker's account", "2000": "member",
        "2100A": "name", "2100B": "wrong before", "2100C": "mailing address", "2100D": "employer", "2100E": "school",
        "2100F": "parent with custody", "2100G": "responsible person", "2100H": "drop-off", "2200": "disability",
        "2300": "coverage", "2310": "provider", "2320": "other insurance", "2330": "other insurer",
        "2700": "reporting category", "2750": "category",
    },
    "820": {
        "1000A": "payee", "1000B": "payer", "1000C": "bank between", "2000A": "organization", "2000B": "individual",
        "2100B": "name", "2200A": "earlier payments", "2200B": "earlier payments", "2300A": "paid", "2300B": "paid",
        "2310A": "summary", "2312A": "charge", "2315A": "heads", "2320A": "adjustment", "2320B": "adjustment",
    },
    "999": {"2000": "set answered", "2100": "segment in error", "2110": "element in error"},
}  # fmt: skip
"""Set -> loop of its guide -> what it is."""

LOOPS["997"] = LOOPS["999"]
