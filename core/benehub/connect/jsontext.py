"""JSON in which every number keeps its own text.

A vendor's `19.990` must become minor units from these very digits. So a number with a fraction or an exponent
arrives as `NumberText`, a `str` that `money.parse_minor` takes as it is; whole numbers arrive as `int`. A
`Decimal` was the other candidate: it keeps the digits too, but prints exponents of its own making and has to
be turned into text before every use. No float passes here in either direction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 100
"""Deepest nesting written; what is read is limited by the parser's own stack."""

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


class NumberText(str):
    """A JSON number as the text it was (or will be) written with."""

    __slots__ = ()


def parse(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: no JSON, or `NaN`, `Infinity`, or nesting beyond reason. The message has no content.
    """
    try:
        return json.loads(text, parse_float=NumberText, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at character {error.pos}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"no UTF-8 at byte {error.start}") from None


def dump(value: Any) -> str:
    """Compact JSON; `NumberText` is written bare, keys keep their order.

    Raises:
        TypeError: a float, or a type JSON has no word for.
        ValueError: a `NumberText` that is no number, or nesting deeper than `MAX_DEPTH`.
    """
    return _write(value, 0)


def number_text(value: Any) -> str:
    """The decimal text of an amount a vendor sent as number or string.

    Raises:
        TypeError: neither (a bool, a null, a structure).
    """
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError(f"no number but {type(value).__name__}")
    return str(value)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _write(value: Any, depth: int) -> str:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, NumberText):
        if _NUMBER.fullmatch(value) is None:
            raise ValueError("a NumberText that is no JSON number")
        return str(value)
    if value is None or isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("a JSON key must be a string")
        pairs = (f"{json.dumps(key, ensure_ascii=False)}:{_write(v, depth + 1)}" for key, v in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_write(v, depth + 1) for v in value) + "]"
    raise TypeError(f"{type(value).__name__} is not written as JSON; money is text or NumberText")
