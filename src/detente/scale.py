"""The same coder over many files at once, on Ray: a shard is a file, an actor loads the model once and codes shards.

Each shard's records are written to one file of the output folder, whole or not at all, and beside it what it was made
of; a run that is cut off goes on with the shards that are missing. A shard's bytes depend on its file, the coder and
the options alone, so neither the number of workers nor a repeated shard changes any. The folder must be one that all
workers see.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from detente.code.coder import Coder
from detente.errors import DetenteError, MissingExtraError, OptionError
from detente.read.documents import documents, files
from detente.read.language import CODED
from detente.read.raw import Format
from detente.records import CodedDocument, Fault, Options, from_json
from detente.show.export import write_jsonl

_LIST: Final = "shards.json"


@dataclass(frozen=True, slots=True)
class Scaled:
    """What a run did: shards coded now, shards found done, documents of all, and the faults of all in order.

    `languages` counts the documents that are kept and not coded, by their language.
    """

    coded: int
    done: int
    documents: int
    faults: tuple[Fault, ...]
    languages: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Job:
    """What every worker is told."""

    out: str
    date: str | None
    format: Format | None
    columns: dict[str, str]
    options: Options
    model: str | None


def code(
    paths: Sequence[str],
    out: str | Path,
    *,
    workers: int = 0,
    address: str | None = None,
    date: str | None = None,
    format: Format | None = None,
    columns: dict[str, str] | None = None,
    options: Options | None = None,
    model: str | Path | None = None,
    on_shard: Callable[[str, int], None] = lambda file, documents: None,
) -> Scaled:
    """Code files on Ray.

    Args:
        paths: files, folders or patterns that all workers see.
        out: folder for `NAME.jsonl` (record version 1) of each file, and `shards.json`, their order.
        workers: actors, a core each; 0 takes all cores of the machine or cluster.
        address: a running cluster's; left out, a local Ray is started and ended.
        date: see `documents`; likewise `format` and `columns`.
        format: the format of all files.
        columns: field → column.
        options: how to code; each worker has one thread.
        model: a model folder that all workers see.
        on_shard: called with a file and its number of documents when its shard is written.

    Returns:
        What was done, faults in the order of the files.

    Raises:
        MissingExtraError: Ray is not installed.
        OptionError: there is no file, or an option makes no sense.
        DetenteError: a worker failed for another reason than being killed; finished shards stay.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else Ray reports its use over the network
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingExtraError("the engine ray needs Ray: pip install 'detente[ray]'") from error
    missing: list[Fault] = []
    inputs = files(paths, missing.append)
    if not inputs:
        raise OptionError(f"nothing to code: {missing[0] if missing else 'no path'}")
    if workers < 0:
        raise OptionError(f"workers is {workers}; it must be at least 0")
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"{out}: no folder for the output: {(error.strerror or str(error)).lower()}") from None
    job = _Job(
        str(folder.resolve()),
        date,
        format,
        dict(columns or {}),
        options or Options(),
        None if model is None else str(model),
    )
    asked = _asked(job)
    left = [name for name in inputs if _finished(job, name, asked) is None]
    _written(folder / _LIST, json.dumps([_name(name) for name in inputs], indent=0))
    if left:
        _run(ray, job, asked, left, workers, address, on_shard)
    for name in inputs:
        for stray in folder.glob(f".{_name(name)}.jsonl.*"):  # what killed workers left
            stray.unlink(missing_ok=True)
    reports = [found for name in inputs if (found := _finished(job, name, asked)) is not None]
    faults = [*missing, *(Fault(*fault) for report in reports for fault in report["faults"])]
    languages: Counter[str] = Counter()
    for report in reports:
        languages.update(report["languages"])
    return Scaled(len(left), len(inputs) - len(left), sum(r["documents"] for r in reports), tuple(faults), languages)


def coded(out: str | Path) -> Iterator[CodedDocument]:
    """Yield the coded documents of an output folder in the order of the files, ready for `Store.add`.

    Raises:
        OptionError: the folder is no finished output of `code`.
    """
    folder = Path(out)
    try:
        names: list[str] = json.loads((folder / _LIST).read_text("utf-8"))
        for name in names:
            with (folder / f"{name}.jsonl").open(encoding="utf-8") as lines:
                for line in lines:
                    yield from_json(json.loads(line))
    except (OSError, ValueError) as error:
        raise OptionError(f"{out}: no finished output of `detente code --engine ray`: {error}") from None


