"""Each segment stands in the loop its guide gives it: the independent referee's own path says which."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import pytest
import pyx12.error_handler
import pyx12.params
import pyx12.x12context

from benehub.formats.x12.explain import label, masked, spoken
from benehub.formats.x12.kernel import Segment, SegmentReader
from benehub.formats.x12.walk import Walker

HEADS = {"ISA_LOOP", "GS_LOOP", "ST_LOOP", "HEADER", "DETAIL", "FOOTER", "TABLE2AREA2", "TABLE2AREA3", ""}


def ours(text: str) -> list[tuple[str, str]]:
    walker = Walker()
    return [(segment.tag, walker.place(segment).loop) for segment in SegmentReader(text)]


def theirs(text: str, caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    caplog.set_level(logging.CRITICAL, logger="pyx12")
    errors = pyx12.error_handler.errh_null()
    reader = pyx12.x12context.X12ContextReader(pyx12.params.params(), errors, io.StringIO(text))
    found = []
    for data in reader.iter_segments():
        loops = [part for part in data.x12_map_node.get_path().split("/")[:-1] if part]
        last = loops[-1] if loops else ""
        assert data.seg_data is not None
        found.append((data.seg_data.get_seg_id(), "" if last in HEADS else last))
    return found


@pytest.mark.parametrize(
    "name",
    [
        "ours-834-full.x12", "ours-834-change.x12", "pyx12-834_deident_family.txt", "ours-820-individual.x12",
        "ours-820-organization.x12", "ours-999-rejected.x12",
    ],
)  # fmt: skip
def test_the_loops_are_the_guides(name: str, corpus: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = (corpus / name).read_text("ascii")
    got, wanted = ours(text), theirs(text, caplog)
    assert [place for place in got if place[0] not in ("LS", "LE", "AK9", "SE")] == [
        place for place in wanted if place[0] not in ("LS", "LE", "AK9", "SE")
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "INS*Y*18*030*XN*A",
            "subscriber yes (Y), self (18), as it is (030), reason notification only (XN), status active (A)",
        ),
        ("REF*0F*S0001", "subscriber number (0F) S0001"),
        ("DTP*348*D8*20260101", "cover from (348) 2026-01-01"),
        ("DTM*582****RD8*20260101-20260131", "period covered (582) 2026-01-01 to 2026-01-31"),
        ("NM1*IL*1*DOE*JANE****34*900110001", "insured (IL): last D**, first J***, SSN (34), id *********"),
        ("NM1*36*2*ACME", "employer (36): last ACME"),
        ("N1*PE*CARRIER*FI*987654321", "payee (PE): CARRIER, tax id (FI), id 987654321"),
        ("DMG*D8*19800102*F", "birth date ********, sex F"),
        ("REF*SY*900110001", "SSN (SY) *********"),
        ("IK3*NM1*14*2100A*8", "segment NM1, at 14, loop 2100A, segment has element errors (8)"),
        ("ZZZ*1*2", "01 1, 02 2"),
        ("N3*\x1b[2J", "address ????"),
        ("NM1*31*1", "mailing address (31)"),
    ],
)
def test_a_segment_in_words(text: str, said: str) -> None:
    told = spoken(Segment(9, text.split("*")))
    assert told == said.replace("????", "****")


def test_a_clear_segment_steers_no_terminal() -> None:
    assert spoken(Segment(9, ["N3", "\x1b[2J"]), clear=True) == "address ?[2J"


def test_the_envelope_is_nobodys_and_stays() -> None:
    isa = ["ISA", "00", "", "00", "", "ZZ", "900110001"]
    assert masked(Segment(1, isa)) == isa


def test_an_element_alone_has_a_name() -> None:
    assert [label("INS", 3), label("DTP", 3, "348"), label("NM1", 3, "IL"), label("XYZ", 2)] == [
        "maintenance", "cover from (348)", "insured (IL) last", "XYZ02",
    ]  # fmt: skip
