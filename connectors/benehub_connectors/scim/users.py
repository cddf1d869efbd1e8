"""The stream `employee`: every user that the service lists, in pages, later those that it says were changed.

SCIM's pages are without memory (RFC 7644 section 3.4.2.4): somebody who comes or goes in mid-read moves the others.
So a list that grows shorter, or tells a person of the page before again, is not taken for the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from benehub.connect import paging
from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.messages import Response, read
from benehub.connect.verdict import vendor_text
from benehub.errors import ConfigError, DataError, VendorUnavailable
from benehub.hours import parse_hours
from benehub.money import Rounding, round_to_int
from benehub.records import EmploymentClass, Sex
from benehub_connectors.scim.attributes import FILL, MEND, Resource, parse_path
from benehub_connectors.scim.settings import ScimSettings, Translation

STREAM = "employee"
REFUSALS = (400, 404)
"""Statuses that this connector reads itself: a filter, sort or attribute it does not know; no such address."""

GRACE = timedelta(days=2)
"""How long an account may stay active after the last day."""

SEXES = {"f": Sex.FEMALE, "female": Sex.FEMALE, "m": Sex.MALE, "male": Sex.MALE}


def read_users(link: Link, cursor: str | None) -> Iterator[Page]:
    """Pages of employees; the cursor stands on the last one.

    It is the moment of the first answer by the service's own clock (its `Date` header), so that a change made while
    the rest is read comes with the next read. Who is deleted at the service is absent from a full read.

    Raises:
        ConfigError: the service knows no such address, filter, sort or attribute.
        DataError: an answer is no list, or the cursor is none of ours.
        VendorUnavailable: the list moved while it was read.
    """
    settings: ScimSettings = link.settings
    since = _since(cursor, settings, link.connection) if settings.incremental else ""
    walk = _Walk(link, since)
    page, count = Page(STREAM, (), b"", "users", full=not since), 0
    for answer, items in walk.pages():
        if page.payload:
            yield page
        made = [employee(one, count + at, settings, link.clock().date()) for at, one in enumerate(items, 1)]
        count += len(made)
        named = not any(row.key.startswith("row ") for row in made)
        page = Page(STREAM, made, answer.body, f"users to {count}", full=not since and named)
    yield replace(page, cursor=walk.started)


class _Walk:
    """One walk through the list."""

    def __init__(self, link: Link, since: str) -> None:
        self._link, self._settings = link, link.settings
        self._since = since
        self._totals: list[int] = []
        self._before: frozenset[str] = frozenset()
        self.started = ""

    def pages(self) -> Iterator[tuple[Response, list[Any]]]:
        """Each page with the answer it came in."""
        answers: list[Response] = []

        def fetch(start: int) -> paging.Page[Any]:
            response = self._link.http().send(read("/Users", self._query(start), accept=REFUSALS))
            answers[:] = [response]
            self.started = self.started or _moment_of(response, self._link)
            items, total = _listed(response)
            self._steady(items, total)
            return paging.Page(items, total=total)

        for items in paging.by_offset(fetch, first=1, where=f"{self._link.connection} /Users"):
            yield answers[0], list(items)

    def _query(self, start: int) -> dict[str, str]:
        settings: ScimSettings = self._settings
        changed = f'meta.lastModified gt "{self._since}"' if self._since else ""
        own = f"({settings.filter})" if settings.filter and changed else settings.filter
        query = {
            "filter": " and ".join(part for part in (own, changed) if part),
            "sortBy": settings.sort_by,
            "attributes": ",".join(self._asked()),
            "startIndex": str(start),
            "count": str(settings.count),
        }
        return {name: value for name, value in query.items() if value}

    def _asked(self) -> tuple[str, ...]:
        settings: ScimSettings = self._settings
        if not settings.ask_attributes:
            return ()
        extra = (parse_path(one).asked for one in settings.extra_attributes if one)
        return tuple(dict.fromkeys((*settings.attributes.asked(), *extra)))

    def _steady(self, items: list[Any], total: int) -> None:
        ids = frozenset(str(one.get("id")) for one in items if isinstance(one, dict) and one.get("id"))
        # A page that is the one before altogether is a service that repeats itself: the pager's to tell.
        moved = bool(ids & self._before) and ids != self._before
        if moved or (self._totals and total < self._totals[0]):
            raise VendorUnavailable(
                "the list of users moved while it was read",
                where=f"connection {self._link.connection}",
                mend="Read it again from the start; set sort_by to id if the service sorts",
            )
        self._totals.append(total)
        self._before = ids


def employee(raw: Any, number: int, settings: Translation, today: date) -> Incoming:
    """One user in the record's words, or the row that says why not."""
    user, at = Resource(raw), settings.attributes
    data: dict[str, Any] = {
        name: user.needed(getattr(at, name), name) for name in ("employee_number", "first_name", "last_name")
    }
    for name in ("middle_name", "email", "address1", "city", "state", "zip_code", "department", "location",
                 "marital_status"):  # fmt: skip
        data[name] = user.text(getattr(at, name))
    data["country"] = user.text(at.country).upper() or "US"
    data["sex"] = SEXES.get(user.text(at.sex).casefold(), Sex.UNKNOWN)
    data["ssn"] = user.ssn(at.ssn)
    data["birth_date"] = user.date(at.birth_date, "birth_date")
    data |= _employment(user, settings, today)
    extra = {path: value for path in settings.extra_attributes if (value := user.value(path)) not in (None, "")}
    return user.incoming(data, number, extra)


