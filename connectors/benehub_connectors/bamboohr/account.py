"""A BambooHR account over HTTP: credentials, the calls benehub makes, and the shapes of their answers.

Only calls are used that take an API key as well as OAuth 2. `GET /api/v1/employees` is OAuth 2 only and has
neither birth date by that name nor SSN; the directory leaves out everybody who has left; the custom report
is deprecated. The dataset call gives a thousand employees an answer with exactly the fields asked for.

The vendor publishes no rate limit, so the limit is what the setting `calls_a_minute` says: calls go one by one, and a
429, or a 200 whose body says 429, is waited out by the client.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from benehub.connect.auth import Auth, Grant, OAuth2, OAuthClient, Token, basic
from benehub.connect.connector import Link
from benehub.connect.http import Caps, VendorClient
from benehub.connect.jsontext import dump
from benehub.connect.limits import LimitBook
from benehub.connect.messages import Request, Response, path, read
from benehub.connect.paging import Page, by_number
from benehub.connect.tokens import kept_in
from benehub.connect.verdict import vendor_text
from benehub.errors import ConfigError, DataError, VendorUnavailable
from benehub.periods import Clock, system_clock
from benehub_connectors.bamboohr.settings import BambooSettings

_LIMITS = LimitBook()

VENDOR = "BambooHR"
"""The name a person knows the vendor by."""

MEMBERS_A_PAGE = 99
"""Members of a page of benefits: the vendor refuses 100."""

MAX_ANSWER = 128 * 1024 * 1024
"""A table comes for the whole company in one answer: 20,000 employees with ten rows each are some 50 MB."""

DAWN = "2000-01-01T00:00:00Z"
"""Before every change: asking for changes since then tells the newest one."""

OVERLAP = timedelta(seconds=1)
"""The vendor's times have seconds; a change in the second of the cursor must not fall between two reads."""


def open_client(settings: BambooSettings, secret: Mapping[str, str], wiring: dict[str, Any]) -> VendorClient:
    """The client of an account.

    `wiring` may carry `wall_clock` and `on_token` beside the client's own arguments: the hub's clock, and
    what stores a renewed OAuth 2 token (the vendor rotates refresh tokens); by default a `file:` reference keeps it.
    """
    clock: Clock = wiring.pop("wall_clock", system_clock)
    on_token: Callable[[Token], None] | None = wiring.pop("on_token", None)
    _LIMITS.wire(wiring, "bamboohr", settings.company, settings.calls_a_minute)
    return VendorClient(
        settings.address,
        auth=_auth(settings, secret, clock, on_token),
        caps=Caps(max_bytes=MAX_ANSWER),
        body_check=limited_in_body,
        **wiring,
    )


def limited_in_body(response: Response) -> int | None:
    """Seconds to wait when a 200 says 429 in its body (0 when it does not say how long), else None."""
    error = response.data.get("error") if isinstance(response.data, dict) else None
    if not isinstance(error, dict) or str(error.get("code")) != "429":
        return None
    told = re.search(r"\b(\d{1,4}) second", str(error.get("message", "")))
    return int(told[1]) if told else 0


