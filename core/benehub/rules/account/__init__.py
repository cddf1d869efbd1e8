"""Tax-favoured spending accounts: what may go in, and what is carried over."""

from __future__ import annotations
