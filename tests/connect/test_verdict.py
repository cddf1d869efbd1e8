"""What an answer means, and that a vendor's own words do not carry a person's data into ours."""

from __future__ import annotations

import pytest

from benehub.connect.messages import Request, Response, change, read
from benehub.connect.verdict import failure, is_taken, judge, not_yet, retry_after, unavailable, vendor_text, was_sent
from benehub.errors import (
    BenehubError,
    ConfigError,
    DataError,
    RateLimited,
    ReauthNeeded,
    RetriableError,
    Unsupported,
    VendorUnavailable,
)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, ConfigError),
        (400, DataError),
        (401, ReauthNeeded),
        (403, ReauthNeeded),
        (404, DataError),
        (408, VendorUnavailable),
        (409, DataError),
        (422, DataError),
        (429, RateLimited),
        (500, VendorUnavailable),
        (501, Unsupported),
        (503, VendorUnavailable),
    ],
)
def test_a_status_becomes_the_error_that_says_what_happens_next(status: int, kind: type[BenehubError]) -> None:
    for request in (read("/x"), change("POST", "/x")):
        assert type(failure(request, Response.of(status), where="here")) is kind


def test_503_with_retry_after_waits_on_a_read_and_stays_unknown_on_a_write() -> None:
    answer = Response.of(503, headers={"Retry-After": "7"})
    waited = failure(read("/x"), answer, where="")
    assert isinstance(waited, RateLimited)
    assert waited.retry_after == 7
    unknown = failure(change("POST", "/x"), answer, where="")
    assert isinstance(unknown, VendorUnavailable)
    assert was_sent(unknown)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "12"}, 12),
        ({"retry-after": "0.2"}, 1),
        ({"retry-after": "999999"}, 3600),
        ({"retry-after": "Fri, 20 Nov 2026 10:00:30 GMT", "date": "Fri, 20 Nov 2026 10:00:00 GMT"}, 30),
        ({"retry-after": "Fri, 20 Nov 2026 09:00:00 GMT", "date": "Fri, 20 Nov 2026 10:00:00 GMT"}, 0),
        ({"retry-after": "Fri, 20 Nov 2026 10:00:30 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_in_both_its_forms(headers: dict[str, str], seconds: int | None) -> None:
    assert retry_after(headers) == seconds


def test_statuses_a_connector_reads_itself_are_no_errors() -> None:
    request = read("/x", accept=(404, 409))
    answer = Response.of(404, '{"message":"no"}')
    assert judge(request, answer, where="", body_check=None).json() == {"message": "no"}
    page = Response(404, {"content-type": "text/html"}, b"<html>")
    assert judge(request, page, where="", body_check=None).status == 404


def test_a_broken_answer_to_a_write_is_an_unknown_outcome() -> None:
    for body in (b"<html>x</html>", b'{"id": 1', b"\xff\xfe"):
        with pytest.raises(VendorUnavailable, match="JSON was due") as caught:
            judge(change("POST", "/x"), Response(200, {}, body), where="", body_check=None)
        assert was_sent(caught.value)


def test_a_body_that_is_not_json_passes_where_none_was_due() -> None:
    request = Request("GET", "/report", write=False, expect_json=False)
    assert judge(request, Response(200, {}, b"a;b"), where="", body_check=None).body == b"a;b"


def test_the_vendors_words_are_kept_and_the_values_hidden() -> None:
    body = b"""{"errors":[{"error_key":"employee_deduction","message":
    "'employee_deduction' 5,200.00 of 'Maria Gomez' <m@x.org> born 1980-02-03, SSN 123-45-6789 too high"}
    ]}"""
    text = vendor_text(body)
    assert "employee_deduction" in text
    assert "too high" in text
    for secret in ("5,200", "Maria", "m@x", "1980", "123-45", "6789"):
        assert secret not in text


@pytest.mark.parametrize("body", [b"", b"<html>123</html>", b"{", b"[]", b'{"data":1}', b"7"])
def test_no_words_no_text(body: bytes) -> None:
    assert vendor_text(body) == ""


def test_a_vendors_flood_of_words_is_cut() -> None:
    deep = b'{"errors":' * 50 + b'{"message":"x"}' + b"}" * 50
    assert len(vendor_text(b'{"message":"' + b"word " * 1000 + b'"}')) <= 200
    assert vendor_text(deep) == ""


def test_only_a_write_in_the_vendors_hands_is_told_as_taken() -> None:
    taken = not_yet("a job", where="vendor")
    assert (is_taken(taken), was_sent(taken), type(taken)) == (True, True, RetriableError)
    for other in (RateLimited("wait"), unavailable("down", where="vendor", sent=False), VendorUnavailable("down")):
        assert not is_taken(other)
