"""A table that somebody uploads: suggested, decided, tried, taken in once, and accounted for to the last row."""

from __future__ import annotations

import io
import re
import time
import zipfile
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select
from tests.web.conftest import Desk, caller_of

from benehub.access import Permission, Role
from benehub.errors import DataError, FormatError
from benehub.flows import imports
from benehub.store import Session
from benehub.store.tables import connection, fact, intake_batch, upload
from benehub.views.runs import run
from benehub.web.runs import OPEN

CENSUS = """Emp ID,First Name,Last Name,Date of Birth,SSN,Hire Date,FT/PT,Payroll Group
X1,Ann,Alder,1990-02-03,900-11-2233,2025-01-06,Full-Time,biweekly
X2,Bo,Birch,1985-07-21,900-11-2244,2024-03-04,Part Time,biweekly
X3,Cy,Cedar,sometime in May,900-11-2255,2024-03-04,Full-Time,biweekly
"""
COLUMNS = {
    "employee_number": "Emp ID", "first_name": "First Name", "last_name": "Last Name", "birth_date": "Date of Birth",
    "ssn": "SSN", "hire_date": "Hire Date", "employment_class": "FT/PT", "pay_group": "Payroll Group",
}  # fmt: skip


@pytest.fixture
def office(desk: Desk) -> Desk:
    """A benefits admin at a hub that works."""
    desk.caller = caller_of(Role.BENEFITS_ADMIN, employer=desk.employer)
    desk.hub_listens()
    return desk


def send(
    desk: Desk, text: str | bytes, name: str = "census.csv", source: str = "census", stream: str = "employee"
) -> Any:
    """Upload a table."""
    data = text.encode() if isinstance(text, str) else text
    form = {"source": source, "stream": "employee"}
    return desk.client.post(desk.address("import"), data=form, files={"table": (name, data, "text/csv")})


def sent(desk: Desk, *arguments: Any, **more: str) -> str:
    """Upload a table that is taken; where its page is."""
    answer = send(desk, *arguments, **more)
    assert answer.status_code == 303, answer.text[-600:]
    return str(answer.headers["location"])


def decide(desk: Desk, where: str, **more: str) -> Any:
    """Say what its columns are, as suggested."""
    form = {f"column.{name}": heading for name, heading in COLUMNS.items()}
    form |= {"word.employment_class=Full-Time": "full_time", "word.employment_class=Part Time": "part_time"}
    return desk.client.post(where, data=form | {"seen": more.get("seen") or desk.seen(where)} | more)


def taken(desk: Desk, where: str, seen: str = "") -> Any:
    """The answer to taking in what its page shows, or showed."""
    return desk.client.post(f"{where}/take", data={"seen": seen or desk.seen(where)})


def followed(desk: Desk, answer: Any) -> str:
    """The state of the run that an answer leads to, at its end."""
    assert answer.status_code == 303, answer.text[-600:]
    name = re.search(r"/runs/(run_\w+)", answer.headers["location"])
    assert name is not None, answer.headers["location"]
    until = time.monotonic() + 60
    while True:
        with desk.store.read(desk.employer) as session:
            state = str(run(session, name[1])["state"])
        if state not in OPEN:
            return state
        assert time.monotonic() < until, state
        time.sleep(0.05)


def take(desk: Desk, where: str) -> str:
    """Take a table in, and wait for the run; its state."""
    return followed(desk, taken(desk, where))


def counted(desk: Desk, table: Any) -> int:
    """Rows of a table of the employer's."""
    with desk.store.read(desk.employer) as session:
        query = select(func.count()).select_from(table).where(table.c.employer_id == session.employer)
        return int(session.connection.execute(query).scalar_one())


