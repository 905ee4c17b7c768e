"""Benchmarks: ratios in one run."""
