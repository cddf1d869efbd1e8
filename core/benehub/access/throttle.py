"""Slows whoever tries passwords or codes: by account and by address, in the database, so that it holds for all
processes. An attempt counts as failed from its start; only a whole sign-in takes that back.

An account that does not exist is held like one that does. The price: who keeps failing on somebody's account keeps
him out for up to a quarter of an hour; the way in by a provider stays open to him.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Row, delete, select

from benehub.store import Session, iso
from benehub.store.access_tables import sign_in_attempt
from benehub.store.bulk import insert_new
from benehub.store.schema import INSTALLATION

FREE: Final = {"account": 5, "address": 30}
"""Failures that cost no waiting."""

FIRST: Final = 30
"""Seconds to wait after the first one beyond; doubled with each."""

LONGEST: Final = 15 * 60
FORGOTTEN: Final = timedelta(hours=1)
"""After this time without an attempt nothing is held against an account or address."""


def attempt(session: Session, account: str, address: str) -> int:
    """Count an attempt; gives 0, or the seconds to wait, in which case nothing may be checked."""
    asked = [("account", account.strip().casefold()[:254]), ("address", _network(address))]
    # The order of the rows is that of everybody: two attempts never wait in a circle.
    kinds = sorted((session.vault.blind_index(f"{kind}/{name}", "attempt"), kind) for kind, name in asked if name)
    now = session.clock()
    rows = {digest: _locked(session, digest, now) for digest, _ in kinds}
    wait = max((_left(rows[digest], now) for digest, _ in kinds), default=0)
    if wait:
        return wait
    for digest, kind in kinds:
        row = rows[digest]
        stale = now - datetime.fromisoformat(row.last_at) >= FORGOTTEN
        failures = 1 if stale else row.failures + 1
        beyond = failures - FREE[kind]
        held = 0 if beyond < 0 else min(FIRST * 2 ** min(beyond, 10), LONGEST)
        values = {"failures": failures, "last_at": iso(now), "held_until": iso(now + timedelta(seconds=held))}
        session.change(sign_in_attempt, {"attempt_by": digest}, **values)
    return 0


def succeeded(session: Session, account: str) -> None:
    """A whole sign-in: nothing is held against the account. The address has to be quiet for an hour."""
    digest = session.vault.blind_index(f"account/{account.strip().casefold()[:254]}", "attempt")
    session.connection.execute(delete(sign_in_attempt).where(*session.where(sign_in_attempt, attempt_by=digest)))


def clear(session: Session) -> None:
    """Remove what is held against nobody any more."""
    old = sign_in_attempt.c.last_at < iso(session.clock() - FORGOTTEN)
    session.connection.execute(delete(sign_in_attempt).where(*session.where(sign_in_attempt), old))


def _network(address: str) -> str:
    """What one host commands: an IPv4 address, or the /64 of an IPv6 one, which has addresses without end."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))


def _left(row: Row[tuple[object, ...]], now: datetime) -> int:
    left = datetime.fromisoformat(str(row.held_until)) - now
    return max(0, -(-left // timedelta(seconds=1)))


def _locked(session: Session, digest: str, now: datetime) -> Row[tuple[object, ...]]:
    fresh = {"attempt_by": digest, "failures": 0, "last_at": iso(now), "held_until": iso(now)}
    insert_new(session.connection, sign_in_attempt, [{"employer_id": INSTALLATION, **fresh}])
    mine = session.where(sign_in_attempt, attempt_by=digest)
    return session.connection.execute(select(sign_in_attempt).where(*mine).with_for_update()).one()
