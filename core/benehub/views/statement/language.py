"""Puts a statement into words: one catalog a language, numbers and dates as that language writes them.

A catalog is data; a new language is a new file. Every catalog has the same keys, and each sentence uses the
same values, which a test holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Any

from benehub import shipped
from benehub.errors import ConfigError
from benehub.hours import format_hours
from benehub.money import format_minor
from benehub.views.statement.parts import Hours, Line, Money, Section, Statement, Value, Word

TEXTS = "benehub.views.statement.texts"


@dataclass(frozen=True, slots=True)
class Language:
    """A language: `en`, `de`, ... and its catalog."""

    code: str
    catalog: Mapping[str, Any]

    @property
    def title(self) -> str:
        """The heading of every statement."""
        return str(self.catalog["title"])

    def subtitle(self, statement: Statement) -> str:
        """Whom it is for, and of which day."""
        return self._say("subtitle", {"employee": statement.employee, "day": statement.day})

    def heading(self, section: Section) -> str:
        """The heading of a section."""
        return self._say(f"sections.{section.key}", section.values)

    def line(self, section: Section, line: Line) -> str:
        """One answer as a sentence."""
        return self._say(f"{section.key}.{line.key}", line.values)

    def term(self, key: str) -> str:
        """A fixed text of a page, such as `refs`."""
        return str(self.catalog["terms"][key])

    def _say(self, key: str, values: Mapping[str, Value]) -> str:
        part: Any = self.catalog
        for step in key.split(".", 1):
            part = part[step]
        return str(part).format_map({name: self._show(value) for name, value in values.items()})

    def _show(self, value: Value) -> str:
        from babel.dates import format_date
        from babel.numbers import format_currency, format_decimal

        match value:
            case Money():
                return format_currency(
                    Decimal(format_minor(value.minor, value.currency)), value.currency, locale=self.code
                )
            case Hours():
                return format_decimal(Decimal(format_hours(value.minutes)), "#,##0.00", locale=self.code)
            case Decimal():
                return format_decimal(value, "#,##0.##", locale=self.code)
            case Word():
                kind, _, name = value.key.partition(".")
                words = self.catalog["words"][kind]
                return str(words.get(name) or words.get("other", name))
            case date():
                return format_date(value, format="long", locale=self.code)
            case _:
                return self._month(value) if isinstance(value, str) else str(value)

    def _month(self, text: str) -> str:
        """A coverage month or a pay date written as its key; other text stays as it is."""
        from babel.dates import format_date

        if len(text) == 7 and text[4] == "-" and text.replace("-", "").isdecimal():
            return format_date(date(int(text[:4]), int(text[5:]), 1), format="LLLL yyyy", locale=self.code)
        if len(text) == 10 and text[4] == text[7] == "-" and text.replace("-", "").isdecimal():
            return format_date(date.fromisoformat(text), format="long", locale=self.code)
        return text


@lru_cache(maxsize=8)
def language(code: str) -> Language:
    """The language of a code.

    Raises:
        ConfigError: there is no catalog for it; the message lists those there are.
    """
    files = {
        file.name.removesuffix(".yaml"): file
        for file in resources.files(TEXTS).iterdir()
        if file.name.endswith(".yaml")
    }
    if code not in files:
        raise ConfigError(
            f"no statements in language {code[:10]!r}",
            where="language",
            mend=f"Choose one of {', '.join(sorted(files))}",
        )
    return Language(code, shipped.parse(files[code].read_text(encoding="utf-8")))
