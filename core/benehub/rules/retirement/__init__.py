"""Deferral, match, true-up, and by when the money has to be with the recordkeeper."""

from __future__ import annotations
