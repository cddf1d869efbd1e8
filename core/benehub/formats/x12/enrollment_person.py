"""What an 834 says of a member as a person: birth and sex, pay, health, languages (loop 2100A)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from benehub.formats.x12.kernel import Delimiters, Elements, Segment, neutral
from benehub.formats.x12.lines import Lines, segments_of
from benehub.formats.x12.values import DAYS, read_amount, read_date, write_amount

_UNTOLD = ("", "")


@dataclass(frozen=True, slots=True)
class Demographics:
    """DMG.

    Args:
        birth: DMG02. `sex` DMG03, `F`, `M` or `U` unknown. `marital` DMG04, `M` married, `I` single, ...
        ethnicity: DMG05, up to ten, each its components: (race, "RET", code).
        citizenship: DMG06, `1` to `7`.
        collected: DMG10 and DMG11, how race and ethnicity were learnt: ("REC", code).
    """

    birth: date | None
    sex: str = ""
    marital: str = ""
    ethnicity: tuple[tuple[str, ...], ...] = ()
    citizenship: str = ""
    collected: tuple[str, str] = _UNTOLD

    def segment(self) -> Elements:
        """The DMG."""
        return segments_of(Demographics.write, self)[0]

    def write(self, lines: Lines) -> int:
        """Append the DMG; gives the marks in it."""
        birth = self.birth
        when = f"D8\t{DAYS[birth]}" if birth else "\t"
        if self.ethnicity or self.citizenship or (self.collected is not _UNTOLD and self.collected != _UNTOLD):
            return self._whole(lines, when)
        if self.marital:
            lines.append(f"DMG\t{when}\t{self.sex}\t{self.marital}")
            return 4
        lines.append(f"DMG\t{when}\t{self.sex}")
        return 3

    def _whole(self, lines: Lines, when: str) -> int:
        how, code = self.collected
        races = "\f".join("\v".join(race) for race in self.ethnicity)
        lines.append(f"DMG\t{when}\t{self.sex}\t{self.marital}\t{races}\t{self.citizenship}\t\t\t\t{how}\t{code}")
        return 11 + max(sum(max(len(race), 1) for race in self.ethnicity) - 1, 0)

    @classmethod
    def read(cls, segment: Segment, marks: Delimiters) -> Demographics:
        """From a DMG.

        Raises:
            FormatError: the birth date is no day.
        """
        birth = read_date(segment.get(2), segment.position, "DMG02") if segment.get(2) else None
        return cls(
            birth,
            segment.get(3),
            segment.get(4),
            _repeats(segment.get(5), marks),
            segment.get(6),
            (segment.get(10), segment.get(11)),
        )


def _repeats(text: str, marks: Delimiters) -> tuple[tuple[str, ...], ...]:
    if not text:
        return ()
    repeats = text.split(marks.repetition) if marks.repetition else [text]
    parts = [neutral(repeat, marks) for repeat in repeats]
    return tuple((part,) if isinstance(part, str) else tuple(str(one) for one in part) for part in parts)


@dataclass(frozen=True, slots=True)
class Income:
    """ICM: what a subscriber is paid, for lines that go by pay.

    Args:
        frequency: ICM01, `1` weekly, `2` every two weeks, `3` twice a month, `4` monthly, `7` a year, `H` an hour.
        wage: ICM02, US cents a period of `frequency`.
        hours: ICM03, hours a week, exact text ("37.5"). `location` ICM04, `grade` ICM05 salary grade.
    """

    frequency: str
    wage: int = field(repr=False)
    hours: str = ""
    location: str = ""
    grade: str = ""

    def segment(self) -> Elements:
        """The ICM."""
        return ("ICM", self.frequency, write_amount(self.wage), self.hours, self.location, self.grade)

    @classmethod
    def read(cls, segment: Segment) -> Income:
        """From an ICM.

        Raises:
            FormatError: the wage is no amount in cents.
        """
        wage = read_amount(segment.get(2), segment.position, "ICM02")
        return cls(segment.get(1), wage, segment.get(3), segment.get(4), segment.get(5))


@dataclass(frozen=True, slots=True)
class Health:
    """HLH: `status` `N` none, `S` substance abuse, `T` tobacco use, `U` unknown, `X` tobacco and substance abuse.

    `height` and `weight` are inches and pounds as text. None of it shows in a repr.
    """

    status: str = field(repr=False)
    height: str = field(default="", repr=False)
    weight: str = field(default="", repr=False)

    def segment(self) -> Elements:
        """The HLH."""
        return ("HLH", self.status, self.height, self.weight)

    @classmethod
    def read(cls, segment: Segment) -> Health:
        """From an HLH."""
        return cls(segment.get(1), segment.get(2), segment.get(3))


@dataclass(frozen=True, slots=True)
class Language:
    """LUI: `qualifier` names the code list (`LD`, `LE`), `use` is 5 reading, 6 writing, 7 speaking, 8 native."""

    qualifier: str = ""
    code: str = ""
    text: str = ""
    use: str = ""

    def segment(self) -> Elements:
        """The LUI."""
        return ("LUI", self.qualifier, self.code, self.text, self.use)

    @classmethod
    def read(cls, segment: Segment) -> Language:
        """From an LUI."""
        return cls(segment.get(1), segment.get(2), segment.get(3), segment.get(4))
