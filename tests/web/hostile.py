"""Rows of every stream in which each text is one that a browser would run, and how a page is judged that shows it.

The fields are read off the record classes. Each has a mark of its own, so a page tells which of them it has shown.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import Enum
from html.parser import HTMLParser
from typing import Any, get_args, get_type_hints
from urllib.parse import unquote_plus

from pydantic import ValidationError
from tests.web.conftest import Desk

from benehub import intake
from benehub.connect.connector import Incoming, Page
from benehub.flows.sync import apply_checked
from benehub.records import STREAMS, Record

Field = tuple[str, str]
"""A stream and a field of its rows."""
RUNS = re.compile(r"javascript:|vbscript:|data:", re.I)
GOES = frozenset({"href", "src", "action", "formaction", "xlink:href", "data", "poster", "srcdoc"})
SCRIPTS = frozenset({"/static/vendor/htmx.min.js"})


def takes_text(told: Any) -> bool:
    """Whether an annotation lets a vendor write what it wants, alone or in a list or a table."""
    if isinstance(told, type):
        return issubclass(told, str) and not issubclass(told, Enum)
    return any(takes_text(one) for one in get_args(told))


def fields() -> list[Field]:
    """Every text of every stream, and what a row has beside its record."""
    read = [
        (stream, name)
        for stream, record in STREAMS.items()
        for name, told in get_type_hints(record, include_extras=True).items()
        if name in record.model_fields and takes_text(told)
    ]
    return [*read, *((stream, one) for stream in STREAMS for one in ("row key", "row problem", "row extra"))]


FIELDS = fields()
NUMBERS = {one: number for number, one in enumerate(FIELDS, 1)}


def evil(one: Field) -> str:
    """A text that leaves an attribute and a text alike, short enough for every field, with the field's number.

    Some begin with what a link must not begin with: where a whole address is made of one, it would run.
    """
    number = NUMBERS[one]
    return f"javascript:'\"><i onx=s{number}>" if number % 3 == 0 else f"'\"><i onx=s{number} hx-get=/x>"


def short(one: Field) -> str:
    """The same for a field that takes less."""
    return f"'\"><i onx=s{NUMBERS[one]}>"


def shaped(told: Any, text: str) -> Any:
    """A text as the value of a field of this kind."""
    kinds = {getattr(one, "__origin__", one) for one in (told, *get_args(told))}
    if dict in kinds:
        return {text: text}
    return (text,) if tuple in kinds else text


def worded(stream: str, base: Mapping[str, Any]) -> Iterator[tuple[Field, dict[str, Any] | None]]:
    """Each text field of a stream with a row in which it is hostile; None where the record refuses any such row."""
    record = STREAMS[stream]
    told = get_type_hints(record, include_extras=True)
    for one in FIELDS:
        if one[0] == stream and one[1] in told:
            rows = [{**base, one[1]: shaped(told[one[1]], text)} for text in (evil(one), short(one))]
            yield one, next((row for row in rows if fits(record, row)), None)


def fits(record: type[Record], row: Mapping[str, Any]) -> bool:
    try:
        record.model_validate(row)
    except ValidationError:
        return False
    return True


def take(
    desk: Desk,
    connection: str,
    stream: str,
    base: Mapping[str, Any],
    key: str = "",
    own: Mapping[str, Any] | None = None,
) -> set[Field]:
    """Take in a row for each text field of a stream, and one with all of them at once; gives what the record refuses.

    `key` is the vendor's id of a row that is there already, which the one with everything overwrites, and `own` what
    stays of it.
    """
    rows, refused = dict(worded(stream, base)), set()
    everything = dict(base)
    incoming = [Incoming(f"plain {stream}", dict(base))]
    for one, row in rows.items():
        if row is None:
            refused.add(one)
            continue
        incoming.append(Incoming(f"{stream} {one[1]}", row))
        if one not in KNOWN_WORDS:
            everything[one[1]] = row[one[1]]
    incoming.append(Incoming(key or f"{stream} everything", everything | dict(own or {})))
    beside = [(stream, f"row {one}") for one in ("key", "problem", "extra")]
    incoming.append(Incoming(evil(beside[0]), dict(base), extra={evil(beside[2]): evil(beside[2])}))
    incoming.append(Incoming("untranslated", {}, problem=f"no word for {evil(beside[1])}"))
    numbered = [replace(one, row=number, data=apart(stream, number, one)) for number, one in enumerate(incoming, 1)]
    with desk.store.write(desk.employer) as session:
        batch = intake.open_batch(session, connection, stream, "hostile")
        name = f"{evil(beside[0])}.csv"
        intake.stage(session, batch, Page(stream, numbered, f"hostile {stream}".encode(), name=name))
    counts = apply_checked(desk.hub, desk.employer, batch)
    assert counts["rows"] == len(incoming), (stream, counts)
    assert (counts["applied"] == 0) == (stream in HELD), (stream, counts)
    return refused


def apart(stream: str, number: int, row: Incoming) -> Mapping[str, Any]:
    """The data of a row; an employee without a number of his own gets one, as no two of them are the same."""
    if stream != "employee" or row.data.get("employee_number", "") != "H":
        return row.data
    return {**row.data, "employee_number": f"H{number}", "ssn": f"9001100{number:02}"}


KNOWN_WORDS = frozenset(
    {("employee", "pay_group"), ("pay_calendar", "pay_group"), ("year_total", "item"), ("election", "dependents"),
     ("election", "tobacco_dependents"), ("election", "providers"), ("leave_request", "policy"),
     ("opening_balance", "plan"), ("election", "plan"), ("deferral_change", "plan"), ("employee", "employee_number")}
    | {(stream, "employee") for stream in STREAMS}
)  # fmt: skip
"""What a row is refused for where the hub does not know it: hostile in a row of its own, and never beside the rest."""


HELD = frozenset({"leave_notice"})
"""Streams of which the demo takes nothing: it has no German leave. Their rows wait, and are shown as such."""


class Marked(HTMLParser):
    """What a browser would run on a page, or fetch from elsewhere; and every attribute that htmx acts on."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.acts: set[tuple[str, str]] = set()
        self._inline = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self._inline = tag if tag in ("script", "style") else ""
        if tag == "script" and told.get("src") not in SCRIPTS:
            self.faults.append(f"<script> from {told.get('src')!r}")
        if tag in ("iframe", "object", "embed", "base", "i", "style"):
            self.faults.append(f"<{tag}>")
        for name, value in told.items():
            plain = "".join(value.split())
            if name.startswith("on") or name in ("style", "srcdoc"):
                self.faults.append(f"{tag} {name}={value!r}")
            if name in GOES and (RUNS.match(plain) or not plain.startswith(("/", "#", "?")) or plain.startswith("//")):
                self.faults.append(f"{tag} {name}={value!r} leads elsewhere")
            if name.startswith(("hx-", "data-hx-")):
                self.acts.add((name, value))
                if name in ("hx-get", "hx-post") and (not value.startswith("/") or value.startswith("//")):
                    self.faults.append(f"{tag} {name}={value!r} leads elsewhere")
            if name == "hx-vals" or name.startswith("hx-on"):
                self.faults.append(f"{tag} {name}={value!r}")

    def handle_data(self, data: str) -> None:
        if self._inline and data.strip():
            self.faults.append(f"something within <{self._inline}>")

    def handle_endtag(self, tag: str) -> None:
        self._inline = ""


def shown(page: str) -> set[int]:
    """The numbers of the marks that a page shows, as text or within an address."""
    return {int(one) for one in re.findall(r"<i onx=s(\d+)", unquote_plus(html.unescape(page)))}
