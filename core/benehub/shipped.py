"""YAML that comes with the product: read by the library's compiled parser, which costs a tenth of the other."""

from __future__ import annotations

from typing import Any

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The compiled one, where PyYAML was built with it."""


def parse(text: str) -> Any:
    """The plain values of a text of ours or of a plugin; what strangers write goes through its own reader.

    Raises:
        yaml.YAMLError: it is no YAML.
    """
    return yaml.load(text, Loader=LOADER)  # noqa: S506  either loader is a safe one
