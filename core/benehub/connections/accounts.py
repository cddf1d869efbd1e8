"""Accounts at a bank or vendor that stand in a connection's settings: sealed where they are kept, masked where shown.

They lie apart from the other settings, each with its place, and nothing is left of them there. Where a setting names a
reference instead, that stays: it tells nobody the account.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from benehub.connect.connector import Connector
from benehub.connections.places import Place, called, is_reference, names_of, schema_of

BANK: Final = re.compile(r"((.*_)?(iban|bic|swift|sort_code|account|routing|aba|bank))(_numbers?|_no|_code)?s?")
"""Names of settings that say which bank and account there money goes to or comes from."""

Apart = list[tuple[list[str], Any]]
"""Accounts, each with its place."""


def apart(connector: type[Connector], settings: Mapping[str, Any]) -> tuple[dict[str, Any], Apart]:
    """Settings without their accounts, and those."""
    taken: Apart = []

    def take(place: Place, value: Any) -> None:
        taken.append((list(place), value))

    return _each(connector, settings, take), taken


def masked(connector: type[Connector], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as people are shown them: of an account its last four signs, where there are more than twice as many."""
    return _each(connector, settings, lambda _, value: last_four(str(value)))


def last_four(text: str) -> str:
    """An account as people are shown it."""
    return f"****{text[-4:]}" if len(text) > 8 else "****"


def together(settings: Mapping[str, Any], accounts: Sequence[tuple[Sequence[str], Any]]) -> dict[str, Any]:
    """Settings with their accounts again."""
    if not accounts:
        return dict(settings)
    whole: dict[str, Any] = _copied(settings)
    for (*way, last), value in accounts:
        at: Any = whole
        for part in way:
            at = at[int(part)] if isinstance(at, list) else at[part]
        at[int(last) if isinstance(at, list) else last] = value
    return whole


def _each(connector: type[Connector], settings: Mapping[str, Any], put: Callable[[Place, Any], Any]) -> dict[str, Any]:
    """A copy of settings with what `put` gives in place of each account."""
    schema = schema_of(connector)

    def at(place: Place, part: Any) -> Any:
        if isinstance(part, Mapping):
            return {str(name): at((*place, str(name)), one) for name, one in part.items()}
        if isinstance(part, list | tuple):
            return [at((*place, str(number)), one) for number, one in enumerate(part)]
        if part is None or part == "" or isinstance(part, bool) or is_reference(str(part)):
            return part
        names, defaults = names_of(schema, place)
        of_ours = ".".join(names) in connector.account_settings
        return put(place, part) if part not in defaults and (of_ours or called(BANK, connector, names)) else part

    found: dict[str, Any] = at((), settings)
    return found


def _copied(part: Any) -> Any:
    if isinstance(part, Mapping):
        return {name: _copied(one) for name, one in part.items()}
    return [_copied(one) for one in part] if isinstance(part, list) else part
