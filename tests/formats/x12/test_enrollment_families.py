"""Any family, with any choice of all loops: the referee takes it, our checks do, and it comes back to the byte."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benehub.errors import FormatError
from benehub.formats.x12 import enrollment_834 as x834
from benehub.formats.x12.checks import check
from benehub.formats.x12.envelope import Interchange, write
from benehub.formats.x12.kernel import Delimiters, rows
from benehub.formats.x12.lines import MARKS, Lines, put
from benehub.formats.x12.writer import CharacterPolicy

INTERCHANGE = Interchange("BENEHUB", "CARRIERX", 7, 7, datetime(2026, 11, 1, 9, 0, tzinfo=UTC))
PARTY = x834.Party("ACME CORP", "FI", "123456789")
HEAD = x834.Enrollment834(
    "REF-0001", date(2026, 11, 1), x834.FULL, PARTY, x834.Party("CARRIER X", "FI", "987654321"), time="0900",
    zone="ET", policy="POLICY001", dates=(("007", date(2026, 11, 1)),),
    brokers=(x834.Broker("TV", PARTY, "ACC001"), x834.Broker("BO", PARTY, "ACC002", "ACC003")),
)  # fmt: skip
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Maker:
    """Makes records up, each legal by the guide; a rich one has every loop, another any choice of them."""

    def __init__(self, random: Random, *, rich: bool = False, races: int = 1) -> None:
        self.random = random
        self.races = races  # The referee does not know that DMG05 repeats.
        self.rich = rich

    def one(self, codes: str) -> str:
        return self.random.choice(codes.split())

    def maybe(self, value: Any, absent: Any = "") -> Any:
        return value if self.rich or self.random.random() < 0.5 else absent

    def some(self, make: Callable[[], Any], most: int = 2) -> tuple[Any, ...]:
        return tuple(make() for _ in range(self.random.randint(1 if self.rich else 0, most)))

    def word(self) -> str:
        inner = "".join(self.random.choices(LETTERS + "0123456789'-. ", k=self.random.randint(0, 10)))
        return self.random.choice(LETTERS) + inner + self.random.choice(LETTERS)

    def name(self) -> str:
        return self.random.choice(LETTERS) + "".join(self.random.choices(LETTERS + "'-", k=self.random.randint(1, 9)))

    def digits(self) -> str:
        return str(self.random.randint(10**8, 10**9 - 1))

    def day(self) -> date:
        return date(1990, 1, 1) + timedelta(self.random.randint(0, 20_000))

    def under(self, codes: str, make: Callable[[], Any], most: int = 3) -> tuple[tuple[str, Any], ...]:
        """Pairs of a qualifier and a value, each qualifier once."""
        found = self.random.sample(codes.split(), self.random.randint(1 if self.rich else 0, most))
        return tuple((code, make()) for code in found)

    def spell(self, codes: str) -> tuple[tuple[str, Any], ...]:
        """Begin and end, in order, or one of them."""
        days = sorted((self.day(), self.day()))
        both = tuple(zip(codes.split(), days, strict=True))
        return both if self.rich else both[: self.random.randint(0, 2)]

    def cents(self) -> int:
        return self.random.choice((-1, 1)) * self.random.randint(0, 10**9)

    def address(self) -> x834.Address:
        return x834.Address(
            self.word(), self.maybe(self.word()), "AUSTIN", self.one("TX CA NY"), self.one("78701 787010001")
        )

    def person(self) -> x834.Name:
        suffix, ssn = self.maybe("JR"), self.maybe(self.digits())
        return x834.Name(self.name(), self.name(), self.maybe(self.name()), "", suffix, "34" if ssn else "", ssn)

    def demographics(self) -> x834.Demographics:
        races = self.random.sample([("7",), ("A",), ("", "RET", "2106-3")], self.random.randint(0, self.races))
        return x834.Demographics(
            self.day(), self.one("F M U"), self.maybe(self.one("M I W")), tuple(races), self.maybe(self.one("1 7"))
        )

    def contacts(self) -> tuple[x834.Contact, ...]:
        return self.under("TE EM EX", self.word)

    def organisation(self, role: str) -> x834.Related:
        contacts = self.contacts()
        name = self.maybe(self.word()) if contacts else ""
        return x834.Related(role, x834.Name(self.word()), "2", contacts, name, self.maybe(self.address(), None))

    def relative(self, role: str) -> x834.Related:
        return x834.Related(role, self.person(), "1", self.contacts(), "", self.maybe(self.address(), None))

    def related(self) -> tuple[x834.Related, ...]:
        drop_off = x834.Related(x834.DROP_OFF, x834.Name(self.name(), self.name()), address=self.address())
        return (
            *self.some(lambda: self.organisation(x834.EMPLOYER), 3),
            *self.some(lambda: self.organisation(x834.SCHOOL), 3),
            *self.some(lambda: self.relative(x834.CUSTODIAL_PARENT), 1),
            *self.some(lambda: self.relative(self.random.choice(x834.RESPONSIBLE)), 3),
            *self.some(lambda: drop_off, 1),
        )

    def disability(self) -> x834.Disability:
        return x834.Disability(self.one("1 2 3 4"), "DX", self.one("M545 S821"), self.spell("360 361"))

    def provider(self) -> x834.Provider:
        return x834.Provider(
            self.one("P3 QN 3D"), x834.Name(self.name(), self.name(), id_qualifier="XX", id="1234567893"),
            self.one("25 26 72"), "1", self.maybe(self.address(), None),
            contacts=tuple(filter(None, self.some(self.contacts))),
            change=self.maybe((self.day(), self.one("AA 14 22")), None),
        )  # fmt: skip

    def insurer(self) -> x834.OtherInsurer:
        return x834.OtherInsurer(
            self.one("IN GW 36"), self.name(), "FI", self.digits(), self.maybe(self.address(), None),
            self.maybe(self.digits()),
        )  # fmt: skip

    def other(self) -> x834.OtherInsurance:
        return x834.OtherInsurance(
            self.one("P S T U"), self.word(), self.one("1 5 6"), self.maybe((self.one("35 48 90"),), ()),
            self.under("60 6P ZZ", self.word), self.spell("344 345"), self.some(self.insurer, 3),
        )  # fmt: skip

    def card(self) -> x834.Card:
        return x834.Card(self.word(), self.one("D H P"), self.maybe("2"), self.maybe(self.one("1 2 RX")))

    def coverage(self, maintenance: str) -> x834.Coverage:
        begin = self.day()
        end = (("349", begin + timedelta(self.random.randint(0, 900))),) if maintenance == "024" else ()
        return x834.Coverage(
            maintenance, self.one("HLT DEN VIS PDG STD LTD HMO"), self.maybe(self.word()),
            self.maybe(self.one("EMP ESP ECH FAM")), (("348", begin), *end, *self.under("303 300 343", self.day)),
            self.under("1L 17 CE RB ZX", self.word), self.under("P3 C1 D2", self.cents), self.maybe(self.one("Y N")),
            tuple(("695", day, day + timedelta(30)) for day in self.some(self.day, 1)),
            self.some(self.card), self.some(self.provider), self.some(self.other),
        )  # fmt: skip

    def reporting(self) -> x834.ReportingCategory:
        first = self.day()
        days = self.random.choice([(), (first,), (first, first + timedelta(9))])
        return x834.ReportingCategory(self.word(), (self.one("17 ZZ"), self.word()), days)

    def member(self, number: str, ssn: str, relationship: str, maintenance: str) -> x834.Member:
        lines = "024" if maintenance == "024" else maintenance
        corrected = maintenance == "001" and self.maybe(True, False)
        status = self.one("A C")
        income = x834.Income(
            self.one("1 2 4 7 H"), self.random.randint(1, 10**9), self.maybe("37.5"), self.maybe(self.word())
        )
        return x834.Member(
            relationship == "18", relationship, maintenance, self.one("XN 22 32 33 02"), status, number,
            replace(self.person(), id_qualifier="34", id=ssn), self.random.choice([(), ("E",), ("C", "0")]),
            "1" if status == "C" else "", self.maybe(self.one("FT PT TE")), self.maybe(self.one("F N")),
            self.maybe("Y"), self.maybe(self.day(), None), self.maybe(self.one("R U")), self.maybe("2"),
            self.under("1L 17 23 DX Q4 ZZ", self.word), self.under("303 300 286 356", self.day), corrected,
            self.under("HP EM WP", self.word), self.maybe(self.address(), None), self.demographics(),
            self.some(lambda: tuple(self.random.sample(["01", "02", "17"], self.random.randint(1, 3)))),
            self.maybe(income, None), self.under("C1 D2 P3", self.cents),
            self.maybe(x834.Health(self.one("N S T U X"), self.maybe("70"), "180.5"), None),
            self.some(lambda: x834.Language("LE", "ENG", "", self.one("5 6 7 8"))),
            self.person() if corrected else None, self.demographics() if corrected else None,
            self.maybe(self.address(), None), self.related(), self.some(self.disability),
            self.some(lambda: self.coverage(lines), 3), self.some(self.reporting),
        )  # fmt: skip

    def families(self, full: bool) -> list[x834.Member]:
        """Up to three families, the subscriber first, no SSN twice."""
        found = []
        for family in range(self.random.randint(1, 3)):
            for place in range(self.random.randint(1, 3)):
                relationship = self.one("01 19 53 17") if place else "18"
                maintenance = "030" if full else self.one("001 021 024 025")
                found.append(self.member(f"S{family}", f"9{family:04d}{place:04d}", relationship, maintenance))
        return found


def told(full: bool, members: Sequence[x834.Member]) -> x834.Enrollment834:
    return replace(HEAD, action=x834.FULL if full else x834.CHANGE, totals=x834.totals_of(members))


def written(members: Sequence[x834.Member], *, full: bool = False, **change: Any) -> str:
    interchange = replace(INTERCHANGE, **change)
    return "".join(x834.render(interchange, told(full, members), members, CharacterPolicy(upper_case=False)))


def read(text: str) -> tuple[x834.Enrollment834, list[x834.Member]]:
    ((head, members),) = ((one.enrollment, list(one.members)) for one in x834.parse(text))
    return head, members


@pytest.mark.parametrize("full", [True, False], ids=["full", "change"])
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_the_referee_and_our_checks_take_any_family(full: bool, referee: Callable[[str], str], seed: int) -> None:
    text = written(Maker(Random(seed)).families(full), full=full)
    assert referee(text) == ""
    assert check(text) == []


@settings(max_examples=25)
@given(seed=st.integers(0, 10**9), marks=st.sampled_from(["*:^~", "|>!\n", "{}`\x1c"]), lined=st.booleans())
def test_any_family_comes_back_to_the_byte_and_the_record(seed: int, marks: str, lined: bool) -> None:
    maker = Maker(Random(seed), races=3)
    members = maker.families(full=False)
    change: dict[str, Any] = {"delimiters": Delimiters(*marks), "line_breaks": lined}
    text = written(members, **change)
    assert read(text) == (told(False, members), members)
    assert written(read(text)[1], **change) == text


def rich() -> x834.Member:
    """A member with every loop."""
    return Maker(Random(20), rich=True).member("S1", "900000001", "18", "001")


def test_every_loop_is_read_into_its_record(referee: Callable[[str], str]) -> None:
    member = rich()
    text = written([member])
    assert referee(text) == ""
    (got,) = read(text)[1]
    assert got == member
    assert not got.extra and not any(line.extra for line in got.coverages)
    assert {one.role for one in got.related} >= {x834.EMPLOYER, x834.SCHOOL, x834.CUSTODIAL_PARENT, x834.DROP_OFF}
    seen = {row[0] for row in rows(text)}
    rare = "EC ICM AMT HLH LUI DSB IDC LX PLA COB LS LE"
    assert seen >= {*rare.split()}


def again(text: str) -> str:
    """Read and written once more."""
    head, members = read(text)
    return "".join(x834.render(INTERCHANGE, head, members, CharacterPolicy(upper_case=False)))


def content(text: str) -> list[list[str]]:
    """All segments in any order, but for the numbers of LX."""
    return sorted(row for row in rows(text) if row[0] != "LX")


def test_no_element_too_many_is_lost_in_silence() -> None:
    """Two more elements on any segment: refused, or written again."""
    lines = written([rich()]).split("~")
    kept = refused = 0
    for at in range(3, len(lines) - 4):
        text = "~".join([*lines[:at], f"{lines[at]}*9*8", *lines[at + 1 :]])
        try:
            assert content(again(text)) == content(text), lines[at]
            kept += 1
        except FormatError:
            refused += 1
    assert kept > refused > 0


def test_no_segment_out_of_place_is_lost_in_silence() -> None:
    """Any two neighbours changed over: refused, or all that was read is written again."""
    lines = written([rich()]).split("~")
    kept = refused = 0
    for at in range(3, len(lines) - 5):
        text = "~".join([*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]])
        try:
            assert content(again(text)) == content(text), (lines[at], lines[at + 1])
            kept += 1
        except FormatError:
            refused += 1
    assert kept > refused > 0


def leaves(value: Any) -> int:
    """How many texts stand in a record."""
    if is_dataclass(value):
        return sum(leaves(getattr(value, one.name)) for one in fields(value))
    return sum(map(leaves, value)) if isinstance(value, tuple) else isinstance(value, str)


def swapped(value: Any, texts: Iterator[str]) -> Any:
    """The record with other texts at its leaves, in the order of `leaves`; an empty one stays."""
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: swapped(getattr(value, one.name), texts) for one in fields(value)})
    if isinstance(value, tuple):
        return tuple(swapped(one, texts) for one in value)
    if isinstance(value, str):
        text = next(texts)
        return text if value and not (value.isdecimal() and len(value) == 9) and value != "34" else value
    return value


@settings(max_examples=25)
@given(seed=st.integers(0, 10**9))
def test_members_say_exactly_how_many_marks_they_put(seed: int) -> None:
    """Else each of them would be looked at closely, one by one."""
    for member in Maker(Random(seed), races=3).families(full=False):
        lines: Lines = []
        marks = member.write(lines)
        assert marks == sum(line.count(mark) for line in lines for mark in MARKS)
        assert put([], member.segments()) == marks


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10**9),
    texts=st.lists(st.text("aé*~:^|>!'\t\n\v\f\r \x1c\x1dZ", min_size=1, max_size=4), min_size=9),
)
def test_no_text_becomes_structure(seed: int, texts: list[str]) -> None:
    """The segments of a hostile member are those of a harmless one, word for word with the hostile words in it."""
    member = Maker(Random(seed), races=3).families(full=False)[0]
    size = leaves(member)
    words = {f"W{number}W": text for number, text in zip(range(size), cycle(texts), strict=False)}

    def hostile(element: Any) -> Any:
        if isinstance(element, tuple):
            return tuple(map(hostile, element))
        text: str = element
        return bare(words.get(text, text))

    harmless, odd = swapped(member, iter(words)), swapped(member, iter(words.values()))
    assert odd.segments() == [tuple(map(hostile, segment)) for segment in harmless.segments()]


def bare(text: str) -> str:
    """No mark of neutral lines is data; the policy makes a blank of any control character."""
    return text.translate(str.maketrans(MARKS, "\r\r\r\r"))


def one_by_one(
    members: Sequence[x834.Member], interchange: Interchange, policy: CharacterPolicy, head: x834.Enrollment834
) -> str:
    """The file with each segment looked at by itself."""
    body = [*head.segments(), *(segment for member in members for segment in member.segments())]
    return "".join(write(interchange, x834.GUIDE, [body], policy))


HOSTILE = st.text("aZß9é李*~:^|>!{}`'\t\n\v\f\r\x1c \u200b\u00ad", max_size=5)


@settings(max_examples=150)
@given(
    seed=st.integers(0, 10**9),
    texts=st.lists(HOSTILE, min_size=1, max_size=3),
    rare=st.integers(0, 60),
    marks=st.sampled_from(["*:^~", "|>!\n", "{}`\x1c", "\t\v\f\n"]),
    policy=st.builds(CharacterPolicy, st.booleans(), st.booleans(), st.booleans()),
    lined=st.booleans(),
)
def test_members_together_are_to_the_letter_members_one_by_one(
    seed: int, texts: list[str], rare: int, marks: str, policy: CharacterPolicy, lined: bool
) -> None:
    random = Random(seed)
    members = []
    for member in Maker(random, races=3).families(full=False):
        words = (random.choice(texts) if random.random() * rare < 1 else "Word" for _ in range(leaves(member)))
        members.append(swapped(member, words) if random.random() < 0.5 else member)
    interchange = replace(INTERCHANGE, delimiters=Delimiters(*marks), line_breaks=lined)
    head = told(False, members)
    try:
        wanted = one_by_one(members, interchange, policy, head)
    except FormatError as error:
        with pytest.raises(FormatError) as caught:
            "".join(x834.render(interchange, head, members, policy))
        assert caught.value.what == error.what
        assert re.fullmatch(rf"member [1-9], {error.where}", caught.value.where)
    else:
        assert "".join(x834.render(interchange, head, members, policy)) == wanted


def test_an_error_names_member_and_element() -> None:
    members = [replace(rich(), subscriber_number=f"S{number}") for number in range(200)]
    members[150] = replace(members[150], name=replace(members[150].name, first="李"))
    with pytest.raises(FormatError) as caught:
        written(members)
    assert caught.value.where == "member 151, NM104"
    with pytest.raises(FormatError, match="of row 151, NM104"):
        list(x834.render(INTERCHANGE, HEAD, members, place="of row {}".format))
    members[150] = replace(members[150], name=replace(members[150].name, id="12"))
    with pytest.raises(FormatError, match=r"member 151, NM1\*74: an SSN has 2"):
        written(members)
