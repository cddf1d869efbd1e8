"""A confirmation read before its person was known is linked once the person comes in."""

from __future__ import annotations

from sqlalchemy import select

from benehub.identity import people
from benehub.intake import relink
from benehub.store import Store
from benehub.store.tables import confirmation, connection, intake_batch


def test_a_line_finds_its_person_later(store: Store) -> None:
    with store.write("acme") as session:
        session.add(connection, [{"connection_id": "c", "connector": "files", "settings": {}, "mode": "live"}])
        counts = dict.fromkeys(("full_read", "rows", "applied", "unchanged", "quarantined", "superseded"), 0)
        batch = {"batch_id": "int_1", "connection_id": "c", "stream": "credit", "run_key": "1", "state": "staged"}
        session.add(intake_batch, [{**batch, **counts, "reason": "", "seq": 1, "recorded_at": ""}])
        for number, name in enumerate(("1001", people.ssn_index(session, "900110001")[:40], "9999"), 1):
            row = {"kind": "credit", "connection_id": "c", "row_key": str(number), "version": 1, "current": 1}
            texts = dict.fromkeys(("part", "code", "tax_class", "tier", "coverage_month", "reference"), "")
            amounts = {"amount": 1, "unit": "USD", "detail": {}, "batch_id": "int_1", "row_no": number, "seq": 1}
            session.add(confirmation, [{**row, **texts, **amounts, "external_id": name}])
        assert relink(session) == 0
        person_id = people.add_employee(session, "c", "v1", "1001", "900110001")
        assert relink(session) == 2
        assert relink(session) == 0
    with store.read("acme") as session:
        found = session.rows(
            select(confirmation.c.person_id).where(*session.where(confirmation)).order_by(confirmation.c.row_key)
        )
    assert [row.person_id for row in found] == [person_id, person_id, None]
