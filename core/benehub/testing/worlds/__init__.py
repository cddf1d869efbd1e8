"""Made-up employers whose mistakes are known: the proof of reconciliation.

A seed makes people with their histories, the files their vendors would send, and a table of what was planted: mistakes
that have to be found, and variances that the rules explain and that must not be told as mistakes. What is right is
worked out here with arithmetic of its own, never with the hub's rules, so that a fault of theirs shows too.
"""

from benehub.testing.worlds.checking import Score, score
from benehub.testing.worlds.making import make
from benehub.testing.worlds.running import run_world
from benehub.testing.worlds.truth import Truth, read_truth
from benehub.testing.worlds.world import World
from benehub.testing.worlds.writing import write

__all__ = ["Score", "Truth", "World", "make", "read_truth", "run_world", "score", "write"]
