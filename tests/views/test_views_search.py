"""Employees are found by the beginning of a name or number, page by page, by an index and not by going through all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import pytest
from sqlalchemy import event, select, text

from benehub import facts
from benehub.facts import Version
from benehub.store import Session, Store
from benehub.store.tables import person, renamed
from benehub.views import people, persons
from benehub.views.search import Search

NAMES = (
    ("E1", "Ann", "Lee"), ("E2", "Anna", "Anderson"), ("E3", "Özlem", "Öztürk"), ("E4", "ÖZGE", "MÜLLER"),
    ("E5", "Maria", "De La Cruz"), ("E6", "Bob", "annan"), ("x-7 A", "Ann", "Zimmer"), ("E8", "O'Neil", "50%_off"),
)  # fmt: skip


def hire(session: Session, number: str, first: str, last: str) -> None:
    who = session.id("per", number)
    session.take_seq(0)
    row = {"person_id": who, "kind": "employee", "subscriber_id": who, "member_id": number, "seq": 1}
    session.add(person, [row])
    call(session, number, first, last)


def call(session: Session, number: str, first: str, last: str) -> None:
    data = {"first_name": first, "last_name": last}
    facts.record(session, [Version("employee", session.id("per", number), "", date(2026, 1, 1), data)], "test")


def crowd(session: Session, count: int) -> None:
    """So many more, of names of their own."""
    numbers = [f"C{one}" for one in range(count)]
    ids = {one: session.id("per", one) for one in numbers}
    session.take_seq(0)
    base = {"kind": "employee", "seq": 1}
    session.add(person, [base | {"person_id": w, "subscriber_id": w, "member_id": one} for one, w in ids.items()])
    names = [(who, {"first_name": f"Ann{one}", "last_name": f"Lee{one}"}) for one, who in ids.items()]
    facts.record(session, [Version("employee", who, "", date(2026, 1, 1), data) for who, data in names], "test")


@pytest.fixture
def acme(store: Store) -> Iterator[Session]:
    """Some employees."""
    with store.write("acme") as session:
        for one in NAMES:
            hire(session, *one)
        session.flush_deferred()
        yield session


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ("ann", "E6 E1 x-7_A E2"), ("ANN", "E6 E1 x-7_A E2"), ("ann lee", "E1"), ("lee ann", "E1"), ("ann zz", ""),
        ("öz", "E3 E4"), ("Öz", "E3 E4"), ("müll", "E4"), ("MÜL", "E4"), ("de la", "E5"), ("la", ""), ("cruz de", ""),
        ("e", "E1 E2 E3 E4 E5 E6 E8"), ("x-7", "x-7_A"), ("X-7 a", "x-7_A"), ("o'n", "E8"), ("50%_o", "E8"),
        ("maria de la cr", "E5"), ("De La Cruz Maria", "E5"), ("maria cruz", ""), ("%", ""), ("_", ""), ("a n n l", ""),
    ],
)  # fmt: skip
def test_a_beginning_finds_everybody_whom_it_fits_once(acme: Session, asked: str, numbers: str) -> None:
    found = [one.number.replace(" ", "_") for one in people.listed(acme, asked).rows]
    assert sorted(found) == sorted(numbers.split())
    by_page, after = [], ""
    for _ in range(20):
        rows, after = persons.searched(acme, asked, after, 1)
        by_page += [one["member"].replace(" ", "_") for one in rows]
        if not after:
            break
    assert by_page == found


def test_a_name_of_before_is_found_and_nobody_twice(acme: Session) -> None:
    for last in ("Annis", "Annable"):
        call(acme, "E1", "Ann", last)
    for asked in ("lee", "annis", "annable", "ann annis", "lee annable"):
        assert [one.number for one in people.listed(acme, asked).rows] == ["E1"], asked
    everybody, after = [], ""
    while True:
        part = people.listed(acme, "ann", after=after, limit=1)
        everybody += [one.number for one in part.rows]
        if not (after := part.after):
            break
    assert sorted(everybody) == ["E1", "E2", "E6", "x-7 A"]


def test_another_employers_people_are_not_found(acme: Session, store: Store) -> None:
    other = Session(acme.connection, "other", store.vault, store.clock)
    assert people.listed(other, "ann").rows == () and persons.searched(other, "e")[0] == []


def test_two_words_find_whom_each_row_and_all_names_of_before_say(acme: Session) -> None:
    """As somebody who reads everything of everybody finds them, whatever the words stand for."""
    known = {number: [number, first, last] for number, first, last in NAMES}
    for number, first, last in (
        ("E1", "Ann", "Özdal"), ("E2", "Anna", "Anders"), ("E8", "Öz", "50%_off"), ("E6", "Lee", "annan"),
        ("E4", "ÖZGE", "MÜLLER"),
    ):  # fmt: skip
        call(acme, number, first, last)
        known[number] += [first, last]
    asked = (
        "ann lee", "lee ann", "ann öz", "ÖZ ANN", "Özd le", "lee anders", "anders anderson", "bob lee", "lee bob ann",
        "öz o'", "50% ö", "E1 lee", "lee E1", "e8 öz 50", "ann e", "e ann an", "ann ann", "an anna", "anna an",
        "x-7 ann", "ann zimmer x-7", "özge mül", "Mül ÖZGE", "de la maria", "e e", "lee lee", "zimmer lee", "E6 E1",
        "öztürk e3", "ann lee öz e1", "bob annan lee e6", "ann lee öz e2",
    )  # fmt: skip
    for said in asked:
        wanted = {number for number, words in known.items() if fits(words, said.split())}
        found = [one.number for one in people.listed(acme, said).rows]
        assert sorted(found) == sorted(wanted), said
        by_page, after = [], ""
        while True:
            part = people.listed(acme, said, after=after, limit=1)
            by_page += [one.number for one in part.rows]
            if not (after := part.after):
                break
        assert by_page == found, said


def fits(words: Sequence[str], asked: Sequence[str]) -> bool:
    """Whether each group of what is asked, in one way to group it, begins one of the words."""
    if not asked:
        return True
    return any(
        any(one.casefold().startswith(" ".join(asked[:count]).casefold()) for one in words)
        and fits(words, asked[count:])
        for count in range(1, len(asked) + 1)
    )


def test_a_renamed_ones_names_are_kept_once_and_nobody_elses(acme: Session) -> None:
    for last in ("Annis", "Lee", "Annis"):
        call(acme, "E1", "Ann", last)
    call(acme, "E2", "Anna", "Anderson")
    data = {"first_name": "Bob", "last_name": "annan", "city": "Rome"}
    facts.record(acme, [Version("employee", acme.id("per", "E6"), "", date(2026, 2, 1), data)], "test")
    rows = acme.rows(select(renamed.c.person_id, renamed.c.word).where(*acme.where(renamed)))
    who = acme.id("per", "E1")
    assert sorted(map(tuple, rows)) == [(who, "Ann"), (who, "Annis"), (who, "Lee")]


def test_no_search_goes_through_everybody(acme: Session) -> None:
    """Each question of a search is answered by an index that begins where the word does; nobody is asked one by one."""
    crowd(acme, 400)
    asked: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, given: object, *_: object) -> None:
        asked.append((statement, given))

    event.listen(acme.connection.engine, "before_cursor_execute", note)
    try:
        Search(acme, "ann lee").next("anna per_x", 50, 50)
    finally:
        event.remove(acme.connection.engine, "before_cursor_execute", note)
    ranged = [(one, given) for one, given in asked if "lower" in one]
    assert len(ranged) == 14, (
        "how many each word fits, up to where is read and who may fit, and all words of whose they are"
    )
    postgres = acme.connection.dialect.name == "postgresql"
    if postgres:
        # Of a few rows each index costs the same, and which is taken is chance: it knows of a crowd.
        acme.connection.execute(text("ANALYZE fact, person, renamed"))
        acme.connection.execute(text("SET LOCAL enable_seqscan = off"))
        acme.connection.execute(text("SET LOCAL enable_bitmapscan = off"))
    both = 0
    for one, given in ranged:
        explain = "EXPLAIN " if postgres else "EXPLAIN QUERY PLAN "
        plan = str(acme.connection.exec_driver_sql(explain + one, given).all())  # type: ignore[arg-type]  # as it was sent
        if "fact_key" in one:
            assert "ix_fact_find" in plan and ("Index Cond" if postgres else "subject=?") in plan, plan
            continue
        led = one.partition("WHERE")[0]
        names = f"ix_fact_{'first' if 'first' in led else 'last'}_name"
        index = "ix_person_number" if "member_id" in led else "ix_renamed_word" if "renamed" in led else names
        assert index in plan and ("Index Cond" if postgres else "<expr>>") in plan, plan
        assert "TEMP B-TREE" not in plan and "Sort" not in plan, plan
        if index == names and "first" in one and "last" in one:
            both += 1
            assert "EXISTS" not in one and plan.count("SEARCH") + plan.count("Index Scan") == 1, plan
            if postgres:
                condition = next(row for row in plan.split("',)") if "Index Cond" in row)
                assert "first_name" in condition and "last_name" in condition, "the index itself knows the other name"
        if "EXISTS" in one:
            assert index == "ix_renamed_word" and "pk_renamed" in plan.replace("PRIMARY KEY", "pk_renamed"), plan
    assert both, "the other name is asked of the row"
