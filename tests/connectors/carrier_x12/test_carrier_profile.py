"""Every field of the trading-partner profile: what it changes in a file, or what it stops."""

from __future__ import annotations

from datetime import date, time
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from benehub.connect.connector import Item
from benehub.connect.exchange import Exchange
from benehub.errors import DataError
from benehub.formats.x12 import checks
from benehub.records import EnrollmentMember
from benehub.views.outgoing import masked
from benehub_connectors.carrier_x12 import CarrierX12, PartnerSettings
from benehub_connectors.carrier_x12.member_answers import control_of
from benehub_connectors.carrier_x12.profile import check_profile

CHANGE, FULL = "enrollment.change", "enrollment.full"
PLANS = {"MED": ["EE", "FAM"], "DEN": ["EE"]}


def written(partner: Any, *people: EnrollmentMember, operation: str = FULL, control: int = 7, **changes: Any) -> str:
    """The file of these people (an employee and her child when none are named) by a changed profile."""
    people = people or (partner.member(), partner.child())
    items = [Item(operation, one.member_id, one.model_dump(mode="json")) for one in people]
    settings = partner.profile(**changes)
    out = CarrierX12().render(operation, items, partner.envelope(control), settings)
    return str(out.data.decode("ascii"))


SHOWS: list[tuple[str, dict[str, Any], str]] = [
    ("sender", {"sender": "US"}, "*ZZ*US             *ZZ*"),
    ("sender_qualifier", {"sender_qualifier": "30"}, "*30*BENEHUB"),
    ("receiver", {"receiver": "THEM"}, "*ZZ*THEM "),
    ("receiver_qualifier", {"receiver_qualifier": "01"}, "*01*CARRIERX"),
    ("group_sender", {"group_sender": "APP1"}, "GS*BE*APP1*CARRIERX*"),
    ("group_receiver", {"group_receiver": "APP2"}, "GS*BE*BENEHUB*APP2*"),
    ("usage", {"usage": "P"}, "*1*P*:~"),
    ("element", {"element": "|"}, "INS|Y|18|030"),
    ("component", {"component": ">"}, "*T*>~"),
    ("repetition", {"repetition": "!"}, "*!*00501*"),
    ("terminator", {"terminator": "'"}, "'GS*BE"),
    ("line_breaks", {"line_breaks": True}, "~\nGS*"),
    ("upper_case", {"upper_case": False}, "NM1*IL*1*Muller*Zoe"),
    ("group", {"group": "POL9"}, "REF*38*POL9~"),
    ("sponsor", {"sponsor": {"name": "Boss", "id": "111"}}, "N1*P5*BOSS*FI*111~"),
    ("insurer", {"insurer": {"name": "Payer", "id": "222", "qualifier": "XV"}}, "N1*IN*PAYER*XV*222~"),
    ("tiers", {"tiers": {"EE": "IND", "ES": "ESP", "EC": "ECH", "FAM": "FAM"}}, "HD*030**HLT*PPO500*IND~"),
    ("identifier", {"identifier": "ssn"}, "REF*0F*100000001~REF*1L*POL001~REF*23*1001-01~"),
    ("subscriber_ssn_as", {"subscriber_ssn_as": "6O"}, "REF*23*1001-01~REF*6O*100000001~"),
    ("plans.insurance_line", {"plans": {"MED": {"insurance_line": "PPO"}, "DEN": {"insurance_line": "DEN"}}},
     "HD*030**PPO*MED*EMP~"),
    ("plans.policy", {"plans": {"MED": {"insurance_line": "HLT", "policy": "P7"}, "DEN": {"insurance_line": "DEN"}}},
     "DTP*348*D8*20260101~REF*1L*P7~"),
    ("plans.category",
     {"plans": {"MED": {"insurance_line": "HLT", "category": "C7"}, "DEN": {"insurance_line": "DEN"}}},
     "REF*17*C7~"),
    ("plans.description",
     {"plans": {"MED": {"insurance_line": "HLT", "description": "GOLD"}, "DEN": {"insurance_line": "DEN"}}},
     "HD*030**HLT*GOLD*EMP~"),
    ("subgroups", {"subgroups": {"": "SUB1"}}, "REF*DX*SUB1~"),
    ("exchange.salary", {"exchange": {"salary": True}}, "ICM*7*52000.5~"),
    ("exchange.acks.ta1_hours", {"exchange": {"acks": {"ta1_hours": None}}}, "*000000007*0*T*"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "changes", "shows"), SHOWS, ids=[one[0] for one in SHOWS])
