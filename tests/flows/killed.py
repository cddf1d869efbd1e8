"""A process that runs a flow of the fake hub into its death."""

from __future__ import annotations

import signal
from pathlib import Path
from types import ModuleType

from tests import forks


def crash(fakehub: ModuleType, url: str, folder: Path, guard: str, flow: str, point: str) -> None:
    """Run a process into its death, on a database that is ready."""
    hub = fakehub.open_hub(url)
    hub.engine.stop()
    hub.store.close()
    done = forks.run(Path(str(fakehub.__file__)), url, folder, guard, flow, point)
    assert done.code == -signal.SIGKILL, done.stderr[-2000:]
