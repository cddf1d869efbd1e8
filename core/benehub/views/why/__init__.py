"""Answers why: the chain of facts, rules and plan books behind any amount, decision, date or difference.

Only ids, amounts and reasons are told; what is personal is masked. With a moment in the past the answer is
the one that could have been given then.
"""

from __future__ import annotations

from collections.abc import Callable

from benehub.errors import DataError
from benehub.ids import PREFIXES
from benehub.store import Session
from benehub.views.why.answer import MAX_BEHIND, Answer, Question
from benehub.views.why.closings import of_closing
from benehub.views.why.entries import of_entry
from benehub.views.why.explanations import of_explanation
from benehub.views.why.facts import of_fact
from benehub.views.why.findings import of_difference
from benehub.views.why.identity import of_stranger
from benehub.views.why.incoming import of_batch
from benehub.views.why.mended import of_fix
from benehub.views.why.outgoing import of_dispatch, of_obligation

__all__ = ["Answer", "why"]


def why(session: Session, ref: str, known_at: int | None = None, depth: int = MAX_BEHIND) -> Answer:
    """The chain behind `ref`, as known at a number of the recorded order (None: now).

    Raises:
        DataError: a reference of no kind that is known here, or one that does not exist.
    """
    return _answer(Question(session, _answer, known_at, depth), ref)


def _answer(question: Question, ref: str) -> Answer:
    ask = ASK.get(ref.partition("_")[0])
    if ask is None:
        kinds = ", ".join(f"{prefix}_ ({PREFIXES[prefix]})" for prefix in ASK)
        raise DataError(f"nothing to explain is called {ref[:50]!r}", mend=f"References begin with {kinds}")
    return ask(question, ref)


ASK: dict[str, Callable[[Question, str], Answer]] = {
    "ent": of_entry,
    "dis": of_dispatch,
    "dif": of_difference,
    "fix": of_fix,
    "obl": of_obligation,
    "int": of_batch,
    "exp": of_explanation,
    "elg": of_explanation,
    "fct": of_fact,
    "clo": of_closing,
    "unl": of_stranger,
}
"""Who answers for which kind of reference."""
