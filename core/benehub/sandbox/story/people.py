"""The people of the story: made up, seeded, with SSNs from a range that is never given out."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

FIRST = (
    "Ada", "Ben", "Chloe", "Dmitri", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kira", "Liam", "Maya",
    "Noah", "Olga", "Pablo", "Quinn", "Rosa", "Samir", "Tara", "Uma", "Victor", "Wanda", "Xavier", "Yara", "Zoe",
)  # fmt: skip
LAST = (
    "Abbott", "Barnes", "Castillo", "Dawson", "Ellison", "Foster", "Grant", "Hayes", "Ibarra", "Jensen", "Keller",
    "Lopez", "Mercer", "Nolan", "Ortega", "Price", "Quade", "Reyes", "Sandoval", "Tanaka", "Underhill", "Vargas",
    "Whitaker", "Xiong", "Young", "Zeller",
)  # fmt: skip
STREETS = ("Maple", "Cedar", "Juniper", "Willow", "Aspen", "Birch")


@dataclass
class Family:
    """A spouse or child; `first` names him within the family."""

    id: str
    first: str
    relationship: str
    born: date
    gender: str


@dataclass
class Person:
    """One employee as the story made him."""

    number: int
    first: str
    last: str
    born: date
    gender: str
    group: str
    salary: int
    """Whole dollars a year."""
    hired: date
    elections: dict[str, str] = field(default_factory=dict)
    """Plan -> tier."""
    pretax: int = 0
    roth: int = 0
    """Deferral in whole percent of pay."""
    family: list[Family] = field(default_factory=list)
    leave_hours: int = 0
    gone: date | None = None

    @property
    def id(self) -> str:
        """The HRIS's id."""
        return str(self.number)

    @property
    def member(self) -> str:
        """The employee number, which is the carrier's member id too."""
        return f"E{self.number:05d}"

    @property
    def ssn(self) -> str:
        """Nine digits beginning with 9, as no SSN does."""
        return f"9{self.number % 90 + 10:02d}{(self.number * 7) % 90 + 10:02d}{self.number:04d}"

    @property
    def pays(self) -> int:
        """Pay dates a year."""
        return 26 if self.group == "biweekly" else 24

    @property
    def gross_minor(self) -> int:
        """Pay of one period in cents, half up."""
        return (self.salary * 100 * 2 + self.pays) // (2 * self.pays)

    def covered(self, tier: str) -> list[Family]:
        """Whom a tier covers."""
        spouses = [one for one in self.family if one.relationship == "spouse"]
        children = [one for one in self.family if one.relationship == "child"]
        return {"EE": [], "ES": spouses, "EC": children, "FAM": self.family}[tier]


def population(seed: int, count: int) -> list[Person]:
    """The employees of the first day: two pay groups, families, elections and deferrals."""
    dice = random.Random(seed)  # noqa: S311 - a story, no secret
    return [
        _person(dice, number, "biweekly" if number <= count * 2 // 3 else "semimonthly")
        for number in range(1, count + 1)
    ]


def newcomers(seed: int, first: int, hires: tuple[tuple[str, date], ...]) -> Iterator[Person]:
    """New hires of the month: vision at once, medical after the wait, and a deferral."""
    dice = random.Random(seed + 7919)  # noqa: S311 - a story, no secret
    for number, (group, day) in enumerate(hires, first):
        person = _person(dice, number, group)
        person.hired, person.leave_hours, person.family = day, 0, []
        person.elections = {"ppo": "EE", "vision": "EE"}
        person.pretax, person.roth = 4, 0
        yield person


def _person(dice: random.Random, number: int, group: str) -> Person:
    gender = dice.choice(("Female", "Male"))
    person = Person(
        number=number, first=dice.choice(FIRST), last=dice.choice(LAST),
        born=date(1963, 1, 1) + timedelta(days=dice.randrange(13500)), gender=gender, group=group,
        salary=dice.randrange(42, 140) * 1000, hired=date(2016, 1, 4) + timedelta(days=dice.randrange(3300)),
        leave_hours=dice.randrange(16, 90),
    )  # fmt: skip
    tier = dice.choices(("EE", "ES", "EC", "FAM"), (55, 15, 12, 18))[0]
    if tier in ("ES", "FAM"):
        person.family.append(_relative(dice, person, "spouse", 0))
    for child in range(dice.randrange(1, 3) if tier in ("EC", "FAM") else 0):
        person.family.append(_relative(dice, person, "child", child + 1))
    if dice.random() < 0.85:
        person.elections[dice.choice(("ppo", "ppo", "hdhp"))] = tier
    if dice.random() < 0.8:
        person.elections["dental"] = tier
    if dice.random() < 0.6:
        person.elections["vision"] = tier
    person.pretax = dice.choice((0, 3, 4, 5, 6, 8))
    person.roth = dice.choice((0, 0, 0, 2, 3)) if person.pretax else 0
    return person


def _relative(dice: random.Random, person: Person, relationship: str, n: int) -> Family:
    child = relationship == "child"
    born = date(2008, 1, 1) + timedelta(days=dice.randrange(5500)) if child else person.born + timedelta(days=400)
    first = FIRST[(FIRST.index(person.first) + 3 + n) % len(FIRST)]
    return Family(f"{person.number}0{n}", first, relationship, born, dice.choice(("Female", "Male")))
