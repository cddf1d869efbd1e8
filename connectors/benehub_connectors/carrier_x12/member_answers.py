"""A carrier's own report as answers to files of ours: an error refuses the member, a warning is kept and told."""

from __future__ import annotations

import hashlib
import re

from benehub.connect.connector import Incoming, Link
from benehub.connect.reports import ReportFormat, ReportLine
from benehub.errors import ConfigError, DataError, FileRefused
from benehub.records import AckLevel, Acknowledgement, AckStatus, CarrierReport, Severity
from benehub_connectors.carrier_x12.settings import PartnerSettings
from benehub_connectors.files.inbox import Mail

STATUS = {
    Severity.ERROR: AckStatus.REJECTED,
    Severity.WARNING: AckStatus.ACCEPTED_WITH_ERRORS,
    Severity.INFO: AckStatus.ACCEPTED,
}
MAX_MEMBER, MAX_CODE = 128, 40
SUMMARY = "report"
"""Code of the row that says how the whole file fared; the only word on it from a carrier that sends no 999."""


def read_reports(mail: Mail, settings: PartnerSettings, link: Link) -> list[Incoming]:
    """The answers in one report.

    Raises:
        ConfigError: the profile names a layout that no package brings.
        FormatError, FileRefused: the file is none of that layout.
    """
    layout = _layout(settings, link)
    digest = hashlib.sha256(mail.name.rpartition("/")[2].encode()).hexdigest()[:16]
    rows: list[Incoming] = []
    counts: dict[str, list[int]] = {}
    for one in _lines(layout, mail, settings.receiver):
        key = f"member/{digest}/{one.row}"
        try:
            if one.report is None:
                raise one.error or DataError("no record")
            found = _answer(one.report, settings)
        except DataError as error:
            rows.append(Incoming(key, {}, {}, f"line {one.row}: {error}", one.row))
            continue
        tally = counts.setdefault(found.control, [0, 0])
        tally[0] += found.status is AckStatus.REJECTED
        tally[1] += found.status is AckStatus.ACCEPTED_WITH_ERRORS
        rows.append(Incoming(key, found.model_dump(mode="json"), row=one.row))
    last = rows[-1].row if rows else 0
    for number, (control, (errors, warnings)) in enumerate(counts.items(), 1):
        whole = Acknowledgement(
            level=AckLevel.MEMBER,
            control=control,
            status=AckStatus.ACCEPTED_WITH_ERRORS if errors or warnings else AckStatus.ACCEPTED,
            code=SUMMARY,
            text=f"{errors} errors, {warnings} warnings",
        )
        rows.append(Incoming(f"member/{digest}/file {control}", whole.model_dump(mode="json"), row=last + number))
    return rows


def _lines(layout: ReportFormat, mail: Mail, partner: str) -> list[ReportLine]:
    """All lines of a report; a parser may be a stranger's, and what it raises must not stop the run."""
    try:
        return list(layout.parse(mail.data, partner))
    except DataError:
        raise
    except Exception as error:
        raise FileRefused(
            f"the parser of report {layout.name!r} failed ({type(error).__name__})",
            mend="Mend the plugin that brings it, then read the file again",
        ) from error


def _layout(settings: PartnerSettings, link: Link) -> ReportFormat:
    found = link.reports.get(settings.report)
    if found is None:
        raise ConfigError(
            f"no carrier report is named {settings.report!r}",
            where=f"connection {link.connection}, report",
            mend=f"There are: {', '.join(sorted(link.reports)) or 'none'}",
        )
    return found


def _answer(report: CarrierReport, settings: PartnerSettings) -> Acknowledgement:
    if len(report.member_key) > MAX_MEMBER:
        raise DataError("the report names a member by no id of ours", mend="Ask the carrier for REF*23")
    place = f"line {report.line}: " if report.line else ""
    return Acknowledgement(
        level=AckLevel.MEMBER,
        control=control_of(report.file_ref, settings),
        status=STATUS[report.severity],
        member=report.member_key,
        code=report.code[:MAX_CODE],
        text=f"{place}{report.text}",
    )


def control_of(file_ref: str, settings: PartnerSettings) -> str:
    """The control number of the file of ours that a report names; empty where it names none.

    Raises:
        DataError: it names something that is neither a control number nor a file name of ours.
    """
    name = file_ref.replace("\\", "/").rpartition("/")[2].strip()
    name = re.sub(r"\.(pgp|gpg|asc)$", "", name, flags=re.IGNORECASE)
    if not name:
        return ""
    if name.isascii() and name.isdecimal() and len(name) < 10:
        return str(int(name))
    for pattern in (settings.names.enrollment, settings.names.premium):
        match = re.fullmatch(_as_regex(pattern, settings), name, re.IGNORECASE)
        if match and "control" in match.groupdict():
            return str(int(match["control"]))
    raise DataError(
        "the report names a file that is none of ours",
        mend="Ask the carrier to name our control number or file name; check `names` in the profile",
    )


def _as_regex(pattern: str, settings: PartnerSettings) -> str:
    groups = sorted({settings.group, *settings.groups().values()})
    parts = {
        "{group}": f"(?:{'|'.join(map(re.escape, groups))})", "{control}": "(?P<control>[0-9]{9})",
        "{date}": "[0-9]{8}", "{time}": "[0-9]{6}", "{usage}": "[TP]",
    }  # fmt: skip
    seen: set[str] = set()

    def filled(match: re.Match[str]) -> str:
        part = match[0]
        if part in seen and part == "{control}":
            return "[0-9]{9}"
        seen.add(part)
        return parts.get(part, re.escape(part))

    return re.sub(r"\{[a-z]+\}|[^{]+|\{", filled, pattern)
