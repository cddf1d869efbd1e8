"""Serves the application with uvicorn until the process is told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from benehub.api import who
from benehub.api.app import create_app
from benehub.api.front import Front
from benehub.api.patience import Patient
from benehub.errors import ConfigError
from benehub.flows import Hub

STOP_SECONDS = 10
"""How long calls that are being answered may take once the process is to stop."""


class _Server(uvicorn.Server):
    """Stops at SIGINT and SIGTERM and returns; uvicorn's own would end the process by the signal itself."""

    def __init__(self, config: uvicorn.Config, stop: threading.Event) -> None:
        super().__init__(config)
        self._stop = stop

    async def on_tick(self, counter: int) -> bool:
        """Looked at ten times a second: whether to end."""
        return await super().on_tick(counter) or self._stop.is_set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Our handlers while it serves, those of before after it."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve(hub: Hub, host: str, port: int, told: Callable[[str], None], stop: threading.Event, front: Front) -> None:
    """Serve until SIGINT, SIGTERM or `stop`; `told` gets the address once the port is ours.

    Addresses of calls name employers and hold ids, so there is no access log.

    Raises:
        ConfigError: the port cannot be had.
    """
    config = uvicorn.Config(
        create_app(hub, who.resolve, front), host=host, port=port,
        access_log=False, log_config=None, server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS, timeout_keep_alive=15, limit_concurrency=200,
        http=Patient, proxy_headers=True, forwarded_allow_ips=front.trusted_proxies,
    )  # fmt: skip
    try:
        socket = config.bind_socket()
    except (OSError, SystemExit):
        raise ConfigError(f"no place at {host}:{port}", mend="Choose another --port or --host") from None
    with socket:
        socket.listen(config.backlog)  # whoever is told the address may call at once
        shown = f"[{host}]" if ":" in host else host
        told(f"http://{shown}:{socket.getsockname()[1]}")
        _Server(config, stop).run(sockets=[socket])
