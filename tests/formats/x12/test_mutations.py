"""Single faults put into sound files: each is called by its name, at its place; and whether pyx12 sees it too.

The faults lie in samples/mutations.txt; the score table of docs/x12-validation.md is written from them with
`python tests/formats/x12/test_mutations.py`, and a test holds the two together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import pyx12.map_if
from pyx12.errors import EngineError, X12Error

from benehub.formats.x12.checks import check

SAMPLES = Path(__file__).with_name("samples")
PAGE = Path(__file__).resolve().parents[3] / "docs" / "x12-validation.md"
BEGIN, END = "<!-- score, held by tests/formats/x12/test_mutations.py -->", "<!-- end of score -->"


@dataclass(frozen=True)
class Mutation:
    """One fault, as a line of samples/mutations.txt tells it."""

    name: str
    sample: str
    old: str
    new: str
    code: str
    place: str
    at: str
    pyx12: bool

    def text(self) -> str:
        """The file with the fault in it."""
        good = sample(self.sample)
        if self.old.startswith("@"):
            bad = CHANGES[self.old[1:]](good)
        else:
            assert self.old in good, f"{self.name}: the sample has no {self.old}"
            bad = good.replace(self.old, self.new, 1)
        assert bad != good
        return bad if self.place.startswith("SE0") else recounted(bad)

    def position(self) -> int:
        """The segment that holds it, ISA being 1."""
        bad = self.text()
        if self.at == "end":
            return bad.count("~") + 1
        if self.at.startswith("<"):
            return bad.count("~", 0, bad.rindex(self.at[1:])) + 1
        return bad.count("~", 0, bad.index(self.at) if self.at else sample(self.sample).index(self.old)) + 1


@cache
def sample(name: str) -> str:
    """A sound file, on one line."""
    return (SAMPLES / f"{name}.x12").read_text("ascii").replace("\n", "")


def mutations() -> list[Mutation]:
    """All of them."""
    lines = (SAMPLES / "mutations.txt").read_text("utf-8").splitlines()
    rows = [[part.strip(" ") for part in line.split("|")] for line in lines if line and line[0] != "#"]
    return [
        Mutation(name, base, old, new, code, place, at, verdict == "refuses")
        for name, base, old, new, code, place, at, verdict in rows
    ]


def recounted(text: str) -> str:
    """The file with the SE01 its segments ask for, so that one fault stays one fault."""

    def count(found: re.Match[str]) -> str:
        return f"{found[1]}SE*{found[1].count('~') + 1}*"

    return re.sub(r"(ST\*\d.*?~)SE\*\d+\*", count, text)


def _between(first: str, end: str) -> Callable[[str], tuple[str, str, str]]:
    def cut(text: str) -> tuple[str, str, str]:
        one = text.index(first)
        two = text.index(end, one)
        return text[:one], text[one:two], text[two:]

    return cut


def _doubled(first: str, end: str) -> Callable[[str], str]:
    def double(text: str) -> str:
        head, inner, tail = _between(first, end)(text)
        return head + inner + inner + tail.replace(f"{end}1*", f"{end}2*", 1)

    return double


def _moved(first: str, end: str, before: str) -> Callable[[str], str]:
    """What stands from `first` to `end` moved before a later or earlier text."""

    def move(text: str) -> str:
        head, inner, tail = _between(first, end)(text)
        rest = head + tail
        at = rest.index(before)
        return rest[:at] + inner + rest[at:]

    return move


CHANGES: dict[str, Callable[[str], str]] = {
    "isa-blank": lambda text: text.replace("*ZZ*BENEHUB        ", f"*ZZ*{' ' * 15}", 1),
    "isa-narrow": lambda text: text.replace("BENEHUB        ", "BENEHUB", 1),
    "guide-unknown": lambda text: text.replace("005010X220A1", "005010X220"),
    "cut-between": lambda text: text[: text.index("HD*030**DEN")],
    "cut-inside": lambda text: text[: text.index("**DEN*")],
    "set-twice": _doubled("ST*", "GE*"),
    "group-twice": _doubled("GS*", "IEA*"),
    "parties-swapped": _moved("N1*P5", "N1*IN", "N1*TV"),
    "date-after-name": _moved("DTP*336", "DTP*356", "PER*"),
    "many-dates": lambda text: text.replace("DTP*356", f"{'DTP*303*D8*20260101~' * 23}DTP*356", 1),
    "many-coverage-dates": lambda text: text.replace("DTP*303", f"{'DTP*543*D8*20260101~' * 5}DTP*303", 1),
    "address-first": _moved("N3*1 MAIN", "N4*AUSTIN*TX*78701", "NM1*IL"),
    "dependent-first": _moved("INS*N*01", "INS*N*19", "INS*Y"),
    "no-items": lambda text: text[: text.index("ADX*-50")].replace("1334.5", "634.5") + "SE*" + text.split("SE*")[1],
    "subscriber-twice": lambda text: text.replace("INS*N*19*030*XN*A****F", "INS*Y*18*030*XN*A****F").replace(
        "QTY*ET*1~QTY*DT*2", "QTY*ET*2~QTY*DT*1"
    ),
    "ta1-late": _moved("TA1*", "GS*", "ST*"),
}


def score(all_of_them: Iterable[Mutation]) -> str:
    """The table of the page: each fault, what we call it and where, and who sees it."""
    told = list(all_of_them)
    kinds = {"834": "834", "820": "820", "999": "999", "ta1": "TA1"}
    envelope = [one for one in told if one.place[:2] in ("IS", "GS", "ST", "SE", "GE", "IE", "")]
    groups = Counter(kinds[one.sample[:3]] for one in told if one not in envelope)
    seen = Counter(kinds[one.sample[:3]] for one in told if one not in envelope and one.pyx12)
    lines = ["| faults | benehub names it, at its place | pyx12 4.0.0 refuses the file |", "|---|---|---|"]
    lines += [
        f"| envelope | {len(envelope)} of {len(envelope)} | {sum(one.pyx12 for one in envelope)} of {len(envelope)} |"
    ]
    lines += [f"| {kind} | {count} of {count} | {seen[kind]} of {count} |" for kind, count in groups.items()]
    lines += [f"| all | {len(told)} of {len(told)} | {sum(one.pyx12 for one in told)} of {len(told)} |", ""]
    lines += ["| fault | in | finding | at | pyx12 |", "|---|---|---|---|---|"]
    for one in told:
        verdict = "refuses" if one.pyx12 else "passes"
        lines.append(f"| {one.name} | {one.sample} | `{one.code}` | {one.place or '-'} | {verdict} |")
    return "\n".join(lines)


ALL = mutations()


@pytest.fixture(scope="module", autouse=True)
def maps_read_once() -> Iterator[None]:
    """pyx12 parses its maps for every file anew, which is nine tenths of its time on a short one."""
    with pytest.MonkeyPatch.context() as patch:
        read = pyx12.map_if.load_map_file
        known: dict[str, Any] = {}

        def load(name: str, *rest: Any) -> Any:
            return known[name] if name in known else known.setdefault(name, read(name, *rest))

        patch.setattr(pyx12.map_if, "load_map_file", load)
        yield


def refuses(referee: Callable[[str], str], text: str) -> bool:
    """Whether pyx12 has something against a file; on some it gives up, over some it stumbles."""
    try:
        return referee(text) != ""
    except (X12Error, EngineError, AttributeError, IndexError):
        return True


@pytest.mark.parametrize("fault", ALL, ids=lambda one: one.name.replace(" ", "-"))
def test_the_fault_is_named_at_its_place(fault: Mutation, referee: Callable[[str], str]) -> None:
    text = fault.text()
    found = check(text)
    assert (fault.code, fault.place, fault.position()) in [(one.code, one.place, one.position) for one in found]
    assert len(found) <= 4  # One fault must not drown what else is wrong.
    assert all(one.text and one.mend for one in found)
    assert refuses(referee, text) == fault.pyx12


@pytest.mark.parametrize("name", sorted({one.sample for one in ALL}))
def test_the_sound_files_are_sound(name: str, referee: Callable[[str], str]) -> None:
    assert check(sample(name)) == []
    assert referee(sample(name)) == ""


def test_no_finding_tells_a_value_of_a_person() -> None:
    values = ("DOE", "SAM", "100000002", "10000002", "19800231", "JANE", "612.555", "1334")
    for fault in ALL:
        said = " ".join(f"{one.text} {one.mend} {one!r}" for one in check(fault.text()))
        assert not [value for value in values if value in said], fault.name


def test_the_page_shows_the_score() -> None:
    assert len({one.name for one in ALL}) == len(ALL) >= 90
    shown = PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0].strip()
    assert shown == score(ALL), "write it anew: python tests/formats/x12/test_mutations.py"


def main() -> None:
    """Write the table into the page."""
    head, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    PAGE.write_text(f"{head}{BEGIN}\n\n{score(mutations())}\n\n{END}{tail}", "utf-8")


if __name__ == "__main__":
    main()
