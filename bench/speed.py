"""How fast the coder is beside its own bare encoder, in one process with the same threads.

    python -m bench.speed ../shared/articles/syria_2016_2019.jsonl [--limit 249] [--threads 0]

Prints a table and, last, one JSON line. The two are run in turns, three times each, and the medians compared: these
machines are noisy, so the ratio is the figure, and seconds are only shown. Where others use the cores, the ratio of
processor time (of all threads) is the steadier one: what is beside the encoder costs as much as on free cores.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from detente import Coder, documents
from detente.code.coder import openings
from detente.code.split import sentences


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds a call takes, and those of processor time."""
    began, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - used


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--limit", type=int, default=249)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    coder = Coder(threads=options.threads)
    reports = list(islice(documents(options.path), options.limit))
    model = coder._model
    windows = [
        window
        for report in reports
        for found in [sentences(report)]
        for sentence, opened in zip(found, openings(report, found), strict=True)
        for window in model.tokenizer.encode(report.text[sentence.start : sentence.end], opened)
    ]
    pieces = sum(len(window.ids) for window in windows)
    bare, whole = [], []
    for _ in range(options.rounds):
        bare.append(timed(lambda: model.score(windows)))
        whole.append(timed(lambda: [None for _ in coder.code_all(reports)]))
    one, two = (statistics.median(wall for wall, _ in runs) for runs in (bare, whole))
    least, most = (statistics.median(used for _, used in runs) for runs in (bare, whole))
    figures = {
        "reports": len(reports),
        "sentences": len(windows),
        "pieces a sentence": round(pieces / len(windows), 1),
        "bare encoder, sentences/s": round(len(windows) / one, 1),
        "end to end, sentences/s": round(len(windows) / two, 1),
        "end to end, reports/s": round(len(reports) / two, 2),
        "ratio": round(one / two, 3),
        "ratio of processor time": round(least / most, 3),
        "sentences a processor second, end to end": round(len(windows) / most, 1),
        "peak memory, MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    for name, value in figures.items():
        print(f"{name:42} {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
