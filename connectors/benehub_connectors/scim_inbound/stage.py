"""The stage of a connector that nobody answers: settings, and a user as a client writes it."""

from __future__ import annotations

from pathlib import Path

from benehub.testing import Stage


def stage(_folder: Path) -> Stage:
    """Settings alone: nothing is read and nothing written."""
    return Stage({"token": "env:TOKEN", "default_class": "full_time"}, {"env:TOKEN": "kit-token"})
