"""DATEV booking batch (EXTF, category 21 Buchungsstapel, format version 13): a journal for the adviser's bookkeeping.

A head line of 31 fields, a line of 125 column names, then a booking a line: amount with decimal comma and without sign,
S for a debit of the account, both accounts, day and month, a reference and a text. Windows-1252, CRLF, texts in quotes.
The form was observed in public programs that write it, the 31 fields of the head one by one (format, version, category,
name, version, made on, -, origin, by, -, adviser, client, year, account length, from, to, title, initials, 1 for
bookkeeping, 0 for any purpose, fixed, currency, -, -, -, -, chart, -, -, -, -). DATEV's own description needs a login,
and no file was imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from benehub.errors import DataError, FormatError
from benehub.formats.datev_text import ENCODING, Characters, to_cp1252

MAX_BOOKINGS = 99_999
"""More than that is refused by the programs that take the file."""
TEXT, REFERENCE, NAME = 60, 36, 30
"""Longest booking text, reference and name of a batch."""

COLUMNS: tuple[str, ...] = (
    "Umsatz (ohne Soll/Haben-Kz)", "Soll/Haben-Kennzeichen", "WKZ Umsatz", "Kurs", "Basisumsatz", "WKZ Basisumsatz",
    "Konto", "Gegenkonto (ohne BU-Schlüssel)", "BU-Schlüssel", "Belegdatum", "Belegfeld 1", "Belegfeld 2", "Skonto",
    "Buchungstext", "Postensperre", "Diverse Adressnummer", "Geschäftspartnerbank", "Sachverhalt", "Zinssperre",
    "Beleglink",
    *(f"Beleginfo - {part} {number}" for number in range(1, 9) for part in ("Art", "Inhalt")),
    "KOST1 - Kostenstelle", "KOST2 - Kostenstelle", "Kost Menge", "EU-Land u. USt-IdNr.", "EU-Steuersatz",
    "Abw. Versteuerungsart", "Sachverhalt L+L", "Funktionsergänzung L+L", "BU 49 Hauptfunktionstyp",
    "BU 49 Hauptfunktionsnummer", "BU 49 Funktionsergänzung",
    *(f"Zusatzinformation - {part} {number}" for number in range(1, 21) for part in ("Art", "Inhalt")),
    "Stück", "Gewicht", "Zahlweise", "Forderungsart", "Veranlagungsjahr", "Zugeordnete Fälligkeit", "Skontotyp",
    "Auftragsnummer", "Buchungstyp", "USt-Schlüssel (Anzahlungen)", "EU-Mitgliedstaat (Anzahlungen)",
    "Sachverhalt L+L (Anzahlungen)", "EU-Steuersatz (Anzahlungen)", "Erlöskonto (Anzahlungen)", "Herkunft-Kz",
    "Leerfeld", "KOST-Datum", "SEPA-Mandatsreferenz", "Skontosperre", "Gesellschaftername", "Beteiligtennummer",
    "Identifikationsnummer", "Zeichnernummer", "Postensperre bis", "Bezeichnung SoBil-Sachverhalt",
    "Kennzeichen SoBil-Buchung", "Festschreibung", "Leistungsdatum", "Datum Zuord. Steuerperiode", "Fälligkeit",
    "Generalumkehr", "Steuersatz", "Land", "Abrechnungsreferenz", "BVV-Position",
    "EU-Mitgliedstaat u. UStID (Ursprung)", "EU-Steuersatz (Ursprung)", "Abw. Skontokonto",
)  # fmt: skip
"""Names of the columns in their order."""

_REFERENCE = re.compile(r"[A-Za-z0-9$&%*+\-/]*")


@dataclass(frozen=True, slots=True)
class BatchHead:
    """Whose batch it is and which days it covers.

    Raises:
        DataError: numbers outside their range, or days outside one business year.
    """

    consultant: int
    client: int
    year_starts: date
    """First day of the business year."""
    first: date
    last: date
    """Last day of the batch."""
    created: datetime
    name: str
    account_length: int = 4
    currency: str = "EUR"
    final: bool = False
    """Whether the bookings are to be fixed (Festschreibung): nobody may change them there."""

    def __post_init__(self) -> None:
        for name, low, high in (("consultant", 1001, 9_999_999), ("client", 1, 99_999), ("account_length", 4, 8)):
            if not low <= getattr(self, name) <= high:
                raise DataError(f"{name} is {getattr(self, name)}", where="DATEV head", mend=f"{low} to {high}")
        end = self.year_starts.replace(year=self.year_starts.year + 1)
        if not self.year_starts <= self.first <= self.last < end:
            raise DataError(
                f"{self.first} to {self.last} is not within the business year from {self.year_starts}",
                where="DATEV head", mend="One file holds days of one business year",
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Booking:
    """One booking: `amount` in minor units from `credit` to `debit`.

    Raises:
        DataError: an amount of zero or less, an account that is no number, a reference with other characters.
    """

    day: date
    debit: str
    credit: str
    amount: int
    reference: str
    text: str

    def __post_init__(self) -> None:
        if not 0 < self.amount <= 999_999_999_999:
            raise DataError("the amount of a booking is not above zero", where=self.reference, mend="Swap the accounts")
        for account in (self.debit, self.credit):
            if re.fullmatch(r"[0-9]{1,9}", account) is None:
                raise DataError(f"account {account[:12]!r} is no number", where=self.reference, mend="Up to 9 digits")
        if _REFERENCE.fullmatch(self.reference) is None or len(self.reference) > REFERENCE:
            raise DataError(
                f"reference {self.reference[:40]!r}", where="DATEV booking",
                mend="Letters, digits and $ & % * + - /, 36 at most",
            )  # fmt: skip


def render(head: BatchHead, bookings: Iterable[Booking]) -> Iterator[bytes]:
    """The file, a line a piece.

    Raises:
        DataError: a day outside the batch, an account too long, too many bookings, or a text that cp1252 lacks.
    """
    yield _line(_head(head))
    yield _line(COLUMNS)
    for number, one in enumerate(bookings, 1):
        if number > MAX_BOOKINGS:
            raise DataError(f"more than {MAX_BOOKINGS} bookings", where="DATEV batch", mend="Export fewer days at once")
        if not head.first <= one.day <= head.last:
            raise DataError(f"{one.day} is outside the batch", where=one.reference, mend="Widen the batch")
        if any(len(account.lstrip("0")) > head.account_length for account in (one.debit, one.credit)):
            raise DataError(
                f"account {one.debit} or {one.credit} has more than {head.account_length} digits",
                where=one.reference, mend="Mend books.accounts or books.datev.account_length in the plan book",
            )  # fmt: skip
        cells = [""] * len(COLUMNS)
        cells[0], cells[1], cells[2] = f"{one.amount // 100},{one.amount % 100:02d}", '"S"', _quoted(head.currency, 3)
        cells[6], cells[7], cells[9] = one.debit, one.credit, f"{one.day:%d%m}"
        cells[10], cells[13] = _quoted(one.reference, REFERENCE), _quoted(one.text, TEXT)
        if head.final:
            cells[_FIXED] = "1"
        yield _line(cells)


_FIXED = COLUMNS.index("Festschreibung")


def _head(head: BatchHead) -> list[str]:
    created = f"{head.created:%Y%m%d%H%M%S}{head.created.microsecond // 1000:03d}"
    return [
        '"EXTF"', "700", "21", '"Buchungsstapel"', "13", created, "", '"BH"', '"benehub"', '""',
        str(head.consultant), str(head.client), f"{head.year_starts:%Y%m%d}", str(head.account_length),
        f"{head.first:%Y%m%d}", f"{head.last:%Y%m%d}", _quoted(head.name, NAME), '""', "1", "0",
        "1" if head.final else "0", _quoted(head.currency, 3), "", '""', "", "", '""', "", "", '""', '""',
    ]  # fmt: skip


def _quoted(text: str, longest: int) -> str:
    return '"' + text[:longest].replace('"', '""') + '"'


def _line(cells: Iterable[str]) -> bytes:
    return to_cp1252(";".join(cells), Characters.REFUSE).encode(ENCODING) + b"\r\n"


@dataclass(frozen=True, slots=True)
class Batch:
    """A file read back."""

    head: BatchHead
    bookings: tuple[Booking, ...]


def parse(data: bytes) -> Batch:
    """The batch in a file of ours or another's: bookings on the credit side are turned round.

    Raises:
        FormatError: it is none, or a line is not as described.
    """
    try:
        lines = data.decode(ENCODING).split("\r\n")
    except UnicodeDecodeError as error:
        raise FormatError("not Windows-1252", where=f"byte {error.start}", mend="Ask for the file again") from None
    top = _cells(lines[0])
    if len(top) < 22 or top[0] not in ("EXTF", "DTVF") or top[2] != "21":
        raise FormatError("not a DATEV booking batch", where="line 1", mend="EXTF, category 21")
    try:
        head = BatchHead(
            int(top[10]), int(top[11]), _day(top[12]), _day(top[14]), _day(top[15]),
            datetime.strptime(top[5] + "000", "%Y%m%d%H%M%S%f"), top[16], int(top[13]), top[21], top[20] == "1",  # noqa: DTZ007  # the file has no zone
        )  # fmt: skip
        bookings = tuple(
            _booking(_cells(line), head, number) for number, line in enumerate(lines[2:], 3) if line.strip()
        )
    except ValueError:
        raise FormatError("a number or day is not as described", where="line 1", mend="EXTF, version 700") from None
    return Batch(head, bookings)


def _booking(cells: list[str], head: BatchHead, number: int) -> Booking:
    where = f"line {number}"
    if len(cells) < 14 or re.fullmatch(r"\d{1,10},\d{2}", cells[0]) is None or cells[1] not in ("S", "H"):
        raise FormatError("amount or side is not as described", where=where, mend="As 12,50 and S or H")
    if re.fullmatch(r"\d{3,4}", cells[9]) is None:
        raise FormatError("no day and month", where=where, mend="As 3101")
    day, month = int(cells[9][:-2]), int(cells[9][-2:])
    year = head.first.year if month >= head.first.month else head.last.year
    debit, credit = (cells[6], cells[7]) if cells[1] == "S" else (cells[7], cells[6])
    try:
        return Booking(
            date(year, month, day), debit, credit, int(cells[0].replace(",", "")), cells[10], cells[13]
        )  # fmt: skip
    except (ValueError, DataError) as error:
        told = error.what if isinstance(error, DataError) else "no such day"
        raise FormatError(told, where=where, mend="See DATEV's description of the batch") from None


def _cells(line: str) -> list[str]:
    """The fields of a line; a quote within quotes is doubled."""
    found = re.findall(r'(?:^|;)(?:"((?:[^"]|"")*)"|([^;]*))', line)
    return [quoted.replace('""', '"') or plain for quoted, plain in found]


def _day(text: str) -> date:
    return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007  # a day has no zone
