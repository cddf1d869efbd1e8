"""Whether the installation is in order: schema, guards, ledgers, connections; each problem with its mend."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from functools import cache

import pluggy
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError

from benehub import connections, ledger
from benehub.access import users
from benehub.connections import doors
from benehub.errors import BenehubError
from benehub.store import Session, Store, guards, iso
from benehub.store.database import MIGRATIONS, VERSION_TABLE, serves
from benehub.store.schema import INSTALLATION
from benehub.views.employers import employers
from benehub.views.own_times import Times
from benehub.views.runs import INTERRUPTED, runs
from benehub.views.schedules import overdue
from benehub.views.upkeep import Check as Check
from benehub.views.upkeep import upkeep

GivenUp = Callable[[Sequence[str]], set[str]]
"""Says which of these jobs the job engine takes up no more."""

LATE = timedelta(minutes=10)
"""A worker looks twice a minute; what is due for longer than this nobody has looked at."""


def revisions(store: Store) -> tuple[str, str]:
    """The schema's revision in the database (empty when there is none) and the one this code wants."""
    with store.read("") as session:
        standing = _context(session).get_current_revision() or ""
    return standing, _wanted()


@cache
def _wanted() -> str:
    """Read once a process: every migration's module is loaded for it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head() or ""


def ready(store: Store) -> bool:
    """Whether the database answers, with the schema that this code wants or a newer one that serves it too."""
    try:
        standing, wanted = revisions(store)
        if standing == wanted:
            return True
        with store.read("") as session:
            return serves(session.connection, wanted)
    except DBAPIError:
        return False


def _context(session: Session) -> MigrationContext:
    return MigrationContext.configure(session.connection, opts={"version_table": VERSION_TABLE})


def examine(store: Store, plugins: pluggy.PluginManager, given_up: GivenUp, times: Times) -> list[Check]:
    """Everything that can be looked at in a database that is reachable and up to date; `times` of schedules."""
    with store.read("") as session:
        gone = guards.missing(session.connection)
    mend = "Restore the database from a backup, or run `benehub init` on a fresh one" if gone else ""
    checks = [Check("ledger guards", f"missing: {', '.join(gone)}" if gone else "all stand", mend), _owned(store)]
    for row in employers(store):
        checks.append(_ledger(store, row.employer_id))
        checks.append(interrupted(store, row.employer_id, given_up))
        checks.append(_schedules(store, row.employer_id))
        checks += _connections(store, plugins, row.employer_id)
        checks += _doors(store, row.employer_id)
        with store.read(row.employer_id) as session:
            checks += upkeep(session, connections.connectors(plugins), times)
    return checks


def listed_in_vain(store: Store, by_api: Mapping[str, Collection[str]], known: Collection[str]) -> list[Check]:
    """Tables of what the API may name in connections, of employers or connectors that there are not: nobody would
    notice, for all is refused that is not listed.

    Args:
        by_api: connectors by employer for which there is a table.
        known: names of all connectors.
    """
    there = {row.employer_id for row in employers(store)}
    mend = "Write the table's name as `benehub connector list` and the employer's id say, or take it out"
    return [
        Check(f"connections_by_api.{employer}.{connector}", f"there is no {what} {name}", mend)
        for employer, tables in by_api.items() for connector in tables
        for what, name, names in (("employer", employer, there), ("connector", connector, known)) if name not in names
    ]  # fmt: skip


def _owned(store: Store) -> Check:
    """Whether somebody can manage access. Where nobody signs in at all that is told and no fault: the command line
    needs no owner."""
    with store.read(INSTALLATION) as session:
        count, known = len(users.owners(session)), bool(users.listed(session, limit=1))
    mend = "benehub init --admin EMAIL --password-file FILE"
    if count:
        return Check("owners", f"{count} of the installation")
    if known:
        return Check("owners", "nobody owns the installation: nobody can manage access any more", mend)
    return Check("owners", f"nobody owns the installation, and nobody can sign in yet: {mend}")


def _doors(store: Store, employer: str) -> list[Check]:
    """Doors for webhooks: whether the secret of each resolves, and who was turned away."""
    checks = []
    with store.read(employer) as session:
        for door in doors.doors(session):
            name = f"webhooks of {door.connection_id} of {employer}"
            try:
                has_key = bool(doors.key_of(session, door))
                away = f"; {door.refused} turned away, last: {door.refused_why}" if door.refused else ""
                checks.append(Check(name, ("its key is there" if has_key else "no key, or none yet") + away))
            except BenehubError as error:
                checks.append(Check(name, error.what, error.mend or "Open the door anew: benehub webhooks open"))
    return checks


def _ledger(store: Store, employer: str) -> Check:
    with store.read(employer) as session:
        proof = ledger.verify(session)
    if proof.ok:
        return Check(f"ledger of {employer}", f"{proof.entries} entries verify")
    return Check(
        f"ledger of {employer}",
        "; ".join(proof.problems[:3]),
        "Stop writing, keep the file, and restore the last backup that verifies (`benehub ledger verify`)",
    )


def interrupted(store: Store, employer: str, given_up: GivenUp) -> Check:
    """Runs whose process died and that no other one has taken up yet."""
    with store.read(employer) as session:
        gone = runs(session, INTERRUPTED)
    name = f"runs of {employer}"
    if not gone:
        return Check(name, "none was interrupted")
    told = ", ".join(f"{one['flow']} ({one['run']})" for one in gone[:3])
    jobs = {f"{one['flow']}:{one['run']}": one for one in gone}
    if lost := sorted(given_up(list(jobs))):
        return Check(
            name,
            f"{len(gone)} interrupted: their process died. {told}; {len(lost)} died so often that nobody takes "
            "them up any more",
            f"See where it dies: benehub runs show {jobs[lost[0]]['run']}; once that is mended, runs retry",
        )
    return Check(
        name,
        f"{len(gone)} interrupted: their process died. {told}",
        "The next command that starts a flow takes them up; now: benehub runs retry RUN",
    )


def _schedules(store: Store, employer: str) -> Check:
    with store.read(employer) as session:
        late = overdue(session, iso(store.clock() - LATE))
    name = f"schedules of {employer}"
    if not late:
        return Check(name, "none is overdue")
    return Check(name, f"{late} overdue by more than {LATE}: no worker looks", "Start one: benehub worker")


def _connections(store: Store, plugins: pluggy.PluginManager, employer: str) -> list[Check]:
    with store.read(employer) as session:
        rows = connections.listed(session)
    checks = []
    for row in rows:
        name = f"connection {row.connection_id} of {employer}"
        if row.mode == "paused":
            checks.append(Check(name, f"{row.connector}, paused: not looked at"))
            continue
        try:
            with connections.open_connection(store, plugins, employer, row.connection_id):
                checks.append(Check(name, f"{row.connector}, {row.mode}: settings and secrets resolve"))
        except BenehubError as error:
            checks.append(Check(name, error.what, error.mend or "Mend its settings: benehub connection add"))
    return checks
