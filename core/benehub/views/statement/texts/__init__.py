"""The words of statements, one file a language."""

from __future__ import annotations
