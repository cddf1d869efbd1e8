"""`benehub dispatches permit`: a person's word that a push may change many, by name and number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benehub import dispatch
from benehub.crypto import Vault
from benehub.store import acts, open_store


def test_a_permit_is_a_word_with_a_number_and_a_reason(employed: Path, cli: Any) -> None:
    words = ("dispatches", "permit", "census", "leave.take", "--people", "412", "--note", "new rates")
    assert "up to 412 people permitted (dry run)" in cli.run(*words, "--dry-run").output
    assert "run it again" in cli.run(*words, "--who", "ann").output
    cli.run("dispatches", "permit", "nowhere", "leave.take", "--people", "5", "--note", "why", code=2)
    wrong = cli.run("dispatches", "permit", "census", "deduction.sit", "--people", "5", "--note", "why", code=2)
    assert "census writes no deduction.sit" in wrong.stderr
    cli.run("dispatches", "permit", "census", "leave.take", "--people", "0", "--note", "why", code=2)
    cli.run("dispatches", "permit", "census", "leave.take", "--people", "5", "--note", " ", code=2)
    store = open_store(f"sqlite:///{employed / 'benehub.db'}", Vault({"k1": b"k" * 32}))
    with store.read("acme") as session:
        assert dispatch.permitted(session, "census", "leave.take") == 412
        assert [(one.who, one.note) for one in acts(session, "census")] == [("ann", "412 people: new rates")]
    store.close()
