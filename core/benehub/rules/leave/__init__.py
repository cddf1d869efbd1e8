"""Leave earned and leave paid out."""

from __future__ import annotations
