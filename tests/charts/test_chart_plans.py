"""The picture is drawn without a screen, the same bytes each time, and says which file it cannot write."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from benehub.charts import Line, Offer, draw_plans
from benehub.errors import DataError

OFFERS = [
    Offer("PPO $1,000", 28_800_00, 0, "the plan people have"),
    Offer("HSA", 26_000_00, -500_00, "qualifies", front=True),
    Offer("Bronze", 20_000_00, 9_000_00, "does not qualify", front=True),
]
LINES = [
    Line("PPO $1,000", [(Fraction(0), Fraction(1_000_00)), (Fraction(5_000_00), Fraction(4_000_00))]),
    Line("HSA", [(Fraction(0), Fraction(-200_00)), (Fraction(5_000_00), Fraction(3_000_00))]),
]


def draw(path: Path) -> bytes:
    draw_plans(path, "Plans", "An estimate.", OFFERS, LINES, "EE")
    return path.read_bytes()


def test_an_svg_names_every_offer_and_is_the_same_each_time(tmp_path: Path) -> None:
    first, again = draw(tmp_path / "one.svg"), draw(tmp_path / "two.svg")
    assert first == again
    text = first.decode()
    for said in ("PPO $1,000", "HSA", "Bronze", "does not qualify", "An estimate.", "(EE)"):
        assert said in text
    assert "<dc:date>" not in text


def test_a_png_is_a_png_of_readable_size(tmp_path: Path) -> None:
    found = draw(tmp_path / "one.png")
    assert found.startswith(b"\x89PNG")
    width, height = int.from_bytes(found[16:20]), int.from_bytes(found[20:24])
    assert (width, height) == (1950, 930)


def test_one_offer_alone_and_no_line_are_drawn_too(tmp_path: Path) -> None:
    draw_plans(tmp_path / "one.png", "Plans", "", [Offer("A", 0, 0)], [], "EE", "EUR")
    assert (tmp_path / "one.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("name", "said"), [("a.gif", r"name it \.png or \.svg"), ("no/where.png", "cannot be written")]
)
def test_a_file_that_cannot_be_drawn_is_named(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(DataError, match=f"(?i){said}"):
        draw_plans(tmp_path / name, "Plans", "", OFFERS, LINES, "EE")


def test_matplotlib_is_not_loaded_before_something_is_drawn() -> None:
    code = "import sys, benehub.charts, benehub.cli; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
