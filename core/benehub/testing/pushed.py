"""Promises of what clients push to us: each resource becomes a row, or says in a row why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benehub.connect.connector import Incoming
from benehub.testing.checks import Broken, Ground, promise
from benehub.testing.reading import fits
from benehub.testing.stage import Played
from benehub.testing.watching import secret_words, silent_about

STRANGE: tuple[Any, ...] = (None, "", 7, True, [], [7], {}, {"a": [None]}, "\u0000")
"""What may stand where a client should have written something else."""


def _pushed(played: Played, resource: Mapping[str, Any]) -> Incoming:
    try:
        return played.connector.pushed(resource, played.link.settings, played.link.clock().date())
    except Exception as error:
        what = f"{played.connector.pushes}: a resource ends in {type(error).__name__}"
        raise Broken(what, "Give the row, with `problem`") from error


@promise("push.rows", "what a client pushes becomes a row of the stream's record, under its own id, the same each time")
def _rows(ground: Ground) -> None:
    played = ground.play()
    if not played.stage.pushed:
        raise Broken("the stage pushes nothing", "Give `pushed`: resources as a client writes them")
    for resource in played.stage.pushed:
        row = _pushed(played, resource)
        fits(played.connector.pushes, row)
        if row.problem:
            raise Broken("a whole resource of the stage is a problem", "Mend the translation or the stage")
        if row.key != str(resource["id"]):
            raise Broken("a row has another key than the resource's id", "Use its id: the next push is the same row")
        if _pushed(played, resource) != row:
            raise Broken("the same resource gives two rows", "Take clock and chance from the arguments")


@promise(
    "push.strange", "a resource that lacks something or holds strange values is a row that says so, without values"
)
def _strange(ground: Ground) -> None:
    played = ground.play()
    for resource in played.stage.pushed:
        words = secret_words(played, [resource])
        for changed in _changed(resource):
            row = _pushed(played, changed)
            silent_about(words, [row.problem], "a row's problem")
            if not row.problem:
                fits(played.connector.pushes, row)


def _changed(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The resource with one member taken away or made strange, at the top and one step inside."""
    for name, value in resource.items():
        if name == "id":
            continue
        yield {key: one for key, one in resource.items() if key != name}
        yield from ({**resource, name: strange} for strange in STRANGE)
        if isinstance(value, Mapping):
            for inner in value:
                yield {**resource, name: {key: one for key, one in value.items() if key != inner}}
                yield from ({**resource, name: {**value, inner: strange}} for strange in STRANGE)
