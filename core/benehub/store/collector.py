"""Reading and writing many rows without Python's search for cycles: it would go through all of them again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """Leave the search for cycles out; to be held for a bounded number of rows, which hold none.

    What was made meanwhile counts as old at once: turned on again, the search would begin with all of it. A full search
    finds it later, as ever.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.freeze()  # and unfrozen it is in the oldest generation: lists are joined, none is gone through
            gc.unfreeze()
            gc.enable()
