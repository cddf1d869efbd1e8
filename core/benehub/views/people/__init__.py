"""People as an admin works with them: who there is, and everything that is known of one of them."""

from __future__ import annotations

from benehub.views.people.listing import PAGE, STATES, Found, People, listed
from benehub.views.people.one import Fact, Known, One, one
from benehub.views.people.vendors import Told, Vendor, vendors

__all__ = ["PAGE", "STATES", "Fact", "Found", "Known", "One", "People", "Told", "Vendor", "listed", "one", "vendors"]
