"""`python -m benehub` is the same as the `benehub` command."""

from __future__ import annotations

from benehub.cli import main

if __name__ == "__main__":
    main()
