"""Which connection, pay group and pay date a command means, with what was left out filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from benehub.cli.opening import Desk


def target(desk: Desk, group: str, pay_date: str, connection: str) -> tuple[str, str, str]:
    """Connection, pay group and pay date, with what was left out filled in from the plan book.

    Raises:
        DataError: no such group, several and none named, or no pay date to come.
    """
    from benehub.cli.opening import day
    from benehub.errors import DataError
    from benehub.flows.money import pay_calendar

    book = desk.book()
    if group:
        book.pay_group(group)
    elif len(book.pay_groups) != 1:
        raise DataError("there are several pay groups", mend=f"Name one: --group {' | '.join(book.pay_groups)}")
    name = group or next(iter(book.pay_groups))
    today = desk.today()
    wanted = day(pay_date, today)
    with desk.store.read(desk.employer) as session:
        dates = [
            one.pay_date for year in (wanted.year, wanted.year + 1) for one in pay_calendar(session, book, year)[name]
        ]
    if pay_date:
        if wanted not in dates:
            raise DataError(f"{wanted} is no pay date of {name}", mend="See the pay calendar, or sync it again")
        return connection or book.roles.payroll, name, str(wanted)
    coming = [one for one in dates if one > today]
    if not coming:
        raise DataError(f"{name} has no pay date after {today}", mend="Sync payroll's calendar, or --pay-date")
    return connection or book.roles.payroll, name, str(min(coming))


def must_be_one(desk: Desk, wanted: date) -> None:
    """Let a day pass on which somebody is paid.

    Raises:
        DataError: no pay group has it; the nearest pay dates are named.
    """
    from benehub.errors import DataError
    from benehub.flows.money import pay_calendar

    with desk.store.read(desk.employer) as session:
        book = desk.book()
        dates = sorted({one.pay_date for group in pay_calendar(session, book, wanted.year).values() for one in group})
    if wanted in dates:
        return
    near = sorted(sorted(dates, key=lambda one: abs(one - wanted))[:2])
    told = f"Near it: {', '.join(map(str, near))}" if near else "Sync payroll's calendar"
    raise DataError(
        f"no pay date {wanted}: nobody is paid on that day and nothing was read of it", where="--pay-date",
        mend=f"{told}; the pay groups are {', '.join(book.pay_groups) or 'none'}",
    )  # fmt: skip
