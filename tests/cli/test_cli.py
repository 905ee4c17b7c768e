"""The command line as a user meets it: real processes, real files, a real store."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import detente

BUNDLED = Path(str(detente.__path__[0])) / "demo" / "china-us.jsonl"
REPORT = "date 2021-04-16 CANBERRA — China recalled its ambassador to Australia on Friday, the foreign ministry said.\n"


def run(
    *arguments: str | Path, input: str | bytes | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    data = input.encode() if isinstance(input, str) else input
    done = subprocess.run(
        [sys.executable, "-m", "detente", *map(str, arguments)], input=data, capture_output=True, cwd=cwd, timeout=120
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_roles_are_learned_from_the_store(tmp_path: Path) -> None:
    store, told, later = tmp_path / "store", tmp_path / "told.txt", tmp_path / "later.txt"
    told.write_text("date 2020-03-02 NAIROBI — Kenyan deputy minister Wanjiku Zubrovka visited China on Monday.\n")
    later.write_text("date 2020-09-02 BEIJING — Wanjiku Zubrovka met Chinese President Xi Jinping on Wednesday.\n")
    assert "1 added" in run("load", store, told).stderr
    plain, knowing = run("code", later).stdout, run("load", store, later, "--learn-roles")
    assert "1 added" in knowing.stderr
    assert "1 there already" in run("load", store, later, "--learn-roles").stderr
    coders = run("sql", store, "SELECT coder FROM documents ORDER BY length(coder)", "--csv").stdout.splitlines()[-2:]
    assert "/ roles " not in coders[0] and "/ roles " in coders[1]
    rows = run("sql", store, "SELECT name, country FROM entities ORDER BY 1, 2", "--csv").stdout
    assert rows.count("Wanjiku Zubrovka,KEN") == 2
    assert {e["name"]: e["country"] for e in json.loads(plain)["entities"]}.get("Wanjiku Zubrovka") != "KEN"


def test_code_writes_records_to_a_pipe() -> None:
    done = run("code", "-", input=REPORT)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["version"] == 1 and record["date"] == "2021-04-16"
    assert record["events"] and record["events"][0]["type"] in ("SANCTION", "ACCUSE")
    assert done.stderr == ""


def test_formats(tmp_path: Path) -> None:
    source = tmp_path / "report.txt"
    source.write_text(REPORT)
    header = run("code", source, "--format", "events").stdout.splitlines()[0]
    assert header.startswith("document,event,date,")
    assert "type" in json.loads(run("code", source, "--format", "events", "--jsonl").stdout.splitlines()[0])
    plover = json.loads(run("code", source, "--format", "plover").stdout.splitlines()[0])
    assert plover["event"] in ("SANCTION", "ACCUSE", "REJECT")
    table = run("code", source, "--format", "table").stdout
    assert "Australia" in table and "statement" in table


def test_out_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    source, out = tmp_path / "report.txt", tmp_path / "out.jsonl"
    source.write_text(REPORT)
    assert run("code", source, "--format", "record", "--out", out).returncode == 0
    before = out.read_text()
    assert json.loads(before)["version"] == 1
    process = subprocess.Popen(
        [sys.executable, "-m", "detente", "code", str(BUNDLED), "--format", "record", "--out", str(out)]
    )
    time.sleep(1.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert out.read_text() == before or len(out.read_text().splitlines()) == len(BUNDLED.read_text().splitlines())


def test_load_events_relation_sql_show(tmp_path: Path) -> None:
    store = tmp_path / "store"
    first = run("load", store, BUNDLED)
    assert first.returncode == 0, first.stderr
    count = len(BUNDLED.read_text().splitlines())
    assert f"{count} added" in first.stderr
    again = run("load", store, BUNDLED)
    assert f"0 added, 0 coded anew, {count} there already" in again.stderr
    rows = run(
        "events", store, "--actor", "CHN", "--recipient", "USA", "--status", "actual", "--json"
    ).stdout.splitlines()
    assert len(rows) > 20 and all("CHN" in json.loads(row)["actor_countries"] for row in rows)
    assert json.loads(rows[0])["sentence"]
    cut = run("events", store, "--from", "2018-07-01", "--to", "2018-07-31", "--csv").stdout.splitlines()
    assert 1 < len(cut) < len(rows) and cut[0].startswith("document,")
    relation = json.loads(run("relation", store, "CHN", "USA", "--by", "month", "--json").stdout)
    assert {point["direction"] for point in relation["points"]} == {"CHN→USA", "USA→CHN", "joint"}
    assert sum(point["happenings"] for point in relation["points"] if point["direction"] == "joint") > 50
    shown = run("relation", store, "CHN", "USA").stdout
    assert "2018-07" in shown and "Strongest happenings" in shown and "█" in shown
    total = run("sql", store, "select count(*) as n from documents", "--json").stdout
    assert json.loads(total) == {"n": count}
    assert "cu-0001" in run("show", store, "cu-0001", "--json").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("events", "nowhere"), "holds no store"),
        (("relation", "nowhere", "CHN", "USA"), "holds no store"),
        (("serve", "nowhere"), "holds no store"),
        (("code", "nowhere.txt"), "nowhere.txt: no such file"),
        (("code", "-", "--date", "yesterday"), "yesterday"),
        (("code", "-", "--column", "text"), "FIELD=NAME"),
        (("code", "-", "--model", "nowhere"), "no folder of that name"),
    ],
)
def test_a_wrong_command_is_one_line(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments, input=REPORT, cwd=tmp_path)
    assert done.returncode in (1, 2) and words in done.stderr
    assert len(done.stderr.splitlines()) == 1 and "Traceback" not in done.stderr


BAD = {
    "empty.txt": (b"", "empty"),
    "no-date.txt": (b"China recalled its ambassador on Friday.", "no date"),
    "wrong-date.txt": (b"date 2021-13-45 China recalled its ambassador.", "2021-13-45"),
    "latin.txt": (b"date 2021-04-16 The caf\xe9 in \xff\xfe closed.", "UTF-8"),
    "broken.jsonl": (b'{"id": "1", "date": "2021-04-16", "text": "China met\n', "JSON"),
    "field.jsonl": (b'{"id": "1", "date": "2021-04-16"}\n', "text"),
    "long.txt": (b"date 2021-04-16 " + b"a b " * 1_300_000, "longer than"),
    "control.txt": ("date 2021-04-16 China\x07 met \u202eJapan\x00 on Friday.".encode(), "read without"),
    "brackets.txt": (b"date 2021-04-16 " + b"[" * 1_000_000, "without a letter|longer|no letter"),
}


def test_each_bad_input_is_one_line_and_the_good_are_coded(tmp_path: Path) -> None:
    import re

    for name, (content, _) in BAD.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "good.txt").write_text(REPORT)
    done = run("code", tmp_path)
    assert done.returncode == 1
    assert [json.loads(line)["date"] for line in done.stdout.splitlines()] == ["2021-04-16"] * 2
    said = done.stderr.splitlines()
    for name, (_, words) in BAD.items():
        mine = [line for line in said if name in line]
        assert len(mine) == 1 and re.search(words, mine[0]), (name, mine)
    assert len(said) == len(BAD)


def test_an_interrupted_load_leaves_whole_batches(tmp_path: Path) -> None:
    store = tmp_path / "store"
    process = subprocess.Popen(
        [sys.executable, "-m", "detente", "load", str(store), str(BUNDLED), "--batch", "10"], stderr=subprocess.DEVNULL
    )
    for _ in range(300):
        if (store / "documents" / "_delta_log").is_dir() and len(
            list((store / "documents" / "_delta_log").glob("*.json"))
        ) > 2:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    held = detente.Store(store)
    assert len(held.sql("select 1 from documents")) % 10 == 0
    assert held.verify() == ()
    assert run("load", store, BUNDLED).returncode == 0
    assert len(held.sql("select 1 from documents")) == len(BUNDLED.read_text().splitlines())


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m detente code {BUNDLED} --format events --threads 1 | head -n 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=120)
    assert done.stdout.startswith("document,") and "Traceback" not in done.stderr and "Exception" not in done.stderr


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of forty reports."""
    folder = tmp_path_factory.mktemp("small")
    lines = BUNDLED.read_text().splitlines(keepends=True)
    (folder / "reports.jsonl").write_text("".join(lines[:40]))
    assert run("load", folder / "store", folder / "reports.jsonl").returncode == 0
    return folder / "store"


