"""Each deduction code has a target of its own at payroll.

Two codes of one target would overwrite each other: whoever moves from one plan to the other has one code ended and the
other begun, and what is written last holds for both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from benehub.errors import DataError


def own_targets(setting: str, targets: Mapping[str, str]) -> None:
    """Refuse settings in which two codes have one target; for a validator.

    Raises:
        ValueError: they have; it names setting, codes and target.
    """
    for target, many in Counter(targets.values()).items():
        if many > 1:
            codes = ", ".join(sorted(code for code, one in targets.items() if one == target)[:5])
            raise ValueError(
                f"{setting}: {codes} have the same target {target[:60]}: each code needs its own, or the order of one "
                "ends what the other has set"
            )


def target_of(code: str, targets: Mapping[str, str]) -> str:
    """The target that is named for a code; where none is, the one that is called like it.

    Raises:
        DataError: what is called like it is the target of another code.
    """
    if code in targets:
        return targets[code]
    other = next((one for one, target in targets.items() if target == code), None)
    if other is not None:
        raise DataError(
            f"{code} has no target of its own: what payroll calls so is the target of {other}",
            mend=f"Name another one for {code} in the connection's settings",
        )
    return code


def with_found(found: Mapping[str, str], named: Mapping[str, str]) -> dict[str, str]:
    """Code -> target as the vendor was found to have it, where none is `named`; a target that is named for another
    code is left out."""
    taken = set(named.values())
    return {code: target for code, target in found.items() if target not in taken} | dict(named)
