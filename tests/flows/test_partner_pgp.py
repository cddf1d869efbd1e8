"""A file that leaves encrypted: clear where it is frozen and previewed, sealed the same however often it leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from benehub import dispatch
from benehub.connect.pgp import Keys, Pgp, PgpBox
from benehub.errors import ConfigError
from benehub.flows import dispatches
from benehub.flows.onboarding import connect
from benehub.formats.x12 import checks
from benehub.sandbox.story.world import partner
from benehub.store.tables import dispatch as dispatch_table
from benehub.views.outgoing import outgoing

MANNERS = {"partner_key": "env:BENEHUB_TEST_THEIRS", "our_key": "env:BENEHUB_TEST_OURS"}
CENSUS = ("No,First,Last,Born,Sex,SSN,Hired,Group", "1001,Ann,Alder,1980-02-03,F,900110001,2025-03-01,monthly")


@pytest.fixture(scope="module")
def keys(make_pgp_key: Any) -> tuple[Any, Any]:
    """Ours and the carrier's."""
    return make_pgp_key("us@acme.example"), make_pgp_key("them@carrier.example")


@pytest.fixture
def secret(office: Any, keys: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> tuple[Any, PgpBox]:
    """The office whose carrier wants its files encrypted, with one family to tell; and the carrier's own box."""
    ours, theirs = keys
    monkeypatch.setenv("BENEHUB_TEST_OURS", ours.private)
    monkeypatch.setenv("BENEHUB_TEST_THEIRS", theirs.public)
    place = {"folder": str(office.root / "carrier")}
    settings = partner(place) | {"pgp": MANNERS, "names": {"acknowledgement": ["*.999.pgp"]}}
    connect(office.hub, "acme", {"carrier": {"connector": "carrier_x12", "settings": settings}})
    office.drop("census.csv", *CENSUS)
    office.sync("files", "employee")
    office.drop("elections.csv", "No,Plan,Tier,From", "1001,ppo,EE,2026-01-01")
    office.sync("files", "election")
    office.flow("coverage", "2026-10-01")
    return office, PgpBox(Pgp.model_validate(MANNERS), Keys(ours.public, theirs.private))


def one_file(office: Any) -> Any:
    (row,) = office.rows(select(dispatch_table))
    return row


def test_it_leaves_sealed_is_previewed_in_clear_and_answered_sealed(secret: tuple[Any, PgpBox]) -> None:
    office, carrier = secret
    assert office.flow("enrollments.send", "carrier", "2026-10-01")["sent"] == 1
    row = one_file(office)
    delivered = office.root / "carrier" / row.file_name
    assert row.file_name.endswith(".834.pgp") and b"ISA" not in delivered.read_bytes()
    text = carrier.open(delivered.read_bytes(), "a")
    assert checks.check(text.decode()) == []
    with office.hub.store.read("acme") as session:
        assert dispatch.frozen_bytes(session, row) == text
        (shown,) = outgoing(session, [row.dispatch_id])
    assert shown.content.startswith("ISA*00*") and "900110001" not in shown.content
    # The carrier reads it, and answers it sealed and signed.
    delivered.rename(delivered.with_suffix(""))
    (delivered.with_suffix("")).write_bytes(text)
    office.carrier.collect()
    inbox = office.root / "carrier" / "from-carrier"
    for answer in list(inbox.glob("*.999")):
        Path(f"{answer}.pgp").write_bytes(carrier.seal(answer.read_bytes()))
        answer.unlink()
    assert office.sync("carrier", "acknowledgement")[0] > 0
    assert office.flow("enrollments.acks", "carrier")["acked"] == 1


def test_an_answer_that_nobody_signed_is_kept_out(secret: tuple[Any, PgpBox], keys: tuple[Any, Any]) -> None:
    office, _ = secret
    unsigned = PgpBox(Pgp.model_validate({**MANNERS, "sign": False}), Keys(keys[0].public, keys[1].private))
    (office.root / "carrier/from-carrier/forged.999.pgp").write_bytes(unsigned.seal(b"ISA*00*"))
    assert office.sync("carrier", "acknowledgement") == (0, 0, 1, 0)
    assert "it is not signed, and the profile demands the partner's signature" in office.reasons()[0]


def test_the_same_bytes_are_the_same_encryption(secret: tuple[Any, PgpBox]) -> None:
    office, _ = secret
    office.flow("enrollments.send", "carrier", "2026-10-01")
    row = one_file(office)
    delivered = office.root / "carrier" / row.file_name
    first = delivered.read_bytes()
    delivered.unlink()  # swept, and lost
    dispatches.same_bytes(office.hub, "acme", row.dispatch_id, "ann", "the carrier lost it")
    assert office.flow("dispatch.resend", row.dispatch_id)["sent"] == 1
    assert delivered.read_bytes() == first


def test_a_key_that_cannot_be_used_freezes_nothing(secret: tuple[Any, PgpBox], monkeypatch: pytest.MonkeyPatch) -> None:
    office, _ = secret
    monkeypatch.setenv("BENEHUB_TEST_THEIRS", "-----BEGIN PGP PUBLIC KEY BLOCK-----\nnonsense")
    with pytest.raises(ConfigError, match="0 keys instead of one"):
        office.flow("enrollments.send", "carrier", "2026-10-01")
    assert office.rows(select(dispatch_table)) == []