def _run(
    ray: Any,
    job: _Job,
    asked: str,
    left: list[str],
    workers: int,
    address: str | None,
    on_shard: Callable[[str, int], None],
) -> None:
    started = not ray.is_initialized()
    try:
        if started:
            local: dict[str, Any] = {} if address else {"num_cpus": workers or None, "include_dashboard": False}
            ray.init(address=address, log_to_driver=False, logging_level="ERROR", **local)
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        count = min(len(left), workers or int(ray.cluster_resources().get("CPU", 1)))
        rows = ray.data.from_items([{"file": name} for name in left], override_num_blocks=len(left)).map(
            _Worker, fn_constructor_kwargs={"job": job, "asked": asked}, num_cpus=1,
            compute=ray.data.ActorPoolStrategy(size=max(1, count), max_tasks_in_flight_per_actor=1),
        )  # fmt: skip
        for row in rows.iter_rows():
            on_shard(row["file"], int(row["documents"]))
    except DetenteError:
        raise
    except Exception as error:  # Ray wraps what a worker raised in its own classes
        cause = error.__cause__ or error
        said = next((line for line in reversed(str(cause).splitlines()) if line.strip()), type(cause).__name__)
        raise DetenteError(f"coding on Ray stopped: {said.strip()[:300]}; run it again to go on") from None
    finally:
        if started:
            ray.shutdown()


class _Worker:
    """An actor: a coder loaded once, then a shard a call."""

    def __init__(self, job: _Job, asked: str) -> None:
        self._job, self._asked = job, asked
        options = Options(**{**asdict(job.options), "threads": 1})
        self._coder = Coder(options, model=job.model)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        name, job = str(row["file"]), self._job
        faults: list[Fault] = []
        count = 0
        languages: Counter[str] = Counter()

        def counted(items: Iterable[CodedDocument]) -> Iterator[CodedDocument]:
            nonlocal count
            for item in items:
                count += 1
                if item.document.language != CODED:
                    languages[item.document.language] += 1
                yield item

        target = Path(job.out) / f"{_name(name)}.jsonl"
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        read = documents(
            name,
            date=job.date,
            on_fault=faults.append,
            format=job.format,
            columns=job.columns,
            on_note=lambda note: None,
        )
        try:
            with beside.open("w", encoding="utf-8", newline="\n") as stream:
                write_jsonl(counted(self._coder.code_all(read)), stream, "record")
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(target)
        finally:
            with contextlib.suppress(OSError):
                beside.unlink()
        report = {
            "asked": self._asked, "coder": self._coder.version, "input": _stamp(name), "documents": count,
            "languages": languages, "faults": [[fault.file, fault.record, fault.reason] for fault in faults],
        }  # fmt: skip
        _written(target.with_suffix(".json"), json.dumps(report, ensure_ascii=False))
        return {"file": name, "documents": count}


def _name(file: str) -> str:
    """Return a shard's name: readable, and another for each path."""
    stem = "".join(c if c.isalnum() or c in "-_" else "_" for c in Path(file).name)[:60]
    return f"{stem}-{hashlib.sha256(str(Path(file).resolve()).encode('utf-8', 'replace')).hexdigest()[:10]}"


def _asked(job: _Job) -> str:
    """Return the digest of all that a shard's bytes depend on beside its file."""
    from importlib import metadata

    from detente.code.coder import model_folder
    from detente.code.model import read_manifest

    folder = model_folder(job.model)
    tables = [hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in job.options.actors]
    settings = {**asdict(job.options), "threads": 1, "actors": tables}
    told = [metadata.version("detente"), read_manifest(folder), settings, job.date, job.format, job.columns]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _stamp(file: str) -> list[int]:
    """Return a file's size in bytes and its time of change in nanoseconds."""
    stat = Path(file).stat()
    return [stat.st_size, stat.st_mtime_ns]


def _finished(job: _Job, file: str, asked: str) -> dict[str, Any] | None:
    """Return a shard's report if it was made of this very file in this very way."""
    target = Path(job.out) / f"{_name(file)}.jsonl"
    try:
        report: dict[str, Any] = json.loads(target.with_suffix(".json").read_text("utf-8"))
        whole = report["asked"] == asked and report["input"] == _stamp(file) and isinstance(report["languages"], dict)
        return report if whole and target.is_file() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _written(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
