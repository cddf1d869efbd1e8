"""Finds the simulator that lies in a connector's folder, so that core names no connector."""

from __future__ import annotations

import importlib
from types import ModuleType

import pluggy

from benehub.connections import connectors, known
from benehub.errors import ConfigError


def simulator_module(manager: pluggy.PluginManager, connector: str) -> ModuleType:
    """The module `simulator` beside a connector.

    Raises:
        ConfigError: the connector is not installed, or brings no simulator.
    """
    package = known(connectors(manager), connector).__module__
    try:
        return importlib.import_module(f"{package}.simulator")
    except ModuleNotFoundError as error:
        if error.name != f"{package}.simulator":
            raise
        raise ConfigError(f"connector {connector!r} brings no simulator", mend="Write simulator.py beside it") from None
