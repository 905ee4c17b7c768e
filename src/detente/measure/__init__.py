"""The state of a relation: series, level, changes, with the reports behind every number."""

from detente.measure.series import Filters, Point, Relation, relation

__all__ = ["Filters", "Point", "Relation", "relation"]
