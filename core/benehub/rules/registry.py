"""The list of all calculators, and one door that runs any of them on plain JSON.

A calculator registers itself with the `calculator` decorator in its own file; the files are found by walking
this package, so a new one needs no line elsewhere.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pluggy
from pydantic import ValidationError

import benehub.rules
from benehub.errors import ConfigError, DataError
from benehub.plugins import call_each
from benehub.rules.base import Calculation, RuleModel

I_ = TypeVar("I_", bound=RuleModel)
O_ = TypeVar("O_", bound=RuleModel)

MAX_FAULTS_SHOWN = 5
"""How many wrong fields one error names."""


@dataclass(frozen=True, slots=True)
class Calculator:
    """One rule that can be run on its own; `version` changes whenever its results can.

    `example` is an input that works: what a person starts from, and what the docs and tests run.
    """

    name: str
    sentence: str
    input_model: type[RuleModel]
    output_model: type[RuleModel]
    function: Callable[[Any], Calculation[Any]]
    version: str
    example: Mapping[str, Any] = field(default_factory=dict)

    def schemas(self) -> dict[str, Any]:
        """The JSON Schemas of input and output."""
        return {
            "input": self.input_model.model_json_schema(mode="validation"),
            "output": self.output_model.model_json_schema(mode="serialization"),
        }


_CALCULATORS: dict[str, Calculator] = {}
_loaded = False


def calculator(
    name: str,
    sentence: str,
    input_model: type[I_],
    output_model: type[O_],
    version: str,
    *,
    example: Mapping[str, Any] | None = None,
) -> Callable[[Callable[[I_], Calculation[O_]]], Callable[[I_], Calculation[O_]]]:
    """Register a `compute` function under `name`.

    Raises:
        ConfigError: the name is taken by another function.
    """

    def _register(function: Callable[[I_], Calculation[O_]]) -> Callable[[I_], Calculation[O_]]:
        add_calculator(Calculator(name, sentence, input_model, output_model, function, version, example or {}))
        return function

    return _register


def add_calculator(added: Calculator) -> None:
    """Make a calculator findable by name; also for those a plugin brings.

    Raises:
        ConfigError: the name is taken by a function of another module.
    """
    taken = _CALCULATORS.get(added.name)
    if taken is not None and taken.function.__module__ != added.function.__module__:
        raise ConfigError(
            f"two calculators are named {added.name}",
            where=added.function.__module__,
            mend="Rename one of them",
        )
    _CALCULATORS[added.name] = added


def load_plugin_rules(manager: pluggy.PluginManager) -> None:
    """Make the calculators that plugins bring findable beside the built-in ones.

    Raises:
        ConfigError: a plugin's calculator has the name of another one.
    """
    for _, added in call_each(manager, "register_rules"):
        for one in () if isinstance(added, Exception) else added:
            add_calculator(one)


def all_calculators() -> Mapping[str, Calculator]:
    """Every calculator by name, sorted."""
    global _loaded
    if not _loaded:
        for module in pkgutil.walk_packages(benehub.rules.__path__, "benehub.rules."):
            importlib.import_module(module.name)
        _loaded = True
    return dict(sorted(_CALCULATORS.items()))


def find_calculator(name: str) -> Calculator:
    """The calculator of that name.

    Raises:
        DataError: there is none; the message lists those there are.
    """
    known = all_calculators()
    if name not in known:
        raise DataError(f"no calculator is named {name!r}", where="calc", mend=f"Choose one of: {', '.join(known)}")
    return known[name]


def calculate(name: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Run a calculator on plain JSON; the answer has the keys `result`, `explanation` and `needs`.

    The inputs in the explanation are the whole of what was given, so that they can be calculated again.

    Raises:
        DataError: unknown calculator, or an input field is missing, unknown or malformed (field named).
        ConfigError: the rule as configured is refused, or a legal value is not loaded.
    """
    chosen = find_calculator(name)
    try:
        given = chosen.input_model.model_validate(payload)
    except ValidationError as error:
        raise _as_data_error(chosen, error) from None
    done = chosen.function(given)
    inputs = given.model_dump(mode="json", exclude_unset=True)
    return {
        "result": None if done.result is None else done.result.model_dump(mode="json"),
        "explanation": done.explanation.model_dump(mode="json") | {"inputs": inputs},
        "needs": list(done.needs),
    }


def _as_data_error(chosen: Calculator, error: ValidationError) -> DataError:
    # include_input=False: what was typed in may be a salary or a birth date
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    named = [(".".join(str(part) for part in fault["loc"]) or "input", fault) for fault in faults]
    what = "; ".join(f"{field}: {_say(fault)}" for field, fault in named[:MAX_FAULTS_SHOWN])
    rest = len(named) - MAX_FAULTS_SHOWN
    if rest > 0:
        what += f"; and {rest} more"
    field, first = named[0]
    match first["type"]:
        case "missing":
            mend = f"Add the field {field}"
        case "extra_forbidden":
            mend = f"Take {field} out; known fields: {', '.join(chosen.input_model.model_fields)}"
        case _:
            mend = f"Mend {field}; `benehub calc {chosen.name} --schema` shows what it may hold"
    return DataError(what, where=chosen.name, mend=mend)


def _say(fault: Any) -> str:
    message: str = fault["msg"]
    return message.removeprefix("Value error, ")
