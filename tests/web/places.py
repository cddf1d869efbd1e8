"""Where each page is: an address for every route that the pages have, on a desk where there is one of each thing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select
from tests.web.conftest import Desk
from tests.web.test_web_import import COLUMNS as FIELDS

from benehub.access import Caller, Role
from benehub.connect.hooks_out import Answer
from benehub.flows import hook_delivery, users
from benehub.flows.trial_runs import FLOW, keep_text
from benehub.identity import strangers
from benehub.identity.matching import Told
from benehub.sandbox.story.world import SECRETS
from benehub.store.tables import difference, dispatch, fact, person, run
from benehub.views import custody
from benehub.views.plans import in_force_text
from benehub.web import PAGES

CENSUS = "Emp ID,First Name,Last Name,Date of Birth,SSN,Hire Date,FT/PT,Payroll Group\n"
ROW = "Q7,Ann,Alder,1990-02-03,900-11-2233,2025-01-06,Full-Time,biweekly\n"
UNSEEN = {
    "/e/{employer}/closing/{month}/report.pdf": "a paper",
    "/e/{employer}/me/statement.pdf": "a paper",
    "/e/{employer}/outgoing/{dispatch}/bytes": "a file or call to keep, as it leaves",
    "/e/{employer}/plan-book/compare.svg": "a picture; the page that shows it says the same in a table",
    "/e/{employer}/runs/{run_id}/progress": "a part of the page of the run",
    "/e/{employer}/trail/export": "a table to keep",
    "/access/trail/export": "a table to keep",
}
"""What a page's route gives that is no page, by its path, with what it is."""
ROUTES = sorted({route.path for one in PAGES for route in one.router.routes if "GET" in route.methods})


def sit_down(desk: Desk) -> None:
    """Somebody who owns the hub, and is an employee too."""
    with desk.store.read(desk.employer) as session:
        own = session.rows(select(person).where(*session.where(person, kind="employee")))[0].person_id
    roles = {desk.employer: frozenset({Role.OWNER, Role.EMPLOYEE})}
    desk.caller = Caller("usr_ann", "Ann Alder", roles=roles, persons={desk.employer: own})


def of_work(desk: Desk) -> dict[str, str]:
    """One of each kind of page of what is compared, sent and run."""
    with desk.store.read(desk.employer) as session:
        short = session.rows(select(difference).where(*session.where(difference, type="CREDITED_SHORT")))[0]
        sent = {
            row.operation: row.dispatch_id for row in session.rows(select(dispatch).where(*session.where(dispatch)))
        }
        ran = session.rows(select(run).where(*session.where(run, flow="reconcile")))[0]
    return {
        "home": "/", "today": "today", "reconcile": "reconcile", "filtered": "reconcile?owner=carrier&type=TIER_DIFF",
        "difference": f"reconcile/differences/{short.difference_id}", "compare": "reconcile/start",
        "rules": "reconcile/rules", "outgoing": "outgoing", "owed": "outgoing/owed",
        "file": f"outgoing/{sent['enrollment.change']}", "call": f"outgoing/{sent['deduction.set']}",
        "content": f"outgoing/{sent['enrollment.change']}/content", "runs": "runs", "run": f"runs/{ran.run_id}",
        "closing": "closing", "checklist": "closing/2026-10/checklist",
    }  # fmt: skip


def of_people(desk: Desk) -> dict[str, str]:
    """One of each kind of page of people, money and what is set; the one of people is who sits at the desk."""
    assert desk.caller is not None
    own = desk.caller.persons[desk.employer]
    with desk.store.read(desk.employer) as session:
        number = session.rows(select(person).where(*session.where(person, person_id=own)))[0].member_id
        ref = session.rows(select(fact.c.fact_id).where(*session.where(fact, kind="coverage")).limit(1))[0].fact_id
    parts = {f"one {part}": f"people/{number}?show={part}" for part in ("now", "money", "vendors", "facts", "contact")}
    return parts | {
        "people": "people", "unlinked people": "unlinked", "questions": "questions", "why": f"why/{ref}",
        "money": "money?month=2026-10", "invoice": "money/invoices/carrier/2026-10", "import": "import",
        "lacking": "money/lacking?month=2026-10",
        "connections": "connections", "connection": "connections/payroll", "schedules": "schedules",
        "every fix": "fixes", "access": "access", "trail": "trail", "plan book": "plan-book",
        "try": "plan-book/try", "compare plans": "plan-book/compare", "settings": "settings", "me": "me",
        "own questions": "me/questions",
    }  # fmt: skip


