"""A plain connector that exchanges files, each of its faults, and the recordkeeper that reads its mailbox."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import benehub
from benehub.formats.delimited import write_delimited
from benehub.testing import Stage
from benehub_connectors.files.inbox import unread

COLUMNS = ("ssn", "last_name", "pay_date", "amount")
CREDIT = (
    "credit_id,ssn,plan,source,pay_date,trade_date,amount\nc1,900110001,ppo,EE_PRETAX,2026-10-30,2026-11-02,128.01\n"
)


class Posting(benehub.FileConnector):
    """Writes contributions, and reads what was credited."""

    name, kind = "posting", benehub.Kind.RECORDKEEPER
    streams: ClassVar[Mapping[str, str]] = {"credit": "incremental"}
    guards: ClassVar = {"contribution.deposit": benehub.Guard.READ_BACK}
    files_out: ClassVar = frozenset(guards)

    def read(self, stream: str, link: benehub.Link, cursor: str | None) -> Iterator[benehub.Page]:
        """A page a file."""
        if stream not in self.streams:
            yield from super().read(stream, link, cursor)
            return
        for mail in unread(link.files(), "in", ["credits*.csv"], cursor):
            yield benehub.Page(stream, self.rows(mail.name, mail.data), mail.data, mail.name, mail.cursor)

    def rows(self, name: str, data: bytes) -> list[benehub.Incoming]:
        """The rows of a file; one that is none is refused."""
        try:
            told = list(csv.DictReader(io.StringIO(data.decode())))
            return [self.row(name, number, one) for number, one in enumerate(told, 1)]
        except (ValueError, KeyError):
            raise benehub.DataError("no credit report", where=f"file {name}", mend="Get it again") from None

    def row(self, name: str, number: int, told: Mapping[str, str]) -> benehub.Incoming:
        """Known by the recordkeeper's own id."""
        fields = {one: told[one] for one in ("credit_id", "ssn", "plan", "source", "pay_date", "trade_date")}
        amount = benehub.parse_minor(told["amount"])
        return benehub.Incoming(told["credit_id"], {**fields, "amount_minor": amount}, row=number)

    def render(
        self, operation: str, items: Sequence[benehub.Item], envelope: benehub.Envelope, settings: Any
    ) -> benehub.FileOut:
        """One row a participant."""
        if operation not in self.files_out:
            raise benehub.Unsupported(f"{self.name} renders no file for {operation}", blocker="us")
        for item in items:
            if "amounts" not in item.content:
                raise benehub.DataError("no amounts", where=item.key, mend="Fill them in")
        minor = [sum(one.content["amounts"].values()) for one in items]
        rows = [
            [*(str(item.content[name]) for name in COLUMNS[:-1]), benehub.format_minor(amount)]
            for item, amount in zip(items, minor, strict=True)
        ]
        totals = {"rows": len(rows), "amount_minor": sum(minor)}
        return benehub.FileOut(f"out/p_{envelope.control:06d}.csv", write_delimited(COLUMNS, rows), "csv", totals)


class Numbered(Posting):
    """Its recordkeeper knows a file again by its number."""

    guards: ClassVar = {"contribution.deposit": benehub.Guard.NATURAL_KEY_UPSERT}


class Altering(Posting):
    """Changes the file it has made."""

    def altered(self, out: benehub.FileOut, envelope: benehub.Envelope) -> benehub.FileOut:
        """In its own way."""
        return out

    def render(
        self, operation: str, items: Sequence[benehub.Item], envelope: benehub.Envelope, settings: Any
    ) -> benehub.FileOut:
        """The file, altered."""
        return self.altered(super().render(operation, items, envelope, settings), envelope)


class Miscounting(Altering):
    """Its control total is a cent too much."""

    def altered(self, out: benehub.FileOut, envelope: benehub.Envelope) -> benehub.FileOut:
        """A cent."""
        return replace(out, totals={**out.totals, "amount_minor": out.totals["amount_minor"] + 1})


class Totalless(Altering):
    """Has no control totals."""

    def altered(self, out: benehub.FileOut, envelope: benehub.Envelope) -> benehub.FileOut:
        """None."""
        return replace(out, totals={})


class OneName(Altering):
    """Writes all files under one name."""

    def altered(self, out: benehub.FileOut, envelope: benehub.Envelope) -> benehub.FileOut:
        """The same."""
        return replace(out, name="out/contributions.csv")


class Naming(Altering):
    """Names a person in the file's name."""

    def altered(self, out: benehub.FileOut, envelope: benehub.Envelope) -> benehub.FileOut:
        """The first of them."""
        return replace(out, name=f"out/alder_{envelope.control}.csv")


class Differing(Altering):
    """Never writes the same bytes again."""

    count = 0

    def altered(self, out: benehub.FileOut, envelope: benehub.Envelope) -> benehub.FileOut:
        """With a number of its own."""
        Differing.count += 1
        return replace(out, content=out.data + str(Differing.count).encode())


class Swallowing(Posting):
    """Writes nothing where something is missing, and says nothing."""

    def render(
        self, operation: str, items: Sequence[benehub.Item], envelope: benehub.Envelope, settings: Any
    ) -> benehub.FileOut:
        """Of those that are whole."""
        return super().render(operation, [one for one in items if "amounts" in one.content], envelope, settings)


class ByFile(Posting):
    """Knows a row by the file it came in."""

    def row(self, name: str, number: int, told: Mapping[str, str]) -> benehub.Incoming:
        """File and line."""
        return replace(super().row(name, number, told), key=f"{name}#{number}")


class Believing(Posting):
    """Takes every file for a report."""

    def rows(self, name: str, data: bytes) -> list[benehub.Incoming]:
        """If all is well."""
        return [self.row(name, number, one) for number, one in enumerate(csv.DictReader(io.StringIO(data.decode())), 1)]


def stage_of(kind: str) -> Callable[[Path], Stage]:
    """The same for every kind."""
    return stage


def stage(folder: Path) -> Stage:
    """A mailbox in a folder, two participants and a credit."""
    for name in ("in", "out"):
        (folder / name).mkdir(exist_ok=True)
    usual = {"plan": "401k", "pay_date": "2026-11-20", "first_name": "Ann", "last_name": "Alder",
             "birth_date": "1980-02-03", "hire_date": "2025-03-01", "compensation_minor": 320000}  # fmt: skip
    items = [
        {
            **usual,
            "person": f"per_{n}",
            "ssn": f"90011000{n}",
            "last_name": "Alder",
            "amounts": {"EE_PRETAX": 12800 + n},
        }
        for n in (1, 2)
    ]

    def deliver() -> None:
        (folder / "in" / "credits_1.csv").write_text(CREDIT)

    return Stage({"place": {"folder": str(folder)}}, items={"contribution.deposit": items}, deliver=deliver)
