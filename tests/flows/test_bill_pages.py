"""A bill beside what was accrued for it, also where a plan of it is in no plan book."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest
from tests.flows.test_credits import Carrier

from benehub import ledger
from benehub.flows import Hub
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.views.invoice import Line, invoice, sums
from benehub.views.invoices import bills


def test_the_page_of_an_old_bill_opens_though_no_book_has_its_plan(
    sqlite_url: str, tmp_path: Path, open_hub: Callable[..., Hub], fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = open_hub(sqlite_url)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    made = Carrier(hub, fakehub, monkeypatch, "pay_as_billed")
    made.accrue("2026-10", 500_00)
    made.bill("2026-10", 500_00)
    legs = [Leg(account, "USD", amount, person_id=made.who, plan=plan, coverage_month="2026-10")
            for plan in ("before us", "nobody's")
            for account, amount in ((chart.BENEFIT_COST, 40_00), (chart.PREMIUM_PAYABLE, -40_00))]  # fmt: skip
    with hub.store.write("acme") as session:
        ledger.record(session, [NewEntry("opening", "premium.accrued", date(2026, 10, 1), tuple(legs), "opening")])
    made.bill("2026-10", 41_00, plan="before us")
    with hub.store.read("acme") as session:
        book = hub.book(session)
        assert invoice(session, book, "carrier", "2026-10") == [
            Line("1001", "before us", 41_00, 40_00), Line("1001", "ppo", 500_00, 500_00)
        ]  # fmt: skip
        assert sums(session, book, "carrier", "2026-10").accrued == 540_00
        assert [(one.billed, one.accrued) for one in bills(session, book)] == [(541_00, 540_00)]
