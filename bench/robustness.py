"""How often our badge is read on a bad day, against the codes it could carry instead; the pictures are synthetic."""

import multiprocessing
import sys
from collections import Counter
from collections.abc import Callable
from functools import lru_cache, partial
from os import cpu_count
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from bench import optics, readers, rivals
from bench.figures import Figure, at_least, at_most
from bench.optics import CELLS
from bench.rivals import RIVALS

SEEDS, FULL_SEEDS, TOKENS = 8, 40, 10
NEAR = ("distance", "defocus", "motion")  # what nobody can mend but by a coarser code
OURS, LONG, FINER = "4-Q", "4-M", "5-Q"
OTHERS = [rival.name for rival in RIVALS if rival.name != OURS]


class Outcome(NamedTuple):
    """One picture before one decoder; the cell by its place in CELLS."""

    cell: int
    rival: str
    reader: str
    read: bool
    wrong: bool


class Rates:
    """Percent read of a rival in a cell, in a group of cells, or over all groups alike."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        self._shown = Counter((o.cell, o.rival) for o in outcomes)
        self._read = Counter((o.cell, o.rival) for o in outcomes if o.read)

    def cell(self, number: int, rival: str) -> float:
        return 100 * self._read[number, rival] / self._shown[number, rival]

    def group(self, group: str, rival: str) -> float:
        cells = [self.cell(n, rival) for n, cell in enumerate(CELLS) if cell.group == group]
        return sum(cells) / len(cells)

    def overall(self, rival: str) -> float:
        return sum(self.group(group, rival) for group in GROUPS) / len(GROUPS)


GROUPS = tuple(dict.fromkeys(cell.group for cell in CELLS))


def run(*, full: bool = False) -> list[Figure]:
    """The table: what was read, in percent of pictures and decoders, and whether ours is nowhere behind."""
    for line in readers.missing():
        print(line, flush=True)
    outcomes = measured(FULL_SEEDS if full else SEEDS)
    rates = Rates(outcomes)
    pictures = len(outcomes) // len(readers.found())
    heading = [Figure(f"read, % of {pictures} pictures by {', '.join(readers.found())}", _columns(None))]
    heading += [Figure(f"  {rival.name}: {rival.about}", "") for rival in RIVALS]
    groups = [Figure(group, _columns([rates.group(group, r.name) for r in RIVALS])) for group in GROUPS]
    overall = [Figure("all groups", _columns([rates.overall(r.name) for r in RIVALS]))]
    return [*heading, *groups, *overall, *_by_reader(outcomes), *verdicts(rates, outcomes, full=full)]


def _columns(values: list[float] | None) -> str:
    texts = [rival.name for rival in RIVALS] if values is None else [f"{value:.0f}" for value in values]
    return "".join(f"{text:>6}" for text in texts)


def _by_reader(outcomes: list[Outcome]) -> list[Figure]:
    rates = {name: Rates([o for o in outcomes if o.reader == name]) for name in readers.found()}
    return [Figure(f"  {name}", _columns([r.overall(x.name) for x in RIVALS])) for name, r in rates.items()]


def verdicts(rates: Rates, outcomes: list[Outcome], *, full: bool) -> list[Figure]:
    """Ours less the best of the others, in percentage points: overall, and where distance or blur is the trouble."""
    rows = [_lead("all groups", rates.overall)]
    rows += [_lead(group, partial(rates.group, group)) for group in NEAR]
    if full:  # eight pictures before four decoders cannot tell two points apart
        near = [(n, cell) for n, cell in enumerate(CELLS) if cell.group in NEAR]
        rows += [_lead(f"{cell.group} {cell.name}", partial(rates.cell, n)) for n, cell in near]
    rule = rates.overall(LONG) - rates.overall(FINER)
    rows.append(at_least("host of 20 characters: 4-M less 5-Q, all groups", rule, 0, "points"))
    rows.append(at_most("decoded to a wrong text", sum(o.wrong for o in outcomes), 0))
    return rows


def _lead(where: str, rate: Callable[[str], float]) -> Figure:
    ahead = rate(OURS) - max(rate(name) for name in OTHERS)
    return at_least(f"ours less the best other, {where}", ahead, 0, "points")


def measured(seeds: int) -> list[Outcome]:
    """Every rival in every cell before every decoder, that many times, on all cores."""
    works = [(cell, seed) for cell in range(len(CELLS)) for seed in range(seeds)]
    with multiprocessing.get_context("spawn").Pool(cpu_count()) as pool:
        parts = pool.imap_unordered(_suffer, works, chunksize=4)
        return [outcome for part in parts for outcome in part]


def _suffer(work: tuple[int, int]) -> list[Outcome]:
    number, seed = work
    outcomes = []
    for place, rival in enumerate(RIVALS):
        url, badge = _badge(place, seed % TOKENS)
        picture = optics.photograph(badge, CELLS[number], seed)
        for name, read in _readers().items():
            texts = read(picture)
            outcomes.append(Outcome(number, rival.name, name, url in texts, bool(texts - {url})))
    return outcomes


@lru_cache(maxsize=len(RIVALS) * TOKENS)
def _badge(place: int, seed: int) -> tuple[str, Image.Image]:
    return rivals.picture(RIVALS[place], seed)


@lru_cache(maxsize=1)
def _readers() -> dict[str, readers.Reader]:
    return readers.found()


def main() -> None:
    """`python -m bench.robustness FOLDER` writes a picture of our badge under every cell there, to be looked at."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    _, badge = _badge(0, 0)
    for cell in CELLS:
        name = f"{cell.group} {cell.name}".replace(" ", "-").replace("%", "")
        Image.fromarray(optics.photograph(badge, cell, 0)).save(folder / f"{name}.png")


if __name__ == "__main__":
    main()
