"""The vendors of the story: four simulators in their first state, and the settings that lead the hub to them.

Everything goes over real code paths: HTTP requests through the client's transport, files over a real SFTP
server on the loopback. The hub is given settings and secrets, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pluggy

from benehub.connections import connectors
from benehub.formats import delimited
from benehub.money import cumulative_share
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.records import EnrollmentMember, Tier
from benehub.rules.premium.line import Enrolled, premium_line
from benehub.sandbox.http import as_transport
from benehub.sandbox.mailbox import SftpAddress, make_folders
from benehub.sandbox.story.people import Person
from benehub.sandbox.vendors import simulator_module

FIRST_DAY = date(2026, 9, 30)
MONTH = Month(2026, 10)
COMPANY = "northwind"
BENEFIT_TYPES = {"MED-PPO": 1, "MED-HDHP": 1, "DENTAL": 2, "VISION": 3, "401K": 5, "ROTH": 105}
SECRETS = {
    "BENEHUB_DEMO_HRIS": "bamboo-key",
    "BENEHUB_DEMO_PAYROLL": "simulated-secret",
    "BENEHUB_DEMO_SFTP": "demo-password",
}
"""Secrets of the simulators, put into the environment that the settings refer to."""


@dataclass
class World:
    """All vendors, and the people they know."""

    root: Path
    book: PlanBook
    people: dict[str, Person]
    hris: Any
    payroll: Any
    carrier: Any
    keeper: Any

    def person(self, member: str) -> Person:
        """By employee number."""
        return self.people[member]

    def transports(self) -> dict[str, Any]:
        """Connection -> the transport that leads to its simulator."""
        return {"hris": as_transport(self.hris), "payroll": as_transport(self.payroll)}

    def drop_file(self, name: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Put a CSV where the `elections` connection looks."""
        folder = self.root / "elections"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(delimited.write_delimited(header, rows))


def partner(place: Mapping[str, Any]) -> dict[str, Any]:
    """The trading-partner profile of the story's carrier."""
    return {
        "place": dict(place), "sender": "NORTHWIND", "receiver": "SUMMITCARE", "usage": "T", "group": "NW-1001",
        "sponsor": {"name": "NORTHWIND INSTRUMENTS", "id": "123456789"},
        "insurer": {"name": "SUMMIT CARE", "id": "987654321"},
        "plans": {
            "ppo": {"insurance_line": "PPO", "policy": "1001P", "description": "PPO"},
            "hdhp": {"insurance_line": "HLT", "policy": "1001H", "description": "HDHP"},
            "dental": {"insurance_line": "DEN", "policy": "1001D", "description": "DENTAL"},
            "vision": {"insurance_line": "VIS", "policy": "1001V", "description": "VISION"},
        },
        "premium": {
            "payer": {"name": "NORTHWIND INSTRUMENTS", "id": "123456789"},
            "payee": {"name": "SUMMIT CARE", "id": "987654321"},
            "payer_bank": {"routing": "021000021", "account": "0001112223"},
            "payee_bank": {"routing": "021000021", "account": "0009998887"},
            "originator": "1123456789",
        },
    }  # fmt: skip


