"""Guards of the outbox, taken away: calls and files go through the same one."""

from __future__ import annotations

from typing import Any

import pytest

from benehub.dispatch import outbox
from benehub.flows import send


def no_outbox(patch: pytest.MonkeyPatch) -> None:
    """The outbox does not know what it has sent."""
    patch.setattr(outbox, "_told_anew", lambda before, frozen: True)


def died_is_fresh(patch: pytest.MonkeyPatch) -> None:
    """What a dead process was sending counts as never begun."""
    real = outbox.begin_all

    def begin_all(session: Any, ids: Any) -> Any:
        for row in outbox.by_ids(session, ids):
            if row.state == "sending":
                session.change(outbox.dispatch, {"dispatch_id": row.dispatch_id}, state="prepared")
        return real(session, ids)

    patch.setattr(send.dispatch, "begin_all", begin_all)
