"""The picture of a plan comparison: who pays what, at a glance.

Left: what each offer costs the employer, beside the worst change of an employee's year. Right: an employee's
year by the care that is needed, with every corner of the cost function. matplotlib is imported when it draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benehub.errors import DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg")
COLORS = ("#3b6ea5", "#c2571a", "#4a8c5f", "#8a5a9e", "#b08a1e", "#5b6770", "#a83250", "#2f8f9d")
INK, SOFT, GOOD = "#22272b", "#8b949b", "#e6f2e8"
PLACES = tuple((side * 9, up) for up in (7, -7, 30, -30, 55, -55, 80) for side in (1, -1))
"""Where a name may stand beside its point, nearest first (points of type)."""
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}


@dataclass(frozen=True, slots=True)
class Offer:
    """A point on the left: yearly amounts in minor units; `verdict` is shown below the name."""

    name: str
    employer_minor: int
    worst_minor: int
    verdict: str = ""
    front: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A curve on the right: charges and cost in minor units at every corner."""

    name: str
    points: Sequence[tuple[Fraction, Fraction]]


def draw_plans(
    path: Path, title: str, note: str, offers: Sequence[Offer], lines: Sequence[Line], tier: str, currency: str = "USD"
) -> None:
    """Write the picture to `path`; the first offer is the plan people have.

    Raises:
        DataError: the file is neither .png nor .svg, or cannot be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise DataError("no kind of picture that can be drawn", where=str(path), mend="Name it .png or .svg")
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    unit = SYMBOLS.get(currency, f"{currency} ")
    style: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "benehub",
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "text.parse_math": False,  # a dollar sign is a dollar sign
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(13, 6.2), layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2, width_ratios=(5, 6))
        figure.suptitle(title, x=0.012, ha="left", fontsize=14, fontweight="bold", color=INK)
        names = [offer.name for offer in offers]
        colors = {name: COLORS[number % len(COLORS)] for number, name in enumerate(names)}
        _trade(left, offers, colors, unit)
        _years(right, lines, colors, unit, tier)
        figure.supxlabel(note, x=0.012, ha="left", fontsize=8, color=SOFT)
        _name(figure, left, offers, colors)
        # No date in the file: the same comparison gives the same bytes.
        stamp = {"Date": None} if path.suffix.lower() == ".svg" else {"Software": None}
        try:
            figure.savefig(path, dpi=150, metadata=stamp)
        except OSError as error:
            raise DataError(
                f"cannot be written ({type(error).__name__})", where=str(path), mend="Name a folder that exists"
            ) from None


def _trade(axes: Axes, offers: Sequence[Offer], colors: dict[str, str], unit: str) -> None:
    """Employer cost across, worst change upward: down and to the left is better for both."""
    xs = [offer.employer_minor / 100 for offer in offers]
    ys = [offer.worst_minor / 100 for offer in offers]
    wide, high = max(xs) - min(xs) or abs(max(xs)) or 1, max(ys) - min(ys) or abs(max(ys)) or 1
    axes.set_xlim(min(xs) - 0.22 * wide, max(xs) + 0.22 * wide)
    axes.set_ylim(min(*ys, 0) - 0.2 * high, max(*ys, 0) + 0.24 * high)
    (low_x, _), (low_y, _) = axes.get_xlim(), axes.get_ylim()
    axes.fill_between([low_x, xs[0]], [low_y] * 2, [0] * 2, color=GOOD, lw=0, zorder=0)
    axes.annotate(
        "employer pays less,\nno employee pays more",
        (0.02, 0.02),
        xycoords="axes fraction",
        fontsize=8,
        color="#5f8a68",
    )
    axes.axhline(0, color=SOFT, lw=0.8, zorder=1)
    axes.axvline(xs[0], color=SOFT, lw=0.8, ls=(0, (4, 3)), zorder=1)
    front = sorted((x, y) for x, y, offer in zip(xs, ys, offers, strict=True) if offer.front)
    if len(front) > 1:
        axes.plot(*zip(*front, strict=True), color=SOFT, lw=1, ls=":", zorder=1)
    for x, y, offer in zip(xs, ys, offers, strict=True):
        axes.scatter([x], [y], s=90, color=colors[offer.name], edgecolor="white", linewidth=1.2, zorder=3)
    _dress(axes, "What it costs the employer, and the worst-off employee", unit)
    axes.set_xlabel("employer cost a year")
    axes.set_ylabel("worst change of an employee's year")


def _name(figure: Figure, axes: Axes, offers: Sequence[Offer], colors: dict[str, str]) -> None:
    """Name every point where there is room: the first of the places around it that touches no name or point."""
    from matplotlib.transforms import Bbox

    figure.draw_without_rendering()
    points = [axes.transData.transform((one.employer_minor / 100, one.worst_minor / 100)) for one in offers]
    taken = [Bbox.from_bounds(x - 9, y - 9, 18, 18) for x, y in points]
    inside = axes.get_window_extent()
    for offer, (x, y) in zip(offers, points, strict=True):
        text = f"{offer.name}\n{offer.verdict}" if offer.verdict else offer.name
        label = axes.annotate(text, (x, y), xytext=(0, 0), xycoords="figure pixels", textcoords="offset points")
        label.set(fontsize=9, color=colors[offer.name], fontweight="bold", zorder=4)
        label.set_in_layout(False)
        for across, up in PLACES:
            label.set_position((across, up))
            label.set_horizontalalignment("left" if across >= 0 else "right")
            label.set_verticalalignment("bottom" if up >= 0 else "top")
            box = label.get_window_extent()
            free = not any(box.overlaps(other) for other in taken)
            if free and inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1:
                break
        label.xy = (offer.employer_minor / 100, offer.worst_minor / 100)
        label.xycoords = "data"
        taken.append(label.get_window_extent())


def _years(axes: Axes, lines: Sequence[Line], colors: dict[str, str], unit: str, tier: str) -> None:
    """An employee's year by charges; dots are the corners."""
    for number, line in enumerate(lines):
        xs = [_float(x) for x, _ in line.points]
        ys = [_float(y) for _, y in line.points]
        color = colors.get(line.name, COLORS[number % len(COLORS)])
        # Later lines are thinner: of two that coincide both are seen.
        width = max(1.6, 5.2 - 1.3 * number)
        axes.plot(xs, ys, color=color, lw=width, zorder=3, solid_joinstyle="round", label=line.name)
        axes.scatter(xs[:-1], ys[:-1], s=28, color="white", edgecolor=color, linewidth=1.4, zorder=4)
    axes.margins(x=0)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    if lines:
        axes.legend(frameon=False, loc="lower right", fontsize=9, labelcolor=INK)
    _dress(axes, f"An employee's year by the care that is needed ({tier})", unit)
    axes.set_xlabel("allowed charges in the year, all of one person")
    axes.set_ylabel("contribution + out of pocket − employer's account")


def _dress(axes: Axes, title: str, unit: str) -> None:
    axes.set_title(title, loc="left", fontsize=11, color=INK, pad=10)
    axes.xaxis.set_major_formatter(lambda value, _place: _money(value, unit))
    axes.yaxis.set_major_formatter(lambda value, _place: _money(value, unit))
    axes.grid(color="#e8eaec", lw=0.8, zorder=0)
    axes.tick_params(colors=INK, length=0, labelsize=9)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    for side in axes.spines.values():
        side.set_visible(False)


def _money(value: float, unit: str) -> str:
    sign = "−" if value < 0 else ""
    amount = abs(value)
    if amount >= 1_000_000:
        return f"{sign}{unit}{amount / 1_000_000:,.2f}M"
    return f"{sign}{unit}{amount:,.0f}"


def _float(minor: Fraction) -> float:
    return float(minor / 100)
