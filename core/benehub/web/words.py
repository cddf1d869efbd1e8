"""Puts pages into words: one catalog a language; numbers, amounts and dates as that language writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_currency, format_decimal

from benehub.hours import format_hours, is_leave
from benehub.money import EXPONENT, format_minor
from benehub.periods import Month
from benehub.web.catalog import catalog
from benehub.web.translated import DAY, MOMENT, WRITTEN, marked

PARTS: Final = ("people.kinds", "relations", "obligations", "flows")
"""Catalogs of what the keys of runs and dispatches are made of."""
_OF_FACTS: Final = ("classes", "events", "tiers")
"""Catalogs of the words that stand in facts."""
_APART: Final = re.compile(r"[/\[\]', ]+")
_STAMP: Final = re.compile(r"\d{8}T\d+|\d{4}-\d\d-\d\dT.*")
_FLAGS: Final = frozenset({"True", "False", "-", "deadlines"})
_MONTH: Final = re.compile(r"\d{4}-\d\d")
_WORD: Final = re.compile(r"[a-zäöüß]+[ ,:]")
"""A word at the beginning: what goes on with a sign or a digit is an id, or a name."""
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Words:
    """What a template says and how it writes values; each public method is there under its own name."""

    language: str
    zone: tzinfo = UTC
    now: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    def t(self, key: str, /, **values: object) -> str:
        """The text of a key, with these values in it.

        Raises:
            KeyError: the catalog has no such key.
        """
        text = catalog(self.language)[key]
        return text.format_map(values) if values else text

    def n(self, key: str, count: int, /, **values: object) -> str:
        """As `t`, by number: `key.one` or `key.other`; `count` is among the values."""
        return self.t(f"{key}.{'one' if count == 1 else 'other'}", count=self.number(count), **values)

    def word(self, kind: str, name: str) -> str:
        """A word that the program keeps (a state, a type, a flow) as people say it; unknown ones stay as they are."""
        return catalog(self.language).get(f"{kind}.{name}", name)

    def in_words(self, text: str | None) -> str:
        """What the program said in English (a reason, a mend, a step) in the reader's language, its dates as well."""
        parts = marked(text or "", self.language).split(WRITTEN)
        return "".join(self.stored(part) if at % 2 else part for at, part in enumerate(parts))

    def sentence(self, text: str | None) -> str:
        """As `in_words`, where it stands behind a full stop: a word at its beginning gets a large letter."""
        told = self.in_words(text)
        return told[:1].upper() + told[1:] if _WORD.match(told) else told

    def stored(self, text: str) -> str:
        """A stored value (a name, what somebody said) to the letter; a day or moment alone as written here."""
        if DAY.fullmatch(text):
            return _or_as_told(self.day, text)
        return _or_as_told(self.exact, text) if MOMENT.fullmatch(text) else text

    def subject(self, text: str) -> str:
        """What a run is about, out of its key: connection, stream, day; moments and flags are left out."""
        parts = (one for one in _APART.split(text) if one and not _STAMP.fullmatch(one) and one not in _FLAGS)
        return ", ".join(dict.fromkeys(map(self._part, parts)))

    def told_fact(self, text: str) -> str:
        """A fact as a trace tells it (`kind: values`), the words that the program keeps in the reader's language."""
        kind, _, rest = text.partition(": ")
        known = catalog(self.language)
        values = (
            next((known[key] for group in _OF_FACTS if (key := f"people.{group}.{one}") in known), one)
            for one in rest.split()
        )
        return f"{self.word('people.kinds', kind)}: {', '.join(values)}"

    def source(self, name: str) -> str:
        """A connection and one of its streams."""
        return ", ".join(self._part(one) for one in name.split())

    def job_step(self, name: str) -> str:
        """A step of a run; a number of its part stands behind it."""
        first, _, rest = name.partition(" ")
        if first == "compare" and rest != "year":
            return f"{self.t('runs.compares')}: {self.word('relations', rest)}"
        known = self.word("run_steps", name)
        return known if known != name or not rest else f"{self.word('run_steps', first)} {self._part(rest)}"

    def operation(self, name: str) -> str:
        """What a connector can do, in words."""
        verb, _, stream = name.partition(".")
        if verb == "read":
            return f"{self.t('connections.reads')}: {self.word('people.kinds', stream)}"
        return self.word("obligations", name)

    def fact(self, name: str, value: object) -> str:
        """A value of a fact: a word of the program, a day, or as it was told."""
        kind = {"employment_class": "people.classes", "tier": "people.elections", "event": "people.events"}.get(name)
        text = str(value)
        if kind:
            return self.word(kind, text)
        return self.stored(text)

    def sum_of(self, text: str, unit: str) -> str:
        """An amount as decimal text, with its currency behind it or in the one given."""
        number, _, own = text.partition(" ")
        return self.amount(number, own or unit) if number and _NUMBER.fullmatch(number) else text

    def month_short(self, value: Month | str) -> str:
        """A month, short enough for the foot of a chart."""
        text = str(value)
        return str(format_date(date(int(text[:4]), int(text[5:7]), 1), format="MMM yy", locale=self.language))

    def _part(self, text: str) -> str:
        if _MONTH.fullmatch(text):
            return _or_as_told(self.month, text)
        known = next((found for kind in PARTS if (found := self.word(kind, text)) != text), text)
        return _or_as_told(self.day, known) if DAY.fullmatch(known) else known

    def country(self, code: str) -> str:
        """A country by its ISO code."""
        return str(Locale(self.language).territories.get(code, code))

    def number(self, value: int) -> str:
        """A whole number."""
        return str(format_decimal(value, locale=self.language))

    def counted(self, value: object) -> str:
        """What a run counted: a number, how many of each kind, or ids."""
        if isinstance(value, dict):
            return ", ".join(f"{self.needed([name])}: {self.counted(one)}" for name, one in value.items()) or "–"
        if isinstance(value, list):
            return ", ".join(map(str, value)) or "–"
        return self.number(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)

    def needed(self, names: Sequence[str]) -> str:
        """What lacks, by the names of its inputs; one of a covered person stands behind his number."""
        return ", ".join(dict.fromkeys(self.word("needs", name.rpartition(".")[2]) for name in names))

    def money(self, minor: int | None, unit: str) -> str:
        """An amount in minor units with its currency, or minutes of leave as hours; a dash for none."""
        if minor is None:
            return "–"
        if is_leave(unit):
            return f"{format_decimal(Decimal(format_hours(minor)), '#,##0.00', locale=self.language)} h"
        if unit not in EXPONENT:
            return self.number(minor)
        return str(format_currency(Decimal(format_minor(minor, unit)), unit, locale=self.language))

    def money_whole(self, minor: int, unit: str) -> str:
        """An amount in whole units of its currency, as scales have it."""
        value = Decimal(format_minor(minor, unit))
        return str(format_currency(value, unit, locale=self.language, currency_digits=False, format=self._whole()))

    def _whole(self) -> str:
        return str(Locale(self.language).currency_formats["standard"].pattern).replace("0.00", "0")

    def amount(self, text: str, unit: str) -> str:
        """An amount that a view gives as decimal text."""
        if unit not in EXPONENT:
            return text
        return str(format_currency(Decimal(text), unit, locale=self.language))

    def day(self, value: date | str | None) -> str:
        """A date, or that of its ISO text: of a moment the employer's day."""
        if not value:
            return "–"
        day = self._day_of(value) if isinstance(value, str) else value
        return str(format_date(day, format="medium", locale=self.language))

    def month(self, value: Month | str) -> str:
        """A month; other text, such as a day that stands for a period, stays readable."""
        text = str(value)
        if len(text) != 7:
            return self.day(text) if len(text) == 10 else text
        return str(format_date(date(int(text[:4]), int(text[5:]), 1), format="LLLL yyyy", locale=self.language))

    def moment(self, value: str | None) -> str:
        """A recorded moment (ISO, UTC) on the employer's clock, to the minute."""
        if not value:
            return "–"
        at, together = self._at(value), str(Locale.parse(self.language).datetime_formats["medium"])
        day, time = format_date(at, locale=self.language), format_time(at, "short", locale=self.language)
        return together.replace("{1}", str(day)).replace("{0}", str(time))

    def exact(self, value: str | None) -> str:
        """As `moment`, to the second: for titles."""
        if not value:
            return "–"
        return str(format_datetime(self._at(value), format="medium", locale=self.language))

    def ago(self, value: str | None) -> str:
        """How long ago a recorded moment was."""
        if not value:
            return "–"
        # What has just been is no more to come: at no distance at all it would read "in 0 seconds".
        gone = min(self._at(value) - self.now.astimezone(self.zone), timedelta(seconds=-1))
        return str(format_timedelta(gone, add_direction=True, locale=self.language))

    def took(self, started: str | None, ended: str | None) -> str:
        """How long something took, in seconds with one decimal, or minutes."""
        if not started or not ended:
            return "–"
        seconds = (self._at(ended) - self._at(started)).total_seconds()
        return self.seconds(round(seconds * 1000))

    def seconds(self, millis: int | None) -> str:
        """Milliseconds as seconds."""
        if millis is None:
            return "–"
        return f"{format_decimal(Decimal(millis) / 1000, '#,##0.0##', locale=self.language)} s"

    def _day_of(self, text: str) -> date:
        return self._at(text).date() if text[10:11] == "T" else date.fromisoformat(text[:10])

    def _at(self, value: str) -> datetime:
        return datetime.fromisoformat(value).astimezone(self.zone)


def _or_as_told(write: Callable[[str], str], text: str) -> str:
    """A day, month or moment as the language writes it; one that no calendar has (2026-02-30) stays as it was told."""
    try:
        return write(text)
    except (ValueError, OverflowError):
        return text
