"""A plain connector, in one kind for every guard, and the vendor it meets on a bad day."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import benehub
from benehub.connect import jsontext
from benehub.connect.auth import Auth, OAuth2, OAuthClient
from benehub.connect.bases import ApiSettings
from benehub.connect.messages import change, path, read
from benehub.connect.testing import WireRequest, WireResponse
from benehub.connect.verdict import unavailable
from benehub.connect.webhooks import Hint, Scheme
from benehub.sandbox.http import SimRequest, SimResponse, Simulator
from benehub.testing import Stage
from benehub.testing.stage import NOW

TOKEN = "hostile-token-4711"


class Plain(benehub.ApiConnector):
    """Reads employees by cursor and compensation by number; writes deductions as its guard says."""

    name, kind, base_url = "plain", benehub.Kind.PAYROLL, "https://vendor.example"
    lists: ClassVar = {
        "employee": benehub.Listing(
            "/people",
            items="people",
            pages="cursor",
            parameter="after",
            fields={
                name: name
                for name in (
                    "employee_number",
                    "first_name",
                    "last_name",
                    "birth_date",
                    "hire_date",
                    "ssn",
                    "pay_group",
                )
            },
        ),
        "payroll_person": benehub.Listing("/numbers", fields={"employee_number": "number"}),
    }
    guards: ClassVar = {"deduction.set": benehub.Guard.NONE}
    webhook: ClassVar = Scheme(
        "x-plain-signature", "{timestamp}.{body}", timestamp="x-plain-timestamp", body_id="event", secret_base64=True
    )

    def hints(self, body: bytes) -> Sequence[Hint]:
        """The person an event names."""
        try:
            told = json.loads(body)
            return [Hint("employee", str(told["person"]))]
        except (ValueError, TypeError, KeyError):
            raise benehub.DataError("no event of this vendor's", where="webhook") from None

    def reread(self, stream: str, link: benehub.Link, keys: Sequence[str]) -> Iterator[benehub.Page] | None:
        """These people."""
        return self._some(link, keys) if stream == "employee" else None

    def _some(self, link: benehub.Link, keys: Sequence[str]) -> Iterator[benehub.Page]:
        for key in keys:
            got = link.http().send(read("/people", {"only": key}))
            rows = self.lists["employee"].rows(got)
            yield benehub.Page("employee", [self.lists["employee"].row(1, one) for one in rows], got.body, "named")

    def lookup(self, item: benehub.Item, settings: Any) -> benehub.Request | None:
        """Only where the guard lives by reading back."""
        if item.operation not in self.guards:
            raise benehub.Unsupported(f"plain does not write {item.operation}", blocker="us")
        return read(_place(item), accept=(404,)) if self.guards[item.operation] is benehub.Guard.READ_BACK else None

    def request(
        self, item: benehub.Item, found: benehub.Response | None, settings: Any
    ) -> benehub.Request | benehub.Receipt:
        """A POST, guarded as declared."""
        guard = self.guards[item.operation]
        body = {"amount": benehub.format_minor(item.content["employee_amount_minor"])}
        if found is not None and found.data == body:
            return benehub.Receipt("there", changed=False)
        key = item.key if guard is benehub.Guard.IDEMPOTENCY_KEY else ""
        method = "PUT" if guard is benehub.Guard.NATURAL_KEY_UPSERT else "POST"
        return change(method, _place(item), body, idempotency_key=key)

    def receipt(self, item: benehub.Item, response: benehub.Response) -> benehub.Receipt:
        """What it said."""
        return benehub.Receipt(str(response.data["id"]))


def _place(item: benehub.Item) -> str:
    return path("/d/{person}/{code}", person=item.content["employee"], code=item.content["code"])


class ReadBack(Plain):
    """Can be asked."""

    guards: ClassVar = {"deduction.set": benehub.Guard.READ_BACK}


class Keyed(Plain):
    """Knows a key."""

    guards: ClassVar = {"deduction.set": benehub.Guard.IDEMPOTENCY_KEY}


class Upsert(Plain):
    """Holds one state an address."""

    guards: ClassVar = {"deduction.set": benehub.Guard.NATURAL_KEY_UPSERT}


class Locked(Plain):
    """Writes to a vendor with lock versions, and names the one it read."""

    guards: ClassVar = {"deduction.set": benehub.Guard.READ_BACK}

    def lookup(self, item: benehub.Item, settings: Any) -> benehub.Request | None:
        """What is held, with its version."""
        if item.operation not in self.guards:
            raise benehub.Unsupported(f"locked does not write {item.operation}", blocker="us")
        return read(f"/locked{_place(item)}")

    def request(
        self, item: benehub.Item, found: benehub.Response | None, settings: Any
    ) -> benehub.Request | benehub.Receipt:
        """A PUT for the version that was read."""
        amount = benehub.format_minor(item.content["employee_amount_minor"])
        if found is not None and found.data["amount"] == amount:
            return benehub.Receipt("there", changed=False)
        return change("PUT", f"/locked{_place(item)}", {"amount": amount, **self.version(found)}, accept=(409,))

    def version(self, found: benehub.Response | None) -> dict[str, str]:
        """The version to name."""
        return {} if found is None else {"version": str(found.data["version"])}

    def receipt(self, item: benehub.Item, response: benehub.Response) -> benehub.Receipt:
        """Somebody else was first: look again."""
        if response.status == 409:
            raise unavailable("it has changed in between", where=response.place, sent=False)
        return benehub.Receipt(response.place)


class Overwriting(Locked):
    """Names no version."""

    def version(self, found: benehub.Response | None) -> dict[str, str]:
        """None."""
        return {}


class GivingUp(Locked):
    """Takes a conflict for the end."""

    def receipt(self, item: benehub.Item, response: benehub.Response) -> benehub.Receipt:
        """Refused for good."""
        if response.status == 409:
            raise benehub.DataError("refused", where=response.place)
        return benehub.Receipt(response.place)


class Itemised(Plain):
    """Judges the item within the answer."""

    def receipt(self, item: benehub.Item, response: benehub.Response) -> benehub.Receipt:
        """Its own code."""
        if response.data.get("code", 200) >= 400:
            raise benehub.DataError("the vendor refused the item", where=response.place)
        return benehub.Receipt("taken")


class Trusting(Itemised):
    """Takes every 2xx for a yes."""

    def receipt(self, item: benehub.Item, response: benehub.Response) -> benehub.Receipt:
        """Whatever it said."""
        return benehub.Receipt("taken")


class Renewing(Plain):
    """Has a token that ends."""

    def auth(self, settings: Any, secret: Mapping[str, str]) -> Auth:
        """Got by client credentials."""
        client = OAuthClient(f"{self.base_url}/token", "plain", secret[settings.api_key])
        return OAuth2(client, lambda: NOW)


class Doubling(Plain):
    """Tells everybody twice."""

    def read(self, stream: str, link: benehub.Link, cursor: str | None) -> Iterator[benehub.Page]:
        """Each page, and again."""
        for page in super().read(stream, link, cursor):
            yield benehub.Page(stream, [*page.rows, *page.rows], page.payload, page.name)


class Wavering(Plain):
    """Knows people by when they were read."""

    count = 0

    def read(self, stream: str, link: benehub.Link, cursor: str | None) -> Iterator[benehub.Page]:
        """Under keys of this read."""
        Wavering.count += 1
        for page in super().read(stream, link, cursor):
            rows = [benehub.Incoming(f"{row.key}-{Wavering.count}", row.data, row.extra) for row in page.rows]
            yield benehub.Page(stream, rows, page.payload, page.name)


class Dropping(Plain):
    """Keeps what it understands, and not what the vendor said."""

    def read(self, stream: str, link: benehub.Link, cursor: str | None) -> Iterator[benehub.Page]:
        """A payload of its own making."""
        for page in super().read(stream, link, cursor):
            yield benehub.Page(stream, page.rows, repr([row.data for row in page.rows]).encode(), page.name)


class Demanding(Plain):
    """Takes every field for granted."""

    def read(self, stream: str, link: benehub.Link, cursor: str | None) -> Iterator[benehub.Page]:
        """The pages, if all is well."""
        for page in super().read(stream, link, cursor):
            assert all(row.data["employee_number"] for row in page.rows)
            yield page


class Skipping(Plain):
    """Leaves out whom it does not understand."""

    def read(self, stream: str, link: benehub.Link, cursor: str | None) -> Iterator[benehub.Page]:
        """The rows that are whole."""
        for page in super().read(stream, link, cursor):
            rows = [row for row in page.rows if "employee_number" in row.data]
            yield benehub.Page(stream, rows, page.payload, page.name)


class Resuming(Plain):
    """Says that it goes on from a cursor, and tells none."""

    streams: ClassVar = {"employee": "both"}


class Going(Plain):
    """Goes on from a cursor: whom it has told before it tells no more."""

    streams: ClassVar = {"employee": "both"}

    def read(self, stream: str, link: benehub.Link, cursor: str | None) -> Iterator[benehub.Page]:
        """Everybody, or nobody."""
        if cursor is None:
            for page in super().read(stream, link, cursor):
                yield replace(page, cursor="all", full=False)


class Queueing(Going):
    """Takes changes from a queue of the vendor's, whose head goes when the next one is asked for."""

    gives_once: ClassVar = frozenset({"employee"})

    def read(self, stream: str, link: benehub.Link, cursor: str | None) -> Iterator[benehub.Page]:
        """Everybody, or a page for whom the queue names."""
        if cursor is None:
            yield from super().read(stream, link, cursor)
            return
        while person := link.http().send(read("/queue")).data.get("person"):
            yield from self._some(link, [person])
            link.http().send(change("DELETE", path("/queue/{person}", person=person)))
        yield benehub.Page(stream, (), b"", "queue", "all")


