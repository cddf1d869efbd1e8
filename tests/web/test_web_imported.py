"""Whatever a vendor or a person writes is text on every page: every field of every stream, and every page there is.

The fields are read off the records, the pages off the router, and every link on a page is followed.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import select, update
from tests.api.v1.test_v1_pages import looked_at
from tests.web import places
from tests.web.conftest import Desk, close_desk, copy_demo, open_desk
from tests.web.hostile import FIELDS, NUMBERS, Field, Marked, evil, shown, take

from benehub.access import audit
from benehub.errors import BenehubError
from benehub.identity import people
from benehub.reconcile import Relation
from benehub.records import STREAMS
from benehub.store.schema import INSTALLATION
from benehub.store.tables import confirmation, crosswalk, dispatch, person

OCTOBER = {"pay_date": "2026-10-30", "period_start": "2026-10-19", "period_end": "2026-11-01"}
TYPED = f"=1+1|'\"><i onx=s{len(FIELDS) + 1}>"
"""What people type: a formula and a break-out in one."""
FORMULA = "=1+1"
"""Who did something, what and to what, in a row of each trail."""
MOST, ALIKE = 60, 6
"""Pages of one route that are looked at: of things with an id, and of one page with other filters."""


def rows(own: str, number: str, ssn: str, control: str) -> dict[str, tuple[str, dict[str, Any], str]]:
    """Stream -> the connection it comes by, a row that is taken, and the key of a row to overwrite."""
    who = {"first_name": "Ann", "last_name": "Alder", "birth_date": "1990-02-03"}
    day = {"effective_from": "2026-10-01"}
    return {
        "employee": ("hris", {**who, "employee_number": "H", "ssn": "900110000", "hire_date": "2025-01-06",
                              "pay_group": "biweekly"}, own),
        "compensation": ("hris", {"employee": own, **day, "rate_minor": 5_000_000}, ""),
        "dependent": ("hris", {**who, "employee": own, "birth_date": "2015-02-03", "relationship": "child"}, ""),
        "election": ("elections", {"employee": number, "plan": "dental", "tier": "EE", **day}, ""),
        "leave_request": ("hris", {"employee": own, "policy": "pto", "start": "2026-10-05", "end": "2026-10-05",
                                   "hours": "1", "status": "requested"}, ""),
        "leave_notice": ("hris", {"employee": own, "policy": "urlaub", "year": 2026, "kind": "notice",
                                  "on": "2026-10-01"}, ""),
        "leave_balance": ("payroll", {"employee": number, "code": "PTO", "as_of": "2026-10-30", "hours": "8"}, ""),
        "opening_balance": ("elections", {"employee": number, "kind": "leave_minutes", "plan": "pto",
                                          "as_of": "2026-09-30", "amount": 60}, ""),
        "deferral_change": ("recordkeeper", {"ssn": ssn, "plan": "401k", "source": "EE_PRETAX", "rate": "5%",
                                             **day}, ""),
        "payroll_person": ("payroll", {**who, "employee_number": "Z99"}, ""),
        "pay_calendar": ("payroll", {"pay_group": "biweekly", **OCTOBER}, ""),
        "hours_worked": ("hris", {"employee": own, "start": "2026-10-05", "end": "2026-10-11",
                                  "hours_hundredths": 4000}, ""),
        "payroll_benefit": ("payroll", {"employee": number, "code": "DENTAL"}, ""),
        "register_line": ("payroll", {"pay_run": "r1", "check": "c1", "employee": number, "pay_group": "biweekly",
                                      **OCTOBER, "kind": "deduction", "code": "DENTAL", "tax_class": "pretax",
                                      "amount_minor": 1}, ""),
        "acknowledgement": ("carrier", {"level": "member", "control": control, "status": "rejected",
                                        "member": number}, ""),
        "roster": ("carrier", {"member": number, "subscriber": number, "relationship": "self", "first_name": "Ann",
                               "last_name": "Alder", "plan": "vision", **day}, ""),
        "invoice_line": ("carrier", {"invoice": "INV-2610", "invoice_date": "2026-09-15", "due_date": "2026-10-01",
                                     "member": number, "plan": "vision", "coverage_month": "2026-10",
                                     "premium_minor": 12_345}, ""),
        "credit": ("recordkeeper", {"credit_id": "c1", "ssn": ssn, "plan": "401k", "source": "EE_PRETAX",
                                    "pay_date": "2026-10-30", "trade_date": "2026-11-05", "amount_minor": 1234}, ""),
        "payment_answer": ("carrier", {"control": "77", "status": "rejected"}, ""),
        "contribution_result": ("recordkeeper", {"control": "88", "member": number, "pay_date": "2026-10-30",
                                                 "status": "rejected", "posted_on": "2026-11-02"}, ""),
        "year_total": ("payroll", {"source": "payroll", "year": 2026, "person": number, "item": "DENTAL",
                                   "amount_minor": 5}, ""),
    }  # fmt: skip


@dataclass
class Walked:
    """What was seen from page to page."""

    pages: dict[str, Any] = field(default_factory=dict)
    """Address -> answer."""
    refused: set[Field] = field(default_factory=set)
    marks: dict[int, str] = field(default_factory=dict)
    """Number of a mark -> a page that shows it."""


@pytest.fixture(scope="module")
def walked(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    """Hostile rows of every stream taken in and compared, then every page and every link on one."""
    folder = tmp_path_factory.mktemp("hostile")
    copy_demo(demo_folder, folder)
    desk, found = open_desk(folder), Walked()
    with pytest.MonkeyPatch.context() as patch:
        places.sit_down(desk)
        own, number, ssn = _somebody(desk)
        with desk.store.read(desk.employer) as session:
            sent = session.rows(select(dispatch).where(*session.where(dispatch, operation="enrollment.change")))[0]
        for stream, (connection, row, key) in rows(own, number, ssn, str(sent.control)).items():
            stays = {"employee_number": number, "ssn": ssn} if key else {}
            found.refused |= take(desk, connection, stream, row, key, stays)
        desk.start()
        compare(desk, "first")
        compare(desk, "second", without=list(map(evil, [("invoice_line", "plan"), ("roster", "plan")])))
        some = places.made(desk, patch, TYPED, places.ROW.replace("Alder", f'"{TYPED.replace(chr(34), chr(34) * 2)}"'))
        for trail in (desk.employer, INSTALLATION):
            with desk.store.write(trail) as session:
                audit.note(session, FORMULA, FORMULA, FORMULA)
        first = {**some, **places.of_people(desk), **places.of_work(desk)}
        beside = ["trail/export", "/access/trail/export", "me/statement.pdf", f"{first['run']}/progress"]
        walk(desk, [desk.address(one) for one in (*first.values(), *beside)], found)
    yield found
    close_desk(desk)


def compare(desk: Desk, key: str, without: Sequence[str] = ()) -> None:
    """Each comparison of the month, run to its end or to the error that its run tells of; without these plans."""
    with desk.store.write(desk.employer) as session:
        stands = confirmation.c.plan.in_(without)
        session.connection.execute(update(confirmation).where(*session.where(confirmation), stands).values(current=0))
    for one in Relation:
        with suppress(BenehubError):
            desk.hub.start_flow("reconcile", desk.employer, f"hostile {one} {key}", "2026-10", [one.value])


def _somebody(desk: Desk) -> tuple[str, str, str]:
    """The HRIS's id, the number and the SSN of the employee at the desk."""
    assert desk.caller is not None
    own = desk.caller.persons[desk.employer]
    with desk.store.read(desk.employer) as session:
        named = session.rows(select(crosswalk).where(*session.where(crosswalk, person_id=own, connection_id="hris")))
        (member,) = session.rows(select(person.c.member_id).where(*session.where(person, person_id=own)))
        return str(named[0].external_id), str(member[0]), people.ssns(session, [own])[own]


