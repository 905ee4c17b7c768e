"""Coding on a real local Ray: the bytes of the single process, shards resumed, a killed worker's shard repeated."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from detente import Coder, Store, documents, scale
from detente.errors import DetenteError, MissingExtraError, OptionError
from detente.records import Fault, Options
from detente.show.export import write_jsonl

WORDS = ("accused", "praised", "met", "threatened", "sanctioned")


def lines(file: int, count: int) -> str:
    rows = [
        {
            "id": f"r{file}-{n}", "date": "2020-11-05",
            "text": f"China {WORDS[(file + n) % 5]} Japan over deal {n} on Wednesday. Tokyo said it would answer in {n + 2} days.",
        }
        for n in range(count)
    ]  # fmt: skip
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray = pytest.importorskip("ray", reason="needs the extra ray")
    pytest.importorskip("ray.data", reason="needs the extra ray")
    ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    for file in range(5):
        (made / f"{file}.jsonl").write_text(lines(file, 6))
    (made / "1.jsonl").write_text(lines(1, 3) + "{broken\n" + lines(1, 5))
    return made


def single(coder: Coder, folder: Path) -> str:
    stream = io.StringIO()
    write_jsonl(coder.code_all(documents(folder, on_fault=lambda fault: None)), stream, "record")
    return stream.getvalue()


def joined(out: Path) -> str:
    return "".join((out / f"{name}.jsonl").read_text("utf-8") for name in json.loads((out / "shards.json").read_text()))


pytestmark = pytest.mark.filterwarnings("ignore::Warning:ray", "ignore::pytest.PytestUnraisableExceptionWarning")


def test_any_number_of_workers_gives_the_bytes_of_one_process(
    cluster: None, folder: Path, tmp_path: Path, coder: Coder
) -> None:
    expected = single(coder, folder)
    for workers in (1, 3):
        done = scale.code([str(folder)], tmp_path / f"out{workers}", workers=workers)
        assert (done.coded, done.done, done.documents) == (5, 0, 32)
        assert [fault.record for fault in done.faults] == ["4"]
        assert joined(tmp_path / f"out{workers}") == expected
    store = Store(tmp_path / "s")
    assert store.add(scale.coded(tmp_path / "out3")).documents == 29
    assert store.verify() == ()


def test_a_run_goes_on_with_what_is_missing_or_changed(
    cluster: None, folder: Path, tmp_path: Path, coder: Coder
) -> None:
    out = tmp_path / "out"
    scale.code([str(folder)], out, workers=2)
    seen: list[str] = []
    again = scale.code([str(folder)], out, workers=2, on_shard=lambda file, n: seen.append(file))
    assert (again.coded, again.done, again.documents, seen) == (0, 5, 32, [])
    assert [fault.record for fault in again.faults] == ["4"]
    next(out.glob("0_jsonl-*.jsonl")).unlink()
    (folder / "3.jsonl").write_text(lines(3, 2))
    (folder / "9.jsonl").write_text(lines(9, 2))
    more = scale.code([str(folder)], out, workers=2, on_shard=lambda file, n: seen.append(Path(file).name))
    assert (more.coded, sorted(seen)) == (3, ["0.jsonl", "3.jsonl", "9.jsonl"])
    assert joined(out) == single(coder, folder)
    assert scale.code([str(folder / "0.jsonl")], out, workers=1, options=Options(min_confidence=0.9)).coded == 1


def test_a_killed_worker_costs_only_its_shard(cluster: None, folder: Path, tmp_path: Path, coder: Coder) -> None:
    for file in range(5):
        (folder / f"{file}.jsonl").write_text(lines(file, 60))
    out = tmp_path / "out"
    killed: list[int] = []
    seen: list[str] = []
    times: dict[Path, int] = {}

    def on_shard(file: str, count: int) -> None:
        seen.append(Path(file).name)
        if not killed:
            times.update({path: path.stat().st_mtime_ns for path in out.glob("*.json") if path.name != "shards.json"})
            for stray in out.glob(".*.jsonl.*"):
                killed.append(int(stray.name.rpartition(".")[2]))
                os.kill(killed[-1], signal.SIGKILL)
                break

    done = scale.code([str(folder)], out, workers=2, on_shard=on_shard)
    assert killed
    assert (done.coded, done.documents, sorted(seen)) == (5, 300, [f"{n}.jsonl" for n in range(5)])
    assert joined(out) == single(coder, folder)
    assert all(path.stat().st_mtime_ns == when for path, when in times.items())
    assert not list(out.glob(".*.jsonl.*"))


def test_a_worker_that_cannot_work_is_one_line(cluster: None, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DetenteError) as error:
        scale.code([str(folder)], tmp_path / "out", model=tmp_path / "none")
    assert "\n" not in str(error.value)


def test_nothing_to_code_and_no_ray_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'detente\[ray\]'"):
        scale.code([str(tmp_path)], tmp_path / "out")
    with pytest.raises(OptionError, match="no finished output"):
        list(scale.coded(tmp_path))
    faults: list[Fault] = []
    from detente.read.documents import files

    assert (files([str(tmp_path / "x*.jsonl"), "-"], faults.append), len(faults)) == ([], 1)
