"""What is told of a table's columns and taken of a program: no cell of a sealed table, and nothing passed over."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from tests.api.v1.conftest import Api, problem, reads_tables
from tests.api.v1.test_v1_imports import sent
from tests.api.v1.test_v1_runs import ended

from benehub.access import Role
from benehub.store.tables import fact

HEAD = "Emp ID,First Name,Last Name,Date of Birth,SSN,Hire Date,FT/PT\n"
COLUMNS = {
    "employee_number": "Emp ID", "first_name": "First Name", "last_name": "Last Name", "birth_date": "Date of Birth",
    "ssn": "SSN", "hire_date": "Hire Date", "employment_class": "FT/PT",
}  # fmt: skip
MONTHLY = {"pay_group": "monthly"}
WORDS = {"employment_class": {"Vollzeit": "full_time"}}


@pytest.fixture(autouse=True)
def admin(request: pytest.FixtureRequest) -> None:
    """Whoever calls edits people at a hub that reads tables."""
    api = request.getfixturevalue("working" if "working" in request.fixturenames else "api")
    reads_tables(api.hub)
    api.act_as(Role.BENEFITS_ADMIN)


def table(*words: str) -> bytes:
    """A census of as many people as words, theirs in the last column."""
    rows = (f"X{no},Ann,Alder,1990-02-03,900-11-22{no:02},2025-01-06,{word}\n" for no, word in enumerate(words, 10))
    return (HEAD + "".join(rows)).encode()


def place(api: Api, *words: str) -> str:
    """Where such a table waits."""
    return f"/imports/{sent(api, table(*words)).json()['upload']}"


def put(api: Api, where: str, status: int = 200, **body: Any) -> Any:
    """Say what its columns are."""
    body = {"columns": COLUMNS, "constants": MONTHLY} | body
    return api.send(f"{where}/columns", body, status, etag=api.etag(where), method="PUT")


@pytest.mark.parametrize("heading", ["SSN", "Date of Birth", "Emp ID"])
def test_cells_of_a_column_that_counts_no_words_are_not_told(api: Api, heading: str) -> None:
    where = place(api, "FT", "PT")
    put(api, where, columns=COLUMNS | {"employment_class": heading})
    told = api.client.get(f"/api/v1/employers/acme{where}/columns")
    assert "900-11" not in told.text and "1990-02" not in told.text
    if heading != "Emp ID":
        assert (told.json()["unknown"], told.json()["untold"]) == ({}, ["employment_class"])


@pytest.mark.parametrize("words", [("001", "B100"), ("1001", "2002")])
def test_codes_of_three_digits_are_words_and_longer_numbers_are_not(api: Api, words: tuple[str, ...]) -> None:
    told = api.get(f"{place(api, *words)}/columns")
    short = len(words[0]) == 3
    assert told["unknown"] == ({"employment_class": list(words)} if short else {})
    assert told["untold"] == ([] if short else ["employment_class"])


def test_a_table_whose_first_row_is_a_person_is_refused(api: Api) -> None:
    first = b"X1,Ann,Alder,1990-02-03,"
    for cell in (b"900-11-2233", b"900112233", b"2/3/1990", b"03.02.1990", b"2025-01-06T00:00"):
        for data in (first + cell + b"\n", b"Emp ID," + cell + b"\nX1,a\n"):
            told = problem(sent(api, data, 422), 422, "data")
            assert "heading" in told["detail"] and cell.decode() not in str(told) and "1990" not in str(told)
    assert sent(api, b"Emp ID,Balance 2026-01-01,401k,1/2 day\nX1,1,2,3\n").status_code == 201
    assert len(api.all("/imports")) == 1


def test_what_was_told_may_be_put_back_and_keeps_what_earlier_tables_decided(working: Api) -> None:
    api = working
    first = place(api, "Vollzeit", "Full-Time")
    put(api, first, values=WORDS)
    ended(api, api.send(f"{first}/take", status=202, etag="*").headers["location"])
    head = HEAD.replace("\n", ",Payroll Group\n").encode()
    row = table("Part Time").splitlines()[1] + b",weekly\n"
    second = f"/imports/{sent(api, head + row).json()['upload']}"
    told = api.get(f"{second}/columns")
    assert told["values"] == {"employment_class": {"Vollzeit": "full_time", "Part Time": "part_time"}}
    assert told["constants"] == MONTHLY and "pay_group" not in told["columns"], "no guess beats it"
    put(api, second, **{name: told[name] for name in ("columns", "constants", "values")})
    assert api.get(f"{second}/columns") == told


def test_a_column_of_too_many_words_says_that_they_are_not_told(api: Api) -> None:
    words = [f"{one}{two}" for one in "abcdef" for two in "abcdef"][:31]
    told = api.get(f"{place(api, *words[:30])}/columns")
    assert (len(told["unknown"]["employment_class"]), told["untold"]) == (30, [])
    where = place(api, *words)
    told = api.get(f"{where}/columns")
    assert (told["unknown"], told["untold"], told["values"]) == ({}, ["employment_class"], {})
    put(api, where, values=WORDS)
    assert api.get(f"{where}/columns")["values"] == WORDS, "what was said is told all the same"


def test_a_word_that_is_ours_does_not_wait_beside_theirs(working: Api) -> None:
    api = working
    where = place(api, "FT", "full_time", "Vollzeit", "PART_TIME", "Krumm")
    put(api, where, values={"employment_class": {"FT": "full_time", "Vollzeit": "full_time"}})
    told = api.get(f"{where}/columns")["values"]["employment_class"]
    assert told == {"FT": "full_time", "Vollzeit": "full_time", "PART_TIME": "part_time"}, "ours is not told"
    assert api.send(f"{where}/preview").json()["quarantined"] == 1, "Krumm alone"
    put(api, where, values={"employment_class": {"*": "seasonal"}})
    ended(api, api.send(f"{where}/take", status=202, etag="*").headers["location"])
    assert api.get(where)["quarantined"] == 0
    with api.hub.store.read("acme") as session:
        told = [str(one.data) for one in session.rows(select(fact).where(fact.c.kind == "employment"))]
    said = [sum(word in one for one in told) for word in ("seasonal", "part_time")]
    assert said[0] == 3 and said[1] >= 1, "a star stands for what is not ours"


def test_what_would_be_passed_over_is_refused_by_name(api: Api) -> None:
    where = place(api, "FT")
    for body, says in (
        ({"constants": {"ssn": "a"}}, "ssn has a column and a constant"),
        ({"values": {"sex": {"w": "F"}}}, "sex has words and no column"),
        ({"columns": COLUMNS | {"email": "Mail"}}, "the table has no heading 'Mail'"),
        ({"columns": COLUMNS | {"shoe_size": "SSN"}}, "employee has no field 'shoe_size'"),
    ):
        told = problem(put(api, where, 422, **body), 422, "data")
        assert says in told["detail"] and told["mend"]
    assert not api.get(where)["decided"]
    assert put(api, where, columns=COLUMNS | {"ssn": " ssn"}).json()["decided"], "as its reader compares headings"
