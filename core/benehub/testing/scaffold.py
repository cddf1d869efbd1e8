"""Writes the beginning of a connector: three files that pass the contract kit as they are.

`benehub connector new` calls it. In the tree the folder alone is enough; out of the tree a package of its own with
an entry point is written, and a test of two lines.
"""

from __future__ import annotations

import json
import keyword
import re
import shutil
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from benehub.connect.connector import Kind
from benehub.errors import DataError

KINDS = (Kind.HRIS, Kind.PAYROLL, Kind.CARRIER, Kind.RECORDKEEPER)
"""What can be begun; the other kinds are files and mail, which come with benehub."""

_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")

_API = {"settings": {"api_key": "env:KEY"}, "secrets": {"env:KEY": "kit-key-4711"}}
_BOX = {"settings": {"place": {"folder": "{folder}"}}, "folders": ["out"]}

_PEOPLE = [
    {"id": "p1", "number": "1001", "firstName": "Ann", "lastName": "Alder", "birthDate": "1980-02-03",
     "ssn": "900110001", "hireDate": "2025-03-01", "paySchedule": "monthly"},
    {"id": "p2", "number": "1002", "firstName": "Ben", "lastName": "Birch", "birthDate": "1990-07-09",
     "ssn": "900110002", "hireDate": "2025-01-05", "paySchedule": "monthly"},
]  # fmt: skip

_DEDUCTION = {
    "employee": "p1", "plan": "ppo", "code": "MED", "tax_class": "pretax", "employee_amount_minor": 6125,
    "employer_amount_minor": 24501, "effective_from": "2026-12-04", "active": True,
}  # fmt: skip

_MEMBER = {
    "person": "per_1", "subscriber": "per_1", "member_id": "1001", "subscriber_id": "1001", "relationship": "self",
    "maintenance": "021", "first_name": "Ann", "last_name": "Alder", "birth_date": "1980-02-03", "sex": "F",
    "coverages": [{"plan": "ppo", "tier": "EE", "maintenance": "021", "effective_from": "2026-12-01"}],
}  # fmt: skip

_CONTRIBUTION = {
    "person": "per_1", "plan": "401k", "pay_date": "2026-11-20", "ssn": "900110001", "first_name": "Ann",
    "last_name": "Alder", "birth_date": "1980-02-03", "hire_date": "2025-03-01", "compensation_minor": 320000,
    "amounts": {"EE_PRETAX": 12801},
}  # fmt: skip


def _pages(call: str, name: str = "") -> list[dict[str, Any]]:
    """Two pages of one person each, and the empty one that ends them."""
    parts: tuple[list[dict[str, str]], ...] = (_PEOPLE[:1], _PEOPLE[1:], [])
    return [
        {"call": f"GET {call}?page={number}", "json": {name: part} if name else part}
        for number, part in enumerate(parts, 1)
    ]


def _samples(kind: Kind) -> dict[str, Any]:
    """What the kit plays at first: made-up people; put the vendor's own answers in their place."""
    match kind:
        case Kind.HRIS:
            return {**_API, "exchanges": _pages("/v1/employees")}
        case Kind.PAYROLL:
            put = {"call": "PUT /v1/people/*/deductions/*", "json": {"id": "d1"}}
            exchanges = [*_pages("/v1/people", "people"), put]
            return {**_API, "exchanges": exchanges, "items": {"deduction.set": [_DEDUCTION]}}
        case Kind.CARRIER:
            return {**_BOX, "exchanges": [], "items": {"enrollment.change": [_MEMBER]}}
        case _:
            return {**_BOX, "exchanges": [], "items": {"contribution.deposit": [_CONTRIBUTION]}}


