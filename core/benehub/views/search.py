"""Employees by the beginning of a name or number, in the order of these words, by indexes (`benehub.store.names`).

A page costs the same however many employees there are, and however many of them a beginning fits. Several words are
looked for one by one, and as names of several words: the rarest leads, and each of those it finds has to have the
others too. The database sorts out who has not, so that only those who may fit are read, however many share the name
that leads: the index of a name holds the other one beside it. Names that somebody had before count as well; of two that
never stood together, only those are asked who were renamed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import combinations, pairwise
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, exists, false, func, or_, select, true, tuple_

from benehub.store import Session
from benehub.store.names import (
    FIRST_NAME,
    LAST_NAME,
    LAST_SIGN,
    NAMED,
    NUMBER,
    NUMBERED,
    RENAMED,
    beginnings,
    in_small,
    small,
)
from benehub.store.tables import fact, person, renamed

WORDS: Final = 4
"""Words that are looked for at most."""

LOOKED: Final = 2_000
"""Employees that one call looks at to fill a page."""

PART: Final = 500
"""Employees that are read at once, at most."""

MANY: Final = LOOKED
"""Beyond this it does not matter how many a word fits."""


class Source(NamedTuple):
    """Where words stand: the table, the word, whose it is, what makes the index fit, and the other name beside it."""

    table: Any
    word: Any
    whose: Any
    fitting: Any
    other: Any = None


FIRST: Final = Source(fact, FIRST_NAME, fact.c.subject, NAMED, LAST_NAME)
LAST: Final = Source(fact, LAST_NAME, fact.c.subject, NAMED, FIRST_NAME)
NUMBERS: Final = Source(person, NUMBER, person.c.person_id, NUMBERED)
_SOURCES: Final = (FIRST, LAST, NUMBERS)
_OF_BEFORE: Final = Source(renamed, RENAMED, renamed.c.person_id, true())
"""Their words are among those of the facts; here they are asked for by two that never stood together."""
_others = renamed.alias()
_OTHERS_OF_BEFORE: Final = Source(_others, in_small(_others.c.word), _others.c.person_id, true())

Owned = tuple[str, str]
"""A word and whose it is."""

_END: Final = (f"{LAST_SIGN}~", "")
"""Behind every word."""


@dataclass(frozen=True, slots=True)
class Hit:
    """An employee found; `place` is where he stands in the order."""

    person_id: str
    member_id: str
    place: str


class Search:
    """What is looked for, as the indexes are asked for it."""

    def __init__(self, session: Session, text: str) -> None:
        self._session = session
        self._words = text.split()[:WORDS]
        self._whole = " ".join(self._words)
        self._counts: dict[str, list[int]] = {}
        self._readings = self._read_as()
        leading = tuple({min(groups, key=self._count) for groups in self._readings})
        # What begins with another that leads is among what that one finds.
        apart = [one for one in leading if not any(one != other and one.startswith(other) for other in leading)]
        self._begin = {one: word for word in sorted(apart) for one in beginnings(word)}
        self._wanted = [[tuple(beginnings(word)) for word in groups] for groups in self._readings]

    def _read_as(self) -> list[tuple[str, ...]]:
        """How the words stand together, each group for one name: a name may have several, as in `Ana Garcia Lopez`.

        A reading with a group that begins nothing finds nobody and is left out.
        """
        last = len(self._words)
        if last < 2:
            return [(self._whole,)]
        ways = [(0, *cuts, last) for n in range(last) for cuts in combinations(range(1, last), n)]
        read = [tuple(" ".join(self._words[a:b]) for a, b in pairwise(way)) for way in ways]
        return [groups for groups in read if all(map(self._count, groups))]

    def _count(self, word: str) -> int:
        if word not in self._counts:
            self._counts[word] = [self._fits(source, word) for source in _SOURCES]
        return sum(self._counts[word])

    def step(self, page: int) -> int:
        """How many to look at first for a page: of several words few may fit, so all that a call may are at once."""
        return page if len(self._words) == 1 else LOOKED

    @property
    def most(self) -> int:
        """How many are looked at with one statement at most: each of them is read, or asked of the indexes alone."""
        return PART if len(self._words) == 1 else LOOKED

    def next(self, after: str, count: int, most: int) -> tuple[list[Hit], str, int]:
        """Those of the next `count` words behind a place who fit, the place to go on from, and how many were looked at.

        No more than `most` of those who may fit are looked at closely. The place is empty at the end.
        """
        read, bound = list[list[Owned]](), _END
        for begin, word in sorted(self._begin.items()):
            for source in self._asked(word):
                rows, until = self._read(source, begin, after, count + 1)
                read.append(rows)
                bound = min(bound, until)
        found = [one for one in dict.fromkeys(merge(*read)) if one <= bound]
        looked = count if len(found) <= most else most
        if len(found) > most:
            found = found[:most]
            bound = found[-1]
        words = self._words_of({whose for _, whose in found})
        hits = [
            Hit(whose, words[whose][0], f"{word} {whose}")
            for word, whose in found
            # Who has several words that fit stands at the first of them alone.
            if whose in words and word == self._first(words[whose]) and self._fit(words[whose])
        ]
        return hits, "" if bound == _END else " ".join(bound), looked

    def _fits(self, source: Source, word: str) -> int:
        """How many words of a source begin so, up to a bound."""
        parts = [self._ranged(source, begin).limit(MANY) for begin in beginnings(word)]
        counts = (select(func.count()).select_from(part.subquery()) for part in parts)
        return sum(int(self._session.connection.execute(one).scalar_one()) for one in counts)

    def _asked(self, word: str) -> list[Source]:
        """Where a word that leads stands at all."""
        having = [source for source, count in zip(_SOURCES, self._counts[word], strict=True) if count]
        return having if len(self._words) == 1 else [*having, _OF_BEFORE]

    def _ranged(self, source: Source, begin: str, first: str = "") -> Any:
        table, word, whose, fitting, _ = source
        return select(word.label("word"), whose.label("whose")).where(
            table.c.employer_id == self._session.employer, fitting, word >= max(begin, first), word < begin + LAST_SIGN
        )

    def _read(self, source: Source, begin: str, after: str, limit: int) -> tuple[list[Owned], Owned]:
        """Whose of the next `limit` words of a source may fit, and up to which word it was read.

        Who had a name in several versions stands there as often: to sort that out here is cheaper than by the database.
        """
        word, whose = source.word, source.whose
        first, _, last = after.rpartition(" ")
        query = self._ranged(source, begin, first)
        if after:
            query = query.where(tuple_(word, whose) > tuple_(first, last))
        ordered = query.order_by(word, whose)
        if len(self._words) == 1:
            rows = [(row.word, row.whose) for row in self._session.rows(ordered.limit(limit))]
            return rows, rows[-1] if len(rows) == limit else _END
        until = self._end(source, self._begin[begin], ordered, limit)
        if until != _END:
            ordered = ordered.where(tuple_(word, whose) <= tuple_(*until))
        found = self._session.rows(ordered.where(self._may_fit(source, begin)))
        return [(row.word, row.whose) for row in found], until

    def _end(self, source: Source, word: str, ordered: Any, limit: int) -> Owned:
        """The last of so many, or the end where there are fewer."""
        if source in _SOURCES and self._counts[word][_SOURCES.index(source)] < min(limit, MANY):
            return _END
        ends = [(row.word, row.whose) for row in self._session.rows(ordered.limit(1).offset(limit - 1))]
        return ends[0] if ends else _END

    def _may_fit(self, source: Source, begin: str) -> Any:
        """Whether somebody whose word begins so has all words of a reading that it leads."""
        ways = []
        for groups in self._readings:
            lead = min(groups, key=self._count)
            if led := [one for one in beginnings(lead) if one.startswith(begin)]:
                own = true() if begin in led else _within(source.word, led)
                ways.append(and_(own, *[self._has(source, begin, one) for one in groups if one != lead]))
        return or_(false(), *ways)

    def _has(self, source: Source, begin: str, word: str) -> Any:
        """Whether somebody, who stands in a source by a word that begins as told, has one that begins as `word` does.

        Of the facts those of one row are asked, and of a renamed one all there are.
        """
        begins = beginnings(word)
        first, last, numbers = self._counts[word]
        ways = []
        if any(one.startswith(begin) or begin.startswith(one) for one in begins):
            ways.append(_within(source.word, begins))
        if source.other is not None:
            ways.append(_within(source.other, begins))
        if source is _OF_BEFORE:
            ways.append(self._among(_OTHERS_OF_BEFORE, source.whose, begins))
        if source is NUMBERS and (first or last):
            ways.append(self._among(FIRST, source.whose, begins))
        if source is not NUMBERS and numbers:
            ways.append(self._among(NUMBERS, source.whose, begins))
        return or_(false(), *ways)

    def _among(self, source: Source, whose: Any, begins: Sequence[str]) -> Any:
        """Whether somebody has a word in a source that begins so."""
        # With something added to it no index fits the word: it is the person's own few rows that are to be read,
        # and not those of all who share the word.
        plain = [one.concat("") for one in (source.word, source.other) if one is not None]
        mine = (source.table.c.employer_id == self._session.employer, source.fitting, source.whose == whose)
        return exists().where(*mine, or_(*(_within(one, begins) for one in plain)))

    def _words_of(self, found: set[str]) -> dict[str, list[str]]:
        """Their numbers, each followed by all words it is found by, as the indexes have them."""
        mine = self._session.among
        query = select(person.c.person_id, person.c.member_id).where(
            *self._session.where(person, kind="employee"), mine(person.c.person_id, found)
        )
        words = {row.person_id: [row.member_id, small(row.member_id)] for row in self._session.rows(query)}
        names = select(fact.c.subject, FIRST_NAME.label("first"), LAST_NAME.label("last")).where(
            *self._session.where(fact, kind="employee"), mine(fact.c.subject, found)
        )
        # In this order the index by subject is the one to take.
        for row in self._session.rows(names.order_by(fact.c.subject, fact.c.fact_key, fact.c.seq)):
            words.get(row.subject, []).extend(one for one in (row.first, row.last) if one)
        return words

    def _first(self, words: Sequence[str]) -> str:
        begin = tuple(self._begin)
        return min(one for one in words[1:] if one.startswith(begin))

    def _fit(self, words: Sequence[str]) -> bool:
        def has(begin: tuple[str, ...]) -> bool:
            return any(one.startswith(begin) for one in words[1:])

        return any(all(map(has, groups)) for groups in self._wanted)


def _within(word: Any, begins: Sequence[str]) -> Any:
    """Whether a word begins in one of these ways."""
    return or_(*(and_(word >= one, word < one + LAST_SIGN) for one in begins))
