"""The texts of the pages: one catalog a language, out of its folder of `web/texts`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, Final

from benehub import shipped

LANGUAGES: Final = ("en", "de")
"""The first is what somebody gets who asks for none of them."""


@lru_cache(maxsize=len(LANGUAGES))
def catalog(language: str) -> Mapping[str, str]:
    """All texts of a language by `file.key.key`."""
    found: dict[str, str] = {}
    for file in sorted((resources.files("benehub.web.texts") / language).iterdir(), key=lambda one: one.name):
        if file.name.endswith(".yaml"):
            _flatten(file.name.removesuffix(".yaml"), shipped.parse(file.read_text(encoding="utf-8")), found)
    return found


def _flatten(prefix: str, value: Any, into: dict[str, str]) -> None:
    if isinstance(value, dict):
        for name, one in value.items():
            _flatten(f"{prefix}.{name}", one, into)
    else:
        into[prefix] = str(value)


def chosen(asked: str, accepted: str) -> str:
    """The language of a page: what the reader chose, else the first that his browser accepts."""
    if asked in LANGUAGES:
        return asked
    for part in accepted.split(","):
        code = part.split(";")[0].strip().lower()[:2]
        if code in LANGUAGES:
            return code
    return LANGUAGES[0]
