"""Employees by the beginning of a name or number, in the order of these words, by indexes (`benehub.store.names`).

A page costs the same however many employees there are, and however many of them a beginning fits. Several words are
looked for one by one, and as names of several words: the rarest leads, and each of those it finds has to have the
others too. Names that somebody had before count as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import combinations, islice, pairwise
from typing import Any, Final

from sqlalchemy import func, select, tuple_

from benehub.store import Session
from benehub.store.names import FIRST_NAME, LAST_NAME, LAST_SIGN, NAMED, NUMBER, NUMBERED, beginnings, small
from benehub.store.tables import fact, person

WORDS: Final = 4
"""Words that are looked for at most."""

LOOKED: Final = 2_000
"""Employees that one call looks at to fill a page."""

PART: Final = 500
"""Employees that are looked at at once, at most."""

MANY: Final = LOOKED
"""Beyond this it does not matter how many a word fits."""

_SOURCES: Final = (
    (fact, FIRST_NAME, fact.c.subject, NAMED),
    (fact, LAST_NAME, fact.c.subject, NAMED),
    (person, NUMBER, person.c.person_id, NUMBERED),
)
"""Table, word, whose it is, and what makes the index fit."""

Owned = tuple[str, str]
"""A word and whose it is."""


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
        self._counts: dict[str, int] = {}
        self._readings = self._read_as()
        leading = tuple({min(groups, key=self._count) for groups in self._readings})
        # What begins with another that leads is among what that one finds.
        apart = [one for one in leading if not any(one != other and one.startswith(other) for other in leading)]
        self._begin = sorted({one for word in apart for one in beginnings(word)})
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
            self._counts[word] = self._fits(word)
        return self._counts[word]

    def step(self, page: int) -> int:
        """How many to look at first for a page: of several words few may fit, so many are read with each statement."""
        return page if len(self._words) == 1 else max(page, PART)

    def next(self, after: str, count: int) -> tuple[list[Hit], str]:
        """Those of the next `count` words behind a place who fit, and the place to go on from; empty at the end."""
        sources = [self._read(one, begin, after, count + 1) for one in _SOURCES for begin in self._begin]
        read = list(islice(dict.fromkeys(merge(*sources)), count + 1))
        words = self._words_of({whose for _, whose in read[:count]})
        hits = [
            Hit(whose, words[whose][0], f"{word} {whose}")
            for word, whose in read[:count]
            # Who has several words that fit stands at the first of them alone.
            if whose in words and word == self._first(words[whose]) and self._fit(words[whose])
        ]
        return hits, " ".join(read[count - 1]) if len(read) > count else ""

    def _fits(self, word: str) -> int:
        """How many words begin so, up to a bound."""
        parts = [self._ranged(one, begin).limit(MANY) for one in _SOURCES for begin in beginnings(word)]
        counts = (select(func.count()).select_from(part.subquery()) for part in parts)
        return sum(int(self._session.connection.execute(one).scalar_one()) for one in counts)

    def _ranged(self, source: Any, begin: str, first: str = "") -> Any:
        table, word, whose, fitting = source
        return select(word.label("word"), whose.label("whose")).where(
            table.c.employer_id == self._session.employer, fitting, word >= max(begin, first), word < begin + LAST_SIGN
        )

    def _read(self, source: Any, begin: str, after: str, limit: int) -> Iterable[Owned]:
        _, word, whose, _ = source
        first, _, last = after.rpartition(" ")
        query = self._ranged(source, begin, first)
        if after:
            query = query.where(tuple_(word, whose) > tuple_(first, last))
        rows = self._session.rows(query.distinct().order_by(word, whose).limit(limit))
        return [(row.word, row.whose) for row in rows]

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
