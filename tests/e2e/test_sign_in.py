"""Sign-in in a real browser, against `benehub up` and a provider, each a process of its own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyotp
import pytest
from tests import browsers

PASSWORD = "correct horse battery staple"


@contextmanager
def running(folder: Path, *command: str) -> Iterator[subprocess.Popen[str]]:
    """A process, ended with the block."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", *command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, env=os.environ,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An installation with an owner, and a provider who knows him; served on a free port."""
    for name in ("BENEHUB_CONFIG", "BENEHUB_DB", "BENEHUB_SECRET_KEY", "BENEHUB_TRACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OIDC_SECRET", "secret")
    (tmp_path / "pw").write_text(PASSWORD)
    init = [sys.executable, "-m", "benehub", "init", "--admin", "own@acme.example", "--password-file", "pw"]
    subprocess.run(init, cwd=tmp_path, check=True, capture_output=True)
    provider, port = free_port(), free_port()
    with (tmp_path / "benehub.toml").open("a") as file:
        file.write(
            f'[oidc.acme]\nissuer = "http://127.0.0.1:{provider}"\nclient_id = "benehub"\n'
            'client_secret = "env:OIDC_SECRET"\nlabel = "Acme"\n'
        )
    told = '{"sub": "own", "email": "own@acme.example", "email_verified": true}'
    oidc = ["-m", "oidc_provider_mock", "-p", str(provider), "-n", "true", "--user-claims", told]
    up = ["-m", "benehub", "up", "--port", str(port), "--no-worker"]
    with running(tmp_path, *oidc), running(tmp_path, *up) as process:
        assert process.stdout is not None and "listening on" in process.stdout.readline()
        for _ in range(900):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{provider}/.well-known/openid-configuration", timeout=60)
                break
            except urllib.error.URLError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def page() -> Iterator[Any]:
    """A page of a real browser, at phone width."""
    api = pytest.importorskip("playwright.sync_api", reason="no Playwright: install the dev extra")
    if (chromium := browsers.find()) is None:
        pytest.skip(browsers.NONE)
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        made = browser.new_page(viewport={"width": 390, "height": 844})
        yield made
        browser.close()


def accessible(page: Any, broken: list[str]) -> None:
    """No serious fault that axe-core knows, no wider than its window, in each look; axe itself breaks the policy."""
    assert broken == []
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: install the dev extra").Axe()
    for theme in ("light", "dark"):
        for size in ({"width": 1200, "height": 760}, {"width": 390, "height": 844}):
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size(size)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (page.url, theme, size)
            found = axe.run(page).response["violations"]
            told = [(one["id"], one["help"]) for one in found if one["impact"] in ("serious", "critical")]
            assert told == [], (page.url, theme, size)
    broken.clear()


def test_password_phone_and_provider_in_a_browser(address: str, page: Any) -> None:
    broken: list[str] = []
    page.on("console", lambda line: broken.append(line.text) if "Content Security Policy" in line.text else None)
    page.goto(f"{address}/signin?lang=de")
    assert page.locator("html").get_attribute("lang") == "de"
    page.goto(f"{address}/signin?lang=en")
    accessible(page, broken)
    page.fill("#email", "own@acme.example")
    page.keyboard.press("Tab")
    page.keyboard.type("not the password")
    page.keyboard.press("Enter")
    assert "did not match" in page.get_by_role("alert").inner_text()
    accessible(page, broken)
    assert page.input_value("#email") == "own@acme.example"
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/signin/enrol")
    accessible(page, broken)
    assert page.locator("img").evaluate("picture => picture.naturalWidth") > 100, "the QR picture is shown"
    secret = re.search(r"[A-Z2-7]{32}", page.inner_text("main"))
    assert secret is not None
    phone = pyotp.TOTP(secret[0])
    page.fill("#code", phone.now())
    page.keyboard.press("Enter")
    page.wait_for_selector(".codes")
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    accessible(page, broken)

    for part in ("password", "again"):
        page.goto(f"{address}/signin/{part}")
        assert page.url.startswith(f"{address}/signin/{part}")
        accessible(page, broken)
    cookie = next(one for one in page.context.cookies() if one["name"] == "benehub")
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax" and cookie["expires"] == -1
    page.context.clear_cookies()

    page.goto(f"{address}/signin")
    page.fill("#email", "own@acme.example")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/signin/code")
    accessible(page, broken)
    page.fill("#code", codes[0])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")
    page.goto(f"{address}/e/acme/today")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"{address}/signin/providers")
    accessible(page, broken)
    page.get_by_role("button", name="Link Acme").click()
    page.get_by_role("button", name="own").click()
    page.wait_for_url(f"{address}/signin/providers")
    assert "Acme: linked" in page.inner_text("main")
    page.context.clear_cookies()

    page.goto(f"{address}/signin")
    assert broken == []
    page.get_by_role("link", name="Sign in by Acme").click()
    page.get_by_role("button", name="own").click()
    page.wait_for_url(f"{address}/")
    assert [one["name"] for one in page.context.cookies(address)] == ["benehub"]
