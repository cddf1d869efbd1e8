"""The points (a) to (i) that every connector is held to, each worked out from its code and the evidence kept with it.

Nothing here is written by hand: whether a point is met follows from what the class declares and from promises that the
kit has kept over this very code. Where it is not, the capabilities or `[lacks]` in the manifest say whose doing that is
and why; a manifest that excuses what is done, or leaves out why something is not, is found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benehub.connect.capabilities import Blocker, Capability
from benehub.connect.connector import Connector
from benehub.errors import ConfigError
from benehub.testing.checks import checks_for
from benehub.testing.evidence import Evidence, digest, proofs, read
from benehub.testing.form import home, manifest

POINTS = {
    "a": "typed settings, credentials, renewal of tokens",
    "b": "whole and incremental reads, an end to every read",
    "c": "writes with one effect, many at once, lock versions",
    "d": "waits, doubt and limits",
    "e": "webhooks",
    "f": "held against what others have published",
    "g": "a vendor with state of its own, which refuses in part",
    "h": "silent about people",
    "i": "says what it can do, and refuses the rest by type",
}
"""Each point in a few words."""

YES = "yes"


@dataclass(frozen=True, slots=True)
class Cell:
    """One part of a point: `word` is `yes`, or who would have to act; `why` the test or the reason."""

    point: str
    part: str
    word: str
    why: str


@dataclass(frozen=True, slots=True)
class _Looked:
    """A connector, and what the kit found of it."""

    connector: type[Connector]
    verdicts: dict[str, str]

    @property
    def calls(self) -> bool:
        return self.connector.client is not Connector.client

    def kept(self, *names: str) -> list[str]:
        """Those of the promises about this connector, or all if none is kept short; empty where one is not kept."""
        about = [one.name for one in checks_for(self.connector) if one.name in names]
        return about if about and all(self.verdicts.get(one) == "kept" for one in about) else []


_Part = tuple[str, str, str, Callable[[_Looked], bool], tuple[str, ...]]
"""Point, name, what it is, whom it concerns, and the promises that show it."""


def _everybody(_: _Looked) -> bool:
    return True


def _reads(one: _Looked) -> bool:
    return bool(one.connector.streams)


def _asked(one: _Looked) -> bool:
    return one.calls and _reads(one)


def _requests(one: _Looked) -> bool:
    return bool(set(one.connector.guards) - one.connector.files_out)


def _box(one: _Looked) -> bool:
    return _reads(one) and not one.calls


_PARTS: tuple[_Part, ...] = (
    ("a", "settings", "typed settings, secrets by reference", _everybody, ("form.settings",)),
    ("a", "credentials", "refused credentials ask a person once", _asked, ("http.401", "write.401")),
    ("a", "renewal", "a token that ends in mid-read is renewed once", _asked, ("http.token-expiry",)),
    ("b", "reads", "each row once, the same again", lambda one: not one.connector.pushes, ("read.rows", "read.replay")),
    ("b", "pushed", "what a client writes becomes a row", lambda one: bool(one.connector.pushes), ("push.rows",)),
    ("b", "incremental", "reads of changes by a cursor", _reads,
     ("read.cursor", "read.resumed", "once.kept")),
    ("b", "pages", "a list that repeats itself ends", _asked, ("http.pages-end",)),
    ("b", "mailbox", "a file is read whole, and counts once", _box, ("box.partly", "box.again", "box.rubbish")),
    ("b", "answers", "an answer to what was sent counts once",
     lambda one: any(check.name == "ack.twice" for check in checks_for(one.connector)), ("ack.twice", "ack.again")),
    ("c", "writes", "a write has one effect, repeated or crashed", _everybody,
     ("write.twice", "write.crash", "file.once", "file.bytes", "file.totals")),
    ("c", "bulk", "several writes in one request", _requests, ("write.together",)),
    ("c", "versions", "a lock version that moved on is looked at again", _requests, ("write.version-conflict",)),
    ("d", "waits", "429 is waited for, 5xx repeated within a budget", _asked, ("http.429", "http.5xx", "write.429")),
    ("d", "doubt", "a write of unknown outcome is not sent blindly", lambda one: bool(one.connector.guards),
     ("write.timeout-after-apply", "write.500-after-apply", "file.once")),
    ("d", "limit", "calls are counted at the vendor's door", lambda one: one.calls, ()),
    ("e", "webhooks", "verified, kept once, and only hints", lambda one: one.calls,
     ("hook.door", "hook.points", "hook.once", "hook.private")),
    ("f", "contract", "a published contract, a server or a reader of others", _everybody, ()),
    ("g", "vendor", "a simulated vendor with state", _everybody, ()),
    ("g", "items", "one item refused within a 2xx", _requests, ("write.item-refused",)),
    ("h", "private", "no SSN and no secret in logs, errors, addresses and names", _everybody,
     ("read.private", "write.private", "file.private", "hook.private", "push.strange")),
    ("i", "capabilities", "capabilities as the code is, and typed refusals", _everybody,
     ("form.capabilities", "form.refusal")),
)  # fmt: skip


def cells(connector: type[Connector]) -> list[Cell]:
    """Every part that concerns a connector, in the order of the points.

    Raises:
        ConfigError: its manifest excuses what is done or what there is not, or says nothing usable.
    """
    found = read(connector)
    looked = _Looked(connector, _verdicts(connector, found))
    lacks = dict(_lacks(connector))
    told = [_cell(looked, part, lacks) for part in _PARTS if part[3](looked)]
    if unused := sorted(set(lacks) - {one.part for one in told if one.word != YES}):
        raise ConfigError(
            f"[lacks] names {', '.join(unused)}, which it does not lack", where=str(home(connector) / "manifest.toml"),
            mend=f"Take it out; the parts are {', '.join(part[1] for part in _PARTS)}",
        )  # fmt: skip
    return told


def _verdicts(connector: type[Connector], found: Evidence | None) -> dict[str, str]:
    return dict(found.verdicts) if found is not None and found.digest == digest(connector) else {}


def _lacks(connector: type[Connector]) -> Iterator[tuple[str, tuple[str, str]]]:
    for part, told in manifest(connector).get("lacks", {}).items():
        by, _, why = str(told).partition(": ")
        if by not in {one.value for one in Blocker} or not why:
            raise ConfigError(
                f"[lacks] {part} does not say whose doing it is", where=str(home(connector) / "manifest.toml"),
                mend='Write it as "vendor: why", with vendor, us, permissions or customer_plan',
            )  # fmt: skip
        yield part, (by, why)


def _cell(one: _Looked, part: _Part, lacks: dict[str, tuple[str, str]]) -> Cell:
    point, name, _, _, promises = part
    shown = _OWN[name](one) if name in _OWN else ", ".join(one.kept(*promises))
    if shown:
        return Cell(point, name, YES, shown)
    if name in lacks:
        return Cell(point, name, *lacks[name])
    if name in ("reads", "writes") and (line := _said(one.connector, name)) is not None:
        return Cell(point, name, line.blocker.value if line.blocker else Blocker.US.value, line.note)
    missing = [check for check in promises if one.verdicts.get(check) not in ("kept", None)]
    return Cell(point, name, Blocker.US.value, f"not shown: {', '.join(missing or promises) or _WANTED[name]}")


def _said(connector: type[Connector], what: str) -> Capability | None:
    """The line of its capabilities that says why it has no reads, or no writes; one that is ours comes first."""
    if connector.streams if what == "reads" else connector.guards:
        return None
    lines = [
        line for line in connector().capabilities()
        if not line.supported and line.operation.startswith("read.") == (what == "reads")
    ]  # fmt: skip
    return min(lines, key=lambda line: line.blocker is not Blocker.US, default=None)


def _limited(one: _Looked) -> str:
    """Empty where no book of limits is asked in its folder, nor by the base class for a figure of its own."""
    asked = _limits_asked("\n".join(file.read_text(encoding="utf-8") for file in home(one.connector).glob("*.py")))
    if not asked and not getattr(one.connector, "calls_a_minute", None):
        return ""
    setting = one.connector.Settings.model_fields.get("calls_a_minute")
    if setting is None:
        by = "as published"
    elif setting.default is not None:
        by = "as the setting calls_a_minute says"
    else:
        by = "where the setting calls_a_minute says one"
        by = f"some calls as published, the others {by}" if "window" in asked else by
    return f"{by}: tests/connectors/test_vendor_limits.py"


def _limits_asked(source: str) -> set[str]:
    """Which ways of asking a book of limits the code uses: `wire` for all calls, `window` for some. One that is made
    and not asked counts nothing."""
    books = re.findall(r"^(\w+) = LimitBook\(\)", source, re.MULTILINE)
    return {how for book in books for how in re.findall(rf"\b{book}\.(wire|window)\(", source)}


def _incremental(one: _Looked) -> str:
    going = [name for name, how in one.connector.streams.items() if how != "full"]
    shown = one.kept("read.cursor", "read.resumed", "once.kept")
    return f"{', '.join(shown)}: {', '.join(going)}" if going and shown else ""


def _answered(one: _Looked) -> str:
    """Answers that are asked for come in no files, so none can come under a second name."""
    again = one.verdicts.get("ack.again")
    shown = one.kept("ack.twice") if again == "not here" else one.kept("ack.twice", "ack.again")
    return ", ".join(shown)


def _judged(one: _Looked) -> str:
    return ", ".join(f"{proof.by}: {proof.test}" for proof in proofs(one.connector) if proof.outside)


def _stateful(one: _Looked) -> str:
    folder = home(one.connector)
    return next((name for name in ("simulator.py", "stage.py") if (folder / name).is_file()), "")


_OWN: dict[str, Callable[[_Looked], str]] = {
    "limit": _limited,
    "incremental": _incremental,
    "answers": _answered,
    "contract": _judged,
    "vendor": _stateful,
}
"""Parts that are seen in the code or in the proofs rather than in promises."""

_WANTED = {"contract": "a [[proof]] in the manifest", "vendor": "simulator.py or stage.py", "limit": "a limit"}
"""What would show such a part."""


def word(told: list[Cell], point: str) -> str:
    """A point in one word: `yes`, `yes, but` where only others stand in the way of a part, or who would have to act."""
    words = [one.word for one in told if one.point == point]
    if not words:
        return "-"
    if Blocker.US.value in words:
        return Blocker.US.value
    if YES not in words:
        return words[0]
    return YES if set(words) == {YES} else "yes, but"
