"""The outbox: what leaves, frozen, and the truth about every attempt."""

from __future__ import annotations

from benehub.dispatch.attempts import attempts
from benehub.dispatch.outbox import (
    End,
    Frozen,
    acknowledge,
    begin,
    begin_all,
    by_control,
    by_ids,
    end_all,
    finish,
    freeze_item,
    frozen_bytes,
    get,
    in_states,
    next_control,
    prepare,
    prepare_all,
    release,
    resend,
    sent_on,
    settle,
    thaw_item,
)

__all__ = [
    "End",
    "Frozen",
    "acknowledge",
    "attempts",
    "begin",
    "begin_all",
    "by_control",
    "by_ids",
    "end_all",
    "finish",
    "freeze_item",
    "frozen_bytes",
    "get",
    "in_states",
    "next_control",
    "prepare",
    "prepare_all",
    "release",
    "resend",
    "sent_on",
    "settle",
    "thaw_item",
]
