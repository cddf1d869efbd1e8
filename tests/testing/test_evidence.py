"""Tiers come from dated evidence over the code as it is; other code, missing promises and our own word earn nothing."""

from __future__ import annotations

import importlib
from datetime import date
from pathlib import Path

import pytest

from benehub import plugins
from benehub.connect.connector import Connector, Kind
from benehub.connections import connectors
from benehub.errors import ConfigError
from benehub.testing import Outcome, Verdict, evidence, points, run, scaffold, tiers
from benehub.testing.checks import checks_for
from benehub.testing.form import home

TODAY = date(2026, 11, 25)
IN_TREE = connectors(plugins.build(load_strangers=False))


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[Connector]:
    """A connector just begun, in a folder of its own."""
    name = f"acme_{tmp_path.name.replace('-', '_').lower()[-30:]}"
    scaffold.write(name, Kind.HRIS, tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module(name)
    return next(one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Connector))


def outcomes(connector: type[Connector], broken: str = "") -> list[Outcome]:
    """As if the kit had been run."""
    return [
        Outcome(one.name, one.proves, Verdict.BROKEN if one.name == broken else Verdict.KEPT)
        for one in checks_for(connector)
    ]


def say(connector: type[Connector], text: str) -> None:
    """Add to the manifest."""
    file = home(connector) / "manifest.toml"
    file.write_text(file.read_text() + text)


PROOF = '\n[[proof]]\nwhat = "reads"\nby = "{}"\nagainst = "x"\ntest = "tests"\non = 2026-11-01\n'


def test_a_tier_is_earned_step_by_step(acme: type[Connector]) -> None:
    assert tiers.tier(acme) is tiers.Tier.NONE
    evidence.write(acme, outcomes(acme, "http.429"), TODAY)
    assert tiers.tier(acme) is tiers.Tier.BRONZE
    say(acme, '\n[refereed]\nreads = "nobody"\n')
    evidence.write(acme, list(run(acme)), TODAY)
    assert tiers.tier(acme) is tiers.Tier.SILVER
    say(acme, '\n[playbook]\nread = "look"\n' + PROOF.format("spec"))
    evidence.write(acme, list(run(acme)), TODAY)
    assert tiers.tier(acme) is tiers.Tier.GOLD
    say(acme, PROOF.format("server"))
    evidence.write(acme, list(run(acme)), TODAY)
    assert tiers.tier(acme) is tiers.Tier.PLATINUM


def test_evidence_of_other_code_counts_for_nothing(acme: type[Connector]) -> None:
    evidence.write(acme, outcomes(acme), TODAY)
    assert tiers.dated(acme) == TODAY
    (home(acme) / "samples" / "more.json").write_text("{}")
    assert tiers.dated(acme) is None
    assert tiers.tier(acme) is tiers.Tier.NONE


def test_our_own_simulator_is_no_judge(acme: type[Connector]) -> None:
    say(acme, '\n[refereed]\nreads = "x"\n[playbook]\nread = "look"\n' + PROOF.format("simulator"))
    evidence.write(acme, outcomes(acme), TODAY)
    assert tiers.tier(acme) is tiers.Tier.SILVER


def test_an_old_proof_says_little_of_today(acme: type[Connector]) -> None:
    say(acme, '\n[refereed]\nreads = "x"\n[playbook]\nread = "look"\n' + PROOF.format("spec").replace("2026", "2021"))
    evidence.write(acme, outcomes(acme), TODAY)
    assert tiers.tier(acme) is tiers.Tier.SILVER


def test_the_same_finding_is_not_dated_anew(acme: type[Connector]) -> None:
    evidence.write(acme, outcomes(acme), TODAY)
    evidence.write(acme, outcomes(acme), date(2027, 1, 1))
    assert tiers.dated(acme) == TODAY


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('\n[[proof]]\nwhat = "x"\n', "no by"),
        (PROOF.format("hearsay"), "not usable"),
        (PROOF.format("spec").replace("on = 2026-11-01", 'on = "soon"'), "not usable"),
    ],
)
def test_a_proof_is_whole(acme: type[Connector], text: str, told: str) -> None:
    say(acme, text)
    with pytest.raises(ConfigError, match=told):
        evidence.proofs(acme)


