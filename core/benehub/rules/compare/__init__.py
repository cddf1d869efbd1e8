"""Comparing plans: what a member pays, what a plan is worth, and whether another one costs less for as much."""

from __future__ import annotations
