"""The round trip: our files to the simulated carrier, its answers, roster and bill back as records."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from benehub.connect.connector import Page
from benehub.connect.files import FolderMailbox
from benehub.errors import Unsupported
from benehub.periods import Month
from benehub.records import STREAMS
from benehub_connectors import carrier_x12
from benehub_connectors.carrier_x12 import CarrierX12
from benehub_connectors.carrier_x12.simulator import CarrierSimulator

FULL, CHANGE, REMIT = "enrollment.full", "enrollment.change", "premium.remit"
NOV = Month(2026, 11)


class World:
    """A connection and its carrier on one folder."""

    def __init__(self, partner: Any, root: Path, **changes: Any) -> None:
        self.partner = partner
        self.settings = partner.profile(root, **changes)
        self.carrier = CarrierSimulator(root, self.settings, partner.RATES)
        self.link = partner.link(root, self.settings)
        self.root = root

    def send(self, operation: str, records: list[Any], control: int = 1, **head: Any) -> list[str]:
        items = self.partner.items(operation, records)
        out = CarrierX12().render(operation, items, self.partner.envelope(control, **head), self.settings)
        FolderMailbox(self.root).put(out.name, out.data)
        return self.carrier.collect()

    def read(self, stream: str, cursor: str | None = None) -> list[Page]:
        pages = list(CarrierX12().read(stream, self.link, cursor))
        for page in pages:
            for row in page.rows:
                if not row.problem:
                    STREAMS[stream].model_validate(row.data)
        return pages

    def rows(self, stream: str) -> list[dict[str, Any]]:
        return [dict(row.data) for page in self.read(stream) for row in page.rows]

    def put(self, name: str, data: bytes) -> None:
        FolderMailbox(self.root).put(f"{self.settings.inbox}/{name}", data)


@pytest.fixture
def world(partner: Any, tmp_path: Path) -> World:
    return World(partner, tmp_path)


def test_a_full_file_is_answered_covered_and_billed(world: World, partner: Any) -> None:
    family = (partner.line(tier="FAM"), partner.line("DEN", "FAM"))
    people = [partner.member("1001", *family), partner.child("1001-01", *family)]
    people.append(partner.member("1002", ssn="100000002"))
    assert world.send(FULL, people) == ["POL001_000000001_T.834"]
    acks = world.rows("acknowledgement")
    assert [(a["level"], a["control"], a["transaction"], a["status"]) for a in acks] == [
        ("envelope", "1", "", "accepted"),
        ("syntax", "1", "", "accepted"),
        ("syntax", "1", "0001", "accepted"),
    ]
    world.carrier.write_roster(date(2026, 11, 2))
    (page,) = world.read("roster")
    assert page.full
    assert [(r.data["member"], r.data["subscriber"], r.data["plan"], r.data["tier"]) for r in page.rows] == [
        ("1001", "1001", "DEN", "FAM"),
        ("1001", "1001", "MED", "FAM"),
        ("1001-01", "1001", "DEN", "FAM"),
        ("1001-01", "1001", "MED", "FAM"),
        ("1002", "1002", "DEN", "EE"),
        ("1002", "1002", "MED", "EE"),
    ]
    assert page.rows[2].data["relationship"] == "child"
    assert page.rows[0].data["effective_to"] is None
    world.carrier.bill(NOV, "I-11", date(2026, 10, 20), date(2026, 11, 1))
    bill = world.rows("invoice_line")
    assert [(b["member"], b["plan"], b["tier"], b["premium_minor"]) for b in bill] == [
        ("1001", "DEN", "FAM", 12000),
        ("1001", "MED", "FAM", 150000),
        ("1002", "DEN", "EE", 4000),
        ("1002", "MED", "EE", 50000),
    ]
    assert {(b["invoice"], b["coverage_month"], b["adjustment"]) for b in bill} == {("I-11", "2026-11", False)}


def test_changes_move_the_books_and_a_late_end_is_credited(world: World, partner: Any) -> None:
    world.carrier.adopt([partner.member("1001", partner.line()), partner.member("1002", partner.line())])
    world.carrier.bill(NOV, "I-11", date(2026, 10, 20), date(2026, 11, 1))
    gone = partner.line(maintenance="024", effective_to=date(2026, 11, 11))
    leaver = partner.member("1001", gone, maintenance="024", reason="08", termination_date=date(2026, 11, 10))
    wider = partner.line(tier="FAM", maintenance="001", effective_from=date(2026, 12, 5))
    world.send(CHANGE, [leaver, partner.member("1002", wider, maintenance="001", reason="32")])
    world.carrier.write_roster(date(2026, 12, 10))
    assert [(r["member"], r["tier"]) for r in world.rows("roster")] == [("1002", "FAM")]
    world.carrier.bill(NOV.plus(1), "I-12", date(2026, 11, 20), date(2026, 12, 1))
    december = [r for r in world.rows("invoice_line") if r["invoice"] == "I-12"]
    assert [(r["member"], r["coverage_month"], r["premium_minor"], r["adjustment"]) for r in december] == [
        ("1002", "2026-12", 150000, False),
        ("1001", "2026-11", -50000, True),
    ]


def test_a_refused_member_is_named_and_not_covered(world: World, partner: Any) -> None:
    world.carrier.refuse_member("1002")
    people = [partner.member("1001"), partner.member("1002", ssn="100000002")]
    world.send(FULL, people)
    acks = world.rows("acknowledgement")
    assert [a["status"] for a in acks[1:3]] == ["accepted_with_errors"] * 2
    assert (acks[3]["member"], acks[3]["status"], acks[3]["code"]) == ("1002", "rejected", "NM1 8 9:7")
    assert "element 9: invalid code" in acks[3]["text"]
    assert sorted(world.carrier.book.members) == ["1001"]
    world.send(FULL, people, 2)
    assert sorted(world.carrier.book.members) == ["1001", "1002"]


def test_the_999_counts_segments_as_they_stand_in_the_file(world: World, partner: Any) -> None:
    world.carrier.refuse_member("1002")
    people = [partner.member("1001"), partner.member("1002", ssn="100000002")]
    out = CarrierX12().render(FULL, partner.items(FULL, people), partner.envelope(), world.settings)
    body = out.data.decode().split("~")
    start = next(n for n, segment in enumerate(body) if segment.startswith("ST*"))
    names = [n - start + 1 for n, segment in enumerate(body) if segment.startswith("NM1*")]
    world.send(FULL, people)
    assert f"NM1 at segment {names[1]};" in world.rows("acknowledgement")[3]["text"]


def test_a_dropped_member_is_accepted_and_not_covered(world: World, partner: Any) -> None:
    world.carrier.drop_member("1002")
    world.send(FULL, [partner.member("1001"), partner.member("1002", ssn="100000002")])
    assert {a["status"] for a in world.rows("acknowledgement")} == {"accepted"}
    assert sorted(world.carrier.book.members) == ["1001"]


def test_absence_ends_cover_where_the_partner_counts_so(partner: Any, tmp_path: Path) -> None:
    world = World(partner, tmp_path, term_by="absence")
    world.carrier.adopt([partner.member("1001"), partner.member("1002")])
    world.send(FULL, [partner.member("1001")])
    assert {row.member for row in world.carrier.book.roster(date(2026, 11, 2))} == {"1001"}


def test_a_control_number_used_twice_is_rejected_and_changes_nothing(world: World, partner: Any) -> None:
    world.send(FULL, [partner.member("1001")])
    items = partner.items(FULL, [partner.member("1002")])
    out = CarrierX12().render(FULL, items, partner.envelope(1), world.settings)
    (world.root / "to-carrier" / "again.834").write_bytes(out.data)
    world.carrier.collect()
    acks = world.read("acknowledgement")[-1].rows
    assert [(a.data["status"], a.data["code"], a.data["text"]) for a in acks] == [
        ("rejected", "025", "duplicate control number")
    ]
    keys = [row.key for page in world.read("acknowledgement") for row in page.rows]
    assert len(set(keys)) == len(keys)
    assert sorted(world.carrier.book.members) == ["1001"]


def test_a_cut_off_file_changes_nothing_at_the_carrier(world: World, partner: Any) -> None:
    out = CarrierX12().render(FULL, partner.items(FULL, [partner.member()]), partner.envelope(), world.settings)
    (world.root / "to-carrier" / "cut.834").write_bytes(out.data[:-60])
    (world.root / "to-carrier" / "no.834").write_bytes(b"hello")
    world.carrier.collect()
    assert [a["code"] for a in world.rows("acknowledgement")] == ["023"]
    assert world.carrier.unreadable == ["no.834"]
    assert world.carrier.book.members == {}


def test_a_payment_is_taken_line_by_line(world: World, partner: Any) -> None:
    lines = [partner.remitted(), partner.remitted(plan="DEN", paid=4000)]
    world.send(REMIT, lines, 5, total_minor=54000, settle_on="2026-11-16")
    assert [(p.trace, p.member, p.plan, p.month, p.minor) for p in world.carrier.payments] == [
        ("REF-5", "1001", "MED", "2026-11", 50000),
        ("REF-5", "1001", "DEN", "2026-11", 4000),
    ]
    assert [a["control"] for a in world.rows("acknowledgement")] == ["5", "5", "5"]


def test_scripted_billing_faults_and_their_mending(world: World, partner: Any) -> None:
    world.carrier.adopt([partner.member(n, partner.line()) for n in ("1", "2", "3")])
    world.carrier.book.members["1"].end("MED", date(2026, 11, 1))
    world.carrier.keep_billing("1")
    world.carrier.forget_to_bill("2")
    world.carrier.bill_tier("3", "MED", "ES")
    world.carrier.bill(NOV, "A", NOV.first, NOV.first)
    assert [(r["member"], r["tier"], r["premium_minor"]) for r in world.rows("invoice_line")] == [
        ("1", "EE", 50000),
        ("3", "ES", 100000),
    ]
    for name in ("1", "2", "3"):
        world.carrier.mend(name)
    world.carrier.bill(NOV.plus(1), "B", NOV.first, NOV.first)
    fixes = [r for r in world.rows("invoice_line") if r["adjustment"]]
    assert [(r["member"], r["premium_minor"]) for r in fixes] == [
        ("1", -50000),
        ("2", 50000),
        ("3", -100000),
        ("3", 50000),
    ]


def test_files_are_read_once_and_a_late_one_too(world: World, partner: Any) -> None:
    world.send(FULL, [partner.member()])
    cursor = world.read("acknowledgement")[-1].cursor
    assert world.read("acknowledgement", cursor) == []
    first = next((world.root / "from-carrier").glob("*.999"))
    world.put("a_late.999", first.read_bytes())
    assert [page.name for page in world.read("acknowledgement", cursor)] == ["from-carrier/a_late.999"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"*ZZ*BENEHUB  ", b"*ZZ*SOMEBODY ", "ISA08: it is addressed to somebody else"),
        (b"*ZZ*CARRIERX ", b"*ZZ*CARRIERY ", "ISA06: it comes from somebody else"),
        (b"*T*:", b"*P*:", "ISA15: usage P on a connection of usage T"),
        (b"IEA*1*", b"IEA*9*", "IEA"),
        (b"ISA*", b"ISB*", "does not begin with ISA"),
    ],
)
def test_an_answer_that_is_not_ours_is_refused_whole(
    world: World, partner: Any, old: bytes, new: bytes, words: str
) -> None:
    world.send(FULL, [partner.member()])
    good = next((world.root / "from-carrier").glob("*.999")).read_bytes()
    assert old in good
    world.put("aa.999", good.replace(old, new, 1))
    first, *others = world.read("acknowledgement")
    (row,) = first.rows
    assert row.key == "file"
    assert row.problem.startswith("file from-carrier/aa.999")
    assert words in row.problem
    assert first.payload
    assert [bool(page.rows[0].problem) for page in others] == [False, False]


def test_a_truncated_answer_a_foreign_set_and_bytes_are_refused(world: World, partner: Any) -> None:
    world.send(FULL, [partner.member()])
    good = next((world.root / "from-carrier").glob("*.999")).read_bytes()
    world.put("a1.999", good[:-30])
    world.put("a2.999", b"\xff\xfe")
    out = CarrierX12().render(FULL, partner.items(FULL, [partner.member()]), partner.envelope(), world.settings)
    turned = out.data.replace(b"BENEHUB ", b"XX      ").replace(b"CARRIERX ", b"BENEHUB  ")
    world.put("a3.999", turned.replace(b"XX      ", b"CARRIERX"))
    problems = [page.rows[0].problem for page in world.read("acknowledgement")[:3]]
    assert "cut off" in problems[0] or "without" in problems[0]
    assert "no plain text at byte 0" in problems[1]
    assert "834 is no 999" in problems[2]


def test_bad_rows_of_a_roster_are_problems_and_nobody_is_gone_by_them(world: World) -> None:
    head = "member_id,subscriber_id,relationship,last_name,first_name,birth_date,plan,tier,effective_from,effective_to"
    rows = [
        "1001,1001,self,Lee,Ana,1980-01-02,PPO500,EMP,2026-01-01,2026-12-31",
        "1002,1002,self,Roe,Bo,02.01.1980,PPO500,EMP,2026-01-01,",
        "1003,1003,self,Poe,Cy,1980-01-02,GOLD,EMP,2026-01-01,",
    ]
    world.put("roster.csv", "\r\n".join((head, *rows)).encode())
    world.put("roster2.csv", b"a,b\r\n1,2\r\n")
    first, second = world.read("roster")
    assert first.full is False
    assert first.rows[0].data["effective_to"] == "2027-01-01"
    assert "row 3, birth_date: not a date" in first.rows[1].problem
    assert "row 4, column plan: no plan of the profile (shape 'AAAA')" in first.rows[2].problem
    assert "file from-carrier/roster2.csv" in second.rows[0].problem


def test_a_bill_that_does_not_add_up_is_refused_whole(world: World, partner: Any) -> None:
    world.carrier.adopt([partner.member("1", partner.line())])
    name = world.carrier.bill(NOV, "A", NOV.first, NOV.first)
    good = (world.root / name).read_bytes()
    world.put("bill_1.csv", good.replace(b"500.00,N", b"500.01,N"))
    world.put("bill_2.csv", b"\r\n".join(good.split(b"\r\n")[:-2]))
    refused = [page.rows[0].problem for page in world.read("invoice_line")[:2]]
    assert refused[0].startswith("file from-carrier/bill_1.csv")
    assert all("TOTAL" in text or "total" in text for text in refused)
    assert refused[1].startswith("file from-carrier/bill_2.csv")


def test_the_sample_bill_reads_in_our_words(world: World) -> None:
    sample = json.loads((Path(carrier_x12.__file__).parent / "samples" / "invoice.json").read_text())
    out = io.StringIO()
    csv.writer(out).writerows([sample["header"], *sample["rows"]])
    world.put("invoice_s.csv", out.getvalue().encode())
    (page,) = world.read("invoice_line")
    assert [(r.key, r.data["tier"], r.data["premium_minor"]) for r in page.rows] == [
        ("I-11/1001/MED/2026-11/False", "FAM", 150000),
        ("I-11/1002/MED/2026-10/True", "EE", -50000),
    ]


def test_another_stream_is_refused(world: World) -> None:
    with pytest.raises(Unsupported):
        list(CarrierX12().read("employee", world.link, None))
