"""The command line: a command parses, makes one call, and prints.

Rows go to standard output; faults and progress to standard error. Exit status: 0, all was done; 1, something
was left out or failed, each with one line said; 2, the command was wrong; 130, interrupted.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from detente.errors import DetenteError, OptionError

if TYPE_CHECKING:
    from rich.console import Console

    from detente import CodedDocument, Coder, Options, Store
    from detente.records import Document, Fault, LearnedRole
    from detente.store.frame import Frame

app = typer.Typer(
    name="detente",
    help="Reads news about states and keeps the record: who did what to whom, and who said what of it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Out = StrEnum("Out", ["table", "record", "events", "plover", "polecat", "icews", "gdelt", "gdelt-mentions"])
"""What `code` can write."""

NOTHING = "nothing found"

Engine = StrEnum("Engine", ["here", "ray"])
By = StrEnum("By", ["day", "week", "month", "quarter", "year"])
Territories = StrEnum("Territories", ["plover", "sovereign", "separate"])
Reading = StrEnum("Reading", ["text", "json", "csv", "tsv", "parquet", "html", "feed", "warc"])

Paths = Annotated[list[str], typer.Argument(help="Files, folders, patterns, or - for standard input.")]
StorePath = Annotated[str, typer.Argument(help="The store: a folder, or an object-store address.", metavar="STORE")]
DateOption = Annotated[str | None, typer.Option("--date", help="Date of reports that say none, YYYY-MM-DD.")]
ReadingOption = Annotated[Reading | None, typer.Option("--reading", help="Format of the inputs; else guessed.")]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option("--column", help="FIELD=NAME: the key or column that holds a field (id, date, text, title, url, …)."),
]
ActorsOption = Annotated[
    list[Path] | None, typer.Option("--actors", help="Your own table of actors (CSV, or a PETRARCH dictionary).")
]
TerritoriesOption = Annotated[
    Territories, typer.Option("--territories", help="How Taiwan, Hong Kong and the like are coded.")
]
ConfidenceOption = Annotated[
    float, typer.Option("--min-confidence", min=0, max=1, help="Leave out events and statements less sure than this.")
]
ThreadsOption = Annotated[int, typer.Option("--threads", min=0, help="Threads of the model; 0 takes all cores.")]
ModelOption = Annotated[
    str | None, typer.Option("--model", help="A model folder, or an installed model's name (en-md); default en-sm.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON instead of a table.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Write CSV instead of a table.")]
AsOfOption = Annotated[str | None, typer.Option("--as-of", help="Read the store at a version number or a time.")]
FromOption = Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Last day, YYYY-MM-DD.")]


class _Faults:
    """Says each fault on standard error as one line, and remembers that there was one; counts what is not coded."""

    def __init__(self) -> None:
        self.count = 0
        self.languages: Counter[str] = Counter()

    def __call__(self, fault: Fault) -> None:
        self.count += 1
        typer.echo(f"detente: {fault}", err=True)

    def seen(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Pass documents on, and count those in languages that are not coded."""
        from detente.read.language import CODED

        for item in documents:
            if item.language != CODED:
                self.languages[item.language] += 1
            yield item

    def leave(self) -> None:
        """Say what was kept and not coded, and end with status 1 if there was a fault."""
        if self.languages:
            from detente.read.language import not_coded

            _note(not_coded(self.languages))
        if self.count:
            raise typer.Exit(1)


