"""Compares the stations with each other and keeps what it finds until it is right."""

from __future__ import annotations

from benehub.reconcile.differences import (
    OPEN,
    REOPENED,
    STEPS,
    Outcome,
    act,
    get,
    history,
    listed,
    settle,
    settle_within,
    version_of,
)
from benehub.reconcile.findings import MONTHLY, TOLERATED, Finding, Relation, Type
from benehub.reconcile.suppression import Suppression, lift, suppress, suppressions

__all__ = [
    "MONTHLY",
    "OPEN",
    "REOPENED",
    "STEPS",
    "TOLERATED",
    "Finding",
    "Outcome",
    "Relation",
    "Suppression",
    "Type",
    "act",
    "get",
    "history",
    "lift",
    "listed",
    "settle",
    "settle_within",
    "suppress",
    "suppressions",
    "version_of",
]
