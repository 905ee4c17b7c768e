"""The record kept: a Delta table in, DuckDB out; stories and happenings."""

from detente.store.frame import Frame
from detente.store.store import Added, Store

__all__ = ["Added", "Frame", "Store"]
