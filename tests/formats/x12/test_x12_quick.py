"""A record that was made quickly is the record."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, dataclass, fields, replace
from typing import Any

import pytest

from benehub.formats.x12 import enrollment_834 as x834
from benehub.formats.x12.quick import quick


@pytest.mark.parametrize("kind", [x834.Name, x834.Address, x834.Related, x834.Coverage])
def test_it_is_the_same_in_every_way(kind: Any) -> None:
    own, made = kind("A", "B"), quick(kind)("A", "B")
    assert type(made) is kind
    assert made == own and hash(made) == hash(own) and repr(made) == repr(own)
    assert replace(made) == own
    assert pickle.loads(pickle.dumps(made)) == own
    with pytest.raises(FrozenInstanceError):
        setattr(made, fields(kind)[0].name, "C")
    with pytest.raises(TypeError):
        quick(kind)("A", nonsense="B")


def test_a_record_that_checks_itself_is_not_made_without() -> None:
    @dataclass(frozen=True, slots=True)
    class Checked:
        value: int

        def __post_init__(self) -> None:
            raise ValueError

    with pytest.raises(TypeError, match="Checked checks itself"):
        quick(Checked)
