"""Runs flows as DBOS workflows on the hub's own database."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from dbos import DBOS, DBOSConfig, SetWorkflowID

from benehub.errors import ConfigError

P = ParamSpec("P")
R = TypeVar("R")

APPLICATION_VERSION = "1"
"""Raised only when pending work of the older code could not go on with the new one."""


class Steps:
    """What a flow runs its steps through."""

    def step(self, name: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `function` once; after a crash its stored result is given back without running it again."""
        return DBOS.run_step({"name": name}, function, *args, **kwargs)


@dataclass(frozen=True, slots=True)
class Flow:
    """A named job: `run(steps, *args)`; arguments are plain JSON values without personal data."""

    name: str
    run: Callable[..., Any]


class Engine:
    """One process's job engine.

    Args:
        url: the hub's database; the engine's own tables live beside the ledger's.
        flows: every flow this process can run; pending ones are taken up again at `start`.
        executor: unique name of the process.
    """

    def __init__(self, url: str, flows: dict[str, Flow], executor: str = "local") -> None:
        self._flows = flows
        self._url = url
        self._executor = executor
        self._running = False
        self._lock = threading.Lock()
        self._workflow: Callable[..., Any] | None = None

    def start(self) -> None:
        """Launch; work that a killed process left pending goes on in the background."""
        with self._lock:
            if self._running:
                return
            config: DBOSConfig = {
                "name": "benehub",
                "system_database_url": self._url,
                "executor_id": self._executor,
                "application_version": APPLICATION_VERSION,
                "log_level": os.environ.get("BENEHUB_ENGINE_LOG", "CRITICAL"),
                "notification_listener_polling_interval_sec": 0.2,
            }
            DBOS(config=config)
            flows = self._flows

            @DBOS.workflow(name="benehub.flow", max_recovery_attempts=20)
            def run_flow(name: str, arguments: list[Any]) -> Any:
                return flows[name].run(Steps(), *arguments)

            self._workflow = run_flow
            DBOS.launch()
            self._running = True

    def run(self, name: str, key: str, *arguments: Any) -> Any:
        """Run a flow to its end and give its result; the same name and key again gives the first result.

        Raises:
            ConfigError: no such flow, or the engine is not started.
            BenehubError: whatever the flow raised.
        """
        if name not in self._flows:
            raise ConfigError(f"no flow {name!r}")
        if self._workflow is None:
            raise ConfigError("the engine is not started", mend="Call start() first")
        with SetWorkflowID(f"{name}:{key}"):
            return self._workflow(name, list(arguments))

    def stop(self) -> None:
        """Let running steps end, then give everything back."""
        with self._lock:
            if self._running:
                DBOS.destroy(workflow_completion_timeout_sec=5)
                self._running = False
                self._workflow = None
