"""The outbox: what leaves, frozen, and the truth about every attempt."""

from __future__ import annotations

from benehub.dispatch.outbox import (
    Frozen,
    acknowledge,
    attempts,
    begin,
    by_control,
    finish,
    freeze_item,
    frozen_bytes,
    get,
    in_states,
    next_control,
    prepare,
    release,
    resend,
    revisions,
    sent_on,
    settle,
    thaw_item,
)

__all__ = [
    "Frozen",
    "acknowledge",
    "attempts",
    "begin",
    "by_control",
    "finish",
    "freeze_item",
    "frozen_bytes",
    "get",
    "in_states",
    "next_control",
    "prepare",
    "release",
    "resend",
    "revisions",
    "sent_on",
    "settle",
    "thaw_item",
]
