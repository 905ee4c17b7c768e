"""Faults, for real: kill −9, a full disk, a folder that turns read-only, loaders and compaction at once.

`make faults` runs the long forms too (`-m slow`).
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from coded import coded

from detente.records import CodedDocument
from detente.store import Store
from detente.store.stories import stories, update

HERE = Path(__file__)
BATCH = 4
MANY = 240


def report(number: int, coder: str = "detente test") -> CodedDocument:
    words = " ".join(f"w{number * 7 + i}" for i in range(60))
    event = {"type": "ACCUSE", "actors": ["China"], "recipients": ["Washington"], "trigger": "accused"}
    return coded(f"d{number}", f"China accused Washington of {words}.", "2020-11-05", [event], coder=coder)


LOADER = f"""
import os, sys; sys.path.insert(0, {str(HERE.parent)!r})
from test_faults import BATCH, MANY, report
from detente.errors import StoreError
from detente.store import Store
from detente.store.stories import update
path, what = sys.argv[1:3]
if what == "load as nobody":
    # Root writes where nobody may. All is imported before, as root's own folders cannot be read after.
    Store(path + "-before").add([report(0)])
    os.setgid(65534); os.setuid(65534)
    what = "load"
import deltalake, duckdb, pyarrow.dataset, rensa  # so that what is killed is work, not imports
store = Store(path)
print("begun", flush=True)
try:
    if what == "load":
        store.add(map(report, range(MANY)), batch=BATCH)
    elif what == "replace":
        store.add((report(n, "detente later") for n in range(MANY)), batch=BATCH)
    elif what == "stories":
        update(store, batch=8)
    else:
        store.compact(); store.vacuum(hours=0)
except StoreError as error:
    print(error, file=sys.stderr); raise SystemExit(1)
"""


def start(path: Path, what: str = "load", **more: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", LOADER, str(path), what], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment, **more,  # type: ignore[call-overload]
    )  # fmt: skip


def begun(loader: subprocess.Popen[str]) -> None:
    assert loader.stdout is not None
    assert loader.stdout.readline() == "begun\n"


def line(said: str) -> str:
    """Return the one line of ours; the engine's own thread may say before it that it panicked."""
    assert "Traceback" not in said
    ours = [one for one in said.splitlines() if "the batch was not" in one]
    assert len(ours) == 1, said
    return ours[0]


def whole(path: Path) -> int:
    """Check that what is stored is whole; return how many documents are."""
    store = Store(path)
    if store.version is None:
        return 0
    assert store.verify() == ()
    (row,) = store.query("select count(*) n, count(distinct document) m from documents")
    assert row["n"] == row["m"]
    return int(row["n"])


def storm(path: Path, kills: int) -> None:
    """Kill loads of every kind at random moments; what is there is always whole and never less."""
    dice = random.Random(kills)
    held, alive = 0, 0
    for number in range(kills):
        what = dice.choice(("load", "load", "load", "replace", "stories", "tidy")) if held else "load"
        loader = start(path, what)
        begun(loader)
        time.sleep(dice.uniform(0, 0.3))
        loader.send_signal(signal.SIGKILL)
        loader.communicate()
        alive += loader.returncode == -signal.SIGKILL
        now = whole(path)
        assert now >= held and (now % BATCH == 0), f"kill {number} of {what}"
        held = now
    assert alive > kills / 2
    store = Store(path)
    store.add(map(report, range(MANY)), batch=50)
    assert whole(path) == MANY
    update(store)
    assert set(stories(store)) == {f"d{n}" for n in range(MANY)}


def test_loads_killed_at_random_moments_lose_and_double_nothing(tmp_path: Path) -> None:
    storm(tmp_path / "s", 5)


@pytest.mark.slow
def test_fifty_kills(tmp_path: Path) -> None:
    storm(tmp_path / "s", 50)


@pytest.mark.slow
def test_the_command_killed_at_random_moments(tmp_path: Path) -> None:
    rows = [{"date": "2020-11-05", "text": f"China accused the United States of breaking deal {n}."} for n in range(60)]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)))
    command = [sys.executable, "-m", "detente", "load", str(tmp_path / "s"), str(tmp_path / "in.jsonl"), "--batch", "4"]
    dice = random.Random(7)
    for _ in range(8):
        loader = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0.3, 2.5))
        loader.kill()
        loader.wait()
        assert whole(tmp_path / "s") % 4 == 0
    assert subprocess.run(command, capture_output=True).returncode == 0
    assert whole(tmp_path / "s") == 60


