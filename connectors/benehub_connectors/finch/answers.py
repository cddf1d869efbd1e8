"""Reading Finch's answers: typed errors by its `finch_code`, batches item by item, and "not yet" told as such.

Three things are Finch's own. A 401 has two mends: our token is wrong, or the employer's login at the payroll has
ended and only the employer can renew it. A 202 is no answer: Finch is still fetching from the payroll. And a batch
answers 200 or 207 whatever became of its items, each of which has a `code` of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from benehub.connect import jsontext
from benehub.connect.connector import Incoming, Link
from benehub.connect.messages import Request, Response, read
from benehub.connect.verdict import unavailable, vendor_text
from benehub.errors import BenehubError, DataError, ReauthNeeded, Unsupported
from benehub.money import shape

REFUSALS = (400, 401, 402, 403, 404, 409, 422)
"""Statuses that this connector reads itself."""

_EMPLOYER = frozenset({"reauthenticate_user", "account_setup_required"})
_WORD = re.compile(r"[a-z][a-z0-9_]{0,59}")


def refuse(response: Response) -> None:
    """Raise what a refusal means; a finished answer below 400 passes.

    Raises:
        ReauthNeeded: the employer has to connect its payroll again, or our token or its permissions are wrong.
        VendorUnavailable: Finch is still fetching the data from the payroll.
        DataError: anything else, with Finch's own code.
    """
    if response.status == 202:
        raise unavailable("Finch is still fetching this from the payroll (202)", where=response.place, sent=False)
    if response.status < 400:
        return
    code = finch_code(response.data)
    if response.status in (401, 403):
        raise ReauthNeeded(
            f"Finch refused ({response.status} {code})",
            where=response.place,
            mend="Let the employer connect its payroll again in Finch Connect"
            if code in _EMPLOYER
            else "Put a token in place that has the products this needs",
        )
    if code == "not_supported_by_provider":
        raise Unsupported("the employer's payroll does not offer this", where=response.place, blocker="vendor")
    words = vendor_text(response.body)
    raise DataError(
        f"Finch refused it ({response.status} {code})" + (f": {words}" if words else ""),
        where=response.place,
        mend="Mend the record or its mapping; it is not sent again as it is",
    )


def finch_code(told: Any) -> str:
    """Finch's word for an error: `finch_code`, else `name`; the shape of anything that does not look like one."""
    row = told if isinstance(told, Mapping) else {}
    value = row.get("finch_code") or row.get("name")
    if isinstance(value, str) and _WORD.fullmatch(value):
        return value
    return shape(str(value)) if value else "no reason given"


def get(link: Link, path: str, query: Mapping[str, str], bucket: str = "") -> Response:
    """A read whose refusals are told in Finch's own words.

    Raises:
        ReauthNeeded, VendorUnavailable, DataError: as `refuse`; and whatever the client raises.
    """
    response = link.http().send(read(path, query, accept=REFUSALS, bucket=bucket))
    refuse(response)
    return response


def ask(link: Link, path: str, requests: Sequence[Mapping[str, Any]], bucket: str) -> Response:
    """A read that Finch wants as a POST of many requests.

    Raises:
        ReauthNeeded, VendorUnavailable, DataError: as `refuse`; and whatever the client raises.
    """
    body = jsontext.dump({"requests": list(requests)})
    response = link.http().send(Request("POST", path, body=body, write=False, accept=REFUSALS, bucket=bucket))
    refuse(response)
    return response


def items(told: Iterable[Any], name: str) -> dict[str, Mapping[str, Any]]:
    """The items of a batch's answer by the id they are about; what has no id can be nobody's."""
    return {str(one[name]): one for one in told if isinstance(one, Mapping) and one.get(name)}


def body(item: Mapping[str, Any] | None, what: str) -> Mapping[str, Any]:
    """What an item of a batch tells.

    Raises:
        DataError: it was left out, refused (with Finch's code), or holds no object.
    """
    if item is None:
        raise DataError(f"Finch left out the {what}", mend="It is read again by the next sync")
    code, told = item.get("code"), item.get("body")
    if code != 200:
        number = code if isinstance(code, int) and not isinstance(code, bool) else "no code"
        raise DataError(
            f"Finch has no {what} ({number} {finch_code(told)})",
            mend="It is still being fetched; the next sync reads it" if code == 202 else "Look at it in payroll",
        )
    if not isinstance(told, Mapping):
        raise DataError(f"the {what} is no object", mend="Report it to the vendor")
    return told


def translated(found: Sequence[Any], translate: Callable[[Mapping[str, Any]], Incoming], key: str) -> list[Incoming]:
    """Each row translated; one that cannot be is kept with the reason, under its key or its place."""
    made = []
    for number, row in enumerate(found, 1):
        try:
            if not isinstance(row, Mapping):
                raise DataError("the row is no object", mend="Report it to the vendor")
            made.append(translate(row))
        except (BenehubError, AttributeError, TypeError) as error:
            named = row.get(key) if isinstance(row, Mapping) else None
            made.append(problem(named if isinstance(named, str) else "", error, number))
    return made


def problem(key: str, error: Exception, number: int = 0) -> Incoming:
    """The row that stands for one that could not be translated."""
    reason = str(error) if isinstance(error, BenehubError) else f"not the documented form ({type(error).__name__})"
    return Incoming(key or f"row {number}", {}, {}, reason, number)


def together(*answers: Response) -> bytes:
    """Several answers of which one page was made, each exactly as it came, as one JSON list."""
    return b"[" + b",".join(one.body.strip() or b"null" for one in answers) + b"]"
