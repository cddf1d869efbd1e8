"""Checks trading-partner profiles before a file is lost on them: every finding names the field and its mend.

Nothing is sent and nobody is called. What is looked at: whether the settings can be read at all, whether each secret
is there, whether keys and folders can be used, and what the connector itself finds against the plan book.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from benehub.connect.connector import Connector, Kind
from benehub.connect.exchange import Unfit
from benehub.connect.pgp import Pgp, PgpBox
from benehub.connections.places import is_reference
from benehub.connections.registry import Configured, known
from benehub.errors import BenehubError
from benehub.planbook import PlanBook
from benehub.settings import resolve_secret


def partners(rows: Sequence[Configured], found: Mapping[str, type[Connector]]) -> list[Configured]:
    """The connections that are trading partners: those to carriers."""
    return [row for row in rows if row.connector in found and found[row.connector].kind is Kind.CARRIER]


def check_partner(row: Configured, found: Mapping[str, type[Connector]], book: PlanBook) -> list[Unfit]:
    """Everything that is wrong with the profile of a connection, for the plans that the book sends there.

    Raises:
        ConfigError: no package brings its connector.
    """
    connector = known(found, row.connector)()
    try:
        settings = connector.Settings.model_validate(dict(row.settings))
    except ValidationError as error:
        return [
            Unfit(".".join(map(str, one["loc"])) or "settings", one["msg"], "Mend the field; see docs/partners.md")
            for one in error.errors()
        ]
    secret, wrong = _secrets(row.settings)
    if not wrong:
        wrong = list(_usable(connector, settings, secret))
    return [*wrong, *connector.check_profile(settings, _plans(book, row.connection_id))]


def _plans(book: PlanBook, connection_id: str) -> dict[str, list[str]]:
    """The plans of a carrier, and every tier that one of their rates names."""
    return {
        plan.id: list(dict.fromkeys(tier.value for rate in plan.rates for tier in rate.tiers))
        for plan in book.insurance_plans()
        if plan.carrier == connection_id
    }


def _secrets(settings: Any) -> tuple[dict[str, str], list[Unfit]]:
    """What each reference stands for, by the reference, and those that stand for nothing."""
    secret: dict[str, str] = {}
    wrong: list[Unfit] = []
    for place, reference in _references(settings, ""):
        try:
            secret[reference] = resolve_secret(reference)
        except BenehubError as error:
            wrong.append(Unfit(place, error.what, error.mend))
    return secret, wrong


def _references(part: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(part, str):
        if is_reference(part):
            yield place, part
    elif isinstance(part, Mapping):
        for name, value in part.items():
            yield from _references(value, f"{place}.{name}" if place else str(name))
    elif isinstance(part, Sequence):
        for value in part:
            yield from _references(value, place)


def _usable(connector: Connector, settings: BaseModel, secret: Mapping[str, str]) -> Iterator[Unfit]:
    """Keys and folders that cannot be used; a server is not called."""
    pgp = getattr(settings, "pgp", None)
    if isinstance(pgp, Pgp):
        try:
            PgpBox(pgp, pgp.keys(secret)).prove()
        except BenehubError as error:
            yield Unfit(error.where or "pgp", error.what, error.mend)
            return
    try:
        mailbox = connector.mailbox(settings, secret)
    except BenehubError as error:
        yield Unfit("place", error.what, error.mend)
        return
    close = getattr(mailbox, "close", None)
    if close is not None:
        close()
