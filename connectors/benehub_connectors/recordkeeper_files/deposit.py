"""From contributions as payroll took them to the 180 file of one pay date, or to a correction of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from benehub.connect.connector import Envelope, FileOut, Item
from benehub.errors import DataError
from benehub.records import ContributionRow, Source
from benehub_connectors.recordkeeper_files import ascensus, paykonnect
from benehub_connectors.recordkeeper_files.layouts import RecordkeeperLayout
from benehub_connectors.recordkeeper_files.settings import LayoutName, RecordkeeperSettings

LAYOUTS: dict[LayoutName, RecordkeeperLayout] = {LayoutName.ASCENSUS: ascensus, LayoutName.PAYKONNECT: paykonnect}

TAKEN_BACK = "money is taken back, and this recordkeeper takes no amount below zero"
AGREE = "Agree with it how that is done; set `negative_amounts` once it takes them"


def render_deposit(items: Sequence[Item], envelope: Envelope, settings: RecordkeeperSettings) -> FileOut:
    """The file of `items`; its money is the envelope's total.

    Raises:
        DataError: nobody, several pay dates or corrections, another plan, a participant twice, money taken back from
            a recordkeeper that takes no negative amounts, a row that cannot be written, or a sum that is not the
            total of the deposit.
    """
    records = [(item.key, item.as_record(ContributionRow)) for item in items]
    _check(records, envelope, settings)
    written = LAYOUTS[settings.layout].write(records, envelope, settings)
    if written.totals["deposit_minor"] != envelope.total_minor:
        raise DataError("the rows are not the total of the deposit", where=envelope.reference, mend="Freeze it anew")
    name = f"{settings.outbox}/{written.name}" if settings.outbox else written.name
    return FileOut(name, written.data, "180", written.totals)


def unfit(items: Sequence[Item], settings: RecordkeeperSettings) -> dict[str, str]:
    """The items whose row the layout cannot carry or the recordkeeper does not take, by key, with the first reason."""
    layout, found = LAYOUTS[settings.layout], dict[str, str]()
    holders: dict[str, list[str]] = defaultdict(list)
    for item in items:
        try:
            record = item.as_record(ContributionRow)
            why = next(iter(layout.faults(record, settings)), "") or _columnless(record, settings)
            if not why and _takes_back(record, settings):
                why = f"{TAKEN_BACK}: {AGREE}"
            holders[record.ssn].append(item.key)
        except DataError as error:
            why = error.what
        if why:
            found[item.key] = why
    twice = (key for keys in holders.values() if len(keys) > 1 for key in keys)
    # Which of them has the number nobody here can tell, so that none is credited with another's money.
    return dict.fromkeys(twice, "another participant has the same SSN") | found


def _takes_back(record: ContributionRow, settings: RecordkeeperSettings) -> bool:
    return not settings.negative_amounts and min(record.amounts.values(), default=0) < 0


def _columnless(record: ContributionRow, settings: RecordkeeperSettings) -> str:
    """What a row has for which there is no column; empty where there is one for all of it."""
    if record.amounts.get(Source.ER_QNEC) and not settings.qnec_column:
        return "a QNEC, for which this recordkeeper's layout has no column (`qnec_column` names one that was agreed)"
    return ""


def _check(records: Sequence[tuple[str, ContributionRow]], envelope: Envelope, settings: RecordkeeperSettings) -> None:
    """All rows are of one pay date and plan, nobody stands twice, and the recordkeeper takes their amounts."""
    if not records:
        raise DataError("a deposit of nobody", where=envelope.reference, mend="Send nothing")
    first, seen = records[0][1], set[str]()
    for key, record in records:
        what = ""
        if record.plan != settings.plan:
            what = f"plan {record.plan!r} on the connection of plan {settings.plan!r}"
        elif record.pay_date != first.pay_date:
            what = "another pay date than the first item's"
        elif record.correction != first.correction:
            what = "another correction than the first item's"
        elif record.ssn in seen:
            what = "a participant stands twice"
        if what:
            raise DataError(what, where=f"item {key}", mend="Send a file for each plan and pay date")
        seen.add(record.ssn)
        if what := _columnless(record, settings):
            raise DataError(
                what, where=f"item {key}", mend="Agree with it which column takes a QNEC, and set `qnec_column`"
            )
        if _takes_back(record, settings):
            raise DataError(TAKEN_BACK, where=f"item {key}", mend=AGREE)
