"""Reads news about states and keeps the record: who did what to whom, who said what of it, and how a relation moves.

import detente

coder = detente.Coder()
record = coder.code("China recalled its ambassador on Friday.", date="2020-11-05")

store = detente.Store("news-store")
store.add(coder.code_all(detente.documents("news/*.jsonl")))
detente.relation(store, "CHN", "USA", by="month").pandas()
"""

from __future__ import annotations

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from detente.code.coder import Coder
    from detente.errors import DetenteError
    from detente.measure.series import relation
    from detente.read.documents import InputWarning, document, documents
    from detente.records import CodedDocument, Document, Options
    from detente.show.export import export
    from detente.store.store import Store

__all__ = [
    "CodedDocument",
    "Coder",
    "DetenteError",
    "Document",
    "InputWarning",
    "Options",
    "Store",
    "__version__",
    "document",
    "documents",
    "export",
    "relation",
]

__version__ = metadata.version("detente")

_HOMES: Final = {
    "CodedDocument": "records",
    "Coder": "code.coder",
    "DetenteError": "errors",
    "Document": "records",
    "InputWarning": "read.documents",
    "Options": "records",
    "Store": "store.store",
    "document": "read.documents",
    "documents": "read.documents",
    "export": "show.export",
    "relation": "measure.series",
}


def __getattr__(name: str) -> Any:
    # Loaded when first asked for: the command line answers --help without onnxruntime or DuckDB.
    if name not in _HOMES:
        raise AttributeError(f"module 'detente' has no attribute {name!r}")
    return getattr(import_module(f"detente.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
