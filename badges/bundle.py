"""Single print files in one archive, with lists of what was checked, for makers who want no sheets."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from badges import files, manifest
from badges.artwork import BadgeText
from badges.check import Report
from badges.errors import BadgeError
from badges.manifest import Entry

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Piece:
    """One badge of the archive: its files, and what proves that they were read back."""

    number: str
    pdf: bytes
    png: bytes
    decoder: str
    modules: int
    differing: int


@dataclass(frozen=True)
class Bundle:
    """zip: a PDF and a PNG for each badge, named by its number, and the lists. reports: in the order given."""

    zip: bytes
    reports: tuple[Report, ...]


def bundle(
    texts: Sequence[BadgeText],
    *,
    form: str = "badge",
    artwork: str = "ring",
    theme: str = "navy",
    progress: Callable[[int, int], None] | None = None,
) -> Bundle:
    """Draw and check every badge by itself; progress hears (badges done, badges).

    The same badges give the same bytes. Raises a BadgeError as files.make does, and for an empty list or
    a number given twice.
    """
    refuse([text.number for text in texts])
    reports: list[Report] = []

    def pieces() -> Iterator[Piece]:
        for done, text in enumerate(texts, start=1):
            made = files.make(text, form=form, artwork=artwork, theme=theme)
            reports.append(made.report)
            yield piece(text.number, made)
            if progress:
                progress(done, len(texts))

    out = BytesIO()
    write(out, pieces(), (form, artwork, theme))
    return Bundle(out.getvalue(), tuple(reports))


def piece(number: str, made: files.BadgeFiles) -> Piece:
    report = made.report
    return Piece(number, made.pdf, made.png, report.decoder, report.modules, report.differing)


def write(out: IO[bytes], pieces: Iterable[Piece], design: tuple[str, str, str]) -> None:
    """Write the archive badge by badge, so that memory holds one of them; `design` is form, artwork and theme."""
    listing: list[dict[str, object]] = []
    entries: list[Entry] = []
    with ZipFile(out, "w") as archive:
        for one in pieces:
            for name, data in _named(one):
                archive.writestr(_info(name, ZIP_STORED), data)
                entries.append(Entry(one.number, design[0], name, sha256(data).hexdigest()))
                listing.append(_listed(entries[-1], one))
        for name, content in _lists(design, listing, entries):
            archive.writestr(_info(name, ZIP_DEFLATED), content)


def refuse(numbers: Sequence[str]) -> None:
    """Raises BadgeError for an empty list or a number given twice."""
    if not numbers:
        raise BadgeError("There is nothing to print. Choose at least one badge.")
    number, times = Counter(map(_safe, numbers)).most_common(1)[0]
    if times > 1:
        raise BadgeError(
            f"The badge number {number} is there {times} times. Give every badge its own number."
        )


def _lists(
    design: tuple[str, str, str], listing: list[dict[str, object]], entries: list[Entry]
) -> Iterator[tuple[str, bytes]]:
    """For programs, for spreadsheets, and for anything else."""
    about = {"design": design, "files": listing}
    yield MANIFEST, json.dumps(about, ensure_ascii=False, indent=1).encode()
    yield "manifest.xlsx", manifest.as_xlsx(entries)
    yield "manifest.csv", manifest.as_csv(entries)


def _named(one: Piece) -> Iterator[tuple[str, bytes]]:
    yield f"{_safe(one.number)}.pdf", one.pdf
    yield f"{_safe(one.number)}.png", one.png


def _safe(number: str) -> str:
    return re.sub(r"[^0-9A-Za-z-]", "_", number)


def _listed(entry: Entry, one: Piece) -> dict[str, object]:
    """What a maker may know: no address, since whoever has the list would have every token."""
    return {
        "file": entry.file,
        "number": entry.number,
        "sha256": entry.sha256,
        "checked_with": one.decoder,
        "modules_compared": one.modules,
        "modules_differing": one.differing,
    }


def _info(name: str, method: int) -> ZipInfo:
    """Without a time of day, so that the same badges are the same file."""
    info = ZipInfo(name)
    info.compress_type = method
    return info
