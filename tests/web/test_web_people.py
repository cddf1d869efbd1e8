"""People: found by any word, one page at a time; one person with every number's reason; unlinked people in sight."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from sqlalchemy import func, select, update
from tests.web.conftest import Desk, caller_of

from benehub.access import Role, audit
from benehub.identity import strangers, suggestions
from benehub.identity.matching import Guess, Told
from benehub.ids import PREFIXES
from benehub.periods import Month
from benehub.store.tables import crosswalk, fact, person
from benehub.views import people
from benehub.views import strangers as views
from benehub.views.persons import person_ids
from benehub.web.why import told_by

HOSTILE = (
    "'", '"', "%", "_", "' OR 1=1 --", "'; DROP TABLE person; --", "<script>alert(1)</script>", "\\", "{{7*7}}",
    "a" * 500,
)  # fmt: skip


def numbers(desk: Desk) -> list[str]:
    """Employee numbers in order."""
    with desk.store.read(desk.employer) as session:
        query = select(person.c.member_id).where(*session.where(person, kind="employee"))
        return [row.member_id for row in session.rows(query.order_by(person.c.member_id))]


def test_the_list_goes_page_by_page_and_misses_nobody(read_desk: Desk) -> None:
    with read_desk.store.read(read_desk.employer) as session:
        first = people.listed(session, limit=25)
        found, after = [one.number for one in first.rows], first.after
        while after:
            part = people.listed(session, after=after, limit=25)
            found, after = [*found, *(one.number for one in part.rows)], part.after
    assert found == numbers(read_desk)
    assert 'rel="next"' in read_desk.get("people")


def test_somebody_is_found_by_number_by_name_and_by_both_names(read_desk: Desk) -> None:
    with read_desk.store.read(read_desk.employer) as session:
        one = people.listed(session, limit=1).rows[0]
        for word in (
            one.number,
            one.number[:4].lower(),
            one.last_name[:3].upper(),
            f"{one.first_name} {one.last_name}",
        ):
            assert one.number in [found.number for found in people.listed(session, word, limit=500).rows], word
        assert people.listed(session, f"{one.first_name} Nobody").rows == ()
    assert one.last_name in read_desk.get("people", search=one.number)


def test_states_part_the_list_and_open_differences_are_counted(read_desk: Desk) -> None:
    with read_desk.store.read(read_desk.employer) as session:
        parts = {state: people.listed(session, state=state, limit=500).rows for state in people.STATES}
    counted = sum(len(parts[state]) for state in ("employed", "starts", "left"))
    assert counted == len(numbers(read_desk)) and parts["left"] and parts["open"]
    assert all(one.differences for one in parts["open"])


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_filter_is_data(read_desk: Desk, hostile: str) -> None:
    before = numbers(read_desk)
    for field in ("search", "state", "after"):
        told = read_desk.get("people", **{field: hostile})
        assert "<script>alert" not in told and "49" not in told.partition("<main")[0]
    for path, field in (("people/E00001", "show"), ("questions", "turn"), ("money/invoices/carrier/2026-10", "which")):
        assert "<script>alert" not in read_desk.get(path, **{field: hostile})
    for path in (f"people/{hostile}", f"why/{hostile}", f"unlinked/{hostile}", f"connections/{hostile}"):
        answer = read_desk.client.get(read_desk.address(path))
        assert answer.status_code in (400, 404, 409) and "<script>alert" not in answer.text
    assert numbers(read_desk) == before


def test_a_number_of_any_signs_is_linked_and_found(desk: Desk, links: Callable[[str], list[str]]) -> None:
    odd = "A#1?b=2/3 %&"
    with desk.store.write(desk.employer) as session:
        mine = session.where(person, kind="employee", member_id=numbers(desk)[0])
        session.connection.execute(update(person).where(*mine).values(member_id=odd))
    (found,) = [one for one in links(desk.get("people", search="A#1")) if "/people/A" in one]
    assert found == "/e/northwind/people/A%231%3Fb%3D2/3%20%25%26"
    told = desk.get(found)
    assert html.escape(odd) in told
    for one in [one for one in links(told) if "/people/A" in one]:
        assert one.startswith(found) and desk.client.get(one).status_code == 200, one
    ended = desk.post(f"{found}/end", last_day="2026-11-30", note="x")
    assert ended.headers.get("location", found).startswith(found)


def test_the_chain_behind_anything_leads_to_pages_that_are_there(
    read_desk: Desk, links: Callable[[str], list[str]]
) -> None:
    with read_desk.store.read(read_desk.employer) as session:
        rows = session.rows(select(fact.c.kind, func.max(fact.c.fact_id).label("ref")).where(*session.where(fact))
                            .group_by(fact.c.kind))  # fmt: skip
    led, named = set[str](), set[str]()
    for row in rows:
        told = read_desk.get(f"why/{row.ref}", lang="de")
        led |= set(re.findall(r'class="mono" href="([^"]+)"', told))
        named |= set(re.findall(r"<dt>([^<]+)</dt>", told))
    assert {"Nachname", "Abrechnungskreis"} <= named, "a field of a fact is called as where a table is imported"
    assert not [one for one in named if "_" in one]
    assert any("/people/per_" in one for one in led), "somebody whom a fact names has a page of his own"
    for one in sorted(led):
        assert read_desk.client.get(one).status_code == 200, one
    known = {prefix: told_by(f"{prefix}_{'0' * 20}") for prefix in PREFIXES}
    assert {known[one] for one in ("usr", "crd", "upl")} == {""} and known["dis"].startswith("why/dis_")
    assert told_by("dis_appeared") == told_by("per_ year") == ""


def test_one_person_has_a_reason_for_every_number(read_desk: Desk, links: Callable[[str], list[str]]) -> None:
    with read_desk.store.read(read_desk.employer) as session:
        number = next(one.number for one in people.listed(session, state="open", limit=50).rows)
    asked = set()
    for part in ("now", "money", "vendors", "facts", "contact"):
        told = read_desk.get(f"people/{number}", show=part, month="2026-10")
        assert number in told
        asked |= {one for one in links(told) if "/why/" in one}
    assert len(asked) > 8
    told = read_desk.get(f"people/{number}", show="money", month="2026-10")
    bare = [one for one in re.findall(r'<td role="cell" class="num"[^>]*>(.*?)</td>', told) if "/why/" not in one]
    assert [one for one in bare if re.search("[1-9]", one)] == [], "each amount leads to its reason"
    assert told.count('<li class="card">') == len(re.findall(r'<li class="card">.*?/why/ent_', told, re.S)) > 0
    for one in sorted(asked)[:25]:
        answer = read_desk.client.get(one)
        assert answer.status_code == 200 and "Why it is so" in answer.text, one


def test_each_amount_of_the_month_leads_to_what_it_goes_back_to(read_desk: Desk) -> None:
    told = read_desk.get(f"people/{numbers(read_desk)[0]}", show="now", month="2026-10")
    chain = told.split("</table>")[0]
    cells = re.findall(r'<td role="cell" class="num"[^>]*>(.*?)</td>', chain)
    amounts = [one for one in cells if re.search("[1-9]", re.sub("<[^>]+>", "", one))]
    assert len(amounts) > 3 and all("/why/" in one for one in amounts)
    assert any("/why/ent_" not in one for one in amounts), "what was billed leads to the read of the bill"


def test_pay_birth_date_and_ssn_of_nobody_are_shown(read_desk: Desk) -> None:
    number = numbers(read_desk)[0]
    told = "".join(read_desk.get(f"people/{number}", show=part) for part in ("now", "vendors", "facts"))
    assert "birth date" in told and not re.search(r"\b\d{3}-\d{2}-\d{4}\b", told)
    facts = read_desk.get(f"people/{number}", show="facts")
    assert re.search(r">pay</span> \*+", facts)


def test_vendors_stand_beside_what_we_believe(read_desk: Desk) -> None:
    with read_desk.store.read(read_desk.employer) as session:
        book = read_desk.hub.book(session)
        one = people.one(session, book, numbers(read_desk)[0], Month.parse("2026-10"))
    names = {vendor.connection for vendor in one.vendors}
    assert {"hris", "payroll"} <= names and any(vendor.told for vendor in one.vendors)
    assert any(vendor.ours for vendor in one.vendors)


def test_only_those_of_us_who_are_shown_beside_the_unlinked_stand_in_the_trail(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benehub.web.unlinked.SHOWN", 2)
    ours = numbers(desk)
    with desk.store.write(desk.employer) as session:
        known = person_ids(session, ours)
        linked = next(n for n in ours[2:] if known[n] in strangers.holders(session, "payroll", known.values()))
        first, second, guessed, beyond = [one for one in ours if one != linked][:4]
        zoe, yan = Told("Zoe", "Zander", "1990-01-02"), Told("Yan", "Young", employee_number=linked)
        for number, told in ((first, zoe), (second, zoe), ("zz", yan)):
            session.take_seq(0)
            strangers.note(session, "payroll", number, "payroll_person", told)
        suggestions.replace(
            session, "payroll", [Guess(first, known[guessed], 90, ()), Guess("zz", known[beyond], 90, ())]
        )
    shown = desk.get("unlinked")
    assert shown.count("unlinked/unl_") == 2 and "1 more" in shown and f"number or SSN of {linked}" in shown
    with desk.store.read(desk.employer) as session:
        refs = str(audit.newest(session, limit=1)[0].ref).split()
        every = views.unlinked(session)
        assert views.counted(session) == views.counted(session, "payroll") == len(every) == 3
        assert views.unlinked(session, most=2) == every[:2] and views.counted(session, "hris") == 0
        assert views.suggested(session, most=2) == views.suggested(session)[:1]
    # A vendor's own id is no number of ours, though somebody here has the same.
    assert sorted(refs) == sorted({"people:2", known[guessed], known[linked]})


def test_unlinked_people_stand_first_and_are_linked_with_a_reason(desk: Desk) -> None:
    with desk.store.write(desk.employer) as session:
        session.take_seq(0)
        strangers.note(session, "payroll", "x-77", "payroll_person", Told("Zoe", "Zander", "1990-01-02"))
    assert "linked to nobody here" in desk.get("people")
    listed = desk.get("unlinked")
    ref = re.findall(r"unlinked/(unl_\w+)", listed)[0]
    assert "Zoe" in desk.get(f"unlinked/{ref}")
    other = numbers(desk)[3]
    seen = desk.seen(f"unlinked/{ref}")
    assert desk.post(f"unlinked/{ref}/link", employee=other, note=" ", seen=seen).status_code == 400
    assert desk.post(f"unlinked/{ref}/link", employee=other, note="she is").status_code == 422, "what was looked at?"
    assert desk.post("unlinked/suggest").status_code == 303
    assert desk.post(f"unlinked/{ref}/reject", employee=other, note="another birth date", seen=seen).status_code == 303
    assert desk.post(f"unlinked/{ref}/link", employee=other, note="she is", seen=seen).status_code == 409
    desk.caller = caller_of(Role.AUDITOR, employer=desk.employer)
    assert "Z*** Z***" in desk.get("unlinked") and "Zoe" not in desk.get("unlinked")
    assert desk.post(f"unlinked/{ref}/link", employee=other, note="x").status_code == 403


def test_a_wrong_link_is_taken_back_from_the_page_of_the_person_it_went_to(
    desk: Desk, links: Callable[[str], list[str]]
) -> None:
    with desk.store.write(desk.employer) as session:
        session.take_seq(0)
        strangers.note(session, "elections", "x-77", "election", Told("Zoe", "Zander", "1990-01-02"))
        ref = strangers.ref(session, "elections", "x-77")
    other, path = numbers(desk)[3], f"unlinked/{ref}"
    assert '/unlink"' not in desk.get(path)
    assert desk.post(f"{path}/link", employee=other, note="she is", seen=desk.seen(path)).status_code == 303
    assert desk.address(path) in links(desk.get(f"people/{other}", show="vendors"))
    page = desk.get(path)
    assert f'action="{desk.address(path)}/unlink"' in page
    seen = desk.seen(path)
    assert desk.post(f"{path}/unlink", note=" ", seen=seen).status_code == 400
    assert desk.post(f"{path}/unlink", note="another birth date", seen="W/x").status_code == 409
    assert desk.post(f"{path}/unlink", note="another birth date", seen=seen).status_code == 303
    page = desk.get(path)
    assert "another birth date" in page and '/unlink"' not in page
    assert desk.address(path) not in links(desk.get(f"people/{other}", show="vendors"))
    with desk.store.read(desk.employer) as session:
        made = next(one for one in session.rows(select(crosswalk).where(crosswalk.c.how == "source")))
        own = strangers.ref(session, made.connection_id, made.external_id)
    assert '/unlink"' not in desk.get(f"unlinked/{own}"), "the record a person was made from stays his"
    desk.caller = caller_of(Role.AUDITOR, employer=desk.employer)
    assert desk.post(f"{path}/unlink", note="x", seen=seen).status_code == 403


def test_why_is_asked_of_the_past_too(read_desk: Desk) -> None:
    number = numbers(read_desk)[0]
    ref = re.findall(r"why/(fct_\w+)", read_desk.get(f"people/{number}", show="facts"))[0]
    assert "nothing: it was recorded" in read_desk.get(f"why/{ref}", known="2026-01-01")
    assert read_desk.client.get(read_desk.address(f"why/{ref}?known=never")).status_code == 400


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.EMPLOYEE])
def test_who_may_not_see_people_sees_none(desk: Desk, role: Role) -> None:
    number = numbers(desk)[0]
    desk.caller = caller_of(role, employer=desk.employer)
    for path in ("people", f"people/{number}", "unlinked", "questions", "why/ent_x"):
        assert desk.client.get(desk.address(path)).status_code in (403, 404)


def test_another_employers_people_are_not_there(desk: Desk) -> None:
    desk.caller = caller_of(Role.BENEFITS_ADMIN, employer="somebody_else")
    for path in ("people", "money", "plan-book", "connections", "settings", "import"):
        assert desk.client.get(desk.address(path)).status_code == 404


@pytest.mark.parametrize("ssn", ["123-45-6789", " 123 45 6789 ", "Lee 123-45-6789"])
def test_nobody_is_searched_by_ssn_and_no_link_carries_it_on(read_desk: Desk, ssn: str) -> None:
    for path in ("people", "reconcile"):
        told = read_desk.get(path, 400, search=ssn, person=ssn)
        assert "6789" not in told and "employee number" in told
    assert "name" in read_desk.get("people", search="123456789")
