"""serve, brief and doctor as a user meets them: real processes."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from detente.show.web.reviews import Review, Reviews, now


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "detente", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        encoding="utf-8",
    )


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_serve_listens_on_loopback_and_ends_on_interrupt(folder: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "detente", "serve", str(folder), "--port", str(port)], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        said = process.stderr.readline()
        assert f"http://127.0.0.1:{port}/" in said
        for _ in range(100):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/live.json", timeout=5) as answer:
                    assert json.loads(answer.read())["documents"] > 0
                break
            except urllib.error.URLError:
                time.sleep(0.05)
        taken = run("serve", folder, "--port", port)
        assert taken.returncode == 1 and "choose another --port" in taken.stderr and "Traceback" not in taken.stderr
        request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=5)
        assert refused.value.code == 421
        refused.value.close()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(10)
        process.stderr.close()


def test_brief_writes_both_forms_and_says_what_is_wrong(folder: Path, tmp_path: Path) -> None:
    for ending, begin in ((".html", "<!doctype html>"), (".md", "# China")):
        out = tmp_path / f"b{ending}"
        done = run("brief", folder, "CHN", "USA", "--from", "2017-01-01", "--to", "2019-12-31", "--out", out)
        assert done.returncode == 0, done.stderr
        assert out.read_text("utf-8").startswith(begin)
    for arguments, word in (
        (["CHN", "USA", "--out", tmp_path / "b.docx"], ".html, .md or .pdf"),
        (["CHN", "FRA", "--out", tmp_path / "b.md"], "holds nothing between"),
        (["china", "USA", "--out", tmp_path / "c.md"], "is no party"),
        (["CHN", "USA", "--out", tmp_path / "none" / "b.md"], "cannot be written"),
    ):
        done = run("brief", folder, *arguments)
        assert done.returncode in (1, 2) and word in done.stderr and "Traceback" not in done.stderr


def test_doctor_finds_a_sound_installation_and_store(folder: Path, tmp_path: Path) -> None:
    done = run("doctor", folder, "--json")
    found = {row["check"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0, done.stdout
    assert set(found) == {"detente", "python", "packages", "model", "smoke run", "store", "records"}
    assert all(row["good"] for row in found.values())
    bad = run("doctor", tmp_path / "nothing")
    assert bad.returncode == 1 and "BAD  store" in bad.stdout


def test_completions_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    # The shell is the one named, whatever shell the tests were started from.
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    done = run("--show-completion", "bash")
    assert done.returncode == 0 and "complete" in done.stdout


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, str]]:
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


@pytest.mark.parametrize(
    "arguments",
    [
        ("norms", "CHN", "USA"), ("ledger", "CHN", "USA"), ("network", "--from", "2016-01-01", "--to", "2020-12-31"),
        ("spill", "CHN", "USA", "--first", "economic", "--second", "diplomatic"), ("search", "envoys"),
        ("sql", "--tables"), ("events", "--type", "SANCTION"), ("relation", "CHN", "USA"), ("versions",),
    ],
    ids=lambda given: given[0],
)  # fmt: skip
def test_every_listing_is_csv_and_json_too(folder: Path, arguments: tuple[str, ...]) -> None:
    name, *more = arguments
    told = run(name, folder, *more, "--json")
    found = [json.loads(line) for line in told.stdout.splitlines()]
    assert told.returncode == 0 and found
    listed = run(name, folder, *more, "--csv")
    if "too thin" in listed.stderr:
        assert found[0]["thin"] and len(found[0]["happenings"]) == 2
    else:
        header = listed.stdout.splitlines()[0].split(",")
        assert rows(listed) and (name in ("relation", "spill") or set(header) >= set(found[0]))
    both = run(name, folder, *more, "--json", "--csv")
    assert both.returncode == 2 and "give one of them" in both.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("ledger", "CHN", "FRA"), ("network", "--from", "1990-01-01", "--to", "1990-12-31"),
        ("search", "zebra"), ("sql", "select 1 where false"), ("events", "--type", "AID"), ("reviews",),
    ],
    ids=lambda given: given[0],
)  # fmt: skip
@pytest.mark.parametrize("form", [(), ("--json",), ("--csv",)], ids=("table", "json", "csv"))
def test_nothing_is_said_in_one_line(folder: Path, arguments: tuple[str, ...], form: tuple[str, ...]) -> None:
    name, *more = arguments
    done = run(name, folder, *more, *form)
    assert done.returncode == 0 and done.stderr.splitlines() == ["detente: nothing found"]
    assert len(done.stdout.splitlines()) <= (form == ("--csv",))


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("sql", "{}", "select foo from events"), 'column "foo" not found'),
        (("sql", "{}", "selec 1"), "syntax error"),
        (("sql", "{}"), "write one SELECT over documents"),
        (("sql", "{}", "select 1", "--tables"), "write one SELECT over documents"),
        (("sql", "{}", "select * from read_text('/etc/hostname')"), "file system operations are disabled|Permission"),
        (("search", "{}", "--", "-china"), "at least one word"),
        (("reviews", "{}", "--reviews", "nowhere.jsonl"), "no such file"),
        (("events", "{}/reviews.txt"), "is a file; a store is a folder"),
        (("events", "{}/broken"), "cannot be opened"),
    ],
)
def test_what_is_wrong_is_one_clear_line(tmp_path: Path, folder: Path, arguments: tuple[str, ...], word: str) -> None:
    for name in ("documents",):
        (tmp_path / name).symlink_to(folder / name)
    (tmp_path / "reviews.txt").write_text("x")
    log = tmp_path / "broken" / "documents" / "_delta_log"
    log.mkdir(parents=True)
    (log / "00000000000000000000.json").write_text("{x")
    done = run(*(one.format(tmp_path) for one in arguments))
    assert done.returncode in (1, 2) and len(done.stderr.splitlines()) == 1, done.stderr
    assert re.search(word, done.stderr, re.IGNORECASE) and "LINE 1" not in done.stderr and "unknown>" not in done.stderr


def test_reviews_are_given_out_as_corrections(tmp_path: Path) -> None:
    from detente import Store
    from tests.web.conftest import reports

    store = Store(tmp_path / "s")
    store.add(reports()[:6])
    coded = store.get("r000")
    event = coded.events[0]
    kept = Reviews(tmp_path / "s" / "reviews.jsonl")
    for coder, verdict in ((coded.coder, "wrong"), ("an older coder", "right")):
        kept.add(
            Review(
                now(), "r000", event.id, coder, event.type, event.mode, event.status, event.trigger.start,
                event.trigger.end, verdict, "=a guest, no visit",  # type: ignore[arg-type]
            )
        )  # fmt: skip
    done = run("reviews", tmp_path / "s", "--csv")
    one, two = rows(done)
    assert "precision in your reviews: 0 of 1" in done.stderr
    assert one["trigger"] == "received" and one["sentence"] == "China received an envoy of Washington."
    assert (one["current"], two["current"]) == ("True", "False") and one["actors"] == "China"
    assert one["note"].startswith("'=") and int(one["trigger_end"]) - int(one["trigger_start"]) == len("received")
    assert json.loads(run("reviews", tmp_path / "s", "--json").stdout.splitlines()[0])["verdict"] == "wrong"
    assert "received" in run("reviews", tmp_path / "s").stdout
