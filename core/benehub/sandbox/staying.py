"""The demo's vendors after its month: they answer on the loopback until they are stopped, so that what was found can be
worked: a fix leaves, an acknowledgement comes back, the next comparison sees it.

The same simulators in the state the month left them in. What they need to be reached (addresses, the secrets of the
pretend vendors) is written into the connections and the kept folder; at the end the connections are paused again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benehub.connections import listed
from benehub.flows.onboarding import connect
from benehub.sandbox.http import serve
from benehub.sandbox.mailbox import SftpAddress
from benehub.sandbox.story.world import SECRETS, World, connections
from benehub.store.tables import connection

if TYPE_CHECKING:
    from benehub.sandbox.demo import Run

Sweep = Callable[[date], list[str]]
"""Lets insurer and recordkeeper take what lies in their mailboxes, on a day; names of the files taken."""
Secret = Callable[[str], str]
"""Name of a secret of the story -> the reference to it."""


@contextmanager
def answering(run: Run, sftp: SftpAddress, folder: Path) -> Iterator[Sweep]:
    """Let the vendors answer while the block lasts; gives what sweeps their mailboxes."""
    with serve(run.world.hris) as hris, serve(run.world.payroll) as payroll:
        try:
            connect(run.hub, run.employer, _reached(run, sftp, hris, payroll, _kept(folder)))
            yield partial(_swept, run.world)
        finally:
            pause(run)


def _swept(world: World, day: date) -> list[str]:
    world.payroll.today = day
    taken, credited = world.carrier.collect(), world.keeper.collect(day)
    if taken:
        world.carrier.write_roster(day)
    if credited:
        world.keeper.write_credit_report()
    return [*taken, *credited]


def pause(run: Run) -> None:
    """The vendors end with the run: what is kept shall not call them."""
    with run.hub.store.write(run.employer) as session:
        for row in listed(session):
            session.change(connection, {"connection_id": row.connection_id}, mode="paused")


def _kept(folder: Path) -> Secret:
    """Secrets as files only their owner reads, since another process than the demo's is to find them."""

    def kept(name: str) -> str:
        path = folder / f"{name.lower()}.secret"
        path.unlink(missing_ok=True)  # one that is there would keep the mode that it has
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(SECRETS[name])
        return f"file:{path.resolve()}"

    return kept


def _reached(run: Run, sftp: SftpAddress, hris: str, payroll: str, secret: Secret) -> Mapping[str, Mapping[str, Any]]:
    told = connections(run.world.root, sftp, run.world.payroll.company, secret)
    told["hris"]["settings"]["base_url"] = hris
    told["payroll"]["settings"]["base_url"] = payroll
    return told
