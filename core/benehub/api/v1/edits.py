"""Edits of what two people may edit: the version that was looked at comes with them, and goes with every answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Response

IfMatch = Annotated[
    str,
    Header(
        max_length=400, pattern=r'^("[0-9a-f-]+"|\*)$', examples=['"3f9a1b2c-77ab01de"'],
        description="The `ETag` of what was looked at; `*` to act whatever it is.",
    ),
]  # fmt: skip
"""What an edit was made on."""


def expected(if_match: str) -> str:
    """The version that a flow is to expect; empty for any."""
    return "" if if_match == "*" else if_match.strip('"')


def tagged(response: Response, version: str) -> None:
    """Say which version an answer shows."""
    response.headers["etag"] = f'"{version}"'
