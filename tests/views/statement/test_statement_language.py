"""Every language says the same things with the same values, and writes numbers as its readers do."""

from __future__ import annotations

import string
from collections.abc import Iterator
from datetime import date
from importlib import resources
from typing import Any

import pytest
import yaml

from benehub.errors import ConfigError
from benehub.views.statement.language import TEXTS, language
from benehub.views.statement.parts import Hours, Line, Money, Section, Word

CODES = sorted(f.name.removesuffix(".yaml") for f in resources.files(TEXTS).iterdir() if f.name.endswith(".yaml"))


def _leaves(part: Any, path: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    if isinstance(part, dict):
        for key, value in part.items():
            yield from _leaves(value, f"{path}.{key}")
    else:
        yield path, frozenset(name for _, name, _, _ in string.Formatter().parse(part) if name)


def test_there_is_english_and_german() -> None:
    assert {"de", "en"} <= set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_every_catalog_has_the_same_sentences_with_the_same_values(code: str) -> None:
    text = resources.files(TEXTS).joinpath("en.yaml").read_text(encoding="utf-8")
    assert dict(_leaves(language(code).catalog)) == dict(_leaves(yaml.safe_load(text)))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("en", "Premium for October 2026: $1,234.50, of which you pay $0.00 and your employer $1,234.50."),
        (
            "de",
            "Beitrag für Oktober 2026: 1.234,50\xa0$, davon zahlen Sie 0,00\xa0$ und Ihr Arbeitgeber 1.234,50\xa0$.",
        ),
    ],
)
def test_money_and_months_are_written_as_the_language_does(code: str, said: str) -> None:
    whole, nothing = Money(123450, "USD"), Money(0, "USD")
    line = Line("premium", {"month": "2026-10", "premium": whole, "own": nothing, "employer": whole})
    assert language(code).line(Section("cover", (line,)), line) == said


def test_days_and_words_are_translated() -> None:
    line = Line("begins", {"benefit": Word("benefit.medical"), "plan": "PPO 2026-x", "day": date(2026, 3, 1)})
    assert (
        language("de").line(Section("coming", (line,)), line)
        == "Krankenversicherung: PPO 2026-x beginnt am 1. März 2026."
    )


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("key", ["own", "opened", "match", "qnec"])
def test_what_was_put_aside_says_its_year(code: str, key: str) -> None:
    line = Line(key, {"amount": Money(123450, "USD"), "year": "2026"})
    assert "2026" in language(code).line(Section("retirement", (line,)), line)


def test_hours_have_two_places() -> None:
    line = Line("balance", {"policy": "PTO", "available": Hours(0)})
    assert language("en").line(Section("leave", (line,)), line) == "PTO: 0.00 hours available."


def test_a_difference_of_a_new_kind_is_still_said() -> None:
    line = Line("difference", {"what": Word("difference.NEVER_SEEN"), "owner": Word("owner.carrier")})
    assert (
        language("en").line(Section("open", (line,)), line).startswith("Something about your benefits is being checked")
    )


def test_an_unknown_language_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="Choose one of de, en"):
        language("xx")


@pytest.mark.parametrize(
    ("code", "service", "told"),
    [("en", "primary", "Primary care"), ("de", "primary", "Hausarzt"), ("de", "acupuncture", "acupuncture")],
)
def test_a_service_is_called_as_people_call_it_and_an_unknown_one_as_the_plan_book_does(
    code: str, service: str, told: str
) -> None:
    line = Line("copay", {"service": Word(f"service.{service}"), "amount": Money(2500, "USD")})
    assert language(code).line(Section("plan", (line,)), line).startswith(f"{told}: ")
