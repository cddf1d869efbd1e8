"""The 834, written and read, 15 segments a member: beside lists of elements, f-strings, bare split and join, pyx12."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

Raw = tuple[str, str, str, str]
"""Number, SSN (never issued), last name, zip code."""


def raws(size: int) -> Iterator[Raw]:
    """Made-up members."""
    for number in range(size):
        yield f"E{number:07d}", f"900{number % 10**6:06d}", f"ALDER{number}", f"{10000 + number % 80000}"


def member(raw: Raw) -> Any:
    """A member as the hub holds him."""
    from benehub.formats.x12 import enrollment_834 as x12

    number, ssn, last, zip_code = raw
    coverages = tuple(
        x12.Coverage("021", line, plan, "EMP", dates=(("348", date(2026, 12, 1)),), references=(("1L", group),))
        for line, plan, group in (("HLT", "PPO500", "G100"), ("DEN", "DENTAL", "G200"))
    )
    return x12.Member(
        True, "18", "021", "28", "A", number, x12.Name(last, "ANN", id_qualifier="34", id=ssn), employment="FT",
        references=(("1L", "G100"),), dates=(("336", date(2024, 1, 1)),),
        contacts=(("HP", "5550100"),), address=x12.Address("1 MAIN ST", "", "DENVER", "CO", zip_code),
        demographics=x12.Demographics(date(1990, 1, 1), "F"), coverages=coverages,
    )  # fmt: skip


def pieces(members: Iterator[Any] | list[Any]) -> Iterator[str]:
    """The file as the hub writes it."""
    from benehub.formats.x12 import enrollment_834 as x12
    from benehub.formats.x12.envelope import Interchange

    head = x12.Enrollment834(
        "1", date(2026, 11, 23), x12.FULL, x12.Party("ACME", "FI", "900000001"), x12.Party("CARRIER", "FI", "900000002")
    )
    interchange = Interchange("BENEHUB", "CARRIER", 1, 1, datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
    return x12.render(interchange, head, members)


def digest(path: Path) -> str:
    """What was written for the members, without the envelope."""
    text = path.read_text(encoding="ascii")
    members = text[text.index("INS*") :].split("~SE*")[0].removesuffix("~")
    return hashlib.sha256(members.encode()).hexdigest()


def write_prepare(folder: Path, size: int) -> None:
    """Nothing to prepare: members are made up before the clock starts."""


def write_ours(folder: Path, size: int) -> Iterator[Any]:
    """`render` of members that are there already."""
    members, path = [member(raw) for raw in raws(size)], folder / "out.834"
    list(pieces(members[:1]))
    yield
    with path.open("w", encoding="ascii") as file:
        file.writelines(pieces(members))
    yield lambda: digest(path)


def write_elements(folder: Path, size: int) -> Iterator[Any]:
    """Lists of elements, each looked at for delimiters, joined."""
    members, path = list(raws(size)), folder / "out.834"
    yield
    with path.open("w", encoding="ascii") as file:
        for raw in members:
            for elements in _elements(raw):
                for element in elements:
                    if "*" in element or "~" in element or ":" in element or "^" in element:
                        raise ValueError(element)
                file.write("*".join(elements) + "~")
    yield lambda: digest(path)


def _elements(raw: Raw) -> Iterator[list[str]]:
    number, ssn, last, zip_code = raw
    yield ["INS", "Y", "18", "021", "28", "A", "", "", "FT"]
    yield ["REF", "0F", number]
    yield ["REF", "1L", "G100"]
    yield ["DTP", "336", "D8", "20240101"]
    yield ["NM1", "IL", "1", last, "ANN", "", "", "", "34", ssn]
    yield ["PER", "IP", "", "HP", "5550100"]
    yield ["N3", "1 MAIN ST"]
    yield ["N4", "DENVER", "CO", zip_code]
    yield ["DMG", "D8", "19900101", "F"]
    for line, plan, group in (("HLT", "PPO500", "G100"), ("DEN", "DENTAL", "G200")):
        yield ["HD", "021", "", line, plan, "EMP"]
        yield ["DTP", "348", "D8", "20261201"]
        yield ["REF", "1L", group]


def write_fstrings(folder: Path, size: int) -> Iterator[Any]:
    """One f-string a member, nothing checked: the limit."""
    members, path = list(raws(size)), folder / "out.834"
    yield
    with path.open("w", encoding="ascii") as file:
        for number, ssn, last, zip_code in members:
            file.write(
                f"INS*Y*18*021*28*A***FT~REF*0F*{number}~REF*1L*G100~DTP*336*D8*20240101~"
                f"NM1*IL*1*{last}*ANN****34*{ssn}~PER*IP**HP*5550100~N3*1 MAIN ST~N4*DENVER*CO*{zip_code}~"
                "DMG*D8*19900101*F~HD*021**HLT*PPO500*EMP~DTP*348*D8*20261201~REF*1L*G100~"
                "HD*021**DEN*DENTAL*EMP~DTP*348*D8*20261201~REF*1L*G200~"
            )
    yield lambda: digest(path)


def write_join(folder: Path, size: int) -> Iterator[Any]:
    """Segments that are ready as text, joined: what no writer can be quicker than."""
    path = folder / "out.834"
    members = [["*".join(elements) for elements in _elements(raw)] for raw in raws(size)]
    yield
    with path.open("w", encoding="ascii") as file:
        for member in members:
            file.write("~".join(member) + "~")
    yield lambda: digest(path)


def read_prepare(folder: Path, size: int) -> None:
    """A file to read."""
    with (folder / "in.834").open("w", encoding="ascii") as file:
        file.writelines(pieces(member(raw) for raw in raws(size)))


raw_prepare = judged_prepare = read_prepare


def read_ours(folder: Path, size: int) -> Iterator[Any]:
    """`parse` into typed members, one at a time."""
    from benehub.formats.x12 import enrollment_834 as x12

    yield
    count = 0
    with (folder / "in.834").open(encoding="ascii") as file:
        for received in x12.parse(file):
            for _ in received.members:
                count += 1
    yield count


judged_ours = read_ours


def raw_ours(folder: Path, size: int) -> Iterator[Any]:
    """`rows`: each segment as a list, none broken."""
    from benehub.formats.x12.kernel import rows

    yield
    count = 0
    with (folder / "in.834").open(encoding="ascii") as file:
        for elements in rows(file):
            count += elements[0] == "INS"
    yield count


def raw_split(folder: Path, size: int) -> Iterator[Any]:
    """Chunks split at the two delimiters, nothing looked at: the limit of a stream."""
    yield
    count, rest = 0, ""
    with (folder / "in.834").open(encoding="ascii") as file:
        while chunk := file.read(65_536):
            *segments, rest = (rest + chunk).split("~")
            for segment in segments:
                count += segment.split("*")[0] == "INS"
    yield count


read_split = raw_split


def raw_pyx12(folder: Path, size: int) -> Iterator[Any]:
    """pyx12's reader of segments, with its envelope checks and without a map."""
    from pyx12.x12file import X12Reader

    yield
    count = 0
    with (folder / "in.834").open(encoding="ascii") as file:
        for segment in X12Reader(file):
            count += segment.get_seg_id() == "INS"
    yield count


def judged_pyx12(folder: Path, size: int) -> Iterator[Any]:
    """pyx12's walk through its map of the guide, which says whether the file is right."""
    import io
    import logging

    from pyx12.params import params
    from pyx12.x12n_document import x12n_document

    logging.disable(logging.CRITICAL)
    yield
    with (folder / "in.834").open(encoding="ascii") as file:
        verdict = x12n_document(params(), file, io.StringIO(), None, None)
    yield size if verdict else 0
