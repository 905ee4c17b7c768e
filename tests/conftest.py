"""Fixtures for all rooms."""

from __future__ import annotations

from pathlib import Path

import pytest

from detente import Coder


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real reports and evaluation sets beside the checkout; tests that need it are skipped without it."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("needs ../shared, which is not here")
    return folder


@pytest.fixture(scope="session")
def coder() -> Coder:
    """The coder with the bundled model, loaded once."""
    return Coder()
