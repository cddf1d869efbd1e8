"""Puts what the program says in English (reasons, mends, causes, steps) into the language of a page.

The English text stands in the code, where commands and the API say it, and is kept with what it was said of. Its
translation is found by its template: the text as it stands in the code with a hole for each value, in
`web/texts/told/<language>`. The values are read back out of the text. A hole says what it holds:

    {}   a name (of a connection, a person, a plan) or a number: stays to the letter; a day or moment alone is written
         as the language does
    {a}  an amount, written as the language does
    {r}  a number before it is rounded, with as many places as it has, written as the language does
    {w}  what the program says itself, a word or another text: put into the language too
    {n}  numbers, amounts and days alone: `{n} to {n}` is a range, never a recipient
    {q}  what a person or a vendor said: may hold anything, and stays to the letter

A text that is several (`place: what. Mend`) is put into words part by part. Where no template matches, days are written
as the language does, too, but not in backticks (what is to be typed stays) and not in the name of a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from itertools import chain
from operator import itemgetter
from typing import Final

from babel.numbers import format_decimal

from benehub import shipped
from benehub.web.catalog import catalog

HOLE: Final = "{}"
_HOLE: Final = re.compile(r"\{([wnqar]?)\}")
_HELD: Final = {"n": r"([-\d][\d.,:TZ+-]*)"}
"""What a hole may hold; others hold anything."""
DAY: Final = re.compile(r"(?<![\w/.:-])\d{4}-\d{2}-\d{2}(?![\w/:-]|\.\w)")
MOMENT: Final = re.compile(r"(?<![\w/.:-])\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})")
WRITTEN: Final = "\x02"
"""Stands around each day and moment that is to be written as the language does."""
_CODE: Final = re.compile(r"(`[^`]*`)")
_ENDS: Final = "csv|txt|xlsx?|xml|json|zip|pdf|edi|x12|834|820|ach|dat|pgp|gpg|asc"
"""How names of files end."""
_NAMES_FILE: Final = re.compile(rf"(?:(?![.:;,](?:\s|$)).)*?\.(?:{_ENDS})(?![\w.])", re.DOTALL | re.IGNORECASE)
"""What a day stands before within the name of a file: an operation (`deduction.set`) is none."""
_AMOUNT: Final = re.compile(r"(-?\d+\.\d\d)((?: [A-Z]{3})?)")
_PLACES: Final = re.compile(r"(-?\d+\.\d+)((?: [A-Z]{3})?)")
"""A number, and the currency behind it."""
NAMED: Final = ("states", "entries", "obligations", "types")
"""Catalogs of words that nothing else is called by: a text that is one of them alone is put into the language."""
KINDS: Final = (*NAMED, "relations", "flows", "owners", "people.elections")
"""Catalogs of the words that the program keeps; connections are called so too, only a marked hole holds one."""
TELLING: Final = 8
"""Signs that a template has of its own; one with fewer holds single words only, else it would be found anywhere."""
SIGNS: Final = (". ", ": ", "; ", ", ")
"""What may stand between the parts of a text, the strongest first."""
LONGEST: Final = 600
MOST_PARTS: Final = 20
"""What the program says is shorter and has fewer parts; longer texts are others' and would take long to take apart."""
_BEHIND: Final = ";, "
_SENTENCES: Final = re.compile(r"(?<=[^\d.])\. (?=[A-Z`])|(?<=\d)\. (?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class Template:
    """An English text with holes, its literal parts, and its translation."""

    shape: re.Pattern[str]
    holes: tuple[str, ...]
    own: tuple[str, ...]
    weight: int
    translation: str

    def values(self, text: str, apart: Sequence[str] = ()) -> list[str] | None:
        """What stands in the holes of a text; None where it is no text of this template.

        Args:
            text: what is read.
            apart: signs that no value holds, but what somebody said.
        """
        if not self._may_be(text) or not (match := self.shape.fullmatch(text)):
            return None
        found = list(match.groups())
        if self.weight < TELLING and any(" " in value for value in found):
            return None
        held = [value for hole, value in zip(self.holes, found, strict=True) if hole != "q"]
        return None if any(sign in value for value in held for sign in apart) else found

    def _may_be(self, text: str) -> bool:
        """Whether the literal parts stand in the text in their order: else the shape would be sought in every way."""
        first, *between, last = self.own
        if not text.startswith(first) or not text.endswith(last):
            return False
        at = len(first)
        for part in between:
            if (found := text.find(part, at + 1)) < 0:
                return False
            at = found + len(part)
        return at < len(text) - len(last)


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
            found |= shipped.parse(file.read_text(encoding="utf-8"))
    # What is said behind another text stands alone, too, once the text is taken apart.
    alone = {key.lstrip(_BEHIND): text.lstrip(_BEHIND) for key, text in found.items() if key[0] in _BEHIND}
    return alone | found


@lru_cache(maxsize=4)
def texts(language: str) -> dict[str, str]:
    """Translations by English template as it stands in the code: `{}` for each value."""
    return {_HOLE.sub(HOLE, key): text for key, text in _marked(language).items()}


@lru_cache(maxsize=4)
def _templates(language: str) -> dict[str, tuple[tuple[int, Template], ...]]:
    """Those with holes under their longest whole word ("" for none), each with its rank: the most telling first."""
    made: list[tuple[str, Template]] = []
    for template, translation in _marked(language).items():
        parts = _HOLE.split(template)
        if len(parts) > 1:
            own, holes = parts[::2], tuple(parts[1::2])
            one = Template(shape(template), holes, tuple(own), sum(map(len, own)), translation)
            # A word with a hole in it is none that a text must have.
            whole = (word for word in _HOLE.sub("\0", template).split(" ") if "\0" not in word)
            made.append((max(whole, key=len, default=""), one))
    found: dict[str, list[tuple[int, Template]]] = {}
    for rank, (word, one) in enumerate(sorted(made, key=lambda told: -told[1].weight)):
        found.setdefault(word, []).append((rank, one))
    return {word: tuple(those) for word, those in found.items()}


@lru_cache(maxsize=4096)
def marked(text: str, language: str) -> str:
    """As `translated`, with `WRITTEN` around each day and moment that a page writes as the language does."""
    text = text.replace(WRITTEN, "")
    if len(text) > LONGEST or sum(map(text.count, SIGNS)) >= MOST_PARTS:
        return _with_days(text)
    return _Reader(language).value(text, NAMED)


def translated(text: str, language: str) -> str:
    """An English text of the program in a language; what is not the program's own stays as it is, or is too long."""
    return marked(text, language).replace(WRITTEN, "")


def _with_days(text: str) -> str:
    """A text of which no template is known: its days and moments are marked, but those of code and names of files."""
    parts = _CODE.split(text)
    return "".join(part if at % 2 else DAY.sub(_mark, MOMENT.sub(_mark, part)) for at, part in enumerate(parts))


def _mark(found: re.Match[str]) -> str:
    return found[0] if _NAMES_FILE.match(found.string, found.end()) else f"{WRITTEN}{found[0]}{WRITTEN}"


class _Reader:
    """Reads one text in a language, and remembers its parts: a part is looked up again in many cuts."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._known: dict[tuple[str, int], str] = {}

    def value(self, text: str, kinds: Iterable[str]) -> str:
        """What the program says: another text, or a word of these kinds; else itself."""
        return self._found(text) or self._word(text, kinds) or _with_days(self._amount(text))

    def _found(self, text: str, level: int = 0) -> str:
        """The translation; empty where no part of the text is known."""
        key = text, level
        if key not in self._known:
            self._known[key] = self._look_up(text, level)
        return self._known[key]

    def _look_up(self, text: str, level: int) -> str:
        bare = text.strip().removesuffix(".")
        if not any(map(str.isalpha, bare)):
            return ""
        known = texts(self.language)
        if exact := known.get(text.strip()) or known.get(bare):
            return exact + ("." if text.rstrip().endswith(".") and not exact.endswith(".") else "")
        sentences = _SENTENCES.split(text)
        if len(sentences) > 1 and all(told := [self._found(one) for one in sentences]):
            return ". ".join(one.removesuffix(".") for one in told) + ("." if text.endswith(".") else "")
        return self._matched(text, SIGNS) or self._parts(text, level) or self._matched(text)

    def _matched(self, text: str, apart: Sequence[str] = ()) -> str:
        """By a template whose values hold none of the signs at which a text is taken apart."""
        by_word = _templates(self.language)
        some = chain.from_iterable(by_word.get(word, ()) for word in {"", *text.split(" ")})
        for _, one in sorted(some, key=itemgetter(0)):
            if values := one.values(text, apart):
                told = (self._held(*held) for held in zip(one.holes, values, strict=True))
                return one.translation.format(*told)
        return ""

    def _held(self, hole: str, value: str) -> str:
        """A value as its hole is marked."""
        if hole == "w":
            return self.value(value, KINDS)
        if hole == "q":
            return value
        if DAY.fullmatch(value) or MOMENT.fullmatch(value):
            return f"{WRITTEN}{value}{WRITTEN}"
        if hole == "r":
            return self._number(value)
        return self._amount(value) if hole else value

    def _parts(self, text: str, level: int) -> str:
        """The text put into words part by part, where one is known; what stands before a colon is mostly a place."""
        for depth, sign in enumerate(SIGNS[level:], level + 1):
            parts = text.split(sign)
            if len(parts) == 1:
                continue
            if sign == ": ":
                for at in range(1, len(parts)):
                    first, rest = sign.join(parts[:at]), sign.join(parts[at:])
                    if told := self._found(rest, depth) or self._word(rest, NAMED):
                        return f"{self.value(first, NAMED)}: {told}"
                if known := self._word(parts[0], NAMED):
                    return sign.join((known, *map(_with_days, parts[1:])))
            elif any(found := [self._found(one, depth) for one in parts]):
                return sign.join(one or _with_days(part) for one, part in zip(found, parts, strict=True))
        return ""

    def _number(self, text: str) -> str:
        """A number with places as the language writes it; a whole one or a fraction stays to the letter."""
        if not (found := _PLACES.fullmatch(text)):
            return text
        if _AMOUNT.fullmatch(text):
            return self._amount(text)
        return f"{format_decimal(Decimal(found[1]), locale=self.language, decimal_quantization=False)}{found[2]}"

    def _amount(self, text: str) -> str:
        """An amount as the language writes it; other values stay to the letter."""
        if not (found := _AMOUNT.fullmatch(text)):
            return text
        return f"{format_decimal(Decimal(found[1]), '#,##0.00', locale=self.language)}{found[2]}"

    def _word(self, text: str, kinds: Iterable[str]) -> str:
        known = catalog(self.language)
        return next((known[key] for kind in kinds if (key := f"{kind}.{text}") in known), "")
