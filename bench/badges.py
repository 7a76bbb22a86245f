"""1,000 checked badges in a print-ready PDF, against qrcode and Pillow sheets without any check."""

import time
from pathlib import Path

from badges import files, typeface
from bench import city, drawn
from bench.apart import measured
from bench.figures import Figure, at_most

COUNT, FULL = 1_000, 10_000


def single() -> float:
    """CPU milliseconds of one checked badge with PDF, PNG and SVG, once the fonts are warm."""
    badge, *others = drawn.texts(11)
    files.make(badge)
    start = time.process_time()
    for other in others:
        files.make(other)
    return (time.process_time() - start) * 100


def run(full: bool = False) -> list[Figure]:
    """The ratio compares two works of this very run. `full` adds a batch of 10,000, which takes two minutes."""
    ours, theirs = measured(drawn.checked_vector, COUNT), measured(drawn.unchecked_raster, COUNT)
    rows = [
        at_most("1,000 checked badges, front and back, A4, wall", ours.wall_s, 10, "s"),
        Figure("the same, CPU", f"{ours.cpu_s:.1f} s"),
        Figure("qrcode + Pillow, 300 dpi, fronts only, no check, wall", f"{theirs.wall_s:.1f} s"),
        at_most("time, ours : theirs", ours.wall_s / theirs.wall_s, 1),
        at_most("PDF size", ours.size / 1e6, 1, "MB"),
        at_most("PDF size, ours : theirs", ours.size / theirs.size, 1),
        at_most("peak memory", ours.peak_mb, 100, "MB"),
        at_most("peak memory, ours : theirs", ours.peak_mb / theirs.peak_mb, 1),
        Figure("one checked badge as PDF, PNG and SVG", f"{single():.0f} ms CPU"),
        Figure("shipped font", f"{Path(typeface.SHIPPED).stat().st_size / 1e6:.2f} MB"),
    ]
    return [*rows, *_city()] if full else rows


def _city() -> list[Figure]:
    batch = measured(city.batch_of_a_city, FULL)
    return [
        at_most(f"{FULL:,} badges in one batch, peak memory of its process", batch.peak_mb, 200, "MB"),
        Figure("the same, wall", f"{batch.wall_s:.0f} s"),
    ]
