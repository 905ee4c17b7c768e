"""Rooms know only what lies to their left: a walk over the imports."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import detente

ROOT = Path(str(detente.__path__[0]))
ORDER = ("read", "code", "store", "measure", "show")
"""From bytes to eyes; `gazetteer` lies beside `code`."""
MAY = {
    "read": {"read"},
    "gazetteer": {"gazetteer"},
    "code": {"read", "gazetteer", "code"},
    "store": {"read", "store"},
    "measure": {"store", "measure"},
    "show": {"read", "code", "gazetteer", "store", "measure", "show"},
}
COMMON = {"records", "plover", "errors"}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "detente":
            found.add(node.module.removeprefix("detente").lstrip(".").split(".")[0])
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("detente.")}
    return found - {""}


@pytest.mark.parametrize("room", sorted(MAY))
def test_a_room_imports_only_from_its_left(room: str) -> None:
    allowed = MAY[room] | COMMON | ({"highlight"} if room == "show" else set())
    for path in sorted((ROOT / room).rglob("*.py")):
        assert imports(path) <= allowed, f"{path.name} imports {imports(path) - allowed}"


def test_no_training_package_at_run_time() -> None:
    for path in ROOT.rglob("*.py"):
        words = path.read_text("utf-8")
        assert "import torch" not in words and "import pickle" not in words, path
