"""Every connector and everything it may be asked: what it declares works on its own stage, all else is refused by type.

The stage's vendor is looked at after each refusal: nothing may have reached it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.contract.test_in_tree import IN_TREE

from benehub.connect.capabilities import Blocker, require
from benehub.connect.connector import Envelope, Item
from benehub.errors import Unsupported
from benehub.records import OPERATIONS, STREAMS
from benehub.testing.checks import Ground
from benehub.testing.filing import rendered
from benehub.testing.pushing import desk
from benehub.testing.reading import read_all
from benehub.testing.stage import NOW, Played, stage_maker

ASKED = (*OPERATIONS, *(f"read.{stream}" for stream in STREAMS))


ENVELOPE = Envelope(7, NOW, "KIT7", 0, NOW.date().isoformat())


def reads(streams: Iterable[str]) -> list[str]:
    """The operations that read these streams."""
    return [f"read.{stream}" for stream in streams]


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, Any]]:
    """Operation -> what a connector that writes it is given."""
    found: dict[str, Mapping[str, Any]] = {}
    for connector in IN_TREE.values():
        for operation, items in stage_maker(connector)(tmp_path_factory.mktemp("stage")).items.items():
            found.setdefault(operation, items[0])
    return found


def refused(played: Played, asked: str, content: Mapping[str, Any]) -> bool:
    """Whether the connector itself refuses by type, past whoever should have looked at its capabilities."""
    connector, settings = played.connector, played.link.settings
    item = Item(asked, "kit/1", content)
    ways: tuple[Callable[[], object], ...] = (
        lambda: connector.lookup(item, settings) or connector.request(item, None, settings),
        lambda: connector.render(asked, [item], ENVELOPE, settings),
    )
    if asked.startswith("read."):
        ways = (lambda: list(connector.read(asked.removeprefix("read."), played.link, None)),)
    for way in ways:
        with pytest.raises(Unsupported) as caught:
            way()
        if caught.value.blocker not in set(Blocker):
            return False
    return True


@pytest.mark.parametrize("name", sorted(IN_TREE))
def test_what_it_does_not_declare_is_refused_by_type_and_nothing_is_sent(
    name: str, contents: Mapping[str, Mapping[str, Any]], tmp_path: Path
) -> None:
    played = Ground(IN_TREE[name], stage_maker(IN_TREE[name]), tmp_path).play()
    lines, declared = played.connector.capabilities(), {*played.connector.guards, *reads(played.connector.streams)}
    left = [one for one in ASKED if one not in declared]
    assert len(left) == len(ASKED) - len(declared) > 0
    for asked in left:
        assert refused(played, asked, contents.get(asked, {})), asked
        with pytest.raises(Unsupported):
            require(lines, asked)
    assert played.line is None or played.line.log == []


@pytest.mark.parametrize("name", sorted(IN_TREE))
def test_what_it_declares_works_against_its_own_vendor(name: str, tmp_path: Path) -> None:
    connector = IN_TREE[name]
    ground = Ground(connector, stage_maker(connector), tmp_path)
    lines = connector().capabilities()
    for asked in (*connector.guards, *reads(connector.streams)):
        assert require(lines, asked).supported
    for operation in connector.files_out:
        assert rendered(ground.play(), operation)[1].data
    if set(connector.guards) - connector.files_out:
        with desk(ground) as made:
            assert set(made.push(made.items())) == {"sent"}
            assert {one.operation for one in made.items()} == set(connector.guards) - connector.files_out
    if not connector.pushes:
        assert all(one.pages for one in read_all(ground.play()))


def test_somebody_writes_each_operation_and_reads_each_stream() -> None:
    assert {one for connector in IN_TREE.values() for one in connector.guards} == set(OPERATIONS)
    assert {one for connector in IN_TREE.values() for one in connector.streams} == set(STREAMS)
