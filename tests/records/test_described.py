"""The text below a field is its description in the JSON Schema: of the class that declares it last."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import Field

from benehub.records.described import Described, text_below

Item = TypeVar("Item")


class Base(Described):
    """A model."""

    kept: str = ""
    """Said in the base."""
    again: str = ""
    """Said in the base, too."""
    silent: str = ""
    """Said in the base only."""
    named: int = Field(default=0, alias="name", description="given")
    """Not this."""
    other: int = Field(default=0, alias="else")
    """By its alias."""


class Narrowed(Base):
    """A model that declares some of it anew."""

    again: str = "x"
    """Said anew,
    over two lines."""
    silent: str = "x"
    none: int = 0


class Paged(Described, Generic[Item]):
    """A generic model."""

    items: list[Item]
    """In order."""


def described(model: type[Described]) -> dict[str, str]:
    return {name: one.get("description", "") for name, one in model.model_json_schema()["properties"].items()}


def test_a_text_goes_with_its_field() -> None:
    assert described(Base) == {
        "kept": "Said in the base.", "again": "Said in the base, too.", "silent": "Said in the base only.",
        "name": "given", "else": "By its alias.",
    }  # fmt: skip


def test_the_class_that_declares_a_field_last_says_what_it_is() -> None:
    found = described(Narrowed)
    assert (found["kept"], found["again"]) == ("Said in the base.", "Said anew,\nover two lines.")
    assert found["silent"] == found["none"] == ""


def test_a_generic_models_texts_are_its_own() -> None:
    assert described(Paged[int]) == {"items": "In order."}


def test_a_class_within_a_function_has_its_own() -> None:
    class Within(Described):
        one: int
        """Inside."""

    assert described(Within) == {"one": "Inside."}


def test_a_class_without_source_does_without() -> None:
    made: dict[str, type] = {}
    exec("class Made:\n    one: int\n    'never read'\n", {"__name__": "no_such_module"}, made)
    assert text_below(made["Made"], "one") == ""
