"""Germany as a plugin: occupational pension by conversion of pay (bAV), through the hooks a stranger would use."""

from __future__ import annotations

from collections.abc import Sequence

import benehub
from benehub.rules.registry import Calculator
from benehub_plugins.germany.conversion import CALCULATOR as CONVERSION
from benehub_plugins.germany.subsidy import CALCULATOR as SUBSIDY


@benehub.hookimpl
def register_rules() -> Sequence[Calculator]:
    """`bav.conversion` and `bav.subsidy`."""
    return (CONVERSION, SUBSIDY)
