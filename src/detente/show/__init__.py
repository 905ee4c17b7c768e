"""Coded documents and series → terminal, files, page."""
