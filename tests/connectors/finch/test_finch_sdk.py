"""Finch's own Python SDK drives the simulator over a loopback port, for every operation that the connector uses.

It is told to hold each answer strictly against its types, so what it reads is what Finch says.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest

from benehub.connect.webhooks import sign
from benehub.sandbox.http import serve
from benehub_connectors.finch import FinchConnector
from benehub_connectors.finch.simulator import FinchSimulator

finch_sdk = pytest.importorskip("finch")

TERMS = {"employee_deduction": {"type": "fixed", "amount": 6125}}


@contextmanager
def sdk(simulator: FinchSimulator, **more: Any) -> Iterator[Any]:
    """Finch's client before the simulator."""
    told: dict[str, Any] = {"access_token": simulator.access_token, "max_retries": 0} | more
    with (
        serve(simulator) as address,
        finch_sdk.Finch(**told, base_url=address, _strict_response_validation=True) as client,
    ):
        yield client


def test_everybody_is_in_the_directory_page_by_page(finch: Any) -> None:
    finch._cap = 1
    with sdk(finch) as client:
        people = list(client.hris.directory.list(limit=1))
    assert [one.first_name for one in people] == ["Ada", "Max"]
    assert len(finch.calls("GET", "/employer/directory")) >= 2


def test_who_somebody_is_and_how_he_is_employed(finch: Any) -> None:
    ada = finch.person("1001").id
    with sdk(finch) as client:
        (person,) = client.hris.individuals.retrieve_many(requests=[{"individual_id": ada}])
        (job,) = client.hris.employments.retrieve_many(requests=[{"individual_id": ada}])
    assert (person.individual_id, person.code, person.body.last_name) == (ada, 200, "Byron")
    assert (job.code, job.body.is_active) == (200, True)


def test_payments_and_their_statements_to_the_cent(finch: Any) -> None:
    finch.add_benefit("EXTRA", "s125_medical")
    payment = finch.run_payroll(date(2026, 11, 20), date(2026, 10, 25), date(2026, 11, 7))
    with sdk(finch) as client:
        (paid,) = client.hris.payments.list(start_date="2026-11-01", end_date="2026-11-30")
        (told,) = client.hris.pay_statements.retrieve_many(requests=[{"payment_id": payment}])
    assert (paid.id, paid.pay_date) == (payment, "2026-11-20")
    statements = told.body.pay_statements
    assert {one.individual_id for one in statements} == {finch.person(number).id for number in ("1001", "1002")}
    assert all(isinstance(one.gross_pay.amount, int) for one in statements)


def test_enrolled_in_a_benefit_and_out_of_it_as_jobs(slow: Any) -> None:
    """As of now Finch answers every enrollment with a job; the SDK knows no other answer."""
    payroll = slow.simulator
    payroll.api = payroll.jobs_api = None  # the referee at the door has the description of jobs, too
    ada, max_ = (payroll.person(number).id for number in ("1001", "1002"))
    with sdk(payroll) as client:
        (benefit,) = [one.benefit_id for one in client.hris.benefits.list() if one.description == "MED-PPO"]
        place = client.hris.benefits.individuals
        taken = place.enroll_many(
            benefit, individuals=[{"individual_id": one, "configuration": TERMS} for one in (ada, max_)]
        )
        assert client.jobs.manual.retrieve(taken.job_id).status == "pending"
        assert place.enrolled_ids(benefit).individual_ids == []
        payroll.finish_jobs()
        assert client.jobs.manual.retrieve(taken.job_id).status == "complete"
        assert place.enrolled_ids(benefit).individual_ids == [ada, max_]
        (held,) = [one for one in place.retrieve_many_benefits(benefit) if one.individual_id == ada]
        assert (held.code, held.body.employee_deduction.amount) == (200, 6125)
        ended = place.unenroll_many(benefit, individual_ids=[ada])
        payroll.finish_jobs()
        assert client.jobs.manual.retrieve(ended.job_id).status == "complete"
        assert place.enrolled_ids(benefit).individual_ids == [max_]


def test_an_enrollment_that_is_no_job_is_told_item_by_item(finch: Any) -> None:
    """The answer of 2024, which some payrolls behind Finch may still give: the SDK hands it on as it is."""
    ada, benefit = finch.person("1001").id, finch._benefit("MED-PPO").id
    with sdk(finch) as client:
        raw = client.hris.benefits.individuals.with_raw_response
        told = raw.enroll_many(benefit, individuals=[{"individual_id": ada, "configuration": TERMS}])
    assert [(one["individual_id"], one["code"]) for one in told.http_response.json()] == [(ada, 201)]


def test_what_finch_refuses_is_an_error_of_the_sdk(finch: Any) -> None:
    with sdk(finch) as client, pytest.raises(finch_sdk.NotFoundError) as missing:
        client.hris.benefits.individuals.enrolled_ids("none")
    assert missing.value.body["finch_code"] == "benefit_not_found"
    with sdk(finch, access_token="wrong") as client, pytest.raises(finch_sdk.AuthenticationError):
        client.hris.directory.list()


def test_a_webhook_that_we_sign_is_one_of_finchs() -> None:
    secret, now = base64.b64encode(b"a shared secret of some length").decode(), datetime.now(UTC)  # the SDK's own clock
    body = '{"company_id": "c", "account_id": "a", "event_type": "payment.created", "data": {"payment_id": "p"}}'
    scheme = FinchConnector.webhook
    assert scheme is not None
    headers = sign(scheme, secret, body.encode(), "msg_1", now)
    client = finch_sdk.Finch(access_token="x", webhook_secret=secret)
    client.webhooks.verify_signature(body, headers)
    with pytest.raises(ValueError):
        client.webhooks.verify_signature(body + " ", headers)
