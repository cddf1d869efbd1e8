"""Which part of the employee's share each pay date takes."""

from __future__ import annotations
