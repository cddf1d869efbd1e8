"""Text in DATEV's character set: Windows-1252, so a name from beyond it is refused or written without its marks.

Nothing becomes a question mark: what cannot be written is named.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum

from benehub.errors import DataError

ENCODING = "cp1252"


class Characters(StrEnum):
    """What is done with a character that Windows-1252 does not have.

    REFUSE: the text is an error. TRANSLITERATE: the letter is written without its marks (ń as n, ł as l); only what
    has no such letter is an error.
    """

    REFUSE = "refuse"
    TRANSLITERATE = "transliterate"


_PLAIN = {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ħ": "h", "Ħ": "H", "ı": "i", "ŧ": "t", "Ŧ": "T", "ŋ": "n", "ẞ": "SS"}
"""Letters whose marks are part of them, so that they do not come apart."""


def to_cp1252(text: str, policy: Characters) -> str:
    """The text on one line, as Windows-1252 can carry it.

    Raises:
        DataError: a control character, or a character that the policy does not get rid of.
    """
    line = unicodedata.normalize("NFC", " ".join(text.split()))
    if policy is Characters.TRANSLITERATE:
        line = "".join(one if _fits(one) else _plain(one) for one in line)
    wrong = [one for one in line if not _fits(one) or ord(one) < 32 or ord(one) == 127]
    if wrong:
        raise DataError(
            f"{len(wrong)} character{'s' if len(wrong) > 1 else ''} that Windows-1252 does not have, "
            f"the first U+{ord(wrong[0]):04X}",
            mend="Write it in Latin letters, or set `characters: transliterate`",
        )
    return line


def _fits(one: str) -> bool:
    try:
        one.encode(ENCODING)
    except UnicodeEncodeError:
        return False
    return True


def _plain(one: str) -> str:
    """The letter without its marks; as it is where there is none."""
    bare = "".join(part for part in unicodedata.normalize("NFKD", one) if not unicodedata.combining(part))
    known = "".join(_PLAIN.get(part, part) for part in bare)
    return known if known and all(_fits(part) for part in known) else one
