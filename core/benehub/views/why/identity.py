"""Why a vendor's person is linked, or to nobody: what was told of him, how he was found, and who said so."""

from __future__ import annotations

from benehub.views.strangers import details
from benehub.views.why.answer import Answer, Question


def of_stranger(question: Question, ref: str) -> Answer:
    """A vendor's person, linked or not.

    Raises:
        DataError: there is none.
    """
    data = details(question.session, ref)
    said = [f"{one['at']} {one['who']}: {one['what']}, {one['note']}" for one in data["said"]]
    return Answer(ref, "person of a vendor's", {**data, "said": said})
