"""The places where a plugin can step in. Built-ins register through the same hooks as strangers.

Every hook is a bare typed function with a sentence that says when it is called. A plugin that raises is
named in the log and the run goes on, unless the hook says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import pluggy

from benehub.records.computed import DeductionAnswer, DeductionQuestion
from benehub.records.notices import (
    AlarmNotice,
    DifferenceNotice,
    DispatchNotice,
    NotifierTerms,
    StatementSection,
    SyncNotice,
    Verdict,
)

if TYPE_CHECKING:
    from benehub.connect.connector import Connector
    from benehub.connect.reports import ReportFormat
    from benehub.rules.registry import Calculator

hookspec = pluggy.HookspecMarker("benehub")
hookimpl = pluggy.HookimplMarker("benehub")


@hookspec
def register_connectors() -> Sequence[type[Connector]]:
    """Return connector classes that are made at run time; those a plugin's module defines are found without it."""
    return ()


@hookspec
def register_carrier_reports() -> Sequence[ReportFormat]:
    """Return parsers of carriers' own reports, to be chosen by name in a partner's settings."""
    return ()


@hookspec
def register_rules() -> Sequence[Calculator]:
    """Return calculators to be found by name beside the built-in ones."""
    return ()


@hookspec(firstresult=True)
def compute_deductions(question: DeductionQuestion) -> DeductionAnswer | None:
    """Say what a pay date takes under a plan of your rule, None for others'; a plugin that raises stops the run."""


@hookspec
def before_dispatch(dispatch: DispatchNotice) -> Verdict | None:
    """Hold or refuse a dispatch, with a reason, before its first attempt; a plugin that raises holds it."""


@hookspec
def after_sync(sync: SyncNotice) -> None:
    """Be told that a read of a connection has been applied, with its custody counts."""


@hookspec
def difference_opened(difference: DifferenceNotice) -> None:
    """Be told that a difference was found that was not open before."""


@hookspec
def difference_closed(difference: DifferenceNotice) -> None:
    """Be told that a difference closed, and how."""


@hookspec
def notify(notice: AlarmNotice, notifier: NotifierTerms) -> str | None:
    """Tell people of alarms through a notifier of your kind and say what came of it; None for another kind.

    A plugin that raises has not told them: the same notice, with the same reference, is tried again later.
    """


@hookspec
def statement_sections(
    employer: str, person: str, day: date, computed: Sequence[DeductionQuestion]
) -> Sequence[StatementSection]:
    """Return sections for an employee's statement of a day; `computed` are the plans in force that plugins compute."""
    return ()


@hookspec
def register_commands(cli: Any) -> None:
    """Add commands to the Typer application `cli`."""


@hookspec
def register_routes(api: Any) -> None:
    """Add routes to the web application `api` when it starts."""
