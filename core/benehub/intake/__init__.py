"""Custody of everything that comes in."""

from __future__ import annotations

from benehub.intake.appliers import APPLIERS
from benehub.intake.applying import Origin, apply_chunk, check_whole, counts_of, finish, hold, redrive
from benehub.intake.relinking import names_people, relink
from benehub.intake.staging import Counts, batch, begun, file_seen, open_batch, stage, state, take_up
from benehub.intake.untranslated import Leaf
from benehub.intake.vanishing import note_gone

__all__ = [
    "APPLIERS",
    "Counts",
    "Leaf",
    "Origin",
    "apply_chunk",
    "batch",
    "begun",
    "check_whole",
    "counts_of",
    "file_seen",
    "finish",
    "hold",
    "names_people",
    "note_gone",
    "open_batch",
    "redrive",
    "relink",
    "stage",
    "state",
    "take_up",
]
