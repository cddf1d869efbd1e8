"""Builds the PluginManager: built-ins by folder scan, strangers by the entry-point group `benehub`.

Everything goes through the same hooks. A folder scan finds an in-tree connector the moment its folder
exists; entry points are fixed when a package is installed. `BENEHUB_PLUGINS` (comma separated, may be
empty) pins which strangers are loaded. `BENEHUB_TRACE=hooks` prints every hook call, masked, to stderr.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

import pluggy
import structlog

from benehub import hookspecs
from benehub.crypto import mask
from benehub.errors import ConfigError

IN_TREE = ("benehub_connectors", "benehub_plugins")
GROUP = "benehub"

log = structlog.get_logger("benehub.plugins")


def build(load_strangers: bool = True) -> pluggy.PluginManager:
    """A fresh PluginManager with everything registered.

    Args:
        load_strangers: whether installed packages of the entry-point group are loaded too.

    Raises:
        ConfigError: a plugin cannot be imported or implements a hook wrongly.
    """
    manager = pluggy.PluginManager("benehub")
    manager.add_hookspecs(hookspecs)
    for module in _in_tree():
        _register(manager, module, module.__name__)
    for name, plugin in _strangers() if load_strangers else ():
        _register(manager, plugin, name)
    if "hooks" in os.environ.get("BENEHUB_TRACE", "").split(","):
        manager.add_hookcall_monitoring(_before, _after)
    return manager


def call_each(manager: pluggy.PluginManager, hook: str, **arguments: Any) -> Iterator[tuple[str, Any]]:
    """Call `hook` on each plugin by itself: one that raises is named in the log and passed over.

    Yields (plugin name, result) of those that answered something other than None, in the hooks' own order; of
    one that raised, the exception is the result. Wrappers have nothing to wrap here and are left out.
    """
    traced = "hooks" in os.environ.get("BENEHUB_TRACE", "").split(",")
    impls = [one for one in reversed(getattr(manager.hook, hook).get_hookimpls()) if not one.wrapper]
    if traced:
        _before(hook, impls, arguments)
    for impl in impls:
        if impl.hookwrapper:
            continue
        wanted = {name: arguments[name] for name in impl.argnames}
        try:
            result = impl.function(**wanted)
        except Exception as error:
            # A stranger's code may raise anything; the run must not go down with it.
            log.warning("plugin failed", plugin=impl.plugin_name, hook=hook, error=mask(repr(error)))
            yield impl.plugin_name, error
            continue
        if result is not None:
            yield impl.plugin_name, result


def _in_tree() -> Iterator[ModuleType]:
    for package_name in IN_TREE:
        package = importlib.import_module(package_name)
        for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
            name = f"{package_name}.{found.name}"
            try:
                yield importlib.import_module(name)
            except Exception as error:
                raise ConfigError(
                    f"plugin {name!r} cannot be loaded ({type(error).__name__}: {mask(str(error))})",
                    mend="Mend its code, or take its folder away",
                ) from error


def _strangers() -> Iterator[tuple[str, Any]]:
    pinned = os.environ.get("BENEHUB_PLUGINS")
    allowed = None if pinned is None else {name.strip() for name in pinned.split(",") if name.strip()}
    for point in entry_points(group=GROUP):
        if allowed is None or point.name in allowed:
            try:
                yield point.name, point.load()
            except Exception as error:
                raise ConfigError(
                    f"plugin {point.name!r} cannot be loaded ({type(error).__name__})",
                    where=point.value,
                    mend="Mend or uninstall it, or leave it out of BENEHUB_PLUGINS",
                ) from error


def _register(manager: pluggy.PluginManager, plugin: Any, name: str) -> None:
    try:
        manager.register(plugin, name=name)
    except pluggy.PluginValidationError as error:
        raise ConfigError(f"plugin {name!r} implements a hook wrongly: {error}", mend="See docs/hooks.md") from error
    except ValueError as error:
        raise ConfigError(f"two plugins are named {name!r}", mend="Uninstall or rename one of them") from error


def _before(hook_name: str, hook_impls: Sequence[pluggy.HookImpl], kwargs: Mapping[str, Any]) -> None:
    shown = ", ".join(f"{key}={value!r}" for key, value in kwargs.items())
    sys.stderr.write(mask(f"hook {hook_name}({shown}) -> {[i.plugin_name for i in hook_impls]}\n"))


def _after(
    outcome: pluggy.Result[Any],
    hook_name: str,
    hook_impls: Sequence[pluggy.HookImpl],
    kwargs: Mapping[str, Any],
) -> None:
    sys.stderr.write(mask(f"hook {hook_name} done: {outcome.exception or outcome.get_result()!r}\n"))
