"""Puts what the program says in English (reasons, mends, causes, steps) into the language of a page.

The English text stands in the code, where commands and the API say it, and is kept with what it was said of. Its
translation is found by its template: the text as it stands in the code with a hole for each value, in
`web/texts/told/<language>`. The values are read back out of the text. A hole says what it holds:

    {}   a name (of a connection, a person, a plan), a number or a day: stays to the letter
    {w}  what the program says itself, a word or another text: put into the language too
    {n}  numbers and days alone: `{n} to {n}` is a range, never a recipient
    {q}  what a person or a vendor said: may hold anything, and stays to the letter

A text that is several (`place: what. Mend`) is put into words part by part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Final

import yaml
from babel.numbers import format_decimal

from benehub.web.catalog import catalog

HOLE: Final = "{}"
_HOLE: Final = re.compile(r"\{([wnq]?)\}")
_HELD: Final = {"n": r"([-\d][\d.,:TZ+-]*)"}
"""What a hole may hold; others hold anything."""
DAY: Final = re.compile(r"(?<![\w/.:-])\d{4}-\d{2}-\d{2}(?![\w/:-]|\.\w)")
MOMENT: Final = re.compile(r"(?<![\w/.:-])\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})")
_AMOUNT: Final = re.compile(r"-?\d+\.\d\d")
NAMED: Final = ("states", "entries", "obligations", "types")
"""Catalogs of words that nothing else is called by: a text that is one of them alone is put into the language."""
KINDS: Final = (*NAMED, "relations", "flows", "owners")
"""Catalogs of the words that the program keeps; connections are called so too, only a marked hole holds one."""
TELLING: Final = 8
"""Signs that a template has of its own; one with fewer holds single words only, else it would be found anywhere."""
SIGNS: Final = (". ", ": ", "; ", ", ")
"""What may stand between the parts of a text, the strongest first."""
_BEHIND: Final = ";, "
_SENTENCES: Final = re.compile(r"(?<=[^\d.])\. (?=[A-Z`])|(?<=\d)\. (?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class Template:
    """An English text with holes, the longest literal part that a text of it must have, and its translation."""

    shape: re.Pattern[str]
    holes: tuple[str, ...]
    anchor: str
    weight: int
    translation: str

    def values(self, text: str, apart: Sequence[str] = ()) -> list[str] | None:
        """What stands in the holes of a text; None where it is no text of this template.

        Args:
            text: what is read.
            apart: signs that no value holds, but what somebody said.
        """
        if self.anchor not in text or not (match := self.shape.fullmatch(text)):
            return None
        found = list(match.groups())
        if self.weight < TELLING and any(" " in value for value in found):
            return None
        held = [value for hole, value in zip(self.holes, found, strict=True) if hole != "q"]
        return None if any(sign in value for value in held for sign in apart) else found


def shape(template: str) -> re.Pattern[str]:
    """What texts of a template look like; each hole is a group."""
    parts = _HOLE.split(template)
    read = [_HELD.get(part, "(.+?)") if at % 2 else re.escape(part) for at, part in enumerate(parts)]
    return re.compile("".join(read), re.DOTALL)


@lru_cache(maxsize=4)
def _marked(language: str) -> dict[str, str]:
    """Translations by English template, its holes as they are marked; none for English."""
    found: dict[str, str] = {}
    folder = resources.files("benehub.web.texts") / "told" / language
    if folder.is_dir():
        for file in sorted(folder.iterdir(), key=lambda one: one.name):
            found |= yaml.safe_load(file.read_text(encoding="utf-8"))
    # What is said behind another text stands alone, too, once the text is taken apart.
    alone = {key.lstrip(_BEHIND): text.lstrip(_BEHIND) for key, text in found.items() if key[0] in _BEHIND}
    return alone | found


@lru_cache(maxsize=4)
def texts(language: str) -> dict[str, str]:
    """Translations by English template as it stands in the code: `{}` for each value."""
    return {_HOLE.sub(HOLE, key): text for key, text in _marked(language).items()}


@lru_cache(maxsize=4)
def _templates(language: str) -> tuple[Template, ...]:
    """Those with holes, the most telling first."""
    made = []
    for template, translation in _marked(language).items():
        parts = _HOLE.split(template)
        if len(parts) > 1:
            own = parts[::2]
            made.append(
                Template(shape(template), tuple(parts[1::2]), max(own, key=len), sum(map(len, own)), translation)
            )
    return tuple(sorted(made, key=lambda one: -one.weight))


@lru_cache(maxsize=4096)
def translated(text: str, language: str) -> str:
    """An English text of the program in a language; what is not the program's own stays as it is."""
    return _value(text, language, NAMED)


def _found(text: str, language: str, level: int = 0) -> str:
    """The translation; empty where no part of the text is known."""
    bare = text.strip().removesuffix(".")
    if not any(map(str.isalpha, bare)):
        return ""
    known = texts(language)
    if exact := known.get(text.strip()) or known.get(bare):
        return exact + ("." if text.rstrip().endswith(".") and not exact.endswith(".") else "")
    sentences = _SENTENCES.split(text)
    if len(sentences) > 1 and all(told := [_found(one, language) for one in sentences]):
        return ". ".join(one.removesuffix(".") for one in told) + ("." if text.endswith(".") else "")
    return _matched(text, language, SIGNS) or _parts(text, language, level) or _matched(text, language)


def _matched(text: str, language: str, apart: Sequence[str] = ()) -> str:
    """By a template whose values hold none of the signs at which a text is taken apart."""
    for one in _templates(language):
        if values := one.values(text, apart):
            told = (_held(*held, language) for held in zip(one.holes, values, strict=True))
            return one.translation.format(*told)
    return ""


def _held(hole: str, value: str, language: str) -> str:
    """A value as its hole is marked; amounts are written as the language does, but for those that somebody said."""
    if hole == "w":
        return _value(value, language, KINDS)
    return value if hole == "q" else _amount(value, language)


def _parts(text: str, language: str, level: int) -> str:
    """The text put into words part by part, where a part is known; what stands before a colon is mostly a place."""
    for depth, sign in enumerate(SIGNS[level:], level + 1):
        parts = text.split(sign)
        if len(parts) == 1:
            continue
        if sign == ": ":
            for at in range(1, len(parts)):
                first, rest = sign.join(parts[:at]), sign.join(parts[at:])
                if told := _found(rest, language, depth) or _word(rest, language, NAMED):
                    return f"{_value(first, language, NAMED)}: {told}"
            if known := _word(parts[0], language, NAMED):
                return sign.join((known, *parts[1:]))
        elif any(found := [_found(one, language, depth) for one in parts]):
            return sign.join(one or part for one, part in zip(found, parts, strict=True))
    return ""


def _value(text: str, language: str, kinds: Iterable[str]) -> str:
    """What the program says: another text, or a word of these kinds; else itself."""
    return _found(text, language) or _word(text, language, kinds) or _amount(text, language)


def _amount(text: str, language: str) -> str:
    """An amount as the language writes it; other values stay to the letter."""
    return str(format_decimal(Decimal(text), "#,##0.00", locale=language)) if _AMOUNT.fullmatch(text) else text


def _word(text: str, language: str, kinds: Iterable[str]) -> str:
    known = catalog(language)
    return next((known[key] for kind in kinds if (key := f"{kind}.{text}") in known), "")
