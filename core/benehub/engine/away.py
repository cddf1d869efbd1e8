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


def _mark(context: ExceptionContext) -> None:
    # A server that answers gives its faults a code, and SQLite has none: it is not away.
    if context.connection is None and getattr(context.original_exception, "sqlstate", "") is None:
        context.is_disconnect = True
