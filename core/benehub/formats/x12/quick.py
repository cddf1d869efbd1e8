"""Making frozen records quickly: a reader makes millions of them.

A frozen dataclass sets each field through a guard, which is most of what reading a member would cost. Its twin
here has the same slots without the guard, and the finished object becomes the record itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, field, fields, make_dataclass
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
Record = TypeVar("Record")


def quick(record: Callable[P, Record]) -> Callable[P, Record]:
    """A constructor of a frozen, slotted dataclass without `__post_init__`; what it makes is in no way different."""
    kind: Any = record
    if hasattr(kind, "__post_init__"):
        raise TypeError(f"{kind.__name__} checks itself when it is made; that would be left out")

    def settle(self: Any) -> None:
        self.__class__ = kind

    named = [(one.name, one.type, _default(one)) for one in fields(kind)]
    namespace = {"__post_init__": settle}
    twin: Any = make_dataclass(kind.__name__, named, slots=True, eq=False, repr=False, namespace=namespace)
    made: Callable[P, Record] = twin
    return made


def _default(one: Any) -> Any:
    if one.default is not MISSING:
        return field(default=one.default)
    return field() if one.default_factory is MISSING else field(default_factory=one.default_factory)
