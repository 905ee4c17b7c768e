"""Bytes → documents."""