class Account:
    """The calls, each with its answer's shape checked."""

    def __init__(self, link: Link) -> None:
        self.settings: BambooSettings = link.settings
        self._http = link.http()
        self._where = f"connection {link.connection}"
        self.last = b""
        """Bytes of the newest answer."""

    def changed(self, since: str) -> dict[str, Any]:
        """The employees changed since then: `latest`, and `employees` by id."""
        asked = (("since", with_overlap(since, self._where)),)
        answer = self._object(read("/api/v1/employees/changed", asked), "latest")
        answer["employees"] = self._by_id(answer)
        answer["latest"] = answer["latest"] or since
        moment(answer["latest"], self._where)
        return answer

    def changed_rows(self, table: str, since: str) -> dict[str, Any]:
        """A table's rows of the employees changed since then, by employee id."""
        asked = (("since", with_overlap(since, self._where)),)
        return self._by_id(
            self._object(read(path("/api/v1/employees/changed/tables/{table}", table=table), asked), "table")
        )

    def table(self, table: str) -> list[Any]:
        """A table's rows of all employees."""
        return self._list(read(path("/api/v1/employees/all/tables/{table}", table=table)))

    def dependents(self) -> list[Any]:
        """All dependents of the company."""
        answer = self._object(read("/api/v1/employeedependents"), "Employee Dependents")
        rows = answer["Employee Dependents"]
        return rows if isinstance(rows, list) else self._broken("a list of dependents")

    def member_benefits(self, year: int, totals: list[int]) -> Iterator[Sequence[Any]]:
        """Pages of the members who had a plan in a calendar year; how many a page says there are goes to `totals`."""

        def fetch(number: int) -> Page[Any]:
            asked = (("calendarYear", str(year)), ("page", str(number)), ("pageSize", str(MEMBERS_A_PAGE)))
            answer = self._object(read("/api/v1/benefits/member-benefits", asked), "data")
            rows, meta = answer["data"], answer.get("meta")
            total = meta.get("totalItems") if isinstance(meta, dict) else None
            if not isinstance(rows, list) or not isinstance(total, int):
                self._broken("a page of members with meta.totalItems")
            totals.append(total)
            return Page(rows, total=total)

        return by_number(fetch, where=self._where)

    def time_off(self, start: str, end: str, statuses: str) -> list[Any]:
        """Requests that touch the days from `start` to `end`; without notes, which may tell of health."""
        asked = (("start", start), ("end", end), ("status", statuses), ("excludeNote", "1"))
        return self._list(read("/api/v1/time_off/requests", asked))

    def employees(self, ids: Sequence[str] | None) -> Iterator[Sequence[Any]]:
        """Pages of the dataset's rows: of everybody, or of some vendor ids."""
        settings = self.settings
        fields = list(dict.fromkeys((*settings.fields.asked(), *filter(None, settings.extra_fields))))
        body: dict[str, Any] = {"fields": fields, "orderBy": f"{settings.fields.id} asc"}
        if ids is not None:
            listed = ",".join("'" + one.replace("'", "''") + "'" for one in ids)
            body["filter"] = f"{settings.fields.id} in ({listed})"
        totals: list[int] = []

        def fetch(number: int) -> Page[Any]:
            page = self._dataset(body | {"page": number, "pageSize": settings.page_size})
            totals.append(page.total or 0)
            if totals[-1] < totals[0]:
                # Somebody left the list between two pages: those behind moved up and one was never seen.
                raise VendorUnavailable(
                    "the list of employees shrank while it was read",
                    where=self._where,
                    mend="Read it again from the start",
                )
            return page

        return by_number(fetch, where=self._where)

    def _dataset(self, body: Mapping[str, Any]) -> Page[Any]:
        where = path("/api/v2/datasets/{name}/data", name=self.settings.dataset)
        request = Request("POST", where, body=dump(body), write=False, accept=(400, 404, 413, 422))
        response = self._http.send(request)
        self.last = response.body
        if response.status >= 400:
            raise ConfigError(
                f"dataset {self.settings.dataset!r} refuses the read ({response.status})"
                f" {vendor_text(response.body)}".rstrip(),
                where=self._where,
                mend="Check dataset, fields and page_size in the connection's settings against"
                f" /api/v1_2/datasets/{self.settings.dataset}/fields",
            )
        data = response.data
        if not isinstance(data, dict) or not isinstance(data.get("data"), list):
            self._broken("a page of a dataset")
        meta = data.get("meta")
        total = meta.get("totalItems") if isinstance(meta, dict) else None
        if not isinstance(total, int):
            self._broken("a page with meta.totalItems")
        return Page(data["data"], total=total)

    def _send(self, request: Request) -> Any:
        response = self._http.send(request)
        self.last = response.body
        return response.data

    def _object(self, request: Request, needed: str) -> dict[str, Any]:
        data = self._send(request)
        if not isinstance(data, dict) or needed not in data:
            self._broken(f"an object with {needed!r}")
        return data

    def _by_id(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        found = answer.get("employees")
        if found == []:  # PHP's word for an empty map
            return {}
        if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
            self._broken("a map of employees")
        return found

    def _list(self, request: Request) -> list[Any]:
        data = self._send(request)
        return data if isinstance(data, list) else self._broken("a list")

    def _broken(self, due: str) -> NoReturn:
        raise DataError(
            f"BambooHR's answer is not {due}",
            where=self._where,
            mend="Nothing of this read is applied; hold the answer against the vendor's API description",
        )


def moment(text: Any, where: str) -> datetime:
    """The aware moment of one of the vendor's timestamps or of a cursor.

    Raises:
        DataError: it is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise DataError("not a timestamp of the vendor", where=where, mend="Read the stream in full once") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def with_overlap(since: str, where: str) -> str:
    """What to ask for so that nothing in the cursor's own second is lost."""
    earlier = (moment(since, where) - OVERLAP).astimezone(UTC)
    return earlier.strftime("%Y-%m-%dT%H:%M:%SZ")


def _auth(
    settings: BambooSettings,
    secret: Mapping[str, str],
    clock: Clock,
    on_token: Callable[[Token], None] | None,
) -> Auth:
    if settings.oauth is None:
        return basic(secret[settings.api_key or ""], "x")
    oauth = settings.oauth
    client = OAuthClient(
        f"{settings.address}/token.php?request=token",
        oauth.client_id,
        secret[oauth.client_secret],
        grant=Grant.REFRESH_TOKEN,
    )
    # Without a stored access token the first call renews: a moment long past makes it stale.
    stale = None if oauth.access_token else moment(DAWN, "")
    token = Token(secret.get(oauth.access_token or "", ""), secret[oauth.refresh_token], stale)
    keeper = kept_in(oauth.refresh_token) if on_token is None else None
    return OAuth2(client, clock, token=token, on_token=on_token, keeper=keeper)
