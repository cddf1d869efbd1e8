"""Who is eligible, from which day, and when a dependent's cover ends."""

from __future__ import annotations
