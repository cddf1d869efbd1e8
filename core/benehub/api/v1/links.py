"""Where each answer of the API leads on to: one table, from which the links of its description are made.

A generated client, or a tool that walks the API by itself, finds with them what belongs to what it was just told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

EMPLOYER: Final = {"employer": "$request.path.employer"}

LINKS: Final[Mapping[tuple[str, str], Mapping[str, Mapping[str, str]]]] = {
    ("list_employers", "200"): {
        one: {"employer": "$response.body#/items/0/employer"}
        for one in ("get_employer", "list_people", "list_differences", "list_runs", "list_reconciliations")
    },
    ("list_people", "200"): {"get_person": {"person": "$response.body#/items/0/member"}},
    ("get_person", "200"): {
        one: {"person": "$response.body#/member"}
        for one in ("list_person_facts", "list_person_coverage", "list_person_leave", "get_statement")
    },
    ("list_obligations", "200"): {"get_obligation": {"obligation": "$response.body#/items/0/obligation"}},
    ("list_dispatches", "200"): {
        one: {"dispatch": "$response.body#/items/0/dispatch"} for one in ("get_dispatch", "preview_dispatch")
    },
    ("list_differences", "200"): {"get_difference": {"difference": "$response.body#/items/0/difference"}},
    ("get_difference", "200"): {
        "why": {"ref": "$response.body#/difference"},
        **{
            one: {"difference": "$response.body#/difference"}
            for one in ("list_fix_options", "preview_fix", "propose_fix", "list_difference_fixes")
        },
    },
    ("propose_fix", "201"): {
        one: {"fix": "$response.body#/fix"} for one in ("get_fix", "approve_fix", "reject_fix", "withdraw_fix")
    },
    ("list_fixes", "200"): {"get_fix": {"fix": "$response.body#/items/0/fix"}},
    ("approve_fix", "202"): {"get_run": {"run": "$response.body#/run"}},
    ("carry_out_fix", "202"): {"get_run": {"run": "$response.body#/run"}},
    ("list_unlinked", "200"): {"get_unlinked": {"stranger": "$response.body#/items/0/ref"}},
    ("get_unlinked", "200"): {
        one: {"stranger": "$response.body#/ref"} for one in ("link_person", "unlink_person", "reject_person")
    },
    ("preview_plan_book", "202"): {
        one: {"run": "$response.body#/run"} for one in ("get_plan_book_preview", "get_run", "cancel_run")
    },
    ("suggest_people", "202"): {"get_run": {"run": "$response.body#/run"}},
    ("list_periods", "200"): {"get_period": {"month": "$response.body#/items/0/period"}},
    ("check_period", "200"): {"close_period": {"month": "$response.body#/period"}},
    ("close_period", "201"): {"get_period": {"month": "$response.body#/period"}},
    ("list_invoices", "200"): {
        "walk_invoice": {"connection": "$response.body#/items/0/connection", "month": "$response.body#/items/0/month"}
    },
    ("list_deposits", "200"): {"get_obligation": {"obligation": "$response.body#/items/0/obligation"}},
    ("list_entries", "200"): {"why": {"ref": "$response.body#/items/0/entry"}},
    ("start_reconciliation", "202"): {
        one: {"run": "$response.body#/run"} for one in ("get_reconciliation", "get_run", "cancel_run")
    },
    ("list_reconciliations", "200"): {"get_reconciliation": {"run": "$response.body#/items/0/run"}},
    ("list_runs", "200"): {"get_run": {"run": "$response.body#/items/0/run"}},
    ("add_schedule", "201"): {
        one: {"schedule": "$response.body#/schedule/name"} for one in ("get_schedule", "run_schedule")
    },
    ("run_schedule", "202"): {"get_run": {"run": "$response.body#/run"}},
    ("retry_run", "202"): {"get_run": {"run": "$response.body#/run"}},
    ("list_reads", "200"): {one: {"read": "$response.body#/items/0/batch"} for one in ("get_read", "list_read_rows")},
    ("list_read_rows", "200"): {
        "discard_read_row": {"read": "$request.path.read", "row": "$response.body#/items/0/row"}
    },
    ("list_imports", "200"): {
        one: {"upload": "$response.body#/items/0/upload"} for one in ("get_import", "get_import_columns")
    },
    ("send_import", "201"): {
        one: {"upload": "$response.body#/upload"}
        for one in ("get_import_columns", "decide_import_columns", "preview_import", "take_import", "drop_import")
    },
    ("take_import", "202"): {"get_run": {"run": "$response.body#/run"}},
    ("list_questions", "200"): {
        one: {"question": "$response.body#/items/0/question"}
        for one in ("get_question", "answer_question", "close_question")
    },
    ("redrive_read", "202"): {"get_run": {"run": "$response.body#/run"}},
    ("release_read", "202"): {"get_run": {"run": "$response.body#/run"}},
    ("add_connection", "201"): {"get_connection": {"connection": "$response.body#/name"}},
    ("list_connections", "200"): {"get_connection": {"connection": "$response.body#/items/0/name"}},
}
"""By operation and status, the operations that go on from it, each with what it takes from the answer."""


def linked(operations: Mapping[str, dict[str, Any]]) -> None:
    """Add the links to the operations of a description, by their id; those of another router are left alone."""
    for (source, status), targets in LINKS.items():
        for target, parameters in targets.items():
            if source in operations and target in operations:
                given = parameters if "employer" in parameters else {**EMPLOYER, **parameters}
                links = operations[source]["responses"][status].setdefault("links", {})
                links[target] = {"operationId": target, "parameters": dict(given)}
