"""An installation with two employers, a clock that is set, and passwords that cost nothing to check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from benehub import plugins
from benehub.access import Role, passwords, users
from benehub.flows import Hub
from benehub.store import Session, Store
from benehub.store.schema import INSTALLATION

PASSWORD = "correct horse battery staple"


class Desk:
    """A hub whose clock is set."""

    def __init__(self, store: Store) -> None:
        self.now = store.clock()
        self.store = replace(store, clock=lambda: self.now)
        self.hub = Hub(self.store, plugins.build(load_strangers=False))

    def later(self, **by: float) -> datetime:
        """Let time pass."""
        self.now += timedelta(**by)
        return self.now

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction of the installation."""
        with self.store.write(INSTALLATION) as session:
            yield session

    def rows(self, query: Any) -> list[Any]:
        """All rows of a query."""
        with self.store.read(INSTALLATION) as session:
            return list(session.rows(query))

    def user(self, email: str = "ann@acme.example", *roles: Role, role_for: str = "acme") -> str:
        """A user with a password."""
        with self.write() as session:
            user = users.add(session, email, "Ann Lee", passwords.digest(PASSWORD))
            for role in roles:
                users.give(session, user, role, role_for, "test")
        return user


@pytest.fixture(autouse=True)
def _cheap(cheap_passwords: Callable[..., None]) -> None:
    """Every test has them."""


@pytest.fixture
def desk(store: Store) -> Desk:
    """An installation with the employers `acme` and `other`, and nobody in it."""
    return Desk(store)