@pytest.mark.parametrize("command", [("events", "--csv"), ("relation", "CHN", "USA"), ("versions",), ("norms", "CHN", "USA")])
def test_a_reader_that_leaves_is_no_error(small: Path, command: tuple[str, ...]) -> None:
    name, *more = command
    process = subprocess.Popen(
        [sys.executable, "-m", "detente", name, str(small), *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    assert process.wait(timeout=120) == 0 and said == b""
    process.stderr.close()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("events", "--json", "--csv"), "--json and --csv"),
        (("sql", "select 1", "--json", "--csv"), "--json and --csv"),
        (("relation", "CHN", "USA", "--json", "--csv"), "--json and --csv"),
        (("events", "--from", "2020-02-01", "--to", "2020-01-31"), "--from 2020-02-01 is after --to 2020-01-31"),
        (("relation", "CHN", "USA", "--from", "2020-02-01", "--to", "2020-01-31"), "is after"),
        (("norms", "CHN", "USA", "--from", "2020-02-01", "--to", "2020-01-31"), "is after"),
        (("ledger", "CHN", "USA", "--from", "2020-02-01", "--to", "2020-01-31"), "is after"),
    ],
)
def test_what_cannot_go_together_is_refused(small: Path, command: tuple[str, ...], words: str) -> None:
    done = run(command[0], small, *command[1:])
    assert done.returncode == 2 and words in done.stderr and len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    "command",
    [
        ("events", "--actor", "TUV"),
        ("sql", "select document from documents where false"),
        ("network", "--from", "1900-01-01", "--to", "1900-01-02"),
    ],
)
def test_nothing_found_is_said(small: Path, command: tuple[str, ...]) -> None:
    done = run(command[0], small, *command[1:])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "detente: nothing found\n")


