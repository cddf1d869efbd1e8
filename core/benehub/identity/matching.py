"""Who a vendor's unlinked person may be: by name and birth date, each guess with its score and its reasons.

Nothing here links anybody. People are compared only where they share a birth date, the beginning of a name, an
e-mail or an employee number, so that a hundred thousand on either side are not compared all with all.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rapidfuzz.distance import JaroWinkler

LIKELY = 70
"""Points of 100 from which on a guess is worth a person's look."""
NEAR_BEST = 20
"""Points behind the best guess up to which another one is shown beside it."""
AS_GOOD = 5
"""Points within which two guesses count as equally good."""
SHOWN = 3
"""Guesses for one person at most; as many as are equally good, though up to `MOST`."""
MOST = 10
CROWD = 200
"""A birth date that more people share than this (a placeholder) is no clue by itself: the name has to agree too."""
NAMESAKES = 50
"""A beginning of a name that more people share is none either: the whole name or the birth date has to agree too."""

_SUFFIXES = {"jr", "sr", "ii", "iii", "iv"}


@dataclass(frozen=True, slots=True)
class Told:
    """What a vendor tells of somebody; what it does not tell is empty. The SSN stands as its blind index only."""

    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    employee_number: str = ""
    ssn_index: str = field(default="", repr=False)
    only_employees: bool = False
    """Whether it can only be an employee, as in payroll."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody the hub knows."""

    person_id: str
    kind: str
    number: str
    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    birth_date: str = field(repr=False)
    email: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Guess:
    """That `key` may be this person: points of 100, and every reason for and against. No value stands in it."""

    key: str
    person_id: str
    score: int
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Name:
    """A name made comparable: first and last, without accents, marks and suffixes."""

    first: str
    last: str

    @property
    def keys(self) -> list[str]:
        """The beginnings by which names are looked up: one a word of the last name."""
        return [f"{word[:4]}/{self.first[:1]}" for word in dict.fromkeys(self.last.split())]

    @property
    def turned(self) -> Name:
        """First and last exchanged."""
        return Name(self.last, self.first)


def plain(text: str) -> str:
    """A name's letters: Müller, Mueller and MULLER are one, O'Neil and O Neil too, and Jr. is left out."""
    flat = "".join(one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one))
    words = [one for one in re.split(r"[\s,.\-]+", flat.replace("'", "").replace("’", "")) if one]
    kept = [one for one in words if one not in _SUFFIXES] or words
    return re.sub(r"([aou])e", r"\1", " ".join(kept))


def named(first: str, last: str) -> Name:
    """Both names, made comparable."""
    return Name(plain(first), plain(last))


def differs(told: Told, other: Candidate) -> bool:
    """Whether what is told contradicts that it is this one: another birth date, and another name too.

    An employee number that was given to somebody new looks like that.
    """
    if not told.birth_date or not other.birth_date or told.birth_date == other.birth_date:
        return False
    if not told.last_name or _dates(told.birth_date, other.birth_date)[0]:
        return False
    mine, theirs = named(told.first_name, told.last_name), named(other.first_name, other.last_name)
    return min(_alike(mine.first, theirs.first), _alike(mine.last, theirs.last)) < 80


class Sought:
    """Whom any of these strangers can be compared with: what a register for them has to hold, and no more.

    People go through it one by one, always in one order; of a crowd just so many are kept that it shows as a crowd.
    """

    def __init__(self, strangers: Iterable[Told]) -> None:
        self._numbers, self._mail, self._same = set[str](), set[str](), set[Name]()
        self._blocks: dict[tuple[str, ...], int] = {}
        for told in strangers:
            name = named(told.first_name, told.last_name)
            ways = (name, name.turned) if name.first and name.last else ()
            self._numbers.add(told.employee_number)
            self._mail.add(told.email.casefold())
            self._same.update(ways)
            for way in ways:
                self._blocks |= dict.fromkeys(self._keys(told.birth_date, way), 0)
            if told.birth_date:
                self._blocks[told.birth_date,] = 0

    @staticmethod
    def _keys(born: str, name: Name) -> list[tuple[str, ...]]:
        keys: list[tuple[str, ...]] = [("", key) for key in name.keys]
        return [*keys, *((born, key) for key in name.keys)] if born else keys

    def holds(self, one: Candidate) -> bool:
        """Whether a stranger can be compared with this one."""
        name = named(one.first_name, one.last_name)
        kept = one.number in self._numbers or name in self._same
        kept = kept or (bool(one.email) and one.email.casefold() in self._mail)
        for block in (*(((one.birth_date,),) if one.birth_date else ()), *self._keys(one.birth_date, name)):
            if block in self._blocks:
                self._blocks[block] += 1
                kept = kept or self._blocks[block] <= CROWD + 1
        return kept


