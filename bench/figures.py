"""A line of the table: what was measured, what we hold ourselves to, and whether it holds."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple


class Figure(NamedTuple):
    name: str
    measured: str
    target: str = ""
    verdict: str = ""


def at_most(name: str, value: float, limit: float, unit: str = "") -> Figure:
    return Figure(name, f"{value:.3g} {unit}".strip(), f"≤ {limit:g} {unit}".strip(), verdict(value <= limit))


def at_least(name: str, value: float, limit: float, unit: str = "") -> Figure:
    return Figure(name, f"{value:.3g} {unit}".strip(), f"≥ {limit:g} {unit}".strip(), verdict(value >= limit))


def verdict(holds: bool) -> str:
    return "holds" if holds else "MISSED"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of all lie: 0.5 is the median, 0.99 all but the worst hundredth."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median_ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """The median of first : second, of measurements that were taken one right after the other."""
    return median(first / second for first, second in pairs)