_WORDS: dict[Kind, dict[str, str]] = {
    Kind.CARRIER: {
        "what": "changes of cover", "operation": "enrollment.change", "row": "a member and plan",
        "columns": '("member_id", "relationship", "maintenance", "first_name", "last_name", "birth_date")',
        "cells": "[str(item.content[name]) for name in COLUMNS]", "total": "",
    },
    Kind.RECORDKEEPER: {
        "what": "contributions", "operation": "contribution.deposit", "row": "a participant",
        "columns": '("ssn", "last_name", "first_name", "pay_date", "amounts")',
        "cells": "[*(str(item.content[name]) for name in COLUMNS[:-1]), _money(item)]",
        "total": ', "amount_minor": sum(map(_minor, items))',
    },
}  # fmt: skip

_MONEY = """

def _minor(item: benehub.Item) -> int:
    return sum(int(minor) for minor in item.content["amounts"].values())


def _money(item: benehub.Item) -> str:
    return benehub.format_minor(_minor(item))
"""


def source(name: str, kind: Kind) -> str:
    """The connector's code."""
    api = kind in (Kind.HRIS, Kind.PAYROLL)
    text = files("benehub.testing").joinpath("templates", f"{kind.value if api else 'files'}.py.txt").read_text("utf-8")
    words: Mapping[str, str] = _WORDS.get(kind, {})
    title = name.replace("_", " ").title()
    told = {"name": name, "Title": title, "Class": title.replace(" ", ""), "KIND": kind.name, **words}
    text += _MONEY if kind is Kind.RECORDKEEPER else ""
    return re.sub(r"@(\w+)@", lambda found: told[found[1]], text)


def manifest(name: str, kind: Kind) -> str:
    """What the connector says of itself."""
    return (
        f'name = "{name}"\nkind = "{kind.value}"\n'
        f'docs = "https://{name}.example/api"\napi_version = "v1"\nowner = "you"\n'
    )


def write(name: str, kind: Kind, folder: Path, *, package: bool = False) -> list[Path]:
    """Write a connector into `folder`/`name`; with `package`, a project of its own around it. Gives the files.

    Raises:
        DataError: the name is no module name, the kind cannot be begun, something of that name is there, or the
            folder is none or cannot be written to.
    """
    if _NAME.fullmatch(name) is None or keyword.iskeyword(name) or keyword.iskeyword(name.title()):
        raise DataError(
            f"{name[:40]!r} is no name of a connector",
            where="NAME",
            mend="Use small letters, digits and _, and no word of Python's own, e.g. acme_hr",
        )
    if kind not in KINDS:
        raise DataError(
            f"a connector of kind {kind.value} cannot be begun",
            where="--kind",
            mend="Choose hris, payroll, carrier or recordkeeper",
        )
    root = folder / (project_name(name) if package else name)
    if not folder.is_dir():
        raise DataError("there is no such folder", where=str(folder), mend="Make it first, or choose another --folder")
    if root.exists():
        raise DataError("there is something already", where=str(root), mend="Choose another name or --folder")
    home = root / f"benehub_{name}" if package else root
    texts = {
        home / "__init__.py": source(name, kind),
        home / "manifest.toml": manifest(name, kind),
        home / "samples" / "exchanges.json": json.dumps(_samples(kind), indent=2, ensure_ascii=False) + "\n",
    }
    if package:
        texts |= _project(name, root)
    try:
        for file, text in texts.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        shutil.rmtree(root, ignore_errors=True)  # half of a connector would be in the way of the next try
        raise DataError(
            f"it cannot be written there ({error.strerror or type(error).__name__})", where=str(folder),
            mend="Make the folder writable for this user, or choose another --folder",
        ) from None  # fmt: skip
    return list(texts)


def project_name(name: str) -> str:
    """What a connector's own package is called."""
    return f"benehub-{name.replace('_', '-')}"


def _project(name: str, root: Path) -> dict[Path, str]:
    module, title = f"benehub_{name}", name.replace("_", " ").title().replace(" ", "")
    project = f"""\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{project_name(name)}"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["benehub"]

[project.entry-points.benehub]
{name} = "{module}"

[tool.hatch.build.targets.wheel]
packages = ["{module}"]
"""
    test = (
        f"from {module} import {title}\n\nfrom benehub.testing import contract\n\ntest_contract = contract({title})\n"
    )
    return {root / "pyproject.toml": project, root / "tests" / "test_contract.py": test}
