"""What the settings of a connection may name when a program gives them by the API: what was listed for it, no more.

Whoever may write a connection could else have any secret of the machine sent to an address of his own. So an
installation says per employer and connector which references and addresses may be named; what nobody listed is
refused, and so is whatever is a file of the machine. What stands at the same place already may stay there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from benehub.connect.connector import Connector
from benehub.connections.accounts import BANK
from benehub.connections.places import Place, called, is_reference, names_of, schema_of
from benehub.errors import DataError
from benehub.settings import ByApi

ADDRESS: Final = re.compile(
    r"(.*_)?(urls?|uris?|links?|hosts?|hostnames?|host_keys|domains?|endpoints?|proxy|servers?|ports?|folders?|roots?|dirs?"
    r"|paths?|address|addresses)"
)
"""Names of settings that say where something is reached or lies."""

LEADS: Final = re.compile(r"[/\\]|~.|.*://|(.*[/\\])?\.\.([/\\]|$)|[A-Za-z]:[/\\]", re.DOTALL)
"""Texts that lead somewhere, whatever the setting is called."""

CREDENTIAL: Final = re.compile(
    r"(.*_)?(secrets?|passwords?|passwd|pwd|passphrases?|tokens?|credentials?|bearer|authorization|certificates?|authority"
    r"|pin|api_?keys?)|keys?|.*(private|our|partner|access)_keys?"
)
"""Names of settings that hold a credential: a reference, never the credential."""

ACCOUNT: Final = re.compile(
    rf"{BANK.pattern}|integration|company|tenant|subdomain|organi[sz]ation|users?|username|login"
)
"""Names of settings that say which account: where money goes or comes from, or whose account at a vendor it is, where
one credential serves many."""

Listed = Sequence[str] | Mapping[str, Sequence[str]]
"""What may be named: anywhere, or by setting."""

DEEPEST: Final = 8
LONGEST: Final = 8000
"""Characters of a text at most."""

_UNKEPT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def check_named(
    employer: str,
    connector: type[Connector],
    settings: Mapping[str, Any],
    allowed: ByApi | None,
    before: Mapping[str, Any] | None = None,
) -> None:
    """Hold the settings that somebody gives by the API against what he may name.

    Args:
        employer: whose connection it is.
        connector: what it is to speak with; its settings say which parts of a place are names of settings, and which
            are keys of maps, that is words of somebody's.
        settings: as given.
        allowed: what the installation lists for this employer and connector; None where it lists nothing.
        before: the settings that the connection has.

    Raises:
        DataError: something is named that is not listed, a credential stands in plain text, or a text cannot be kept.
            It names the place, never the value.
    """
    listed = f"connections_by_api.{employer}.{connector.name}"
    if allowed is None:
        raise DataError(
            f"connections of {connector.name} are not set up by the API for {employer}",
            mend=f"List what it may name in benehub.toml, [{listed}], or use benehub connection add",
        )
    check_listed(connector, settings, allowed, listed, before or {})


def check_listed(
    connector: type[Connector], settings: Mapping[str, Any], allowed: ByApi, listed: str, before: Mapping[str, Any]
) -> None:
    """As `check_named`, against lists that stand at `listed` in the installation's settings.

    Raises:
        DataError: as there.
    """
    had, schema = dict(_flat(before)), schema_of(connector)
    for place, value in _flat(settings):
        if place in had and had[place] == value:
            continue
        text, where = str(value), ".".join(place)
        _must_be_kept(where, text)
        names, defaults = names_of(schema, place)
        if not text or value in defaults:  # written out or left out: the same
            continue
        good = partial(_good_for, place=place, names=names)
        if is_reference(text):
            _must_be_listed(where, text, good(allowed.references), "reference", f"{listed}.references")
        elif called(CREDENTIAL, connector, names):
            raise DataError("a credential stands in plain text", where=where, mend="Name it by a listed reference")
        elif called(ACCOUNT, connector, names) or ".".join(names) in connector.account_settings:
            _must_be_listed(where, text, good(allowed.accounts), "account", f"{listed}.accounts")
        elif called(ADDRESS, connector, names) or LEADS.match(text):
            _must_be_listed(where, text, good(allowed.addresses), "address or folder", f"{listed}.addresses")


def changed_places(settings: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, list[str]]:
    """What was `added`, `changed` and `removed`, by place; never the values."""
    now, had = dict(_flat(settings)), dict(_flat(before))
    found = {
        "added": [one for one in now if one not in had],
        "changed": [one for one in now if one in had and now[one] != had[one]],
        "removed": [one for one in had if one not in now],
    }
    return {what: [".".join(one) for one in places] for what, places in found.items() if places}


def _must_be_listed(place: str, text: str, names: Sequence[str], what: str, listed: str) -> None:
    if text.startswith("file:"):
        raise DataError("no file of the machine may be named by the API", where=place,
                        mend="Use env:NAME or keyring:NAME, or benehub connection add")  # fmt: skip
    if text not in names:
        raise DataError(f"this {what} may not be named by the API", where=place,
                        mend=f"Have it listed in benehub.toml, {listed}, or use benehub connection add")  # fmt: skip


def _good_for(listed: Listed, place: Place, names: Place) -> Sequence[str]:
    """What is listed for a place: all of a list, of a table by setting what stands at this one or above it."""
    if not isinstance(listed, Mapping):
        return listed
    # Somebody's word that holds a dot is no way further down.
    here = [".".join(one.replace(".", " ") for one in way) for way in (place, names)]
    return [
        one
        for setting, those in listed.items() if any(f"{way}.".startswith(f"{setting}.") for way in here)
        for one in those
    ]  # fmt: skip


def _must_be_kept(place: str, text: str) -> None:
    if len(text) > LONGEST or _UNKEPT.search(text) or _UNKEPT.search(place) or len(place) > LONGEST:
        raise DataError("a text is too long, or has characters that cannot be kept", where=_UNKEPT.sub("", place)[:120],
                        mend=f"Write {LONGEST} characters at most, and no control characters")  # fmt: skip


def _flat(part: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every single value with its place: the names on the way, numbers for items of a list."""
    if len(place) > DEEPEST:
        raise DataError("settings lie too deep in one another", where=".".join(place)[:120],
                        mend=f"{DEEPEST} levels at most")  # fmt: skip
    if isinstance(part, Mapping):
        named = [(str(name), value) for name, value in part.items()]
    elif isinstance(part, list | tuple):
        named = [(str(at), value) for at, value in enumerate(part)]
    else:
        if part is not None and not isinstance(part, bool):
            yield place, part
        return
    for name, value in named:
        _must_be_kept(".".join(place), name)
        yield from _flat(value, (*place, name))
