"""What all bodies and answers of the API have in common."""

from __future__ import annotations

from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from benehub.records.described import Described

Item = TypeVar("Item")

Kind = Literal["request", "access", "data", "fatal", "retriable", "ignorable", "needs_person"]
"""What happens next after an error."""


class Model(Described, BaseModel):
    """An object of the API: nothing in it that is not declared."""

    model_config = ConfigDict(extra="forbid")


class Page(Model, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    """In the list's own order."""
    next: str | None = Field(examples=["WyIzZjkxIiwiMTAwMiJd"])
    """Cursor of the next page, to be given as `cursor`; null on the last one."""


class Fault(Model):
    """One thing that is wrong with a request."""

    place: str
    """Where, as `query.limit` or `body.note`."""
    what: str
    """What is wrong with it; never the value."""


class Problem(Model):
    """An error (RFC 9457): the thing, the place and the mend, and by its kind what happens next."""

    type: str = Field(examples=["urn:benehub:problem:data"])
    """Which error it is; `kind` for those of the hub."""
    title: str = Field(examples=["Unprocessable Content"])
    """The status in words."""
    status: int = Field(examples=[422])
    """The HTTP status."""
    detail: str = Field(examples=["plan 'ppo2' is not in the plan book"])
    """What is wrong."""
    kind: Kind = Field(examples=["data"])
    """What happens next. request: the request has to be another one; access: a token or a role is missing; data: what
    was given cannot be taken; fatal: configuration has to change first; retriable: the same again may succeed;
    ignorable: it cannot be done here, and nothing is broken; needs_person: somebody has to decide."""
    where: str = ""
    """The place; may be empty."""
    mend: str = Field(default="", examples=["Add it, or map the source's name to ours"])
    """What to do about it; may be empty."""
    errors: list[Fault] = []
    """Each fault of a request that does not fit the description."""
    changed: list[str] = []
    """What was changed meanwhile, of a 412."""
    etag: str = ""
    """The version that it has now, of a 412."""
