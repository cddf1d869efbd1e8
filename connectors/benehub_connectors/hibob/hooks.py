"""Bob's webhooks: signed over the body with SHA-512, and hints only, for Bob names who has changed and not all of what.

Types of events are from the vendor's pages on webhooks. Those that it does not send about people or their time off (a
task, a document) point at nothing, and so does the ping with which Bob tries an address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from benehub.connect import jsontext
from benehub.connect.webhooks import Encoding, Hint, Scheme
from benehub.errors import DataError

SCHEME = Scheme("bob-signature", encoding=Encoding.BASE64, digest="sha512")

PING = "Ping test"

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


def hints(body: bytes) -> Sequence[Hint]:
    """What an event is about: people, who are read whole as ever, and the pay of the one it names; or time off.

    Raises:
        DataError: the body is none of Bob's.
    """
    if body == PING.encode():
        return []
    try:
        told = jsontext.parse(body)
    except ValueError:
        told = None
    if told == PING or (isinstance(told, Mapping) and told.get("text") == PING):
        return []
    event: Mapping[str, object] = told if isinstance(told, Mapping) else {}
    kind = event.get("type")
    if not isinstance(kind, str) or not kind:
        raise DataError("no event of Bob's", where="webhook", mend="Check who calls this address")
    what = kind.partition(".")[0].lower()
    if what == "employee":
        # A table of pay changes by an event of employees, too, and its name is the account's own.
        data = event.get("data")
        named = data.get("employeeId") if isinstance(data, Mapping) else None
        who = named if isinstance(named, str) and _ID.fullmatch(named) else ""
        return [Hint("employee"), *([Hint("compensation", who)] if who and kind != "employee.deleted" else [])]
    return [Hint("leave_request")] if what == "timeoff" else []
