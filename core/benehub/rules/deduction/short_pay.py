"""What a pay that is too short can take: by priority, each deduction whole or in part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class ShortPay(StrEnum):
    """What happens to a deduction that pay does not cover.

    ALL_OR_NONE takes it whole or not at all; NET_TO_ZERO takes what there is, down to a net pay of zero.
    """

    ALL_OR_NONE = "all_or_none"
    NET_TO_ZERO = "net_to_zero"


@dataclass(frozen=True, slots=True)
class Claim:
    """One amount (minor units) that wants to be taken; a lower `priority` is served first."""

    amount_minor: int
    priority: int
    mode: ShortPay


def take(available_minor: int | None, claims: Sequence[Claim]) -> list[int]:
    """What each claim gets, in the order given; None means that pay covers everything.

    Claims of the same priority are served in the order given. A claim that cannot be taken whole and may not be
    taken in part leaves the money to the next one (worked case D08). A refund (negative) is always paid.
    """
    taken = [0] * len(claims)
    left = available_minor
    for place in sorted(range(len(claims)), key=lambda one: claims[one].priority):
        claim = claims[place]
        if left is None or claim.amount_minor <= left or claim.amount_minor <= 0:
            taken[place] = claim.amount_minor
        elif claim.mode is ShortPay.NET_TO_ZERO:
            taken[place] = max(0, left)
        if left is not None:
            left -= taken[place]
    return taken