def test_a_census_is_suggested_tried_and_taken_in_row_by_row(office: Desk) -> None:
    where = sent(office, CENSUS)
    told = office.get(where)
    for heading in COLUMNS.values():
        assert f'<option value="{heading}" selected>' in told
    assert '<option value="full_time" selected>full time</option>' in told, "what it is called here, not its code"
    assert "900-11" not in told and "999-99-9999" in told
    facts, batches = counted(office, fact), counted(office, intake_batch)
    assert decide(office, where).status_code == 303
    shown = office.get(f"{where}/preview")
    assert "X1" in shown and "birth_date" in shown and "sometime in May" not in shown
    assert (counted(office, fact), counted(office, intake_batch)) == (facts, batches), "a preview keeps nothing"
    assert take(office, where) == "done"
    done = office.get(where)
    assert "3 rows in: 2 applied, 0 as before, 1 waiting, 0 overtaken. None is missing." in done
    assert "Alder, Ann" in office.get("people", search="X1") and "part time" in office.get("people/X2")
    with office.store.read(office.employer) as session:
        kept = session.rows(select(upload))[0]
        made = session.rows(select(connection).where(*session.where(connection, connection_id="census")))[0]
    assert kept.state == "taken" and kept.data_sealed is None
    assert made.settings["streams"]["employee"]["columns"] == COLUMNS


def test_the_next_file_of_a_source_is_suggested_as_decided_and_changes_only_what_changed(office: Desk) -> None:
    first = sent(office, CENSUS)
    decide(office, first, **{"column.department": "First Name"})
    assert take(office, first) == "done"
    second = sent(office, CENSUS.replace("Alder", "Aspen").replace("sometime in May", "1979-01-01"))
    told = office.get(second)
    assert "as you decided them last time" in told and told.count('<option value="First Name" selected>') == 2
    decide(office, second, **{"column.department": "First Name"})
    shown = office.get(f"{second}/preview")
    assert "X1" in shown and "X2" not in shown.partition("<h2>")[2]
    assert take(office, second) == "done"
    assert "3 rows in: 2 applied, 1 as before, 0 waiting" in office.get(second)
    assert "Aspen, Ann" in office.get("people", search="aspen")


def test_a_file_that_would_end_many_is_held_until_somebody_says_that_it_is_right(office: Desk) -> None:
    rows = "".join(f"Y{n},Al,Ash{n},1990-02-03,900-12-{1000 + n},2025-01-06,Full-Time,biweekly\n" for n in range(12))
    head = CENSUS.partition("\n")[0] + "\n"
    first = sent(office, head + rows)
    decide(office, first, full="1")
    assert take(office, first) == "done"
    second = sent(office, head + rows.partition("\n")[0] + "\n")
    decide(office, second, full="1")
    assert "It would stop and ask" in office.get(f"{second}/preview")
    assert take(office, second) == "held"
    assert "It is held, nothing has changed" in office.get(second)
    whole = office.caller
    office.caller = replace(whole, scopes=frozenset(Permission) - {Permission.APPROVE})
    assert "may approve lets it in" in office.get(second)
    assert office.client.post(f"{second}/release", data={"note": "they all left"}).status_code == 403
    office.caller = whole
    assert followed(office, office.client.post(f"{second}/release", data={"note": "they all left"})) == "done"
    assert "None is missing" in office.get(second)


def test_a_workbook_is_read_like_a_table_and_its_formulas_are_not_run(office: Desk) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for line in CENSUS.splitlines()[:2]:
        page.append(line.split(","))
    page.append(
        ["=1+1", "=cmd|' /C calc'!A0", "Birch", "1985-07-21", "900-11-2244", "2024-03-04", "Full-Time", "biweekly"]
    )
    held = io.BytesIO()
    book.save(held)
    where = sent(office, held.getvalue(), "census.xlsx")
    decide(office, where)
    shown = office.get(f"{where}/preview")
    assert "cmd|" not in shown and "X1" in shown


def test_what_is_imported_is_text_on_every_page(office: Desk) -> None:
    bad = "<script>alert(1)</script>"
    where = sent(office, CENSUS.replace("Alder", bad).replace("Payroll Group", bad).replace("Part Time", bad))
    told = office.get(where)
    assert bad not in told and "&lt;script&gt;" in told
    form = {f"column.{name}": heading for name, heading in COLUMNS.items()} | {"column.pay_group": bad}
    office.client.post(where, data=form | {"word.employment_class=Full-Time": "full_time", "seen": office.seen(where)})
    for path in (f"{where}/preview", where):
        assert bad not in office.get(path)
    assert take(office, where) == "done"
    for path in (where, "import", "people?search=X1", "people/X1", "people/X1?show=facts", "people/X1?show=vendors"):
        answer = office.client.get(office.address(path))
        assert answer.status_code == 200 and bad not in answer.text


