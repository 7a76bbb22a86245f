"""Where to look in a rendered page: the middle of every module, and the white around the code."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import floor, hypot
from operator import itemgetter

from badges.render import Grey

SEEN = 5
"""Modules around the code that are looked at; more white than that is reported as this many."""
_INK = bytes(value < 160 for value in range(256))


@dataclass(frozen=True)
class Sample:
    """centres: grey of every module, row by row. White around the code in modules: beside its sides, anywhere."""

    centres: bytes
    black: bytes
    quiet_flat: float
    quiet_corner: float


@dataclass(frozen=True)
class _Band:
    """Pixels around a code from near to far, and their distances in modules."""

    pick: Callable[[bytes], tuple[int, ...]]
    far: tuple[float, ...]

    def white(self, pixels: bytes) -> float:
        """Distance of the nearest ink."""
        nearest = bytes(self.pick(pixels)).translate(_INK).find(1)
        return float(SEEN) if nearest < 0 else self.far[nearest]


@dataclass(frozen=True)
class _Grid:
    margin: int
    span: int
    centres: Callable[[bytes], tuple[int, ...]]
    flat: _Band
    around: _Band


def sample(grey: Grey, left: float, top: float, module: float, size: int) -> Sample:
    """Look at a code whose left upper corner and module are given in pixels of this picture."""
    x, y = floor(left), floor(top)
    grid = _grid(size, round(module, 6), round(left - x, 6), round(top - y, 6))
    pixels = grey.crop(x - grid.margin, y - grid.margin, grid.span, grid.span).pixels
    centres = bytes(grid.centres(pixels))
    return Sample(centres, centres.translate(_INK), grid.flat.white(pixels), grid.around.white(pixels))


@lru_cache(maxsize=32)
def _grid(size: int, module: float, phase_x: float, phase_y: float) -> _Grid:
    side = size * module
    margin = floor(SEEN * module)
    span = floor(side + max(phase_x, phase_y)) + 2 * margin + 1
    columns = _centres(size, module, phase_x, margin)
    rows = _centres(size, module, phase_y, margin)
    far_x = [_outside(i - margin - phase_x, side) for i in range(span)]
    far_y = [_outside(i - margin - phase_y, side) for i in range(span)]
    return _Grid(
        margin,
        span,
        itemgetter(*(row * span + column for row in rows for column in columns)),
        _band({j * span + i: _flat(far_x[i], far_y[j]) for j in range(span) for i in range(span)}, module),
        _band({j * span + i: _far(far_x[i], far_y[j]) for j in range(span) for i in range(span)}, module),
    )


def _centres(size: int, module: float, phase: float, margin: int) -> list[int]:
    return [floor(margin + phase + (number + 0.5) * module) for number in range(size)]


def _outside(start: float, side: float) -> tuple[float, float]:
    """Of a pixel from start to start + 1: how far it lies outside 0..side, and its middle as a part of side."""
    return max(-start - 1, start - side, 0.0), (start + 0.5) / side


def _far(x: tuple[float, float], y: tuple[float, float]) -> float:
    return hypot(x[0], y[0])


def _flat(x: tuple[float, float], y: tuple[float, float]) -> float:
    """Distance straight away from a side, 0 outside its middle 60 %: nearer the corners the artwork may come closer."""
    along = y[1] if x[0] else x[1]
    return x[0] + y[0] if not (x[0] and y[0]) and 0.2 < along < 0.8 else 0.0


def _band(distances: dict[int, float], module: float) -> _Band:
    # A pixel that touches the code is mixed of both, so the band starts behind it.
    outside = sorted((far, at) for at, far in distances.items() if far > 0)
    return _Band(itemgetter(*(at for _, at in outside)), tuple(far / module for far, _ in outside))
