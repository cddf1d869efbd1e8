"""What is true and since when we know it: append-only bitemporal versions."""

from __future__ import annotations

from benehub.facts.history import Fact, Version, as_of, preload, record, resolve, timelines
from benehub.facts.workforce import Worker, in_force, workers

__all__ = ["Fact", "Version", "Worker", "as_of", "in_force", "preload", "record", "resolve", "timelines", "workers"]
