"""Puts what the program says in English (reasons, mends, causes, steps) into the language of a page.

The English text stands in the code, where commands and the API say it, and is kept with what it was said of. Its
translation is found by its template: the text as it stands in the code with `{}` for each value, in
`web/texts/told/<language>`. The values are read back out of the text, and those that are words or amounts are put into
the language too. A text that is several (`place: what. Mend`) is put into words part by part.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Final

import yaml
from babel.numbers import format_decimal

from benehub.web.catalog import catalog

HOLE: Final = "{}"
DAY: Final = re.compile(r"(?<![\w/.:-])\d{4}-\d{2}-\d{2}(?![\w/:-]|\.\w)")
MOMENT: Final = re.compile(r"(?<![\w/.:-])\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})")
_AMOUNT: Final = re.compile(r"-?\d+\.\d\d")
KINDS: Final = ("states", "entries", "obligations", "types", "relations", "flows", "owners", "stations")
"""Catalogs of the words that the program keeps."""
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
    anchor: str
    weight: int
    translation: str


def shape(template: str) -> re.Pattern[str]:
    """What texts of a template look like; each hole is a group."""
    return re.compile("(.+?)".join(map(re.escape, template.split(HOLE))), re.DOTALL)


@lru_cache(maxsize=4)
def texts(language: str) -> dict[str, str]:
    """Translations by English template; none for English."""
    found: dict[str, str] = {}
    folder = resources.files("benehub.web.texts") / "told" / language
    if folder.is_dir():
        for file in sorted(folder.iterdir(), key=lambda one: one.name):
            found |= yaml.safe_load(file.read_text(encoding="utf-8"))
    # What is said behind another text stands alone, too, once the text is taken apart.
    alone = {key.lstrip(_BEHIND): text.lstrip(_BEHIND) for key, text in found.items() if key[0] in _BEHIND}
    return alone | found


@lru_cache(maxsize=4)
def _templates(language: str) -> tuple[Template, ...]:
    """Those with holes, the most telling first."""
    made = []
    for template, translation in texts(language).items():
        parts = template.split(HOLE)
        if len(parts) > 1:
            made.append(Template(shape(template), max(parts, key=len), sum(map(len, parts)), translation))
    return tuple(sorted(made, key=lambda one: -one.weight))


@lru_cache(maxsize=4096)
def translated(text: str, language: str) -> str:
    """An English text of the program in a language; what is not the program's own stays as it is."""
    return _value(text, language)


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
        if one.anchor in text and (match := one.shape.fullmatch(text)):
            if one.weight < TELLING and any(" " in value for value in match.groups()):
                continue
            if any(sign in value for value in match.groups() for sign in apart):
                continue
            return one.translation.format(*(_value(value, language) for value in match.groups()))
    return ""


def _parts(text: str, language: str, level: int) -> str:
    """The text put into words part by part, where a part is known; what stands before a colon is mostly a place."""
    for depth, sign in enumerate(SIGNS[level:], level + 1):
        parts = text.split(sign)
        if len(parts) == 1:
            continue
        if sign == ": ":
            for at in range(1, len(parts)):
                first, rest = sign.join(parts[:at]), sign.join(parts[at:])
                if told := _found(rest, language, depth) or _word(rest, language):
                    return f"{_value(first, language)}: {told}"
            if known := _word(parts[0], language):
                return sign.join((known, *parts[1:]))
        elif any(found := [_found(one, language, depth) for one in parts]):
            return sign.join(one or part for one, part in zip(found, parts, strict=True))
    return ""


def _value(text: str, language: str) -> str:
    """A value that a text holds: another text, or a word that the program keeps; else itself."""
    if found := _found(text, language) or _word(text, language):
        return found
    if _AMOUNT.fullmatch(text):
        return str(format_decimal(Decimal(text), "#,##0.00", locale=language))
    return text


def _word(text: str, language: str) -> str:
    known = catalog(language)
    return next((known[key] for kind in KINDS if (key := f"{kind}.{text}") in known), "")
