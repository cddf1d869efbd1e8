"""What a run of chaos came to: looked up at the vendor's, in the folders of files, in the ledger and in the jobs.

Each obligation has its one effect, each person stands in one file of a kind, what has left is posted once, and nothing
is stuck; or it is held for a person, and counted.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from dbos import DBOSClient
from sqlalchemy import inspect, select

from benehub import ledger
from benehub.flows import Hub
from benehub.store.schema import metadata
from benehub.store.tables import dispatch, entry, leg, obligation, run, schedule

PAY_DATE = date(2026, 10, 15)
"""The next pay date, which is pushed for."""

FILES = {"file": "enrollment.change", "remittance": "premium.remit", "deposit": "contribution.deposit"}
"""What leaves as a file by those of them that send one."""

POSTED = {"premium.remit": "premium.remitted", "contribution.deposit": "contribution.deposited"}
"""The entry that a file of money makes for each person once it has left."""


def failed(hub: Hub, employer: str) -> bool:
    """Whether the last run of a schedule did not end well."""
    with hub.store.read(employer) as session:
        rows = session.rows(
            select(run.c.state)
            .join(schedule, (schedule.c.employer_id == run.c.employer_id) & (schedule.c.last_run == run.c.run_id))
            .where(*session.where(schedule))
        )
    return any(row.state == "failed" for row in rows)


def unsettled(hub: Hub, employer: str) -> bool:
    """Whether another run has something to do."""
    return bool(states(hub, employer).keys() - {"confirmed", "held"} or failed(hub, employer) or unfiled(hub, employer))


def unfiled(hub: Hub, employer: str) -> set[str]:
    """Kinds of file that have not left and are not held: what is paid may have been asked for before it was owed."""
    with hub.store.read(employer) as session:
        rows = session.rows(
            select(dispatch.c.operation).where(*session.where(dispatch), dispatch.c.state != "prepared")
        )
    return set(FILES.values()) - {row.operation for row in rows}


def states(hub: Hub, employer: str) -> Counter[str]:
    """Obligations towards payroll by state."""
    mine = obligation.c.connection_id == "payroll"
    with hub.store.read(employer) as session:
        rows = session.rows(select(obligation.c.state).where(*session.where(obligation), mine))
    return Counter(row.state for row in rows)


def count(hub: Hub, employers: list[str], server: Any, report: Any) -> None:
    """What the vendor holds, what the ledger says and what the obligations say: one each, or held and counted."""
    report.calls, report.effects = server.calls, len(server.effects)
    report.duplicates = len(server.effects) - len(server.held)
    for employer in employers:
        found = states(hub, employer)
        report.held += found["held"]
        with hub.store.read(employer) as session:
            runs = session.rows(select(run.c.state).where(*session.where(run), run.c.flow.like("schedule.%")))
            entries = session.rows(
                select(entry.c.idempotency_key).where(*session.where(entry, status="pending", effective_date=PAY_DATE))
            )
            sent = session.rows(select(dispatch.c.state).where(*session.where(dispatch, connection_id="payroll")))
            accrued = session.rows(select(entry.c.entry_id).where(*session.where(entry, type="premium.accrued")))
            if not ledger.verify(session).ok:
                report.broken.append(f"ledger of {employer}")
        report.runs += len(runs)
        keys = Counter(row.idempotency_key.rpartition("/r")[0] for row in entries)
        people = report.people
        report.duplicates += sum(number - 1 for number in keys.values())
        report.losses += people - found["confirmed"] - found["held"] + max(people - len(keys), 0)
        if Counter(row.state for row in sent) != Counter({"sent": found["confirmed"], "held": found["held"]}):
            report.broken.append(f"dispatches of {employer}")
        report.losses += max(people - len(accrued), 0)
        if failed(hub, employer):
            report.broken.append(f"runs of {employer}: {Counter(row.state for row in runs)}")
        report.duplicates += max(len(accrued) - people, 0)
    report.losses += max(report.obligations - report.held - len(server.held), 0)


def count_files(hub: Hub, employers: list[str], boxes: Path, report: Any) -> None:
    """Every person stands in one file of each kind, once; what it pays is posted once."""
    for employer in employers:
        for operation in FILES.values():
            count_kind(hub, employer, operation, boxes / employer / operation, report)


def count_kind(hub: Hub, employer: str, operation: str, box: Path, report: Any) -> None:
    """The file is sent, or held since its delivery broke off; a file of money is posted when it is sent, else not."""
    people = report.people
    told = Counter(line for file in box.glob("*.txt") for line in file.read_text().split())
    report.files += len(told)
    report.duplicates += sum(number - 1 for number in told.values())
    with hub.store.read(employer) as session:
        sent = session.rows(select(dispatch).where(*session.where(dispatch, operation=operation)))
        posted = Counter(
            (row.person_id, row.plan)
            for row in session.rows(
                select(leg.c.entry_id, leg.c.person_id, leg.c.plan)
                .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
                .where(*session.where(entry, type=POSTED.get(operation, ""), status="posted"))
                .distinct()
            )
        )
    held = [row for row in sent if row.state == "held" and row.reason.startswith("delivery broke off")]
    report.files_held += len(held)
    report.losses += max(people - len(told) - sum(int(row._mapping["items"]) for row in held), 0)
    if not sent or any(row.state != "sent" for row in sent if row not in held):
        report.broken.append(f"{operation} of {employer}: {[row.state for row in sent]}")
    wanted = sum(int(row._mapping["items"]) for row in sent if row.state == "sent") if operation in POSTED else 0
    report.duplicates += sum(number - 1 for number in posted.values())
    report.losses += max(wanted - len(posted), 0)
    if len(posted) > wanted:
        report.broken.append(f"{operation} of {employer}: {len(posted)} posted, {wanted} sent")


OPEN = "SELECT count(*) FROM {}workflow_status WHERE status IN ('ENQUEUED', 'PENDING', 'DELAYED')"


def open_jobs(hub: Hub) -> int:
    """Jobs that wait or are at work: one that was just put in has no run yet that would say so."""
    schema = "dbos." if hub.store.engine.dialect.name == "postgresql" else ""
    with hub.store.engine.connect() as connection:
        return int(connection.exec_driver_sql(OPEN.format(schema)).scalar_one())


PERSONAL = re.compile(r"90011\d{4}|Alder|\bAnn\b|1990-01-01")
"""Numbers, names and birth dates of the story's people."""