def made(desk: Desk, monkeypatch: pytest.MonkeyPatch, text: str = "Why?", row: str = ROW) -> dict[str, str]:
    """Pages of what nobody has made yet, with one of each; `text` is what is typed where there is a choice."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("benehub.flows.closing.checklist", lambda *_: [])
    assert desk.caller is not None
    desk.caller = replace(desk.caller, everywhere=frozenset({Role.OWNER}))
    with desk.store.write(desk.employer) as session:
        session.take_seq(0)
        strangers.note(session, "payroll", "x-77", "payroll_person", Told("Zoe", "Zander", "1990-01-02"))
        unlinked = strangers.ref(session, "payroll", "x-77")
        dropped, wrong = (
            session.rows(select(difference).where(*session.where(difference, type=one)))[0].difference_id
            for one in ("MEMBER_DROPPED", "TIER_DIFF")
        )
        waits = custody.batches(session, waiting=True, connection_id="hris")[0]["batch"]
    user = users.add(desk.hub, "test", "bo@example.com", text[:60])
    place = f"reconcile/differences/{wrong}/fix"
    forms = {
        "question": ("me/questions", {"text": text}),
        "schedule": ("schedules", {"name": "nightly", "flow": "sync", "connection": "hris", "cron": "0 6 * * *"}),
        "fix": (f"reconcile/differences/{dropped}/fix/propose", {"action": "enrollment_correction", "note": text}),
        "closed": ("closing/2026-10/sign", {"sure": "yes", "note": text}),
    }
    found = {
        name: desk.post(path, **form).headers["location"].partition("?")[0] for name, (path, form) in forms.items()
    }
    desk.post(f"reconcile/differences/{wrong}/note", note=text, seen=desk.seen(f"reconcile/differences/{wrong}"))
    table = {"table": (f"{text[:40]}.csv", CENSUS + row, "text/csv")}
    sent = desk.client.post(desk.address("import"), data={"source": "census", "stream": "employee"}, files=table)
    upload = sent.headers["location"]
    columns = {f"column.{name}": column for name, column in FIELDS.items()} | {"seen": desk.seen(upload)}
    assert desk.client.post(upload, data=columns).headers["location"] == f"{upload}/preview"
    question = found["question"].rpartition("/")[2]
    return found | {
        "upload": upload, "preview": f"{upload}/preview", "closed": "closing/2026-10",
        "answer": f"questions/{question}", "fixes": place,
        "what a fix sends": f"{place}/preview?action=enrollment_correction",
        "unlinked": f"unlinked/{unlinked}", "read": f"connections/hris/reads/{waits}", "users": "/access",
        "user": f"/access/users/{user}", "tokens": "/access/tokens", "whole trail": "/access/trail",
        "tried": f"plan-book/tried/{_tried(desk)}",
        "deadlines": "deadlines", "webhooks": "webhooks", "webhook": f"webhooks/{_hears(desk, monkeypatch, text)}",
    }  # fmt: skip


def _tried(desk: Desk) -> str:
    """A run that has tried another plan book than the one in force."""
    if not hasattr(desk.hub, "engine"):
        desk.start()
    with desk.store.write(desk.employer) as session:
        text = in_force_text(session).replace('percent: "80%"', 'percent: "70%"')
        told = keep_text(session, text), desk.hub.book(session).version, "2026-11", "a key"
    with ThreadPoolExecutor(1) as apart:  # a browser's loop runs in the thread of its test, where no flow may be begun
        apart.submit(desk.hub.start_flow, FLOW, desk.employer, "a key", *told).result()
    with desk.store.read(desk.employer) as session:
        return session.id("run", FLOW, "a key")


def _hears(desk: Desk, monkeypatch: pytest.MonkeyPatch, text: str) -> str:
    """A subscription of ours and what it was sent: its receiver has refused a message, and said why."""
    monkeypatch.setattr("benehub.connect.hooks_out.post", lambda *_: Answer(503, text))
    url = f"https://8.8.8.8/{text.replace(' ', '/')}"
    answer = desk.post("webhooks", url=url, event=["run.ended", "period.closed"])
    assert answer.status_code == 201, answer.text[-500:]
    made = re.findall(r"webhooks/(whs_\w+)/", answer.text)[0]
    desk.post(f"webhooks/{made}/test")
    hook_delivery.deliver(desk.hub)
    return str(made)


SHAPES = {
    path: re.compile(re.sub(r"\{\w+(:path)?\}", lambda hole: ".+" if hole[1] else "[^/]+", path))
    for path in sorted(ROUTES, key=lambda one: one.count("{"))
}


def route_of(address: str) -> str:
    """The route that an address belongs to, that which says most of it; empty where it is no page's.

    `outgoing/owed` is no page of a dispatch.
    """
    path = re.split(r"[?#]", address)[0]
    return next((one for one, shape in SHAPES.items() if shape.fullmatch(path)), "")


def unvisited(addresses: Iterable[str]) -> list[str]:
    """The routes of pages that none of these addresses belongs to."""
    return sorted(set(ROUTES) - {route_of(one) for one in addresses})
