"""Deduction orders: the enrollment that is wanted, reached by one write or none, whatever Finch says of each item."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.connect.capabilities import narrowed, require
from benehub.connect.connector import Item, Receipt
from benehub.connect.http import was_sent
from benehub.connect.messages import Request, Response
from benehub.connect.verdict import is_taken
from benehub.errors import DataError, ReauthNeeded, RetriableError, Unsupported, VendorUnavailable
from benehub.money import parse_rate
from benehub.testing.checks import Ground
from benehub.testing.pushing import desk
from benehub_connectors.finch import FinchConnector, FinchSettings
from benehub_connectors.finch import stage as stages

MATCH = (("100%", "3%"), ("50%", "5%"))


def sent(request: Any) -> Any:
    assert isinstance(request, Request)
    return json.loads(request.body or "")


def test_an_enrollment_is_made_once(bench: Any, finch: Any) -> None:
    item, ada = bench.order("MED-PPO", employee_amount_minor=6125), finch.person("1001").id
    asked = bench.ask(item)
    assert (asked.method, asked.path) == ("POST", f"/employer/benefits/{finch._benefit('MED-PPO').id}/individuals")
    assert sent(asked) == [
        {
            "individual_id": ada,
            "configuration": {
                "employee_deduction": {"type": "fixed", "amount": 6125},
                "company_contribution": {"type": "fixed", "amount": 0},
            },
        }
    ]
    first = bench.push(item)
    assert first == Receipt(f"MED-PPO/{ada}", True, {"finch_code": "enrolled_new_benefit"})
    assert not bench.push(item).changed
    assert finch.changes == len([call for call in finch.calls("POST") if call.path.endswith("/individuals")]) == 1


def test_what_the_order_says_nothing_of_is_written_again(bench: Any, finch: Any) -> None:
    finch.hand_edit(
        "1001", "HSA", employee_deduction={"type": "fixed", "amount": 5000}, annual_maximum=415_000, catch_up=False,
        company_contribution={"type": "percent", "amount": 100}, hsa_contribution_limit="family",
    )  # fmt: skip
    item = bench.order("HSA", employee_amount_minor=7000)
    assert sent(bench.ask(item))[0]["configuration"] == {
        "employee_deduction": {"type": "fixed", "amount": 7000},
        "company_contribution": {"type": "percent", "amount": 100},
        "annual_maximum": 415_000, "catch_up": False, "annual_contribution_limit": "family",
    }  # fmt: skip
    assert bench.push(item).detail == {"finch_code": "updated_existing_enrollment"}
    held = finch.holding("1001", "HSA")
    assert (held["annual_maximum"], held["hsa_contribution_limit"]) == (415_000, "family")
    assert not bench.push(item).changed


def test_a_deferral_goes_in_basis_points_and_takes_an_old_match_off(bench: Any, finch: Any) -> None:
    finch.hand_edit("1001", "ROTH", employee_deduction={"type": "percent", "amount": 200},
                    company_contribution={"type": "percent", "amount": 300})  # fmt: skip
    item = bench.order("ROTH", tax_class="roth", employee_rate="4.5%")
    assert sent(bench.ask(item))[0]["configuration"] == {
        "employee_deduction": {"type": "percent", "amount": 450},
        "company_contribution": {"type": "fixed", "amount": 0},
    }
    assert bench.push(item).changed
    assert not bench.push(bench.order("ROTH", tax_class="roth", employee_rate="0.045")).changed


def test_a_match_goes_as_tiers(bench: Any, finch: Any) -> None:
    item = bench.order("401K", plan="401k", employee_rate="4%", employer_match=MATCH)
    assert sent(bench.ask(item))[0]["configuration"]["company_contribution"] == {
        "type": "tiered", "tiers": [{"match": 10_000, "threshold": 300}, {"match": 5_000, "threshold": 500}],
    }  # fmt: skip
    assert bench.push(item).changed
    assert not bench.push(item).changed
    finch.run_payroll(date(2026, 11, 20), date(2026, 11, 1), date(2026, 11, 14))
    # 4% of 3200.00 is 128.00: the whole of the first 96.00 and half of the rest are matched.
    assert bench.lines("1001", "employer")["401K"]["amount_minor"] == 9600 + 1600


@pytest.mark.parametrize("fields", [{"active": False}, {"employee_amount_minor": 0}, {"employee_rate": "0%"}])
def test_an_order_that_ends_un_enrolls_once(bench: Any, finch: Any, fields: dict[str, Any]) -> None:
    finch.hand_edit("1001", "DENTAL", employee_deduction={"type": "fixed", "amount": 1500})
    item = bench.order("DENTAL", **fields)
    asked = bench.ask(item)
    assert (asked.method, sent(asked)) == ("DELETE", {"individual_ids": [finch.person("1001").id]})
    assert bench.push(item).detail == {"finch_code": "unenrolled_individual_benefit"}
    assert finch.holding("1001", "DENTAL") is None
    assert bench.push(item) == Receipt(f"DENTAL/{finch.person('1001').id}", changed=False)


def test_gone_in_between_is_ended_too(bench: Any, finch: Any) -> None:
    finch.hand_edit("1001", "DENTAL", employee_deduction={"type": "fixed", "amount": 1500})
    item, link = bench.order("DENTAL", active=False), bench.link()
    asked = bench.ask(item, link)
    finch.enrollments.clear()
    answer = link.http().send(asked)
    assert answer.status == 207
    assert bench.connector.receipt(item, answer).detail == {"finch_code": "enrollment_not_found"}


def test_somebody_finch_does_not_know_is_refused_item_by_item(bench: Any) -> None:
    with pytest.raises(DataError, match=r"refused MED-PPO for this employee \(404 individual_not_found\)"):
        bench.push(bench.order("MED-PPO", employee="00000000-0000-4000-8000-000000000000", employee_amount_minor=1))


@given(
    taken=st.one_of(st.integers(0, 10**7), st.integers(0, 10_000).map(lambda points: f"{points}/10000")),
    given_=st.integers(0, 10**7),
)
def test_what_is_written_is_what_is_read(fresh: Any, taken: int | str, given_: int) -> None:
    bench = fresh()
    mine = {"employee_rate": taken} if isinstance(taken, str) else {"employee_amount_minor": taken}
    item = bench.order("401K", employer_amount_minor=given_, **mine)
    bench.push(item)
    assert not bench.push(item).changed
    rows = [row.data for row in bench.rows("payroll_benefit")]
    rate = parse_rate(taken) if isinstance(taken, str) else Fraction(0)
    if not (rate or given_ or mine.get("employee_amount_minor")):
        assert rows == []
        return
    (told,) = rows
    assert parse_rate(told.get("employee_rate") or "0") == rate
    assert told.get("employee_amount_minor", 0) == mine.get("employee_amount_minor", 0)
    assert told["employer_amount_minor"] == given_


ADA = "a0000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("told", "sent_"),
    [
        ([], True),
        ([{"individual_id": "somebody else", "code": 200, "body": {}}], True),
        ([{"individual_id": ADA, "code": 500, "body": {"name": "server_error"}}], True),
        ([{"individual_id": ADA, "body": {}}], True),
        ([{"individual_id": ADA, "code": 429, "body": {"name": "rate_limit"}}], False),
        ({"surprise": 1}, True),
    ],
)
def test_an_outcome_that_is_not_told_is_in_doubt(bench: Any, told: Any, sent_: bool) -> None:
    item = bench.order("MED-PPO", employee=ADA, employee_amount_minor=1)
    with pytest.raises(VendorUnavailable, match="does not tell what became of MED-PPO") as caught:
        bench.connector.receipt(item, Response.of(207, json.dumps(told)))
    assert was_sent(caught.value) is sent_


@pytest.mark.parametrize(
    ("code", "body", "kind"),
    [
        (404, {"finch_code": "enrollment_not_found"}, None),
        (200, {}, None),
        (503, {}, VendorUnavailable),
        (202, {}, VendorUnavailable),
        (403, {"name": "permission_error"}, DataError),
        (200, [], DataError),
    ],
)
def test_a_lookup_is_held_or_not_or_not_told(bench: Any, code: int, body: Any, kind: Any) -> None:
    item = bench.order("MED-PPO", employee=ADA, employee_amount_minor=1)
    found = Response.of(207, json.dumps([{"individual_id": ADA, "code": code, "body": body}]))
    settings = bench.connector.discover(bench.link())
    if kind is None:
        assert isinstance(bench.connector.request(item, found, settings), Request)
        return
    with pytest.raises(kind):
        bench.connector.request(item, found, settings)


def test_refusals_of_the_whole_are_told_in_finchs_words(bench: Any) -> None:
    item = bench.order("MED-PPO", employee=ADA, employee_amount_minor=1)
    for status, code, kind in (
        (401, "reauthenticate_user", ReauthNeeded), (422, "not_supported_by_provider", Unsupported),
        (400, "invalid_request", DataError), (404, "benefit_not_found", DataError),
    ):  # fmt: skip
        told = json.dumps({"code": status, "name": "an_error", "finch_code": code, "message": "Not 'Jane Doe'"})
        with pytest.raises(kind) as caught:
            bench.connector.receipt(item, Response.of(status, told))
        assert "Jane" not in str(caught.value)


def test_an_order_waits_until_shortly_before_it_takes_effect(bench: Any) -> None:
    item = bench.order("MED-PPO", employee_amount_minor=6125, effective_from=date(2026, 12, 15))
    with pytest.raises(RetriableError, match=r"2026-12-15.*lead_days"):
        bench.push(item)
    assert bench.push(item, lead_days=15).changed


def test_codes_are_found_by_description_or_alias_and_never_guessed(bench: Any, finch: Any) -> None:
    found = bench.connector.discover(bench.link(aliases={"401k_roth": "RTH"}))
    assert found.codes["RTH"] == finch._benefit("ROTH").id
    assert (found.types["RTH"], found.types["MED-PPO"]) == ("401k_roth", "s125_medical")
    finch.add_benefit("DENTAL", "custom_pre_tax")
    finch.add_benefit("BONUS", "custom_pre_tax", "one_time")
    for code in ("DENTAL", "BONUS", "NOTHING"):
        with pytest.raises(DataError, match=f"no single benefit for {code}"):
            bench.push(bench.order(code, employee_amount_minor=1))
    chosen = finch._benefit("DENTAL").id
    assert bench.push(bench.order("DENTAL", employee_amount_minor=1), codes={"DENTAL": chosen}).changed


def test_another_tax_treatment_is_refused(bench: Any) -> None:
    with pytest.raises(DataError, match=r"takes LIFE as posttax, the plan book says pretax"):
        bench.push(bench.order("LIFE", employee_amount_minor=100))
    assert bench.push(bench.order("LIFE", employee_amount_minor=100, tax_class="posttax")).changed


def test_a_rate_finch_cannot_hold_is_refused(bench: Any) -> None:
    with pytest.raises(DataError, match="cannot hold exactly"):
        bench.push(bench.order("401K", employee_rate="4.555%"))


def test_what_it_does_not_write_is_refused() -> None:
    settings = FinchSettings(access_token="env:TOKEN")
    with pytest.raises(Unsupported, match=r"does not write leave\.take"):
        FinchConnector().lookup(Item("leave.take", "k", {}), settings)
    item = Item("deduction.set", "k", {})
    with pytest.raises(DataError, match="was not looked up"):
        FinchConnector().request(item, None, settings)


def test_a_job_is_in_doubt_until_it_is_seen(slow: Any) -> None:
    item = slow.order("MED-PPO", employee_amount_minor=6125)
    with pytest.raises(RetriableError, match="works on it") as caught:
        slow.push(item)
    assert is_taken(caught.value)
    slow.simulator.finish_jobs()
    assert slow.push(item) == Receipt(f"MED-PPO/{slow.simulator.person('1001').id}", changed=False)
    with pytest.raises(RetriableError, match="works on it"):
        slow.push(slow.order("MED-PPO", active=False))
    slow.simulator.finish_jobs()
    assert slow.simulator.holding("1001", "MED-PPO") is None


def test_the_hub_asks_once_for_a_job_and_reads_it_back_with_the_next_run(tmp_path: Path) -> None:
    company = stages.company()
    company._jobs = True

    def stage(folder: Path) -> Any:
        made = stages.stage(folder)
        made.answer, made.items = company.handle, {"deduction.set": stages._items(company)}
        return made

    with desk(Ground(FinchConnector, stage, tmp_path)) as hub:
        assert set(hub.push(hub.items())) == {"unknown"}
        asked = len(hub.writes())
        assert (asked, company.changes) == (3, 0)
        company.finish_jobs()
        assert set(hub.push(hub.items())) == {"sent"}
        assert (len(hub.writes()), company.changes) == (asked, 4)  # two of them in one request


def test_what_a_token_has_no_product_for_is_withheld(bench: Any, finch: Any) -> None:
    assert bench.connector.withheld(bench.link()) == ()
    finch.products = ["directory", "individual", "employment", "payment"]
    withheld = bench.connector.withheld(bench.link())
    assert {one.operation: one.note.rpartition(" products ")[2] for one in withheld} == {
        "read.payroll_benefit": "benefits", "read.register_line": "pay_statement", "deduction.set": "benefits",
    }  # fmt: skip
    with pytest.raises(Unsupported, match="deduction") as caught:
        require(narrowed(bench.connector.capabilities(), withheld), "deduction.set")
    assert caught.value.blocker == "permissions"
    finch.products = None
    assert bench.connector.withheld(bench.link()) == ()
