"""Documents say what is there: the command line's page is current, and every link leads somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "train" / "guidelines.md", ROOT / "train" / "corpus" / "README.md", *(ROOT / "docs").glob("*.md")])


def test_the_page_of_the_command_line_is_what_help_says() -> None:
    command = [sys.executable, "-m", "typer", "detente.cli", "utils", "docs", "--name", "detente"]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert (ROOT / "docs" / "cli.md").read_text("utf-8").strip() == made.strip(), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"
