"""What `benehub up` serves writes down no address that was called: a query holds names and numbers of people."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest
import uvicorn

from benehub import plugins
from benehub.api import serving
from benehub.api.front import Front
from benehub.flows import Hub
from benehub.store import Store


def test_no_call_is_logged(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[uvicorn.Config] = []

    def run(self: Any, sockets: Any = None) -> None:
        made.append(self.config)

    monkeypatch.setattr(serving._Server, "run", run)
    hub = Hub(store, plugins.build(load_strangers=False))
    serving.serve(hub, "127.0.0.1", 0, lambda _address: None, threading.Event(), Front())
    (config,) = made
    access = logging.getLogger("uvicorn.access")
    assert not config.access_log and not access.handlers and not access.propagate
