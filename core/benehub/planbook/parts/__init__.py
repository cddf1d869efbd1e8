"""The plan book's nouns, one file a part: what a person writes, and the value types that the rules read."""

from __future__ import annotations
