"""Where a Chromium is for tests in a real browser; run by itself, the one place that puts it on a machine.

    python tests/browsers.py               # where it is; ends with 1 where there is none
    python tests/browsers.py --install     # gets one where it can, once a venv; always ends with 0

The standard library alone: `.ci/run` asks before there is anything else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

NAMED = "BENEHUB_TEST_BROWSER"
"""A browser of yours: the environment variable with its path."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PLAIN = ("/usr/bin/chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
"""Where one may be that is on no PATH."""
OWN = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "chromium-*/chrome-win*/chrome.exe",
)
"""Where in its folder Playwright keeps the browsers it downloads."""
NONE = (
    "no Chromium on this machine: install chromium or google-chrome, or run `python -m playwright install chromium` "
    f"in the venv, or name one by {NAMED}"
)
BOUND = 300
"""Seconds that an installation may take."""
TRIED = Path(sys.prefix) / ".browser-tried"
"""Left in the venv after the first try, so that a machine without a way to get one waits once."""


def find(env: Mapping[str, str] = os.environ, plain: tuple[str, ...] = PLAIN) -> str | None:
    """The path of the browser that tests use; None where there is none.

    The one that is named comes first, then one of the system, then the newest of Playwright's own.
    """
    if named := env.get(NAMED):
        return shutil.which(named, path=env.get("PATH"))
    for name in (*NAMES, *plain):
        if found := shutil.which(name, path=env.get("PATH", "")):
            return found
    home = Path(env.get("HOME") or Path.home())
    caches = [home / ".cache/ms-playwright", home / "Library/Caches/ms-playwright"]
    if given := env.get("PLAYWRIGHT_BROWSERS_PATH"):
        caches.insert(0, Path(given))
    kept = [one for folder in caches for pattern in OWN for one in folder.glob(pattern) if os.access(one, os.X_OK)]
    return str(max(kept, key=_build)) if kept else None


def _build(path: Path) -> int:
    """The number of Playwright's build: the newest is the one that its driver knows."""
    folder = next(one.name for one in path.parents if one.name.startswith("chromium-"))
    return int(number) if (number := folder.rpartition("-")[2]).isdecimal() else 0


def _debian() -> bool:
    """Whether `apt-get install chromium` gives a browser here; Ubuntu's package of this name is a shell of none."""
    told = Path("/etc/os-release")
    return told.exists() and "ID=debian" in told.read_text().splitlines()


def _apt(*words: str) -> bool:
    line = ["apt-get", "-qq", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=15", *words]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            line, env=quiet, timeout=BOUND, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def install(
    *,
    found: Callable[[], str | None] = find,
    may: Callable[[], bool] = lambda: os.name == "posix" and os.geteuid() == 0 and _debian(),
    apt: Callable[..., bool] = _apt,
    tried: Path = TRIED,
) -> str:
    """Get a browser where this machine lets us, at most once; gives what to say of it, empty where there was one."""
    if found():
        return ""
    if not may():
        return f"the pages are not tested in a browser: {NONE}"
    if tried.exists():
        return f"the pages are not tested in a browser: installing chromium failed before ({tried}). {NONE}"
    tried.touch()
    # What apt knows of packages may be as old as the machine's image, or not be there at all.
    if (apt("install", "-y", "--no-install-recommends", "chromium") or (
        apt("update") and apt("install", "-y", "--no-install-recommends", "chromium")
    )) and (path := found()):  # fmt: skip
        tried.unlink()
        return f"installed chromium for the tests of the pages: {path}"
    return f"the pages are not tested in a browser: apt-get could not install chromium. {NONE}"


def main(words: list[str]) -> int:
    """The program."""
    if words == ["--install"]:
        if said := install():
            sys.stdout.write(f"{said}\n")
        return 0
    path = find()
    sys.stdout.write(f"{path or NONE}\n")
    return 0 if path else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