def test_rubbish_is_no_evidence(acme: type[Connector]) -> None:
    (home(acme) / evidence.FILE).write_text("on = 2026-11-25\n")
    with pytest.raises(ConfigError, match="no evidence"):
        tiers.tier(acme)


@pytest.mark.parametrize("name", sorted(IN_TREE))
def test_evidence_in_the_tree_is_of_this_code(name: str, root: Path) -> None:
    connector = IN_TREE[name]
    assert tiers.dated(connector), f"the code has changed: run `benehub connector check {name} --write`"
    assert tiers.tier(connector) is not tiers.Tier.NONE
    for proof in evidence.proofs(connector):
        assert (root / proof.test).exists(), proof.test


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = ", "the manifest cannot be read: Invalid value"),
        ('refereed = "x"', "`refereed` is no table. Write it as [refereed]"),
        ('proof = ["x"]', "`proof` is no table. Write it as [[proof]]"),
        ('[lacks]\nrenewal = "x"', 'renewal does not say whose doing it is. Write it as "vendor: why"'),
        ('[lacks]\nmoon = "us: x"', "[lacks] names moon, which it does not lack"),
        ('[lacks]\nsettings = "us: x"', "[lacks] names settings, which it does not lack"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_told_with_place_and_mend(
    acme: type[Connector], text: str, told: str
) -> None:
    evidence.write(acme, outcomes(acme), TODAY)
    say(acme, f"\n{text}\n")
    if "settings" in text:
        evidence.write(acme, outcomes(acme), TODAY)
    with pytest.raises(ConfigError) as caught:
        points.cells(acme)
    assert told in str(caught.value) and "manifest.toml" in str(caught.value)


def test_points_are_met_by_promises_or_name_whose_doing_it_is(acme: type[Connector]) -> None:
    def words() -> dict[str, tuple[str, str]]:
        return {one.part: (one.word, one.why) for one in points.cells(acme)}

    assert words()["reads"] == ("us", "not shown: read.rows, read.replay")  # no evidence yet
    say(acme, '\n[lacks]\ncontract = "vendor: it publishes none"\n')
    evidence.write(acme, outcomes(acme, "http.429"), TODAY)
    told = words()
    assert told["reads"] == ("yes", "read.rows, read.replay")
    assert told["waits"] == ("us", "not shown: http.429")
    assert told["contract"] == ("vendor", "it publishes none")
    assert (points.word(points.cells(acme), "d"), points.word(points.cells(acme), "f")) == ("us", "vendor")


def test_a_limit_is_met_only_where_calls_are_counted(acme: type[Connector], monkeypatch: pytest.MonkeyPatch) -> None:
    def limit() -> str:
        return next(one.word for one in points.cells(acme) if one.part == "limit")

    assert limit() == "yes"
    monkeypatch.setattr(acme, "calls_a_minute", 0)
    assert limit() == "us"
    book = "from benehub.connect.limits import LimitBook\n\n_BOOK = LimitBook()\n"
    (home(acme) / "account.py").write_text(book)
    assert limit() == "us", "one that nobody asks counts nothing"
    (home(acme) / "account.py").write_text(f"{book}_BOOK.wire(wiring, 'acme', 'a', None)\n")
    assert limit() == "yes"


def test_evidence_that_cannot_be_read_is_written_anew(acme: type[Connector]) -> None:
    (home(acme) / evidence.FILE).write_text("rubbish")
    with pytest.raises(ConfigError, match="--write"):
        evidence.read(acme)
    evidence.write(acme, outcomes(acme), TODAY)
    assert evidence.read(acme) is not None


def test_every_connector_of_the_tree_has_its_points() -> None:
    """What is not met is somebody else's doing: nothing is left to us in silence."""
    for name, one in IN_TREE.items():
        assert [cell for cell in points.cells(one) if cell.word == "us"] == [], name
