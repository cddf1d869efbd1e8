"""The examples of docs/money-files.md run as they stand, in their order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any


def test_the_examples_run(root: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (root / "docs" / "money-files.md").read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 5
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "docs/money-files.md", "exec"), names)
