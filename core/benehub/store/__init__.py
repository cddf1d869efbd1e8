"""The database: tables, guards, migrations, sessions. The only room that builds engines."""

from __future__ import annotations

from benehub.store.database import Store, open_store
from benehub.store.session import Session, canonical, iso

__all__ = ["Session", "Store", "canonical", "iso", "open_store"]
