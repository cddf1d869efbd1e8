"""Requests and responses are safe to print, and a path cannot name another resource."""

from __future__ import annotations

import pytest

from benehub.connect.messages import Request, Response, change, path, read, search
from benehub.errors import DataError


def test_a_request_shows_neither_query_nor_body_nor_headers() -> None:
    request = Request("POST", "/v1/x/123-45-6789?key=hush", (("q", "hush"),), (("auth", "hush"),), '{"a":"hush"}')
    assert "hush" not in repr(request).replace("/v1/x/123-45-6789?key=hush", "")
    assert request.place == "POST /v1/x/***-**-****"
    assert read("https://api.example.com/v1/people?cursor=hush#x").place == "GET /v1/people"


def test_a_response_shows_its_status_only() -> None:
    assert "hush" not in repr(Response.of(200, '{"pay":"hush"}', {"X-Token": "hush"}))


def test_everything_is_a_write_unless_it_says_otherwise() -> None:
    assert Request("POST", "/x").write
    assert change("PUT", "/x", {"a": 1}).write
    assert not read("/x", {"page": "2"}).write
    assert not search("/x", {"fields": []}).write
    with pytest.raises(ValueError, match="DELETE is a write"):
        Request("DELETE", "/x", write=False)


def test_ids_are_quoted_into_a_path() -> None:
    assert path("/v1/employees/{id}/x", id="a/b ?") == "/v1/employees/a%2Fb%20%3F/x"
    assert path("/v1/{n}", n=7) == "/v1/7"


@pytest.mark.parametrize("value", ["", " ", ".", ".."])
def test_an_id_that_would_climb_is_refused(value: str) -> None:
    with pytest.raises(DataError, match="no usable id"):
        path("/v1/employees/{id}", id=value)


def test_a_body_that_is_no_json_is_a_data_error_when_asked_for() -> None:
    response = Response(200, {"content-type": "text/csv"}, b"a;b")
    with pytest.raises(DataError, match="no JSON"):
        response.json()
    assert response.header("Content-Type") == "text/csv"
    assert Response(204).json() is None
