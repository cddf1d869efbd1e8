"""`/api/v1`: what an employer's hub knows and does, for programs. A file a resource; views answer, flows act.

Every address of an employer begins with `/api/v1/employers/{employer}`. `document` describes all of it as OpenAPI.
"""

from __future__ import annotations

from fastapi import APIRouter

from benehub.api.v1 import (
    asked,
    comparing,
    connections,
    deadlines,
    differences,
    dispatches,
    documents,
    elections,
    employers,
    fixes,
    imports,
    ledger,
    money,
    obligations,
    people,
    periods,
    person_reads,
    plan_book,
    plans,
    questions,
    reads,
    reconciliations,
    runs,
    schedules,
    today,
    trail,
    unlinked,
    webhooks,
    words,
)
from benehub.api.v1.problems import BASE

router = APIRouter(prefix=BASE)
for part in (employers, people, person_reads, asked, unlinked, plans, plan_book, comparing, elections, obligations,
             deadlines, dispatches, ledger, money, today, reconciliations, differences, fixes, periods, connections,
             words, reads, imports, schedules, runs, webhooks, trail, questions):  # fmt: skip
    router.include_router(part.router)

documents.describe(router)