def look_at_jobs(hub: Hub, report: Any) -> None:
    """No job is stuck, and no table of jobs, runs or schedules holds personal data, packed or plain."""
    client = DBOSClient(system_database_url=hub.store.url)
    try:
        jobs = client.list_workflows(load_input=False, load_output=False)
    finally:
        client.destroy()
    stuck = [f"{one.workflow_id} {one.status}" for one in jobs if one.status not in ("SUCCESS", "ERROR")]
    report.broken += [f"stuck: {job}" for job in stuck]
    rows = 0
    for table, text in of_jobs(hub):
        rows += 1
        if PERSONAL.search(text):
            report.broken.append(f"personal data in {table}")
    if rows < 3 * len(jobs):  # a job, its run and a step at least
        report.broken.append(f"{rows} rows were looked at, of {len(jobs)} jobs")


def of_jobs(hub: Hub) -> Iterator[tuple[str, str]]:
    """Each row of the job engine's tables, and of our own that say what it does, as text; with its table's name."""
    engine = hub.store.engine
    schema = "dbos" if engine.dialect.name == "postgresql" else None
    theirs = set(inspect(engine).get_table_names(schema)) - (set() if schema else metadata.tables.keys())
    names = [f"{schema}.{one}" if schema else one for one in theirs] + [one.name for one in (run, schedule)]
    with engine.connect() as connection:
        for name in sorted(names):
            for row in connection.exec_driver_sql(f"SELECT * FROM {name}"):
                yield name, " ".join(unpacked(value) for value in row)


def unpacked(value: object) -> str:
    """A column's value; arguments and results of jobs are packed."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("latin-1")
    told = str(value)
    try:
        return told + base64.b64decode(told, validate=True).decode("latin-1")
    except ValueError:
        return told


def count_harm(hub: Hub, server: Any, nursery: Any, report: Any) -> None:
    """What went wrong, whether the vendor's limit was kept, and the waits that it asked for."""
    report.jumps = len(nursery.jumps.read_text()) if nursery.jumps.exists() else 0
    report.faults = server.faults.happened
    report.most, report.early = server.door.most(), server.door.early()
    report.waited = hub.store.windows.waited()[0]
    if report.most > server.door.limit:
        report.broken.append(f"{report.most} calls in one window, {server.door.limit} are allowed")
    if report.early:
        report.broken.append(f"{report.early} calls while the vendor had asked to wait")