def walk(desk: Desk, first: list[str], found: Walked) -> None:
    """Look at these pages and at whatever they lead to, a number of each route."""
    ahead, count = list(first), Counter[str]()
    while ahead:
        path = ahead.pop(0)
        route = places.route_of(path)
        most = MOST if route.count("{") > 1 else ALIKE
        if path in found.pages or not route or count[route] >= most or re.search(r"[?&](lang|theme|after)=", path):
            continue
        count[route] += 1
        answer = desk.client.get(path)
        found.pages[path] = answer
        for mark in shown(answer.text if "text" in answer.headers.get("content-type", "") else ""):
            found.marks.setdefault(mark, path)
        if answer.status_code == 303:
            ahead.append(answer.headers["location"])
        elif "html" in answer.headers["content-type"]:
            ahead += (html.unescape(one) for one in re.findall(r'(?:href|src|hx-get)="([^"]+)"', answer.text))


def test_no_page_runs_what_was_imported_or_typed(walked: Walked) -> None:
    faults, acts = defaultdict(list), set()
    for path, answer in walked.pages.items():
        assert answer.status_code < 500, (path, answer.text[-300:])
        kind = answer.headers.get("content-type", "").partition(";")[0]
        if answer.status_code == 303:
            assert re.match(r"/(?!/)", answer.headers["location"]), path
        elif kind == "text/html":
            told = Marked(answer.text)
            acts |= told.acts
            if told.faults:
                faults[path] = told.faults
        else:
            assert kind in ("image/svg+xml", "text/csv", "application/pdf", KEPT), (path, kind)
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert kind != KEPT or "content-disposition" in answer.headers, path
        if kind == "image/svg+xml":
            names = {one.tag.rpartition("}")[2] for one in ET.fromstring(answer.text).iter()}
            assert not names & {"script", "foreignObject", "a", "image", "iframe"}, names
        head = answer.headers.get("content-disposition", "attachment")
        assert re.fullmatch(r'attachment(; filename="[\w.-]+")?', head), head
    assert dict(faults) == {}
    fixed = {one for one in acts if one[0] not in ("hx-get", "hx-post")}
    assert {name for name, _ in fixed} <= {"hx-trigger", "hx-swap", "hx-target"}
    assert {value for _, value in fixed} <= {"load", "every 1s", "outerHTML", "closest .content"}


