"""Pure calculators: facts in, a result with its explanation out; no I/O, no clock, no float.

Each calculator is one file with an input model, a result model and a plain keyword function that the flows
call directly; `benehub.rules.registry` lists them all and runs any of them by name.
"""

from __future__ import annotations
