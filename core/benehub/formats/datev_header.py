"""The head of a DATEV LODAS file, [Allgemein]: whose payroll it is for, and how dates and numbers are written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from benehub.errors import DataError, FormatError
from benehub.money import shape

_ENTRY = re.compile(r"[A-Za-z0-9_]{1,40}=(?:[!-~¡-ÿ](?:[ -~¡-ÿ]*[!-~¡-ÿ])?)?")


class DateFormat(StrEnum):
    """How dates are written; declared in the file itself."""

    DOTS = "TT.MM.JJJJ"
    SLASHES = "TT/MM/JJJJ"
    COMPACT = "TTMMJJJJ"
    ISO = "JJJJ-MM-TT"

    def write(self, day: date) -> str:
        """The day in this format."""
        order = (day.year, day.month, day.day)
        return self.replace("JJJJ", f"{order[0]:04d}").replace("MM", f"{order[1]:02d}").replace("TT", f"{order[2]:02d}")

    def read(self, text: str) -> date:
        """The day.

        Raises:
            DataError: it is not written so, or no day.
        """
        pattern = re.escape(self.value).replace("JJJJ", r"(?P<y>[0-9]{4})")
        pattern = pattern.replace("MM", r"(?P<m>[0-9]{2})").replace("TT", r"(?P<d>[0-9]{2})")
        found = re.fullmatch(pattern, text)
        try:
            return date(int(found["y"]), int(found["m"]), int(found["d"])) if found else _no_day(text, self)
        except ValueError:
            return _no_day(text, self)


def _own(name: str) -> bool:
    return name.casefold() not in {"ziel", *(one.casefold() for one in _FIELDS)}


def _no_day(text: str, how: DateFormat) -> date:
    raise DataError(f"not a date (shape {shape(text)!r})", mend=f"Write it as {how}, as the file declares")


@dataclass(frozen=True, slots=True)
class LodasHeader:
    """Section [Allgemein].

    Args:
        adviser: the adviser's number (Beraternummer), 1 to 7 digits.
        client: the client's number with the adviser (Mandantennummer), 1 to 5 digits.
        date_format: how dates of the file are written.
        separator, decimal, quote: between fields, before the decimals, around texts.
        interface_version: Version_SST; empty to leave it out.
        valid_from: day from which master data of the file hold.
        others: further entries, kept as they stand.

    Raises:
        DataError: a number that is none, or marks that cannot be told apart.
    """

    adviser: str
    client: str
    date_format: DateFormat = DateFormat.DOTS
    separator: str = ";"
    decimal: str = ","
    quote: str = "'"
    interface_version: str = "1.0"
    valid_from: date | None = None
    others: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        what = ""
        if not re.fullmatch(r"[0-9]{1,7}", self.adviser):
            what = "BeraterNr is not 1 to 7 digits"
        elif not re.fullmatch(r"[0-9]{1,5}", self.client):
            what = "MandantenNr is not 1 to 5 digits"
        elif self.decimal not in (",", "."):
            what = "Zahlenkomma is neither , nor ."
        elif self.separator not in (";", "|", ","):
            what = "Feldtrennzeichen is none of ; | ,"
        elif self.quote not in ("'", '"', ""):
            what = "Stringbegrenzer is neither ' nor a double quote"
        elif len({self.separator, self.decimal, self.quote}) < 3:
            what = "Feldtrennzeichen, Zahlenkomma and Stringbegrenzer are not three different marks"
        elif not re.fullmatch(r"[0-9.]{0,10}", self.interface_version):
            what = "Version_SST is no version"
        elif not all(_ENTRY.fullmatch(f"{name}={value}") and _own(name) for name, value in self.others.items()):
            what = "a further entry is no `name=value` of its own, on one line of Latin letters"
        if what:
            raise DataError(what, where="[Allgemein]", mend="Ask the adviser who runs the payroll")


_FIELDS = {
    "BeraterNr": "adviser",
    "MandantenNr": "client",
    "Datumsformat": "date_format",
    "Feldtrennzeichen": "separator",
    "Zahlenkomma": "decimal",
    "Stringbegrenzer": "quote",
    "Version_SST": "interface_version",
    "StammdatenGueltigAb": "valid_from",
}
_MARKS = ("separator", "decimal", "quote")


def header_lines(header: LodasHeader) -> Iterator[str]:
    """The section, without line ends."""
    yield "[Allgemein]"
    yield "Ziel=LODAS"
    for name, field_name in _FIELDS.items():
        value = getattr(header, field_name)
        if isinstance(value, date):
            value = header.date_format.write(value)
        if value not in ("", None):
            yield f"{name}={value}"
    for name, value in header.others.items():
        yield f"{name}={value}"


def read_header(entries: Mapping[str, str], line: int) -> LodasHeader:
    """The section from its entries; `line` is where it begins.

    Raises:
        FormatError: the file is not for LODAS, an entry is missing or means nothing.
    """
    where = f"row {line}, [Allgemein]"
    known = {name.casefold(): field_name for name, field_name in _FIELDS.items()}
    values: dict[str, str] = {"quote": "", "interface_version": ""}
    others: dict[str, str] = {}
    for name, value in entries.items():
        if name.casefold() in known:
            values[known[name.casefold()]] = value if known[name.casefold()] in _MARKS else value.strip()
        elif name.casefold() != "ziel":
            others[name] = value
    target = next((value for name, value in entries.items() if name.casefold() == "ziel"), "")
    if target.strip().upper() != "LODAS":
        raise FormatError("the file is not for LODAS", where=where, mend="Write Ziel=LODAS", position=line)
    if missing := [name for name in ("BeraterNr", "MandantenNr") if _FIELDS[name] not in values]:
        raise FormatError(f"no {missing[0]}", where=where, mend="Ask the adviser who runs the payroll", position=line)
    how = values.pop("date_format", DateFormat.DOTS.value)
    if how not in set(DateFormat):
        mend = f"Declare one of {', '.join(DateFormat)}"
        raise FormatError("Datumsformat is none that is known", where=where, mend=mend, position=line)
    since = values.pop("valid_from", "")
    try:
        start = DateFormat(how).read(since) if since else None
        return LodasHeader(**values, date_format=DateFormat(how), valid_from=start, others=others)
    except DataError as error:
        raise FormatError(error.what, where=where, mend=error.mend, position=line) from None
