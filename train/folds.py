"""Which reports are development data, and which corpus a model was made of."""

from __future__ import annotations

import hashlib
from pathlib import Path


def is_development(report_id: str, one_in: int = 12) -> bool:
    """Tell whether a training report is development data, by the hash of its id."""
    return int(hashlib.sha256(report_id.encode()).hexdigest(), 16) % one_in == 0


def corpus_hash(folder: Path) -> str:
    """Return 16 hexadecimal digits of the SHA-256 over the corpus files in order of name."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.txt")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