def test_a_field_shows_in_the_file(partner: Any, field: str, changes: dict[str, Any], shows: str) -> None:
    who = partner.member(compensation_minor=5200050)
    plain = written(partner, who, partner.child())
    changed = written(partner, who, partner.child(), **changes)
    assert shows not in plain and shows in changed, changed
    if field not in ("terminator", "element"):
        assert checks.check(changed) == []


def test_end_dates_are_written_as_the_partner_reads_them(partner: Any) -> None:
    gone = partner.line(maintenance="024", effective_to=date(2026, 11, 1))
    leaver = partner.member("1001", gone, maintenance="024")
    assert "DTP*349*D8*20261031~" in written(partner, leaver, operation=CHANGE)
    assert "DTP*349*D8*20261101~" in written(partner, leaver, operation=CHANGE, end_date="exclusive")


@pytest.mark.parametrize(("days", "kept"), [(0, 0), (1, 0), (2, 1)])
def test_who_has_ended_is_absent_where_absence_ends_him_and_only_after_the_days_agreed(
    partner: Any, days: int, kept: int
) -> None:
    gone = partner.line(maintenance="024", effective_to=date(2026, 11, 1))
    people = (partner.member(), partner.member("1002", gone, maintenance="024"))
    assert written(partner, *people).count("INS*Y") == 2
    text = written(partner, *people, term_by="absence", exchange={"keep_terminated_days": days})
    assert text.count("INS*Y") == 1 + kept


def test_each_family_may_be_a_set_of_its_own_under_a_number_of_its_own(partner: Any) -> None:
    people = (partner.member(), partner.member("1002"), partner.child())
    items = [Item(FULL, one.member_id, one.model_dump(mode="json")) for one in people]
    settings = partner.profile(family_per_set=True)
    connector = CarrierX12()
    assert connector.sets(FULL, items, settings) == 2 and connector.sets(FULL, items, partner.profile()) == 1
    out = connector.render(FULL, items, partner.envelope(7, first_set=41), settings)
    text = out.data.decode()
    assert [part.split("*")[2] for part in text.split("~") if part.startswith("ST*")] == ["0041", "0042"]
    assert out.sets == {"1001": "0041", "1001-01": "0041", "1002": "0042"}
    assert "GE*2*7~" in text and "BGN*00*REF-7*" in text and "BGN*00*REF-7/2*" in text
    assert checks.check(text) == []
    assert out.heads == 3


def test_fm10_a_dependent_without_his_subscriber_is_not_written(partner: Any) -> None:
    with pytest.raises(DataError):
        written(partner, partner.child(), identifier="ssn")
    found = CarrierX12().unfit(FULL, _items(partner.child()), partner.profile(subscriber_ssn_as="6O"))
    assert "the subscriber's SSN is not known" in found["1001-01"]


def _items(*people: EnrollmentMember) -> list[Item]:
    return [Item(CHANGE, one.member_id, one.model_dump(mode="json")) for one in people]