def keeper_settings(place: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the story's recordkeeper."""
    return {"place": dict(place), "plan": "401k", "plan_id": "NW401K", "client_id": "NW1001"}


def connections(
    root: Path, sftp: SftpAddress, company: str, secret: Callable[[str], str] = "env:{}".format
) -> dict[str, dict[str, Any]]:
    """The five connections, as somebody would write them; `secret` gives the reference to a secret by its name."""

    def place(folder: str) -> dict[str, Any]:
        return {
            "sftp": {
                "host": sftp.host, "port": sftp.port, "user": sftp.user, "host_keys": [sftp.host_key],
                "password": secret("BENEHUB_DEMO_SFTP"), "root": folder,
            }
        }  # fmt: skip

    return {
        "hris": {
            "connector": "bamboohr",
            "settings": {
                "company": "northwind", "base_url": "https://northwind.bamboohr.com",
                "api_key": secret("BENEHUB_DEMO_HRIS"), "leave_policies": {"Vacation": "pto"},
            },
        },
        "payroll": {
            "connector": "gusto",
            "settings": {
                "company": company, "client_id": "benehub", "client_secret": secret("BENEHUB_DEMO_PAYROLL"),
                "refresh_token": f"file:{root / 'payroll.token'}", "leave_codes": {"Vacation Hours": "PTO"},
                "payouts": {"PTO Payout": {"code": "PTO-PAYOUT"}}, "register_from": "2026-10-01",
            },
        },
        "carrier": {"connector": "carrier_x12", "settings": partner(place("carrier"))},
        "recordkeeper": {"connector": "recordkeeper_files", "settings": keeper_settings(place("keeper"))},
        "elections": {"connector": "files", "settings": elections_settings(root)},
    }  # fmt: skip


def elections_settings(root: Path) -> dict[str, Any]:
    """Column maps of the files the benefits office drops."""
    return {
        "place": {"folder": str(root / "elections")},
        "streams": {
            "election": {
                "pattern": "elections*.csv",
                "columns": {
                    "employee": "Employee Number", "plan": "Plan", "tier": "Tier", "pretax_rate": "Pre-tax",
                    "roth_rate": "Roth", "dependents": "Dependents", "effective_from": "Effective", "event": "Event",
                },
            },
            "opening_balance": {
                "pattern": "opening*.csv",
                "columns": {
                    "employee": "Employee Number", "kind": "Kind", "plan": "Plan", "as_of": "As of",
                    "amount": "Amount",
                },
                "key": ["employee", "kind", "plan"],
            },
        },
    }  # fmt: skip


def build(manager: pluggy.PluginManager, root: Path, book: PlanBook, people: Sequence[Person]) -> World:
    """The world on the evening before the month begins."""
    make_folders(root, "carrier", "keeper", "elections")
    known = connectors(manager)
    profile = known["carrier_x12"].Settings.model_validate(partner({"folder": str(root / "carrier")}))
    terms = known["recordkeeper_files"].Settings.model_validate(keeper_settings({"folder": str(root / "keeper")}))
    hris = simulator_module(manager, "bamboohr").BambooSimulator()
    payroll = simulator_module(manager, "gusto").GustoSimulator(COMPANY, today=FIRST_DAY)
    carrier = simulator_module(manager, "carrier_x12").CarrierSimulator(
        root / "carrier", profile, _rates(book), wash_day=15
    )
    keeper = simulator_module(manager, "recordkeeper_files").RecordkeeperSimulator(root / "keeper", terms)
    (root / "payroll.token").write_text(payroll.refresh_token)
    for code, kind in BENEFIT_TYPES.items():
        payroll.add_benefit(code, kind)
    world = World(root, book, {}, hris, payroll, carrier, keeper)
    _calendar(world)
    for person in people:
        hire(world, person, datetime(2026, 9, 1, tzinfo=UTC))
        _held_by_payroll(world, person)
    carrier.adopt([one for person in people for one in _covered(person)])
    return world


def hire(world: World, person: Person, at: datetime, in_payroll: bool = True) -> None:
    """Somebody appears in the HRIS, and in payroll unless it was forgotten there."""
    world.people[person.member] = person
    world.hris.add_person(person.id, at, **hris_fields(person))
    world.hris.set_pay(person.id, person.hired, f"{person.salary}.00", at)
    for one in person.family:
        add_relative(world, person, one)
    if in_payroll:
        world.payroll.add_employee(
            person.member, person.first, person.last, birth=person.born, pay_group=person.group,
            gross_minor=person.gross_minor, hired=person.hired,
        )  # fmt: skip


def add_relative(world: World, person: Person, one: Any) -> None:
    """A dependent appears in the HRIS."""
    world.hris.add_dependent(
        one.id, person.id, firstName=one.first, lastName=person.last, relationship=one.relationship,
        gender=one.gender, dateOfBirth=one.born.isoformat(),
    )  # fmt: skip


def hris_fields(person: Person) -> dict[str, str]:
    """A person in the HRIS's words."""
    ssn = person.ssn
    return {
        "employeeNumber": person.member, "firstName": person.first, "lastName": person.last,
        "dateOfBirth": person.born.isoformat(), "gender": person.gender,
        "ssn": f"{ssn[:3]}-{ssn[3:5]}-{ssn[5:]}", "hireDate": person.hired.isoformat(), "payGroup": person.group,
        "workEmail": f"{person.member.lower()}@northwind.example", "address1": f"{person.number} Maple Street",
    }  # fmt: skip


def election_rows(person: Person, effective: date, event: str) -> list[list[str]]:
    """A person's elections as rows of the benefits office's file."""
    day = effective.isoformat()
    rows = [
        [person.member, plan, tier, "", "", ";".join(one.first for one in person.covered(tier)), day, event]
        for plan, tier in person.elections.items()
    ]
    if person.pretax or person.roth:
        roth = f"{person.roth}%" if person.roth else ""
        rows.append([person.member, "401k", "", f"{person.pretax}%", roth, "", day, event])
    return rows


def employee_share(book: PlanBook, plan_id: str, tier: str) -> int:
    """What an employee owes for a full month, in cents, by the plan's own terms."""
    plan = book.plan(plan_id)
    line = premium_line(
        price=plan.price(MONTH), who=Enrolled(tier=Tier(tier)), month=MONTH, cover_start=date(2026, 1, 1),
        proration=plan.proration_rule(), contribution_rule=plan.contribution_rule(),
    )  # fmt: skip
    return line.required().employee_minor


def opening_rows(book: PlanBook, people: Sequence[Person]) -> list[list[str]]:
    """What stood in the old system: dental shares not yet deducted, leave, and deferrals of the year."""
    rows = []
    for person in people:
        past, day = _pays_so_far(book, person), "2026-10-01"
        rows.append([person.member, "leave_minutes", "pto", day, str(person.leave_hours * 60)])
        if "dental" in person.elections:
            share = employee_share(book, "dental", person.elections["dental"])
            owed = share * 9 - sum(cumulative_share(share * 12, k, person.pays) for k in range(1, past + 1))
            rows.append([person.member, "employee_share", "dental", day, str(owed)])
        if person.pretax or person.roth:
            each = person.gross_minor * (person.pretax + person.roth) // 100
            rows.append([person.member, "deferral_ytd", "401k", day, str(each * past)])
    return rows


def _pays_so_far(book: PlanBook, person: Person) -> int:
    return sum(1 for day in book.pay_dates(person.group, 2026) if day < MONTH.first)


def _held_by_payroll(world: World, person: Person) -> None:
    """What payroll takes already: the amounts of the first pay date in the month."""
    past = _pays_so_far(world.book, person)
    for plan_id, tier in person.elections.items():
        plan = world.book.plan(plan_id)
        assert plan.deduction is not None
        share = employee_share(world.book, plan_id, tier)
        if plan_id == "dental":
            gone = sum(cumulative_share(share * 12, k, person.pays) for k in range(1, past + 1))
            amount = cumulative_share(share * 12 - gone, 1, person.pays - past)
        else:
            amount = cumulative_share(share, 1, 2)
        world.payroll.enroll(person.member, plan.deduction.code, amount_minor=amount)
    tiers = (("100%", "3%"), ("50%", "5%"))
    for code, percent in (("401K", person.pretax), ("ROTH", person.roth)):
        if percent:
            world.payroll.enroll(person.member, code, percent=f"{percent}%", match=tiers if code == "401K" else ())


def _calendar(world: World) -> None:
    words = {"biweekly": "Every other week", "semimonthly": "Twice per month"}
    for group, frequency in words.items():
        world.payroll.add_schedule(group, world.book.pay_dates(group, 2026)[0], frequency)
        for day in world.book.pay_dates(group, 2026):
            world.payroll.add_pay_period(group, day, *period(group, day))


def period(group: str, day: date) -> tuple[date, date]:
    """First and last day of the pay period behind a pay date: biweekly pay is a week in arrears."""
    if group == "biweekly":
        return day - timedelta(days=19), day - timedelta(days=6)
    month = Month.of(day)
    return (
        (month.first, date(day.year, day.month, 15)) if day.day <= 15 else (date(day.year, day.month, 16), month.last)
    )


def _covered(person: Person) -> list[EnrollmentMember]:
    """What the carrier holds of a family on the first day."""
    start = date(2026, 1, 1)

    def member(
        who: str, relation: str, first: str, born: date, gender: str, plans: Mapping[str, str]
    ) -> EnrollmentMember:
        return EnrollmentMember.model_validate({
            "person": who, "subscriber": person.member, "member_id": who, "subscriber_id": person.member,
            "relationship": relation, "maintenance": "030", "first_name": first, "last_name": person.last,
            "birth_date": born, "sex": gender[0],
            "coverages": [
                {"plan": plan, "tier": tier, "maintenance": "030", "effective_from": start}
                for plan, tier in plans.items()
            ],
        })  # fmt: skip

    members = [member(person.member, "self", person.first, person.born, person.gender, person.elections)]
    for number, one in enumerate(person.family, 1):
        plans = {plan: tier for plan, tier in person.elections.items() if one in person.covered(tier)}
        members.append(
            member(f"{person.member}-{number:02d}", one.relationship, one.first, one.born, one.gender, plans)
        )
    return members


def _rates(book: PlanBook) -> dict[str, dict[str, int]]:
    return {
        plan.id: {tier.value: amount for tier, amount in plan.rates_minor(MONTH).items()}
        for plan in book.insurance_plans()
    }
