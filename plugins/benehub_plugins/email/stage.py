"""The stage on which the contract kit proves the connector: a folder in the mail server's place, and one report."""

from __future__ import annotations

from pathlib import Path

from benehub.connect.files import FolderMailbox
from benehub.testing import Stage

REPORT = """\
From: postmaster@acme.example
To: benefits@acme.example
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=cut

--cut
Content-Type: text/plain

Your message could not be delivered.
--cut
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.acme.example

Final-Recipient: rfc822; ann@home.example
Action: failed
Status: 5.1.1
--cut
Content-Type: text/rfc822-headers

Message-ID: <benehub-notice-7@acme.example>
--cut--
"""


def stage(folder: Path) -> Stage:
    """Notices out into a folder, one bounce in."""
    (folder / "in").mkdir()

    def deliver() -> None:
        (folder / "in" / "bounce.eml").write_text(REPORT, encoding="ascii")

    letter = {"email": "ann@home.example", "kind": "eligible_soon", "language": "en", "reference": "obl_1"}
    settings = {
        "host": "localhost", "security": "none", "port": 2525, "sender": "benefits@acme.example",
        "link": "https://benefits.acme.example/notices", "inbox": "in", "reports": {"folder": str(folder)},
    }  # fmt: skip
    return Stage(settings, items={"notice.send": [letter]}, deliver=deliver, mailbox=FolderMailbox(folder))
