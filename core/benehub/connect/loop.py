"""The only event loop of the hub: a thread of its own, behind synchronous calls.

SFTP has no synchronous library worth using, and everything above this room is synchronous.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """An event loop in a daemon thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="benehub-connect", daemon=True).start()

    def run(self, work: Coroutine[Any, Any, T], timeout: float) -> T:
        """The coroutine's result.

        Raises:
            TimeoutError: it took longer than `timeout` seconds; it is cancelled.
        """
        future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, timeout), self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise


@cache
def loop_thread() -> LoopThread:
    """The one loop, started at its first use."""
    return LoopThread()