HELD: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("ssn_demanded", {"ssn_demanded": "subscriber"}, {"ssn": None}, "no SSN, and the partner demands it"),
    ("ssn_demanded of all", {"ssn_demanded": "everyone"}, {}, "no SSN, and the partner demands it"),
    ("exchange.salary", {"exchange": {"salary": True}}, {}, "no pay is known, and the partner demands it"),
    ("plans.provider_demanded",
     {"plans": {"MED": {"insurance_line": "HMO", "provider_demanded": True}, "DEN": {"insurance_line": "DEN"}}},
     {}, "demands a primary care provider"),
    ("subgroups", {"subgroups": {"Sales": "S1"}}, {"department": "Lab"}, "no sub-group for department 'Lab'"),
    ("plans", {"plans": {"MED": {"insurance_line": "HLT"}}}, {}, "no codes for plan 'DEN'"),
    ("transliterate", {"transliterate": False}, {}, "a character has no ASCII spelling"),
    ("replace_delimiters", {"replace_delimiters": False}, {"last_name": "A*B"}, "a delimiter or control character"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "changes", "facts", "why"), HELD, ids=[one[0] for one in HELD])
def test_a_field_holds_a_member_back(
    partner: Any, field: str, changes: dict[str, Any], facts: dict[str, Any], why: str
) -> None:
    """By name, and in a way that the others can go."""
    who = partner.member(**facts)
    found = CarrierX12().unfit(CHANGE, _items(who, partner.child()), partner.profile(**changes))
    assert any(why in reason for reason in found.values()), found
    assert "1001" in found or field == "ssn_demanded of all"
    assert CarrierX12().unfit(CHANGE, _items(partner.member(), partner.child()), partner.profile()) == {}


def test_a_dependents_ssn_is_told_only_where_it_was_agreed(partner: Any) -> None:
    kid = partner.child(ssn="100000002")
    assert "100000002" in written(partner, partner.member(), kid)
    assert "100000002" not in written(partner, partner.member(), kid, ssn_of_dependents=False)


def test_pay_that_is_told_is_masked_wherever_people_look(partner: Any) -> None:
    who = partner.member(compensation_minor=5200050)
    text = written(partner, who, exchange={"salary": True})
    assert "52000.5" in text and "52000.5" not in masked(text, [{"members": [who.model_dump(mode="json")]}])
    assert "ICM" not in written(partner, who)  # nobody asked for it


def test_a_provider_who_was_chosen_is_told(partner: Any) -> None:
    who = partner.member("1001", partner.line(provider="1234567893"), partner.line("DEN", provider="D-77"))
    text = written(partner, who)
    assert "LX*1~NM1*P3*1******XX*1234567893*72~" in text and "NM1*P3*1******SV*D-77*72~" in text
    assert checks.check(text) == []


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"names": {"enrollment": "{last_name}_{control}.834"}}, "tells nothing of a person: last_name"),
    ({"names": {"enrollment": "{group.__class__}_{control}.834"}}, "tells nothing of a person"),
    ({"names": {"premium": "123-45-6789_{control}.820"}}, "nine digits in a file name read like an SSN"),
    ({"names": {"enrollment": "{group}_{usage}.834"}}, "two files of a day would have one name"),
    ({"names": {"enrollment": "{group}_{control:09}.834"}}, "write the fields plainly"),
    ({"names": {"enrollment": "{group_{control}.834"}}, "."),
    (
        {"groups_per_file": "one", "names": {"enrollment": "{date}{time}_{usage}.834"}},
        "gives the files of several groups one name",
    ),
    (
        {
            "groups_per_file": "one",
            "plans": {
                "MED": {"insurance_line": "HLT", "policy": "P 1"},
                "DEN": {"insurance_line": "DEN", "policy": "P2"},
            },
        },
        "policy 'P 1' names a file",
    ),
    ({"term_by": "absence", "exchange": {"unwritable": "leave_out"}}, "whoever is left out has no cover"),
    ({"ssn_demanded": "everyone", "ssn_of_dependents": False}, "dependents' are not told"),
    ({"outbox": "acme/prod/in"}, "outbox is named for the other one"),
    ({"usage": "P", "inbox": "acme/UAT"}, "inbox is named for the other one"),
    ({"element": "~"}, "delimiter"),
    ({"pgp": {"partner_key": "env:THEIRS"}}, "signing and opening need our_key"),
    ({"exchange": {"schedule": {"weekdays": [0]}}}, "weekdays are 1"),
    ({"exchange": {"shedule": {}}}, "Extra inputs"),
]


