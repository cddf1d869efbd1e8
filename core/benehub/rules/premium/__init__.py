"""What a month of cover costs, and who pays which part of it."""

from __future__ import annotations
