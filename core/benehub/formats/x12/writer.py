"""The X12 segment writer and its character policy.

X12 has no escape: a delimiter in a name would silently become structure. So every element passes here, and
what cannot be carried is replaced or refused before a byte is written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from benehub.errors import FormatError
from benehub.formats.x12.kernel import Delimiters, Element, Elements
from benehub.formats.x12.lines import MARKS, Lines, elements_of, put

_LETTERS = str.maketrans(
    {
        "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l",
        "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ı": "i", "ħ": "h",
        "Ħ": "H", "‘": "'", "’": "'", "ʼ": "'", "ʻ": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‐": "-",
        "‑": "-", "…": "...", "\u200b": "", "\ufeff": "", "\u00ad": "",
    }
)  # fmt: skip

_EDGE = re.compile(r" (?:(?<![^\t\n\v\f] )|(?=[\t\n\v\f]))")
"""A blank at the edge of a part of a line."""

_HOLLOW = re.compile(r"\v[\t\n\f]")
"""A composite whose last component is empty."""


@dataclass(frozen=True, slots=True)
class CharacterPolicy:
    """What a trading partner lets through.

    Args:
        upper_case: write capitals only (X12's basic character set; the safe choice).
        transliterate: write é as e and ß as ss; false refuses any character outside ASCII. A letter that has
            no rule is refused either way: a name is never blanked out.
        replace: a delimiter or control character inside data becomes a blank; false refuses it.
    """

    upper_case: bool = True
    transliterate: bool = True
    replace: bool = True


def transliterate(text: str) -> str:
    """ASCII for Latin letters by rule (accents dropped, ligatures spelled out); other letters stay."""
    spelled = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(c for c in spelled if not unicodedata.combining(c))


def _joined(lines: Lines) -> str:
    return "\n".join(lines) + "\n" if lines else ""


def _count(text: str) -> int:
    """How many marks stand in lines."""
    return sum(map(text.count, MARKS))


def _spelling(delimiters: Delimiters, upper_case: bool) -> bytes:
    """How each byte of neutral lines is written: marks as a partner's delimiters, letters as his policy has them."""
    table = bytearray(range(256))
    if upper_case:
        table = bytearray(bytes(table[:128]).upper() + bytes(table[128:]))
    wanted = (delimiters.element, delimiters.terminator, delimiters.component, delimiters.repetition)
    for mark, delimiter in zip(MARKS, wanted, strict=True):
        table[ord(mark)] = ord(delimiter or mark)
    return bytes(table)


class SegmentWriter:
    """Turns elements into segment text; no delimiter ever gets out as data.

    Args:
        line_breaks: put a line feed after each terminator, for partners who want to read along.
    """

    def __init__(
        self,
        delimiters: Delimiters | None = None,
        policy: CharacterPolicy | None = None,
        *,
        line_breaks: bool = False,
    ) -> None:
        self.delimiters = delimiters or Delimiters()
        self.policy = policy or CharacterPolicy()
        self.end = self.delimiters.terminator + ("\n" if line_breaks else "")
        element = re.escape(self.delimiters.element)
        others = re.escape(self.delimiters.component + self.delimiters.repetition + self.delimiters.terminator)
        self._forbidden = re.compile(f"[^ -~]|[{element}{others}]")
        # One search over the joined segment finds whatever needs a closer look; most segments need none.
        self._suspect = re.compile(rf"[^ -~]|[{others}]| {element}|{element} |^ | $")
        structure = {*self.delimiters.element, *self.delimiters.component, *self.delimiters.repetition}
        structure |= {self.delimiters.terminator}
        # Of neutral lines, bytes without these are the marks, and whatever of the data looks like structure.
        self._plain = bytes(code for code in range(32, 127) if chr(code) not in structure)
        self._spelling = _spelling(self.delimiters, self.policy.upper_case)

    def segment(self, elements: Sequence[Element]) -> str:
        """The segment with its terminator; empty elements at the end are left out.

        Raises:
            FormatError: the policy refuses a character, or nothing is left of an element.
        """
        separator = self.delimiters.element
        try:
            text = separator.join(elements)  # type: ignore[arg-type]  # a composite raises TypeError: slow way
        except TypeError:
            text = self._closely(elements)
        else:
            if text.count(separator) != len(elements) - 1 or self._suspect.search(text):
                text = self._closely(elements)
            elif self.policy.upper_case:
                text = text.upper()
        return text.rstrip(separator) + self.end

    def block(self, segments: Sequence[Elements]) -> str:
        """Several segments, to the letter what `segment` makes of each; quicker, as they are looked at together.

        Raises:
            FormatError: see `segment`.
        """
        lines: Lines = []
        text = self.lines(lines, put(lines, segments))
        return "".join(map(self.segment, segments)) if text is None else text

    def lines(self, lines: Lines, marks: int) -> str | None:
        """Segments that are neutral lines, to the letter what `segment` makes of each; None where data holds a mark.

        Args:
            marks: how many marks were put into the lines; those found beyond are data.

        Raises:
            FormatError: see `segment`.
        """
        text = _joined(lines)
        done = self._quickly(text, marks + len(lines))
        if done is None and _count(text) == marks + len(lines):
            return self._mended(lines)
        return done

    def _mended(self, lines: Lines) -> str:
        # Few lines of many are odd: the halves without one are written at once after all.
        if len(lines) == 1:
            return self.segment(elements_of(lines[0]))
        half, parts = len(lines) // 2, []
        for some in (lines[:half], lines[half:]):
            text = _joined(some)
            done = self._quickly(text, _count(text))
            parts.append(self._mended(some) if done is None else done)
        return "".join(parts)

    def _quickly(self, text: str, marks: int) -> str | None:
        """Lines as they are written, where no character needs mending and no delimiter stands in the data."""
        if not text.isascii() or _EDGE.search(text) or (("\v" in text or "\f" in text) and self._odd(text)):
            return None
        raw = text.encode()
        if len(raw.translate(None, self._plain)) != marks:
            return None
        while b"\t\n" in raw:
            raw = raw.replace(b"\t\n", b"\n")
        text = raw.translate(self._spelling).decode("ascii")
        end = self.delimiters.terminator
        return text if end == self.end else text.replace(end, self.end)

    def _odd(self, text: str) -> bool:
        """Whether parts of elements end empty, or repeat where nothing can part repetitions."""
        return _HOLLOW.search(text) is not None or (not self.delimiters.repetition and "\f" in text)

    def _closely(self, elements: Sequence[Element]) -> str:
        tag = str(elements[0])
        return self.delimiters.element.join(
            [self._element(element, tag, index) if element else "" for index, element in enumerate(elements)]
        )

    def _element(self, element: Element, tag: str, index: int) -> str:
        if isinstance(element, str) and element.isalnum() and element.isascii():
            return element.upper() if self.policy.upper_case else element
        place = f"{tag}{index:02d}" if index else tag
        if isinstance(element, str):
            return self.clean(element, place)
        if all(isinstance(part, str) for part in element):
            return self._composite([str(part) for part in element], place)
        repeats = [(part,) if isinstance(part, str) else part for part in element]
        if not self.delimiters.repetition:
            raise FormatError("a repeated element, but no repetition delimiter", where=place)
        return self.delimiters.repetition.join(self._composite(repeat, place) for repeat in repeats)

    def _composite(self, components: Sequence[str], place: str) -> str:
        cleaned = [self.clean(component, place) for component in components]
        return self.delimiters.component.join(cleaned).rstrip(self.delimiters.component)

    def clean(self, text: str, place: str) -> str:
        """One simple value as the policy lets it through; `place` names the element in errors.

        Raises:
            FormatError: see `segment`.
        """
        plain = text
        if not plain.isascii() and self.policy.transliterate:
            plain = transliterate(plain)
        if not plain.isascii():
            raise FormatError(
                "a character has no ASCII spelling", where=place, mend="Enter the legal name in Latin letters"
            )
        # After the transliteration, because a full-width tilde turns into a terminator there.
        if not self.policy.replace and self._forbidden.search(plain):
            raise FormatError("a delimiter or control character in data", where=place, mend="Remove it at the source")
        plain = self._forbidden.sub(" ", plain).strip()
        if text.strip() and not plain:
            raise FormatError("nothing is left of a value", where=place, mend="Mend it at the source")
        return plain.upper() if self.policy.upper_case else plain
