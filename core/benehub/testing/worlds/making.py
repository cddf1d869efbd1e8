"""A world from its seed: people, what their vendors send when all is well, then the mistakes and the variances."""

from __future__ import annotations

from random import Random

from benehub.errors import DataError
from benehub.testing.worlds import vendors
from benehub.testing.worlds.people import population
from benehub.testing.worlds.planting import plant
from benehub.testing.worlds.settings import CONNECTORS
from benehub.testing.worlds.terms import MONTHS, PAY_DATES, TODAY
from benehub.testing.worlds.truth import Truth
from benehub.testing.worlds.world import World

FEWEST = 10
"""With fewer people some kinds of mistake have nobody to befall."""


def make(seed: int, employees: int = 40, rate: float = 0.02) -> World:
    """A world in which about `rate` of all lines are wrong, each kind of mistake at least once.

    Raises:
        DataError: too few people, or a rate that leaves nothing right.
    """
    if employees < FEWEST or not 0 < rate <= 0.2:
        raise DataError(
            f"a world of {employees} people at a rate of {rate}", mend=f"Take {FEWEST} at least, and a rate up to 0.2"
        )
    random = Random(seed)  # noqa: S311 - a made-up company, no secret
    people = population(random, employees)
    truth = Truth(seed, str(TODAY), tuple(map(str, MONTHS)), list(map(str, PAY_DATES)), dict(CONNECTORS))
    register = list(vendors.register(people))
    made = World(
        seed, random, people, register, list(vendors.bill(people)), [], [], list(vendors.roster(people)), truth
    )
    plant(made, rate)
    return made