def test_an_interrupted_load_says_what_it_kept(tmp_path: Path) -> None:
    store = tmp_path / "store"
    process = subprocess.Popen(
        [sys.executable, "-m", "detente", "load", str(store), str(BUNDLED), "--batch", "10"],
        stderr=subprocess.PIPE, text=True,
        # A shell's job in the background passes on that Ctrl-C is not heard.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    for _ in range(600):
        if len(list((store / "documents" / "_delta_log").glob("*.json"))) > 2:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    kept = len(detente.Store(store).sql("select 1 from documents"))
    assert process.returncode == 130 and said == f"detente: interrupted; {kept} kept, run it again to go on\n"
    assert 0 < kept < len(BUNDLED.read_text().splitlines())


def test_nothing_loaded_makes_no_store(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    done = run("load", tmp_path / "store", tmp_path / "empty.jsonl")
    assert "0 added" in done.stderr and "no store made" in done.stderr and "None" not in done.stderr


def test_progress_says_a_rate_only_when_it_is_known() -> None:
    from detente.cli import _counted

    assert _counted("coded", 0, None) == "coded 0 reports"
    assert _counted("coded", 24, 12.3) == "coded 24 reports, 12 reports/s"
    assert _counted("coded", 2, 0.53) == "coded 2 reports, 0.5 reports/s"


def test_help_needs_no_heavy_module() -> None:
    code = "import sys, detente.cli; print([m for m in ('onnxruntime', 'duckdb', 'pyarrow', 'numpy', 'deltalake') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)
    assert done.stdout.strip() == "[]"


def test_public_names_are_those_listed() -> None:
    folder = Path(str(detente.__path__[0]))
    assert all(getattr(detente, name) is not None for name in detente.__all__)
    assert not {name for name in detente.__all__ if (folder / name).is_dir()}


OTHERS = (
    {"id": "fr", "text": "Le président français a rencontré mardi son homologue chinois à Paris pour parler du commerce."},
    {"id": "de", "text": "Die Kanzlerin hat am Dienstag den chinesischen Botschafter bestellt und eine Erklärung verlangt."},
    {"id": "de2", "text": "Der Minister sagte, dass die Verhandlungen mit der Regierung nicht weitergehen werden."},
)


def test_reports_that_are_kept_and_not_coded_are_said_in_one_line(tmp_path: Path) -> None:
    source = tmp_path / "reports.jsonl"
    rows = [{"id": "en", "text": REPORT.partition("CANBERRA")[2]}, *OTHERS]
    source.write_text("".join(json.dumps({**row, "date": "2021-04-16"}) + "\n" for row in rows))
    for command in (("code", source, "--format", "events"), ("load", tmp_path / "store", source)):
        done = run(*command)
        told = [line for line in done.stderr.splitlines() if "not in English" in line]
        assert done.returncode == 0 and len(told) == 1, done.stderr
        assert told[0].startswith("detente: 3 reports are not in English (2 de, 1 fr): kept"), told
    kept = run("sql", tmp_path / "store", "select language, count(*) n from documents group by 1 order by 1", "--csv")
    assert kept.stdout.splitlines()[1:] == ["de,2", "en,1", "fr,1"]


def test_a_report_that_is_not_stored_is_named_by_its_file_and_record(tmp_path: Path) -> None:
    source = tmp_path / "reports.jsonl"
    rows = [("x", "China met Japan on Friday."), ("y", "Iran condemned Israel."), ("x", "China met Russia on Friday.")]
    source.write_text("".join(json.dumps({"id": i, "text": t, "date": "2021-04-16"}) + "\n" for i, t in rows))
    done = run("load", tmp_path / "store", source)
    assert done.returncode == 1
    assert f"detente: {source}:3: another text has the id 'x'" in done.stderr, done.stderr
    late = tmp_path / "late.jsonl"
    late.write_text(json.dumps({"id": "y", "text": "Iran condemned the United States.", "date": "2021-04-16"}) + "\n")
    done = run("load", tmp_path / "store", late)
    assert f"detente: {late}:1: another text is stored under the id 'y'" in done.stderr, done.stderr


def test_events_from_reports_and_from_a_store_are_the_same_rows(tmp_path: Path) -> None:
    text = (
        'PARIS — France and Germany; both of them, met in Lyon on Friday. "We will punish Iran," President Emmanuel '
        "Macron said.\n\nIran\tcondemned the United States on Monday, Beijing said."
    )
    source = tmp_path / "r.jsonl"
    source.write_text(json.dumps({"id": "r", "text": text, "date": "2021-04-16", "title": "A; b", "source": "W"}) + "\n")
    assert run("load", tmp_path / "store", source).returncode == 0
    coded, stored = run("code", source, "--format", "events"), run("events", tmp_path / "store", "--csv")
    assert len(coded.stdout.splitlines()) > 2
    assert stored.stdout.splitlines()[0] == coded.stdout.splitlines()[0]
    assert sorted(stored.stdout.splitlines()) == sorted(coded.stdout.splitlines())


def test_what_keeps_a_store_says_what_it_did_as_json_too(tmp_path: Path) -> None:
    source, store = tmp_path / "report.txt", tmp_path / "store"
    source.write_text(REPORT)
    loaded = json.loads(run("load", store, source, "--json").stdout)
    assert (loaded["added"], loaded["replaced"], loaded["known"]) == (1, 0, 0)
    for command, keys in (
        (("compact",), {"store", "joined", "version"}),
        (("vacuum", "--hours", "0"), {"store", "deleted", "version"}),
        (("migrate",), {"store", "before", "schema"}),
    ):
        done = run(command[0], store, *command[1:], "--json")
        assert done.returncode == 0 and set(json.loads(done.stdout)) == keys, done.stderr