def _employment(user: Resource, settings: Translation, today: date) -> dict[str, Any]:
    at = settings.attributes
    active, left = user.active(), user.date(at.termination_date)
    if not active and not left:
        # Terminated, and SCIM has no word for the last day; the day of some change is not it.
        user.wrong(
            at.termination_date or "active",
            "is empty for somebody who is no longer active" if at.termination_date else "is false, without a last day",
            FILL if at.termination_date else "name the extension's attribute in attributes.termination_date",
        )
    if active and left and left < (today - GRACE).isoformat():
        user.wrong(at.termination_date, "is past for somebody who is active")
    group = user.text(at.pay_group) or settings.default_pay_group or user.needed(at.pay_group, "pay_group")
    data: dict[str, Any] = {
        "hire_date": user.date(at.hire_date, "hire_date"),
        "termination_date": left,
        "pay_group": settings.pay_groups.get(group, group),
    }
    found = _class(user, settings)
    hours = _hours(user, settings, found, active)
    data |= {"employment_class": found} if found else {}
    return data if hours is None else data | {"weekly_hours": hours}


def _class(user: Resource, settings: Translation) -> EmploymentClass | None:
    path = settings.attributes.employment_class
    word = user.text(path)
    if not word:
        if settings.default_class is None:
            user.wrong(path or "employment_class", "is empty", "fill it in, or set the connection's default_class")
        return settings.default_class
    found = {name.casefold(): one for name, one in settings.employment_classes.items()}.get(word.casefold())
    if found is None:
        user.wrong(path, f"says {word[:40]!r}, which is no class", "map it in the connection's employment_classes")
    return found


def _hours(user: Resource, settings: Translation, found: EmploymentClass | None, active: bool) -> int | None:
    """Whole weekly hours: 37.5 is 37, which leaves every threshold in whole hours where it was."""
    path = settings.attributes.weekly_hours
    text = user.text(path)
    if not text:
        if found in (EmploymentClass.PART_TIME, EmploymentClass.SEASONAL) and active:
            user.wrong(path or "attributes.weekly_hours", "is empty for part-time work", FILL)
        return settings.full_time_hours if found is EmploymentClass.FULL_TIME else None
    try:
        return round_to_int(parse_hours(text), Rounding.DOWN)
    except DataError:
        user.wrong(path, "is no number of hours", MEND)
        return None


def _listed(response: Response) -> tuple[list[Any], int]:
    """The users of an answer and how many there are in all."""
    data = response.data if isinstance(response.data, dict) else {}
    if response.status >= 400:
        kind = str(data.get("scimType") or "")
        kind = f" {kind}" if kind.isalpha() else ""
        words = vendor_text(response.body)
        raise ConfigError(
            f"the SCIM service refused the read ({response.status}{kind})" + (f": {words}" if words else ""),
            where=response.place,
            mend="Check base_url, attributes, filter and sort_by; without a filter by change, incremental: false",
        )
    total = data.get("totalResults")
    # RFC 7644 section 3.4.2: without results the list itself may be left out.
    items = data.get("Resources", [] if total == 0 or data.get("itemsPerPage") == 0 else None)
    if not isinstance(items, list) or not isinstance(total, int) or isinstance(total, bool):
        raise DataError(
            "the answer is no ListResponse of SCIM",
            where=response.place,
            mend="Check base_url: it ends with the version, as in /scim/v2",
        )
    return items, total


def _since(cursor: str | None, settings: ScimSettings, where: str) -> str:
    if cursor is None:
        return ""
    try:
        moment = datetime.fromisoformat(cursor)
        return _stamp(moment.astimezone(UTC) - timedelta(minutes=settings.overlap_minutes))
    except ValueError:
        raise DataError("not a cursor of this stream", where=where, mend="Read the stream in full once") from None


def _moment_of(response: Response, link: Link) -> str:
    try:
        return _stamp(parsedate_to_datetime(response.header("date")))
    except ValueError:
        return _stamp(link.clock())


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
