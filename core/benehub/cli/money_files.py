"""`benehub nacha` and `benehub sepa`: say everything that is wrong with a bank's file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from benehub.cli.opening import JSON

if TYPE_CHECKING:
    from benehub.formats.file_finding import FileFinding

nacha_app = typer.Typer(no_args_is_help=True, help="NACHA files: ACH payments, returns, notifications of change.")
sepa_app = typer.Typer(no_args_is_help=True, help="SEPA files: pain.001, pain.002, camt.053.")

NACHA_FILE = typer.Argument(..., help="The NACHA file.")
SEPA_FILE = typer.Argument(..., help="The pain.001, pain.002 or camt.053.")

LARGEST = 200_000_000
"""Bytes of a file that is taken; the readers say the same of their own."""


@nacha_app.command("check")
def check_nacha(
    file: Path = NACHA_FILE,
    as_json: bool = JSON,
) -> None:
    """Say everything that is wrong in a NACHA file: records, sums, check digits, days. Ends with 1 on a finding."""
    from benehub.formats.nacha.read import check

    _tell(file, check(_content(file)), as_json)


@sepa_app.command("check")
def check_sepa(
    file: Path = SEPA_FILE,
    as_json: bool = JSON,
) -> None:
    """Say everything that is wrong in a SEPA file: schema, sums, IBANs, references. Ends with 1 on a finding."""
    from benehub.formats.sepa.check import check

    _tell(file, check(_content(file)), as_json)


def _content(file: Path) -> bytes:
    from benehub.cli.files import must_be_file

    with must_be_file(file).open("rb") as source:
        return source.read(LARGEST + 1)  # what is larger the reader refuses


def _tell(file: Path, found: Sequence[FileFinding], as_json: bool) -> None:
    from benehub.cli.console import FOUND, emit, say, table

    data = [
        {"line": one.line, "field": one.field, "code": one.code, "text": one.text, "mend": one.mend} for one in found
    ]
    if not found and not as_json:
        say(f"{file}: nothing wrong")
        return
    rows = [tuple(one.values()) for one in data]
    emit(data, as_json, table(str(file), ("line", "field", "code", "what", "mend"), rows))
    if found:
        raise typer.Exit(FOUND)
