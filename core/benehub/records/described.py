"""Models whose fields are described by the text below them, read when a JSON Schema is asked for.

Pydantic would read these texts while a class is made (`use_attribute_docstrings`), for every class anew. With hundreds
of models that was a good part of the time that a process took to start.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Described(BaseModel):
    """Base of models in whose JSON Schema the text below a field is its description."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema pydantic makes, with the texts."""
        made = handler(core_schema)
        describe(cls, cls.model_fields, handler.resolve_ref_schema(made))
        return made


def describe(cls: type, fields: Mapping[str, FieldInfo], schema: JsonSchemaValue) -> None:
    """Put the texts below the fields of a class into its JSON Schema; a description given otherwise stays."""
    properties = schema.get("properties", {})
    for name, field in fields.items():
        said = "" if field.description is not None else text_below(cls, name)
        for key in (name, field.alias, field.validation_alias, field.serialization_alias):
            if said and isinstance(key, str) and key in properties:
                properties[key]["description"] = said


def text_below(cls: type, name: str) -> str:
    """The text below a field, in the class that declares it last; empty where there is none."""
    for one in cls.__mro__:
        texts = _texts(one.__module__).get(one.__qualname__, {})
        if name in texts or name in inspect.get_annotations(one):
            return texts.get(name, "")
    return ""


@cache
def _texts(module: str) -> dict[str, dict[str, str]]:
    """The texts below fields by class and field, of a whole module."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (KeyError, OSError, TypeError):
        return {}  # no source at hand: its schemas do without the texts
    return {name: dict(_below(node)) for name, node in _classes(tree, "")}


def _classes(node: ast.AST, path: str) -> Iterator[tuple[str, ast.ClassDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield f"{path}{child.name}", child
            yield from _classes(child, f"{path}{child.name}.")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _classes(child, f"{path}{child.name}.<locals>.")
        else:
            yield from _classes(child, path)


def _below(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for before, after in zip(node.body, node.body[1:], strict=False):
        if not isinstance(before, ast.AnnAssign) or not isinstance(before.target, ast.Name):
            continue
        text: Any = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else None
        if isinstance(text, str):
            yield before.target.id, inspect.cleandoc(text)
