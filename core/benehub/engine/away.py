"""Has the job engine wait for a database that is away, as our own transactions do.

The engine repeats what it reads and writes of a job when the connection was lost; whether none came about it knows by
the driver's text alone, and the driver of today words it in another way. Then a restart at the wrong moment would end
a job that has nothing wrong. What the engine minds as well is the library's own mark of a lost connection: it is set
here for those that did not come about.
"""

from __future__ import annotations

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext


def wait_for_it() -> None:
    """Mark connections that no server answered as lost, in the whole process; a second time changes nothing."""
    if not event.contains(Engine, "handle_error", _mark):
        event.listen(Engine, "handle_error", _mark)


_REFUSED = ("authentication failed", "no password supplied", "does not exist", "no pg_hba")
"""What a server says that lets nobody in: it is there, and would say the same for ever. This mark asks for no repeat;
where the driver says "connection failed" the engine repeats all the same, by its own rule."""


def _mark(context: ExceptionContext) -> None:
    # SQLite is not away: its faults hold no code at all. Those of PostgreSQL hold the server's, but while a connection
    # comes about the driver keeps none, and what the server said stands in the text alone.
    fault = context.original_exception
    if context.connection is None and getattr(fault, "sqlstate", "") is None:
        context.is_disconnect = not any(words in str(fault) for words in _REFUSED)
