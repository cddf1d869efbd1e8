"""What all calculators share: strict input fields, result beside explanation, exact text of raw values.

Inputs refuse floats and unknown fields: a number that passed through a binary float is no longer what the
plan book or the vendor said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from benehub.errors import DataError
from benehub.money import Rounding, format_minor, parse_rate, round_to_int
from benehub.periods import Month
from benehub.records.described import Described
from benehub.records.explanation import Explanation, Reason, Step

RULE_CONFIG = ConfigDict(extra="forbid", use_attribute_docstrings=True)
"""Of a rule's dataclasses: unknown fields are refused, and the text below a field is its description in the JSON
Schema."""


class RuleModel(Described):
    """Base of every calculator's input and result: frozen, unknown fields refused.

    The text below a field is its description in the JSON Schema.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


def _rate(value: Any) -> Fraction:
    if isinstance(value, Fraction):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Fraction(value)
    if not isinstance(value, str):
        raise ValueError('must be exact text such as "4.5%", "0.045" or "1/30"')
    try:
        return parse_rate(value)
    except DataError as error:
        raise ValueError(str(error)) from None


def _day(value: Any) -> Any:
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise ValueError("must be a date as YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a date as YYYY-MM-DD") from None


def _month(value: Any) -> Month:
    if isinstance(value, Month):
        return value
    try:
        return Month.parse(str(value))
    except DataError:
        raise ValueError("must be a month as YYYY-MM") from None


Minor = Annotated[int, Field(strict=True)]
"""Integer minor units of money."""

Positive = Annotated[int, Field(strict=True, ge=0)]
"""Integer minor units that cannot be negative."""

Count = Annotated[int, Field(strict=True, ge=0, le=10_000)]
"""A small whole number."""

Rate = Annotated[
    Fraction,
    BeforeValidator(_rate),
    PlainSerializer(lambda value: exact(value), return_type=str),
    WithJsonSchema({"type": "string", "description": 'Exact text: "4.5%", "0.045" or "1/30"'}),
]
"""An exact rate, written as text."""

Day = Annotated[date, BeforeValidator(_day)]
"""A business date, written as YYYY-MM-DD."""

MonthText = Annotated[
    Month,
    BeforeValidator(_month),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-(0[1-9]|1[0-2])$"}),
]
"""A calendar month, written as YYYY-MM."""

R = TypeVar("R", bound=RuleModel)


@dataclass(frozen=True, slots=True)
class Calculation(Generic[R]):
    """What a calculator gives back: the result, why it is that, and which inputs were missing.

    `result` is None exactly when an answer was impossible without the inputs named in `needs`.
    """

    result: R | None
    explanation: Explanation
    needs: tuple[str, ...] = ()

    def required(self) -> R:
        """The result, where the caller cannot go on without it.

        Raises:
            DataError: inputs are missing; the message names them.
        """
        if self.result is None:
            raise DataError(
                f"{self.explanation.rule} lacks {', '.join(self.needs)}",
                where=self.explanation.rule,
                mend="Supply the named inputs and calculate again",
            )
        return self.result


def exact(value: Fraction) -> str:
    """Text of a fraction without loss: a decimal where it ends within 12 places, else `n/d`."""
    if value.denominator == 1:
        return str(value.numerator)
    rest = 10**12 % value.denominator
    if rest:
        return f"{value.numerator}/{value.denominator}"
    digits = f"{abs(value.numerator) * (10**12 // value.denominator):013d}"
    return f"{'-' if value < 0 else ''}{digits[:-12]}.{digits[-12:].rstrip('0')}"


def money_step(label: str, raw: Fraction | int, rounded: int, currency: str = "USD") -> Step:
    """A step in money: raw minor units as exact text, the rounded amount as a decimal."""
    text = str(raw) if isinstance(raw, int) else exact(raw)
    return Step(label=label, raw=text, value=format_minor(rounded, currency), money="minor")


def rounded_step(label: str, raw: Fraction, mode: Rounding, currency: str = "USD") -> tuple[int, Step]:
    """Round `raw` minor units once and tell it: the amount and its step, which names the rounding."""
    amount = round_to_int(raw, mode)
    return amount, money_step(f"{label} ({mode.value})", raw, amount, currency)


def explain(
    rule: str,
    version: str,
    inputs: Mapping[str, Any],
    steps: tuple[Step, ...] = (),
    reasons: tuple[Reason, ...] = (),
    citation: str = "",
) -> Explanation:
    """An explanation whose inputs are plain JSON values (dates and months as text, rates as exact text)."""
    return Explanation(
        rule=rule, version=version, inputs=plain(inputs), steps=steps, reasons=reasons, citation=citation
    )


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Plain JSON values: dates and months as text, rates as exact text."""
    return {str(name): _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Fraction):
        return exact(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return str(value)