def test_a_name_leads_nowhere(office: Desk) -> None:
    for name in ("../../etc/passwd.csv", "..\\..\\boot.csv", "/etc/cron.d/x.csv", "a/../../b.csv"):
        assert send(office, CENSUS, name).status_code == 400, name
    assert imports.file_name("C/Users/ann/census.csv") == "census.csv"
    assert send(office, CENSUS, "census.exe").status_code == 400
    assert counted(office, upload) == 0


def bomb(size: int, parts: int = 1) -> bytes:
    """A small archive that unpacks to so many bytes."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(parts):
            packed.writestr(f"xl/{number}.xml", b"0" * size)
    return held.getvalue()


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00\x01\x02", b"PK\x03\x04 nothing", bomb(imports.MAX_UNPACKED + 1), bomb(1, imports.MAX_PARTS + 1)],
    ids=["empty", "binary", "broken", "bomb", "many"],
)
def test_what_is_no_table_is_refused_and_not_kept(office: Desk, data: bytes) -> None:
    assert send(office, data, "census.xlsx").status_code == 400
    assert counted(office, upload) == 0


def test_a_table_may_be_as_large_as_the_installation_says_and_no_larger(office: Desk) -> None:
    state = office.client.app.state  # type: ignore[attr-defined]  # the application of ours, not any
    state.front = replace(state.front, upload_bytes=2 * 1024 * 1024)
    rows = CENSUS + "".join(f"Y{number},{'A' * 1000},,,,,,\n" for number in range(1500))
    assert "up to 2 MiB" in office.get("import")
    sent(office, rows)
    assert counted(office, upload) == 1
    assert send(office, rows + rows).status_code == 413
    assert office.client.post(office.address("import/upl_x"), data={"column.ssn": rows}).status_code == 413
    for somebody in (caller_of(Role.AUDITOR), caller_of(Role.OWNER, employer="another"), None):
        office.caller = somebody
        assert send(office, rows).status_code == 413, "who may not upload sends no more than anybody"
    assert counted(office, upload) == 1


def test_a_table_beyond_the_limit_is_refused_by_what_keeps_it(office: Desk) -> None:
    with pytest.raises(FormatError, match="larger than 1000 bytes"):
        imports.receive(office.hub, office.employer, "census", "employee", "a.csv", b"x" * 1001, "ann", 1000)


@pytest.mark.parametrize("source", ["carrier", "Census", "../x", "a b", "'; drop table person"])
def test_a_source_is_one_of_uploads(office: Desk, source: str) -> None:
    assert send(office, CENSUS, source=source).status_code == 400


def test_a_map_that_lacks_a_needed_field_says_which(office: Desk) -> None:
    where = sent(office, CENSUS)
    form = {"column.first_name": "First Name", "column.never": "Last Name", "seen": office.seen(where)}
    answer = office.client.post(where, data=form)
    assert answer.status_code == 409 and "birth_date" in answer.text


def test_what_is_laid_aside_is_gone_and_taken_once_only(office: Desk) -> None:
    where = sent(office, CENSUS)
    seen = office.seen(where)
    assert office.client.post(f"{where}/drop").status_code == 303
    assert taken(office, where, seen).status_code == 400
    other = sent(office, CENSUS)
    decide(office, other)
    seen = office.seen(other)
    first, again = taken(office, other, seen), taken(office, other, seen)
    assert followed(office, first) == followed(office, again) == "done"
    assert taken(office, other, seen).headers["location"] == first.headers["location"]
    assert sum(1 for _ in office.get("import").split("census.csv")) == 3


def test_one_run_takes_it_and_another_after_one_that_stopped(office: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    where = sent(office, CENSUS)
    assert taken(office, where).status_code == 400, "its columns are not decided"
    decide(office, where)

    def broken(*_told: Any) -> str:
        raise DataError("the disk is full", mend="Make room")

    monkeypatch.setattr(imports, "stage", broken)
    first = taken(office, where)
    assert followed(office, first) == "failed"
    stopped = first.headers["location"].partition("?")[0]
    told = office.get(where)
    assert "has stopped; nothing is lost" in told and stopped in told and "X1" not in told
    shown = office.get(stopped)
    assert "the disk is full" in shown and where in shown, "the run leads back to its table"
    monkeypatch.undo()
    second = taken(office, where)
    assert second.headers["location"] != first.headers["location"]
    assert followed(office, second) == "done" and "None is missing" in office.get(where)


def test_what_a_run_is_about_to_take_is_neither_changed_nor_laid_aside(desk: Desk) -> None:
    desk.caller = caller_of(Role.BENEFITS_ADMIN, employer=desk.employer)
    where = sent(desk, CENSUS)
    decide(desk, where)
    seen = desk.seen(where)
    assert taken(desk, where).status_code == 409, "no engine runs"
    desk.start()  # nobody takes what is queued
    asked = [taken(desk, where, seen).headers["location"] for _ in range(2)]
    assert asked[0] == asked[1] and asked[0].startswith(desk.address("runs/run_"))
    assert "A run is taking it in" in desk.get(where) and "Take it in again" not in desk.get(where)
    assert decide(desk, where, full="1", seen=seen).status_code == desk.client.post(f"{where}/drop").status_code == 400
    with desk.store.read(desk.employer) as session:
        kept = session.rows(select(upload))[0]
    assert kept.state == "waiting" and b"Alder" not in kept.data_sealed
    where = asked[0].partition("?")[0]
    desk.caller = replace(caller_of(Role.BENEFITS_ADMIN, employer=desk.employer), user="usr_other")
    assert desk.post(f"{where}/cancel").status_code == 403, "that is its starter's, or an operator's"
    desk.caller = caller_of(Role.BENEFITS_ADMIN, employer=desk.employer)
    assert desk.post(f"{where}/cancel").status_code == 303


def test_what_somebody_else_has_decided_meanwhile_is_neither_put_over_nor_taken_unseen(desk: Desk) -> None:
    desk.caller = caller_of(Role.BENEFITS_ADMIN, employer=desk.employer)
    desk.start()
    where = sent(desk, CENSUS)
    first = desk.seen(where)
    assert decide(desk, where).status_code == 303
    previewed = desk.seen(f"{where}/preview")
    assert decide(desk, where, full="1", seen=first).status_code == 409
    assert decide(desk, where, full="1").status_code == 303
    assert taken(desk, where, previewed).status_code == 409
    unseen = (desk.client.post(f"{where}/take"), desk.client.post(where, data={"full": "1"}))
    assert [one.status_code for one in unseen] == [422, 422]
    with desk.store.read(desk.employer) as session:
        (kept,) = session.rows(select(upload))
        assert kept.how["full"] is True and imports.attempt(session, kept.upload_id) is None
    asked = taken(desk, where, desk.seen(f"{where}/preview"))
    assert asked.status_code == 303 and taken(desk, where, previewed).status_code == 409, "another's run is not his"


def test_whether_a_run_takes_it_is_looked_at_behind_the_lock_of_those_who_ask_for_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.caller = caller_of(Role.BENEFITS_ADMIN, employer=desk.employer)
    where = sent(desk, CENSUS)
    done = list[str]()
    locks, looks = Session.take_seq, imports.free

    def lock(session: Session, count: int = 1) -> tuple[int, str]:
        done.append("lock")
        return locks(session, count)

    def look(session: Session, upload_id: str) -> Any:
        done.append("look")
        return looks(session, upload_id)

    monkeypatch.setattr(Session, "take_seq", lock)
    monkeypatch.setattr(imports, "free", look)
    for change in (lambda: decide(desk, where), lambda: desk.client.post(f"{where}/drop")):
        done.clear()
        assert change().status_code == 303
        assert "look" in done and done[0] == "lock"


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ENGINEER, Role.FINANCE, Role.EMPLOYEE])
def test_nobody_else_imports(office: Desk, role: Role) -> None:
    where = sent(office, CENSUS)
    office.caller = caller_of(role, employer=office.employer)
    for path in ("import", where, f"{where}/preview"):
        assert office.client.get(office.address(path)).status_code in (403, 404)
    assert send(office, CENSUS).status_code in (403, 404)
    for path in (where, f"{where}/take", f"{where}/drop", f"{where}/release"):
        assert office.client.post(path, data={"note": "x"}).status_code in (403, 404)
