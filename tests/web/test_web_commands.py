"""serve, brief and doctor as a user meets them: real processes."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest


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


def test_completions_are_given() -> None:
    done = run("--show-completion", "bash")
    assert done.returncode == 0 and "complete" in done.stdout
