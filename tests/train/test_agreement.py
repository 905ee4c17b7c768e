"""Agreement figures on cases whose answers are known."""

from __future__ import annotations

import pytest

from train.agreement import alpha


def test_alpha_of_krippendorffs_own_example() -> None:
    # Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section A: ten units, two coders, alpha 0.095.
    one = "0100000000"
    two = "1110010010"
    assert alpha(list(zip(one, two, strict=True))) == pytest.approx(0.095, abs=0.001)


def test_alpha_is_one_where_all_agree() -> None:
    assert alpha([("a", "a"), ("b", "b")]) == 1.0
    assert alpha([("a", "a")]) == 1.0
