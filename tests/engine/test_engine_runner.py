"""Flows that outlive their process: what is finished is not done again, what is asked twice is one job."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests import forks

from benehub.crypto import Vault
from benehub.engine import Engine, Flow, Steps
from benehub.errors import ConfigError, ConflictError, DataError, RateLimited
from benehub.store import open_store

# One process of a story: each step notes that it ran; the second one dies by kill -9 while it is told to.
PROCESS = """
import os, signal, sys
from pathlib import Path
from benehub.crypto import Vault
from benehub.engine import Engine, Flow
from benehub.store import open_store

url, folder, doing = sys.argv[1], Path(sys.argv[2]), sys.argv[3]

def note(name):
    with (folder / "ran").open("a") as file:
        file.write(name + "\\n")
    return name

def second():
    note("second")
    if doing == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    return "second"

def story(steps, word):
    return [steps.step("first", note, "first"), steps.step("second", second),
            steps.step("third", note, "third"), word]

engine = Engine(open_store(url, Vault({"k1": b"k" * 32})), {"story": Flow("story", story)})
engine.start()
print("result", engine.run("story", "november", "told first" if doing == "die" else "told later"))
engine.stop()
"""


def test_a_killed_flow_goes_on_where_it_was(db_url: str, tmp_path: Path) -> None:
    killed = forks.run(PROCESS, db_url, tmp_path, "die")
    assert killed.code == -signal.SIGKILL, killed.stderr
    assert (tmp_path / "ran").read_text().split() == ["first", "second"]
    again = forks.run(PROCESS, db_url, tmp_path, "live")
    assert again.code == 0, again.stderr
    # The step in flight ran again, the finished one did not, and the arguments are the first ones.
    assert (tmp_path / "ran").read_text().split() == ["first", "second", "second", "third"]
    assert again.stdout.strip() == "result ['first', 'second', 'third', 'told first']"


Ran = list[str]


@pytest.fixture
def ran() -> Ran:
    """What the flows did."""
    return []


@pytest.fixture
def engine(db_url: str, ran: Ran) -> Iterator[Engine]:
    """An engine with a flow that works and flows that raise."""

    def note(text: str) -> str:
        ran.append(text)
        return text

    def fail(error: Exception) -> None:
        ran.append("tried")
        raise error

    def works(steps: Steps, text: str) -> str:
        return steps.step("note", note, text)

    def fails(steps: Steps, kind: str) -> Any:
        errors: dict[str, Exception] = {
            "limited": RateLimited("too fast", where="payroll", mend="Wait", retry_after=30),
            "data": DataError("not a date", where="row 7"),
            "stranger": KeyError("x"),
        }
        return steps.step("fail", fail, errors[kind])

    def outside(_steps: Steps) -> Any:
        raise ConflictError("other content", where="ledger")

    def catches(steps: Steps) -> str:
        try:
            steps.step("fail", fail, DataError("not a date", where="row 7"))
        except DataError as error:
            return f"passed over {error.where}"
        return ""

    flows = {f.__name__: Flow(f.__name__, f) for f in (works, fails, outside, catches)}
    store = open_store(db_url, Vault({"k1": b"k" * 32}))
    one = Engine(store, flows)
    one.start()
    yield one
    one.stop()
    store.close()


def test_the_same_key_gives_the_first_result(engine: Engine, ran: Ran) -> None:
    assert engine.run("works", "k", "first") == "first"
    assert engine.run("works", "k", "second") == "first"
    assert engine.run("works", "other key", "third") == "third"
    assert ran == ["first", "third"]


def test_what_a_flow_raises_comes_back_as_itself(engine: Engine, ran: Ran) -> None:
    for _ in range(2):  # the second time from the engine's own store
        with pytest.raises(RateLimited) as caught:
            engine.run("fails", "k", "limited")
        error = caught.value
        assert (error.what, error.where, error.mend, error.retry_after) == ("too fast", "payroll", "Wait", 30)
        with pytest.raises(DataError, match="row 7: not a date"):
            engine.run("fails", "k2", "data")
        with pytest.raises(ConflictError, match="ledger: other content"):
            engine.run("outside", "k3")
        with pytest.raises(KeyError):
            engine.run("fails", "k4", "stranger")
    assert ran == ["tried"] * 3


def test_a_flow_may_catch_what_its_step_raised(engine: Engine) -> None:
    assert engine.run("catches", "k") == "passed over row 7"


def test_what_does_not_exist_is_named(engine: Engine) -> None:
    with pytest.raises(ConfigError, match="no flow 'nothing'"):
        engine.run("nothing", "k")


def test_starting_and_stopping_twice_is_harmless(engine: Engine) -> None:
    engine.start()
    assert engine.run("works", "k", "x") == "x"
    engine.stop()
    engine.stop()
    with pytest.raises(ConfigError, match="not started"):
        engine.run("works", "k", "x")
    engine.start()
    assert engine.run("works", "k", "y") == "x"