def _console(*, err: bool = False) -> Console:
    from rich.console import Console

    # A pipe has no width: rows are not folded there.
    stream = sys.stderr if err else sys.stdout

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Piped(stderr=err, highlight=False, soft_wrap=not stream.isatty(), width=None if stream.isatty() else 200)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[Iterable[CodedDocument]], Iterator[CodedDocument]]]:
    """Show on standard error, where that is a terminal, how many reports have been coded."""
    if not sys.stderr.isatty():
        yield iter
        return
    from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TimeElapsedColumn
    from rich.text import Text

    class Counted(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(_counted(what, task.completed, task.speed))

    with Progress(
        SpinnerColumn(), Counted(), TimeElapsedColumn(), console=_console(err=True), transient=True
    ) as progress:
        task = progress.add_task(what, total=None)

        def counted(items: Iterable[CodedDocument]) -> Iterator[CodedDocument]:
            for item in items:
                progress.advance(task)
                yield item

        yield counted


def _counted(what: str, done: float, speed: float | None) -> str:
    """Say how many reports are done, and how fast where that is known."""
    rate = f", {speed:.{0 if speed >= 10 else 1}f} reports/s" if speed else ""
    return f"{what} {done:.0f} reports{rate}"


def _columns(pairs: list[str] | None) -> Mapping[str, str]:
    found = {}
    for pair in pairs or []:
        name, sign, value = pair.partition("=")
        if not sign or not value:
            raise OptionError(f"--column {pair!r}: write FIELD=NAME, such as text=body")
        found[name] = value
    return found


def _note(text: str) -> None:
    typer.echo(f"detente: {text}", err=True)


def _read(
    paths: list[str], date: str | None, reading: Reading | None, column: list[str] | None, faults: _Faults
) -> Iterator[Document]:
    from detente import documents

    found = documents(
        paths, date=date, on_fault=faults, format=reading.value if reading else None,  # type: ignore[arg-type]
        columns=_columns(column), on_note=_note,
    )  # fmt: skip
    return faults.seen(found)


def _coder(
    model: str | None,
    min_confidence: float = 0.0,
    threads: int = 0,
    territories: Territories = Territories.plover,
    actors: list[Path] | None = None,
    roles: Iterable[LearnedRole] = (),
) -> Coder:
    from detente import Coder

    made = Coder(_options(min_confidence, threads, territories, actors), model=model, roles=roles)
    for note in made.notes:
        _note(note)
    return made


def _options(min_confidence: float, threads: int, territories: Territories, actors: list[Path] | None) -> Options:
    from detente import Options

    return Options(
        min_confidence=min_confidence, threads=threads, territories=territories.value,  # type: ignore[arg-type]
        actors=tuple(map(str, actors or ())),
    )  # fmt: skip


@app.command()
def code(
    paths: Paths,
    format: Annotated[Out | None, typer.Option("--format", help="What to write; a table on a terminal.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File to write, whole or not at all.")] = None,
    lines: Annotated[bool, typer.Option("--jsonl", help="Write flat formats as JSON Lines instead of CSV.")] = False,
    date: DateOption = None,
    reading: ReadingOption = None,
    column: ColumnOption = None,
    min_confidence: ConfidenceOption = 0.0,
    territories: TerritoriesOption = Territories.plover,
    actors: ActorsOption = None,
    threads: ThreadsOption = 0,
    model: ModelOption = None,
    engine: Annotated[Engine, typer.Option("--engine", help="ray codes files side by side into the folder --out.")] = (
        Engine.here
    ),
    address: Annotated[
        str | None, typer.Option("--address", help="A running Ray cluster's; else one is started.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Workers of the engine ray; 0 takes all cores.")] = 0,
) -> None:
    """Code reports: read them and write what they say as records, events or a peer's format."""
    from detente.show import export

    faults = _Faults()
    if engine is Engine.ray:
        if out is None or format not in (None, Out.record):
            raise OptionError("--engine ray writes records into a folder: give --out FOLDER and no other format")
        _code_on_ray(
            paths, out, faults, workers=workers, address=address, date=date, columns=dict(_columns(column)), model=model,
            format=reading.value if reading else None, options=_options(min_confidence, threads, territories, actors),
        )  # fmt: skip
        return
    chosen = format or (Out.table if out is None and sys.stdout.isatty() else Out.record)
    if chosen is Out.table and out is not None:
        raise OptionError("a table goes to the terminal; give --format with --out")
    made = _coder(model, min_confidence, threads, territories, actors)
    with _progress("coded") as counted:
        coded = counted(made.code_all(_read(paths, date, reading, column, faults)))
        if chosen is Out.table:
            from detente.show import terminal

            console = _console()
            for item in coded:
                terminal.report(item, console)
        elif out is not None:
            kind = "jsonl" if lines or chosen in (Out.record, Out.plover) else _kind(out)
            export.export(
                coded, out, format=chosen.value, file=kind, coder=made.version, licence="of the sources"  # type: ignore[arg-type]
            )  # fmt: skip
        elif lines or chosen in (Out.record, Out.plover):
            export.write_jsonl(_flushed(coded), _stdout(), chosen.value)
        else:
            export.write_csv(coded, _stdout(), chosen.value)
    faults.leave()


def _code_on_ray(paths: list[str], out: Path, faults: _Faults, **more: Any) -> None:
    from detente import scale

    def said(file: str, documents: int) -> None:
        typer.echo(f"detente: {file}: {documents} reports coded", err=True)

    done = scale.code(paths, out, on_shard=said, **more)
    for fault in done.faults:
        faults(fault)
    faults.languages.update(done.languages)
    typer.echo(f"{out}: {done.coded} files coded, {done.done} done before; {done.documents} reports", err=True)
    faults.leave()


def _kind(out: Path) -> str | None:
    return None if out.suffix.lower() in (".csv", ".tsv", ".txt", ".jsonl", ".json", ".parquet", ".dta") else "csv"


def _stdout() -> Any:
    # Half surrogate pairs never come this far; other encodings than UTF-8 would lose names.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    return sys.stdout


def _flushed(items: Iterable[CodedDocument]) -> Iterator[CodedDocument]:
    for item in items:
        yield item
        sys.stdout.flush()


@app.command()
def load(
    store: StorePath,
    paths: Paths,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Reports in one atomic commit.")] = 256,
    date: DateOption = None,
    reading: ReadingOption = None,
    column: ColumnOption = None,
    min_confidence: ConfidenceOption = 0.0,
    territories: TerritoriesOption = Territories.plover,
    actors: ActorsOption = None,
    learn_roles: Annotated[
        bool, typer.Option("--learn-roles", help="Know the persons whose office reports in the store have told.")
    ] = False,
    threads: ThreadsOption = 0,
    model: ModelOption = None,
    json_: JsonOption = False,
) -> None:
    """Code reports and add them to a store; what is there already is neither coded nor added again."""
    faults = _Faults()
    target = _store(store)
    made = _coder(model, min_confidence, threads, territories, actors, target.roles() if learn_roles else ())
    _load(target, made, _read(paths, date, reading, column, faults), faults, batch, json_)
    faults.leave()


@contextmanager
def _interrupts() -> Iterator[Callable[[], None]]:
    """Yield a check that raises a Ctrl-C again which a library had swallowed."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield lambda: None
        return
    heard = False

    def hear(*_: object) -> None:
        nonlocal heard
        heard = True
        raise KeyboardInterrupt

    def check() -> None:
        if heard:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, hear)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _load(
    target: Store, made: Coder, documents: Iterable[Document], faults: _Faults, batch: int = 256, as_json: bool = False
) -> None:
    known = 0
    begun: set[str] = set()

    def fresh(check: Callable[[], None]) -> Iterator[Document]:
        nonlocal known
        for item in documents:
            check()
            if target.holds(item, made.version):
                known += 1
            else:
                begun.add(item.id)
                yield item

    try:
        with _interrupts() as check, _progress("loaded") as counted:
            added = target.add(counted(made.code_all(fresh(check))), batch=batch)
    except KeyboardInterrupt:
        # Whole batches stay; which they are, the store knows.
        kept = sum(coder == made.version for coder in target.known(begun).values())
        _note(f"interrupted; {kept} kept, run it again to go on")
        raise typer.Exit(130) from None
    for fault in added.faults:
        faults(fault)
    there = added.skipped + known
    _done(
        as_json,
        {
            "store": target.path,
            "added": added.documents,
            "replaced": added.replaced,
            "known": there,
            "version": added.version,
        },
        f"{target.path}: {added.documents} added, {added.replaced} coded anew, {there} there already; {_reached(added.version)}",
    )


def _reached(version: int | None) -> str:
    return "no store made" if version is None else f"version {version}"


@app.command()
def watch(
    store: StorePath,
    feeds: Annotated[list[str], typer.Argument(help="Addresses of RSS or Atom feeds, or files.", metavar="FEED…")],
    interval: Annotated[float, typer.Option("--interval", min=1, help="Seconds from one poll to the next.")] = 900,
    once: Annotated[bool, typer.Option("--once", help="Poll once and end.")] = False,
    seconds: Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds for a feed's whole answer.")] = 30,
    min_confidence: ConfidenceOption = 0.0,
    territories: TerritoriesOption = Territories.plover,
    actors: ActorsOption = None,
    threads: ThreadsOption = 0,
    model: ModelOption = None,
) -> None:
    """Poll feeds and add what is new in them; a feed that fails is said once, and the others go on."""
    from detente.watch import Watch
    from detente.watch import watch as run

    faults = _Faults()
    target, made = _store(store), _coder(model, min_confidence, threads, territories, actors)

    def said(added: Any) -> None:
        if once or added.documents or added.replaced:
            typer.echo(f"{target.path}: {added.documents} added; {_reached(added.version)}", err=True)

    if once:
        said(Watch(target, made, feeds, on_fault=faults, on_note=_note, seconds=seconds).poll())
        faults.leave()
    else:
        run(target, made, feeds, interval=interval, on_fault=faults, on_note=_note, on_added=said, seconds=seconds)


def _store(path: str, as_of: str | None = None) -> Store:
    from detente import Store

    if as_of is None:
        return Store(path)
    if as_of.isdecimal():
        return Store(path, as_of=int(as_of))
    try:
        moment = dt.datetime.fromisoformat(as_of)
    except ValueError:
        raise OptionError(f"--as-of {as_of!r} is no version number and no time such as 2020-11-05T12:00") from None
    return Store(path, as_of=moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC))


def _one_format(as_json: bool, as_csv: bool) -> None:
    if as_json and as_csv:
        raise OptionError("--json and --csv: give one of them")


def _span(from_: str | None, to: str | None) -> None:
    """Refuse days that are none, and a first day after the last."""
    from detente.store.store import as_day

    if from_ is not None and to is not None and as_day(from_) > as_day(to):
        raise OptionError(f"--from {from_} is after --to {to}")


def _frame(frame: Frame, as_json: bool, as_csv: bool, table: Callable[[Frame, int], Any]) -> None:
    if as_json:
        for row in frame:
            typer.echo(json.dumps(row, ensure_ascii=False, default=_jsonable))
    elif as_csv:
        writer = csv.writer(_stdout(), lineterminator="\n")
        writer.writerow(frame.table.column_names)
        from detente.show.export import cell

        for row in frame:
            writer.writerow([cell(value) for value in row.values()])
    elif len(frame):
        console = _console()
        console.print(table(frame, console.width))
    if not len(frame):
        _note(NOTHING)


def _listed(rows: list[dict[str, Any]], as_json: bool, as_csv: bool, table: Callable[[int], Any]) -> None:
    """Write results as JSON Lines, as CSV, or as a table made for a width; say so where there are none."""
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row, ensure_ascii=False, default=_jsonable))
    elif as_csv:
        from detente.show.web.data import to_csv

        if rows:
            _stdout().write(to_csv(rows, list(dict.fromkeys(name for row in rows for name in row)), end="\n"))
    elif rows:
        console = _console()
        console.print(table(console.width))
    if not rows:
        _note(NOTHING)


def _jsonable(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (dt.date, dt.datetime)) else str(value)


@app.command()
def events(
    store: StorePath,
    actor: Annotated[
        str | None, typer.Option("--actor", help="A country (CHN), its sector (CHN:GOV) or a name.")
    ] = None,
    recipient: Annotated[str | None, typer.Option("--recipient", help="Likewise.")] = None,
    type: Annotated[str | None, typer.Option("--type", help="A PLOVER type, such as REQUEST.")] = None,
    status: Annotated[
        str | None, typer.Option("--status", help="actual, planned, hypothetical, denied, historical.")
    ] = None,
    from_: FromOption = None,
    to: ToOption = None,
    min_confidence: ConfidenceOption = 0.0,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")] = None,
    json_: JsonOption = False,
    csv_: CsvOption = False,
    as_of: AsOfOption = None,
) -> None:
    """List events of a store with their sentences."""
    from detente.show import terminal

    _one_format(json_, csv_)
    _span(from_, to)
    frame = _opened(store, as_of).events(
        actor=actor, recipient=recipient, type=type, status=status, from_=from_, to=to, min_confidence=min_confidence,
        limit=limit,
    )  # fmt: skip
    _frame(frame, json_, csv_, terminal.events)


def _opened(path: str, as_of: str | None = None) -> Store:
    """Open a store that must be there."""
    from detente.errors import StoreError

    if Path(path).is_file():
        raise StoreError(f"{path}: is a file; a store is a folder")
    target = _store(path, as_of)
    if target.version is None:
        raise StoreError(f"{path}: holds no store; `detente load {path} FILE…` makes one")
    return target


Party = Annotated[str, typer.Argument(help="A country (CHN) or a sector of it (CHN:GOV).")]
ContextOption = Annotated[list[str] | None, typer.Option("--context", help="Only events about this issue.")]
SourceOption = Annotated[list[str] | None, typer.Option("--source", help="Only reports of these sources.")]


@app.command()
def relation(
    store: StorePath,
    a: Party,
    b: Party,
    by: Annotated[By, typer.Option("--by", help="The period.")] = By.month,
    from_: FromOption = None,
    to: ToOption = None,
    status: Annotated[
        list[str] | None, typer.Option("--status", help="What counts as done; actual if not said.")
    ] = None,
    context: ContextOption = None,
    source: SourceOption = None,
    panel: Annotated[
        float | None, typer.Option("--panel", min=0, max=1, help="Only sources active in this share of the periods.")
    ] = None,
    attributed: Annotated[
        bool | None, typer.Option("--attributed/--own-voice", help="Only what sources say; only what reports do.")
    ] = None,
    min_confidence: ConfidenceOption = 0.0,
    half_life: Annotated[float, typer.Option("--half-life", min=1, help="Memory of the level, in days.")] = 90.0,
    evidence: Annotated[bool, typer.Option("--evidence", help="List every report behind the numbers.")] = False,
    json_: JsonOption = False,
    csv_: CsvOption = False,
    as_of: AsOfOption = None,
) -> None:
    """Show how two states stand to each other, period by period, in both directions, with level and breaks."""
    from detente import relation as measure
    from detente.measure.changes import changes
    from detente.measure.level import level
    from detente.show import terminal

    _one_format(json_, csv_)
    _span(from_, to)
    found = measure(
        _opened(store, as_of), a, b, by=by.value, from_=from_, to=to, status=tuple(status or ("actual",)),  # type: ignore[arg-type]
        contexts=tuple(context or ()), sources=tuple(source or ()), panel=panel, attributed=attributed,
        min_confidence=min_confidence,
    )  # fmt: skip
    if csv_:
        _frame(found.table(), False, True, terminal.rows)
        return
    errors = _errors()
    levels, breaks = level(found, half_life=half_life, errors=errors), changes(found, errors=errors)
    if json_:
        content = _relation_json(found, evidence)
        content["level"] = [_plain(item) for item in levels]
        content["changes"] = [
            {
                **_plain(item),
                "drivers": [{"happening": d.happening.id, "moved": round(d.moved, 3)} for d in item.drivers],
            }
            for item in breaks
        ]
        typer.echo(json.dumps(content, ensure_ascii=False, default=_jsonable))
        return
    if not found.series["joint"]:
        _note(NOTHING)
        return
    console = _console()
    console.print(terminal.series(found, levels, console.width))
    console.print(terminal.BOTH_WAYS, style="dim")
    console.print()
    if drawn := terminal.chart(found, min(console.width, 110)):
        typer.echo(drawn)
    if breaks:
        console.print("Breaks in the level", style="bold")
        console.print(terminal.breaks(breaks, console.width))
    console.print("Every report" if evidence else "Strongest happenings", style="bold")
    console.print(terminal.evidence(found.evidence() if evidence else terminal.strongest(found), console.width))


def _errors() -> Any:
    """How often the bundled coder errs, as it was measured."""
    from detente.code.coder import bundled_manifest
    from detente.measure.level import ErrorRates

    return ErrorRates.from_manifest(bundled_manifest().get("errors", {}))


def _plain(item: Any) -> dict[str, Any]:
    """A result's fields, without those that hold other results."""
    return {
        name: value
        for name in item.__dataclass_fields__
        if isinstance(value := getattr(item, name), (str, int, float, dt.date, type(None)))
        or (isinstance(value, tuple) and all(isinstance(one, str) for one in value))
    }


@app.command()
def norms(
    store: StorePath,
    a: Party,
    b: Party,
    from_: FromOption = None,
    to: ToOption = None,
    json_: JsonOption = False,
    csv_: CsvOption = False,
    as_of: AsOfOption = None,
) -> None:
    """Compare each week's conflict and cooperation with the 4 and 52 weeks before it, per report read."""
    from detente import relation as measure
    from detente.measure import changes
    from detente.show import terminal

    _one_format(json_, csv_)
    _span(from_, to)
    found = changes.norms(measure(_opened(store, as_of), a, b, by="week", from_=from_, to=to))
    if not any(item.ids for item in found):
        found = ()
    _listed([_plain(item) for item in found], json_, csv_, lambda width: terminal.norms(found))


@app.command()
def ledger(
    store: StorePath,
    a: Party,
    b: Party,
    from_: FromOption = None,
    to: ToOption = None,
    context: ContextOption = None,
    json_: JsonOption = False,
    csv_: CsvOption = False,
    as_of: AsOfOption = None,
) -> None:
    """List what each side asks, promises, rejects and threatens, by issue, with first and last time."""
    from detente.measure.ledger import ledger as measure
    from detente.measure.series import Filters
    from detente.show import terminal

    _one_format(json_, csv_)
    _span(from_, to)
    found = measure(_opened(store, as_of), a, b, from_=from_, to=to, filters=Filters(contexts=tuple(context or ())))
    rows = [
        {**_plain(item), "changed": item.changed and (item.changed.day.isoformat() if csv_ else _plain(item.changed))}
        | ({"changed_to": item.changed and item.changed.stand} if csv_ else {})
        for item in found.positions
    ]
    _listed(rows, json_, csv_, lambda width: terminal.positions(found, width))


@app.command()
def network(
    store: StorePath,
    from_: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")],
    to: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD.")],
    json_: JsonOption = False,
    csv_: CsvOption = False,
    as_of: AsOfOption = None,
) -> None:
    """List all pairs of a period with what passed between them."""
    from detente.measure.network import network as measure
    from detente.show import terminal

    _one_format(json_, csv_)
    _span(from_, to)
    found = measure(_opened(store, as_of), from_, to)
    _listed([_plain(tie) for tie in found.joint.values()], json_, csv_, lambda width: terminal.ties(found))


@app.command()
def spill(
    store: StorePath,
    a: Party,
    b: Party,
    first: Annotated[list[str], typer.Option("--first", help="An issue (context); may be given more than once.")],
    second: Annotated[list[str], typer.Option("--second", help="The other issue.")],
    lags: Annotated[int, typer.Option("--lags", min=1, help="Most weeks between the two.")] = 6,
    json_: JsonOption = False,
    csv_: CsvOption = False,
    as_of: AsOfOption = None,
) -> None:
    """Ask whether a pair's conflict over one issue leads or follows its conflict over another, in weeks."""
    from detente.measure.spill import spill_over
    from detente.show import terminal

    _one_format(json_, csv_)
    found = spill_over(_opened(store, as_of), a, b, first, second, lags=lags)
    if json_:
        content = {**_plain(found), "happenings": list(found.happenings), "thin": found.thin}
        content["lags"] = [_plain(lag) for lag in found.lags]
        typer.echo(json.dumps(content, ensure_ascii=False, default=_jsonable))
    elif csv_ and not found.thin:
        _listed([_plain(lag) for lag in found.lags], False, True, lambda width: "")
    elif found.thin:
        _note(f"too thin to say: {found.happenings[0]} and {found.happenings[1]} happenings")
    else:
        _console().print(terminal.lags(found))
        typer.echo(f"chance that no bond shows as much: {found.chance:.2f}")


def _relation_json(found: Any, evidence: bool) -> dict[str, Any]:
    rows: dict[str, Any] = {
        "a": found.a, "b": found.b, "by": found.by, "status": list(found.status), "store_version": found.version,
        "points": list(found.table()),
    }  # fmt: skip
    if evidence:
        rows["evidence"] = found.evidence()
    return rows


VIEWS = "documents, sentences, entities, mentions, events, statements, participants"


@app.command(
    epilog="The views' columns: detente sql STORE --tables. records is the table itself, one row a report, nested."
)
def sql(
    store: StorePath,
    query: Annotated[str | None, typer.Argument(help=f"One SELECT over {VIEWS}.")] = None,
    tables: Annotated[bool, typer.Option("--tables", help="List the views with their columns and types.")] = False,
    json_: JsonOption = False,
    csv_: CsvOption = False,
    as_of: AsOfOption = None,
) -> None:
    """Ask the store in SQL (DuckDB), read-only: one SELECT over the views; text and lists as they are stored."""
    from detente.show import terminal

    _one_format(json_, csv_)
    if (query is None) is not tables:
        raise OptionError(f"write one SELECT over {VIEWS}, or --tables for their columns")
    listed = (
        "SELECT table_name AS view, column_name AS column, data_type AS type FROM information_schema.columns"
        " WHERE table_schema = 'main' AND table_name != 'nothing' ORDER BY table_name = 'records', table_name, ordinal_position"
    )
    _frame(_opened(store, as_of).query(query or listed), json_, csv_, terminal.rows)


@app.command()
def search(
    store: StorePath,
    words: Annotated[str, typer.Argument(help='Words that must stand; "a phrase", begin*, -without.')],
    from_: FromOption = None,
    to: ToOption = None,
    source: SourceOption = None,
    newest: Annotated[bool, typer.Option("--newest", help="Newest first instead of best first.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many.")] = 20,
    json_: JsonOption = False,
    csv_: CsvOption = False,
    as_of: AsOfOption = None,
) -> None:
    """Find sentences by their words, best first; the index is kept in the store's folder and follows it."""
    from dataclasses import asdict

    from detente.show import search as room
    from detente.show import terminal
    from detente.store.store import as_day

    _one_format(json_, csv_)
    _span(from_, to)
    target = _opened(store, as_of)
    terms = room.parse_words(words)
    if all(term.without for term in terms):
        raise OptionError("write at least one word that must stand")
    index = room.Words(None if as_of or "://" in store else Path(store) / room.FOLDER)
    index.follow(target)
    total, hits = index.search(
        terms, from_=as_day(from_) if from_ else None, to=as_day(to) if to else None, sources=tuple(source or ()),
        order="newest" if newest else "best", limit=limit,
    )  # fmt: skip
    _listed([asdict(hit) for hit in hits], json_, csv_, lambda width: terminal.hits(hits, terms))
    if total > len(hits):
        _note(f"{len(hits)} of {total}; --limit shows more")


@app.command()
def reviews(
    store: StorePath,
    file: Annotated[
        Path | None, typer.Option("--reviews", help="File of reviews; by default reviews.jsonl in the store's folder.")
    ] = None,
    json_: JsonOption = False,
    csv_: CsvOption = False,
) -> None:
    """List what people called right or wrong on the pages, with the words they judged: corrections to hand on."""
    from detente.show import terminal
    from detente.show.web.desk import Desk
    from detente.show.web.reviews import Reviews, corrections, precision

    _one_format(json_, csv_)
    _opened(store)
    if file is not None and not file.is_file():
        raise OptionError(f"{file}: no such file")
    desk = Desk(store)
    latest = Reviews(file or (None if "://" in store else Path(store) / "reviews.jsonl")).latest()
    rows = corrections(latest.values(), desk.documents)
    _listed(rows, json_, csv_, lambda width: terminal.corrections(rows))
    coders = {name for name, _ in desk.totals().coders}
    right, reviewed = precision(review for review in latest.values() if review.coder in coders)
    if reviewed:
        _note(f"precision in your reviews: {right} of {reviewed}")


@app.command()
def show(
    store: StorePath,
    document: Annotated[str, typer.Argument(help="The report's id.")],
    json_: JsonOption = False,
    as_of: AsOfOption = None,
) -> None:
    """Show one report of a store with everything coded from it."""
    from detente.records import to_json
    from detente.show import terminal

    found = _opened(store, as_of).get(document)
    if json_:
        typer.echo(json.dumps(to_json(found), ensure_ascii=False))
    else:
        terminal.report(found, _console())


@app.command()
def demo(
    store: Annotated[str, typer.Argument(help="The store to make.", metavar="STORE")] = "demo-store",
    threads: ThreadsOption = 0,
    model: ModelOption = None,
) -> None:
    """Code the bundled reports of China–US relations, load them, and show the relation."""
    from detente import relation as measure
    from detente.show import terminal

    faults = _Faults()
    made = _coder(model, threads=threads)
    target = _store(store)
    bundled = str(Path(str(resources.files("detente"))) / "demo" / "china-us.jsonl")
    _load(target, made, _read([bundled], None, None, None, faults), faults)
    found = measure(target, "CHN", "USA", by="month")
    console = _console()
    console.print(terminal.series(found, width=console.width))
    console.print(terminal.BOTH_WAYS, style="dim")
    console.print()
    typer.echo(terminal.chart(found, min(console.width, 110)))
    console.print("Strongest happenings", style="bold")
    console.print(terminal.evidence(terminal.strongest(found, 10), console.width))
    me = "detente" if shutil.which("detente") else sys.argv[0]
    for line in (
        f"\nThe store is {store}. To look further:",
        f"  {me} events {store} --actor CHN --recipient USA --type SANCTION --status actual",
        f"  {me} relation {store} CHN USA --by week",
        f'  {me} sql {store} "select type, count(*) from events group by 1 order by 2 desc"',
        f"  {me} serve {store}     the same as pages, at http://127.0.0.1:8765/",
    ):
        typer.echo(line)
    faults.leave()


@app.command()
def serve(
    store: StorePath,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; by default this machine alone.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen at.")] = 8765,
    name: Annotated[
        list[str] | None, typer.Option("--name", help="A further name under which the server answers.")
    ] = None,
    reviews: Annotated[
        Path | None, typer.Option("--reviews", help="File of reviews; by default reviews.jsonl in the store's folder.")
    ] = None,
    sql: Annotated[bool, typer.Option("--sql", help="Also answer /sql.json?q=SELECT …")] = False,
) -> None:
    """Show a store as web pages: relations, pairs, states, reports, search; each with its data beside it."""
    from detente.show.web.app import serve as run

    _opened(store)
    run(
        store, host=host, port=port, sql=sql, names=tuple(name or ()), reviews=reviews,
        on_ready=lambda address: _note(f"{store} at {address} until Ctrl-C"),
    )  # fmt: skip


@app.command()
def brief(
    store: StorePath,
    a: Party,
    b: Party,
    out: Annotated[Path, typer.Option("--out", help="File to write: .html, .md or .pdf.")],
    from_: FromOption = None,
    to: ToOption = None,
    as_of: AsOfOption = None,
) -> None:
    """Write two pages on a relation: level, what moved it, who asks and promises what; with numbered evidence."""
    from detente.show import brief as room

    _span(from_, to)
    write = room.writer(out)
    write(room.brief(_opened(store, as_of), a, b, from_=from_, to=to))


@app.command()
def doctor(
    store: Annotated[str | None, typer.Argument(help="A store to look at too.", metavar="STORE")] = None,
    json_: JsonOption = False,
) -> None:
    """Check the installation: versions, the model's hash, a smoke run; and a store, where one is given."""
    from detente.show.doctor import examine

    well = True
    for check in examine(store):
        well = well and check.good
        if json_:
            typer.echo(json.dumps({"check": check.name, "good": check.good, "found": check.found}, ensure_ascii=False))
        else:
            typer.echo(f"{'ok  ' if check.good else 'BAD '} {check.name:<10} {check.found}")
    if not well:
        raise typer.Exit(1)


@app.command()
def compact(store: StorePath, json_: JsonOption = False) -> None:
    """Join the store's small files into large ones; no row and no older version changes."""
    target = _opened(store)
    joined = target.compact()
    _done(json_, {"store": store, "joined": joined, "version": target.version}, f"{store}: {joined} files joined")


@app.command()
def vacuum(
    store: StorePath,
    hours: Annotated[int, typer.Option("--hours", min=0, help="Versions younger than this stay readable.")] = 168,
    json_: JsonOption = False,
) -> None:
    """Delete files that no recent version needs, and what killed loads left; older versions can no longer be read."""
    target = _opened(store)
    deleted = target.vacuum(hours=hours)
    _done(json_, {"store": store, "deleted": deleted, "version": target.version}, f"{store}: {deleted} files deleted")


@app.command()
def verify(store: StorePath, json_: JsonOption = False, as_of: AsOfOption = None) -> None:
    """Check that every span slices, every id resolves and no document stands twice; status 1 and a line each if not."""
    faults = _Faults()
    target = _opened(store, as_of)
    found = target.verify()
    if json_:
        told = [{"document": fault.record, "reason": fault.reason} for fault in found]
        typer.echo(json.dumps({"store": store, "version": target.version, "faults": told}, ensure_ascii=False))
    for fault in found:
        faults(fault)
    faults.leave()
    typer.echo(f"{store}: version {target.version} is whole", err=True)


@app.command()
def versions(store: StorePath, json_: JsonOption = False, csv_: CsvOption = False) -> None:
    """List the store's versions, newest first; --as-of takes their numbers or times."""
    from detente.show import terminal

    _one_format(json_, csv_)
    _frame(_opened(store).versions(), json_, csv_, terminal.rows)


@app.command()
def migrate(store: StorePath, json_: JsonOption = False) -> None:
    """Bring a store of an older schema to this version's, in one commit."""
    from detente.store.store import SCHEMA, Store

    before = Store.migrate(store)
    told = f"{store}: schema {before} is now {SCHEMA}" if before < SCHEMA else f"{store}: is schema {SCHEMA}"
    _done(json_, {"store": store, "before": before, "schema": SCHEMA}, told)


def _done(as_json: bool, facts: dict[str, object], told: str) -> None:
    """Say on standard error what was done and, if asked, on standard output as JSON."""
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
    typer.echo(told, err=True)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"detente {metadata.version('detente')}")
        raise typer.Exit


@app.callback()
def _callback(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; every expected error is one line and an exit status."""
    try:
        _run()
    except SystemExit as error:
        # Typer and rich make statuses of their own of a closed pipe (1) and of Ctrl-C (130), and say nothing.
        if isinstance(error.__context__, BrokenPipeError):
            _leave_pipe()
        if isinstance(error.__context__, typer.Exit) and isinstance(error.__context__.__cause__, KeyboardInterrupt):
            _note("interrupted")
        raise
    except KeyboardInterrupt:
        _note("interrupted")
        raise SystemExit(130) from None
    except BrokenPipeError:
        _leave_pipe()


def _run() -> None:
    try:
        app(standalone_mode=True)
    except DetenteError as error:
        _note(str(error))
        raise SystemExit(2 if isinstance(error, OptionError) else 1) from None
    finally:
        sys.stdout.flush()


def _leave_pipe() -> NoReturn:
    """End well: the reader of the pipe is gone (`| head`), nothing is wrong and nothing more can be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())  # type: ignore[union-attr]
    raise SystemExit(0) from None
