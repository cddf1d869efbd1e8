"""What a page can do, a program can do too: each write of a page has its operation of the API, or a reason for none."""

from __future__ import annotations

import re

from fastapi.routing import APIRoute, iter_route_contexts
from tests.api.v1.conftest import Api

from benehub.api import v1
from benehub.api.v1.documents import document
from benehub.web import PAGES

E = "/e/{employer}"
BY = {
    f"{E}/connections/{{name}}/test": "test_connection",
    f"{E}/connections/{{name}}/read": "read_connection",
    f"{E}/connections/{{name}}/calls": "replay_calls",
    f"{E}/connections/{{name}}/mode": "pause_connection watch_connection resume_connection",
    f"{E}/connections/{{name}}/words": "map_word",
    f"{E}/connections/{{name}}/reads/{{batch}}/again": "redrive_read",
    f"{E}/connections/{{name}}/reads/{{batch}}/discard": "discard_read discard_read_row",
    f"{E}/connections/{{name}}/reads/{{batch}}/release": "release_read",
    f"{E}/closing/{{month}}/sign": "close_period",
    f"{E}/deadlines/meet": "meet_deadline",
    f"{E}/fixes/{{fix}}/approve": "approve_fix",
    f"{E}/fixes/{{fix}}/carry-out": "carry_out_fix",
    f"{E}/fixes/{{fix}}/reject": "reject_fix",
    f"{E}/fixes/{{fix}}/withdraw": "withdraw_fix",
    f"{E}/import": "send_import",
    f"{E}/import/{{upload}}": "decide_import_columns",
    f"{E}/import/{{upload}}/take": "take_import",
    f"{E}/import/{{upload}}/drop": "drop_import",
    f"{E}/import/{{upload}}/release": "release_read",
    f"{E}/outgoing/permit": "permit_push",
    f"{E}/outgoing/go-on": "retry_run",
    f"{E}/outgoing/{{dispatch}}/leave": "resend_dispatch",
    f"{E}/outgoing/{{dispatch}}/hold": "hold_dispatch",
    f"{E}/outgoing/{{dispatch}}/resend": "resend_dispatch",
    f"{E}/outgoing/{{dispatch}}/settle": "settle_dispatch",
    f"{E}/people/{{number}}/end": "end_employment",
    f"{E}/plan-book/try": "check_plan_book diff_plan_book preview_plan_book",
    f"{E}/plan-book/load": "load_plan_book",
    f"{E}/questions/{{question}}": "answer_question",
    f"{E}/questions/{{question}}/close": "close_question",
    f"{E}/reconcile/start": "start_reconciliation",
    f"{E}/reconcile/rules/{{rule}}/lift": "lift_suppression",
    f"{E}/reconcile/differences/{{difference}}/note": "assign_difference",
    f"{E}/reconcile/differences/{{difference}}/assign": "assign_difference",
    f"{E}/reconcile/differences/{{difference}}/resolve": "resolve_difference",
    f"{E}/reconcile/differences/{{difference}}/dismiss": "dismiss_difference",
    f"{E}/reconcile/differences/{{difference}}/reopen": "reopen_difference",
    f"{E}/reconcile/differences/{{difference}}/suppress": "add_suppression",
    f"{E}/reconcile/differences/{{difference}}/fix/propose": "propose_fix",
    f"{E}/runs/{{run_id}}/retry": "retry_run",
    f"{E}/runs/{{run_id}}/cancel": "cancel_run",
    f"{E}/schedules": "add_schedule",
    f"{E}/schedules/{{schedule}}": "change_schedule",
    f"{E}/schedules/{{schedule}}/{{what}}": "pause_schedule resume_schedule run_schedule remove_schedule",
    f"{E}/unlinked/suggest": "suggest_people",
    f"{E}/unlinked/{{ref}}/link": "link_person",
    f"{E}/unlinked/{{ref}}/reject": "reject_person",
    f"{E}/unlinked/{{ref}}/unlink": "unlink_person",
    f"{E}/webhooks": "add_webhook",
    f"{E}/webhooks/{{subscription}}/rotate": "rotate_webhook_secret",
    f"{E}/webhooks/{{subscription}}/{{what}}": "pause_webhook resume_webhook remove_webhook test_webhook "
                                               "resend_webhook_messages",
    f"{E}/webhooks/{{subscription}}/messages/{{message}}/again": "resend_webhook_message",
}  # fmt: skip
"""By a page's address, the operations that do what its form does."""

_USERS = "it changes what lets somebody in: the caller has to have shown lately who he is, and a token cannot"
_SIGN_IN = "it lets a person in, or is about the person's own password, phone or session; a program shows a token"
_SELF = "an employee asks about his own; the API serves programs of the employer"
NONE = {
    r"/access/(users|tokens)(/.*)?": _USERS, rf"{re.escape(E)}/access(/.*)?": _USERS,
    r"/(signin|signout)(/.*)?": _SIGN_IN,
    rf"{re.escape(E)}/me/.*": _SELF,
}  # fmt: skip
"""By a pattern of addresses, why no program does this."""


def guarded() -> set[str]:
    """The operations that name what was looked at as `If-Match`."""
    told = [one for path in document(v1.router)["paths"].values() for one in path.values()]
    names = {one["operationId"]: {each.get("name") for each in one.get("parameters", ())} for one in told}
    return {operation for operation, has in names.items() if "if-match" in has}


def looked_at() -> dict[str, set[str]]:
    """By a page's address, which of its operations do so."""
    every = guarded()
    found = {address: every & set(told.split()) for address, told in BY.items()}
    return {address: told for address, told in found.items() if told}


def writes(api: Api) -> set[str]:
    """The addresses to which pages send; how a part of one is matched is left out."""
    found = {re.sub(r":\w+\}", "}", str(one.path)) for one in iter_route_contexts(api.app.routes)
             if set(getattr(one, "methods", None) or ()) - {"GET", "HEAD", "OPTIONS"}}  # fmt: skip
    return {one for one in found if not one.startswith(("/api/", "/hooks/", "/scim/"))}


def test_each_write_of_a_page_has_its_operation_or_a_reason(api: Api) -> None:
    pages = writes(api)
    known = {one["operationId"] for path in document(v1.router)["paths"].values() for one in path.values()}
    assert len(pages) > 60 and pages >= set(BY), set(BY) - pages
    assert not {one for told in BY.values() for one in told.split()} - known
    unsaid = {one for one in pages if one not in BY and not any(re.fullmatch(why, one) for why in NONE)}
    assert not unsaid, "say by which operation a program does the same, or why none does"
    idle = {why for why in NONE if not any(re.fullmatch(why, one) for one in pages)}
    assert not idle and not [one for one in BY if any(re.fullmatch(why, one) for why in NONE)]


def test_each_form_whose_operation_demands_if_match_takes_what_was_looked_at() -> None:
    takes = {
        re.sub(r":\w+\}", "}", route.path): {one.name: one.field_info.is_required()
                                               for one in route.dependant.body_params}
        for page in PAGES for route in page.router.routes
        if isinstance(route, APIRoute) and "POST" in (route.methods or ())
    }  # fmt: skip
    asked = looked_at()
    assert len(asked) > 15 and {"close_question", "take_import", "load_plan_book"} <= set().union(*asked.values())
    assert {address for address in asked if "seen" not in takes[address]} == set()
    free = {address for address in asked if not takes[address]["seen"]}
    assert free == {f"{E}/schedules/{{schedule}}/{{what}}", f"{E}/webhooks/{{subscription}}/rotate",
                    f"{E}/webhooks/{{subscription}}/{{what}}"}  # fmt: skip
