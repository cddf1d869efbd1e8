"""Writes the pages that only repeat what the code says, so that they cannot drift from it.

python docs/generate.py [PAGE ...]           write them (all when none is named)
python docs/generate.py --check [PAGE ...]   write nothing; name those that are not up to date, exit 1
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from enum import EnumMeta
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDER = Path(__file__).resolve().parent
NOTE = "<!-- Written by docs/generate.py from the code; change the code, then run `make docs`. -->"


def hooks_page() -> str:
    """Every hook with its exact arguments."""
    module = importlib.import_module("benehub.hookspecs")
    parts = [
        "# Hooks",
        NOTE,
        "A plugin is a module with functions of these names, marked `@benehub.hookimpl`. It may leave out the"
        " arguments it does not need. A package brings its plugins by the entry-point group `benehub`.",
    ]
    for name, function in own_functions(module):
        if hasattr(function, "benehub_spec"):
            parts += [f"## `{name}{parameters(function)}`", returns(function), prose(function)]
    return page(parts)


def errors_page() -> str:
    """The tree of errors, and what each one means."""
    module = importlib.import_module("benehub.errors")
    lead = inspect.cleandoc(module.__doc__ or "").split("\n\n")
    parts = ["# Errors", NOTE, lead[0], f"```text\n{inspect.cleandoc(lead[1])}\n```", *lead[2:]]
    for name, value in vars(module).items():
        if inspect.isclass(value) and issubclass(value, module.BenehubError):
            base = value.__mro__[1].__name__
            parts += [f"## `{name}`", f"Is a `{base}`. {prose(value)}"]
    return page(parts)


def api_page() -> str:
    """What `benehub` itself offers."""
    import benehub

    parts = ["# Public API", NOTE, inspect.cleandoc(benehub.__doc__ or "").split("\n\n", 1)[1]]
    for name in benehub.__all__:
        value = getattr(benehub, name)
        parts.append(f"## `{name}`")
        if isinstance(value, str):
            parts.append("The installed version of benehub.")
        elif inspect.isclass(value):
            parts.extend(class_parts(value))
        elif inspect.isfunction(value):
            parts += [f"```python\n{name}{signature(value)}\n```", prose(value)]
        else:
            parts.append("Marks a function of a plugin as the implementation of the hook of the same name.")
    return page(parts)


def settings_page() -> str:
    """Every setting with its type, default and meaning."""
    from pydantic_settings import BaseSettings

    module = importlib.import_module("benehub.settings")
    parts = ["# Settings", NOTE, inspect.cleandoc(module.__doc__ or "")]
    for name, value in vars(module).items():
        if inspect.isclass(value) and issubclass(value, BaseSettings) and value.__module__ == module.__name__:
            prefix = str(value.model_config.get("env_prefix") or "")
            joint = str(value.model_config.get("env_nested_delimiter") or "__")
            parts += [f"## `{name}`", prose(value)]
            for path, kind, default, meaning in setting_rows(value):
                variable = (prefix + joint.join(path)).upper()
                parts += [f"### `{'.'.join(path)}`", meaning, f"`{variable}` · {kind} · {default}"]
    return page(parts)


def commands_page() -> str:
    """Every command and option of the command line."""
    from typer.main import get_command

    root = get_command(importlib.import_module("benehub.cli").app)
    parts = ["# Commands", NOTE, "`benehub COMMAND --help` says the same at the terminal."]
    for path, command in commands("benehub", root):
        parts += [f"## `{path}`", text(command.help or command.short_help)]
        rows = [option_row(parameter) for parameter in command.params if is_ours(parameter)]
        if rows:
            parts.append("\n".join(rows))
    return page(parts)


def rules_page() -> str:
    """Every calculator: its fields, an input that works and what it answers."""
    import json

    from benehub.plugins import build
    from benehub.rules import registry

    registry.load_plugin_rules(build(load_strangers=False))
    parts = [
        "# Rules",
        NOTE,
        "Each rule can be run on its own: `benehub calc NAME < input.json`. Amounts are whole minor units (cents),"
        ' rates exact text (`"4.5%"`, `"1/30"`), dates `YYYY-MM-DD`. The answer holds `result`, `explanation` (rule,'
        " version, inputs used, steps with raw and rounded values, reasons, citation) and `needs`, the inputs that were"
        " missing. `--example` prints the input shown here, `--schema` the JSON Schemas of input and output.",
    ]
    for name, one in registry.all_calculators().items():
        answer = registry.calculate(name, one.example)
        steps = [f"{step['label']}: {step['raw']} → {step['value']}" for step in answer["explanation"]["steps"]]
        parts += [
            f"## `{name}`",
            f"{one.sentence} Version {one.version}.",
            "\n".join(field_row(field, said) for field, said in one.schemas()["input"]["properties"].items()),
            f"```json\n{json.dumps(dict(one.example), indent=2)}\n```",
            f"```json\n{json.dumps(answer['result'], indent=2)}\n```",
            "\n".join(f"- {step}" for step in steps),
            f"Source: {answer['explanation']['citation']}." if answer["explanation"]["citation"] else "",
        ]
    return page(parts)


def roles_page() -> str:
    """What each role may do, from the one table that the fronts ask."""
    from benehub.access import GRANTS, Permission, Role

    said = member_texts(importlib.import_module("benehub.access.roles"), "Permission")
    head = "| permission | " + " | ".join(f"`{role}`" for role in Role) + " |\n|---"
    rows = [
        f"| `{one}` | " + " | ".join("yes" if one in GRANTS[role] else "" for role in Role) + " |" for one in Permission
    ]
    parts = [
        "# Roles and permissions",
        NOTE,
        "What is not in the table may not be done. A role is given for one employer, or for the whole installation; a"
        " permission is also what a token's `--scope` names. See [access](access.md).",
        "\n".join([head + "|---" * len(Role) + "|", *rows]),
        "\n".join(f"- `{one}`: {said[one.name]}" for one in Permission),
    ]
    return page(parts)


def member_texts(module: ModuleType, name: str) -> dict[str, str]:
    """The text below each member of an enum, by the member's name."""
    import ast

    tree = ast.parse(inspect.getsource(module))
    (found,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    texts = {}
    for member, below in zip(found.body, found.body[1:], strict=False):
        if isinstance(member, ast.Assign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            target = member.targets[0]
            assert isinstance(target, ast.Name)
            texts[target.id] = " ".join(str(below.value.value).split())
    return texts


def proofs_page() -> str:
    """What each connector of the tree can do, what it was held against, and the tier it has earned."""
    from benehub.connections import connectors
    from benehub.plugins import build
    from benehub.testing import tiers

    known = sorted(connectors(build(load_strangers=False)).items())
    parts = [
        "# What connectors are proven against",
        NOTE,
        "Tiers are computed from the evidence kept in each connector's folder; `benehub connector check NAME --tier`"
        " shows the rules. Nobody's production system was called for any of them.",
        "| connector | kind | tier | evidence of |\n|---|---|---|---|\n"
        + "\n".join(
            f"| `{name}` | {one.kind} | {tiers.tier(one)} | {tiers.dated(one) or '-'} |" for name, one in known
        ),
    ]
    parts += points_table(known)
    for name, one in known:
        parts += [f"## `{name}`", *proof_parts(one)]
    return page(parts)


def points_table(known: list[tuple[str, Any]]) -> Iterator[str]:
    """Every connector against the points (a) to (i)."""
    from benehub.testing import points

    yield "## What each connector is held to"
    yield (
        "Worked out from the code, and from promises kept over it. `yes, but`: others stand in the way of a part, which"
        " the connector's own table names. `us`, `vendor`: who would have to act. `-`: it does not concern this"
        " kind of connector."
    )
    yield "\n".join(f"- ({point}) {what}" for point, what in points.POINTS.items())
    rows = [
        f"| `{name}` | " + " | ".join(points.word(points.cells(one), point) for point in points.POINTS) + " |"
        for name, one in known
    ]
    head = "| connector | " + " | ".join(points.POINTS) + " |\n|---" + "|---" * len(points.POINTS) + "|"
    yield "\n".join([head, *rows])


def proof_parts(connector: Any) -> Iterator[str]:
    """One connector: its vendor, capabilities, judges, what was not judged, and what to do when it fails."""
    from benehub.testing import points
    from benehub.testing.evidence import proofs
    from benehub.testing.form import manifest

    told = manifest(connector)
    yield f"{told.get('title', connector.name)}. API: {told['api_version']}. Documentation: {told['docs']}."
    words = {None: "yes", "us": "not by us", "vendor": "not by the vendor",
             "permissions": "not with these permissions", "customer_plan": "not with this customer's plan"}  # fmt: skip
    rows = [
        f"| `{one.operation}` | {one.benefit_type or 'all'} | {words[one.blocker and one.blocker.value]} |"
        f" {f'`{one.guard.value}`' if one.guard else ''} | {one.note}{day_words(connector, one)} |"
        for one in connector().capabilities()
    ]
    yield "| operation | benefits | works | guard | note |\n|---|---|---|---|---|\n" + "\n".join(rows)
    cells = [
        f"| {one.point} | {one.part} | {one.word if one.word == 'yes' else words[one.word]} | {one.why} |"
        for one in points.cells(connector)
    ]
    yield "| point | part | met | shown by, or why not |\n|---|---|---|---|\n" + "\n".join(cells)
    judged = [f"- {one.what}: by {one.against} ({one.by}, {one.on}; `{one.test}`)" for one in proofs(connector)]
    yield "Judged by others:\n\n" + ("\n".join(judged) or "- nothing")
    yield "Said of it:\n\n" + "\n".join(f"- {what}: {how}" for what, how in told.get("refereed", {}).items())
    if told.get("playbook"):
        yield "When it fails:\n\n" + "\n".join(f"- `{what}`: {how}." for what, how in told["playbook"].items())


def day_words(connector: Any, one: Any) -> str:
    """Whether a deduction is taken with the day from which it counts."""
    if one.operation != "deduction.set" or not one.supported:
        return ""
    return ". Takes the day" if one.operation in connector.takes_day else ". Takes no day: only the next one is told"


def field_row(name: str, said: dict[str, Any]) -> str:
    """One input field as a list item."""
    meaning = " ".join(str(said.get("description", "")).split())
    default = said.get("default")
    shown = "" if default in (None, "", [], {}) else f" Default `{default}`."
    return f"- `{name}`: {meaning}{shown}"


PAGES: dict[str, Callable[[], str]] = {
    "api.md": api_page,
    "commands.md": commands_page,
    "errors.md": errors_page,
    "hooks.md": hooks_page,
    "rules.md": rules_page,
    "proofs.md": proofs_page,
    "roles.md": roles_page,
    "settings.md": settings_page,
}


def own_functions(module: ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The functions defined in a module, in the order of the file."""
    for name, value in vars(module).items():
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_"):
            yield name, value


class Bare(str):
    """A text that shows without quotes inside a signature."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def signature(function: Callable[..., Any]) -> inspect.Signature:
    """As its caller sees it: without `self`, annotations unquoted, computed defaults as `...`."""
    found = inspect.signature(function)
    kept = []
    for name, parameter in found.parameters.items():
        if isinstance(parameter.annotation, str):
            parameter = parameter.replace(annotation=Bare(parameter.annotation))
        if repr(parameter.default) == "<factory>":
            parameter = parameter.replace(default=Bare("..."))
        if name != "self":
            kept.append(parameter)
    back = found.return_annotation
    return found.replace(parameters=kept, return_annotation=Bare(back) if isinstance(back, str) else back)


def parameters(function: Callable[..., Any]) -> str:
    """The argument list alone, without what comes back."""
    return str(signature(function).replace(return_annotation=inspect.Signature.empty))


def returns(function: Callable[..., Any]) -> str:
    """What comes back, as a line; nothing for None."""
    back = signature(function).return_annotation
    return "" if back == "None" else f"Returns `{back}`."


def prose(thing: Any) -> str:
    """A docstring as Markdown: its sections (`Args:`, `Raises:`) become lists."""
    lines: list[str] = []
    for line in text(inspect.getdoc(thing)).splitlines():
        inner = line.removeprefix("    ")
        if line in ("Args:", "Raises:", "Yields:", "Returns:"):
            lines += [line, ""]
        elif inner != line and ":" in inner.split(" ")[0]:
            name, _, rest = inner.partition(":")
            lines.append(f"- `{name}`:{rest}")
        elif inner != line and lines and lines[-1]:
            lines[-1] += f" {inner.strip()}"
        else:
            lines.append(line)
    return "\n".join(lines)


def text(value: str | None) -> str:
    """A help text without its indentation; missing ones show."""
    return inspect.cleandoc(value) if value else "(no description)"


def class_parts(value: Any) -> Iterator[str]:
    """A class: how it is made, what it means, its public methods or members."""
    if isinstance(value, EnumMeta):
        yield prose(value)
        members: Any = value.__members__
        yield "\n".join(f"- `{name}` = `{member.value!r}`" for name, member in members.items())
        return
    if not inspect.isabstract(value) and "__init__" in vars(value):
        yield f"```python\n{value.__name__}{parameters(value.__init__)}\n```"
    yield prose(value)
    for name, method in vars(value).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            yield f"**`.{name}{signature(method)}`** {prose(method)}"


def setting_rows(model: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, str, str]]:
    """(path, type, default, meaning) of every field, nested models included."""
    from pydantic import BaseModel

    for name, field in model.model_fields.items():
        path = (*above, name)
        if inspect.isclass(field.annotation) and issubclass(field.annotation, BaseModel):
            yield from setting_rows(field.annotation, path)
            continue
        kind = getattr(field.annotation, "__name__", None) or str(field.annotation)
        if "[" in str(field.annotation):
            kind = str(field.annotation).replace("typing.", "")
        if field.is_required():
            default = "required"
        elif field.default_factory is not None:
            default = "default computed"
        else:
            default = f"default `{field.default!r}`" if field.default not in ("", None) else "default empty"
        yield path, f"`{kind}`", default, text(field.description)


def commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """A command and those under it, with their full names; a hidden one is left out."""
    yield path, command
    for name, child in sorted(getattr(command, "commands", {}).items()):
        if not child.hidden:
            yield from commands(f"{path} {name}", child)


def is_ours(parameter: Any) -> bool:
    """Whether it is told here: not hidden, and not typer's completion (its text differs by shell)."""
    return not getattr(parameter, "hidden", False) and not str(parameter.name).endswith("_completion")


def option_row(parameter: Any) -> str:
    """One option or argument as a list item."""
    names = [*parameter.opts, *parameter.secondary_opts]
    shown = (
        ", ".join(f"`{n}`" for n in names) if parameter.param_type_name == "option" else f"`{parameter.name.upper()}`"
    )
    help_text = " ".join((getattr(parameter, "help", None) or "").split())
    return f"- {shown}: {help_text or '(no description)'}"


def page(parts: list[str]) -> str:
    """Parts as paragraphs."""
    return "\n\n".join(part for part in parts if part) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write or check; gives the exit code."""
    parser = argparse.ArgumentParser(description="Write docs pages from the code.")
    parser.add_argument("--check", action="store_true", help="only say which pages are not up to date")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help=f"of {', '.join(PAGES)}")
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.pages if name not in PAGES]:
        parser.error(f"no such page: {', '.join(unknown)}")
    old = 0
    for name in given.pages or PAGES:
        path, wanted = FOLDER / name, PAGES[name]()
        if path.exists() and path.read_text(encoding="utf-8") == wanted:
            continue
        if given.check:
            old += 1
            sys.stderr.write(f"docs/{name} is not up to date; run `make docs`\n")
        else:
            path.write_text(wanted, encoding="utf-8")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
