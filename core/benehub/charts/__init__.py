"""Pictures for people: plain numbers in, a PNG or SVG file out. Amounts become floats here and nowhere else."""

from __future__ import annotations

from benehub.charts.plans import Line, Offer, draw_plans

__all__ = ["Line", "Offer", "draw_plans"]
