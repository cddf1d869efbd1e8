"""Holds a pain.001 against the published schema, which sepaxml ships: an independent judge of what is written."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from benehub.formats.file_finding import FileFinding
from benehub.formats.sepa import xml
from benehub.formats.sepa.credit_transfer import SCHEMAS

MOST = 100


def schema_findings(data: bytes) -> tuple[FileFinding, ...]:
    """What the schema has against a message; nothing for a version whose schema is not at hand.

    Raises:
        FormatError: no ISO 20022 message.
    """
    told = xml.message(data)
    name = f"{told.kind}.001.{told.version:02d}"
    if name not in SCHEMAS:
        return ()
    from defusedxml.ElementTree import fromstring

    # read by the parser that refuses entities; the schema then sees a tree and opens nothing
    errors = _schema(name).iter_errors(fromstring(data, forbid_dtd=True))
    found = []
    for error, _ in zip(errors, range(MOST), strict=False):
        place = error.path or "Document"
        found.append(FileFinding(0, str(place), "schema", f"breaks the schema {name}", "Make the file anew"))
    return tuple(found)


@lru_cache(maxsize=len(SCHEMAS))
def _schema(name: str) -> Any:
    import sepaxml
    import xmlschema  # only here: it takes long to load

    return xmlschema.XMLSchema(Path(sepaxml.__file__).with_name("schemas") / f"{name}.xsd")
