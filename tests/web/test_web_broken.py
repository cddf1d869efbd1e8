"""What goes wrong unforeseen: whoever reads gets a page in his language with a way back, a program what it knows."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.web.conftest import Desk

from benehub.api.app import create_app
from benehub.errors import RetriableError

HTML = {"accept": "text/html,application/xhtml+xml", "accept-language": "de"}


def test_an_unknown_address_is_a_page_to_who_reads_it(read_desk: Desk) -> None:
    known = read_desk.employer
    for path, status, said in (
        ("/nosuch", 404, "unter dieser Adresse gibt es keine Seite"),
        (f"/e/{known}/nosuch", 404, "unter dieser Adresse gibt es keine Seite"),
        (f"/e/{known}/differences/dif_1/approve", 404, "Nicht gefunden"),
        (f"/e/{known}/access", 405, "So nicht"),
    ):
        got = read_desk.client.request("DELETE" if status == 405 else "GET", path, headers=HTML)
        assert (got.status_code, got.headers["content-type"]) == (status, "text/html; charset=utf-8"), path
        assert said in got.text
        assert 'href="/"' in got.text
    assert "allow" in got.headers
    part = read_desk.client.get("/nosuch", headers={"hx-request": "true", "accept": "*/*"})
    assert "there is no page" in part.text
    assert "<html" not in part.text


@pytest.mark.parametrize(
    "path", ["/nosuch", "/api/v1/nosuch", "/api/nosuch", "/scim/v2/x/Nosuch", "/static/nosuch.css"]
)
def test_a_program_gets_what_it_knows(read_desk: Desk, path: str) -> None:
    headers = {} if path == "/nosuch" else HTML
    got = read_desk.client.get(path, headers=headers)
    assert got.status_code in (401, 404)
    assert "json" in got.headers["content-type"] or path.startswith("/static/")
    assert ("problem+json" in got.headers["content-type"]) == path.startswith("/api/v1/")


def test_a_page_that_breaks_names_its_call_and_no_value(
    read_desk: Desk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    error: list[Exception] = [KeyError("900-11-0001 of Ada")]

    def broken(*_given: Any, **_more: Any) -> Any:
        raise error[0]

    monkeypatch.setattr("benehub.web.runs.page", broken)
    app = create_app(read_desk.hub, lambda _request: read_desk.caller)
    client = TestClient(app, raise_server_exceptions=False)
    path = f"/e/{read_desk.employer}/runs"
    got = client.get(path, headers=HTML)
    assert (got.status_code, "im Hub selbst stimmt etwas nicht" in got.text) == (500, True)
    assert 'href="/' in got.text
    call = got.text.split("Aufruf Nummer ")[1][:10]
    said = capfd.readouterr()
    assert call in said.out + said.err
    assert "900-11" not in got.text + said.out + said.err
    assert client.get(path).json() == {"error": "not now"}
    app.state.resolve = broken
    assert "im Hub selbst" in client.get(path, headers=HTML).text  # also where it is not known who asks
    with monkeypatch.context() as patch:  # what every page is made of is what broke
        patch.setattr("benehub.api.app.failed", broken)
        bare = client.get(path, headers=HTML)
        assert (bare.status_code, bare.json()) == (503, {"error": "not now"})
        said = capfd.readouterr()
        assert "900-11" not in said.out + said.err and "its page failed too" in said.out + said.err
    error[0] = RetriableError("the database is busy")
    assert client.get(path, headers=HTML).status_code == 503
