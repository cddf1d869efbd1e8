"""The public API as an author uses it. Never run: mypy and pyright read it and must find nothing to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, ClassVar, assert_type

from pydantic import BaseModel

import benehub
from benehub import (
    Blocker,
    Capability,
    Connector,
    Envelope,
    FileOut,
    Guard,
    Incoming,
    Item,
    Kind,
    Link,
    Page,
    RateLimited,
    Receipt,
    Request,
    Response,
    Rounding,
    Unsupported,
    format_minor,
    hookimpl,
    parse_minor,
    parse_rate,
)


class AcmeSettings(BaseModel):
    """Settings of one connection."""

    base_url: str
    token: str


class Acme(Connector):
    """A connector that reads, writes and renders."""

    name = "acme"
    kind = Kind.PAYROLL
    Settings = AcmeSettings
    streams: ClassVar = {"employees": "both"}
    guards: ClassVar = {"push_deductions": Guard.IDEMPOTENCY_KEY}
    files_out = frozenset({"remittance"})

    def capabilities(self) -> tuple[Capability, ...]:
        return (
            Capability("push_deductions", guard=Guard.IDEMPOTENCY_KEY),
            Capability("push_deductions", "hsa", supported=False, blocker=Blocker.VENDOR, note="no HSA code"),
        )

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        if stream != "employees":
            raise Unsupported(f"no stream {stream}", where=link.connection, blocker="us")
        rows = [Incoming(key="1", data={"first_name": "Ada"}, row=1)]
        yield Page(stream, rows, b"[]", cursor=link.clock().isoformat(), full=cursor is None)

    def lookup(self, item: Item, settings: AcmeSettings) -> Request | None:
        return Request("GET", f"/deductions/{item.key}", write=False, accept=(404,))

    def request(self, item: Item, found: Response | None, settings: AcmeSettings) -> Request | Receipt:
        if found is not None and found.status == 200:
            return Receipt(reference=item.key, changed=False)
        return Request("POST", "/deductions", body="{}", idempotency_key=item.key)

    def receipt(self, item: Item, response: Response) -> Receipt:
        return Receipt(reference=response.header("location"))

    def render(self, operation: str, items: Sequence[Item], envelope: Envelope, settings: AcmeSettings) -> FileOut:
        return FileOut(f"{operation}-{envelope.control}.csv", b"", kind="csv", totals={"lines": len(items)})


@hookimpl
def register_connectors() -> Sequence[type[Connector]]:
    """What a package's plugin module looks like."""
    return (Acme,)


def money() -> None:
    """Amounts are int, rates are Fraction."""
    assert_type(parse_minor("19.99", "USD", where="row 1"), int)
    assert_type(format_minor(1999), str)
    assert_type(parse_rate("4.5%"), Fraction)
    assert_type(Rounding("half_up"), Rounding)
    assert_type(benehub.__version__, str)


def errors(response: Response) -> int:
    """An error carries the thing, the place, the mend, and what its kind adds."""
    try:
        body: Any = response.json()
    except RateLimited as error:
        return error.retry_after
    except Unsupported as error:
        raise benehub.ConfigError(error.what, where=error.where, mend=error.mend) from error
    return len(body)
