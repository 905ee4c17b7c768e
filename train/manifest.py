"""The manifest of a model folder: what the weights are, made of what, tuned how."""

from __future__ import annotations

import json
import subprocess
from importlib import metadata
from pathlib import Path

from detente.code import model as shared


def commit() -> str:
    """Return the commit the training code stands at, "+" behind it if the tree was changed."""
    try:
        run = subprocess.run(["git", "describe", "--always", "--dirty=+"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return run.stdout.strip()


def manifest(name: str, folder: Path, trained: dict[str, object], tuned: dict[str, object]) -> dict[str, object]:
    """Return the manifest of a folder that holds model.onnx and tokenizer.json, for a model of that name."""
    return {
        "format": shared.FORMAT,
        "name": name,
        "version": metadata.version("detente"),
        "labels": shared.LABELS,
        "files": {name: shared.sha256(folder / name) for name in ("model.onnx", "tokenizer.json")},
        "thresholds": tuned.get("thresholds", {}),
        "calibration": tuned.get("calibration", {}),
        "trained": {
            "commit": commit(),
            **trained,
            "packages": {name: metadata.version(name) for name in ("torch", "onnx", "onnxruntime", "tokenizers")},
        },
    }


def write_manifest(folder: Path, content: dict[str, object]) -> None:
    """Write manifest.json whole or not at all; its presence means that the folder is complete."""
    scratch = folder / "manifest.json.part"
    scratch.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    scratch.replace(folder / "manifest.json")
