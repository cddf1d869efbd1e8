"""A bank that lies in a folder: it takes our payments, books them, and returns what it is told to.

It never was a real bank. Whether a file is one is judged by whoever is handed in as `judge`, an outside reader in the
tests; our own checks stand in where nobody is. Deterministic: days are handed in, numbers count up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from benehub.connect.files import FolderMailbox
from benehub.formats.nacha import build, codes, file
from benehub.formats.nacha import read as nacha
from benehub.formats.nacha.addenda import Change, Contested, Dishonored, Remittance, Return
from benehub.formats.nacha.entry import Entry
from benehub.formats.nacha.remittance import trace as read_trace
from benehub.formats.sepa import credit_transfer_read
from benehub.formats.sepa.check import check as check_sepa
from benehub.money import format_minor
from benehub.sandbox.mailbox import make_folders, sweep
from benehub_connectors.bank_files.settings import BankSettings, Format

Judge = Callable[[bytes], Sequence[str]]
"""What is wrong with a file; empty when nothing is."""

SPACE = "urn:iso:std:iso:20022:tech:xsd"


@dataclass(frozen=True, slots=True)
class Taken:
    """A payment the bank has taken.

    Args:
        reference: our id of it. `amount`: minor units. `remittance`: the 820 or the text that came along.
        trn: TRN02 in a CCD+ addenda.
        entry, made: the NACHA entry and its file, to answer it.
    """

    reference: str
    amount: int
    remittance: bytes
    trn: str = ""
    entry: Entry | None = None
    made: file.NachaFile | None = None


class BankSimulator:
    """The bank of one connection.

    Args:
        mailbox_root: the folder that our connection's mailbox is.
        settings: the same settings our connection has.
        judge: an outside reader that says what is wrong with a file.
    """

    def __init__(self, mailbox_root: Path, settings: BankSettings, judge: Judge | None = None) -> None:
        make_folders(mailbox_root, settings.inbox, settings.outbox)
        self._root, self._settings, self._judge = mailbox_root, settings, judge or _own_judge
        self._mailbox = FolderMailbox(mailbox_root)
        self._files = 0
        self.taken: list[Taken] = []
        self.refused: list[str] = []
        """Names of files that were no payments; nothing of them was carried out."""

    def collect(self) -> list[str]:
        """Take every new file; the names of the files."""
        return sweep(self._root, self._settings.outbox, self._take)

    def settle(self, day: date, short: int = 0) -> str:
        """A statement that books every payment taken, the last by `short` too little; its name."""
        parts = [_booked(one.reference, one.amount, day) for one in self.taken[:-1]]
        parts += [_booked(one.reference, one.amount - short, day) for one in self.taken[-1:]]
        return self._statement("".join(parts))

    def give_back(self, reason: str, day: date) -> str:
        """The last payment comes back: a NACHA return, or a credit on the statement; the file's name."""
        one = self.taken[-1]
        if one.entry is None:
            return self._statement(_booked(one.reference, one.amount, day, reason))
        back = Return(reason, one.entry.trace, one.entry.bank, self._trace(one.entry))
        return self._answer(one, "CCD" if self._settings.format is Format.CCD else "CTX", back, day)

    def dispute(self, day: date, dishonored: str = "R68", contested: str = "") -> str:
        """What our bank says to the return of the last payment, or with `contested` what the payee's answers."""
        one = self.taken[-1]
        assert one.entry is not None
        bank, back = one.entry.bank, f"{one.entry.bank}{1:07d}"
        ours = f"{one.entry.trace[:8]}{9_000_000 + self._files:07d}"
        word: Dishonored | Contested = Dishonored(dishonored, one.entry.trace, bank, back, "279", "03", ours)
        if contested:
            word = Contested(contested, one.entry.trace, day, bank, "275", back, "279", "03", ours, "280",
                             dishonored[1:], self._trace(one.entry))  # fmt: skip
        return self._answer(one, "CCD" if self._settings.format is Format.CCD else "CTX", word, day)

    def correct(self, reason: str, corrected: str, day: date) -> str:
        """A notification of change about the last payment; the file's name."""
        one = self.taken[-1]
        assert one.entry is not None
        change = Change(reason, one.entry.trace, one.entry.bank, corrected, self._trace(one.entry))
        return self._answer(one, "COR", change, day)

    def report(self, code: str, reason: str = "") -> str:
        """A pain.002 about the last payment; the file's name."""
        why = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else ""
        reference = self.taken[-1].reference
        number = self._next()
        return self._put(
            f"pain002_{number:06d}.xml",
            f'<Document xmlns="{SPACE}:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>BANK{number}</MsgId></GrpHdr>'
            f"<OrgnlGrpInfAndSts><OrgnlMsgId>{reference}</OrgnlMsgId></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts>"
            f"<OrgnlPmtInfId>{reference}</OrgnlPmtInfId><TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId>"
            f"<TxSts>{code}</TxSts>{why}</TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>",
        )

    def _take(self, name: str, data: bytes) -> None:
        if self._judge(data):
            self.refused.append(name)
        elif self._settings.format is Format.SEPA:
            self.taken += [
                Taken(one.reference, one.amount, one.remittance.encode())
                for one in credit_transfer_read.transfers(data)
            ]
        else:
            made = nacha.parse(data)
            self.taken += [_taken(entry, made) for batch in made.batches for entry in batch.entries]

    def _answer(self, one: Taken, entry_class: str, part: Return | Dishonored | Contested | Change, day: date) -> str:
        assert one.entry is not None and one.made is not None
        (batch,) = one.made.batches
        kept = part if isinstance(part, Change) else None
        entry = replace(
            one.entry, transaction=int(f"{one.entry.transaction // 10}{codes.RETURNED}"),
            amount=0 if kept else one.amount, trace=part.trace, addenda=(part,), addenda_flag=1,
            addenda_count=1 if entry_class == "CTX" else 0,
        )  # fmt: skip
        header = replace(
            batch.header, entry_class=entry_class, effective=None, settled=f"{day.timetuple().tm_yday:03d}",
            bank=one.entry.bank,
        )  # fmt: skip
        head = replace(
            one.made.header, created=day, origin=f" {one.entry.routing}", destination=one.made.header.destination
        )
        made = build.whole(head, (build.closed(header, (entry,)),))
        return self._put(f"return_{self._next():06d}.ach", file.render(made).decode("ascii"))

    def _trace(self, entry: Entry) -> str:
        return f"{entry.bank}{self._files + 1:07d}"

    def _statement(self, entries: str) -> str:
        number = self._next()
        return self._put(
            f"camt053_{number:06d}.xml",
            f'<Document xmlns="{SPACE}:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>S{number}</Id>{entries}</Stmt>'
            "</BkToCstmrStmt></Document>",
        )

    def _next(self) -> int:
        self._files += 1
        return self._files

    def _put(self, name: str, text: str) -> str:
        path = f"{self._settings.inbox}/{name}" if self._settings.inbox else name
        self._mailbox.put(path, text.encode())
        return path


def _taken(entry: Entry, made: file.NachaFile) -> Taken:
    texts = [part.text.ljust(80) for part in entry.addenda if isinstance(part, Remittance)]
    sent = "".join(texts).rstrip(" ")
    joined = read_trace(sent) if len(texts) == 1 else None
    return Taken(entry.id, entry.amount, sent.encode(), joined.reference if joined else "", entry, made)


def _booked(reference: str, amount: int, day: date, reason: str = "") -> str:
    sign = "CRDT" if reason else "DBIT"
    why = f"<RtrInf><Rsn><Cd>{reason}</Cd></Rsn></RtrInf>" if reason else ""
    return (
        f'<Ntry><Amt Ccy="EUR">{format_minor(amount, "EUR")}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt><NtryDtls><TxDtls><Refs>"
        f"<EndToEndId>{reference}</EndToEndId></Refs>{why}</TxDtls></NtryDtls></Ntry>"
    )


def _own_judge(data: bytes) -> list[str]:
    found = check_sepa(data) if data.startswith(b"<") else nacha.check(data)
    return [one.code for one in found]
