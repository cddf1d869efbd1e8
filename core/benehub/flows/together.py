"""Writes that a vendor takes in one request: as many calls less, and each item's outcome told by itself as ever.

Whatever is doubtful about a request that carries several is settled item by item: one that was refused whole is sent
again one by one, so that a poisoned item holds up nobody, and one whose outcome nobody knows leaves every item in
doubt, to be read back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Row

from benehub.connect.connector import Item, Receipt
from benehub.connect.http import was_sent
from benehub.connect.messages import Request, Response
from benehub.connect.verdict import is_silent, is_taken
from benehub.connections import Open
from benehub.dispatch import End
from benehub.errors import (
    BenehubError,
    DataError,
    FatalError,
    RetriableError,
    Unsupported,
    VendorUnavailable,
)

Call = tuple[Row[Any], Item]
T = TypeVar("T")

TESTED = "only tested: "
"""How the reason begins of what the vendor would take, and has only tried, because the connection asks no more."""


def parts(opened: Open, calls: Sequence[Call]) -> Iterator[tuple[str, list[Call]]]:
    """Those of the calls that the connector may send in one request, each lot with what it is written to."""
    groups: dict[tuple[str, str], list[Call]] = {}
    for row, item in calls:
        try:
            key = made(opened.connector.together, item, opened.link.settings)
        except BenehubError:
            continue  # by itself it tells why
        if key:
            groups.setdefault((row.operation, key), []).append((row, item))
    yield from (("/".join(target), group) for target, group in groups.items())


@dataclass(slots=True)
class Told:
    """What one request for several came to; an item that is in neither has to be sent by itself."""

    ended: dict[str, End] = field(default_factory=dict)
    doubted: dict[str, str] = field(default_factory=dict)
    """Dispatches that the vendor has to be asked about at once, each with why."""

    def failed(self, row: Row[Any], error: BenehubError) -> None:
        """Note how an item ended by an error."""
        end = of_error(row, error, unknown=False)
        if end is None:
            self.doubted[row.dispatch_id] = str(error)
        else:
            self.ended[row.dispatch_id] = end


def send(opened: Open, calls: Sequence[Call]) -> Told:
    """Look up, write and read the answer for all of these in as few requests as there are."""
    told = Told()
    wanted: dict[str, list[tuple[Call, Request]]] = {}
    for call, found in _looked_up(opened, calls):
        answer = _tried(opened.connector.request, call[1], found, opened.link.settings)
        if isinstance(answer, Receipt):
            told.ended[call[0].dispatch_id] = settled(call[0], answer)
        elif isinstance(answer, Request):
            wanted.setdefault(answer.method, []).append((call, answer))
    for writes in wanted.values():
        _write(opened, writes, told)
    return told


def _looked_up(opened: Open, calls: Sequence[Call]) -> list[tuple[Call, Response | None]]:
    """What the vendor holds of each; one that cannot be looked up is left out."""
    connector, settings = opened.connector, opened.link.settings
    asks = [(call, ask) for call in calls
            if not isinstance(ask := _tried(connector.lookup, call[1], settings), BenehubError)]  # fmt: skip
    asked = [(call, ask) for call, ask in asks if ask is not None]
    one = _merged(opened, asked)
    if one is not None:
        found = _tried(opened.link.http().send, one)
        return [] if isinstance(found, BenehubError) else [(call, None if ask is None else found) for call, ask in asks]
    told: list[tuple[Call, Response | None]] = []
    for call, ask in asks:
        answer = None if ask is None else _tried(opened.link.http().send, ask)
        if isinstance(answer, BenehubError):
            break  # a vendor that does not answer is not asked for everybody
        told.append((call, answer))
    return told


def _write(opened: Open, writes: Sequence[tuple[Call, Request]], told: Told) -> None:
    one = _merged(opened, writes)
    if one is None:
        return
    try:
        response = opened.link.http().send(one)
    except BenehubError as error:
        whole = isinstance(error, DataError | Unsupported | VendorUnavailable)
        if whole and not in_doubt(error):
            return  # refused whole: one by one it shows which of them it was
        # A vendor who wants us to wait, or a person, is not asked again for each.
        for (row, _), _ in writes:
            told.failed(row, error)
        return
    for (row, item), _ in writes:
        receipt = _tried(opened.connector.receipt, item, response)
        if isinstance(receipt, Receipt):
            told.ended[row.dispatch_id] = settled(row, receipt)
        elif response.status < 400:
            told.failed(row, receipt)


def _merged(opened: Open, calls: Sequence[tuple[Call, Request]]) -> Request | None:
    if len(calls) < 2:
        return None
    items, requests = [item for (_, item), _ in calls], [one for _, one in calls]
    one = _tried(opened.connector.merged, items, requests, opened.link.settings)
    return one if isinstance(one, Request) else None


def _tried(work: Callable[..., T], *arguments: Any) -> T | BenehubError:
    try:
        return made(work, *arguments)
    except BenehubError as error:
        return error


def settled(row: Row[Any], receipt: Receipt, detail: str = "") -> End:
    """How a dispatch ended that the vendor confirms; one that he has only tried waits."""
    if receipt.tested:
        why = f"{TESTED}the vendor would take it; it leaves once the connection no longer tests"
        return End(row.dispatch_id, "held", why)
    return End(row.dispatch_id, "sent", detail, receipt)


def in_doubt(error: BenehubError) -> bool:
    """Whether a write may have been applied in spite of the error."""
    return is_taken(error) or (isinstance(error, VendorUnavailable) and was_sent(error))


def of_error(row: Row[Any], error: BenehubError, unknown: bool) -> End | None:
    """How an attempt ended by an error; None where the write was sent and has to be read back.

    `unknown` says that an earlier attempt may have been applied: then it stays in doubt until it was read back.
    """
    if isinstance(error, VendorUnavailable) and was_sent(error):
        return None
    if isinstance(error, RetriableError):
        state = "unknown" if unknown or is_taken(error) else "prepared"
    elif isinstance(error, Unsupported):
        state = "refused"
    else:
        # A person, the configuration or the code has to change first; the other dispatches go on.
        state = "failed" if isinstance(error, DataError) else "held"
    return End(row.dispatch_id, state, str(error), unheard=unheard(error))


def unheard(error: BenehubError) -> bool:
    """Whether nobody answered at the vendor's. What he said of one item, a 5xx too, says nothing of the others."""
    return is_silent(error) or (error.__cause__ is not None and is_silent(error.__cause__))


def made(work: Callable[..., T], *arguments: Any) -> T:
    """What a connector makes of one item: where it breaks, that item waits for a person, and the others go on."""
    try:
        return work(*arguments)
    except BenehubError:
        raise
    except Exception as error:
        what = f"the connector failed unexpectedly ({type(error).__name__})"
        raise FatalError(what, mend="It is a fault of the program: report it") from error
