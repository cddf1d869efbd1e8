"""The only room that knows the job engine (DBOS): durable flows, resumable after kill -9.

A flow is an ordinary function that gets a `Steps` and calls `step(name, function, ...)`. A finished step is
not run again after a crash; the one in flight is, so every step may run twice and is written to bear it. The
workflow's id is derived from the flow's name and business key: the same job asked twice is one job. Work of a
process that died is taken up by another one; that of a living process never is.

Arguments and results of steps are stored by the engine: they are ids, counts and short texts, never
personal data.
"""

from __future__ import annotations

from benehub.engine.runner import Ending, Engine, Flow, Steps

__all__ = ["Ending", "Engine", "Flow", "Steps"]
