"""What the resolver knows of the world: countries, offices, organisations, office-holders, places."""

from detente.gazetteer.tables import Country, Entry, Gazetteer, LearnedRole, Office, Place, Term

__all__ = ["Country", "Entry", "Gazetteer", "LearnedRole", "Office", "Place", "Term"]
