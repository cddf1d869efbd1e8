"""The contract kit: what proves a connector without its vendor, in the tree and for strangers.

A stranger's test is two lines:

    from benehub.testing import contract
    test_contract = contract(WidgetConnector)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benehub.testing.cases import contract
    from benehub.testing.kit import Outcome, Verdict, run
    from benehub.testing.stage import Stage

__all__ = ["Outcome", "Stage", "Verdict", "contract", "run"]

_HOMES = {"contract": "cases", "Outcome": "kit", "Verdict": "kit", "run": "kit", "Stage": "stage"}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'benehub.testing' has no attribute {name!r}")
    return getattr(import_module(f"benehub.testing.{_HOMES[name]}"), name)
