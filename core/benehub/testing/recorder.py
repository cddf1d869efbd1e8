"""Records a vendor's answers as samples, with made-up values in the place of everybody's.

What stays is form: field names, what is named like a count or a cursor of pages, true and false, and the words of the
fields that are named. All else becomes a value of the same shape, the same one wherever it stands in this recording, so
that ids still lead where they led; dates move together by a number of days that is thrown away. What one answer said of
somebody is replaced in every address, also in those that were asked before it: so addresses are made when all answers
are known. Until then calls are held in memory, and nowhere else.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import pydantic

from benehub.connect import jsontext
from benehub.connect.connector import Page
from benehub.connect.testing import WireRequest, WireResponse, network
from benehub.errors import DataError

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_WORDS = re.compile(r"(\d{4}-\d{2}-\d{2}|[^\W_]+)")
"""What a parameter's value is made of: dates and words, signs between them."""
_MOST_NESTED = 4
"""Links within a link, at most, that are taken apart."""
_MOST_WORDS = 16
"""Words of what an answer said, at most, that are looked for within a longer value."""
_PRIVATE = re.compile(r"[^\s,;\"'<>()=&?/]+@[^\s,;\"'<>()=&?/]+|(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)")
"""Mail addresses and SSNs: somebody's wherever they stand."""
_QUOTED = re.compile(r"'((?:[^']|'')*)'")
"""A value of an OData filter; a quote within it is doubled."""
_LINK = re.compile(r"(https?://[^/?#]+)?([^?#]*)(?:\?([^#]*))?")
_PAGING = re.compile(
    r"(next|prev|previous|first|last|current)?_?(page|cursor|link)(_?(size|number|count|token))?|next|per(_?page)?|total"
    r"(_?(count|pages|items|elements|results))?|start_?index|items_?per_?page|count|limit|offset|has_?more"
    r"|has_?next(_?page)?|size",
    re.IGNORECASE,
)
"""Names of fields by which a list is paged through."""
_ASKED_PAGING = re.compile(r"\$?(top|skip|after|before|per)|page.*", re.IGNORECASE)
"""Further names of a query's parameters by which it is so."""
_CURSOR = re.compile(r"after|before|next|prev(ious)?|.*(cursor|token|link)", re.IGNORECASE)
"""Of these, names whose value may be a row's id."""
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
        """What is replaced in answers: where it stands in an address, it is somebody's there too."""
        self._cursors: set[str] = set()
        """What answers said by the name of a cursor: it stays, or pages would no longer lead on."""
        self._heard_raw: list[tuple[WireRequest, WireResponse, Any]] = []

    @property
    def exchanges(self) -> list[dict[str, Any]]:
        """What was heard so far, with made-up values; made anew, as each answer may say more of what was asked."""
        return [self._exchange(*one) for one in self._heard_raw]

    def transport(self) -> Any:
        """The network, listened to."""
        return network(self._heard)

    def _heard(self, asked: WireRequest, got: WireResponse) -> None:
        if any(word in asked.path.lower() for word in _TOKEN_WORDS):
            return  # credentials are no sample
        if len(self._heard_raw) >= MAX_EXCHANGES:
            raise DataError(f"more than {MAX_EXCHANGES} answers", mend="Record fewer streams, or a smaller account")
        try:
            told = jsontext.parse(got.body)
        except ValueError:
            where = self._path(asked.path)
            raise DataError("an answer is no JSON", where=where, mend="Write its sample by hand") from None
        self._listen(told)
        headers = {name: value for name, value in got.headers.items() if name == "link"}
        self._heard_raw.append(
            (WireRequest(asked.method, asked.path, asked.query), WireResponse(got.status, headers), told)
        )

    def _listen(self, value: Any, name: str = "") -> None:
        """Take in what an answer says of somebody."""
        if isinstance(value, dict):
            for key, one in value.items():
                self._listen(one, key)
        elif isinstance(value, list):
            for one in value:
                self._listen(one, name)
        elif value is not None and not isinstance(value, bool) and name not in self._keep:
            text = str(value)
            if _PAGING.fullmatch(name):
                self._cursors.add(text)
                return
            self._said |= {text, text.strip(" +-_.,;:/()#")} - {""}
            if found := _DATE.match(text):
                self._said.add(found[0])

    def _exchange(self, asked: WireRequest, got: WireResponse, told: Any) -> dict[str, Any]:
        search = {"search": True} if asked.method == "POST" else {}
        made = {"call": self._call(asked), "status": got.status, **search, "json": self.scrubbed(told)}
        if "link" in got.headers:
            link = re.sub(r"<([^>]*)>", lambda found: f"<{self._kept(found[1])}>", got.headers["link"])
            made["headers"] = {"link": link}
        return made

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
        exchanges = self.exchanges
        if not exchanges:
            raise DataError(
                "no answer came over HTTP", where=str(file),
                mend="A connector of files takes the vendor's own file, with made-up people, into samples/",
            )  # fmt: skip
        told = {"settings": settings.model_dump(mode="json", exclude_defaults=True), "exchanges": exchanges}
        references = {one for one in _strings(told["settings"]) if one.split(":")[0] in ("env", "file", "keyring")}
        told["secrets"] = dict.fromkeys(sorted(references), "kit-secret")
        head = jsontext.dump({name: one for name, one in told.items() if name != "exchanges"}).removesuffix("}")
        lines = ",\n".join(jsontext.dump(one) for one in exchanges)
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
        if value is None or isinstance(value, bool):
            return value
        if name in self._keep or _PAGING.fullmatch(name):
            kept = self._public if name in self._keep else self._kept
            return kept(value) if type(value) is str else value
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

    def _public(self, text: str) -> str:
        """A text without the mail addresses and SSNs in it."""
        return _PRIVATE.sub(lambda found: self._text(found[0]), text)

    def _kept(self, text: str) -> str:
        """A cursor as it stands; a link with path and query as they stand in a call, so that it leads there."""
        found = _LINK.fullmatch(text)
        if found is None or not (found[1] or text[:1] == "/" or "?" in text) or text.count("?") > _MOST_NESTED:
            return self._public(text)
        query = self._query(parse_qsl(found[3] or "", keep_blank_values=True))
        return f"{found[1] or ''}{self._path(found[2])}{'?' if query else ''}{query}"

    def _asked(self, name: str, value: str) -> str:
        """A parameter's value: what answers have said of somebody is replaced as there, and so are mail and SSN."""
        if name in self._keep:
            return self._public(value)
        if _PAGING.fullmatch(name) or _ASKED_PAGING.fullmatch(name):
            row = _CURSOR.fullmatch(name) and value in self._said and value not in self._cursors
            return self._text(value) if row else self._kept(value)
        if value in self._said and self._tells(name, value):
            return self._text(value)
        parts = _QUOTED.split(value)
        for at, part in enumerate(parts):
            if at % 2:
                within = self._words(name, part.replace("''", "'"))
                parts[at] = "'" + within.replace("'", "''") + "'"
            else:
                parts[at] = self._words(name, part)
        return "".join(parts)

    @staticmethod
    def _tells(name: str, text: str) -> bool:
        """Whether it can be of somebody alone: a short number or flag is as of anybody, `E1` is not."""
        mixed = not text.isdigit() and not text.isalpha()
        return len(text) >= 3 or mixed or name.lower().endswith(("id", "ids"))

    def _words(self, name: str, text: str) -> str:
        """A text with all in it replaced that answers have said, the longest first."""
        made, pieces = "", _PRIVATE.split(text)
        private = _PRIVATE.findall(text)
        for at, piece in enumerate(pieces):
            made += self._spoken(name, _WORDS.split(piece))
            made += self._text(private[at]) if at < len(private) else ""
        return made

    def _spoken(self, name: str, parts: list[str]) -> str:
        """Words, at each second place, and what is between them, with those replaced that answers have said."""
        made, at = parts[0], 1
        while at < len(parts):
            ends = range(min(at + 2 * _MOST_WORDS, len(parts)) - 1, at, -2)
            runs = ((end, "".join(parts[at:end])) for end in ends)
            end, run = next(
                (one for one in runs if one[1] in self._said and self._tells(name, one[1])), (at + 1, "")
            )  # fmt: skip
            made += (self._text(run) if run else parts[at]) + parts[end]
            at = end + 1
        return made

    def _call(self, asked: WireRequest) -> str:
        """Method, path and query."""
        query = self._query(asked.query)
        return f"{asked.method} {self._path(asked.path)}{'?' if query else ''}{query}"

    def _query(self, asked: Iterable[tuple[str, str]]) -> str:
        return "&".join(f"{quote(name)}={quote(self._asked(name, value), safe=':,')}" for name, value in asked)

    def _path(self, path: str) -> str:
        """Parts with a digit are ids, which are replaced as in the bodies; so is a mail address."""
        return "/".join(
            quote(self._text(unquote(part)), safe="")
            if (re.search(r"\d", part) and not re.fullmatch(r"v[\d_.]+", part)) or "@" in unquote(part)
            else part
            for part in path.split("/")
        )


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
    elif isinstance(value, str):
        yield value
