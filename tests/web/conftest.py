"""The demo's month behind the pages: its database is made once a run, each test works on a copy of its own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from benehub import plugins
from benehub.access import Caller, Role
from benehub.api.app import create_app
from benehub.crypto import Vault
from benehub.flows import Hub, bind
from benehub.settings import read_keys
from benehub.store import Store, open_store
from benehub.views.employers import employers

NOW = datetime(2026, 12, 2, 9, tzinfo=UTC)
"""Some days after the demo's last."""


def caller_of(*roles: Role, employer: str = "", name: str = "Ann Alder") -> Caller:
    """Somebody with these roles, everywhere or with one employer."""
    held = frozenset(roles)
    return Caller("usr_ann", name, roles={employer: held}) if employer else Caller("usr_ann", name, everywhere=held)


@dataclass
class Desk:
    """A hub on the demo's data, and a browser without a screen that somebody sits at."""

    store: Store
    hub: Hub
    employer: str
    caller: Caller | None = field(default_factory=lambda: caller_of(Role.OWNER))
    headers: dict[str, str] = field(default_factory=lambda: {"accept-language": "en"})

    def __post_init__(self) -> None:
        app = create_app(self.hub, lambda _request: self.caller)
        self.client = TestClient(app, follow_redirects=False, headers=self.headers)

    def get(self, path: str, status: int = 200, **query: Any) -> str:
        """A page of the employer."""
        answer = self.client.get(self.address(path), params=query or None)
        assert answer.status_code == status, (path, answer.status_code, answer.text[-800:])
        return answer.text

    def post(self, path: str, **form: Any) -> Any:
        """A form of the employer's, sent."""
        return self.client.post(self.address(path), data=form)

    def seen(self, path: str) -> str:
        """The version that the forms of a page carry."""
        return re.findall(r'name="seen" value="([^"]+)"', self.get(path))[0]

    def address(self, path: str) -> str:
        """The address of a page."""
        return path if path.startswith("/") else f"/e/{self.employer}/{path}"

    def start(self) -> None:
        """The job engine."""
        bind(self.hub).engine.start()

    def hub_listens(self) -> None:
        """The job engine, and what is queued is taken, as a worker does."""
        bind(self.hub).engine.start(listen=True)


def open_desk(folder: Path, clock: Callable[[], datetime] = lambda: NOW) -> Desk:
    """A hub on a folder that the demo has left."""
    keys = read_keys((folder / "benehub.keys").read_text())
    store = open_store(f"sqlite:///{folder / 'benehub.db'}", Vault(*keys), clock)
    hub = Hub(store, plugins.build(load_strangers=False))
    return Desk(store, hub, str(employers(store)[0].employer_id))


def close_desk(desk: Desk) -> None:
    """Everything that was opened for it."""
    if hasattr(desk.hub, "engine"):
        desk.hub.engine.stop()
    desk.store.close()


@pytest.fixture
def read_desk(shared_desk: Desk) -> Desk:
    """The demo for tests that change nothing; what a test before has chosen of language and theme is forgotten."""
    shared_desk.client.cookies.clear()
    return shared_desk


@pytest.fixture(scope="session")
def shared_desk(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The demo behind `read_desk`."""
    folder = tmp_path_factory.mktemp("read")
    copy_demo(demo_folder, folder)
    desk = open_desk(folder)
    yield desk
    close_desk(desk)


@pytest.fixture
def desk(demo_folder: Path, tmp_path: Path) -> Iterator[Desk]:
    """The demo for one test alone."""
    copy_demo(demo_folder, tmp_path)
    made = open_desk(tmp_path)
    yield made
    close_desk(made)


def copy_demo(source: Path, target: Path) -> None:
    """What a desk opens of what the demo left."""
    for name in ("benehub.db", "benehub.keys", "benehub.toml"):
        shutil.copy(source / name, target / name)


@pytest.fixture
def links() -> Callable[[str], list[str]]:
    """links(html): where a page leads."""
    return lambda html: [one.replace("&amp;", "&") for one in re.findall(r'href="([^"#]+)"', html)]
