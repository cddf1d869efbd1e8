"""Why a payment comes back, and the words after that: every code of a return with the days on which it meant so.

A return may be answered: our bank dishonors it (R61 to R70: the return was wrong, the money goes to the payee's bank
again), and the payee's bank contests that (R71 to R77: the return was right, the money comes back after all). Some
codes have changed their meaning, so a reason is asked for a day. Nothing of the Nacha rule book is copied here: the
meanings are in our words, from memory unless `source` says more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

MEMORY = "Nacha Operating Rules, appendix on returns; from memory"
R69_BULLETIN = "Nacha operations bulletin of 15 September 2006 on R69"
UNAUTHORIZED = "Nacha rule on differentiating unauthorized returns, in force 1 April 2020; from memory"


class Step(StrEnum):
    """Whose word a return code is."""

    RETURNED = "returned"
    """The payee's bank or the operator sends the payment back."""
    DISHONORED = "dishonored"
    """Our bank sends that return back."""
    CONTESTED = "contested"
    """The payee's bank stands by its return, or mends it."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What a code means from `since` (None: as far back as is known) until `until` (None: to this day), half-open."""

    code: str
    text: str
    since: date | None = None
    until: date | None = None
    source: str = MEMORY

    @property
    def step(self) -> Step:
        """Whose word it is: the code's number says so, whatever it means."""
        return step_of(self.code)


def step_of(code: str) -> Step:
    """Whose word a code is, a code without a meaning here too."""
    if "R61" <= code <= "R70" and len(code) == 3:
        return Step.DISHONORED
    return Step.CONTESTED if "R71" <= code <= "R77" and len(code) == 3 else Step.RETURNED


def reason_of(code: str, on: date | None) -> Reason | None:
    """The meaning of a code on a day, today's where no day is known; None for a code that meant nothing then."""
    found = [one for one in REASONS if one.code == code]
    if on is None:
        return found[-1] if found and found[-1].until is None else None
    held = (one for one in found if (one.since or on) <= on and (one.until is None or on < one.until))
    return next(held, None)


_COPIED = date(2006, 9, 15)
_DIFFERENT = date(2020, 4, 1)

REASONS = (
    Reason("R01", "not sufficient funds"),
    Reason("R02", "account closed"),
    Reason("R03", "no account, or unable to locate it"),
    Reason("R04", "account number is not valid"),
    Reason("R05", "debit to a consumer's account was not authorized"),
    Reason("R06", "returned as the originating bank asked"),
    Reason("R07", "authorization was revoked"),
    Reason("R08", "payment was stopped"),
    Reason("R09", "funds are not collected"),
    Reason("R10", "entry was not authorized", until=_DIFFERENT, source=UNAUTHORIZED),
    Reason("R10", "originator is not known or not authorized", since=_DIFFERENT, source=UNAUTHORIZED),
    Reason("R11", "return of a truncated check", until=_DIFFERENT, source=UNAUTHORIZED),
    Reason("R11", "entry is not as authorized", since=_DIFFERENT, source=UNAUTHORIZED),
    Reason("R12", "branch was sold to another bank"),
    Reason("R13", "bank does not take part, or its routing number is not valid"),
    Reason("R14", "representative payee is dead or unable to go on"),
    Reason("R15", "beneficiary or account holder is dead"),
    Reason("R16", "account is frozen"),
    Reason("R17", "file record edit criteria, or questionable"),
    Reason("R18", "effective entry date is wrong"),
    Reason("R19", "amount is wrong"),
    Reason("R20", "account takes no such transactions"),
    Reason("R21", "company identification is not valid"),
    Reason("R22", "individual identification number is not valid"),
    Reason("R23", "receiver refused the credit"),
    Reason("R24", "duplicate entry"),
    Reason("R25", "addenda are wrong"),
    Reason("R26", "a mandatory field is wrong"),
    Reason("R27", "trace number is wrong"),
    Reason("R28", "check digit of the routing number is wrong"),
    Reason("R29", "corporate customer says it was not authorized"),
    Reason("R30", "receiving bank takes no truncated checks"),
    Reason("R31", "return of a CCD or CTX entry, as the originating bank permitted"),
    Reason("R32", "receiving bank does not settle"),
    Reason("R33", "return of an XCK entry"),
    Reason("R34", "receiving bank takes part only in a limited way"),
    Reason("R35", "improper debit entry"),
    Reason("R36", "improper credit entry"),
    Reason("R37", "source document was presented for payment"),
    Reason("R38", "payment of the source document was stopped"),
    Reason("R39", "source document is improper"),
    Reason("R40", "enrollment was returned by a federal agency"),
    Reason("R41", "enrollment: transaction code is not valid"),
    Reason("R42", "enrollment: routing number or its check digit is wrong"),
    Reason("R43", "enrollment: account number is not valid"),
    Reason("R44", "enrollment: individual identification number is not valid"),
    Reason("R45", "enrollment: name is not valid"),
    Reason("R46", "enrollment: indicator of a representative payee is not valid"),
    Reason("R47", "enrollment is a duplicate"),
    Reason("R50", "state law allows no re-presented check"),
    Reason("R51", "item of a re-presented check is not eligible, or the entry is improper"),
    Reason("R52", "payment of the re-presented item was stopped"),
    Reason("R53", "both the item and its entry were presented"),
    Reason("R61", "return went to the wrong bank"),
    Reason("R62", "return has a wrong trace number", until=_COPIED, source=R69_BULLETIN),
    Reason("R62", "return of an erroneous or reversing debit leaves the receiver with money", since=_COPIED),
    Reason("R63", "return has a wrong amount", until=_COPIED, source=R69_BULLETIN),
    Reason("R64", "return has a wrong individual identification", until=_COPIED, source=R69_BULLETIN),
    Reason("R65", "return has a wrong transaction code", until=_COPIED, source=R69_BULLETIN),
    Reason("R66", "return has a wrong company identification", until=_COPIED, source=R69_BULLETIN),
    Reason("R67", "duplicate return"),
    Reason("R68", "return came too late"),
    Reason("R69", "several fields of the return are wrong", until=_COPIED, source=R69_BULLETIN),
    Reason("R69", "fields of the return are wrong", since=_COPIED, source=R69_BULLETIN),
    Reason("R70", "return was permitted or asked for by nobody at the originating bank"),
    Reason("R71", "dishonored return went to the wrong bank"),
    Reason("R72", "dishonored return came too late"),
    Reason("R73", "original return was in time"),
    Reason("R74", "corrected return"),
    Reason("R75", "return was no duplicate"),
    Reason("R76", "return has no errors"),
    Reason("R77", "dishonored return R62 is not accepted"),
    Reason("R80", "international entry is coded wrongly"),
    Reason("R81", "gateway does not take part in international entries"),
    Reason("R82", "foreign bank's identification is not valid"),
    Reason("R83", "foreign bank cannot settle"),
    Reason("R84", "gateway has not processed the entry"),
    Reason("R85", "international entry was sent as a domestic one"),
)
"""Every meaning of every code, by code and then by day."""
