"""What is installed, whether the model is whole, whether a store is sound, and a smoke run of the whole way."""

from __future__ import annotations

import datetime as dt
import hashlib
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from typing import Final

from detente.errors import DetenteError
from detente.measure.level import level
from detente.measure.series import relation
from detente.records import Document
from detente.store.store import Store

PACKAGES: Final = (
    "numpy", "onnxruntime", "tokenizers", "pyarrow", "deltalake", "duckdb", "rensa", "typer", "rich", "plotext", "trafilatura",
    "feedparser", "warcio", "starlette", "uvicorn", "jinja2",
)  # fmt: skip
"""Packages that detente needs at run time."""

SMOKE: Final = "China expelled three American diplomats on Friday, and Washington condemned the move."


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what, whether it is well, and what was found."""

    name: str
    good: bool
    found: str


def examine(store: str | None = None) -> Iterator[Check]:
    """Look at the installation, and at a store where one is given; yield each finding as it is made.

    Args:
        store: the store's path or address.
    """
    yield Check("detente", True, metadata.version("detente"))
    yield Check(
        "python",
        sys.version_info >= (3, 11),
        f"{platform.python_version()} on {platform.system()} {platform.machine()}",
    )
    missing, versions = [], []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    yield Check("packages", not missing, f"missing: {', '.join(missing)}" if missing else ", ".join(versions))
    yield _model()
    yield _smoke()
    if store is not None:
        yield from _store(store)


def _model() -> Check:
    from detente.code.coder import bundled_manifest

    try:
        manifest = bundled_manifest()
    except DetenteError as error:
        return Check("model", False, str(error))
    folder = resources.files("detente").joinpath("model")
    for name, wanted in sorted(manifest.get("files", {}).items()):
        file = folder.joinpath(name)
        if not file.is_file():
            return Check("model", False, f"{name} is missing; install detente anew")
        if hashlib.sha256(file.read_bytes()).hexdigest() != wanted:
            return Check("model", False, f"{name} is not the file that its manifest names; install detente anew")
    first = next(iter(manifest.get("files", {}).values()), "")
    return Check("model", bool(first), f"{manifest.get('name')} {manifest.get('version')}, sha256 {first[:16]}…")


def _smoke() -> Check:
    from detente.code.coder import Coder

    start = time.perf_counter()
    try:
        coded = Coder().code(Document("doctor", SMOKE, dt.date(2020, 7, 24)))
        with tempfile.TemporaryDirectory() as folder:
            target = Store(Path(folder) / "store")
            target.add([coded])
            found = relation(target, "CHN", "USA", by="month")
            level(found)
            told = len(found.happenings)
    except DetenteError as error:
        return Check("smoke run", False, str(error))
    spent = time.perf_counter() - start
    return Check(
        "smoke run", bool(coded.events) and told > 0,
        f"one sentence gave {len(coded.events)} events and {told} happenings, coded, stored and measured in {spent:.1f} s",
    )  # fmt: skip


def _store(path: str) -> Iterator[Check]:
    try:
        target = Store(path)
        if target.version is None:
            yield Check("store", False, f"{path}: holds no store; `detente load {path} FILE…` makes one")
            return
        row = target.sql(
            "SELECT count(*) AS documents, coalesce(sum(len(events)), 0) AS events, min(date) AS first, max(date) AS last,"
            " count(DISTINCT coder) AS coders FROM records"
        ).to_pylist()[0]
        span = f", {row['first']} to {row['last']}" if row["first"] else ""
        yield Check(
            "store", True,
            f"{path}: version {target.version}, {row['documents']} reports, {int(row['events'])} events{span}, coded by {row['coders']} coder(s)",
        )  # fmt: skip
        faults = target.verify()
        told = (
            f"{faults[0]}" + (f" and {len(faults) - 1} more" if len(faults) > 1 else "")
            if faults
            else "every record is whole"
        )
        yield Check("records", not faults, told)
    except DetenteError as error:
        yield Check("store", False, str(error))
