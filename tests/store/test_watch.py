"""Watching feeds: new entries are added once, and a feed that fails is said once and stops no other."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from loopback import Handler, served

from detente import Coder
from detente.errors import OptionError, StoreError
from detente.records import Fault
from detente.store import Store
from detente.watch import Watch, watch


def rss(*numbers: int, dated: bool = True) -> bytes:
    items = "".join(
        f"<item><title>Talks {n}</title>{'<pubDate>Thu, 05 Nov 2020 10:00:00 GMT</pubDate>' if dated else ''}"
        f"<description>Kenya accused Uganda of breaking deal number {n} on Thursday.</description></item>"
        for n in numbers
    )
    return f'<rss version="2.0"><channel><title>Fjord</title>{items}</channel></rss>'.encode()


def test_new_entries_are_added_once_and_unchanged_feeds_not_read_again(tmp_path: Path, coder: Coder) -> None:
    answers = {"/a": rss(1, 2), "/b": rss(2, 3)}
    asked: list[tuple[str, str | None]] = []

    class Feeds(Handler):
        def do_GET(self) -> None:
            mark = str(len(answers[self.path]))
            asked.append((self.path, self.headers.get("If-None-Match")))
            if asked[-1][1] == mark:
                self.head(304, Content_Length=0)
            else:
                self.body(answers[self.path], ETag=mark)

    faults: list[Fault] = []
    store = Store(tmp_path / "s")
    with served(Feeds) as address:
        watched = Watch(store, coder, [f"{address}/a", f"{address}/b"], on_fault=faults.append)
        assert watched.poll().documents == 3
        assert watched.poll().documents == 0
        answers["/a"] = rss(1, 2, 44)
        assert watched.poll().documents == 1
        assert sum(mark is None for _, mark in asked) == 2
        again = Watch(store, coder, [f"{address}/a", f"{address}/b"], on_fault=faults.append)
        assert again.poll().documents == 0
    assert not faults
    assert len(store.query("select 1 from documents")) == 4


def test_a_feed_that_fails_is_said_once_and_the_others_go_on(tmp_path: Path, coder: Coder) -> None:
    faults: list[Fault] = []
    notes: list[str] = []
    with served() as address:
        feeds = [f"{address}/{path}" for path in ("gone", "broken", "endless", "drip", "silent", "noise", "feed")]
        down = "http://127.0.0.1:9/feed"
        watched = Watch(
            Store(tmp_path / "s"), coder, [down, *feeds], on_fault=faults.append, on_note=notes.append,
            seconds=1, largest=100_000,
        )  # fmt: skip
        began = time.perf_counter()
        assert [watched.poll().documents for _ in range(3)] == [1, 0, 0]
        assert time.perf_counter() - began < 12
    assert sorted(f.file for f in faults) == sorted([down, *feeds[:-1]])
    assert not notes


def test_a_feed_that_answers_again_is_said_too(tmp_path: Path, coder: Coder) -> None:
    answers: list[bytes | None] = [rss(1), None, None, rss(1, 2), None]

    class Feed(Handler):
        def do_GET(self) -> None:
            data = answers.pop(0)
            self.head(503, Content_Length=0) if data is None else self.body(data)

    said: list[str] = []
    with served(Feed) as address:
        watched = Watch(
            Store(tmp_path / "s"), coder, [address], on_fault=lambda f: said.append(f.reason), on_note=said.append
        )
        assert [watched.poll().documents for _ in range(5)] == [1, 0, 0, 1, 0]
    assert [s.split(": ")[-1] for s in said] == [
        "the server answers 503 Service Unavailable", "answers again", "the server answers 503 Service Unavailable",
    ]  # fmt: skip


def test_faults_of_entries_are_said_once(tmp_path: Path, coder: Coder) -> None:
    feed = tmp_path / "feed.rss"
    feed.write_bytes(rss(*range(5), dated=False))
    faults: list[Fault] = []
    watched = Watch(Store(tmp_path / "s"), coder, [str(feed)], on_fault=faults.append)
    assert watched.poll().documents == 0
    feed.write_bytes(rss(7) + rss(*range(5), dated=False)[-1:])
    watched.poll()
    assert len([f for f in faults if "no date" in f.reason]) == 1


def test_what_could_not_be_stored_is_fetched_again(tmp_path: Path, coder: Coder) -> None:
    (tmp_path / "s").write_text("a file where the store should be")
    with served() as address:
        watched = Watch(Store(tmp_path / "s"), coder, [f"{address}/feed"], on_fault=pytest.fail)
        with pytest.raises(StoreError):
            watched.poll()
        (tmp_path / "s").unlink()
        assert watched.poll().documents == 1


def test_polls_keep_the_interval(tmp_path: Path, coder: Coder) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            raise KeyboardInterrupt

    with served() as address, pytest.raises(KeyboardInterrupt):
        watch(Store(tmp_path / "s"), coder, [f"{address}/feed"], interval=60, on_fault=pytest.fail, sleep=sleep)
    assert all(50 < seconds <= 60 for seconds in waits)
    for feeds, interval in (([], 60.0), (["x"], 0.0)):
        with pytest.raises(OptionError):
            watch(Store(tmp_path / "s"), coder, feeds, interval=interval, on_fault=pytest.fail)


def test_the_command_polls_once_or_until_it_is_interrupted(tmp_path: Path) -> None:
    with served() as address:
        command = [sys.executable, "-m", "detente", "watch", str(tmp_path / "s"), f"{address}/feed", f"{address}/gone"]
        done = subprocess.run([*command, "--once"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1
        assert [line.split(": ")[-1] for line in done.stderr.splitlines()] == [
            "the server answers 404 Not Found", "1 added; version 1",
        ]  # fmt: skip
        running = subprocess.Popen([*command, "--interval", "1"], stderr=subprocess.PIPE, text=True)
        assert running.stderr is not None
        first = running.stderr.readline()  # however long the start takes on a busy machine
        time.sleep(3)
        assert running.poll() is None
        running.send_signal(signal.SIGINT)
        said = first + running.communicate(timeout=20)[1]
    assert running.returncode == 130
    assert said.count("404") == 1 and "Traceback" not in said
