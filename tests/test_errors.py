"""Errors: one tree, messages that name place and mend, and a way through the job engine."""

from __future__ import annotations

import copy
import pickle

import pytest

from benehub import errors
from benehub.errors import BenehubError

ALL = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BenehubError)]


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("again", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_every_error_comes_back_as_itself(kind: type[BenehubError], again: object) -> None:
    extra = {
        "RateLimited": {"retry_after": 7},
        "Unsupported": {"blocker": "us"},
        "FormatError": {"position": 3},
    }
    error = kind("it is wrong", where="here", mend="Mend it", **extra.get(kind.__name__, {}))
    back = again(error)  # type: ignore[operator]  # a function that gives an error
    assert type(back) is kind
    assert vars(back) == vars(error)
    assert (str(back), back.args) == ("here: it is wrong. Mend it", error.args)


def test_the_message_leaves_out_what_is_not_said() -> None:
    assert str(BenehubError("it is wrong")) == "it is wrong"
    assert str(BenehubError("it is wrong", mend="Mend it")) == "it is wrong. Mend it"


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind is not BenehubError])
def test_every_error_says_what_happens_next(kind: type[BenehubError]) -> None:
    families = (
        errors.FatalError, errors.RetriableError, errors.IgnorableError, errors.DataError,
        errors.NeedsPersonError,
    )  # fmt: skip
    assert sum(issubclass(kind, family) for family in families) == 1


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    for kind in ALL:
        assert kind.__name__ in str(errors.__doc__)
        assert kind.__doc__
