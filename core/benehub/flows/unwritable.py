"""Families of whom a partner cannot be told, for want of what he demands: held by name, and never lost.

One rule for both kinds of file. A family that cannot be written is owed as a change that stands refused, with who and
why: `reconcile premium` tells it as MEMBER_REFUSED, and it is tried again with each file. The others of a change file
go, for nobody ends by being absent from one. A full file is another matter: at many carriers whoever is absent from it
has no cover any more. So it is held whole, unless the profile says `unwritable: leave_out`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benehub import obligations
from benehub.connections import Open
from benehub.flows import exchange
from benehub.flows.enrollment_families import items_of
from benehub.obligations import UNFIT, Wanted
from benehub.store import Session

Families = Mapping[str, Mapping[str, Any]]
"""Subscriber -> his family as it is sent."""


def unwritable(opened: Open, operation: str, families: Families) -> dict[str, str]:
    """The families that cannot be written for this partner (subscriber -> who and why).

    Those of a change file are each tried as a file of their own; of a full file, each member as he would stand in it.
    """
    lots = [dict(families)] if operation == exchange.FULL else [{who: one} for who, one in families.items()]
    found: dict[str, str] = {}
    for lot in lots:
        items = [item for family in lot.values() for item in items_of(opened.connector, operation, family["members"])]
        unfit = opened.connector.unfit(operation, items, opened.link.settings)
        for who, family in lot.items() if unfit else ():
            told = [f"member {name}: {unfit[name]}" for one in family["members"] if (name := one["member_id"]) in unfit]
            if told:
                found[who] = "; ".join(told)
    return found


def refuse(
    session: Session, connection_id: str, families: Families, unfit: Mapping[str, str], like: Wanted, group: str = ""
) -> None:
    """Owe each family of a full file that cannot be written as a change, refused with who and why.

    `like` is the full file as it is owed: period and days are its own. What is owed of a family already stays owed.
    """
    keys = {who: exchange.change_key(connection_id, who, group) for who in unfit}
    known = {
        row.obligation_id: row for row in obligations.by_ids(session, [session.id("obl", k) for k in keys.values()])
    }
    for who, why in unfit.items():
        own = session.id("obl", keys[who])
        before = known.get(own)
        if before is not None and before.state == "held":
            continue  # it waits for something else, and is named by that
        if before is None or before.state not in ("open", "refused"):
            wanted = Wanted(exchange.CHANGE, keys[who], connection_id, like.period, like.due, like.send_by,
                            exchange.of_group(families[who], group), person_id=who, drifted=True)  # fmt: skip
            obligations.want(session, [wanted])
        obligations.mark(session, [own], "refused", f"{UNFIT}{why}"[:300])


def summary(unfit: Mapping[str, str]) -> str:
    """Why a full file waits: how many families cannot be written, and the first of them."""
    first = next(iter(unfit.values()))
    several = f"{len(unfit)} families" if len(unfit) > 1 else "a family"
    return f"{UNFIT}{several} cannot be written, and whoever is absent may lose cover: {first}"[:300]
