"""What the settings of a connection may name when a program gives them by the API: what was listed for it, no more.

Whoever may write a connection could else have any secret of the machine sent to an address of his own. So an
installation says per employer and connector which references and addresses may be named; what nobody listed is
refused, and so is whatever is a file of the machine. What stands at the same place already may stay there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from benehub.connections.partners import REFERENCES
from benehub.errors import DataError
from benehub.settings import ByApi

ADDRESS: Final = re.compile(r"(.*_)?(url|urls|link|host|hosts|host_keys|server|port|folder|root|dir|path|address)")
"""Names of settings that say where something is reached or lies."""

LEADS: Final = re.compile(r"[/~\\]|.*(://|\.\.)|[A-Za-z]:[/\\]", re.DOTALL)
"""Texts that lead somewhere, whatever the setting is called."""

CREDENTIAL: Final = re.compile(
    r"(.*_)?(secret|password|passphrase|token|certificate|authority|pin)|key|.*(api|private|our|partner|access)_key"
)
"""Names of settings that hold a credential: a reference, never the credential."""

NO_CREDENTIAL: Final = frozenset({"dependents.key"})
"""Settings that are called so, and hold a name of the vendor's."""

DEEPEST: Final = 8
LONGEST: Final = 8000
"""Characters of a text at most."""

_UNKEPT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def check_named(
    employer: str,
    connector: str,
    settings: Mapping[str, Any],
    allowed: ByApi | None,
    before: Mapping[str, Any] | None = None,
) -> None:
    """Hold the settings that somebody gives by the API against what he may name.

    Args:
        employer: whose connection it is.
        connector: what it is to speak with.
        settings: as given.
        allowed: what the installation lists for this employer and connector; None where it lists neither.
        before: the settings that the connection has.

    Raises:
        DataError: something is named that is not listed, a credential stands in plain text, or a text cannot be kept.
            It names the place, never the value.
    """
    listed = f"connections_by_api.{employer}.{connector}"
    if allowed is None:
        raise DataError(
            f"connections of {connector} are not set up by the API for {employer}",
            mend=f"List what it may name in benehub.toml, [{listed}], or use benehub connection add",
        )
    had = dict(_flat(before or {}))
    for place, value in _flat(settings):
        if place in had and had[place] == value:
            continue
        text = str(value)
        _must_be_kept(place, text)
        if _is_reference(text):
            _must_be_listed(place, text, allowed.references, "reference", f"{listed}.references")
        elif _is_credential(place) and text:
            raise DataError("a credential stands in plain text", where=place, mend="Name it by a listed reference")
        elif text and (_is_address(place) or LEADS.match(text)):
            _must_be_listed(place, text, allowed.addresses, "address or folder", f"{listed}.addresses")


def _must_be_listed(place: str, text: str, names: Sequence[str], what: str, listed: str) -> None:
    if text.startswith("file:"):
        raise DataError("no file of the machine may be named by the API", where=place,
                        mend="Use env:NAME or keyring:NAME, or benehub connection add")  # fmt: skip
    if text not in names:
        raise DataError(f"this {what} may not be named by the API", where=place,
                        mend=f"Have it listed in benehub.toml, {listed}, or use benehub connection add")  # fmt: skip


def _must_be_kept(place: str, text: str) -> None:
    if len(text) > LONGEST or _UNKEPT.search(text) or _UNKEPT.search(place) or len(place) > LONGEST:
        raise DataError("a text is too long, or has characters that cannot be kept", where=_UNKEPT.sub("", place)[:120],
                        mend=f"Write {LONGEST} characters at most, and no control characters")  # fmt: skip


def _is_reference(text: str) -> bool:
    kind, colon, _ = text.partition(":")
    return bool(colon) and kind in REFERENCES


def _is_credential(place: str) -> bool:
    return place not in NO_CREDENTIAL and CREDENTIAL.fullmatch(_name(place)) is not None


def _is_address(place: str) -> bool:
    return ADDRESS.fullmatch(_name(place)) is not None


def _name(place: str) -> str:
    """The setting's own name; that of the list, where it is an item of one."""
    return next((part for part in reversed(place.split(".")) if not part.isdigit()), "").casefold()


def _flat(part: Any, place: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every single value with its place: names with dots between, numbers for items of a list."""
    if depth > DEEPEST:
        raise DataError("settings lie too deep in one another", where=place[:120], mend=f"{DEEPEST} levels at most")
    if isinstance(part, Mapping):
        named = [(str(name), value) for name, value in part.items()]
    elif isinstance(part, list | tuple):
        named = [(str(at), value) for at, value in enumerate(part)]
    else:
        if part is not None and not isinstance(part, bool):
            yield place, part
        return
    for name, value in named:
        _must_be_kept(place, name)
        yield from _flat(value, f"{place}.{name}" if place else name, depth + 1)
