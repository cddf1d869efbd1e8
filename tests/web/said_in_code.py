"""What the program says in English, read out of the code: texts that stand on pages and have to be put into words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import benehub
from benehub import errors

ROOT: Final = Path(benehub.__file__).parent
ROOMS: Final = (
    "access", "api", "connect", "connections", "dispatch", "engine", "facts", "flows", "identity", "intake", "ledger",
    "obligations", "planbook", "reconcile", "store", "views", "web",
)  # fmt: skip
"""Rooms whose texts come before people on a page."""
ELSEWHERE: Final = (
    "access/audit", "api/metrics", "api/scim", "api/serving", "api/v1", "connect/jsontext", "connect/pgp",
    "flows/backups", "flows/scim", "flows/users", "flows/webhooks", "flows/worker", "flows/retention",
    "engine/recovery", "intake/headings", "ledger/general", "ledger/gl", "reconcile/credit_files", "store/archive",
    "store/copying", "views/affordable", "views/general_ledger", "views/health", "views/kept_", "views/metrics",
    "views/paper", "views/population", "views/signed_pdf", "views/statement", "views/upkeep", "views/webhooks",
    "views/employers",
)  # fmt: skip
"""What commands, the API or a paper alone say."""
ERRORS: Final = frozenset(
    (*(name for name, value in vars(errors).items() if isinstance(value, type)), "unavailable", "_refused")
)
"""What is raised, made or refused with a text as its first argument."""
ANSWERS: Final = ("HTTPException", "Refused")
"""What is answered with a status and a text behind it, to a page too."""
ENDS: Final = "End"
"""How an attempt ended: its text is the third argument."""
SAYS: Final = frozenset(("what", "mend", "cause", "action", "reason", "says"))
"""Arguments whose text is said to people."""


def said() -> set[str]:
    """Every text, with `{}` for each value in it."""
    found: set[str] = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            if not name.startswith(ELSEWHERE):
                found |= set(_texts(ast.parse(path.read_text(encoding="utf-8"))))
    return {one for one in found if len(re.findall(r"[A-Za-z]{2,}", one.replace("{}", " "))) > 1}


def steps() -> set[str]:
    """Every step of a rule as `why` tells it, a number for each value; those whose label is worked out are left out."""
    found: set[str] = set()
    for path in (ROOT / "rules").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (parts := _step(node)):
                label, raw, value = (one.replace("{}", "1") for one in parts)
                found.add(f"{label}: {raw} -> {value}")
    return found


def _step(node: ast.Call) -> tuple[str, str, str] | None:
    """Label, raw and value of a call that makes a step; None where it makes none, or by a label that is no literal."""
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    named = {one.arg: one.value for one in node.keywords} | dict(
        zip(("label", "raw", "value"), node.args, strict=False)
    )
    if name not in ("Step", "money_step", "rounded_step") or not (label := next(_templates(named["label"]), "")):
        return None
    if name == "Step":
        raw, value = (next(_templates(named[one]), "1.50") for one in ("raw", "value"))
        return label, raw, value
    return f"{label} (half_up)" if name == "rounded_step" else label, "1.505 USD", "1.51 USD"


def _texts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            said = [one.value for one in node.keywords if one.arg in SAYS]
            if name in ERRORS:
                said += node.args[:1]
            if name in ANSWERS:
                said += node.args[1:2]
            if name == ENDS:
                said += node.args[2:3]
            for one in said:
                yield from _templates(one)


def _templates(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from _templates(node.body)
        yield from _templates(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
