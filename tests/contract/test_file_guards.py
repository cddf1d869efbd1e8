"""The kit bites on files: a plain connector keeps every promise, and with any one guard taken away it does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.contract.taken import died_is_fresh, no_outbox

from benehub.connect import files
from benehub.connect.content import whole
from benehub.connect.files import FolderMailbox
from benehub.flows import send
from benehub.intake import staging
from benehub.testing import Verdict
from benehub.testing.checks import all_checks, checks_for
from benehub.testing.kit import try_check
from benehub_connectors.files import inbox

CHECKS = {one.name: one for one in all_checks()}

Take = Callable[[pytest.MonkeyPatch], None]


def verdicts(vendor: ModuleType, kind: str, names: list[str], folder: Path) -> dict[str, str]:
    """Why each of these promises is broken; kept ones are left out."""
    found = {}
    for name in names:
        outcome = try_check(getattr(vendor, kind), CHECKS[name], folder / name, vendor.stage)
        if outcome.verdict is not Verdict.KEPT:
            found[name] = outcome.why
    return found


@pytest.mark.parametrize("kind", ["Posting", "Numbered"])
def test_a_plain_connector_of_files_keeps_every_promise(hostile_files: ModuleType, kind: str, tmp_path: Path) -> None:
    about = [one.name for one in checks_for(getattr(hostile_files, kind))]
    names = [name for name in about if name != "form.manifest"]  # a test module has no folder of its own
    assert {"file.once", "file.whole", "file.taken", "box.partly", "box.again"} <= set(names)
    assert verdicts(hostile_files, kind, names, tmp_path) == {}


def _written_in_place(patch: pytest.MonkeyPatch) -> None:
    def put(self: Any, name: str, data: Any) -> None:
        files.size_of(data)
        path = self._path(name)
        with path.open("wb") as stream:
            for piece in files.pieces(data):
                stream.write(piece)
                stream.flush()

    patch.setattr(FolderMailbox, "put", put)


def _half_is_enough(patch: pytest.MonkeyPatch) -> None:
    """What was written when it broke off is renamed as if it were whole."""
    real = FolderMailbox.put

    def put(self: Any, name: str, data: Any) -> None:
        held = b""
        files.size_of(data)
        try:
            for piece in files.pieces(data):
                held += piece
        except OSError:
            real(self, name, held)
            raise
        real(self, name, held)

    patch.setattr(FolderMailbox, "put", put)


def _overwritten(patch: pytest.MonkeyPatch) -> None:
    real = FolderMailbox.put

    def put(self: Any, name: str, data: Any) -> None:
        content = whole(data)
        self._path(name).unlink(missing_ok=True)
        real(self, name, content)

    patch.setattr(FolderMailbox, "put", put)


def _another_name(patch: pytest.MonkeyPatch) -> None:
    real = FolderMailbox.put

    def put(self: Any, name: str, data: Any) -> None:
        if self._path(name).exists():
            raise files.taken(name)
        real(self, name, data)

    patch.setattr(FolderMailbox, "put", put)


def _parts_are_listed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(files, "wanted", lambda entry, pattern: files.fnmatchcase(entry.removesuffix(".part"), pattern))
    # And a connector's pattern takes it, as one that ends in a wildcard does.
    patch.setattr(inbox, "_last", lambda name: name.rpartition("/")[2].removesuffix(".part"))


def _delivered_again(patch: pytest.MonkeyPatch) -> None:
    real = send._deliver
    patch.setattr(send, "_deliver", lambda opened, row, content: real(opened, _Fresh(row), content))


def _absent_is_lost(patch: pytest.MonkeyPatch) -> None:
    """A file that is not there any more is taken for never delivered."""
    real = send._deliver

    def deliver(opened: Any, row: Any, content: Any) -> Any:
        end = real(opened, row, content)
        return real(opened, _Fresh(row), content) if end.state == "held" else end

    patch.setattr(send, "_deliver", deliver)


class _Fresh:
    """A dispatch that seems never to have been tried."""

    def __init__(self, row: Any) -> None:
        self._row, self.state = row, "sending"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)


def _each_row_is_new(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(staging, "_known_hashes", lambda session, header, keys: {})


TAKEN: dict[str, tuple[Take, str]] = {
    "a file is written under another name first": (_written_in_place, "file.whole"),
    "a file that broke off is not renamed": (_half_is_enough, "file.whole"),
    "other bytes under a name are refused": (_overwritten, "file.taken"),
    "the same bytes again are the same file": (_another_name, "file.delivery"),
    "a file being written is not listed": (_parts_are_listed, "box.partly"),
    "a delivery in doubt is looked for": (_delivered_again, "file.once"),
    "a file that is gone is no proof": (_absent_is_lost, "file.once"),
    "the outbox knows the file it has sent": (no_outbox, "file.once"),
    "a dead process leaves a delivery in doubt": (died_is_fresh, "file.once"),
    "a row that was fetched is known again": (_each_row_is_new, "box.again"),
}
"""Guard -> how it is taken away, and the promise that then breaks."""


@pytest.mark.parametrize("guard", TAKEN)
def test_without_a_guard_a_promise_of_files_breaks(
    hostile_files: ModuleType, guard: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, name = TAKEN[guard]
    take(monkeypatch)  # with it every promise is kept: see the test of the plain connector
    assert set(verdicts(hostile_files, "Posting", [name], tmp_path)) == {name}


FAULTY = {
    "Miscounting": "file.totals",
    "Totalless": "file.totals",
    "OneName": "file.bytes",
    "Differing": "file.bytes",
    "Naming": "file.private",
    "Swallowing": "file.items",
    "ByFile": "box.again",
    "Believing": "box.rubbish",
}
"""A connector with one fault -> the promise that it breaks."""


@pytest.mark.parametrize("kind", FAULTY)
def test_a_faulty_connector_of_files_is_found(hostile_files: ModuleType, kind: str, tmp_path: Path) -> None:
    assert set(verdicts(hostile_files, kind, [FAULTY[kind]], tmp_path)) == {FAULTY[kind]}