class Register:
    """The people of the hub, found by birth date, name, e-mail and number."""

    def __init__(self, people: Iterable[Candidate]) -> None:
        self._names: dict[str, Name] = {}
        self.people: dict[str, Candidate] = {}
        self._born: dict[str, list[str]] = defaultdict(list)
        self._called: dict[str, list[str]] = defaultdict(list)
        self._same: dict[Name, list[str]] = defaultdict(list)
        self._day_and_name: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._mail: dict[str, list[str]] = defaultdict(list)
        self._number: dict[str, str] = {}
        for one in people:
            name = named(one.first_name, one.last_name)
            self.people[one.person_id], self._names[one.person_id] = one, name
            for key in name.keys:
                self._called[key].append(one.person_id)
            self._same[name].append(one.person_id)
            self._number[one.number] = one.person_id
            if one.birth_date:
                self._born[one.birth_date].append(one.person_id)
                for key in name.keys:
                    self._day_and_name[one.birth_date, key].append(one.person_id)
            if one.email:
                self._mail[one.email.casefold()].append(one.person_id)

    def by_email(self, email: str) -> list[str]:
        """Everybody with this e-mail."""
        return self._mail.get(email.casefold(), [])

    def guesses(self, key: str, told: Told, rejected: Collection[str] = ()) -> list[Guess]:
        """Who this may be, the likeliest first; equally good ones all stand, none is taken."""
        name = named(told.first_name, told.last_name)
        found = (
            self._guess(key, told, name, one)
            for one in dict.fromkeys(self._near(told, name))
            if one not in rejected and not (told.only_employees and self.people[one].kind != "employee")
        )
        likely = sorted((one for one in found if one is not None), key=lambda one: (-one.score, one.person_id))
        if not likely:
            return []
        best = likely[0].score
        level = sum(one.score > best - AS_GOOD for one in likely)
        kept = [one for one in likely if one.score >= best - NEAR_BEST][: min(MOST, max(SHOWN, level))]
        if level == 1:
            return kept
        other = f"{level - 1} {'other is' if level == 2 else 'others are'} as likely"
        return [
            Guess(one.key, one.person_id, one.score, (*one.why, other)) if one.score > best - AS_GOOD else one
            for one in kept
        ]

    def _near(self, told: Told, name: Name) -> Iterator[str]:
        if told.employee_number in self._number:
            yield self._number[told.employee_number]
        if told.email:
            yield from self.by_email(told.email)[:CROWD]
        born = self._born.get(told.birth_date, []) if told.birth_date else []
        if len(born) <= CROWD:
            yield from born
        if not name.last or not name.first:
            return
        for way in (name, name.turned):
            for key in way.keys:
                called = self._called.get(key, [])
                if len(called) <= NAMESAKES:
                    yield from called
                else:
                    yield from self._same.get(way, [])[:CROWD]
                    if len(born) > CROWD:
                        yield from self._day_and_name.get((told.birth_date, key), [])[:CROWD]

    def _guess(self, key: str, told: Told, name: Name, person_id: str) -> Guess | None:
        """The guess that it is this person, where it is likely enough."""
        other = self.people[person_id]
        points, why = _dates(told.birth_date, other.birth_date)
        reasons, also = [why], []
        if told.email and told.email.casefold() == other.email.casefold():
            points += 25
            also.append("e-mail agrees")
        if told.employee_number and told.employee_number == other.number:
            points += 35
            also.append("employee number agrees")
        if points + 55 < LIKELY:
            return None  # no name is worth enough to make up for it
        straight, turned = (_names(way, self._names[person_id]) for way in (name, name.turned))
        if turned[0] - 5 > straight[0]:
            points += turned[0] - 5
            reasons += ["first and last name exchanged", *turned[1]]
        else:
            points += straight[0]
            reasons += straight[1]
        return Guess(key, person_id, min(points, 100), (*reasons, *also)) if points >= LIKELY else None


def _dates(told: str, known: str) -> tuple[int, str]:
    """Points for the birth date, at most 45."""
    if not told or not known:
        return 15, "birth date not told"
    if told == known:
        return 45, "birth date agrees"
    if told[:4] == known[:4] and (told[5:7], told[8:]) == (known[8:], known[5:7]):
        return 30, "birth date with day and month exchanged"
    wrong = [at for at, (one, two) in enumerate(zip(told, known, strict=False)) if one != two]
    if len(told) == len(known) and len(wrong) == 1:
        return 30, "birth date differs in one digit"
    if len(wrong) == 2 and told[wrong[0]] == known[wrong[1]] and told[wrong[1]] == known[wrong[0]]:
        return 30, "birth date with two digits exchanged"
    return 0, "birth date differs"


def _names(told: Name, known: Name) -> tuple[int, list[str]]:
    """Points for the name, at most 55: 30 for the last, 25 for the first."""
    points, reasons = 0, []
    for most, what, one, two in ((30, "last", told.last, known.last), (25, "first", told.first, known.first)):
        if not one or not two:
            reasons.append(f"{what} name not told")
            continue
        likeness = _alike(one, two)
        points += most * max(0, likeness - 60) // 40
        said = "agrees" if likeness == 100 else f"alike ({likeness} %)" if likeness >= 80 else "differs"
        reasons.append(f"{what} name {said}")
    return points, reasons


def _alike(one: str, two: str) -> int:
    """How alike two names are, in percent; one that is part of the other (a double name, an initial) is rather so."""
    if one == two:
        return 100
    some, others = set(one.split()), set(two.split())
    if some and others and (some <= others or others <= some):
        return 95
    short, long = sorted((one, two), key=len)
    if len(short) == 1 and long.startswith(short):
        return 85
    return int(JaroWinkler.normalized_similarity(one, two) * 100)


def guess_all(
    strangers: Mapping[str, Told], register: Register, rejected: Mapping[str, Collection[str]]
) -> Iterator[Guess]:
    """Guesses for all of these, by key; `rejected` holds whom a person has ruled out, by key."""
    for key, told in strangers.items():
        yield from register.guesses(key, told, rejected.get(key, ()))