class Writing(Plain):
    """Reads by what counts as a write."""

    def read(self, stream: str, link: benehub.Link, cursor: str | None) -> Iterator[benehub.Page]:
        """A search first."""
        link.http().send(change("POST", "/d/p1/MED", {}))
        yield from super().read(stream, link, cursor)


class Rounding(Plain):
    """Writes whole units."""

    def request(
        self, item: benehub.Item, found: benehub.Response | None, settings: Any
    ) -> benehub.Request | benehub.Receipt:
        """A POST without cents."""
        return change("POST", _place(item), {"amount": str(item.content["employee_amount_minor"] // 100)})


class Constant(Plain):
    """Writes the first amount it was ever asked for."""

    def request(
        self, item: benehub.Item, found: benehub.Response | None, settings: Any
    ) -> benehub.Request | benehub.Receipt:
        """A POST of what the stage's people pay."""
        amounts = {"p1": "61.21", "p2": "61.22"}
        return change("POST", _place(item), {"amount": amounts[item.content["employee"]]})


class Insisting(Plain):
    """Does not take a no for the credentials."""

    def discover(self, link: benehub.Link) -> Any:
        """Asked once more each time that it was refused."""
        for _ in range(3):
            with suppress(benehub.ReauthNeeded):
                link.http().send(read("/numbers"))
                break
        return link.settings


class Telling(Plain):
    """Writes a secret into an address."""

    def request(
        self, item: benehub.Item, found: benehub.Response | None, settings: Any
    ) -> benehub.Request | benehub.Receipt:
        """A POST with the token beside the path."""
        made = super().request(item, found, settings)
        assert isinstance(made, benehub.Request)
        return replace(made, path=f"{made.path}?key={TOKEN}")


class Pointing(Plain):
    """Points at what it does not read."""

    def hints(self, body: bytes) -> Sequence[Hint]:
        """Everywhere."""
        super().hints(body)
        return [Hint("dividends")]


class Stumbling(Plain):
    """Takes every body for one of the vendor's."""

    def hints(self, body: bytes) -> Sequence[Hint]:
        """The person, if all is well."""
        return [Hint("employee", json.loads(body)["person"])]


class Renaming(Plain):
    """Knows a person by another key when a webhook names him."""

    def _some(self, link: benehub.Link, keys: Sequence[str]) -> Iterator[benehub.Page]:
        for page in super()._some(link, keys):
            rows = [benehub.Incoming(f"{row.key} of {len(keys)}", row.data, row.extra) for row in page.rows]
            yield benehub.Page("employee", rows, page.payload, "named")


class Receiving(benehub.Connector):
    """Takes people whom a client pushes."""

    name, kind = "receiving", benehub.Kind.HRIS
    Settings: ClassVar = ApiSettings
    pushes: ClassVar = "payroll_person"

    def pushed(self, resource: Mapping[str, Any], settings: Any, today: date) -> benehub.Incoming:
        """The number, or why there is none."""
        number = resource.get("number")
        wrong = "" if isinstance(number, str) and number else "no number"
        return benehub.Incoming(str(resource["id"]), {} if wrong else {"employee_number": number}, problem=wrong)


class Blurting(Receiving):
    """Stumbles over what is missing."""

    def pushed(self, resource: Mapping[str, Any], settings: Any, today: date) -> benehub.Incoming:
        """The number, if all is well."""
        return benehub.Incoming(str(resource["id"]), {"employee_number": resource["number"].strip()})


class Counting(Receiving):
    """Knows nobody again."""

    count = 0

    def pushed(self, resource: Mapping[str, Any], settings: Any, today: date) -> benehub.Incoming:
        """Under a number of its own."""
        Counting.count += 1
        row = super().pushed(resource, settings, today)
        return benehub.Incoming(f"{row.key}-{Counting.count}", row.data, problem=row.problem)


class Vendor(Simulator):
    """Three people in pages of two; every POST without a known key is one more deduction."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, bytes] = {}
        self.queue: list[str] = []
        self.married: set[str] = set()
        self.keys: set[str] = set()
        self.effects = 0
        self.route("GET", "/people", self._people)
        token = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}
        self.route("POST", "/token", lambda _asked: SimResponse(json=token))
        self.route("GET", "/numbers", self._numbers)
        self.route("GET", "/queue", lambda _asked: SimResponse(json={"person": self.queue[0]} if self.queue else {}))
        self.route("DELETE", "/queue/{person}", self._forget)
        self.route("GET", "/d/{person}/{code}", self._show)
        self.route("POST", "/d/{person}/{code}", self._write)
        self.route("PUT", "/d/{person}/{code}", self._write)
        self.locked: dict[str, dict[str, Any]] = {f"/locked/d/p{n}/MED": {"amount": "0", "version": n} for n in (1, 2)}
        self.route("GET", "/locked/d/{person}/{code}", lambda asked: SimResponse(json=self.locked[asked.path]))
        self.route("PUT", "/locked/d/{person}/{code}", self._write_locked)

    def admit(self, request: SimRequest) -> SimResponse | None:
        """Only with the token."""
        known = request.path == "/token" or request.headers.get("authorization") == f"Bearer {TOKEN}"
        return None if known else SimResponse(401, {})

    def marry(self) -> None:
        """Two people take another name, and the queue says so."""
        self.queue = ["p1", "p2"]
        self.married = set(self.queue)

    def _forget(self, request: SimRequest) -> SimResponse:
        self.queue = [one for one in self.queue if one != request.params["person"]]
        return SimResponse(json={})

    def _people(self, request: SimRequest) -> SimResponse:
        people = [
            {"id": f"p{n}", "employee_number": f"100{n}", "first_name": "Ann",
             "last_name": f"Baker {n}" if f"p{n}" in self.married else f"Alder {n}",
             "birth_date": "1980-02-03", "hire_date": "2025-03-01", "ssn": f"90011000{n}", "pay_group": "monthly",
             "hours": jsontext.NumberText("37.50")}
            for n in (1, 2, 3)
        ]  # fmt: skip
        if only := request.query.get("only"):
            return SimResponse(json={"people": [one for one in people if one["id"] == only]})
        start = int(request.query.get("after", "0"))
        told: dict[str, Any] = {"people": people[start : start + 2]}
        return SimResponse(json=told | ({"next": str(start + 2)} if start + 2 < len(people) else {}))

    def _numbers(self, request: SimRequest) -> SimResponse:
        pages = {"1": [{"id": "p1", "number": "1001"}], "2": [{"id": "p2", "number": "1002"}]}
        return SimResponse(json=pages.get(request.query.get("page", ""), []))

    def _show(self, request: SimRequest) -> SimResponse:
        held = self.held.get(request.path)
        return SimResponse(404, {}) if held is None else SimResponse(json=json.loads(held))

    def _write(self, request: SimRequest) -> SimResponse:
        key = request.headers.get("idempotency-key", "")
        same = request.method == "PUT" and self.held.get(request.path) == request.body
        if not same and (not key or key not in self.keys):
            self.effects += 1
        self.held[request.path] = request.body
        self.keys |= {key} - {""}
        return SimResponse(json={"id": request.path})

    def _write_locked(self, request: SimRequest) -> SimResponse:
        held, told = self.locked[request.path], json.loads(request.body)
        if told.get("version", str(held["version"])) != str(held["version"]):
            return SimResponse(409, {"message": "out of date"})
        self.effects += held["amount"] != told["amount"]
        held |= {"amount": told["amount"], "version": held["version"] + 1}
        return SimResponse(json=held)

    def touch(self) -> None:
        """Somebody else saves what is held."""
        for held in self.locked.values():
            held["version"] += 1


def _item_refused(_wire: WireRequest, got: WireResponse) -> WireResponse:
    return WireResponse(207, got.headers, b'{"code": 422}')


def stage_of(kind: str) -> Callable[[Path], Stage]:
    """The stage of a kind: its vendor has lock versions, or answers item by item, or neither."""

    def made(folder: Path) -> Stage:
        here, vendor = _stage()
        if kind in ("Receiving", "Blurting", "Counting"):
            return Stage({"api_key": "env:KEY"}, {"env:KEY": TOKEN}, pushed=[{"id": "p1", "number": "1001"}])
        if kind in ("Locked", "Overwriting", "GivingUp"):
            here.touch = vendor.touch
        if kind == "Renewing":
            return replace(here, renews=True, harmless=("/token",))
        if kind == "Queueing":
            return replace(here, changes=vendor.marry, harmless=("/queue/*",))
        if kind in ("Itemised", "Trusting"):
            here.item_refused = _item_refused
        return here

    return made


def stage(_folder: Path) -> Stage:
    """A fresh vendor, three events and two deductions."""
    return _stage()[0]


def _stage() -> tuple[Stage, Vendor]:
    vendor = Vendor()
    usual = {"plan": "ppo", "tax_class": "pretax", "effective_from": "2026-12-04", "active": True}
    items = [
        {**usual, "employee": f"p{n}", "code": "MED", "employee_amount_minor": 6120 + n, "employer_amount_minor": 0}
        for n in (1, 2)
    ]

    def answer(wire: WireRequest) -> WireResponse:
        return vendor.handle(wire)

    events = tuple(json.dumps({"event": f"e{n}", "person": f"p{n}"}).encode() for n in (1, 2, 3))
    here = Stage(
        {"api_key": "env:KEY"}, {"env:KEY": TOKEN}, answer, {"deduction.set": items}, lambda: vendor.effects,
        webhooks=events,
    )  # fmt: skip
    return here, vendor
