"""How well copies of a text are told from other texts, on pairs written for it: `tests/cases/stories.jsonl`.

    python -m bench.stories
    python -m bench.stories --seconds 300 [--a-day 2000] [--batch 20000]

Of each written report six versions are made: whole, lightly edited under another byline, cut to half, lengthened by its
last paragraph, with paragraphs moved, cut and edited both; beside it stand another outlet's own account and a follow-up
of some days later that repeats its background. Versions are copies of one another; the account and the follow-up are
copies of nothing.

With `--seconds` made-up reports are sketched, compared and linked instead, so many a day and one in ten an edited copy of
another, until so many seconds of processor time are spent (all threads; making them up is left out), and each tenth batch
says how far it got. Cost a report should stay flat: then a million are what a thousand are, a thousand times.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import json
import random
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.happenings import f1
from detente.store.flat import digest
from detente.store.stories import Settings, similarity, sketch, stories, update

CASES = Path(__file__).parents[1] / "tests" / "cases" / "stories.jsonl"


def versions(scene: dict[str, list[str]]) -> dict[str, str]:
    """Return the texts of a scene by name; those beginning with `copy` are of one story."""
    body = scene["report"]

    def edited(text: str) -> str:
        for old, new in scene["edits"]:
            text = text.replace(old, new)
        return text

    texts = {
        "copy whole": body[:7], "copy edited": ["By a Staff Writer", *map(edited, body[:7])], "copy cut": body[:4],
        "copy long": [*body[:7], body[7]], "copy moved": [body[0], *body[3:6], *body[1:3]],
        "copy cut and edited": list(map(edited, body[:5])), "account": scene["other"],
        "follow-up": [*scene["later"], *body[5:7]],
    }  # fmt: skip
    return {name: "\n\n".join(text) for name, text in texts.items()}


def pairs() -> list[tuple[str, str, float, float, bool]]:
    """Return every pair of a scene: names, estimated similarity and containment, and whether they are copies."""
    found = []
    for line in CASES.read_text("utf-8").splitlines():
        scene = json.loads(line)
        sketches = {name: sketch(text) for name, text in versions(scene).items()}
        for (one, a), (two, b) in itertools.combinations(sketches.items(), 2):
            same = one.startswith("copy") and two.startswith("copy")
            found.append((f"{scene['id']}: {one}", two, *similarity(a, b), same))
    return found


def measured(settings: Settings | None = None) -> dict[str, float]:
    """Return precision, recall and F1 at settings."""
    settings = settings or Settings()
    return f1(
        (same, alike >= settings.similarity or inside >= settings.containment) for _, _, alike, inside, same in pairs()
    )


class Made:
    """Made-up reports in the place of a store: `a_day` a day, 250 words, one in ten an edited copy of a recent one."""

    storage_options = None

    def __init__(self, path: str, a_day: int, batch: int, seconds: float) -> None:
        self.path, self._a_day, self._batch, self._seconds = path, a_day, batch, seconds
        self._dice = random.Random(1)
        self._words = [f"w{n}" for n in range(20_000)]
        self._spent = 0.0
        self.told: list[dict[str, float]] = []

    def rows(self, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield rows until the time is spent."""
        began = time.process_time()
        recent: list[list[str]] = []
        for number in itertools.count():
            made = time.process_time()
            if number and number % self._batch == 0:
                used = made - began - self._spent
                if (number // self._batch) % 10 == 0 or used > self._seconds:
                    self._say(number, used)
                if used > self._seconds:
                    return
            if recent and number % 10 == 0:
                words = list(self._dice.choice(recent))
                for _ in range(8):
                    words[self._dice.randrange(len(words))] = self._dice.choice(self._words)
            else:
                words = self._dice.choices(self._words, k=250)
                recent = [*recent[-200:], words]
            text = " ".join(words)
            day = dt.date(2020, 1, 1) + dt.timedelta(number // self._a_day)
            row = {"id": f"r{number:09}", "digest": digest(text), "date": day, "text": text}
            self._spent += time.process_time() - made
            yield row

    def _say(self, number: int, used: float) -> None:
        peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        self.told.append({"reports": number, "cpu s": round(used, 1), "ms a report": round(1000 * used / number, 3), "peak MB": peak})
        print(json.dumps(self.told[-1]), flush=True)


def many(seconds: float, a_day: int, batch: int) -> None:
    """Sketch and link made-up reports for so long, then read the stories out."""
    with tempfile.TemporaryDirectory() as folder:
        store: Any = Made(folder, a_day, batch, seconds)
        update(store, batch=batch)
        began = time.process_time()
        found = stories(store)
        size = sum(file.stat().st_size for file in Path(folder).rglob("*.parquet"))
        last = {
            **store.told[-1], "read out, cpu s": round(time.process_time() - began, 1),
            "stories": len(set(found.values())), "bytes a report": round(size / len(found)),
            "peak MB, read out": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }  # fmt: skip
        print(json.dumps(last))


def main() -> None:
    """Print the figures at the default and at other thresholds, and the pairs nearest to them; or measure growth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, help="processor time to spend on made-up reports")
    parser.add_argument("--a-day", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=20_000)
    options = parser.parse_args()
    if options.seconds:
        many(options.seconds, options.a_day, options.batch)
        return
    for similarity_, containment in ((0.4, 0.6), (0.5, 0.6), (0.5, 0.7), (0.6, 0.7), (0.5, 0.8), (0.7, 0.9)):
        found = measured(Settings(similarity=similarity_, containment=containment))
        print(f"similarity {similarity_}, containment {containment}: {json.dumps(found)}")
    for one, two, alike, inside, same in sorted(pairs(), key=lambda p: p[3]):
        if 0.15 < inside < 0.8:
            print(f"{alike:.2f} {inside:.2f} {'copies' if same else 'others'}  {one} / {two}")


if __name__ == "__main__":
    main()
