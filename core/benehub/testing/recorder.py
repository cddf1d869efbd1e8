"""Records a vendor's answers as samples, with made-up values in the place of everybody's.

What stays is form: field names, what is named like a count or a cursor of pages, true and false, and the words of the
fields that are named. All else becomes a value of the same shape, the same one wherever it stands in this recording, so
that ids still lead where they led; dates move together by a number of days that is thrown away.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pydantic

from benehub.connect import jsontext
from benehub.connect.connector import Page
from benehub.connect.testing import WireRequest, WireResponse, network
from benehub.errors import DataError

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_PAGING = re.compile(
    r"(next|prev|previous|first|last|current)?_?(page|cursor|link)(_?(size|number|count|token))?|next|per(_?page)?|total"
    r"(_?(count|pages|items|elements|results))?|start_?index|items_?per_?page|count|limit|offset|has_?more"
    r"|has_?next(_?page)?|size",
    re.IGNORECASE,
)
"""Names of fields by which a list is paged through."""
_ASKED_PAGING = re.compile(r"\$?(top|skip|after|before|per)|page.*", re.IGNORECASE)
"""Further names of a query's parameters by which it is so."""
_TOKEN_WORDS = ("token", "secret", "oauth")
MAX_EXCHANGES = 200
"""Answers of one recording at most: samples are for people to look through."""


class Recorder:
    """Keeps what goes over the wire; `keep` names fields whose values are the vendor's words.

    Args:
        keep: names of such fields.
        salt: makes the values; another one each time unless a test gives it.
    """

    def __init__(self, keep: frozenset[str] = frozenset(), salt: bytes = b"") -> None:
        self._keep = keep
        self._salt = salt or secrets.token_bytes(32)
        self._days = 1 + self._number("days") % 3000
        self._said: set[str] = set()
        """What was replaced in answers: where it stands in an address, it is somebody's there too."""
        self.exchanges: list[dict[str, Any]] = []

    def transport(self) -> Any:
        """The network, listened to."""
        return network(self._heard)

    def _heard(self, asked: WireRequest, got: WireResponse) -> None:
        if any(word in asked.path.lower() for word in _TOKEN_WORDS):
            return  # credentials are no sample
        if len(self.exchanges) >= MAX_EXCHANGES:
            raise DataError(f"more than {MAX_EXCHANGES} answers", mend="Record fewer streams, or a smaller account")
        try:
            told = jsontext.parse(got.body)
        except ValueError:
            raise DataError("an answer is no JSON", where=asked.path, mend="Write its sample by hand") from None
        search = {"search": True} if asked.method == "POST" else {}
        exchange = {"call": self._call(asked), "status": got.status, **search, "json": self.scrubbed(told)}
        if "link" in got.headers:
            exchange["headers"] = {"link": self._text(got.headers["link"])}
        self.exchanges.append(exchange)

    def note(self, page: Page) -> None:
        """A page was understood: what cannot be translated is no sample.

        Raises:
            DataError: a row has a problem.
        """
        if problem := next((row.problem for row in page.rows if row.problem), ""):
            raise DataError(f"a row cannot be translated: {problem}", where=page.stream, mend="Mend that first")

    def write(self, file: Path, settings: pydantic.BaseModel) -> None:
        """Write the recording; settings keep their references, which name no secret.

        Raises:
            DataError: nothing was asked over HTTP, or the file cannot be written.
        """
        if not self.exchanges:
            raise DataError(
                "no answer came over HTTP", where=str(file),
                mend="A connector of files takes the vendor's own file, with made-up people, into samples/",
            )  # fmt: skip
        told = {"settings": settings.model_dump(mode="json", exclude_defaults=True), "exchanges": self.exchanges}
        references = {one for one in _strings(told["settings"]) if one.split(":")[0] in ("env", "file", "keyring")}
        told["secrets"] = dict.fromkeys(sorted(references), "kit-secret")
        head = jsontext.dump({name: one for name, one in told.items() if name != "exchanges"}).removesuffix("}")
        lines = ",\n".join(jsontext.dump(one) for one in self.exchanges)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f'{head},"exchanges":[\n{lines}\n]}}\n', encoding="utf-8")
        except OSError as error:
            raise DataError(
                f"the samples cannot be written ({error.strerror or type(error).__name__})", where=str(file),
                mend="Name a file in a folder that this user may write to: --to",
            ) from None  # fmt: skip

    def scrubbed(self, value: Any, name: str = "") -> Any:
        """A JSON value with everybody's values replaced."""
        if isinstance(value, dict):
            return {key: self.scrubbed(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [self.scrubbed(one, name) for one in value]
        if value is None or isinstance(value, bool) or name in self._keep or _PAGING.fullmatch(name):
            return value
        if isinstance(value, jsontext.NumberText):
            return jsontext.NumberText(self._text(value))
        return int(self._text(str(value))) if isinstance(value, int) else self._text(value)

    def _text(self, text: str) -> str:
        """The made-up value of the same shape: letters for letters, digits for digits, dates for dates."""
        if found := _DATE.match(text):
            try:
                moved = date(*map(int, found.groups())) - timedelta(days=self._days)
            except (ValueError, OverflowError):
                return "1980-01-01"
            return moved.isoformat() + text[found.end() :]
        self._said.add(text)
        stream = self._stream(text)
        return "".join(self._sign(one, next(stream), at) for at, one in enumerate(text))

    @staticmethod
    def _sign(sign: str, chance: int, at: int) -> str:
        if sign.isdigit():
            return str(chance % 9 + 1) if at == 0 else str(chance % 10)
        if sign.isalpha():
            letter = "abcdefghijklmnopqrstuvwxyz"[chance % 26]
            return letter.upper() if sign.isupper() else letter
        return sign

    def _stream(self, text: str) -> Iterator[int]:
        block = 0
        while True:
            yield from hmac.digest(self._salt, f"{block}/{text}".encode(), hashlib.sha256)
            block += 1

    def _number(self, text: str) -> int:
        return int.from_bytes(hmac.digest(self._salt, text.encode(), hashlib.sha256)[:4], "big")

    def _asked(self, name: str, value: str) -> str:
        """A parameter's value: what an answer has said of somebody is replaced as there, and so is a mail address."""
        if name in self._keep or _PAGING.fullmatch(name) or _ASKED_PAGING.fullmatch(name):
            return value
        if '"' in value:  # a filter, with the values it compares with in quotes
            return re.sub(r'"([^"]*)"', lambda found: f'"{self._asked(name, found[1])}"', value)
        short = len(value) < 3 and not name.lower().endswith(("id", "ids"))  # a number or a flag, as of anybody
        return self._text(value) if "@" in value or (value in self._said and not short) else value

    def _call(self, asked: WireRequest) -> str:
        """Method, path and query; parts of the path with a digit are ids, and ids are replaced as in the bodies."""
        parts = [
            quote(self._text(unquote(part)), safe="")
            if re.search(r"\d", part) and not re.fullmatch(r"v[\d_.]+", part)
            else part
            for part in asked.path.split("/")
        ]
        query = "&".join(f"{quote(name)}={quote(self._asked(name, value), safe=':,')}" for name, value in asked.query)
        return f"{asked.method} {'/'.join(parts)}{'?' if query else ''}{query}"


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
    elif isinstance(value, str):
        yield value
