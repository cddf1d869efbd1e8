"""The bank on which the contract kit proves the connector: it takes a payment, changes an account and returns one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benehub.connect.connector import Envelope, Item
from benehub.connect.files import FolderMailbox
from benehub.testing import Stage
from benehub_connectors.bank_files.order import render_order
from benehub_connectors.bank_files.settings import BankSettings
from benehub_connectors.bank_files.simulator import BankSimulator

NOW = datetime(2026, 11, 16, 15, 4, 5, tzinfo=UTC)
ORDER = "payment.order"
ACCOUNT = "0099887766"


def stage(folder: Path) -> Stage:
    """A CCD+ payment to one insurer."""
    profile = {
        "place": {"folder": str(folder)}, "format": "nacha-ccd+",
        "nacha": {"bank": "011000015", "bank_name": "First Bank", "company_name": "Acme", "company_id": "1123456789"},
        "payees": {"northstar": {"name": "Northstar", "routing": "021000021", "account": "env:KIT_ACCOUNT"}},
    }  # fmt: skip
    secrets = {"env:KIT_ACCOUNT": ACCOUNT, "account": ACCOUNT}
    settings = BankSettings.model_validate(profile).with_accounts(secrets)
    bank = BankSimulator(folder, settings)

    def deliver() -> None:
        items = [Item(ORDER, "kit/1", _order())]
        made = render_order(items, Envelope(3, NOW, "KIT3", 153_450), settings)
        FolderMailbox(folder).put(made.name, made.data)
        bank.collect()
        bank.correct("C01", "0099887767", date(2026, 11, 18))
        bank.give_back("R03", date(2026, 11, 19))
        bank.settle(date(2026, 11, 18))

    return Stage(profile, secrets, items={ORDER: [_order()]}, deliver=deliver, now=NOW, private=(ACCOUNT,))


def _order() -> dict[str, Any]:
    return {
        "payee": "northstar", "paid_minor": 153_450, "currency": "USD", "settle_on": "2026-12-01", "reference": "KIT3",
    }  # fmt: skip
