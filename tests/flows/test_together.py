"""Writes in one request: an item that is not looked up is not told what was found of the others."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from benehub.connect.connector import Item, Receipt
from benehub.connect.messages import Request, Response
from benehub.flows import together


class Vendor:
    """Takes everything in one request; `new` is known to be new, and needs no look."""

    def __init__(self) -> None:
        self.found: dict[str, object] = {}
        self.sent: list[str] = []

    def lookup(self, item: Item, _settings: Any) -> Request | None:
        return None if item.key == "new" else Request("GET", "/held")

    def request(self, item: Item, found: Response | None, _settings: Any) -> Request:
        self.found[item.key] = None if found is None else found.data
        return Request("POST", "/all")

    def merged(self, _items: Sequence[Item], requests: Sequence[Request], _settings: Any) -> Request:
        return requests[0]

    def receipt(self, item: Item, _response: Response) -> Receipt:
        return Receipt(item.key)

    def send(self, request: Request) -> Response:
        self.sent.append(request.method)
        return Response(200, data={"held": True})


def test_who_needs_no_look_is_told_nothing_of_what_was_found() -> None:
    vendor = Vendor()
    link = SimpleNamespace(settings=None, http=lambda: vendor)
    opened: Any = SimpleNamespace(connector=vendor, link=link)
    calls: Any = [(SimpleNamespace(dispatch_id=key), Item("set", key, {})) for key in ("one", "two", "new")]
    told = together.send(opened, calls)
    assert vendor.found == {"one": {"held": True}, "two": {"held": True}, "new": None}
    assert vendor.sent == ["GET", "POST"]
    assert {one: end.state for one, end in told.ended.items()} == dict.fromkeys(("one", "two", "new"), "sent")
