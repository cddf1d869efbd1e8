"""The database: tables, guards, migrations, sessions. The only room that builds engines."""

from __future__ import annotations

from benehub.store import indexes as _indexes  # noqa: F401 - they are part of the schema
from benehub.store import names as _names  # noqa: F401 - so are these
from benehub.store.acts import acted_on, acts, note_act
from benehub.store.collector import without_collector
from benehub.store.database import Store, open_store
from benehub.store.session import Session, canonical, iso

__all__ = ["Session", "Store", "acted_on", "acts", "canonical", "iso", "note_act", "open_store", "without_collector"]
