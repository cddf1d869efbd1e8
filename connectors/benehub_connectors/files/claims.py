"""Claims to a carrier as a CSV that it takes from a folder, or that a person uploads to its portal."""

from __future__ import annotations

from collections.abc import Sequence

from benehub.connect.connector import Envelope, FileOut, Item
from benehub.formats.credit_claims import ClaimRow, render
from benehub.periods import Month
from benehub.records import CreditClaim

CLAIM = "premium.claim"


def claims_file(items: Sequence[Item], envelope: Envelope, outbox: str) -> FileOut:
    """One row a claim, named by the file's number and its place in it; the file's name tells to whom they go."""
    claims = [item.as_record(CreditClaim) for item in items]
    rows = [
        ClaimRow(
            claim=f"CLM-{envelope.control:06d}-{number}", carrier=one.carrier, claim_by=one.claim_by,
            member_id=one.member_id, plan=one.plan, coverage_month=Month.parse(one.coverage_month),
            billed=one.billed_minor, owed=one.owed_minor, claimed=one.claim_minor, currency=one.currency,
            reason=one.reason, invoices=" ".join(one.invoices),
        )
        for number, one in enumerate(claims, 1)
    ]  # fmt: skip
    to = "".join(f"-{one}" for one in sorted({one.carrier for one in claims} - {""}))
    name = f"{outbox}/claims{to}-{envelope.created:%Y%m%d}-{envelope.control:06d}.csv"
    totals = {"claims": len(rows), "claim_minor": sum(one.claimed for one in rows)}
    return FileOut(name, "".join(render(rows)).encode("utf-8"), "claims", totals)
