"""Why a number is what it is: the explanation every calculator returns beside its result."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Outcome(StrEnum):
    """What one rule said of one person. Unknown never silently becomes fail."""

    PASS = "pass"  # noqa: S105 - an outcome, no password
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


class Step(BaseModel):
    """One step of a calculation: what was done, the raw value as exact text, the rounded value.

    `money` says that both are money: the value in whole currency, the raw in minor units or in whole currency too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    label: str
    raw: str
    value: str
    money: Literal["", "minor", "whole"] = Field(default="", exclude_if=lambda told: not told)


class Reason(BaseModel):
    """What one rule said: outcome, the inputs it looked at, what would be needed to pass, and when.

    `path` is its place among rules that are composed of others; empty for a rule that stands alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    rule: str
    version: str = ""
    path: str = ""
    outcome: Outcome
    inputs: dict[str, Any] = Field(default_factory=dict)
    needed: dict[str, Any] = Field(default_factory=dict)
    passes_on: str | None = None
    citation: str = ""


class Explanation(BaseModel):
    """Rule id and version, inputs used, steps with raw and rounded values, reasons, citation."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    rule: str
    version: str
    inputs: dict[str, Any] = Field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    reasons: tuple[Reason, ...] = ()
    citation: str = ""
