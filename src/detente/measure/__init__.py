"""The state of a relation: series, level, changes, with the reports behind every number."""

from detente.measure.series import Point, Relation, relation

__all__ = ["Point", "Relation", "relation"]
