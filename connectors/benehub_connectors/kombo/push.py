"""The push into DATEV: a pay date's bookings are prepared for each employee, then Kombo makes the adviser's files.

What is to be told stands whole in one file of the hub, frozen before the first call. This mailbox delivers it: it
prepares every employee (a PUT, harmless to repeat) and pushes the month once. DATEV tells nothing back, but Kombo keeps
what it pushed for two months. So before a push it is looked whether these very bookings are there already, and a month
of which other files are there is left to a person: whether Kombo repeats them in the next push it does not say, and
DATEV books twice what is imported twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from benehub.connect import jsontext
from benehub.connect.connector import Envelope, FileOut, Item
from benehub.connect.content import Content, whole
from benehub.connect.figures import needed, parts, text
from benehub.connect.files import RemoteFile
from benehub.connect.http import VendorClient
from benehub.connect.jsontext import NumberText
from benehub.connect.messages import change, path, read
from benehub.connect.verdict import unavailable
from benehub.errors import ConfigError, DataError, NeedsPersonError, ReauthNeeded, VendorUnavailable
from benehub.money import format_minor
from benehub.periods import Month
from benehub_connectors.datev.bookings import one_pay_date, wage_type_of
from benehub_connectors.kombo.answers import REFUSALS, Row, moment, refuse, send
from benehub_connectors.kombo.settings import Datev, KomboSettings

KIND = "kombo-datev"

_DEAD = frozenset({"FAILED", "CORRUPTED", "DELETED", "AUTO_DELETED"})
"""States of a file that no adviser can import any more."""


@dataclass(frozen=True, slots=True)
class Push:
    """A push that Kombo keeps: its id, when it was, and the files of it that may still be imported."""

    id: str
    at: datetime
    files: tuple[str, ...]

    @property
    def months(self) -> frozenset[str]:
        """The payroll months of its files; none where their form is not known."""
        return _months(self.files)


def render_push(items: Sequence[Item], envelope: Envelope, settings: KomboSettings) -> FileOut:
    """The file that says what `items`, all of one pay date, come to for each employee.

    Raises:
        ConfigError: the settings name no push into DATEV.
        DataError: as `one_pay_date`; a code without wage type; a correction, which only says a difference.
    """
    datev = _datev(settings)
    lines = one_pay_date(items, envelope)
    first = lines[0][1]
    if first.correction:
        raise DataError(
            "a correction says the difference, and Kombo takes what an employee's month comes to as a whole",
            where=envelope.reference, mend="Tell the adviser the difference, or push it by a connection of `datev`",
        )  # fmt: skip
    sums: dict[tuple[str, int, int], int] = {}
    for name, line in lines:
        how = wage_type_of(name, line, datev.wage_types)
        key = (_employee(line.employee, datev), how.number, how.key)
        sums[key] = sums.get(key, 0) + (-line.amount_minor if how.negate else line.amount_minor)
    month = Month.of(first.pay_date)
    start = moment(datetime(month.year, month.month, 1, tzinfo=UTC))
    people: dict[str, list[dict[str, Any]]] = {}
    totals: Counter[str] = Counter()
    for (employee, number, key_), value in sorted(sums.items()):
        if value:
            amount = NumberText(format_minor(value, "EUR"))
            booking = {"amount": amount, "lohnart": number, "bearbeitungsschluessel": key_}
            people.setdefault(employee, []).append(booking)
            totals[f"wage_type_{number}_minor"] += value
    told = {
        "created": envelope.created.astimezone(UTC).isoformat(timespec="seconds"), "payroll_month": start,
        "employees": [
            {"employee": one, "prepare": {"payroll_run": {"date": start}, "hourly_payments": [], "fixed_payments": [],
                                          "custom_lodas": bookings}}
            for one, bookings in people.items()
        ],
    }  # fmt: skip
    rows = sum(map(len, people.values()))
    name = f"kombo-datev-{month}-{envelope.control:06d}.json"
    return FileOut(name, jsontext.dump(told).encode(), KIND, {"rows": rows, **totals})


def _datev(settings: KomboSettings) -> Datev:
    if settings.datev is None:
        raise ConfigError(
            "this integration is not set up for a push into DATEV", where="settings", mend="Add `datev` with wage_types"
        )
    return settings.datev


def _employee(told: str, datev: Datev) -> str:
    return f"remote:{told}" if datev.employee_by == "remote" else told


class KomboMailbox:
    """Delivers the files of a push. It takes nothing in, and shows of what it has only what it delivered itself."""

    def __init__(self, client: VendorClient) -> None:
        self._client = client
        self._seen: dict[str, int] = {}

    def list(self, pattern: str) -> list[RemoteFile]:
        """What was delivered or found there by this very object."""
        return [RemoteFile(name, size) for name, size in sorted(self._seen.items()) if fnmatchcase(name, pattern)]

    def read(self, name: str) -> bytes:
        """Never: Kombo keeps files of its own form.

        Raises:
            DataError: always.
        """
        raise DataError("Kombo gives nothing back of a push", where=name, mend="See `dispatches show`: it is kept here")

    def put(self, name: str, data: Content) -> str:
        """Prepare and push; gives what Kombo calls it, or the push in which these bookings were found.

        Raises:
            NeedsPersonError: files of this month are there already and are others.
            ReauthNeeded: DATEV does not let Kombo write.
            DataError: an employee or a booking is refused; nothing was pushed.
            VendorUnavailable: the push may have happened, if `was_sent`.
        """
        data = whole(data)
        told = jsontext.parse(data)
        bookings, month = list(_bookings(told)), str(told["payroll_month"])[:7]
        made = datetime.fromisoformat(told["created"])
        pushes = self._pushes()
        there = [one for one in pushes if one.at >= made and month in one.months and _holds(one.files, bookings)]
        if there:
            self._seen[name] = len(data)
            return there[0].id
        for one in pushes:
            if month in one.months or (one.at >= made and not one.months):
                what = "files of this month" if one.months else "files of a month that cannot be told"
                raise NeedsPersonError(
                    f"Kombo has pushed {what} already ({one.id})", where=name,
                    mend="Let the adviser delete them in DATEV before they are imported, then `dispatches resend`",
                )  # fmt: skip
        self._permitted()
        for one in told["employees"]:
            self._prepare(one)
        return self._push(name, data, str(told["payroll_month"]))

    def archive(self, name: str) -> str:
        """Never: nothing lies here.

        Raises:
            DataError: always.
        """
        raise DataError("nothing lies in Kombo to be archived", where=name, mend="Leave it")

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _pushes(self) -> Sequence[Push]:
        data = send(self._client, read("/custom/datev/data-pushes", accept=REFUSALS))
        found = []
        for one in parts(data, "data_pushes"):
            if text(one, "type") == "PAYROLL":
                live = [job for job in parts(one, "upload_jobs") if text(job, "state") not in _DEAD]
                at = datetime.fromisoformat(needed(one, "created_at").replace("Z", "+00:00"))
                found.append(Push(needed(one, "id"), at, tuple(text(job, "file") for job in live)))
        return [one for one in found if one.files]

    def _permitted(self) -> None:
        data = send(self._client, read("/custom/datev/check-write-permission", accept=REFUSALS))
        if data.get("ready") is not True:
            raise ReauthNeeded(
                "DATEV does not let Kombo write for this employer", where="kombo",
                mend="Let the adviser grant it in DATEV, then `benehub dispatches resend`",
            )  # fmt: skip

    def _prepare(self, one: Row) -> None:
        where = path("/custom/datev/employees/{id}/prepare-payroll", id=str(one["employee"]))
        try:
            refuse(self._client.send(change("PUT", where, one["prepare"], accept=REFUSALS)))
        except VendorUnavailable as error:
            # What is prepared is replaced by the next try, and nothing has been pushed.
            raise unavailable(error.what, where=error.where, sent=False) from None

    def _push(self, name: str, data: bytes, month: str) -> str:
        response = self._client.send(
            change("POST", "/custom/datev/push-data/payroll", {"payroll_month": month}, accept=REFUSALS)
        )
        refuse(response)
        self._seen[name] = len(data)
        inner = response.data.get("data") if isinstance(response.data, Mapping) else None
        files = parts(inner, "files") if isinstance(inner, Mapping) else []
        return ", ".join(text(one, "name") for one in files)[:200] or "pushed"


def _bookings(told: Row) -> Iterator[tuple[str, str]]:
    """Wage type and amount with a decimal comma, as DATEV's files write them."""
    for one in told["employees"]:
        for booking in one["prepare"]["custom_lodas"]:
            yield str(booking["lohnart"]), str(booking["amount"]).replace(".", ",")


def _holds(files: Iterable[str], bookings: Sequence[tuple[str, str]]) -> bool:
    """Whether each booking has a line of its own in these files, whatever the order of its fields."""
    lines = Counter(
        pair
        for file in files
        for line in file.splitlines()
        for fields in [{one.strip(" '\"") for one in line.split(";")}]
        for pair in set(bookings)
        if pair[0] in fields and pair[1] in fields
    )
    return bool(bookings) and all(lines[pair] >= count for pair, count in Counter(bookings).items())


_MONTHS = re.compile(
    r"(?<!\d)01[./](?P<m1>\d\d)[./](?P<y1>20\d\d)(?!\d)|(?<!\d)(?P<y2>20\d\d)-(?P<m2>\d\d)-01(?!\d)"
    r"|(?<![\d./])(?P<m3>\d\d)[./](?P<y3>20\d\d)(?!\d)"
)
"""A payroll month in the forms that were seen: its first day, or month and year."""


def _months(files: Iterable[str]) -> frozenset[str]:
    """The months that files speak of, as `2026-11`."""
    return frozenset(
        f"{one['y1'] or one['y2'] or one['y3']}-{one['m1'] or one['m2'] or one['m3']}"
        for file in files
        for one in _MONTHS.finditer(file)
    )
