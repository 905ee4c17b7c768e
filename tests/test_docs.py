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


def test_the_figures_of_the_readme_are_those_of_the_pages_that_commands_write() -> None:
    card = (ROOT / "docs" / "model-card.md").read_text("utf-8")
    figures = dict(re.findall(r"^\| ([^|]+?) \| (\d\.\d{3}) \|", card, re.MULTILINE))
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    for words, name in (
        ("right type F1", "events, type right, micro F1"),
        ("found events right in", "status accuracy"),
        ("speaker and content F1", "statements F1"),
        ("content tokens F1", "PolNeAR content tokens F1"),
    ):
        told = re.search(rf"{words} (\d\.\d\d)", readme)
        assert told and told[1] == f"{float(figures[name]):.2f}", (words, figures[name])
    validation = (ROOT / "docs" / "validation.md").read_text("utf-8")
    row = re.search(r"\| chronology \| \d+ \| \d+ \| (\d+) \| (\d+) \| [\d.]+ \| 0\.(\d\d) \|", validation)
    assert row and f"{row[2]} of {row[1]} episodes" in readme and f"{row[3]} % by chance" in readme
