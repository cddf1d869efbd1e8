"""Work that may be undone on its own, within a transaction: a savepoint, opened as late as can be.

Behind a savepoint SQLite keeps a copy of every page that is written, a tenth of a first load. So there it opens with
the first statement that does more than read, and not at all for a set whose last step is to insert what it deferred:
what refuses that takes the whole transaction back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, NestedTransaction, event

from benehub.store.session import Session


class Undoable:
    """What a session does within `watched`: undone when it raises, and nothing of the transaction before it."""

    def __init__(self, session: Session) -> None:
        self._connection = session.connection
        self._point: NestedTransaction | None = None
        self._opening = self._settled = False
        self._late = self._connection.dialect.name == "sqlite"

    @property
    def stands(self) -> bool:
        """It was settled without a savepoint: an error now is one of the whole transaction."""
        return self._settled and self._point is None

    def settle(self) -> None:
        """What follows only inserts what was deferred: no savepoint is opened for it any more."""
        self._settled = self._late

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Open the savepoint in time, and close it."""
        if not self._late:
            with self._connection.begin_nested():
                yield
            return
        event.listen(self._connection, "before_cursor_execute", self._before)
        try:
            yield
        except BaseException:
            if self._point is not None:
                self._point.rollback()
            raise
        else:
            if self._point is not None:
                self._point.commit()
        finally:
            event.remove(self._connection, "before_cursor_execute", self._before)

    def _before(self, connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if self._opening or self._settled or statement.startswith("SELECT"):
            return
        self._opening = True  # the savepoint is a statement too
        self._point = connection.begin_nested()