def test_a_file_that_cannot_grow_is_one_line_and_loses_nothing(tmp_path: Path) -> None:
    Store(tmp_path / "s").add(map(report, range(BATCH)))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, 9_000))

    loader = start(tmp_path / "s", preexec_fn=limit)
    _, said = loader.communicate(timeout=60)
    assert loader.returncode == 1
    assert "too large" in line(said)
    assert whole(tmp_path / "s") == BATCH
    Store(tmp_path / "s").add(map(report, range(MANY)), batch=50)
    assert whole(tmp_path / "s") == MANY


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 1 MB."""
    folder = Path(tempfile.mkdtemp(prefix="detente-disk-"))
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True)
    if made.returncode:
        folder.rmdir()
        pytest.skip("mounting a small disk is not allowed here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


@pytest.mark.skipif(shutil.which("mount") is None, reason="there is no mount here")
def test_a_full_disk_is_one_line_and_loses_nothing(small_disk: Path, tmp_path: Path) -> None:
    loader = start(small_disk / "s")
    _, said = loader.communicate(timeout=60)
    assert loader.returncode == 1
    assert "No space left" in line(said)
    held = whole(small_disk / "s")
    assert 0 < held < MANY and held % BATCH == 0
    # With room again (the store moved to a larger disk) the same load goes on.
    shutil.copytree(small_disk / "s", tmp_path / "s")
    Store(tmp_path / "s").add(map(report, range(MANY)), batch=50)
    assert whole(tmp_path / "s") == MANY


def test_a_folder_that_turns_read_only_is_one_line_and_loses_nothing() -> None:
    folder = Path(tempfile.mkdtemp(prefix="detente-locked-"))
    folder.chmod(0o755)
    try:
        what = "load"
        if os.geteuid() == 0:
            what = "load as nobody"
            os.chown(folder, 65534, 65534)
        loader = start(folder / "s", what)
        begun(loader)
        log = folder / "s" / "documents" / "_delta_log"
        while loader.poll() is None and len(list(log.glob("*.json")) if log.exists() else ()) < 4:
            time.sleep(0.005)
        for place in (log, log.parent):
            place.chmod(0o555)
        _, said = loader.communicate(timeout=60)
        assert loader.returncode == 1
        assert "ermission denied" in line(said)
        held = whole(folder / "s")
        assert 0 < held < MANY and held % BATCH == 0
        for place in (log, log.parent):
            place.chmod(0o755)
        _, said = start(folder / "s", what).communicate(timeout=60)
        assert (said, whole(folder / "s")) == ("", MANY)
    finally:
        shutil.rmtree(folder)


def test_readers_see_whole_batches_while_loaders_and_compaction_run(tmp_path: Path) -> None:
    path = tmp_path / "s"
    Store(path).add([report(0)])
    reader = Store(path)
    loaders = [start(path), start(path), start(path, "stories")]
    seen = [1]
    compacted = 0
    while any(loader.poll() is None for loader in loaders):
        (row,) = reader.query("select count(*) n, count(distinct document) m from documents")
        assert row["n"] == row["m"] >= seen[-1]
        seen.append(row["n"])
        if len(seen) % 4 == 0:
            compacted += Store(path).compact()
    assert [(loader.communicate()[1], loader.returncode) for loader in loaders] == [("", 0)] * 3
    assert whole(path) == MANY
    assert len(set(seen)) > 3 and compacted


def test_loaders_and_readers_go_on_while_the_store_is_compacted_and_vacuumed(tmp_path: Path) -> None:
    path = tmp_path / "s"
    Store(path).add([report(0)])
    reader = Store(path)
    loaders = [start(path), start(path, "replace"), start(path)]
    seen, gone = [1], 0
    while any(loader.poll() is None for loader in loaders):
        (row,) = reader.query("select count(*) n, count(distinct document) m from documents")
        assert row["n"] == row["m"] >= seen[-1]
        seen.append(row["n"])
        Store(path).compact()
        gone += Store(path).vacuum(hours=0)
    assert [(loader.communicate()[1], loader.returncode) for loader in loaders] == [("", 0)] * 3
    assert whole(path) == MANY
    assert len(set(seen)) > 3 and gone > 3


def test_vacuum_leaves_what_a_load_has_written_and_not_committed(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    store.add([report(0)])
    fresh, old = (tmp_path / "s" / "documents" / f"part-{name}.parquet" for name in ("fresh", "old"))
    for stray in (fresh, old):
        stray.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    assert store.vacuum(hours=0) == 1
    assert fresh.exists() and not old.exists()
