"""Parameters that many addresses have in common, with what they may be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Final

from annotated_types import Ge, Le
from fastapi import Depends, Path, Query

from benehub.access import Permission
from benehub.api.v1.office import MEMBER, NAME, Office, Takes, TakesRun, office
from benehub.api.v1.paging import Paging, paging
from benehub.api.v1.route import Claim, claimed

At = Annotated[Office, office]
"""The employer of the address."""

Once = Annotated[Claim, Depends(claimed)]
"""The claim of a write's idempotency key."""

PageOf = Annotated[Paging, Depends(paging)]

FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
MONTH: Final = r"^(19|20|21)\d\d-(0[1-9]|1[0-2])$"

Day = Annotated[date, Ge(FIRST_DAY), Le(LAST_DAY), Query(examples=["2026-11-30"])]
MonthText = Annotated[str, Query(pattern=MONTH, description="Month, as 2026-11.", examples=["2026-11"])]
Filter = Annotated[str, Query(pattern=r"^[A-Za-z0-9._/-]{0,60}$", description="Only these; all when left out.")]
EmployeeFilter = Annotated[
    str, Query(pattern=rf"^$|{MEMBER}", description="Only of this person: employee number, member id, or per_....")
]
KnownAt = Annotated[
    str,
    Query(
        pattern=r"^[0-9T:.+Z -]{0,40}$",
        description="As known then: a date (its end, UTC), a date with time, or a recorded number; now when left out.",
    ),
]

PersonPath = Annotated[
    str, Path(pattern=MEMBER, description="Employee number, member id, or the hub's id (per_...).", examples=["E0001"])
]


def one_of(names: Iterable[str]) -> str:
    """The pattern of a text that is one of these names."""
    return rf"^({'|'.join(map(re.escape, names))})$"


def id_path(prefix: str) -> object:
    """The parameter of an address that is a typed id."""
    return Path(pattern=rf"^{prefix}_[a-z2-7]{{24}}$", examples=[f"{prefix}_{'a' * 24}"])


NamePath = Annotated[str, Path(pattern=NAME, examples=["hris"])]

SeesOverview = Annotated[object, Depends(Takes(Permission.SEE_OVERVIEW))]
SeesPeople = Annotated[object, Depends(Takes(Permission.SEE_PEOPLE))]
SeesQuestions = Annotated[object, Depends(Takes(Permission.SEE_QUESTIONS))]
SeesMoney = Annotated[object, Depends(Takes(Permission.SEE_MONEY))]
SeesMoneyOf = Annotated[object, Depends(Takes(Permission.SEE_MONEY, of_people=True))]
"""Money by person: the look stands in the trail."""
SeesConnections = Annotated[object, Depends(Takes(Permission.SEE_CONNECTIONS))]
SeesAudit = Annotated[object, Depends(Takes(Permission.SEE_AUDIT))]
WorksDifferences = Annotated[object, Depends(Takes(Permission.WORK_DIFFERENCES))]
Sends = Annotated[object, Depends(Takes(Permission.SEND))]
Approves = Annotated[object, Depends(Takes(Permission.APPROVE))]
EditsPeople = Annotated[object, Depends(Takes(Permission.EDIT_PEOPLE))]
EditsPlanBook = Annotated[object, Depends(Takes(Permission.EDIT_PLAN_BOOK))]
Closes = Annotated[object, Depends(Takes(Permission.CLOSE_PERIOD))]
Operates = Annotated[object, Depends(Takes(Permission.OPERATE))]
ManagesRun = Annotated[object, Depends(TakesRun(Permission.OPERATE))]
"""Who keeps data moving, and of his own run whoever has started it."""
