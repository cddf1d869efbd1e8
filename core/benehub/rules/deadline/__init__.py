"""By when something has to leave so that it is there in time."""

from __future__ import annotations
