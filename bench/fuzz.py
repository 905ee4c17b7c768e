"""Every reader under Atheris, the coverage-guided fuzzer: mutated real files of all formats.

    python -m bench.fuzz [-max_total_time=100] [CORPUS]        (needs `pip install atheris`)

The first byte of an input picks the format (or leaves it to be told from the bytes). A crash is an exception that leaves
`documents`, a hang is 10 s, the limit of memory is 1.5 GB; libFuzzer stops at each and keeps the input. Seeds are those
of `tests/read/test_fuzz.py`; options are libFuzzer's.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["detente.read", "feedparser", "warcio"]):
    from detente.errors import DetenteError
    from detente.read.documents import documents

from tests.read.test_fuzz import FORMATS, seeds

KINDS = (None, *FORMATS)


def once(data: bytes) -> None:
    """Read one input."""
    kind = KINDS[data[0] % len(KINDS)] if data else None
    try:
        for found in documents(
            io.BytesIO(data[1:]), format=kind, date="2020-11-05", on_fault=lambda f: None, on_note=lambda n: None
        ):
            assert found.text
            assert all(0 <= p.start < p.end <= len(found.text) for p in found.parts)
    except DetenteError as error:
        raise AssertionError("faults are said, not raised") from error


def main() -> None:
    """Fuzz until told to stop."""
    options = [one for one in sys.argv[1:] if one.startswith("-")]
    folders = [one for one in sys.argv[1:] if not one.startswith("-")]
    with tempfile.TemporaryDirectory() as made:
        for kind, data in seeds().items():
            Path(made, kind).write_bytes(bytes([KINDS.index(kind)]) + data)
        atheris.Setup(
            [sys.argv[0], "-timeout=10", "-rss_limit_mb=1500", "-max_len=8192", *options, *folders, made], once
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