@pytest.mark.parametrize(("changes", "why"), REFUSED, ids=[str(one[0])[:50] for one in REFUSED])
def test_a_profile_that_contradicts_itself_is_refused(partner: Any, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        partner.profile(**changes)


def test_one_group_a_file_is_one_file_where_there_is_one(partner: Any) -> None:
    plans = {"MED": {"insurance_line": "HLT", "policy": "P1"}, "DEN": {"insurance_line": "DEN", "policy": "P1"}}
    assert CarrierX12().groups(partner.profile(groups_per_file="one", plans=plans)) == {}
    assert CarrierX12().groups(partner.profile()) == {}  # many


def test_each_group_has_a_profile_of_its_own(partner: Any) -> None:
    settings = partner.profile(groups_per_file="one", plans={
        "MED": {"insurance_line": "HLT", "policy": "P1"}, "DEN": {"insurance_line": "DEN", "policy": "P2"},
        "VIS": {"insurance_line": "VIS"},
    })  # fmt: skip
    connector = CarrierX12()
    assert connector.groups(settings) == {"MED": "P1", "DEN": "P2", "VIS": "POL001"}
    one = connector.of_group(settings, "P2")
    assert (one.group, list(one.plans), one.groups()) == ("P2", ["DEN"], {})
    out = connector.render(CHANGE, _items(partner.member("1001", partner.line("DEN"))), partner.envelope(7), one)
    assert out.name == "to-carrier/P2_000000007_T.834" and "REF*38*P2~" in out.data.decode()
    # A report that names the file of any group is found by its number.
    assert [control_of(f"{group}_000000007_T.834", settings) for group in ("P1", "P2", "POL001")] == ["7", "7", "7"]
    assert not list(connector.check_profile(settings, {"MED": ["EE"], "DEN": ["EE"], "VIS": ["EE"]}))


FOUND: list[tuple[str, dict[str, Any], dict[str, list[str]], str]] = [
    ("a plan without codes", {}, {**PLANS, "VIS": ["EE"]}, "plans.VIS"),
    ("a plan nobody has", {}, {"MED": ["EE"]}, "plans.DEN"),
    ("a tier without a code", {"tiers": {"EE": "EMP", "ES": "ESP", "EC": "ECH", "FAM": "FAM"}},
     {**PLANS, "DEN": ["EE1"]}, "tiers.EE1"),
    ("one name for two plans",
     {"plans": {name: {"insurance_line": "HLT", "description": said} for name, said in (("MED", "X"), ("DEN", "x"))}},
     PLANS, "plans.MED.description"),
    ("absence without full files", {"term_by": "absence", "exchange": {"files": "change"}}, PLANS, "term_by"),
    ("kept without full files", {"exchange": {"files": "change", "keep_terminated_days": 30}}, PLANS,
     "exchange.keep_terminated_days"),
    ("waiting for nothing", {"exchange": {"acks": {"syntax_hours": None}}}, PLANS, "exchange.one_outstanding"),
    ("production without go", {"usage": "P", "exchange": {"testing": {"clean_files": 2}}}, PLANS,
     "exchange.testing.go"),
    ("a name without usage", {"names": {"enrollment": "{group}_{control}.834"}}, PLANS, "names.enrollment"),
    ("one folder", {"inbox": "x", "outbox": "x"}, PLANS, "inbox"),
    ("a sample that cannot be written",
     {"sponsor": {"name": "A*B", "id": "11"}, "replace_delimiters": False}, PLANS, "sample file"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "changes", "plans", "field"), FOUND, ids=[one[0] for one in FOUND])
def test_the_check_names_the_field(
    partner: Any, what: str, changes: dict[str, Any], plans: dict[str, list[str]], field: str
) -> None:
    assert list(check_profile(partner.profile(), PLANS)) == []
    found = list(check_profile(partner.profile(**changes), plans))
    assert field in [one.field for one in found], found
    assert all(one.mend for one in found)


def test_fm11_every_line_of_an_820_names_member_plan_and_month(partner: Any) -> None:
    """So that what a carrier bills by list is found again in what was paid by tier."""
    lines = [
        partner.remitted("1001"), partner.remitted("1001", 4000, plan="DEN"),
        partner.remitted("1001", 50000, coverage_month="2026-10"),
    ]  # fmt: skip
    total = sum(line.paid_minor for line in lines)
    envelope = partner.envelope(total_minor=total, settle_on="2026-11-10")
    out = CarrierX12().render("premium.remit", partner.items("premium.remit", lines), envelope, partner.profile())
    text = out.data.decode()
    parts = [part.split("~") for part in text.split("~RMR*")[1:]]
    assert "NM1*IL*1*MULLER*ZOE****N*1001" in text and len(parts) == 3
    found = [(part[1], next(one for one in part if one.startswith("DTM*582"))) for part in parts]
    october, november = "DTM*582****RD8*20261001-20261031", "DTM*582****RD8*20261101-20261130"
    assert found == [("REF*18*PPO500", november), ("REF*18*DEN", november), ("REF*18*PPO500", october)]
    assert checks.check(text) == []


def test_a_bank_with_a_wrong_check_digit_is_found(partner: Any) -> None:
    data = partner.profile().model_dump(mode="json")
    data["premium"]["payee_bank"] = {"routing": "021000022", "account": "0009998887"}
    found = list(check_profile(PartnerSettings.model_validate(data), PLANS))
    assert [one.field for one in found] == ["premium.payee_bank.routing"]


def test_a_schedule_says_when_a_file_may_leave(partner: Any) -> None:
    schedule = partner.profile(exchange={"schedule": {"weekdays": [2, 4], "cut_off": "16:00"}}).exchange.schedule
    monday = partner.CREATED
    assert monday.isoweekday() == 1 and f"{schedule.next_slot(monday):%a %H:%M}" == "Tue 00:00"
    tuesday = monday.replace(day=3)
    assert schedule.next_slot(tuesday) == tuesday and schedule.cut_off == time(16)
    assert f"{schedule.next_slot(tuesday.replace(hour=16, minute=1)):%a}" == "Thu"


@pytest.mark.parametrize(
    ("guard", "before", "now", "held"),
    [({}, 100, 95, False), ({}, 100, 94, True), ({}, 19, 1, False), ({"percent": 50}, 100, 51, False),
     ({"people": 3}, 100, 96, True), ({"people": 3}, 10, 7, False), ({"people": 3}, 10, 6, True)],
)  # fmt: skip
def test_the_head_count_guard(guard: dict[str, int], before: int, now: int, held: bool) -> None:
    assert Exchange.model_validate({"head_count": guard}).head_count.dropped(before, now, 5) is held


def test_every_field_of_the_profile_is_told_on_its_page(root: Any) -> None:
    page = (root / "docs" / "partners.md").read_text()
    missing = [path for path in _fields(PartnerSettings, "") if f"`{path}`" not in page]
    assert missing == []


def _fields(model: type[BaseModel], at: str) -> list[str]:
    """Every field by its path; what has a page or a table of its own is not opened."""
    found: list[str] = []
    for name, field in model.model_fields.items():
        inner = [one for one in (field.annotation, *get_args(field.annotation)) if isinstance(one, type)]
        parts = [one for one in inner if issubclass(one, BaseModel) and one.__name__ in OPENED]
        found += _fields(parts[0], f"{at}{name}.") if parts else [f"{at}{name}"]
        found += _fields(_plan_code(), f"{at}{name}.") if name == "plans" else []
    return found


def _plan_code() -> type[BaseModel]:
    from benehub_connectors.carrier_x12.settings import PlanCode

    return PlanCode


OPENED = {"Exchange", "Schedule", "HeadCount", "Acks", "Testing", "Pgp", "FileNames"}