def test_every_page_was_looked_at_with_it(walked: Walked) -> None:
    seen = [path for path, answer in walked.pages.items() if answer.status_code in (200, 303)]
    assert places.unvisited(seen) == []


def test_each_form_of_what_two_people_may_edit_says_what_was_looked_at(walked: Walked) -> None:
    """Every form on a page that does what an operation does by `If-Match`, sent as a browser would."""
    asked, met, unsaid = looked_at(), set(), []
    shapes = {
        one: re.compile(re.sub(r"\{\w+\}", "([^/]+)", one)) for one in sorted(asked, key=lambda one: one.count("{"))
    }
    for path, answer in walked.pages.items():
        for head, inner in re.findall(r"<form([^>]*)>(.*?)</form>", answer.text, re.DOTALL):
            for action in re.findall(r'action="([^"?]+)', f"{head} {inner}"):
                found = next((one for one, shape in shapes.items() if shape.fullmatch(action)), "")
                last = action.rpartition("/")[2]
                if found.endswith("/{what}") and not any(one.startswith(f"{last}_") for one in asked[found]):
                    continue
                met |= {found}
                if found and not re.search(r'name="seen" value="[\w/-]+"', inner):
                    unsaid.append((path, action))
    assert unsaid == []
    assert asked.keys() - met == UNMET


KEPT = "application/octet-stream"
"""What no browser shows: it is kept, byte for byte."""

UNMET = {
    "/e/{employer}/questions/{question}/close",  # shown of a question that was answered
    "/e/{employer}/reconcile/differences/{difference}/assign",  # shown where somebody may work differences
    "/e/{employer}/reconcile/differences/{difference}/reopen",  # shown of one that was dismissed
}
"""Forms that no page of the walk shows; the tests of their pages send what they say."""


def test_every_field_of_every_stream_is_shown_somewhere_or_it_is_said_why_not(walked: Walked) -> None:
    left = {one for one in FIELDS if NUMBERS[one] not in walked.marks} - walked.refused
    unsaid = {(stream, name) for stream, names in UNSAID.items() for name in names.split()}
    assert unsaid <= {*FIELDS} - walked.refused, "what is gone, or refused, is no longer said here"
    assert left <= unsaid | {one for one in FIELDS if one[1] in BESIDE}
    assert len(walked.marks) > 60


def test_there_is_a_row_of_every_stream() -> None:
    assert set(rows("1", "2", "3", "4")) == set(STREAMS)


BESIDE = {
    "row extra": "sealed beside its row, for whoever maps it later",
    "row key": "pages number the rows of a read, and name what a row became",
}
"""What a row has beside its record, and why no page has to say it."""
UNSAID = {
    "acknowledgement": "code control text transaction",
    "compensation": "currency",
    "contribution_result": "plan reference text",
    "credit": "credit_id first_name last_name ssn",
    "deferral_change": "rate",
    "dependent": "middle_name",
    "election": "dependents event pretax_rate provider providers roth_rate terms tobacco_dependents",
    "employee": "address1 address2 city country department email employment_type "
    "location marital_status middle_name state union work_authorisation zip_code",
    "leave_notice": "employee",
    "payment_answer": "code text",
    "payroll_benefit": "version",
    "payroll_person": "email",
    "register_line": "check pay_group pay_run reverses",
    "roster": "plan subscriber",
    "year_total": "item plan",
}
"""Fields of records that no page of the demo says in words: they are computed with, compared, or stay sealed.

Whoever shows one takes it out; a field that is new stands on a page, or here.
"""


def test_no_cell_of_a_table_is_a_formula(walked: Walked) -> None:
    tables = {
        path: one.text
        for path, one in walked.pages.items()
        if one.headers.get("content-type", "").startswith("text/csv")
    }
    assert {places.route_of(one) for one in tables} == {"/e/{employer}/trail/export", "/access/trail/export"}
    whole = [csv.reader(io.StringIO(text)) for path, text in tables.items() if "?" not in path]
    assert [[cell for row in one for cell in row].count(f"'{FORMULA}") for one in whole] == [3, 3]
    cells = [cell for text in tables.values() for row in csv.reader(io.StringIO(text)) for cell in row]
    assert len(cells) > 50
    assert [one for one in cells if one.startswith(("=", "+", "-", "@", "\t", "\r")) and not one[1:].isdigit()] == []
