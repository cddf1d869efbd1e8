"""The public face of benehub for authors of connectors and plugins.

What stands in `__all__` here, the formats in `benehub.formats` and the contract kit in `benehub.testing` are
what a stranger's package may rely on; everything else may change from one version to the next. Names are
loaded at their first use: `import benehub` costs nothing, and a help text stays fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benehub.connect.bases import ApiConnector, ApiSettings, FileConnector, FileSettings, Listing
    from benehub.connect.capabilities import Blocker, Capability, Guard
    from benehub.connect.connector import (
        Connector,
        Envelope,
        FileOut,
        Incoming,
        Item,
        Kind,
        Link,
        Page,
        Receipt,
    )
    from benehub.connect.messages import Request, Response
    from benehub.errors import (
        BenehubError,
        ChangedMeanwhile,
        ConfigError,
        ConflictError,
        DataError,
        FatalError,
        FileRefused,
        FormatError,
        GuardTripped,
        IgnorableError,
        IntegrityError,
        NeedsPersonError,
        OutcomeUnknown,
        RateLimited,
        ReauthNeeded,
        RetriableError,
        Unsupported,
        VendorUnavailable,
    )
    from benehub.hookspecs import hookimpl
    from benehub.money import Rounding, format_minor, parse_minor, parse_rate

    __version__: str

__all__ = [
    "ApiConnector",
    "ApiSettings",
    "BenehubError",
    "Blocker",
    "Capability",
    "ChangedMeanwhile",
    "ConfigError",
    "ConflictError",
    "Connector",
    "DataError",
    "Envelope",
    "FatalError",
    "FileConnector",
    "FileOut",
    "FileRefused",
    "FileSettings",
    "FormatError",
    "Guard",
    "GuardTripped",
    "IgnorableError",
    "Incoming",
    "IntegrityError",
    "Item",
    "Kind",
    "Link",
    "Listing",
    "NeedsPersonError",
    "OutcomeUnknown",
    "Page",
    "RateLimited",
    "ReauthNeeded",
    "Receipt",
    "Request",
    "Response",
    "RetriableError",
    "Rounding",
    "Unsupported",
    "VendorUnavailable",
    "__version__",
    "format_minor",
    "hookimpl",
    "parse_minor",
    "parse_rate",
]

_HOMES = {
    "benehub.connect.bases": ("ApiConnector", "ApiSettings", "FileConnector", "FileSettings", "Listing"),
    "benehub.connect.capabilities": ("Blocker", "Capability", "Guard"),
    "benehub.connect.connector": (
        "Connector",
        "Envelope",
        "FileOut",
        "Incoming",
        "Item",
        "Kind",
        "Link",
        "Page",
        "Receipt",
    ),
    "benehub.connect.messages": ("Request", "Response"),
    "benehub.hookspecs": ("hookimpl",),
    "benehub.money": ("Rounding", "format_minor", "parse_minor", "parse_rate"),
}
"""Where each public name lives; a name that is not listed is an error class."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'benehub' has no attribute {name!r}")
    value = _version() if name == "__version__" else _load(name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _load(name: str) -> Any:
    from importlib import import_module

    home = next((module for module, names in _HOMES.items() if name in names), "benehub.errors")
    return getattr(import_module(home), name)


def _version() -> str:
    from importlib.metadata import version

    return version("benehub")
